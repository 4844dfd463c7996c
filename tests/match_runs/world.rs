//! A provider of match servers in memory: servers that bill by the minute, matches that are played by the clock, answers that
//! get lost. It keeps its own exact bill, and notes whatever must never happen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quarterdeck::engine::matches::provider::{Asked, MatchProvider};
use quarterdeck::model::game_server::{
    GameServer, GameServerAccount, GameServerPorts, GameServerPrice, GameServerState,
};
use quarterdeck::model::ids::{AccountId, ServerKey};
use quarterdeck::model::matches::{
    CancelReason, MatchEvent, MatchEventKind as E, MatchReading, MatchRequest, PlayerReading, RosterPlayer,
    Score, Side,
};
use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::providers::dathost::{NewMatch, ServerSettings};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
/// Millionths of a credit per minute of a server that is on.
pub const PER_MINUTE: u64 = 4_000;
/// From the match's creation until players can join.
const BOOT: i64 = 20 * SECOND;
/// From then until everybody is there.
const JOINING: i64 = 15 * SECOND;

/// How a match goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Played to this score, a round every so many seconds.
    Played { score: Score, round_s: i64 },
    /// Its server never comes up.
    NoBoot,
    /// Nobody joins.
    NobodyJoins,
    /// The game crashes after so many rounds, without a word; the provider calls the match off after six hours.
    Crashes { rounds: u32 },
}

/// What strikes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// Refused, nothing happened.
    Refused,
    /// Too many requests.
    Limited,
    /// It takes effect, the answer is lost.
    Lost,
    /// It never arrives.
    Unreachable,
}

struct Server {
    name: String,
    user_data: String,
    location: String,
    is_protected: bool,
    autostop_minutes: Option<u32>,
    source: Option<String>,
    password: Option<SecretString>,
    created_at: Timestamp,
    on_since: Option<Timestamp>,
    /// Millionths on the bill.
    billed: u64,
    match_id: Option<String>,
    error: String,
}

struct Match {
    server: String,
    request: MatchRequest,
    created_at: Timestamp,
    fate: Fate,
    canceled: Option<(CancelReason, Timestamp)>,
    secret: Option<SecretString>,
}

#[derive(Default)]
struct State {
    servers: BTreeMap<String, Server>,
    matches: BTreeMap<String, Match>,
    made: u64,
    /// What gone servers cost.
    closed: BTreeMap<String, u64>,
    /// Marks of servers that were on at the same time as another of the same mark: never.
    paid_twice: Vec<String>,
    deleted_while_on: usize,
    targeted: VecDeque<(&'static str, Strike)>,
    luck: Option<(u64, f64)>,
    /// Deletes fail until then.
    deletes_fail_until: Option<Timestamp>,
    is_down: bool,
    fates: VecDeque<Fate>,
    calls: BTreeMap<&'static str, usize>,
    gone_at: BTreeMap<String, Timestamp>,
}

/// The provider; cheap to clone.
#[derive(Clone)]
pub struct World {
    account: AccountId,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

fn problem(kind: ProblemKind, retry: Retry, effect: Effect, message: &str) -> Problem {
    Problem {
        kind,
        fault: Fault::Provider,
        retry,
        effect,
        message: message.to_owned(),
        advice: String::new(),
    }
}

fn not_found(what: &str) -> Problem {
    problem(ProblemKind::NotFound, Retry::Never, Effect::None, what)
}

impl Strike {
    fn problem(self) -> Problem {
        use {Effect as X, ProblemKind as K};
        match self {
            Self::Refused => problem(K::ServerError, Retry::Backoff, X::None, "internal error (500)"),
            Self::Limited => problem(K::RateLimited, Retry::AfterMs(5), X::None, "too many requests (429)"),
            Self::Lost => problem(K::Timeout, Retry::Backoff, X::Possible, "no answer in time"),
            Self::Unreachable => problem(K::Unreachable, Retry::Backoff, X::None, "connection refused"),
        }
    }
}

impl World {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { account: "dat".into(), clock, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the next match goes; the last word counts for all after it.
    pub fn next_fate(&self, fate: Fate) {
        self.state().fates.push_back(fate);
    }

