//! The fleet: everything known about a site as one value, and the changes that move it.
//!
//! The engine holds one and turns observations into [`Change`]s; every console holds a mirror and applies the same
//! changes. Applying a change twice is harmless, so a resync may overlap what was already seen.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account::{Feed, FeedKind};
use super::balance::BalanceKey;
use super::balance_view::BalanceView;
use super::billed_later::BilledLater;
use super::condition::EngineCondition;
use super::credits::CreditServer;
use super::finding::Finding;
use super::game_server::GameServer;
use super::ids::{AccountId, MatchId, NodeKey, OrderKey, RunId, ServerKey, ShopPlanKey};
use super::matches::{Match, RentedView};
use super::money::Money;
use super::node::Node;
use super::order::{Order, RegionNode, ShopPlan};
use super::run::Run;
use super::server::{PowerState, Server, Usage};
use super::site::Site;
use super::spend::{Alert, Burner};
use super::time::Timestamp;

/// The totals of the header, computed by the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Burn of everything known, in the reporting currency per hour.
    pub burn_per_hour: Option<Money>,
    /// Of that, what nothing owns.
    pub orphan_burn_per_hour: Option<Money>,
    /// Servers that nothing owns.
    pub orphans: u32,
    /// Orders that are stuck (paid or provisioning for too long, or in error).
    pub stuck_orders: u32,
    /// Orders whose server is gone.
    pub orders_without_server: u32,
    /// Runs going on.
    pub runs_active: u32,
    /// Runs that wait for a person.
    pub runs_needing_operator: u32,
    /// Amounts left out of the burn because no rate to the reporting currency is configured.
    pub unconverted: u32,
}

/// Why an order stands out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderTrouble {
    /// Paid for longer than the configured limit.
    PaidTooLong,
    /// Claimed for longer than the limit and no run of ours works on it.
    ProvisioningTooLong,
    /// In error.
    InError,
    /// Provisioned, but its server is not on the panel.
    ServerGone,
}

/// An order as lists show it: the row and what the reconciler thinks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// The row.
    pub order: Order,
    /// Why it stands out, if it does.
    pub trouble: Option<OrderTrouble>,
    /// The server it owns, where one was found.
    pub server: Option<ServerKey>,
}

/// One point of a series, for sparklines; a gap is a missing point, never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// How much; units are the series'.
    pub value: f32,
}

/// What a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Percent of one core.
    CpuPercent,
    /// Bytes.
    MemoryBytes,
    /// Bytes per second, both ways.
    NetworkBytesPerSecond,
    /// Percent of a node's sellable memory that is sold.
    NodeMemoryPercent,
    /// Percent of a node's sellable disk that is sold.
    NodeDiskPercent,
    /// Burn per hour: the site's in the reporting currency, a balance's in its own unit.
    BurnPerHour,
}

/// What a series belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesOwner {
    /// The whole site.
    Site,
    /// A node.
    Node(NodeKey),
    /// A server.
    Server(ServerKey),
    /// A balance, or an account that is billed later.
    Balance(BalanceKey),
}

/// A series' name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// What it belongs to.
    pub owner: SeriesOwner,
    /// What it measures.
    pub metric: Metric,
}

