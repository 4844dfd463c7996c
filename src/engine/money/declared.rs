//! What was declared for each server of a balance in a span: the difference of its totals at both ends. Pure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::bookkeeper::Bookkeeper;
use super::snapshot::{Snapshot, SnapshotServer};
use super::snapshot_record::foreseen;
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::spend::total_of;
use crate::model::time::Timestamp;

/// Digits told of a server's sum.
const DIGITS: u32 = 6;

/// What was counted for each server since the meter began, with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared(BTreeMap<ServerKey, (String, Decimal)>);

impl Declared {
    /// As of what the books counted last.
    #[must_use]
    pub fn now(books: &Bookkeeper, balance: &BalanceKey) -> Self {
        let mut servers: BTreeMap<ServerKey, (String, Decimal)> = BTreeMap::new();
        for (server, counted) in books.meter().counted_for(balance) {
            let name = books.server_name(server).unwrap_or(&server.id).to_owned();
            servers.insert(server.clone(), (name, counted));
        }
        Self(servers)
    }

    /// At a moment, from the last snapshot before it: what ran then is counted on, but to no more than what is known of later.
    #[must_use]
    pub fn at(at: Timestamp, before: Option<&Snapshot>, later: &Self, balance: &BalanceKey) -> Self {
        let Some(before) = before else { return Self::default() };
        let passed_ms = at.millis_since(before.taken_at);
        let servers = before.servers.iter().chain(&before.gone).map(|server| {
            let counted = counted_of(&foreseen(server, passed_ms), balance);
            let known = later.0.get(&server.key).map_or(counted, |(_, later)| counted.min(*later));
            (server.key.clone(), (server.name.clone(), known))
        });
        Self(servers.collect())
    }

    /// In a snapshot.
    #[must_use]
    pub fn of(snapshot: &Snapshot, balance: &BalanceKey) -> Self {
        let servers = snapshot
            .servers
            .iter()
            .map(|server| (server.key.clone(), (server.name.clone(), counted_of(server, balance))));
        Self(servers.collect())
    }

    /// What came since an earlier moment, largest first.
    #[must_use]
    pub fn since(self, earlier: &Self) -> Vec<(ServerKey, String, Decimal)> {
        let before = |key: &ServerKey| earlier.0.get(key).map_or(Decimal::ZERO, |(_, counted)| *counted);
        let mut servers: Vec<_> = self
            .0
            .into_iter()
            .map(|(key, (name, counted))| {
                let total = total_of(counted - before(&key)).round_dp(DIGITS).normalize();
                (key, name, total)
            })
            .filter(|(_, _, total)| *total > Decimal::ZERO)
            .collect();
        servers.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        servers
    }
}

fn counted_of(server: &SnapshotServer, balance: &BalanceKey) -> Decimal {
    server.counted().filter(|(payer, ..)| *payer == balance).map(|(.., counted)| counted).sum()
}