    /// Strikes the next call of this name.
    pub fn strike(&self, call: &'static str, strike: Strike) {
        self.state().targeted.push_back((call, strike));
    }

    /// Strikes any call, each kind with this share.
    pub fn strike_at_random(&self, seed: u64, share: f64) {
        self.state().luck = Some((seed, share));
    }

    pub fn fail_deletes_until(&self, until: Timestamp) {
        self.state().deletes_fail_until = Some(until);
    }

    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    pub fn add_template(&self, name: &str, is_protected: bool) -> String {
        let mut state = self.state();
        let id = state.next_id();
        let server = Server { name: name.to_owned(), is_protected, ..Server::new(self.clock.now()) };
        state.servers.insert(id.clone(), server);
        id
    }

    /// Servers that exist, without templates.
    pub fn rented(&self) -> Vec<String> {
        let state = self.state();
        let is_rented =
            |(_, server): &(&String, &Server)| server.source.is_some() || server.user_data.contains("match");
        state.servers.iter().filter(is_rented).map(|(id, _)| id.clone()).collect()
    }

    /// Switches a server on as somebody would on the provider's page.
    pub fn switch_on(&self, id: &str) {
        let now = self.clock.now();
        if let Some(server) = self.state().servers.get_mut(id) {
            server.on_since.get_or_insert(now);
        }
    }

    pub fn is_on(&self, id: &str) -> bool {
        self.state().servers.get(id).is_some_and(|server| server.on_since.is_some())
    }

    pub fn calls(&self, name: &str) -> usize {
        self.state().calls.get(name).copied().unwrap_or(0)
    }

    pub fn servers_made(&self) -> usize {
        self.calls("create") + self.calls("duplicate")
    }

    pub fn paid_twice(&self) -> Vec<String> {
        self.state().paid_twice.clone()
    }

    /// When a server was gone.
    pub fn gone_at(&self, id: &str) -> Option<Timestamp> {
        self.state().gone_at.get(id).copied()
    }

    /// When the match of a server ended.
    pub fn match_ended_at(&self, id: &str) -> Option<Timestamp> {
        let state = self.state();
        let (_, one) = state.matches.iter().find(|(_, one)| one.server == id)?;
        let Fate::Played { score, round_s } = one.fate else { return None };
        Some(one.ends_at(score, round_s))
    }

    /// The whole bill.
    pub fn bill(&self) -> Decimal {
        let now = self.clock.now();
        let state = self.state();
        let open: u64 = state.servers.values().map(|server| server.billed + server.open(now)).sum();
        credits(open + state.closed.values().sum::<u64>())
    }

    pub fn secrets(&self) -> Vec<String> {
        let state = self.state();
        let joins = state.servers.values().filter_map(|server| server.password.clone());
        let hooks = state.matches.values().filter_map(|one| one.secret.clone());
        joins.chain(hooks).map(|secret| secret.expose_secret().to_owned()).collect()
    }

    /// One call: what strikes it is decided here, before and after it takes effect.
    fn call<T>(
        &self,
        name: &'static str,
        is_change: bool,
        work: impl FnOnce(&mut State, Timestamp) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let now = self.clock.now();
        let mut state = self.state();
        let strike = state.choose(name, is_change);
        if let Some(strike) = strike.filter(|strike| *strike != Strike::Lost) {
            return Err(strike.problem());
        }
        state.advance(now);
        *state.calls.entry(name).or_default() += 1;
        let outcome = work(&mut state, now);
        match strike {
            Some(lost) => Err(lost.problem()),
            None => outcome,
        }
    }
}

fn credits(micro: u64) -> Decimal {
    Decimal::from_i128_with_scale(i128::from(micro), 6)
}

impl Server {
    fn new(created_at: Timestamp) -> Self {
        Self {
            name: String::new(),
            user_data: String::new(),
            location: "stockholm".to_owned(),
            is_protected: false,
            autostop_minutes: None,
            source: None,
            password: None,
            created_at,
            on_since: None,
            billed: 0,
            match_id: None,
            error: String::new(),
        }
    }