/// One change of the fleet. Every variant replaces or removes one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The site's description.
    Site(Site),
    /// The header's totals.
    Summary(Summary),
    /// A feed's condition.
    Feed(Box<Feed>),
    /// An order, new or changed.
    Order(Arc<OrderEntry>),
    /// An order that is gone from its database.
    OrderRemoved(OrderKey),
    /// A shop plan.
    ShopPlan(Box<ShopPlan>),
    /// A shop plan that is gone.
    ShopPlanRemoved(ShopPlanKey),
    /// The whole map of regions to nodes, of every shop.
    RegionNodes(Vec<RegionNode>),
    /// A node.
    Node(Box<Node>),
    /// A node that is gone.
    NodeRemoved(NodeKey),
    /// A server.
    Server(Arc<Server>),
    /// Only the live part of a server.
    ServerUsage {
        /// Which.
        key: ServerKey,
        /// The daemon's word.
        power: PowerState,
        /// What it uses, where known.
        usage: Option<Usage>,
    },
    /// A server that is gone.
    ServerRemoved(ServerKey),
    /// A run, new or changed.
    Run(Box<Run>),
    /// A run dropped from the list (old and ended).
    RunRemoved(RunId),
    /// The whole list of the reconciler's findings.
    Findings(Vec<Finding>),
    /// A server that burns credits.
    CreditServer(Arc<CreditServer>),
    /// A server that burns credits is gone from its account.
    CreditServerRemoved(ServerKey),
    /// A balance, read again or with another burn.
    Balance(Box<BalanceView>),
    /// A balance that is gone from its account (a pool).
    BalanceRemoved(BalanceKey),
    /// Everything that burns a balance.
    Burners {
        /// The balance.
        payer: BalanceKey,
        /// Largest first.
        burners: Vec<Burner>,
    },
    /// The whole list of the alerts that hold.
    Alerts(Vec<Alert>),
    /// New points of a series in focus, oldest first.
    Samples {
        /// Which series.
        series: SeriesKey,
        /// The points.
        points: Vec<Sample>,
    },
    /// A line for everyone: the store was rebuilt, a log line was damaged.
    Notice {
        /// When.
        at: Timestamp,
        /// What happened.
        text: String,
    },
    /// The engine's own condition.
    Engine(Box<EngineCondition>),
    /// A match, new or changed.
    Match(Box<Match>),
    /// A match dropped from the list (old and ended).
    MatchRemoved(MatchId),
    /// A rented game server.
    GameServer(Arc<GameServer>),
    /// A rented game server is gone from its account.
    GameServerRemoved(ServerKey),
    /// What is paid from no balance: the whole list of accounts.
    BilledLater(Vec<BilledLater>),
    /// The whole list of rented servers with who answers for each.
    Rented(Vec<RentedView>),
}

/// How many points of a series a mirror keeps: wide enough for a 200-column sparkline.
pub const SERIES_POINTS_KEPT: usize = 240;

/// How many notices a mirror keeps.
pub const NOTICES_KEPT: usize = 20;

/// The rows of one kind that a fleet holds, by key.
pub trait Rows<K, V> {
    /// Keeps a row, in place of an older one of this key.
    fn put(&mut self, key: K, row: Arc<V>);
    /// Forgets a row.
    fn take_away(&mut self, key: &K);
    /// Changes a part of a row that is there.
    fn change(&mut self, key: &K, change: impl FnOnce(&mut V));
}

/// Rows as they are: what an engine and a command work on.
impl<K: Ord, V: Clone> Rows<K, V> for BTreeMap<K, Arc<V>> {
    fn put(&mut self, key: K, row: Arc<V>) {
        self.insert(key, row);
    }

    fn take_away(&mut self, key: &K) {
        self.remove(key);
    }

    fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) {
        self.get_mut(key).map(Arc::make_mut).map(change);
    }
}

/// Everything known about a site, its rows as they are: an engine's, a command's.
pub type Fleet = FleetOf<BTreeMap<OrderKey, Arc<OrderEntry>>, BTreeMap<ServerKey, Arc<Server>>>;

/// Everything known about a site.
#[derive(Debug, Clone, Default)]
pub struct FleetOf<Orders, Servers> {
    /// The site.
    pub site: Site,
    /// The header's totals.
    pub summary: Summary,
    /// The feeds.
    pub feeds: BTreeMap<(AccountId, FeedKind), Feed>,
    /// Orders by key.
    pub orders: Orders,
    /// Shop plans by key.
    pub shop_plans: BTreeMap<ShopPlanKey, ShopPlan>,
    /// The shops' maps of regions.
    pub region_nodes: Vec<RegionNode>,
    /// Nodes by key.
    pub nodes: BTreeMap<NodeKey, Node>,
    /// Servers by key.
    pub servers: Servers,
    /// Runs by id, oldest first.
    pub runs: BTreeMap<RunId, Run>,
    /// The reconciler's findings.
    pub findings: Vec<Finding>,
    /// Servers that burn credits, by key.
    pub credit_servers: BTreeMap<ServerKey, Arc<CreditServer>>,
    /// Rented game servers, by key.
    pub game_servers: BTreeMap<ServerKey, Arc<GameServer>>,
    /// Rented servers with who answers for each.
    pub rented: Vec<RentedView>,
    /// Balances by key.
    pub balances: BTreeMap<BalanceKey, BalanceView>,
    /// What burns each balance, largest first.
    pub burners: BTreeMap<BalanceKey, Vec<Burner>>,
    /// What is paid from no balance, by the account that gets the bill. What burns there is derived from the servers.
    pub billed_later: BTreeMap<BalanceKey, BilledLater>,
    /// Alerts that hold.
    pub alerts: Vec<Alert>,
    /// Matches by id, oldest first.
    pub matches: BTreeMap<MatchId, Match>,
    /// Series in focus.
    pub series: BTreeMap<SeriesKey, Vec<Sample>>,
    /// Lines for everyone, oldest first.
    pub notices: Vec<(Timestamp, String)>,
    /// The engine's own condition.
    pub engine: EngineCondition,
}

