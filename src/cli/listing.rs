//! What `get` lists: the fleet's things as columns and rows, the same columns that filters name.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::args::Kind;
use super::matches::listing as matches;
use super::money_listing as money;
use crate::model::account::{Feed, Freshness};
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CreditServer, Payer};
use crate::model::filter::{FilterRow, FilterValue};
use crate::model::fleet::{Fleet, OrderEntry, OrderTrouble};
use crate::model::money::Money;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::server::{OrphanReason, Ownership, Server};
use crate::model::spend::Alert;
use crate::model::time::Timestamp;

/// One cell: what people read, and what filters compare.
#[derive(Debug, Clone)]
pub struct Cell {
    /// For people.
    pub text: String,
    /// For filters; the text when nothing better is known.
    pub value: Option<FilterValue<'static>>,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), value: None }
    }

    pub(super) fn number(number: impl Into<Decimal>, unit: &str) -> Self {
        let number = number.into();
        Self {
            text: format!("{}{unit}", number.round_dp(4).normalize()),
            value: Some(FilterValue::Number(number)),
        }
    }

    pub(super) fn money(money: Option<&Money>) -> Self {
        money.map_or_else(
            || Self::text("-"),
            |money| Self { text: money.to_string(), value: Some(FilterValue::Number(money.amount)) },
        )
    }

    /// A length of time.
    pub(super) fn duration(length_ms: u64) -> Self {
        Self { text: age_text(length_ms), value: Some(FilterValue::DurationMs(length_ms)) }
    }

    pub(super) fn age(since: Option<Timestamp>, now: Timestamp) -> Self {
        since.map_or_else(
            || Self::text("-"),
            |since| {
                let age_ms = now.millis_since(since);
                Self { text: age_text(age_ms), value: Some(FilterValue::DurationMs(age_ms)) }
            },
        )
    }
}

/// An age in its two largest units: `3d 4h`, `2h 14m`, `3m`, `12s`.
#[must_use]
pub fn age_text(age_ms: u64) -> String {
    let seconds = age_ms / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

/// One row of a list, with its columns' names.
pub struct ListedRow {
    /// Column names.
    pub columns: &'static [&'static str],
    /// The cells.
    pub cells: Vec<Cell>,
    /// The thing itself, for JSON.
    pub item: serde_json::Value,
}

impl FilterRow for ListedRow {
    fn cell(&self, column: &str) -> Option<FilterValue<'_>> {
        let at = self.columns.iter().position(|name| *name == column)?;
        let cell = self.cells.get(at)?;
        if cell.text == "-" || cell.text.is_empty() {
            return None;
        }
        Some(cell.value.clone().unwrap_or(FilterValue::Text(Cow::Borrowed(cell.text.as_str()))))
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" "))
    }
}

/// MiB in a GiB.
const MIB_PER_GIB: u32 = 1_024;

const ORDERS: &[&str] =
    &["id", "status", "trouble", "customer", "plan", "region", "amount", "age", "server", "error"];
const NODES: &[&str] = &[
    "node",
    "name",
    "location",
    "servers",
    "memory_sold",
    "memory_free_mib",
    "disk_sold",
    "disk_free_mib",
    "free_ports",
];
const SERVERS: &[&str] = &[
    "server",
    "identifier",
    "name",
    "status",
    "power",
    "node",
    "owner",
    "address",
    "cpu",
    "memory_mib",
    "cost",
    "age",
    "ram_mib",
    "players",
    "provider",
];
const RUNS: &[&str] = &["run", "status", "action", "title", "steps", "by", "started", "waits_for"];
const FEEDS: &[&str] = &["account", "feed", "state", "age", "failures", "budget", "problem"];
const FINDINGS: &[&str] = &["check", "severity", "title", "rows", "advice"];

/// The columns of a kind; empty for kinds that are not connected yet.
#[must_use]
pub fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Orders => ORDERS,
        Kind::Nodes => NODES,
        Kind::Servers => SERVERS,
        Kind::Runs => RUNS,
        Kind::Feeds => FEEDS,
        Kind::Findings => FINDINGS,
        Kind::Credits => money::CREDITS,
        Kind::Alerts => money::ALERTS,
        Kind::Matches => matches::MATCHES,
        Kind::Players => matches::PLAYERS,
        Kind::Ledger => matches::LEDGER,
        Kind::Audit | Kind::Deployments => &[],
    }
}