    fn open(&self, now: Timestamp) -> u64 {
        self.on_since.map_or(0, |since| now.millis_since(since) / 60_000 * PER_MINUTE)
    }

    fn switch_off(&mut self, now: Timestamp) {
        self.billed += self.open(now);
        self.on_since = None;
        self.match_id = None;
    }

    fn take(&mut self, settings: &ServerSettings) {
        if let Some(name) = &settings.name {
            self.name.clone_from(name);
        }
        if let Some(location) = &settings.location {
            self.location.clone_from(location);
        }
        if let Some(user_data) = &settings.user_data {
            self.user_data.clone_from(user_data);
        }
        self.autostop_minutes = settings.autostop_minutes.or(self.autostop_minutes);
        self.is_protected = settings.is_protected.unwrap_or(self.is_protected);
        self.password = settings.cs2.password.clone().or(self.password.take());
    }

    fn view(&self, id: &str, account: &AccountId, is_booting: bool, now: Timestamp) -> GameServer {
        let state = match self.on_since {
            None => GameServerState::Off,
            Some(_) if is_booting => GameServerState::Booting,
            Some(_) => GameServerState::On,
        };
        GameServer {
            key: ServerKey { account: account.clone(), id: id.to_owned() },
            name: self.name.clone(),
            user_data: self.user_data.clone(),
            game: "cs2".to_owned(),
            location: self.location.clone(),
            state,
            match_id: self.match_id.clone(),
            error: self.error.clone(),
            players_online: None,
            host: None,
            ip: Some("203.0.113.7".to_owned()),
            ports: GameServerPorts { game: Some(27_015), gotv: None },
            price: GameServerPrice {
                per_hour: Some(credits(PER_MINUTE * 60)),
                used_in_month: Some(credits(self.billed + self.open(now))),
                ..GameServerPrice::default()
            },
            autostop_minutes: self.autostop_minutes,
            is_protected: self.is_protected,
            duplicated_from: self.source.clone(),
            created_at: Some(self.created_at),
            observed_at: now,
        }
    }
}

impl Match {
    fn ready_at(&self) -> Option<i64> {
        (self.fate != Fate::NoBoot).then_some(self.created_at.0 + BOOT)
    }

    fn started_at(&self) -> Option<i64> {
        let joined = self.ready_at()? + JOINING;
        (self.fate != Fate::NobodyJoins).then_some(joined + i64::from(self.request.countdown_s) * SECOND)
    }

    fn ends_at(&self, score: Score, round_s: i64) -> Timestamp {
        let played = i64::from(score.team1 + score.team2);
        Timestamp(self.started_at().unwrap_or_default() + played * round_s * SECOND)
    }

    /// When and why the provider calls it off by itself.
    fn called_off(&self) -> Option<(CancelReason, Timestamp)> {
        match self.fate {
            Fate::NobodyJoins => {
                let missing = self.request.players().map(|(_, player)| player.steam_id).collect();
                let at = self.ready_at()? + i64::from(self.request.connect_time_s) * SECOND;
                Some((CancelReason::MissingPlayers(missing), Timestamp(at)))
            }
            Fate::Crashes { .. } => {
                Some((CancelReason::TimedOut, Timestamp(self.created_at.0 + 6 * 60 * MINUTE)))
            }
            Fate::Played { .. } | Fate::NoBoot => None,
        }
    }

    fn cancel_at(&self, now: Timestamp) -> Option<(CancelReason, Timestamp)> {
        let own = self.called_off().filter(|(_, at)| *at <= now);
        self.canceled.clone().or(own)
    }

