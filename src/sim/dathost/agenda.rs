//! The servers of a world with the order in which something happens at them.

use std::collections::{BTreeMap, BTreeSet};

use super::entities::Server;
use crate::model::time::Timestamp;

/// Servers by id. Whoever may change one is expected to have changed when something happens there.
#[derive(Debug, Default)]
pub(super) struct Servers {
    rows: BTreeMap<String, Server>,
    /// When something happens where, of all that did not change since.
    agenda: BTreeSet<(Timestamp, String)>,
    /// Where each stands in the agenda.
    places: BTreeMap<String, Timestamp>,
    changed: BTreeSet<String>,
}

impl Servers {
    pub(super) fn get(&self, id: &str) -> Option<&Server> {
        self.rows.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Server> {
        let server = self.rows.get_mut(id)?;
        if !self.changed.contains(id) {
            self.changed.insert(id.to_owned());
        }
        Some(server)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Server> {
        self.rows.values()
    }

    pub(super) fn insert(&mut self, server: Server) {
        self.changed.insert(server.id.clone());
        self.rows.insert(server.id.clone(), server);
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.rows.remove(id);
        self.changed.insert(id.to_owned());
    }

    /// Where something happens first.
    pub(super) fn first(&mut self) -> Option<(Timestamp, String)> {
        for id in std::mem::take(&mut self.changed) {
            if let Some(at) = self.places.remove(&id) {
                self.agenda.remove(&(at, id.clone()));
            }
            if let Some(at) = self.rows.get(&id).and_then(Server::next_at) {
                self.places.insert(id.clone(), at);
                self.agenda.insert((at, id));
            }
        }
        self.agenda.first().cloned()
    }
}
