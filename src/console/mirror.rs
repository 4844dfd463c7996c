//! The console's copy of the fleet: applies what the engine says and notes what that touched.

use std::collections::BTreeSet;

use super::component::Touched;
use crate::link::packed::PackedFleet;
use crate::model::account::FeedKind;
use crate::model::balance::BalanceKey;
use crate::model::fleet::Change;
use crate::model::ids::{AccountId, MatchId, NodeKey, OrderKey, RunId, ServerKey, ShopPlanKey};

/// Beyond this many touched things, views are told "everything": telling one by one would cost more.
const TOUCHED_ONE_BY_ONE: usize = 2_000;

/// What a snapshot has named so far; the rest is gone when it ends.
#[derive(Default)]
struct Named {
    feeds: BTreeSet<(AccountId, FeedKind)>,
    orders: BTreeSet<OrderKey>,
    shop_plans: BTreeSet<ShopPlanKey>,
    nodes: BTreeSet<NodeKey>,
    servers: BTreeSet<ServerKey>,
    runs: BTreeSet<RunId>,
    balances: BTreeSet<BalanceKey>,
    credit_servers: BTreeSet<ServerKey>,
    matches: BTreeSet<MatchId>,
    game_servers: BTreeSet<ServerKey>,
}

/// A snapshot that is arriving.
enum Snapshot {
    /// Over an empty mirror: nothing can be gone at its end, and its first rows are shown at once, the most urgent ones
    /// (the engine sends them first); the rest when it is complete.
    First {
        /// Whether those rows were shown.
        is_shown: bool,
    },
    /// Over what is on screen already, which stays until the end.
    Again(Box<Named>),
}

/// The copy.
#[derive(Default)]
pub struct Mirror {
    fleet: PackedFleet,
    snapshot: Option<Snapshot>,
    touched: Touched,
    is_touched: bool,
}

impl Mirror {
    /// The fleet as known now.
    #[must_use]
    pub fn fleet(&self) -> &PackedFleet {
        &self.fleet
    }

    /// A snapshot begins: what is known stays on screen until it ends.
    pub fn begin_snapshot(&mut self) {
        let fleet = &self.fleet;
        let is_first = fleet.orders.is_empty() && fleet.servers.is_empty() && fleet.nodes.is_empty();
        self.snapshot = Some(if is_first {
            Snapshot::First { is_shown: false }
        } else {
            Snapshot::Again(Box::default())
        });
        self.fleet.notices.clear();
    }

    /// Whether the first rows of the first snapshot are here and were not shown yet.
    #[must_use]
    pub fn has_first_rows(&self) -> bool {
        matches!(self.snapshot, Some(Snapshot::First { is_shown: false })) && !self.fleet.orders.is_empty()
    }

    /// Applies changes, in order.
    pub fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match &mut self.snapshot {
                Some(Snapshot::Again(named)) => named.note(&change),
                Some(Snapshot::First { .. }) => {}
                None if self.touched.is_everything => {}
                None => self.touched.note(&change),
            }
            self.fleet.apply(change);
        }
        self.is_touched = true;
        if self.touched.orders.len() + self.touched.servers.len() > TOUCHED_ONE_BY_ONE {
            self.touched = Touched::everything();
        }
    }

    /// The snapshot is complete: what it did not name is gone.
    pub fn end_snapshot(&mut self) {
        if let Some(Snapshot::Again(named)) = self.snapshot.take() {
            let fleet = &mut self.fleet;
            fleet.feeds.retain(|key, _| named.feeds.contains(key));
            fleet.orders.retain_keys(|key| named.orders.contains(key));
            fleet.shop_plans.retain(|key, _| named.shop_plans.contains(key));
            fleet.nodes.retain(|key, _| named.nodes.contains(key));
            fleet.servers.retain_keys(|key| named.servers.contains(key));
            fleet.runs.retain(|key, _| named.runs.contains(key));
            fleet.balances.retain(|key, _| named.balances.contains(key));
            fleet.burners.retain(|key, _| named.balances.contains(key));
            fleet.credit_servers.retain(|key, _| named.credit_servers.contains(key));
            fleet.matches.retain(|key, _| named.matches.contains(key));
            fleet.game_servers.retain(|key, _| named.game_servers.contains(key));
        }
        self.touched = Touched::everything();
        self.is_touched = true;
    }

    /// What was touched since it was last asked; while a snapshot arrives nothing but the first rows of the first one.
    pub fn take_touched(&mut self) -> Option<Touched> {
        if !self.is_touched {
            return None;
        }
        match &mut self.snapshot {
            Some(Snapshot::First { is_shown }) if !*is_shown && !self.fleet.orders.is_empty() => {
                *is_shown = true;
                return Some(Touched::everything());
            }
            Some(_) => return None,
            None => {}
        }
        self.is_touched = false;
        Some(std::mem::take(&mut self.touched))
    }
}

impl Named {
    fn note(&mut self, change: &Change) {
        match change {
            Change::Feed(feed) => {
                self.feeds.insert((feed.account.clone(), feed.kind));
            }
            Change::Order(entry) => {
                self.orders.insert(entry.order.key());
            }
            Change::ShopPlan(plan) => {
                self.shop_plans.insert(plan.key());
            }
            Change::Node(node) => {
                self.nodes.insert(node.key.clone());
            }
            Change::Server(server) => {
                self.servers.insert(server.key.clone());
            }
            Change::Run(run) => {
                self.runs.insert(run.id.clone());
            }
            Change::CreditServer(server) => {
                self.credit_servers.insert(server.key.clone());
            }
            Change::GameServer(server) => {
                self.game_servers.insert(server.key.clone());
            }
            Change::Balance(view) => {
                self.balances.insert(view.balance.key.clone());
            }
            Change::Match(one) => {
                self.matches.insert(one.id.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::{Capacity, Node};
    use crate::model::time::Timestamp;

    fn node(id: &str) -> Change {
        Change::Node(Box::new(Node {
            key: NodeKey { account: "panel".into(), id: id.to_owned() },
            name: id.to_owned(),
            fqdn: String::new(),
            location: String::new(),
            is_public: true,
            is_maintenance: false,
            memory: Capacity::default(),
            disk: Capacity::default(),
            allocations_total: None,
            allocations_free: None,
            servers: 0,
            observed_at: Timestamp(0),
        }))
    }

    fn names(mirror: &Mirror) -> Vec<&str> {
        mirror.fleet().nodes.keys().map(|key| key.id.as_str()).collect()
    }

    #[test]
    fn a_second_snapshot_keeps_the_old_rows_until_it_ends() {
        let mut mirror = Mirror::default();
        mirror.begin_snapshot();
        mirror.apply(vec![node("1"), node("2")]);
        assert!(mirror.take_touched().is_none(), "half a snapshot is not told");
        mirror.end_snapshot();
        assert!(mirror.take_touched().unwrap().is_everything);
        mirror.begin_snapshot();
        mirror.apply(vec![node("2"), node("3")]);
        assert_eq!(names(&mirror), ["1", "2", "3"]);
        mirror.end_snapshot();
        assert_eq!(names(&mirror), ["2", "3"]);
        assert!(mirror.take_touched().unwrap().is_everything);
        assert!(mirror.take_touched().is_none());
    }

    #[test]
    fn deltas_are_told_one_by_one() {
        let mut mirror = Mirror::default();
        mirror.apply(vec![node("7")]);
        let touched = mirror.take_touched().unwrap();
        assert!(!touched.is_everything);
        assert_eq!(touched.nodes.len(), 1);
    }
}