    /// Every event until now.
    fn events(&self, now: Timestamp) -> Vec<MatchEvent> {
        let mut events = vec![(E::BootingServer, self.created_at.0)];
        if let Some(ready) = self.ready_at() {
            events.extend([(E::LoadingMap, ready - SECOND), (E::ServerReady, ready)]);
        }
        if let Some(started) = self.started_at() {
            let players =
                self.request.players().map(|(_, player)| (E::PlayerConnected(player.steam_id), started - 2));
            events.extend(players);
            events.extend([(E::AllPlayersConnected, started - 1), (E::MatchStarted, started)]);
            let (score, round_s, is_ended) = match self.fate {
                Fate::Played { score, round_s } => (score, round_s, true),
                Fate::Crashes { rounds } => (Score { team1: rounds, team2: 0 }, 30, false),
                Fate::NoBoot | Fate::NobodyJoins => (Score::default(), 1, false),
            };
            events.extend(rounds(score).enumerate().map(|(at, score)| {
                (E::RoundEnd(score), started + (i64::try_from(at).unwrap_or(0) + 1) * round_s * SECOND)
            }));
            if is_ended {
                let end = self.ends_at(score, round_s).0;
                events.extend([
                    (E::MatchEnded, end),
                    (E::PlayersExited, end + 20 * SECOND),
                    (E::GotvStopped, end + 20 * SECOND),
                ]);
            }
        }
        let until = self.cancel_at(now).map_or(now, |(_, at)| at.min(now));
        events.retain(|(_, at)| *at <= until.0);
        events.into_iter().map(|(kind, at)| MatchEvent { kind, at: Timestamp(at) }).collect()
    }

    fn reading(&self, id: &str, now: Timestamp) -> MatchReading {
        let events = self.events(now);
        let score = events.iter().rev().find_map(|event| match event.kind {
            E::RoundEnd(score) => Some(score),
            _ => None,
        });
        let is_there = events.iter().any(|event| event.kind == E::AllPlayersConnected);
        let player = |(side, player): (Side, &RosterPlayer)| PlayerReading {
            steam_id: player.steam_id,
            name: player.name.clone(),
            side: Some(side),
            is_connected: is_there,
            was_connected: is_there,
            is_kicked: false,
            kills: 0,
            deaths: 0,
            assists: 0,
        };
        let cancel_reason = self.cancel_at(now).map(|(reason, _)| reason);
        MatchReading {
            id: id.to_owned(),
            server: self.server.clone(),
            is_finished: cancel_reason.is_some() || events.iter().any(|event| event.kind == E::MatchEnded),
            cancel_reason,
            score: score.unwrap_or_default(),
            rounds_played: score.map_or(0, |score| score.team1 + score.team2),
            players: self.request.players().map(player).collect(),
            events,
            observed_at: now,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.reading("", now).is_finished
    }
}

/// The score after each round on the way to this one: the first team wins its rounds first.
fn rounds(score: Score) -> impl Iterator<Item = Score> {
    (1..=score.team1 + score.team2).map(move |round| {
        let team1 = round.min(score.team1);
        Score { team1, team2: round - team1 }
    })
}

impl State {
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:024x}", self.made)
    }

    fn choose(&mut self, name: &'static str, is_change: bool) -> Option<Strike> {
        if self.is_down {
            return Some(Strike::Unreachable);
        }
        if let Some(at) = self.targeted.iter().position(|(call, _)| *call == name) {
            return self.targeted.remove(at).map(|(_, strike)| strike);
        }
        let (seed, share) = self.luck.as_mut()?;
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = f64::from(u32::try_from(*seed >> 33).unwrap_or(0)) / f64::from(u32::MAX >> 1);
        let kinds = [Strike::Refused, Strike::Limited, Strike::Unreachable, Strike::Lost];
        let struck = kinds.into_iter().enumerate().find(|(at, _)| roll < (*at as f64 + 1.0) * *share);
        // A read that is lost is a read that failed.
        struck
            .map(|(_, strike)| if is_change || strike != Strike::Lost { strike } else { Strike::Unreachable })
    }

