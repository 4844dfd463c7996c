//! The fleet as one value: every observation goes in here, changes come out. Pure: no clock, no lock, no runtime.
//!
//! Only real differences become changes: a server that a poll found as it was yields nothing (the feed says how old the
//! knowledge is). Nothing here removes a row because
//! something failed; rows go when a complete, good read misses them.

mod matches;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::findings::{self, Totals};
use super::matches::leaks::Rented;
use super::money;
use super::owners::{Keeps, Owners};
use super::panel_burn::PanelBurn;
use super::policy::ReconcilePolicy;
use super::reconcile::{self, Seen};
use crate::model::account::{Feed, FeedKind};
use crate::model::condition::EngineCondition;
use crate::model::fleet::{Change, Fleet, OrderEntry, Summary};
use crate::model::ids::{AccountId, NodeKey, OrderKey, RunId, ServerKey};
use crate::model::node::Node;
use crate::model::order::{Order, RegionNode, ShopPlan};
use crate::model::run::{Run, RunStatus};
use crate::model::server::{Ownership, PowerState, Server, Usage};
use crate::model::spend::BurnChange;
use crate::model::time::Timestamp;

pub use super::observation::Observation;
pub use super::shared::SharedFleet;
pub use super::subscription::{Subscription, SubscriptionEvent};

/// What an observation touched, gathered so that each thing is told once, in its final form.
#[derive(Default)]
struct Touched {
    /// Changes that are final already.
    direct: Vec<Change>,
    orders: BTreeSet<OrderKey>,
    nodes: BTreeSet<NodeKey>,
    servers: BTreeSet<ServerKey>,
    reconcile: Reconcile,
}

/// How much has to be looked at again.
#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reconcile {
    #[default]
    Nothing,
    /// Orders' troubles and the totals.
    Orders,
    /// Owners and burn too.
    Everything,
}

/// The fleet with what the reconciler must remember beside it.
#[derive(Debug, Default)]
pub struct FleetState {
    fleet: Fleet,
    policy: ReconcilePolicy,
    seen: Seen,
    kept: Keeps,
    /// Servers that somebody saw vanish, with when: a poll that began before must not bring them back.
    gone: BTreeMap<ServerKey, Timestamp>,
    totals: Totals,
    panel_burn: PanelBurn,
    /// Rented servers as they were last read.
    rented: Rented,
    /// The feeds as screens know them.
    feeds_told: BTreeMap<(AccountId, FeedKind), Feed>,
}

impl FleetState {
    /// An empty fleet.
    #[must_use]
    pub fn new(policy: ReconcilePolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Everything known.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Takes over what an earlier engine knew; nothing of it counts as read.
    pub fn remember(&mut self, changes: Vec<Change>, now: Timestamp) {
        for change in changes {
            self.fleet.apply(change);
        }
        let mut touched = Touched { reconcile: Reconcile::Everything, ..Touched::default() };
        self.reconcile(now, &mut touched);
        // What is remembered is where changes begin.
        let panels: BTreeSet<AccountId> =
            self.fleet.servers.keys().map(|server| server.account.clone()).collect();
        for panel in panels {
            let feed = self.fleet.feeds.get(&(panel.clone(), FeedKind::Servers));
            self.panel_burn.watch(&panel, feed.and_then(|feed| feed.succeeded_at).unwrap_or(now));
        }
    }

    /// For whom servers run that no panel has.
    #[must_use]
    pub fn owners(&self) -> Owners<'_> {
        Owners::of(&self.fleet, &self.kept)
    }

    /// What the burn of panels' servers did since this was last asked.
    pub fn take_burn_changes(&mut self) -> Vec<BurnChange> {
        self.panel_burn.take(&self.fleet)
    }

    /// Takes an observation in; what comes out, applied to a mirror, makes the mirror show what this
    /// fleet shows: equal, but for the moments of single reads of feeds that are well.
    pub fn observe(&mut self, observation: Observation, now: Timestamp) -> Vec<Change> {
        let mut touched = Touched::default();
        self.reduce(observation, now, &mut touched);
        self.reconcile(now, &mut touched);
        self.tell(touched)
    }

