//! How a match goes, step by step, from the boot of its server to the end of its recording (`providers/dathost.md` §4.4).

use serde_json::{Value, json};

use super::{Event, Match, MatchFate, Step};
use crate::model::time::Timestamp;
use crate::sim::dathost::entities::{BootFate, Server};
use crate::sim::dathost::players;
use crate::sim::dathost::world::World;
use crate::sim::random;

impl World {
    /// Begins a match on a server: one that goes on there is called off, and the server is booted or restarted.
    pub(in crate::sim::dathost) fn begin_match(&mut self, mut one: Match) -> String {
        let server = one.server.clone();
        let before = self.servers.get(&server).and_then(|server| server.match_id.clone());
        if let Some(before) = before {
            self.call_off(&before, "NEW_MATCH_STARTED_ON_SERVER", false);
        }
        self.matches_made += 1;
        one.number = self.matches_made;
        one.id = random::hex(self.seed, &[one.number, 60], 24);
        one.fate = self.next_fates.pop_front().unwrap_or_else(|| self.fate_by_luck(one.number));
        if let Some(server) = self.servers.get_mut(&server) {
            server.fate = if one.fate == MatchFate::NeverBoots { BootFate::Stuck } else { server.fate };
        }
        self.switch_on(&server);
        let boot = self.servers.get(&server).and_then(|server| server.boot);
        one.next_at = boot.map(|boot| boot.loads_at);
        let id = one.id.clone();
        if let Some(server) = self.servers.get_mut(&server) {
            server.match_id = Some(id.clone());
        }
        self.matches.insert(id.clone(), one);
        self.tell(&id, "booting_server", None);
        id
    }

    fn fate_by_luck(&self, number: u64) -> MatchFate {
        let rates = self.match_rates;
        let luck = random::share(self.seed, &[number, 61]);
        let table = [
            (rates.never_boots, MatchFate::NeverBoots),
            (rates.crashes, MatchFate::Crashes { after_rounds: 3 }),
            (rates.missing, MatchFate::Missing(1)),
            (rates.leaves, MatchFate::LeavesInCountdown),
        ];
        let mut sum = 0.0;
        let is_struck = |(rate, _): &(f64, MatchFate)| {
            sum += rate;
            luck < sum
        };
        table.into_iter().find(is_struck).map_or(MatchFate::Plays, |(_, fate)| fate)
    }

    /// The next thing of a match is due.
    pub(in crate::sim::dathost) fn match_happens(&mut self, id: &str) {
        let Some(one) = self.matches.get_mut(id) else { return };
        one.next_at = None;
        match one.step {
            Step::Booting => self.loads(id),
            Step::Loading => self.is_ready(id),
            Step::Connecting { deadline } => self.somebody_joins(id, deadline),
            Step::Countdown => self.countdown_ends(id),
            Step::Live => self.round_ends(id),
            Step::Exiting => self.players_exit(id),
            Step::Recording => self.recording_ends(id),
            Step::Lost => {
                if let Some(one) = self.matches.get_mut(id) {
                    one.is_finished = true;
                    one.cancel_reason = Some("TIMED_OUT".to_owned());
                    one.step = Step::Over;
                }
            }
            Step::Over => {}
        }
    }

    fn loads(&mut self, id: &str) {
        self.tell(id, "loading_map", None);
        let ready_at = self.server_of(id).and_then(|server| server.boot).and_then(|boot| boot.ready_at);
        match ready_at {
            Some(ready_at) => self.go_on(id, Step::Loading, ready_at),
            None => self.lose_match_of(id),
        }
    }

    fn is_ready(&mut self, id: &str) {
        if !self.server_of(id).is_some_and(Server::is_ready) {
            // The server's own boot ends at this very moment.
            let soon = self.now.plus_millis(1);
            self.go_on(id, Step::Loading, soon);
            return;
        }
        self.tell(id, "server_ready_for_players", None);
        let Some(one) = self.matches.get(id) else { return };
        let deadline = self.now.plus_millis(one.settings.connect_time_s * 1_000);
        self.await_next(id, deadline);
    }