    /// Matches that ended leave their server on; autostop is the second net.
    fn advance(&mut self, now: Timestamp) {
        for server in self.servers.values_mut() {
            let is_over = server
                .match_id
                .as_ref()
                .and_then(|id| self.matches.get(id))
                .is_some_and(|one| one.is_over(now));
            if is_over {
                server.match_id = None;
            }
        }
        let crashed = |one: &Match| matches!(one.fate, Fate::Crashes { rounds } if one.started_at().is_some_and(|at| now.0 > at + i64::from(rounds + 1) * 30 * SECOND));
        for one in self.matches.values().filter(|one| crashed(one)) {
            if let Some(server) = self.servers.get_mut(&one.server) {
                "the game has crashed".clone_into(&mut server.error);
            }
        }
    }

    fn server(&mut self, id: &str) -> Result<&mut Server, Problem> {
        self.servers.get_mut(id).ok_or_else(|| not_found("no such server (404)"))
    }

    fn view(&self, id: &str, account: &AccountId, now: Timestamp) -> Result<GameServer, Problem> {
        let server = self.servers.get(id).ok_or_else(|| not_found("no such server (404)"))?;
        let boots = |one: &Match| one.ready_at().is_none_or(|ready| now.0 < ready);
        let is_booting = server.match_id.as_ref().and_then(|id| self.matches.get(id)).is_some_and(boots);
        Ok(server.view(id, account, is_booting, now))
    }

    /// Two servers of one match that are both paid for.
    fn note_paid_twice(&mut self, id: &str) {
        let mark = self.servers[id].user_data.clone();
        let others = self.servers.iter().filter(|(other, server)| {
            other.as_str() != id && server.user_data == mark && server.on_since.is_some()
        });
        if others.count() > 0 {
            self.paid_twice.push(mark);
        }
    }
}

fn ready<'a, T: Send + 'a>(outcome: Result<T, Problem>) -> Asked<'a, T> {
    Box::pin(async move {
        // As over a network: others go on meanwhile.
        tokio::task::yield_now().await;
        outcome
    })
}

impl MatchProvider for World {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn balance(&self) -> Asked<'_, GameServerAccount> {
        let account = self.account.clone();
        ready(self.call("balance", false, |_, now| {
            Ok(GameServerAccount {
                account,
                email: "ops@example.net".to_owned(),
                credits: Decimal::from(50),
                lasts_s: None,
                pays_subscriptions: true,
                observed_at: now,
            })
        }))
    }

