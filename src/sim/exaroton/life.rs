//! The states of a server and how they follow each other (`providers/exaroton.md` §3.3).

use super::chatter;
use super::entities::{PayerId, Status};
use super::players;
use super::world::{Notice, World};
use crate::sim::random;

impl World {
    /// A start was accepted.
    pub(super) fn begin_start(&mut self, id: &str, payer: PayerId) {
        let has_queue = self.timings.pending_ms.1 > 0;
        if let Some(server) = self.servers.get_mut(id) {
            server.next_payer = Some(payer);
            server.knock_at = None;
        }
        self.enter(id, if has_queue { Status::Pending } else { Status::Preparing });
    }

    /// A stop was accepted, or nobody played for too long.
    pub(super) fn begin_stop(&mut self, id: &str) {
        self.enter(id, Status::Stopping);
    }

    /// A restart was accepted.
    pub(super) fn begin_restart(&mut self, id: &str) {
        self.enter(id, Status::Restarting);
    }

    /// The game ended by itself.
    pub(super) fn crash(&mut self, id: &str) {
        self.say(id, chatter::CRASHED);
        self.enter(id, Status::Crashed);
    }

    /// Nobody pays any more: the game is ended and its files are saved.
    pub(super) fn cut_off(&mut self, id: &str) {
        self.say(id, chatter::NO_CREDITS);
        self.enter(id, Status::Saving);
    }

    /// Moves a server into a state: its end is set, its run begins or ends, and everybody is told.
    pub(super) fn enter(&mut self, id: &str, status: Status) {
        let timings = self.timings;
        let (low, high) = match status {
            Status::Pending => timings.pending_ms,
            Status::Preparing => timings.preparing_ms,
            Status::Loading => timings.loading_ms,
            Status::Starting => timings.starting_ms,
            Status::Stopping => timings.stopping_ms,
            Status::Saving => timings.saving_ms,
            Status::Restarting => timings.restarting_ms,
            Status::Online | Status::Offline | Status::Crashed => (0, 0),
        };
        let (seed, now) = (self.seed, self.now);
        let Some(server) = self.servers.get_mut(id) else { return };
        server.status = status;
        server.auto_stop_at = None;
        server.play.next_at = None;
        server.play.decisions += 1;
        let luck = [server.number, server.play.decisions, 1];
        let lasts = !matches!(status, Status::Online | Status::Offline | Status::Crashed);
        server.ends_at = lasts.then(|| now.plus_millis(random::between(seed, &luck, low, high).max(1)));
        if status != Status::Online {
            server.players.clear();
        }
        server.online_since = (status == Status::Online).then_some(now);
        if status.is_stopped() {
            server.stored_log = Some(server.console.iter().cloned().collect::<Vec<_>>().join("\n"));
        }
        self.meter(id);
        for line in chatter::lines_of(status) {
            self.say(id, line);
        }
        match status {
            Status::Online => {
                self.watch_emptiness(id);
                players::plan_play(self, id);
            }
            Status::Offline | Status::Crashed => players::plan_knock(self, id),
            _ => {}
        }
        self.tell(id, Notice::Status);
    }

    /// Sets or takes back the moment at which an empty server stops.
    pub(super) fn watch_emptiness(&mut self, id: &str) {
        let now = self.now;
        let Some(server) = self.servers.get_mut(id) else { return };
        let is_empty = server.status == Status::Online && server.players.is_empty();
        server.auto_stop_at =
            if is_empty { server.auto_stop_ms.map(|wait_ms| now.plus_millis(wait_ms)) } else { None };
    }

    /// The game writes a line.
    pub(super) fn say(&mut self, id: &str, text: &str) {
        let stamp = self.now.to_datetime().format("%H:%M:%S");
        let line = format!("[{stamp}] {text}");
        let Some(server) = self.servers.get_mut(id) else { return };
        if server.console.len() >= chatter::LINES_KEPT {
            server.console.pop_front();
        }
        server.console.push_back(line.clone());
        self.tell(id, Notice::Line(line));
    }
}
