//! What the reconciler has to say: the header's totals and the findings, as sums over the decided fleet. Pure.

use std::collections::{BTreeMap, HashMap};

use super::burn;
use super::matches::leaks;
use crate::model::account::Provider;
use crate::model::billed_later::BilledLater;
use crate::model::finding::{Finding, Severity};
use crate::model::fleet::{Fleet, OrderEntry, OrderTrouble, Summary};
use crate::model::ids::{AccountId, NodeKey};
use crate::model::matches::RentedStanding;
use crate::model::money::Money;
use crate::model::run::RunStatus;
use crate::model::server::{OrphanReason, Ownership, Server};
use crate::model::time::Timestamp;

/// Rows a finding lists; the rest is counted in a last row.
const ROWS_IN_A_FINDING: usize = 50;

/// Sums over the servers, kept between observations that do not touch them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Burn of everything, in the reporting currency.
    pub burn_per_hour: Option<Money>,
    /// Burn of what nothing owns.
    pub orphan_burn_per_hour: Option<Money>,
    /// Servers that nothing owns.
    pub orphans: u32,
    /// Amounts without a rate.
    pub unconverted: u32,
    /// What each panel's servers burn.
    pub billed_later: Vec<BilledLater>,
}

/// Walks the servers once and sums.
pub fn totals(fleet: &Fleet) -> Totals {
    let mut all = burn::Sum::default();
    let mut orphaned = burn::Sum::default();
    let mut orphans = 0_u32;
    let mut panels: BTreeMap<&AccountId, burn::OfAccount> = BTreeMap::new();
    for server in fleet.servers.values() {
        panels.entry(&server.key.account).or_default().add(server.burn_per_hour.as_ref());
        all.add(&fleet.site.rates, server.burn_per_hour.as_ref());
        if matches!(server.ownership, Ownership::Orphan { .. }) {
            orphans = orphans.saturating_add(1);
            orphaned.add(&fleet.site.rates, server.burn_per_hour.as_ref());
        }
    }
    Totals {
        unconverted: all.unconverted(),
        burn_per_hour: all.into_money(&fleet.site.rates),
        orphan_burn_per_hour: orphaned.into_money(&fleet.site.rates),
        orphans,
        billed_later: panels
            .into_iter()
            .map(|(panel, burn)| burn.into_billed_later(panel.clone(), Provider::Pterodactyl))
            .collect(),
    }
}

/// How many servers stand on each node.
pub fn servers_by_node(fleet: &Fleet) -> HashMap<NodeKey, u32> {
    let mut counts: HashMap<NodeKey, u32> = HashMap::new();
    for server in fleet.servers.values() {
        if let Some(count) = counts.get_mut(&server.node) {
            *count = count.saturating_add(1);
        } else {
            counts.insert(server.node.clone(), 1);
        }
    }
    counts
}

/// The header's totals.
pub fn summary(fleet: &Fleet, totals: &Totals) -> Summary {
    let orders = |wanted: fn(&OrderTrouble) -> bool| {
        count(fleet.orders.values().filter(|entry| entry.trouble.as_ref().is_some_and(wanted)))
    };
    let mut all = burn::Sum::default();
    all.add(&fleet.site.rates, totals.burn_per_hour.as_ref());
    for money in burn::of_balances(fleet) {
        all.add(&fleet.site.rates, Some(&money));
    }
    let unconverted = totals.unconverted.saturating_add(all.unconverted());
    let rented_orphans = || fleet.rented.iter().filter(|view| view.is_orphan());
    let mut orphaned = burn::Sum::default();
    orphaned.add(&fleet.site.rates, totals.orphan_burn_per_hour.as_ref());
    for view in rented_orphans() {
        orphaned.add(&fleet.site.rates, view.burn_per_hour.as_ref());
    }
    Summary {
        burn_per_hour: all.into_money(&fleet.site.rates),
        orphan_burn_per_hour: orphaned.into_money(&fleet.site.rates),
        orphans: totals.orphans.saturating_add(count(rented_orphans())),
        stuck_orders: orders(|trouble| *trouble != OrderTrouble::ServerGone),
        orders_without_server: orders(|trouble| *trouble == OrderTrouble::ServerGone),
        runs_active: count(fleet.runs.values().filter(|run| !run.status.is_ended())),
        runs_needing_operator: count(
            fleet.runs.values().filter(|run| run.status == RunStatus::NeedsOperator),
        ),
        unconverted,
    }
}