    fn reduce(&mut self, observation: Observation, now: Timestamp, touched: &mut Touched) {
        match observation {
            Observation::Site(site) => self.site(*site, touched),
            Observation::Orders { account, asked_at, orders, plans, region_nodes } => {
                self.orders(&account, asked_at, orders, touched);
                self.plans(&account, plans, touched);
                self.region_nodes(&account, region_nodes, touched);
                self.seen.orders_asked_at.insert(account, asked_at);
            }
            Observation::Nodes { account, asked_at, nodes } => self.nodes(&account, asked_at, nodes, touched),
            Observation::Servers { account, asked_at, servers } => {
                self.servers(&account, asked_at, servers, touched);
                self.seen.servers_asked_at.insert(account, asked_at);
            }
            Observation::OneServer(server) => {
                self.gone.remove(&server.key);
                self.server(*server, touched);
            }
            Observation::ServerGone(key) => {
                self.rented_gone(&key, now, touched);
                self.server_gone(key, now, touched);
            }
            Observation::OneOrder(order) => self.order(*order, touched),
            Observation::Usage { key, power, usage } => self.usage(&key, power, usage, touched),
            Observation::Feed(feed) => {
                let is_late = feed.is_overdue(now);
                self.feed(Feed { is_late, ..*feed }, touched);
            }
            Observation::Run(run) => {
                self.run(*run, touched);
                if touched.reconcile != Reconcile::Nothing {
                    self.judge_rented(None, now, touched);
                }
            }
            Observation::Samples { series, points } => {
                if !points.is_empty() {
                    touched.direct.push(Change::Samples { series, points });
                }
            }
            Observation::Notice { text } => {
                self.tell_at_once(vec![Change::Notice { at: now, text }], touched);
            }
            Observation::CreditServers { account, asked_at, servers } => {
                let changes = money::fleet::replace_servers(&mut self.fleet, &account, asked_at, servers);
                touched.direct.extend(changes);
            }
            Observation::OneCreditServer(server) => {
                touched.direct.extend(money::fleet::put_server(&mut self.fleet, *server));
            }
            Observation::Money(changes) => {
                self.tell_at_once(changes, touched);
                touched.reconcile = touched.reconcile.max(Reconcile::Orders);
            }
            Observation::Rebuild(rebuild) => self.engine(touched, |engine| engine.rebuild = rebuild),
            Observation::PartFailed { part } => self.engine(touched, |engine| {
                if !engine.failed_parts.contains(&part) {
                    engine.failed_parts.push(part);
                }
            }),
            observation @ (Observation::Kept { .. }
            | Observation::GameServers { .. }
            | Observation::Match(_)
            | Observation::MatchSettled { .. }) => self.reduce_matches(observation, now, touched),
            Observation::Tick => {
                // What a person keeps until a moment is an orphan after it.
                self.judge_rented(None, now, touched);
                touched.reconcile = Reconcile::Orders;
            }
        }
    }

    /// Changes that are final already.
    fn tell_at_once(&mut self, changes: Vec<Change>, touched: &mut Touched) {
        for change in &changes {
            self.fleet.apply(change.clone());
        }
        touched.direct.extend(changes);
    }

    /// Keeps a feed's condition, and tells it when screens show something else than before.
    fn feed(&mut self, feed: Feed, touched: &mut Touched) {
        let place = (feed.account.clone(), feed.kind);
        if self.feeds_told.get(&place).is_none_or(|told| !told.looks_like(&feed)) {
            self.feeds_told.insert(place.clone(), feed.clone());
            touched.direct.push(Change::Feed(Box::new(feed.clone())));
        }
        self.fleet.feeds.insert(place, feed);
    }

    fn engine(&mut self, touched: &mut Touched, change: impl FnOnce(&mut EngineCondition)) {
        let before = self.fleet.engine.clone();
        change(&mut self.fleet.engine);
        if self.fleet.engine != before {
            touched.direct.push(Change::Engine(Box::new(self.fleet.engine.clone())));
        }
    }

    fn site(&mut self, site: crate::model::site::Site, touched: &mut Touched) {
        if self.fleet.site != site {
            // The rates may have changed, and with them every total.
            touched.reconcile = Reconcile::Everything;
            self.fleet.site = site.clone();
            touched.direct.push(Change::Site(site));
        }
    }

