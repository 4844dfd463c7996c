//! Matches in every phase, with their runs, and what the ledger says of their players.

use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::action::{
    ActionPlan, ActionRequest, Check, CheckOutcome, Confirmation, Parameters, PlannedStep,
};
use quarterdeck::model::fleet::{Change, Fleet};
use quarterdeck::model::ids::{MatchId, ServerKey};
use quarterdeck::model::matches::{
    CancelReason, ConnectString, Entry, HookState, Match, MatchEnd, MatchEvent, MatchEventKind, MatchPhase,
    MatchReading, MatchRequest, MatchServer, PlayerReading, RatingRule, RentedServer, RosterPlayer,
    SavedRoster, Score, ServerSource, Settlement, Side, Standing, SteamId, TeamRequest,
};
use quarterdeck::model::money::{Currency, Money};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::run::{Run, RunStatus, StepState, StepStatus};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

use crate::fixture::{NOW, ago, euro, feed};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// The password of every server of the fixture: in no frame, notice or export.
pub const PASSWORD: &str = "hunter2-5f2c";

/// What the engine tells to who asks how to join.
pub fn connect() -> ConnectString {
    ConnectString::new("203.0.113.7:27015", PASSWORD)
}

pub fn server_key(id: &str) -> ServerKey {
    ServerKey { account: "dathost".into(), id: id.to_owned() }
}

const NAMES: [&str; 10] =
    ["apEX", "ropz", "flameZ", "mezii", "ZywOo", "b1t", "iM", "w0nderful", "Aleksib", "jL"];

fn player(number: u32) -> RosterPlayer {
    let name = NAMES.get(number as usize % 100).map_or_else(String::new, |name| (*name).to_owned());
    RosterPlayer { steam_id: SteamId::of_account(number + 1), name, is_substitute: false }
}

fn team(name: &str, first: u32, players: u32) -> TeamRequest {
    TeamRequest {
        name: name.to_owned(),
        flag: "SE".to_owned(),
        players: (first..first + players).map(player).collect(),
    }
}

pub fn request(team1: &str, team2: &str, players: u32, map: &str, location: &str) -> MatchRequest {
    MatchRequest {
        account: "dathost".into(),
        source: ServerSource::Fresh { location: location.to_owned() },
        map: map.to_owned(),
        team1: team(team1, 0, players),
        team2: team(team2, 5, players),
        spectators: Vec::new(),
        connect_time_s: 300,
        countdown_s: 30,
        is_demo_kept: false,
    }
}

fn event(kind: MatchEventKind, seconds_ago: i64) -> MatchEvent {
    MatchEvent { kind, at: ago(seconds_ago * SECOND) }
}

fn reading(of: &MatchRequest, events: Vec<MatchEvent>, score: Score, connected: usize) -> MatchReading {
    let figures = (1_u32..).zip(of.players());
    let player = |(number, (side, listed)): (u32, (Side, &RosterPlayer))| PlayerReading {
        steam_id: listed.steam_id,
        name: listed.name.clone(),
        side: Some(side),
        is_connected: number as usize <= connected,
        was_connected: number as usize <= connected,
        is_kicked: false,
        kills: (number * 7) % 23,
        deaths: (number * 5) % 19,
        assists: number % 6,
    };
    MatchReading {
        id: "6540cc".to_owned(),
        server: "6530aa".to_owned(),
        events,
        is_finished: false,
        cancel_reason: None,
        score,
        rounds_played: score.team1 + score.team2,
        players: figures.map(player).collect(),
        observed_at: ago(2 * SECOND),
    }
}

fn rented(id: &str, location: &str) -> RentedServer {
    RentedServer {
        key: server_key(id),
        name: format!("match-{id}"),
        location: location.to_owned(),
        address: Some("203.0.113.7:27015".to_owned()),
    }
}