fn count<T>(things: impl Iterator<Item = T>) -> u32 {
    u32::try_from(things.count()).unwrap_or(u32::MAX)
}

/// What the reconciler has to say, worst first.
pub fn findings(fleet: &Fleet, summary: &Summary) -> Vec<Finding> {
    [
        orphans(fleet, summary),
        rented_orphans(fleet),
        lingering_servers(fleet),
        kept_servers(fleet),
        orders_without_server(fleet),
        unclear_servers(fleet),
        stuck_orders(fleet),
        servers_without_shop(fleet),
        unconverted(summary),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn finding(
    check: &str,
    severity: Severity,
    title: String,
    why: &str,
    advice: &str,
    rows: Vec<String>,
) -> Finding {
    Finding { check: check.to_owned(), severity, title, why: why.to_owned(), advice: advice.to_owned(), rows }
}

/// The first rows, and a last one that counts the rest.
fn listed(mut rows: Vec<String>) -> Vec<String> {
    let more = rows.len().saturating_sub(ROWS_IN_A_FINDING);
    if more > 0 {
        rows.truncate(ROWS_IN_A_FINDING);
        rows.push(format!("… and {more} more"));
    }
    rows
}

fn orphans(fleet: &Fleet, summary: &Summary) -> Option<Finding> {
    let rows: Vec<String> = fleet.servers.values().filter_map(|server| orphan_row(fleet, server)).collect();
    if rows.is_empty() {
        return None;
    }
    let cost =
        summary.orphan_burn_per_hour.as_ref().map_or_else(String::new, |burn| format!(", {burn} per hour"));
    Some(finding(
        "orphan-servers",
        Severity::Error,
        format!("{} servers that nothing owns{cost}", rows.len()),
        "They cost money and no order, match or person answers for them.",
        "Destroy them, or say that they shall stay and why.",
        listed(rows),
    ))
}

/// Rented servers that are ours and that nothing answers for.
fn rented_orphans(fleet: &Fleet) -> Option<Finding> {
    let rows = leaks::rows(&fleet.rented, fleet_now(fleet), |standing| {
        matches!(standing, RentedStanding::Orphan { .. })
    });
    (!rows.is_empty()).then(|| {
        finding(
            "orphan-match-servers",
            Severity::Error,
            format!("{} rented servers whose match is over or not known", rows.len()),
            "They may bill by the minute, and nothing is played on them.",
            "Destroy them, or keep one with a reason and an end.",
            listed(rows),
        )
    })
}

/// Servers whose match is over and that still stand.
fn lingering_servers(fleet: &Fleet) -> Option<Finding> {
    let rows = leaks::rows(&fleet.rented, fleet_now(fleet), |standing| {
        matches!(standing, RentedStanding::Ending(_))
    });
    (!rows.is_empty()).then(|| {
        finding(
            "servers-past-their-match",
            Severity::Warning,
            format!("{} servers stand after the end of their match", rows.len()),
            "Their runs work on destroying them.",
            "Look at the runs; nothing is to be done while they go on.",
            listed(rows),
        )
    })
}

fn kept_servers(fleet: &Fleet) -> Option<Finding> {
    let rows =
        leaks::rows(&fleet.rented, fleet_now(fleet), |standing| matches!(standing, RentedStanding::Kept(_)));
    (!rows.is_empty()).then(|| {
        finding(
            "kept-match-servers",
            Severity::Info,
            format!("{} rented servers that a person keeps", rows.len()),
            "They bill on until somebody destroys them.",
            "Destroy those that are not needed any more.",
            listed(rows),
        )
    })
}

/// The moment of the newest look at rented servers: ages are told as of it, so that a row changes only with a look.
fn fleet_now(fleet: &Fleet) -> Timestamp {
    fleet.rented.iter().map(|view| view.observed_at).max().unwrap_or_default()
}

fn orphan_row(fleet: &Fleet, server: &Server) -> Option<String> {
    let Ownership::Orphan { reason, .. } = &server.ownership else { return None };
    let why = match reason {
        OrphanReason::NoOwner => "no order points at it".to_owned(),
        OrphanReason::OrderMissing(order) => format!("its order {order} does not exist"),
        OrphanReason::OrderNotLive(order, status) => {
            format!("its order {} is {status}", fleet.order_name(order))
        }
        OrphanReason::OrderHasAnother(order) => {
            format!("its order {} has another server", fleet.order_name(order))
        }
    };
    Some(format!("{} {}: {why}", server.key, server.name))
}

/// Servers that may be an order's of more than one shop.
fn unclear_servers(fleet: &Fleet) -> Option<Finding> {
    let row = |server: &Server| {
        let Ownership::Ambiguous(orders) = &server.ownership else { return None };
        let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
        Some(format!("{} {}: order {}?", server.key, server.name, orders.join(" or ")))
    };
    let rows: Vec<String> = fleet.servers.values().filter_map(|server| row(server)).collect();
    if rows.is_empty() {
        return None;
    }
    Some(finding(
        "unclear-servers",
        Severity::Warning,
        format!("{} servers that orders of several shops may own", rows.len()),
        "Their external id does not name the shop, and no order points at them: they cost money, and nobody surely answers.",
        "Set the external id to SHOP:ORDER on the panel, or write the server's number into its order.",
        listed(rows),
    ))
}

/// Servers of panels that no shop sells on: shown, and no alarm.
fn servers_without_shop(fleet: &Fleet) -> Option<Finding> {
    let mut counts: BTreeMap<&AccountId, usize> = BTreeMap::new();
    for server in fleet.servers.values().filter(|server| server.ownership == Ownership::NoShop) {
        *counts.entry(&server.key.account).or_default() += 1;
    }
    if counts.is_empty() {
        return None;
    }
    let rows = counts.iter().map(|(panel, count)| format!("{panel}: {count} servers")).collect();
    Some(finding(
        "servers-without-shop",
        Severity::Info,
        format!("{} panels without an orders database", counts.len()),
        "No order can own their servers, so whether one is still wanted is not known here.",
        "Connect the shop that sells them, or keep a server with a reason.",
        rows,
    ))
}

fn orders_without_server(fleet: &Fleet) -> Option<Finding> {
    let rows = order_rows(fleet, |trouble| *trouble == OrderTrouble::ServerGone);
    if rows.is_empty() {
        return None;
    }
    Some(finding(
        "orders-without-server",
        Severity::Error,
        format!("{} provisioned orders whose server is gone", rows.len()),
        "The customer pays for a server that the panel does not have.",
        "Look into the audit log for who destroyed it; provision again or cancel the order.",
        listed(rows),
    ))
}

fn stuck_orders(fleet: &Fleet) -> Option<Finding> {
    let rows = order_rows(fleet, |trouble| *trouble != OrderTrouble::ServerGone);
    if rows.is_empty() {
        return None;
    }
    Some(finding(
        "stuck-orders",
        Severity::Warning,
        format!("{} stuck orders", rows.len()),
        "The customer paid and has no server.",
        "Open the order to see its cause; provision it, or try again.",
        listed(rows),
    ))
}

fn order_rows(fleet: &Fleet, wanted: fn(&OrderTrouble) -> bool) -> Vec<String> {
    let row = |entry: &OrderEntry| {
        let trouble = entry.trouble.as_ref().filter(|trouble| wanted(trouble))?;
        let cause = match trouble {
            OrderTrouble::PaidTooLong => "paid and waiting for too long",
            OrderTrouble::ProvisioningTooLong => {
                let claimant = entry.order.claim_token.as_deref();
                let claimant = claimant.map_or_else(|| "somebody".to_owned(), |run| format!("run {run}"));
                return Some(format!(
                    "order {}: claimed by {claimant} at {}, and no run of this engine works on it: it can be taken over",
                    fleet.order_name(&entry.order.key()),
                    entry.order.claimed_at()
                ));
            }
            OrderTrouble::InError => entry.order.error_message.as_deref().unwrap_or("in error"),
            OrderTrouble::ServerGone => "its server is not on the panel",
        };
        Some(format!("order {}: {cause}", fleet.order_name(&entry.order.key())))
    };
    fleet.orders.values().filter_map(|entry| row(entry)).collect()
}

fn unconverted(summary: &Summary) -> Option<Finding> {
    if summary.unconverted == 0 {
        return None;
    }
    Some(finding(
        "burn-without-rate",
        Severity::Warning,
        format!("{} amounts are missing in the burn", summary.unconverted),
        "Their currency has no configured rate to the reporting currency.",
        "Add the rate to the configuration.",
        Vec::new(),
    ))
}