    fn orders(
        &mut self,
        account: &AccountId,
        asked_at: Timestamp,
        orders: Vec<Order>,
        touched: &mut Touched,
    ) {
        let here: HashSet<OrderKey> = orders.iter().map(Order::key).collect();
        for order in orders {
            let is_newer_here =
                self.fleet.orders.get(&order.key()).is_some_and(|e| e.order.observed_at > asked_at);
            if !is_newer_here {
                self.order(order, touched);
            }
        }
        let missing = self.fleet.orders.values().filter(|entry| {
            entry.order.account == *account
                && entry.order.observed_at <= asked_at
                && !here.contains(&entry.order.key())
        });
        for id in missing.map(|entry| entry.order.key()).collect::<Vec<_>>() {
            self.fleet.orders.remove(&id);
            touched.orders.insert(id);
        }
        // Even without a difference: the first complete read decides owners.
        touched.reconcile = Reconcile::Everything;
    }

    fn order(&mut self, mut order: Order, touched: &mut Touched) {
        let key = order.key();
        if let Some(entry) = self.fleet.orders.get_mut(&key) {
            let observed_at = std::mem::replace(&mut order.observed_at, entry.order.observed_at);
            if order == entry.order {
                return;
            }
            Arc::make_mut(entry).order = Order { observed_at, ..order };
        } else {
            let entry = OrderEntry { order, trouble: None, server: None };
            self.fleet.orders.insert(key.clone(), Arc::new(entry));
        }
        touched.orders.insert(key);
        touched.reconcile = Reconcile::Everything;
    }

    fn plans(&mut self, account: &AccountId, plans: Vec<ShopPlan>, touched: &mut Touched) {
        let here: BTreeSet<_> = plans.iter().map(ShopPlan::key).collect();
        for plan in plans {
            if self.fleet.shop_plans.get(&plan.key()) != Some(&plan) {
                touched.direct.push(Change::ShopPlan(Box::new(plan.clone())));
                self.fleet.shop_plans.insert(plan.key(), plan);
            }
        }
        let is_missing = |plan: &&ShopPlan| plan.account == *account && !here.contains(&plan.key());
        let missing: Vec<_> = self.fleet.shop_plans.values().filter(is_missing).map(ShopPlan::key).collect();
        for id in missing {
            self.fleet.shop_plans.remove(&id);
            touched.direct.push(Change::ShopPlanRemoved(id));
        }
    }

    /// Replaces one shop's map; the others' stay. Shops in the order of their names, rows as read.
    fn region_nodes(&mut self, account: &AccountId, rows: Vec<RegionNode>, touched: &mut Touched) {
        let others = self.fleet.region_nodes.iter().filter(|row| row.account != *account).cloned();
        let mut rows: Vec<RegionNode> = others.chain(rows).collect();
        rows.sort_by(|one, other| one.account.cmp(&other.account));
        if self.fleet.region_nodes != rows {
            self.fleet.region_nodes.clone_from(&rows);
            touched.direct.push(Change::RegionNodes(rows));
        }
    }

    fn nodes(&mut self, account: &AccountId, asked_at: Timestamp, nodes: Vec<Node>, touched: &mut Touched) {
        let here: BTreeSet<_> = nodes.iter().map(|node| node.key.clone()).collect();
        for mut node in nodes {
            if let Some(known) = self.fleet.nodes.get(&node.key) {
                // The panel's list knows neither: servers are counted here, allocations a few nodes at a time.
                node.servers = known.servers;
                node.allocations_total = node.allocations_total.or(known.allocations_total);
                node.allocations_free = node.allocations_free.or(known.allocations_free);
                let observed_at = std::mem::replace(&mut node.observed_at, known.observed_at);
                if node == *known {
                    continue;
                }
                node.observed_at = observed_at;
            }
            touched.nodes.insert(node.key.clone());
            touched.reconcile = Reconcile::Everything;
            self.fleet.nodes.insert(node.key.clone(), node);
        }
        let is_missing = |node: &&Node| {
            node.key.account == *account && node.observed_at <= asked_at && !here.contains(&node.key)
        };
        for key in
            self.fleet.nodes.values().filter(is_missing).map(|node| node.key.clone()).collect::<Vec<_>>()
        {
            self.fleet.nodes.remove(&key);
            touched.nodes.insert(key);
        }
    }