fn one(id: &str, request: MatchRequest, phase: MatchPhase, minutes: i64) -> Match {
    Match {
        id: id.into(),
        request,
        run: format!("{id}RUN").into(),
        by: "ann@bastion".into(),
        phase,
        phase_since: ago(minutes * MINUTE),
        until: None,
        server: MatchServer::None,
        rented: None,
        burn_per_hour: None,
        cost: None,
        reading: None,
        end: None,
        settlement: None,
        demo_file: None,
        hooks: HookState::NotConfigured,
        requested_at: ago(minutes * MINUTE),
        ended_at: None,
        observed_at: ago(2 * SECOND),
    }
}

fn up(mut one: Match, id: &str, cost: i64) -> Match {
    let location = match &one.request.source {
        ServerSource::Fresh { location } => location.clone(),
        ServerSource::Template { .. } => "stockholm".to_owned(),
    };
    one.server = MatchServer::Up;
    one.rented = Some(rented(id, &location));
    one.burn_per_hour = Some(euro(2_200));
    one.cost = Some(euro(cost));
    one
}

fn first_events(seconds_ago: i64) -> Vec<MatchEvent> {
    use MatchEventKind as E;
    vec![
        event(E::BootingServer, seconds_ago),
        event(E::LoadingMap, seconds_ago - 7),
        event(E::ServerReady, seconds_ago - 8),
        event(E::PlayerConnected(SteamId::of_account(1)), seconds_ago - 30),
    ]
}

/// Five against five, twenty rounds in.
pub fn live() -> Match {
    use MatchEventKind as E;
    let mut live = up(
        one(
            "01JDLIVE",
            request("Vitality", "Natus Vincere", 5, "de_mirage", "dusseldorf"),
            MatchPhase::Live,
            42,
        ),
        "6530aa",
        1_540,
    );
    let mut events = first_events(41 * 60);
    events.push(event(E::AllPlayersConnected, 36 * 60));
    events.push(event(E::MatchStarted, 35 * 60));
    for round in 1..=20_u32 {
        let score = Score { team1: round * 12 / 20, team2: round - round * 12 / 20 };
        events.push(event(E::RoundEnd(score), 35 * 60 - i64::from(round) * 100));
    }
    events.push(event(E::PlayerDisconnected(SteamId::of_account(10)), 40));
    live.reading = Some(reading(&live.request, events, Score { team1: 12, team2: 8 }, 9));
    live.phase_since = ago(35 * MINUTE);
    live.until = Some(Timestamp(NOW.0 + 115 * MINUTE));
    live.hooks = HookState::Heard(ago(40 * SECOND));
    live.request.is_demo_kept = true;
    live
}

fn warmup() -> Match {
    let mut request = request("", "", 2, "workshop/3070284539", "portland");
    request.team1.players.push(RosterPlayer { is_substitute: true, ..player(50) });
    request.spectators = vec![player(60), player(61)];
    let mut warmup = up(one("01JDWARM", request, MatchPhase::Warmup, 3), "6530ab", 110);
    warmup.reading = Some(reading(&warmup.request, first_events(100), Score::default(), 1));
    warmup.until = Some(Timestamp(NOW.0 + 4 * MINUTE));
    warmup.hooks = HookState::Waiting;
    warmup
}

fn booting() -> Match {
    let mut booting = up(
        one("01JDBOOT", request("Rivals", "Guests", 1, "de_nuke", "sao_paulo"), MatchPhase::Booting, 0),
        "6530ac",
        0,
    );
    booting.until = Some(Timestamp(NOW.0 + 7 * MINUTE));
    booting.burn_per_hour = None;
    booting.cost = None;
    booting
}

fn settled(mut one: Match, score: Score) -> Match {
    let winner = score.winner();
    let entries = one.request.players().map(|(side, listed)| Entry {
        player: listed.steam_id,
        name: listed.name.clone(),
        side,
        rating_before: 1_000,
        rating_change: RatingRule::default().change(side, winner, &[1_000], &[1_000]),
        reward: Money::new(Decimal::from(if side == Side::Team1 { 50 } else { 0 }), "soberanas"),
    });
    one.settlement = Some(Settlement {
        match_id: one.id.clone(),
        score,
        rule: RatingRule::default(),
        entries: entries.collect(),
        at: ago(59 * MINUTE),
        by: "engine".into(),
    });
    one
}

