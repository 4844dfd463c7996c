//! Who owns what: the owner of every server and the trouble of every order. Pure.
//!
//! Nothing is decided before both sides were read completely since the start, and nothing becomes an orphan because one
//! side was read later than the other: a row newer than the other side's last read waits for the next one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::burn;
use super::policy::ReconcilePolicy;
use crate::model::external_id::{Named, Shops};
use crate::model::fleet::{Fleet, OrderEntry, OrderTrouble};
use crate::model::ids::{AccountId, OrderId, OrderKey, ServerKey};
use crate::model::matches::KeptServer;
use crate::model::money::Money;
use crate::model::order::OrderStatus;
use crate::model::server::{OrphanReason, Ownership, Server};
use crate::model::time::Timestamp;

/// When the last complete, good read of each account began, since the engine started.
#[derive(Debug, Default)]
pub struct Seen {
    /// Orders databases.
    pub orders_asked_at: BTreeMap<AccountId, Timestamp>,
    /// Panels' servers.
    pub servers_asked_at: BTreeMap<AccountId, Timestamp>,
}

/// What reconciling looks at.
pub struct View<'a> {
    /// Everything known.
    pub fleet: &'a Fleet,
    /// The site's limits.
    pub policy: &'a ReconcilePolicy,
    /// What was read since the start.
    pub seen: &'a Seen,
    /// Servers that a person said to keep.
    pub kept: &'a BTreeMap<ServerKey, KeptServer>,
    /// The present.
    pub now: Timestamp,
}

impl View<'_> {
    /// The panel that an orders database sells servers of.
    fn panel_of(&self, orders: &AccountId) -> Option<&AccountId> {
        self.policy.sells.iter().find(|(account, _)| account == orders).map(|(_, panel)| panel)
    }

    /// Who sells on a panel.
    fn shops_of(&self, panel: &AccountId) -> Shops {
        self.policy.sells.iter().filter(|(_, sold)| sold == panel).map(|(orders, _)| orders.clone()).collect()
    }

    /// When the older of the reads that decide about a panel's servers began; nothing before all were read, nor for a
    /// panel without an orders database.
    fn orders_read_for(&self, panel: &AccountId) -> Option<Timestamp> {
        self.seen.servers_asked_at.get(panel)?;
        let shops = self.shops_of(panel);
        shops.iter().map(|orders| self.seen.orders_asked_at.get(orders).copied()).min().flatten()
    }
}

/// Look-ups shared by all decisions, so that none of them walks the fleet.
pub struct Index<'a> {
    /// Orders that point at a server by its number; one that owns servers wins over one that does not.
    order_of_number: HashMap<(&'a AccountId, i64), &'a OrderEntry>,
    /// Who sells on each panel.
    shops: HashMap<&'a AccountId, Shops>,
    /// Servers by the order that their external id names.
    server_of_order: HashMap<OrderKey, &'a Server>,
    /// Servers by number.
    server_of_number: HashMap<(&'a AccountId, i64), &'a Server>,
    /// Orders that a run of ours works on.
    worked_on: HashSet<&'a OrderKey>,
}

impl<'a> Index<'a> {
    /// Walks the fleet once.
    pub fn of(view: &View<'a>) -> Self {
        let fleet = view.fleet;
        let mut index = Self {
            order_of_number: HashMap::new(),
            shops: HashMap::new(),
            server_of_order: HashMap::with_capacity(fleet.servers.len()),
            server_of_number: HashMap::with_capacity(fleet.servers.len()),
            worked_on: HashSet::new(),
        };
        for server in fleet.servers.values() {
            let account = &server.key.account;
            let shops = index.shops.entry(account).or_insert_with(|| view.shops_of(account));
            if let Some(Named::Order(order)) = external_id(server).and_then(|id| shops.read(id)) {
                index.server_of_order.insert(order, server);
            }
            if let Ok(number) = server.key.id.parse() {
                index.server_of_number.insert((account, number), server);
            }
        }
        for entry in fleet.orders.values() {
            let Some((_, panel)) =
                view.policy.sells.iter().find(|(orders, _)| *orders == entry.order.account)
            else {
                continue;
            };
            if let Some(number) = entry.order.panel_server_id {
                let known = index.order_of_number.entry((panel, number)).or_insert(entry);
                if entry.order.status.owns_a_server() {
                    *known = entry;
                }
            }
        }
        for run in fleet.runs.values().filter(|run| !run.status.is_ended()) {
            if let Some(order) = run.plan.request.order() {
                index.worked_on.insert(order);
            }
        }
        index
    }

    /// The server that an order has: the one it points at, or the one that carries its id.
    fn server_of(&self, panel: &AccountId, entry: &OrderEntry) -> Option<&'a Server> {
        let number = entry.order.panel_server_id;
        let by_number = number.and_then(|number| self.server_of_number.get(&(panel, number)));
        by_number.or_else(|| self.server_of_order.get(&entry.order.key())).copied()
    }
}