    fn servers(
        &mut self,
        account: &AccountId,
        asked_at: Timestamp,
        servers: Vec<Server>,
        touched: &mut Touched,
    ) {
        let here: HashSet<ServerKey> = servers.iter().map(|server| server.key.clone()).collect();
        for server in servers {
            let is_newer_here =
                self.fleet.servers.get(&server.key).is_some_and(|known| known.observed_at > asked_at);
            let is_gone = self.gone.get(&server.key).is_some_and(|at| *at > asked_at);
            if !is_newer_here && !is_gone {
                self.server(server, touched);
            }
        }
        let is_missing = |server: &&Arc<Server>| {
            server.key.account == *account && server.observed_at <= asked_at && !here.contains(&server.key)
        };
        for key in self
            .fleet
            .servers
            .values()
            .filter(is_missing)
            .map(|server| server.key.clone())
            .collect::<Vec<_>>()
        {
            self.remove_server(key, asked_at, touched);
        }
        self.gone.retain(|key, at| key.account != *account || *at > asked_at);
        touched.reconcile = Reconcile::Everything;
    }

    /// Puts a server in, keeping what its list does not say: power, use, owner, burn.
    fn server(&mut self, mut server: Server, touched: &mut Touched) {
        if let Some(known) = self.fleet.servers.get_mut(&server.key) {
            if server.power == PowerState::Unknown {
                server.power = known.power;
            }
            server.usage = server.usage.or(known.usage);
            server.ownership = known.ownership.clone();
            server.burn_per_hour.clone_from(&known.burn_per_hour);
            let observed_at = std::mem::replace(&mut server.observed_at, known.observed_at);
            if server == **known {
                return;
            }
            *known = Arc::new(Server { observed_at, ..server });
            touched.servers.insert(known.key.clone());
        } else {
            server.ownership = Ownership::Undecided;
            server.burn_per_hour = None;
            touched.servers.insert(server.key.clone());
            self.fleet.servers.insert(server.key.clone(), Arc::new(server));
        }
        touched.reconcile = Reconcile::Everything;
    }

    fn server_gone(&mut self, key: ServerKey, now: Timestamp, touched: &mut Touched) {
        self.gone.insert(key.clone(), now);
        if self.fleet.servers.contains_key(&key) {
            self.remove_server(key, now, touched);
            touched.reconcile = Reconcile::Everything;
        }
    }

    fn remove_server(&mut self, key: ServerKey, at: Timestamp, touched: &mut Touched) {
        if let Some(server) = self.fleet.servers.remove(&key) {
            self.panel_burn.note(&self.fleet, &server, server.burn_per_hour.clone(), true, at);
        }
        touched.servers.insert(key);
    }

    fn usage(&mut self, key: &ServerKey, power: PowerState, usage: Option<Usage>, touched: &mut Touched) {
        let Some(server) = self.fleet.servers.get_mut(key) else { return };
        let kept = usage.or(server.usage);
        if server.power != power || server.usage != kept {
            let server = Arc::make_mut(server);
            server.power = power;
            server.usage = kept;
            touched.direct.push(Change::ServerUsage { key: key.clone(), power, usage });
        }
    }

    fn run(&mut self, run: Run, touched: &mut Touched) {
        let known = self.fleet.runs.get(&run.id);
        if known == Some(&run) {
            return;
        }
        // What a step says changes no order's trouble and no total: only how the run stands does.
        let is_as_before = known.is_some_and(|known| known.status == run.status);
        touched.direct.push(Change::Run(Box::new(run.clone())));
        self.fleet.runs.insert(run.id.clone(), run);
        if is_as_before {
            return;
        }
        touched.reconcile = touched.reconcile.max(Reconcile::Orders);
        for id in self.surplus_runs() {
            self.fleet.runs.remove(&id);
            touched.direct.push(Change::RunRemoved(id));
        }
    }

    /// Ended runs beyond what the policy keeps, oldest first; a run that waits for a person is never dropped.
    fn surplus_runs(&self) -> Vec<RunId> {
        let surplus = self.fleet.runs.len().saturating_sub(self.policy.ended_runs_kept);
        let is_settled = |run: &&Run| run.status.is_ended() && run.status != RunStatus::NeedsOperator;
        self.fleet.runs.values().filter(is_settled).take(surplus).map(|run| run.id.clone()).collect()
    }