/// Played, settled, its server gone.
pub fn finished() -> Match {
    use MatchEventKind as E;
    let score = Score { team1: 13, team2: 6 };
    let mut finished =
        one("01JCDONE", request("Red", "Blue", 5, "de_inferno", "stockholm"), MatchPhase::Finished, 110);
    let mut events = first_events(109 * 60);
    events.extend([
        event(E::MatchStarted, 100 * 60),
        event(E::RoundEnd(score), 61 * 60),
        event(E::MatchEnded, 61 * 60),
    ]);
    let mut seen = reading(&finished.request, events, score, 10);
    seen.is_finished = true;
    finished.reading = Some(seen);
    finished.server = MatchServer::Destroyed;
    finished.rented = Some(rented("6520ff", "stockholm"));
    finished.cost = Some(euro(1_800));
    finished.end = Some(MatchEnd::Finished(score));
    finished.ended_at = Some(ago(60 * MINUTE));
    finished.demo_file = Some("demos/01JCDONE.dem".to_owned());
    settled(finished, score)
}

/// Crashed in the middle; nothing settled it.
pub fn unsettled() -> Match {
    let mut crashed = finished();
    crashed.id = "01JBCRASH".into();
    crashed.run = "01JBCRASHRUN".into();
    crashed.request = request("Cats", "Dogs", 5, "de_dust2", "new_york_city");
    crashed.phase = MatchPhase::Canceled;
    crashed.end = Some(MatchEnd::Canceled(CancelReason::TimedOut));
    crashed.settlement = None;
    crashed.requested_at = ago(9 * 60 * MINUTE);
    crashed.ended_at = Some(ago(2 * 60 * MINUTE));
    let score = Score { team1: 7, team2: 2 };
    crashed.reading = Some(MatchReading {
        cancel_reason: Some(CancelReason::TimedOut),
        ..reading(&crashed.request, first_events(9 * 3_600), score, 10)
    });
    crashed
}

/// Over, and its server could not be destroyed.
fn leaking() -> Match {
    let mut leaking = up(
        one("01JDLEAK", request("Foxes", "Owls", 5, "de_ancient", "bristol"), MatchPhase::Failed, 180),
        "6530ad",
        6_600,
    );
    leaking.end = Some(MatchEnd::Overdue(MatchPhase::Live));
    leaking
}

pub fn matches() -> Vec<Match> {
    vec![live(), warmup(), booting(), finished(), unsettled(), leaking()]
}

pub fn plan(request: ActionRequest, title: &str) -> ActionPlan {
    let check = |title: &str, outcome, detail: &str| Check {
        title: title.to_owned(),
        outcome,
        detail: detail.to_owned(),
    };
    let planned = |title: &str, undo: &str| PlannedStep {
        name: title.replace(' ', "_"),
        title: title.to_owned(),
        undo: undo.to_owned(),
    };
    ActionPlan {
        id: "01JD0000000000000000MATCH0".into(),
        request,
        title: title.to_owned(),
        checks: vec![
            check(
                "price",
                CheckOutcome::Pass,
                "0.22 EUR per hour, at most 0.61 EUR until every deadline has passed",
            ),
            check("balance", CheckOutcome::Pass, "12.34 EUR left on dathost"),
        ],
        steps: vec![
            planned("rent a server", "destroy it"),
            planned("start the match", "cancel it"),
            planned("wait for its end", ""),
            planned("settle it", ""),
            planned("destroy the server", ""),
        ],
        burn_before: Some(euro(4_110)),
        burn_after: Some(euro(6_310)),
        budget: None,
        confirmation: Confirmation::YesNo,
        parameters: Parameters::Undecided,
        made_at: NOW,
        valid_until: Timestamp(NOW.0 + 5 * MINUTE),
    }
}