/// A server whose owner or burn changed.
pub struct ServerVerdict {
    /// Which.
    pub key: ServerKey,
    /// Who answers for it now.
    pub ownership: Ownership,
    /// What it burns now.
    pub burn_per_hour: Option<Money>,
}

/// Decides every server; returns those that changed.
pub fn servers(view: &View<'_>, index: &Index<'_>) -> Vec<ServerVerdict> {
    let mut decided_at: HashMap<&AccountId, Option<Timestamp>> = HashMap::new();
    let mut verdicts = Vec::new();
    for server in view.fleet.servers.values() {
        let panel = &server.key.account;
        let read_at = *decided_at.entry(panel).or_insert_with(|| view.orders_read_for(panel));
        let claim = claim_on(view, index, server);
        let is_sold = index.shops.get(panel).is_some_and(|shops| !shops.is_empty());
        let ownership = match read_at {
            Some(read_at) => ownership(view, server, &claim, read_at),
            None if is_sold => server.ownership.clone(),
            None => kept(view, server).unwrap_or(Ownership::NoShop),
        };
        let order = match &claim {
            Claim::Owner(entry) | Claim::NotLive(entry) | Claim::HasAnother(entry) => Some(*entry),
            Claim::Ambiguous(_) | Claim::Missing(_) | Claim::None => None,
        };
        let burn_per_hour = burn::of_server(view.fleet, view.policy, server, order);
        if ownership != server.ownership || burn_per_hour != server.burn_per_hour {
            verdicts.push(ServerVerdict { key: server.key.clone(), ownership, burn_per_hour });
        }
    }
    verdicts
}

/// What the orders say about a server.
enum Claim<'a> {
    /// This order owns it.
    Owner(&'a OrderEntry),
    /// This order is its, but owns nothing any more.
    NotLive(&'a OrderEntry),
    /// It carries the id of this order, which has another server.
    HasAnother(&'a OrderEntry),
    /// It carries an id that may be each of these live orders', of several shops.
    Ambiguous(Vec<OrderKey>),
    /// It carries this id of an order that does not exist.
    Missing(String),
    /// No order knows it.
    None,
}

fn claim_on<'a>(view: &View<'a>, index: &Index<'a>, server: &Server) -> Claim<'a> {
    let panel = &server.key.account;
    let number = server.key.id.parse::<i64>().ok();
    let pointing = number.and_then(|number| index.order_of_number.get(&(panel, number)).copied());
    if let Some(entry) = pointing.filter(|entry| entry.order.status.owns_a_server()) {
        return Claim::Owner(entry);
    }
    let Some(external_id) = external_id(server) else {
        return pointing.map_or(Claim::None, Claim::NotLive);
    };
    let shops = index.shops.get(panel);
    let carried = match shops.and_then(|shops| shops.read(external_id)) {
        Some(Named::Order(order)) => view.fleet.orders.get(&order),
        Some(Named::OneOf(order)) => match claim_of_one(view, index, shops, server, &order) {
            Some(claim) => return claim,
            None => None,
        },
        None => None,
    };
    let Some(entry) = carried else {
        return pointing.map_or_else(|| Claim::Missing(external_id.to_owned()), Claim::NotLive);
    };
    claim_of(index, server, entry)
}

/// What a bare id says where several shops sell: it may be that of every live order which has no other server; only when
/// there is none is it known to be nobody's.
fn claim_of_one<'a>(
    view: &View<'a>,
    index: &Index<'a>,
    shops: Option<&Shops>,
    server: &Server,
    order: &OrderId,
) -> Option<Claim<'a>> {
    let key = |shop: &AccountId| OrderKey { account: shop.clone(), id: order.clone() };
    let entries = shops?.iter().filter_map(|shop| view.fleet.orders.get(&key(shop)));
    let (mut candidates, mut refusal) = (Vec::new(), None);
    for entry in entries {
        match claim_of(index, server, entry) {
            Claim::Owner(entry) => candidates.push(entry.order.key()),
            other => refusal = refusal.or(Some(other)),
        }
    }
    if candidates.is_empty() { refusal } else { Some(Claim::Ambiguous(candidates)) }
}