    fn reconcile(&mut self, now: Timestamp, touched: &mut Touched) {
        if touched.reconcile == Reconcile::Nothing {
            return;
        }
        let view = reconcile::View {
            fleet: &self.fleet,
            policy: &self.policy,
            seen: &self.seen,
            kept: &self.kept,
            now,
        };
        let index = reconcile::Index::of(&view);
        let orders = reconcile::orders(&view, &index);
        let servers = if touched.reconcile == Reconcile::Everything {
            reconcile::servers(&view, &index)
        } else {
            Vec::new()
        };
        drop(index);
        for verdict in servers {
            self.take_verdict(verdict, now, touched);
        }
        for verdict in orders {
            if let Some(entry) = self.fleet.orders.get_mut(&verdict.key).map(Arc::make_mut) {
                entry.trouble = verdict.trouble;
                entry.server = verdict.server;
                touched.orders.insert(verdict.key);
            }
        }
        if touched.reconcile == Reconcile::Everything {
            self.totals = findings::totals(&self.fleet);
            self.count_servers(touched);
            self.watch_decided_panels();
        }
        self.summarise(touched);
    }

    fn take_verdict(&mut self, verdict: reconcile::ServerVerdict, now: Timestamp, touched: &mut Touched) {
        let Some(server) = self.fleet.servers.get_mut(&verdict.key) else { return };
        let known = Arc::make_mut(server);
        known.ownership = verdict.ownership;
        let before = std::mem::replace(&mut known.burn_per_hour, verdict.burn_per_hour);
        let server = Arc::clone(server);
        self.panel_burn.note(&self.fleet, &server, before, false, now);
        touched.servers.insert(verdict.key);
    }

    /// Panels whose servers and shops were all read: from here on a burn that moves has moved.
    fn watch_decided_panels(&mut self) {
        for (panel, listed_at) in &self.seen.servers_asked_at {
            let mut shops = self.policy.sells.iter().filter(|(_, sold)| sold == panel);
            if shops.all(|(shop, _)| self.seen.orders_asked_at.contains_key(shop)) {
                self.panel_burn.watch(panel, *listed_at);
            }
        }
    }

    /// How many servers stand on each node: the panel's list of nodes does not say.
    fn count_servers(&mut self, touched: &mut Touched) {
        let counts = findings::servers_by_node(&self.fleet);
        for node in self.fleet.nodes.values_mut() {
            let servers = counts.get(&node.key).copied().unwrap_or(0);
            if node.servers != servers {
                node.servers = servers;
                touched.nodes.insert(node.key.clone());
            }
        }
    }

    fn summarise(&mut self, touched: &mut Touched) {
        let summary = findings::summary(&self.fleet, &self.totals);
        let findings = findings::findings(&self.fleet, &summary);
        if self.fleet.summary != summary {
            touched.direct.push(Change::Summary(Summary::clone(&summary)));
            self.fleet.summary = summary;
        }
        if !self.fleet.billed_later.values().eq(&self.totals.billed_later) {
            let change = Change::BilledLater(self.totals.billed_later.clone());
            self.fleet.apply(change.clone());
            touched.direct.push(change);
        }
        if self.fleet.findings != findings {
            touched.direct.push(Change::Findings(findings.clone()));
            self.fleet.findings = findings;
        }
    }

    fn tell(&self, touched: Touched) -> Vec<Change> {
        let orders = touched
            .orders
            .into_iter()
            .map(|id| told(&self.fleet.orders, id, Change::Order, Change::OrderRemoved));
        let servers = touched
            .servers
            .into_iter()
            .map(|key| told(&self.fleet.servers, key, Change::Server, Change::ServerRemoved));
        let nodes = touched.nodes.into_iter().map(|key| {
            told(&self.fleet.nodes, key, |node| Change::Node(Box::new(node)), Change::NodeRemoved)
        });
        touched.direct.into_iter().chain(orders).chain(nodes).chain(servers).collect()
    }
}

/// The change that brings a mirror up to date about `key`.
fn told<K: Ord + Hash, V: Clone>(
    known: &BTreeMap<K, V>,
    key: K,
    changed: fn(V) -> Change,
    removed: fn(K) -> Change,
) -> Change {
    match known.get(&key) {
        Some(value) => changed(value.clone()),
        None => removed(key),
    }
}