impl<Orders, Servers> FleetOf<Orders, Servers>
where
    Orders: Rows<OrderKey, OrderEntry>,
    Servers: Rows<ServerKey, Server>,
{
    /// Applies one change.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Site(site) => self.site = site,
            Change::Summary(summary) => self.summary = summary,
            Change::Feed(feed) => {
                self.feeds.insert((feed.account.clone(), feed.kind), *feed);
            }
            Change::Order(entry) => {
                self.orders.put(entry.order.key(), entry);
            }
            Change::OrderRemoved(id) => {
                self.orders.take_away(&id);
            }
            Change::ShopPlan(plan) => {
                self.shop_plans.insert(plan.key(), *plan);
            }
            Change::ShopPlanRemoved(id) => {
                self.shop_plans.remove(&id);
            }
            Change::RegionNodes(rows) => self.region_nodes = rows,
            Change::Node(node) => {
                self.nodes.insert(node.key.clone(), *node);
            }
            Change::NodeRemoved(key) => {
                self.nodes.remove(&key);
            }
            Change::Server(server) => {
                self.servers.put(server.key.clone(), server);
            }
            Change::ServerUsage { key, power, usage } => self.set_usage(&key, power, usage),
            Change::ServerRemoved(key) => {
                self.servers.take_away(&key);
            }
            Change::Run(run) => {
                self.runs.insert(run.id.clone(), *run);
            }
            Change::RunRemoved(id) => {
                self.runs.remove(&id);
            }
            Change::Findings(findings) => self.findings = findings,
            Change::Balance(view) => {
                self.balances.insert(view.balance.key.clone(), *view);
            }
            Change::BalanceRemoved(key) => {
                self.balances.remove(&key);
                self.burners.remove(&key);
            }
            Change::Burners { payer, burners } => {
                self.burners.insert(payer, burners);
            }
            Change::BilledLater(accounts) => self.set_billed_later(accounts),
            Change::Alerts(alerts) => self.alerts = alerts,
            Change::Samples { series, points } => self.extend_series(series, points),
            Change::Notice { at, text } => self.note(at, text),
            Change::Engine(condition) => self.engine = *condition,
            change @ (Change::Match(_)
            | Change::MatchRemoved(_)
            | Change::Rented(_)
            | Change::GameServer(_)
            | Change::GameServerRemoved(_)
            | Change::CreditServer(_)
            | Change::CreditServerRemoved(_)) => self.apply_rented(change),
        }
    }

    /// Applies a change of matches, or of servers that are rented or burn credits.
    fn apply_rented(&mut self, change: Change) {
        match change {
            Change::Match(one) => {
                self.matches.insert(one.id.clone(), *one);
            }
            Change::MatchRemoved(id) => {
                self.matches.remove(&id);
            }
            Change::Rented(rented) => self.rented = rented,
            Change::GameServer(server) => {
                self.game_servers.insert(server.key.clone(), server);
            }
            Change::GameServerRemoved(key) => {
                self.game_servers.remove(&key);
            }
            Change::CreditServer(server) => {
                self.credit_servers.insert(server.key.clone(), server);
            }
            Change::CreditServerRemoved(key) => {
                self.credit_servers.remove(&key);
            }
            _ => {}
        }
    }

    /// How people call an order: by its id, and by its shop too where the site has several.
    #[must_use]
    pub fn order_name(&self, order: &OrderKey) -> String {
        let mut shops = self.feeds.keys().filter(|(_, kind)| *kind == FeedKind::Orders).map(|(shop, _)| shop);
        if shops.any(|shop| *shop != order.account) { order.to_string() } else { order.id.to_string() }
    }

    fn set_usage(&mut self, key: &ServerKey, power: PowerState, usage: Option<Usage>) {
        self.servers.change(key, |server| {
            server.power = power;
            server.usage = usage.or(server.usage);
        });
    }

    fn set_billed_later(&mut self, accounts: Vec<BilledLater>) {
        self.billed_later = accounts.into_iter().map(|account| (account.key(), account)).collect();
    }

    /// Keeps a line for everyone; drops the oldest beyond [`NOTICES_KEPT`].
    fn note(&mut self, at: Timestamp, text: String) {
        self.notices.push((at, text));
        let surplus = self.notices.len().saturating_sub(NOTICES_KEPT);
        self.notices.drain(..surplus);
    }

    /// Appends the points newer than the last one kept; drops the oldest beyond [`SERIES_POINTS_KEPT`].
    fn extend_series(&mut self, series: SeriesKey, points: Vec<Sample>) {
        let kept = self.series.entry(series).or_default();
        let newest = kept.last().map(|sample| sample.at);
        kept.extend(points.into_iter().filter(|sample| newest.is_none_or(|at| sample.at > at)));
        let surplus = kept.len().saturating_sub(SERIES_POINTS_KEPT);
        kept.drain(..surplus);
    }
}