/// Every row of a kind that the fleet holds, the most urgent first.
#[must_use]
pub fn rows(fleet: &Fleet, kind: Kind, now: Timestamp) -> Vec<ListedRow> {
    let listed = |cells, item| ListedRow { columns: columns(kind), cells, item };
    match kind {
        Kind::Orders => {
            let mut entries: Vec<&OrderEntry> = fleet.orders.values().map(AsRef::as_ref).collect();
            entries.sort_by_key(|entry| (entry.trouble.is_none(), entry.order.created_at));
            entries.into_iter().map(|entry| listed(order(entry, fleet, now), json(entry))).collect()
        }
        Kind::Nodes => fleet.nodes.values().map(|one| listed(node(one), json(one))).collect(),
        Kind::Servers => {
            let panel = fleet.servers.values().map(|one| (server(one, fleet, now), json(one), "pterodactyl"));
            let credits = fleet.credit_servers.values();
            let credits = credits.map(|one| (credit_server(one, fleet), json(one), "exaroton"));
            panel.chain(credits).map(|(cells, item, provider)| listed_of(provider, cells, item)).collect()
        }
        Kind::Runs => fleet.runs.values().rev().map(|one| listed(run(one, now), json(one))).collect(),
        Kind::Feeds => fleet.feeds.values().map(|one| listed(feed(one, now), json(one))).collect(),
        Kind::Findings => fleet
            .findings
            .iter()
            .map(|one| {
                let cells = vec![
                    Cell::text(&one.check),
                    Cell::text(format!("{:?}", one.severity).to_lowercase()),
                    Cell::text(&one.title),
                    Cell::number(one.rows.len() as u64, ""),
                    Cell::text(&one.advice),
                ];
                listed(cells, json(one))
            })
            .collect(),
        Kind::Credits => fleet
            .balances
            .values()
            .map(|view| listed(money::balance(view, &fleet.site.rates, now), money::balance_json(view, now)))
            .collect(),
        Kind::Alerts => {
            let mut alerts: Vec<&Alert> = fleet.alerts.iter().collect();
            alerts.sort_by_key(|alert| (alert.is_silenced(now), std::cmp::Reverse(alert.level), alert.since));
            alerts
                .into_iter()
                .map(|alert| listed(money::alert(alert, now), money::alert_json(alert, now)))
                .collect()
        }
        Kind::Matches => matches::matches(fleet, now),
        Kind::Audit | Kind::Players | Kind::Ledger | Kind::Deployments => Vec::new(),
    }
}

/// A server, with who runs it.
fn listed_of(provider: &str, mut cells: Vec<Cell>, mut item: serde_json::Value) -> ListedRow {
    cells.push(Cell::text(provider));
    if let Some(fields) = item.as_object_mut() {
        fields.insert("provider".to_owned(), provider.into());
    }
    ListedRow { columns: SERVERS, cells, item }
}

fn json(item: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(item).unwrap_or_default()
}

/// The word for an order's trouble.
#[must_use]
pub fn trouble_word(trouble: Option<&OrderTrouble>) -> &'static str {
    match trouble {
        None => "",
        Some(OrderTrouble::PaidTooLong) => "paid too long",
        Some(OrderTrouble::ProvisioningTooLong) => "provisioning too long",
        Some(OrderTrouble::InError) => "in error",
        Some(OrderTrouble::ServerGone) => "server gone",
    }
}

/// Who answers for a server, in words.
#[must_use]
pub fn owner_words(ownership: &Ownership, fleet: &Fleet) -> String {
    match ownership {
        Ownership::Undecided => "undecided".to_owned(),
        Ownership::NoShop => "no shop configured".to_owned(),
        Ownership::Ambiguous(orders) => {
            let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
            format!("unclear: order {}?", orders.join(" or "))
        }
        Ownership::Order(order) => format!("order {}", fleet.order_name(order)),
        Ownership::Kept { by, reason } => format!("kept by {by}: {reason}"),
        Ownership::Orphan { reason, .. } => match reason {
            OrphanReason::NoOwner => "ORPHAN: no owner".to_owned(),
            OrphanReason::OrderMissing(id) => format!("ORPHAN: order {id} does not exist"),
            OrphanReason::OrderNotLive(order, status) => {
                format!("ORPHAN: order {} is {status}", fleet.order_name(order))
            }
            OrphanReason::OrderHasAnother(order) => {
                format!("ORPHAN: order {} has another server", fleet.order_name(order))
            }
        },
    }
}

