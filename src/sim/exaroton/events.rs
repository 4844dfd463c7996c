//! What happens at a server when its time comes: the end of a state, of a storage period, of patience; players.

use super::entities::{Server, StartFate, Status};
use super::players;
use super::world::World;
use crate::model::time::Timestamp;

/// A storage period: 30 days.
pub(super) const STORAGE_PERIOD_MS: u64 = 30 * 24 * 3_600_000;

impl Server {
    /// When something happens here next.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        [self.ends_at, self.auto_stop_at, self.play.next_at, self.knock_at, Some(self.storage.period_ends)]
            .into_iter()
            .flatten()
            .min()
    }
}

impl World {
    /// Does the one thing that is due first at a server.
    pub(super) fn happens_at(&mut self, id: &str) {
        let now = self.now;
        let Some(server) = self.servers.get_mut(id) else { return };
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if server.storage.period_ends <= now {
            self.storage_is_due(id, STORAGE_PERIOD_MS);
        } else if is_due(server.ends_at) {
            server.ends_at = None;
            self.state_ends(id);
        } else if is_due(server.play.next_at) {
            server.play.next_at = None;
            players::play(self, id);
        } else if is_due(server.auto_stop_at) {
            server.auto_stop_at = None;
            self.begin_stop(id);
        } else if is_due(server.knock_at) {
            server.knock_at = None;
            self.knock(id);
        }
    }

    /// The present state is over: what follows it.
    fn state_ends(&mut self, id: &str) {
        let Some(server) = self.servers.get_mut(id) else { return };
        let fate = server.fate;
        match server.status {
            Status::Pending => self.enter(id, Status::Preparing),
            Status::Preparing => self.enter(id, Status::Loading),
            Status::Starting | Status::Restarting if fate == StartFate::Stuck => {}
            Status::Starting if fate == StartFate::Crash => {
                server.fate = StartFate::Normal;
                self.crash(id);
            }
            Status::Starting if fate == StartFate::BackToOffline => {
                server.fate = StartFate::Normal;
                self.enter(id, Status::Saving);
            }
            Status::Starting => self.enter(id, Status::Online),
            Status::Loading | Status::Restarting => self.enter(id, Status::Starting),
            Status::Stopping => self.enter(id, Status::Saving),
            Status::Saving => self.enter(id, Status::Offline),
            Status::Online | Status::Offline | Status::Crashed => {}
        }
    }

    /// A player wants to join a server that does not run.
    fn knock(&mut self, id: &str) {
        let Some(server) = self.servers.get(id).filter(|server| server.status.is_stopped()) else { return };
        let payer = server.usual_payer();
        if self.can_pay(&payer) {
            self.begin_start(id, payer);
        } else {
            players::plan_knock(self, id);
        }
    }
}
