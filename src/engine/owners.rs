//! For whom a server runs that no panel has: the match or the order that points at it, or the person who keeps it. Pure.

use std::collections::{BTreeMap, HashMap};

use crate::model::fleet::Fleet;
use crate::model::ids::{OrderId, OrderKey, ServerKey};
use crate::model::matches::KeptServer;
use crate::model::spend::BurnerOwner;

/// What people said to keep, and why.
pub type Keeps = BTreeMap<ServerKey, KeptServer>;

/// Owners of some servers, looked up together so that matches and orders are walked once.
pub struct Owners<'a> {
    fleet: &'a Fleet,
    keeps: &'a Keeps,
    by_match: HashMap<&'a ServerKey, BurnerOwner>,
    by_order: HashMap<&'a str, OrderKey>,
}

impl<'a> Owners<'a> {
    /// Reads what points at servers.
    #[must_use]
    pub fn of(fleet: &'a Fleet, keeps: &'a Keeps) -> Self {
        let billing = fleet.matches.values().filter(|one| one.is_billing());
        let by_match = billing
            .filter_map(|one| Some((&one.rented.as_ref()?.key, BurnerOwner::Match(one.id.clone()))))
            .collect();
        // A shop that sells such servers writes the provider's own id where a panel's short one stands.
        let owning = fleet.orders.values().filter(|entry| entry.order.status.owns_a_server());
        let by_order = owning
            .filter_map(|entry| Some((entry.order.panel_identifier.as_deref()?, entry.order.key())))
            .filter(|(identifier, _)| !identifier.is_empty())
            .collect();
        Self { fleet, keeps, by_match, by_order }
    }

    /// For whom a server runs.
    #[must_use]
    pub fn owner(&self, server: &ServerKey) -> BurnerOwner {
        if let Some(owner) = self.by_match.get(server) {
            return owner.clone();
        }
        if let Some(order) = self.by_order.get(server.id.as_str()) {
            return BurnerOwner::Order(OrderId(self.fleet.order_name(order)));
        }
        match self.keeps.get(server) {
            Some(kept) => BurnerOwner::Kept { by: kept.by.clone(), reason: kept.reason.clone() },
            None => BurnerOwner::Unowned,
        }
    }
}
