//! What the burn of panels' servers did since it was last kept: one entry per server, however often it moved. Pure.
//!
//! A panel's servers count from when their owners are known: what a first read finds is no change.

use std::collections::BTreeMap;

use crate::model::balance::BalanceKey;
use crate::model::fleet::Fleet;
use crate::model::ids::{AccountId, OrderId, OrderKey, ServerKey};
use crate::model::money::Money;
use crate::model::server::{Ownership, Server};
use crate::model::spend::{Bond, BurnChange, BurnerOwner, Cause, ChangeKind, cause_of};
use crate::model::time::Timestamp;

/// A server whose burn moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    name: String,
    order: Option<OrderKey>,
    owner: BurnerOwner,
    /// When it was last seen as before.
    since: Timestamp,
    /// When it was seen otherwise.
    at: Timestamp,
    before: Option<Money>,
    after: Option<Money>,
}

/// What moved. At most one entry per server that is known or was removed since; it is emptied every few seconds.
#[derive(Debug, Default)]
pub struct PanelBurn {
    /// Panels whose servers' burn is known, and when they were listed last.
    watched: BTreeMap<AccountId, Timestamp>,
    moved: BTreeMap<ServerKey, Moved>,
}

impl PanelBurn {
    /// From now on the changes of a panel's servers count, which were listed at `listed_at`.
    pub fn watch(&mut self, panel: &AccountId, listed_at: Timestamp) {
        self.watched.insert(panel.clone(), listed_at);
    }

    /// Takes note of a server that burnt `before`, and is gone or burns as it says now.
    pub fn note(
        &mut self,
        fleet: &Fleet,
        server: &Server,
        before: Option<Money>,
        is_gone: bool,
        at: Timestamp,
    ) {
        let after = if is_gone { None } else { server.burn_per_hour.clone() };
        let Some(since) = self.watched.get(&server.key.account).copied().filter(|_| before != after) else {
            return;
        };
        let first = self.moved.remove(&server.key);
        let (since, before) = first.map_or((since, before), |first| (first.since, first.before));
        if before != after {
            let order = match &server.ownership {
                Ownership::Order(order) => Some(order.clone()),
                _ => None,
            };
            let owner = owner_of(fleet, &server.ownership);
            let moved = Moved { name: server.name.clone(), order, owner, since, at, before, after };
            self.moved.insert(server.key.clone(), moved);
        }
    }

    /// What moved, as records that say who did it.
    pub fn take(&mut self, fleet: &Fleet) -> Vec<BurnChange> {
        let moved = std::mem::take(&mut self.moved);
        moved.iter().flat_map(|(server, moved)| changes_of(fleet, server, moved)).collect()
    }
}

/// A server of another currency stops burning one and begins to burn the other.
fn changes_of(fleet: &Fleet, server: &ServerKey, moved: &Moved) -> Vec<BurnChange> {
    let change = |before: Option<&Money>, after: Option<&Money>| {
        let unit = after.or(before)?.currency.clone();
        let amount = |money: Option<&Money>| money.map(|money| money.amount).unwrap_or_default();
        let (before, after) = (amount(before), amount(after));
        let mut change = BurnChange {
            at: moved.at,
            since: moved.since,
            server: server.clone(),
            name: moved.name.clone(),
            payer: BalanceKey::account(server.account.clone()),
            unit: Some(unit),
            owner: moved.owner.clone(),
            kind: ChangeKind::of(before, after)?,
            before,
            after,
            cause: Cause::Outside,
        };
        let bond = Bond { order: moved.order.as_ref(), ..Bond::default() };
        change.cause = cause_of(&change, bond, fleet.runs.values());
        Some(change)
    };
    let (before, after) = (moved.before.as_ref(), moved.after.as_ref());
    let is_one_unit = before.zip(after).is_none_or(|(before, after)| before.currency == after.currency);
    let changes =
        if is_one_unit { [change(before, after), None] } else { [change(before, None), change(None, after)] };
    changes.into_iter().flatten().collect()
}

/// For whom a panel's server runs, in the words of the burn.
pub fn owner_of(fleet: &Fleet, ownership: &Ownership) -> BurnerOwner {
    match ownership {
        Ownership::Order(order) => BurnerOwner::Order(OrderId(fleet.order_name(order))),
        Ownership::Kept { by, reason } => BurnerOwner::Kept { by: by.clone(), reason: reason.clone() },
        Ownership::Undecided | Ownership::NoShop | Ownership::Ambiguous(_) | Ownership::Orphan { .. } => {
            BurnerOwner::Unowned
        }
    }
}
