//! A server is switched on, rebooted and switched off (`providers/dathost.md` §3.1, §3.3).

use super::entities::{Boot, BootFate};
use super::players;
use super::world::World;
use crate::sim::random;

/// Console lines kept.
pub(super) const LINES_KEPT: usize = 1_000;

impl World {
    /// Switches a server on; one that is on already is rebooted and everybody on it is gone.
    pub(super) fn switch_on(&mut self, id: &str) {
        self.lose_match(id);
        let (seed, now, timings) = (self.seed, self.now, self.boot);
        let Some(server) = self.servers.get_mut(id) else { return };
        server.decisions += 1;
        let luck = |kind| [server.number, server.decisions, kind];
        let host_ms = random::between(seed, &luck(1), timings.host_ms.0, timings.host_ms.1).max(1);
        let map_ms = random::between(seed, &luck(2), timings.map_ms.0, timings.map_ms.1).max(1);
        let loads_at = now.plus_millis(host_ms);
        let is_stuck = server.fate == BootFate::Stuck;
        server.boot = Some(Boot { loads_at, ready_at: (!is_stuck).then(|| loads_at.plus_millis(map_ms)) });
        server.is_on = true;
        server.listed_booting = true;
        server.has_crashed = false;
        server.error.clear();
        server.players.clear();
        server.stirs_at = None;
        self.meter(id);
        self.say(id, "Starting server");
        players::watch_emptiness(self, id);
        players::plan_count(self, id);
    }

    /// Switches a server off at once.
    pub(super) fn switch_off(&mut self, id: &str) {
        self.lose_match(id);
        let Some(server) = self.servers.get_mut(id) else { return };
        if server.is_on {
            server.is_on = false;
            // Once at every stop (§3.1).
            server.sync();
            server.boot = None;
            server.listed_booting = false;
            server.has_crashed = false;
            server.players.clear();
            server.told_players = 0;
            server.counted_at = None;
            server.autostop_at = None;
            server.stirs_at = None;
            if server.fate == BootFate::Stuck {
                server.fate = BootFate::Normal;
            }
        }
        self.meter(id);
        self.say(id, "Server stopped");
        players::plan(self, id);
    }

    /// The game ends by itself; the server stays on, and billed.
    pub(super) fn crash(&mut self, id: &str) {
        self.lose_match(id);
        let Some(server) = self.servers.get_mut(id).filter(|server| server.is_on) else { return };
        server.has_crashed = true;
        server.boot = None;
        "The game has crashed".clone_into(&mut server.error);
        server.players.clear();
        self.say(id, "Segmentation fault (core dumped)");
        players::watch_emptiness(self, id);
    }

    /// Deletes a server, on or off; what it cost is on the bill.
    pub(super) fn remove(&mut self, id: &str) {
        self.switch_off(id);
        self.servers.remove(id);
    }

    /// The game writes a line.
    pub(super) fn say(&mut self, id: &str, text: &str) {
        let stamp = self.now.to_datetime().format("%m/%d %H:%M:%S");
        let line = format!("{stamp} {text}");
        let Some(server) = self.servers.get_mut(id) else { return };
        if server.console.len() >= LINES_KEPT {
            server.console.pop_front();
        }
        server.console.push_back(line);
    }
}