    fn servers(&self) -> Asked<'_, Vec<GameServer>> {
        ready(self.call("servers", false, |state, now| {
            state.servers.keys().map(|id| state.view(id, &self.account, now)).collect()
        }))
    }

    fn server<'a>(&'a self, id: &'a str) -> Asked<'a, GameServer> {
        ready(self.call("server", false, |state, now| state.view(id, &self.account, now)))
    }

    fn create<'a>(&'a self, settings: &'a ServerSettings) -> Asked<'a, GameServer> {
        ready(self.call("create", true, |state, now| {
            let id = state.next_id();
            let mut server = Server::new(now);
            server.take(settings);
            state.servers.insert(id.clone(), server);
            state.view(&id, &self.account, now)
        }))
    }

    fn duplicate<'a>(&'a self, template: &'a str, location: Option<&'a str>) -> Asked<'a, GameServer> {
        ready(self.call("duplicate", true, |state, now| {
            let source = state.server(template)?;
            let mut copy =
                Server { name: source.name.clone(), is_protected: source.is_protected, ..Server::new(now) };
            copy.source = Some(template.to_owned());
            if let Some(location) = location {
                location.clone_into(&mut copy.location);
            }
            let id = state.next_id();
            state.servers.insert(id.clone(), copy);
            state.view(&id, &self.account, now)
        }))
    }

    fn update<'a>(&'a self, id: &'a str, settings: &'a ServerSettings) -> Asked<'a, ()> {
        ready(self.call("update", true, |state, _| {
            state.server(id)?.take(settings);
            Ok(())
        }))
    }

    fn stop<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        ready(self.call("stop", true, |state, now| {
            state.server(id)?.switch_off(now);
            Ok(())
        }))
    }

    fn delete<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        ready(self.call("delete", true, |state, now| {
            if state.deletes_fail_until.is_some_and(|until| now < until) {
                return Err(Strike::Refused.problem());
            }
            if state.server(id).is_ok_and(|server| server.is_protected) {
                return Err(problem(
                    ProblemKind::Conflict,
                    Retry::Backoff,
                    Effect::None,
                    "it is protected (400)",
                ));
            }
            let Some(mut server) = state.servers.remove(id) else { return Ok(()) };
            state.deleted_while_on += usize::from(server.on_since.is_some());
            server.switch_off(now);
            state.closed.insert(id.to_owned(), server.billed);
            state.gone_at.insert(id.to_owned(), now);
            Ok(())
        }))
    }

    fn join_password<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>> {
        ready(self.call("join_password", false, |state, _| Ok(state.server(id)?.password.clone())))
    }

    fn create_match<'a>(&'a self, new: NewMatch<'a>) -> Asked<'a, MatchReading> {
        ready(self.call("create_match", true, |state, now| {
            let before = state.server(new.server)?.match_id.clone();
            if let Some(one) = before.and_then(|id| state.matches.get_mut(&id)) {
                one.canceled = Some((CancelReason::NewMatchStarted, now));
            }
            let id = format!("m{}", state.next_id());
            let fate =
                if state.fates.len() > 1 { state.fates.pop_front() } else { state.fates.front().copied() };
            let played = Fate::Played { score: Score { team1: 13, team2: 7 }, round_s: 10 };
            let one = Match {
                server: new.server.to_owned(),
                request: new.request.clone(),
                created_at: now,
                fate: fate.unwrap_or(played),
                canceled: None,
                secret: new.hook.map(|(_, secret)| secret.clone()),
            };
            let reading = one.reading(&id, now);
            state.matches.insert(id.clone(), one);
            let server = state.server(new.server)?;
            server.match_id = Some(id);
            server.on_since.get_or_insert(now);
            state.note_paid_twice(new.server);
            Ok(reading)
        }))
    }

    fn match_reading<'a>(&'a self, id: &'a str) -> Asked<'a, MatchReading> {
        ready(self.call("match", false, |state, now| {
            let one = state.matches.get(id).ok_or_else(|| not_found("no such match (404)"))?;
            Ok(one.reading(id, now))
        }))
    }

    fn hook_secret<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>> {
        ready(self.call("hook_secret", false, |state, _| {
            Ok(state.matches.get(id).and_then(|one| one.secret.clone()))
        }))
    }

    fn cancel_match<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        ready(self.call("cancel_match", true, |state, now| {
            let one = state.matches.get_mut(id).ok_or_else(|| not_found("no such match (404)"))?;
            if !one.is_over(now) {
                one.canceled = Some((CancelReason::Asked, now));
            }
            Ok(())
        }))
    }

    fn add_player<'a>(&'a self, id: &'a str, player: &'a RosterPlayer, side: Option<Side>) -> Asked<'a, ()> {
        ready(self.call("add_player", true, |state, _| {
            let one = state.matches.get_mut(id).ok_or_else(|| not_found("no such match (404)"))?;
            match side {
                Some(Side::Team1) => one.request.team1.players.push(player.clone()),
                Some(Side::Team2) => one.request.team2.players.push(player.clone()),
                None => one.request.spectators.push(player.clone()),
            }
            Ok(())
        }))
    }
}