/// What an order that a server names says about it.
fn claim_of<'a>(index: &Index<'a>, server: &Server, entry: &'a OrderEntry) -> Claim<'a> {
    let panel = &server.key.account;
    let number = server.key.id.parse::<i64>().ok();
    if !entry.order.status.owns_a_server() {
        return Claim::NotLive(entry);
    }
    let other = entry.order.panel_server_id.filter(|other| Some(*other) != number);
    match other.and_then(|other| index.server_of_number.get(&(panel, other))) {
        Some(_) => Claim::HasAnother(entry),
        None => Claim::Owner(entry),
    }
}

/// The external id, where there is one.
fn external_id(server: &Server) -> Option<&str> {
    server.external_id.as_deref().filter(|id| !id.is_empty())
}

/// What a person said about a server.
fn kept(view: &View<'_>, server: &Server) -> Option<Ownership> {
    let kept = view.kept.get(&server.key)?;
    Some(Ownership::Kept { by: kept.by.clone(), reason: kept.reason.clone() })
}

fn ownership(view: &View<'_>, server: &Server, claim: &Claim<'_>, read_at: Timestamp) -> Ownership {
    let reason = match claim {
        Claim::Owner(entry) => return Ownership::Order(entry.order.key()),
        Claim::Ambiguous(orders) => {
            return kept(view, server).unwrap_or_else(|| Ownership::Ambiguous(orders.clone()));
        }
        Claim::NotLive(entry) => OrphanReason::OrderNotLive(entry.order.key(), entry.order.status.clone()),
        Claim::HasAnother(entry) => OrphanReason::OrderHasAnother(entry.order.key()),
        Claim::Missing(order) => OrphanReason::OrderMissing(order.clone()),
        Claim::None => OrphanReason::NoOwner,
    };
    if let Some(kept) = kept(view, server) {
        return kept;
    }
    match &server.ownership {
        Ownership::Orphan { since, .. } => Ownership::Orphan { reason, since: *since },
        // Seen after the orders were last read: its order may be newer than what is known.
        before if server.observed_at > read_at && !matches!(claim, Claim::NotLive(_)) => before.clone(),
        _ => Ownership::Orphan { reason, since: view.now },
    }
}

/// An order whose trouble or server changed.
pub struct OrderVerdict {
    /// Which.
    pub key: OrderKey,
    /// Why it stands out, if it does.
    pub trouble: Option<OrderTrouble>,
    /// The server it has.
    pub server: Option<ServerKey>,
}

/// Decides every order; returns those that changed.
pub fn orders(view: &View<'_>, index: &Index<'_>) -> Vec<OrderVerdict> {
    let mut verdicts = Vec::new();
    for entry in view.fleet.orders.values() {
        let panel = view.panel_of(&entry.order.account);
        let server = panel.and_then(|panel| index.server_of(panel, entry)).map(|server| &server.key);
        let trouble = trouble(view, index, entry, server.is_some());
        if trouble != entry.trouble || server != entry.server.as_ref() {
            verdicts.push(OrderVerdict { key: entry.order.key(), trouble, server: server.cloned() });
        }
    }
    verdicts
}

fn trouble(view: &View<'_>, index: &Index<'_>, entry: &OrderEntry, has_server: bool) -> Option<OrderTrouble> {
    let order = &entry.order;
    let since = order.updated_at.or(order.created_at).unwrap_or(order.observed_at);
    let age_ms = view.now.millis_since(since);
    match order.status {
        OrderStatus::Paid if age_ms > view.policy.paid_too_long_ms => Some(OrderTrouble::PaidTooLong),
        OrderStatus::Provisioning
            if view.now.millis_since(order.claimed_at()) > view.policy.provisioning_too_long_ms
                && !index.worked_on.contains(&order.key()) =>
        {
            Some(OrderTrouble::ProvisioningTooLong)
        }
        OrderStatus::Error => Some(OrderTrouble::InError),
        OrderStatus::Provisioned if !has_server => {
            let asked_at =
                view.panel_of(&order.account).and_then(|panel| view.seen.servers_asked_at.get(panel));
            match asked_at {
                // Changed after the servers were last read: its server may be newer than what is known.
                Some(asked_at) if order.observed_at <= *asked_at => Some(OrderTrouble::ServerGone),
                _ => entry.trouble.clone().filter(|before| *before == OrderTrouble::ServerGone),
            }
        }
        _ => None,
    }
}