    /// When the next one joins, or the time to join is over.
    fn await_next(&mut self, id: &str, deadline: Timestamp) {
        let wait = self.match_luck(id, 1, self.match_timings.join_ms.0, self.match_timings.join_ms.1);
        let has_more = self.next_to_join(id).is_some();
        let at = if has_more { self.now.plus_millis(wait).min(deadline) } else { deadline };
        self.go_on(id, Step::Connecting { deadline }, at);
    }

    /// Who joins next: nobody where the rest never comes.
    fn next_to_join(&self, id: &str) -> Option<usize> {
        let one = self.matches.get(id)?;
        let mut waited_for = one.waited_for();
        if let MatchFate::Missing(missing) = one.fate {
            waited_for.truncate(waited_for.len().saturating_sub(missing));
        }
        let is_absent = |at: &usize| one.players.get(*at).is_some_and(|player| !player.is_connected);
        waited_for.into_iter().find(is_absent)
    }

    fn somebody_joins(&mut self, id: &str, deadline: Timestamp) {
        if self.now >= deadline {
            self.call_off_for_missing(id);
            return;
        }
        if let Some(at) = self.next_to_join(id) {
            self.connect(id, at);
        }
        let Some(one) = self.matches.get(id) else { return };
        let are_there =
            one.waited_for().iter().all(|at| one.players.get(*at).is_some_and(|player| player.is_connected));
        if !are_there {
            self.await_next(id, deadline);
            return;
        }
        let countdown = one.settings.countdown_s * 1_000 / self.match_timings.haste.max(1);
        self.tell(id, "all_players_connected", None);
        let at = self.now.plus_millis(countdown.max(1));
        self.go_on(id, Step::Countdown, at);
    }

    fn connect(&mut self, id: &str, at: usize) {
        let Some(one) = self.matches.get_mut(id) else { return };
        let Some(player) = one.players.get_mut(at) else { return };
        player.is_connected = true;
        let (steam_id, server) = (player.steam_id.clone(), one.server.clone());
        players::join(self, &server, &steam_id);
        self.tell(id, "player_connected", Some(json!({ "steam_id_64": steam_id })));
    }

    fn countdown_ends(&mut self, id: &str) {
        let Some(one) = self.matches.get_mut(id) else { return };
        if one.fate == MatchFate::LeavesInCountdown {
            let who = one.players.iter_mut().find(|player| player.is_connected);
            if let Some(player) = who {
                player.is_connected = false;
                let (steam_id, server) = (player.steam_id.clone(), one.server.clone());
                players::leave(self, &server, &steam_id);
                self.tell(id, "player_disconnected", Some(json!({ "steam_id_64": steam_id })));
            }
            self.call_off_for_missing(id);
            return;
        }
        self.tell(id, "match_started", None);
        self.await_round(id);
    }

    /// Players who are waited for are not there.
    fn call_off_for_missing(&mut self, id: &str) {
        let Some(one) = self.matches.get(id) else { return };
        let missing: Vec<&str> = one
            .waited_for()
            .into_iter()
            .filter_map(|at| one.players.get(at))
            .filter(|player| !player.is_connected)
            .map(|player| player.steam_id.as_str())
            .collect();
        let reason = format!("MISSING_PLAYERS:{}", missing.join(","));
        self.call_off(id, &reason, true);
        self.call_end_url(id);
    }

    /// Calls a match off; the server stays on. Whether that is an event depends on why.
    pub(in crate::sim::dathost) fn call_off(&mut self, id: &str, reason: &str, is_event: bool) {
        let Some(one) = self.matches.get_mut(id) else { return };
        one.is_finished = true;
        one.cancel_reason = Some(reason.to_owned());
        for player in one.players.iter_mut().filter(|player| player.is_connected) {
            player.is_connected = false;
            player.is_kicked = true;
        }
        one.step = Step::Over;
        one.next_at = None;
        if is_event {
            self.tell(id, "match_canceled", None);
        }
        self.empty_server(id);
    }