impl Fleet {
    /// The changes that would build this fleet from nothing, most urgent for a screen first: a snapshot.
    pub fn snapshot(&self) -> impl Iterator<Item = Change> + '_ {
        let head = [Change::Site(self.site.clone()), Change::Summary(self.summary.clone())];
        // As the orders tab sorts: a console that draws while the snapshot arrives draws the right rows first.
        let mut orders: Vec<Arc<OrderEntry>> = self.orders.values().cloned().collect();
        orders.sort_by_key(|entry| (entry.trouble.is_none(), Reverse(entry.order.created_at)));
        head.into_iter()
            .chain(self.feeds.values().cloned().map(|feed| Change::Feed(Box::new(feed))))
            .chain(orders.into_iter().map(Change::Order))
            .chain(self.shop_plans.values().cloned().map(|plan| Change::ShopPlan(Box::new(plan))))
            .chain(std::iter::once_with(|| Change::RegionNodes(self.region_nodes.clone())))
            .chain(self.nodes.values().cloned().map(|node| Change::Node(Box::new(node))))
            .chain(self.runs.values().cloned().map(|run| Change::Run(Box::new(run))))
            .chain(self.matches.values().cloned().map(|one| Change::Match(Box::new(one))))
            .chain(std::iter::once_with(|| Change::Findings(self.findings.clone())))
            .chain(self.credit_servers.values().cloned().map(Change::CreditServer))
            .chain(self.game_servers.values().cloned().map(Change::GameServer))
            .chain(std::iter::once_with(|| Change::Rented(self.rented.clone())))
            .chain(self.balances.values().cloned().map(|view| Change::Balance(Box::new(view))))
            .chain(
                self.burners.iter().map(|(payer, burners)| Change::Burners {
                    payer: payer.clone(),
                    burners: burners.clone(),
                }),
            )
            .chain(std::iter::once_with(|| {
                Change::BilledLater(self.billed_later.values().cloned().collect())
            }))
            .chain(std::iter::once_with(|| Change::Alerts(self.alerts.clone())))
            .chain(self.servers.values().cloned().map(Change::Server))
            .chain(self.notices.iter().map(|(at, text)| Change::Notice { at: *at, text: text.clone() }))
            .chain(std::iter::once_with(|| Change::Engine(Box::new(self.engine.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_already_seen_are_not_kept_twice() {
        let series = SeriesKey { owner: SeriesOwner::Site, metric: Metric::BurnPerHour };
        let point = |at, value| Sample { at: Timestamp(at), value };
        let mut fleet = Fleet::default();
        let first = Change::Samples { series: series.clone(), points: vec![point(1, 1.0), point(2, 2.0)] };
        fleet.apply(first.clone());
        fleet.apply(first);
        fleet.apply(Change::Samples { series: series.clone(), points: vec![point(2, 9.0), point(3, 3.0)] });
        let values: Vec<f32> = fleet.series[&series].iter().map(|sample| sample.value).collect();
        assert_eq!(values, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn changes_survive_the_links_binary_format() {
        let change = Change::ServerUsage {
            key: ServerKey { account: "panel".into(), id: "42".to_owned() },
            power: PowerState::Running,
            usage: None,
        };
        let bytes = postcard::to_stdvec(&change).unwrap();
        assert_eq!(postcard::from_bytes::<Change>(&bytes).unwrap(), change);
    }
}
