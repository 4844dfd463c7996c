//! Rows of the world's tables: finding, adding and removing them.

use std::collections::HashMap;

use super::bill::open_bill;
use super::entities::{Activity, Allocation, ApiKey, KeyKind, MOST_ACTIVITY, Server, User};
use super::world::{Notice, World};
use crate::sim::random;

/// Bills of deleted servers that are kept; the oldest leaves.
const MOST_CLOSED_BILLS: usize = 100_000;

impl World {
    /// A server by full uuid or its first eight characters.
    pub(super) fn server_by_word(&self, word: &str) -> Option<&Server> {
        self.server_by_identifier.get(word).and_then(|id| self.servers.get(id))
    }

    /// Adds a server row and takes its allocations.
    pub(super) fn insert_server(&mut self, server: Server, allocations: &[i64]) {
        for id in allocations {
            if let Some(allocation) = self.allocations.get_mut(id) {
                allocation.server_id = Some(server.id);
            }
        }
        self.server_by_identifier.insert(server.uuid.clone(), server.id);
        self.server_by_identifier.insert(server.identifier().to_owned(), server.id);
        self.servers.insert(server.id, server);
    }

    /// Removes a server row and frees its allocations; sockets are told.
    pub(super) fn remove_server(&mut self, id: i64) -> Option<Server> {
        self.tell(id, Notice::Deleted);
        self.listeners.remove(&id);
        let server = self.servers.remove(&id)?;
        self.server_by_identifier.remove(&server.uuid);
        self.server_by_identifier.remove(server.identifier());
        for allocation in self.allocations.values_mut().filter(|allocation| allocation.server_id == Some(id))
        {
            allocation.server_id = None;
        }
        Some(server)
    }

    /// Deletes a server for good: its bill is closed and counted.
    pub(super) fn delete_server(&mut self, id: i64) -> bool {
        let Some(server) = self.remove_server(id) else { return false };
        self.deleted_ever += 1;
        let mut bill = open_bill(self, &server);
        bill.is_live = false;
        if self.closed_bills.len() >= MOST_CLOSED_BILLS {
            self.closed_bills.remove(0);
        }
        self.closed_bills.push(bill);
        true
    }

    /// Adds an allocation.
    pub(super) fn insert_allocation(
        &mut self,
        node_id: i64,
        ip: &str,
        alias: Option<&str>,
        port: u16,
    ) -> i64 {
        let id = self.next_id("allocations");
        self.allocations_of_node.entry(node_id).or_default().insert(id);
        self.allocations.insert(
            id,
            Allocation {
                id,
                node_id,
                ip: ip.to_owned(),
                alias: alias.map(str::to_owned),
                port,
                notes: None,
                server_id: None,
            },
        );
        id
    }

    /// Allocations of a server, the primary one first.
    pub(super) fn allocations_of(&self, server: &Server) -> Vec<&Allocation> {
        let mut found: Vec<&Allocation> = self
            .allocations_of_node
            .get(&server.node_id)
            .into_iter()
            .flatten()
            .filter_map(|id| self.allocations.get(id))
            .filter(|allocation| allocation.server_id == Some(server.id))
            .collect();
        found.sort_by_key(|allocation| (allocation.id != server.allocation_id, allocation.id));
        found
    }

    /// Memory and disk of all servers, by node.
    pub(super) fn allocated(&self) -> HashMap<i64, (i64, i64)> {
        let mut sums: HashMap<i64, (i64, i64)> = HashMap::new();
        for server in self.servers.values() {
            let sum = sums.entry(server.node_id).or_default();
            sum.0 += server.limits.memory_mib;
            sum.1 += server.limits.disk_mib;
        }
        sums
    }

    /// Writes to a server's activity log; the oldest entry leaves when it is full.
    pub(super) fn note_activity(
        &mut self,
        server: i64,
        user: i64,
        event: &str,
        properties: serde_json::Value,
    ) {
        let at = self.stamp;
        if let Some(server) = self.servers.get_mut(&server) {
            let log = &mut server.extras.activity;
            if log.len() >= MOST_ACTIVITY {
                log.pop_front();
            }
            log.push_back(Activity { event: event.to_owned(), user_id: user, properties, at });
        }
    }

    /// Adds a user row.
    pub(super) fn insert_user(&mut self, fill: impl FnOnce(i64, u64) -> User) -> i64 {
        let id = self.next_id("users");
        let user = fill(id, self.seed);
        self.users.insert(id, user);
        id
    }

    /// Adds a key; its text is returned once.
    pub(super) fn insert_key(&mut self, mut key: ApiKey) -> String {
        let number = self.next_id("keys").cast_unsigned();
        let prefix = match key.kind {
            KeyKind::Application => "ptla_",
            KeyKind::Client => "ptlc_",
        };
        key.identifier = format!("{prefix}{}", random::letters(self.seed, &[number, 61], 11));
        key.secret = random::letters(self.seed, &[number, 62], 32);
        let text = format!("{}{}", key.identifier, key.secret);
        self.keys.push(key);
        text
    }
}