    /// A match is over for its server: it is empty, and free for another.
    fn empty_server(&mut self, id: &str) {
        let Some(server) = self.matches.get(id).map(|one| one.server.clone()) else { return };
        let Some(row) = self.servers.get_mut(&server) else { return };
        if row.match_id.as_deref() == Some(id) {
            row.match_id = None;
        }
        row.players.clear();
        players::watch_emptiness(self, &server);
        players::plan(self, &server);
    }

    /// A match whose rounds are over.
    pub(super) fn end_match(&mut self, id: &str) {
        if let Some(one) = self.matches.get_mut(id) {
            one.is_finished = true;
        }
        self.tell(id, "match_ended", None);
        self.call_end_url(id);
        let at = self.now.plus_millis(self.match_timings.exit_ms);
        self.go_on(id, Step::Exiting, at);
        if let Some(server) = self.matches.get(id).map(|one| one.server.clone())
            && let Some(server) = self.servers.get_mut(&server)
        {
            server.match_id = None;
        }
    }

    fn players_exit(&mut self, id: &str) {
        let Some(one) = self.matches.get_mut(id) else { return };
        for player in &mut one.players {
            player.is_connected = false;
        }
        let waits = if one.settings.waits_for_gotv { self.match_timings.tv_delay_ms } else { 1 };
        self.tell(id, "players_exited", None);
        self.empty_server(id);
        let at = self.now.plus_millis(waits);
        self.go_on(id, Step::Recording, at);
    }

    fn recording_ends(&mut self, id: &str) {
        let Some(server) = self.matches.get(id).map(|one| one.server.clone()) else { return };
        let recording = random::letters(self.seed, &[random::of_text(id), 62], 4_096).into_bytes();
        if let Some(server) = self.servers.get_mut(&server) {
            server.files.insert(format!("{id}.dem"), recording);
        }
        self.tell(id, "gotv_stopped", None);
        if let Some(one) = self.matches.get_mut(id) {
            one.step = Step::Over;
            one.next_at = None;
        }
    }

    /// The server of this match was rebooted, switched off, crashed or deleted: nothing more is heard, and hours later it is
    /// timed out without a word.
    fn lose_match_of(&mut self, id: &str) {
        let at = self.now.plus_millis(self.match_timings.timed_out_ms);
        self.go_on(id, Step::Lost, at);
    }

    /// What goes on at a server is lost.
    pub(in crate::sim::dathost) fn lose_match(&mut self, server: &str) {
        let Some(server) = self.servers.get_mut(server) else { return };
        if let Some(id) = server.match_id.take() {
            self.lose_match_of(&id);
        }
    }

    fn go_on(&mut self, id: &str, step: Step, at: Timestamp) {
        if let Some(one) = self.matches.get_mut(id) {
            one.step = step;
            one.next_at = Some(at);
        }
    }

    fn server_of(&self, id: &str) -> Option<&Server> {
        self.servers.get(&self.matches.get(id)?.server)
    }

    /// Something happened: it is written down, and whoever is to be called is called.
    pub(super) fn tell(&mut self, id: &str, name: &'static str, payload: Option<Value>) {
        let now = self.now;
        let Some(one) = self.matches.get_mut(id) else { return };
        one.events.push(Event { name, at: now, payload });
        let wanted = &one.webhooks.enabled_events;
        if wanted.iter().any(|wanted| wanted == "*" || wanted == name) {
            let one = one.clone();
            self.hooks.call(&one, name, &one.webhooks.event_url, &super::object(&one, true));
        }
    }

    /// The older call about an end.
    pub(in crate::sim::dathost) fn call_end_url(&mut self, id: &str) {
        if let Some(one) = self.matches.get(id).cloned() {
            self.hooks.call(&one, "match_end", &one.webhooks.match_end_url, &super::object(&one, false));
        }
    }

    /// A decision of a match's luck; each one another.
    pub(super) fn match_luck(&mut self, id: &str, kind: u64, low: u64, high: u64) -> u64 {
        let seed = self.seed;
        let Some(one) = self.matches.get_mut(id) else { return low };
        one.decisions += 1;
        random::between(seed, &[one.number, one.decisions, 70 + kind], low, high)
    }
}