/// The run of a match whose step with this number acts.
pub fn run(of: &Match, status: RunStatus, acting: usize) -> Run {
    let request = ActionRequest::RunMatch { request: Box::new(of.request.clone()) };
    let plan = plan(request, &format!("play {} on {}", of.request.kind(), of.request.map));
    let step = |(at, planned): (usize, &PlannedStep)| StepState {
        name: planned.name.clone(),
        title: planned.title.clone(),
        status: match at.cmp(&acting) {
            std::cmp::Ordering::Less => StepStatus::Done,
            std::cmp::Ordering::Equal if status.is_ended() => StepStatus::Failed,
            std::cmp::Ordering::Equal => StepStatus::Acting,
            std::cmp::Ordering::Greater => StepStatus::Waiting,
        },
        started_at: (at <= acting).then_some(of.requested_at),
        ended_at: None,
        detail: String::new(),
        attempts: 1,
    };
    Run {
        id: of.run.clone(),
        steps: plan.steps.iter().enumerate().map(step).collect(),
        plan,
        by: "ann@bastion".into(),
        status,
        started_at: of.requested_at,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }
}

/// The account of match servers.
pub fn feed_of(change: impl Fn(&mut Feed)) -> Change {
    let mut feed = Feed { account: "dathost".into(), provider: Provider::Dathost, ..feed(FeedKind::Servers) };
    change(&mut feed);
    Change::Feed(Box::new(feed))
}

/// The account, its matches and their runs.
pub fn changes() -> Vec<Change> {
    let runs = [
        run(&live(), RunStatus::Running, 2),
        run(&warmup(), RunStatus::Running, 2),
        run(&booting(), RunStatus::Running, 1),
        run(&leaking(), RunStatus::NeedsOperator, 4),
    ];
    let runs = runs.into_iter().map(|run| Change::Run(Box::new(run)));
    let matches = matches().into_iter().map(|one| Change::Match(Box::new(one)));
    [feed_of(|_| {})].into_iter().chain(runs).chain(matches).collect()
}

/// The fixture's site with its matches.
pub fn fleet() -> Fleet {
    let mut fleet = crate::fixture::fleet();
    for change in changes() {
        fleet.apply(change);
    }
    fleet
}

pub fn rosters() -> Vec<SavedRoster> {
    let roster = |name: &str, first: u32| SavedRoster {
        name: name.to_owned(),
        team: team(name, first, 5),
        by: "ann@bastion".into(),
        at: ago(0),
    };
    vec![roster("Natus Vincere", 5), roster("Vitality", 0)]
}

fn standings() -> Vec<(SteamId, Standing)> {
    let standing = |(place, name): (u32, &&str)| {
        let rating = 1_150 - i32::try_from(place).unwrap_or(0) * 25;
        let earned = if rating > 1_000 {
            Some((Currency("soberanas".to_owned()), Decimal::from(50 * (7 - place))))
        } else {
            None
        };
        let standing = Standing {
            name: (*name).to_owned(),
            rating,
            won: 8 - place.min(8),
            lost: place,
            drawn: place % 2,
            earned: earned.into_iter().collect(),
            last_at: ago(i64::from(place + 1) * 59 * MINUTE),
        };
        (SteamId::of_account(place + 1), standing)
    };
    (0..).zip(&NAMES).map(standing).collect()
}

/// What the engine answers about matches.
pub fn answer(request: &Request) -> Option<Reply> {
    match request {
        Request::Standings => Some(Reply::Standings(standings())),
        Request::Rosters => Some(Reply::Rosters(rosters())),
        Request::MatchConnect { .. } => Some(Reply::MatchConnect { connect: connect() }),
        _ => None,
    }
}

/// The id of a match of the fixture.
pub fn id(of: &Match) -> MatchId {
    of.id.clone()
}