fn order(entry: &OrderEntry, fleet: &Fleet, now: Timestamp) -> Vec<Cell> {
    let order = &entry.order;
    let customer = order.customer.email.as_ref().or(order.customer.name.as_ref());
    vec![
        Cell::text(fleet.order_name(&order.key())),
        Cell::text(order.status.word()),
        Cell::text(trouble_word(entry.trouble.as_ref())),
        Cell::text(customer.map_or("-", String::as_str)),
        Cell::text(order.plan.as_str()),
        Cell::text(order.region.as_deref().unwrap_or("-")),
        Cell::money(order.amount.as_ref()),
        Cell::age(order.created_at, now),
        Cell::text(entry.server.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
        Cell::text(order.error_message.as_deref().unwrap_or("")),
    ]
}

fn node(node: &Node) -> Vec<Cell> {
    vec![
        Cell::text(node.key.to_string()),
        Cell::text(&node.name),
        Cell::text(&node.location),
        Cell::number(node.servers, ""),
        Cell::number(node.memory.used_percent(), "%"),
        Cell::number(node.memory.free_mib(), ""),
        Cell::number(node.disk.used_percent(), "%"),
        Cell::number(node.disk.free_mib(), ""),
        node.allocations_free.map_or_else(|| Cell::text("-"), |free| Cell::number(free, "")),
    ]
}

fn server(server: &Server, fleet: &Fleet, now: Timestamp) -> Vec<Cell> {
    let node_name = fleet.nodes.get(&server.node).map_or(server.node.id.as_str(), |node| node.name.as_str());
    let cpu = server.usage.map(|usage| Decimal::try_from(usage.cpu_percent).unwrap_or_default());
    vec![
        Cell::text(server.key.to_string()),
        Cell::text(&server.identifier),
        Cell::text(&server.name),
        Cell::text(server.status.word()),
        Cell::text(server.power.word()),
        Cell::text(node_name),
        Cell::text(owner_words(&server.ownership, fleet)),
        Cell::text(server.address.as_deref().unwrap_or("-")),
        cpu.map_or_else(|| Cell::text("-"), |cpu| Cell::number(cpu.round_dp(1), "%")),
        server
            .usage
            .map_or_else(|| Cell::text("-"), |usage| Cell::number(usage.memory_bytes / (1024 * 1024), "")),
        Cell::money(server.burn_per_hour.as_ref()),
        Cell::age(server.created_at, now),
        Cell::number(server.limits.memory_mib, ""),
        Cell::text("-"),
    ]
}

/// A server at exaroton; what it uses is told by its console only.
fn credit_server(server: &CreditServer, fleet: &Fleet) -> Vec<Cell> {
    let payer = match &server.payer {
        Payer::Undecided => "payer not known yet".to_owned(),
        Payer::Owner => "its owner pays".to_owned(),
        Payer::Balance(key) => {
            let name = fleet.balances.get(key).map_or_else(|| key.to_string(), money::balance_name);
            format!("paid by {name}")
        }
    };
    let number =
        |number: Option<u32>| number.map_or_else(|| Cell::text("-"), |number| Cell::number(number, ""));
    let burn = CreditPricing::default().burn_per_hour(server);
    vec![
        Cell::text(server.key.to_string()),
        Cell::text(&server.key.id),
        Cell::text(&server.name),
        Cell::text(server.status.to_string()),
        Cell::text(server.status.power().word()),
        Cell::text(server.host.as_deref().unwrap_or("-")),
        Cell::text(payer),
        Cell::text(&server.address),
        Cell::text("-"),
        Cell::text("-"),
        Cell::money(burn.as_ref()),
        Cell::text("-"),
        number(server.ram_gib.map(|ram_gib| ram_gib.saturating_mul(MIB_PER_GIB))),
        number(server.players.count),
    ]
}

fn run(run: &Run, now: Timestamp) -> Vec<Cell> {
    let (done, all) = run.progress();
    vec![
        Cell::text(run.id.as_str()),
        Cell::text(run.status.word()),
        Cell::text(run.plan.request.name()),
        Cell::text(&run.plan.title),
        Cell::text(format!("{done}/{all}")),
        Cell::text(run.by.as_str()),
        Cell::age(Some(run.started_at), now),
        Cell::text(run.acting().map_or("", |step| step.detail.as_str())),
    ]
}

fn feed(feed: &Feed, now: Timestamp) -> Vec<Cell> {
    let state = match feed.freshness(now) {
        Freshness::Fresh => "fresh",
        Freshness::Aging => "aging",
        Freshness::Stale => "stale",
        Freshness::Failed => "failed",
        Freshness::Never => "never",
    };
    vec![
        Cell::text(feed.account.as_str()),
        Cell::text(format!("{:?}", feed.kind).to_lowercase()),
        Cell::text(state),
        Cell::age(feed.succeeded_at, now),
        Cell::number(feed.failures, ""),
        feed.budget_remaining.map_or_else(|| Cell::text("-"), |left| Cell::number(left, "")),
        Cell::text(feed.problem.as_ref().map_or("", |problem| problem.message.as_str())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::filter::Filter;

    #[test]
    fn ages_are_short() {
        let texts: Vec<String> = [5_000, 185_000, 8_040_000, 273_600_000].into_iter().map(age_text).collect();
        assert_eq!(texts, ["5s", "3m", "2h 14m", "3d 4h"]);
    }

    #[test]
    fn filters_compare_values_not_texts() {
        let row = ListedRow {
            columns: &["name", "cost", "age"],
            cells: vec![
                Cell::text("smp"),
                Cell::money(Some(&Money::new(Decimal::new(25, 2), "EUR"))),
                Cell::age(Some(Timestamp(0)), Timestamp(3 * 3_600_000)),
            ],
            item: serde_json::Value::Null,
        };
        for (filter, expected) in
            [("cost>0.2", true), ("cost>0.3", false), ("age>2h", true), ("age>4h", false), ("smp", true)]
        {
            assert_eq!(Filter::parse(filter).unwrap().matches(&row), expected, "{filter}");
        }
    }
}
