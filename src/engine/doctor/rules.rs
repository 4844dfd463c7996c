//! What each check looks at: one function per rule, rows in words out.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoctorInput, Verdict};
use crate::model::order::{Order, OrderStatus, ShopPlan};

fn active<'a>(input: &DoctorInput<'a>) -> impl Iterator<Item = &'a ShopPlan> {
    input.plans.iter().filter(|plan| plan.is_active)
}

fn plan_line(plan: &ShopPlan) -> String {
    format!("plan {} ({})", plan.id, plan.name)
}

/// A price id that holds anything; an empty one is none.
fn price_of(plan: &ShopPlan) -> Option<&str> {
    plan.stripe_price_id.as_deref().map(str::trim).filter(|id| !id.is_empty())
}

pub(super) fn plans_without_price(input: &DoctorInput<'_>) -> Verdict {
    Verdict::Rows(active(input).filter(|plan| price_of(plan).is_none()).map(plan_line).collect())
}

/// Stripe's ids are the prefix and letters and digits (`providers/hosting.md` §6.5).
fn is_price_id(id: &str) -> bool {
    id.strip_prefix("price_")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

pub(super) fn plans_with_malformed_price(input: &DoctorInput<'_>) -> Verdict {
    let malformed = active(input).filter_map(|plan| Some((plan, price_of(plan)?)));
    let rows = malformed
        .filter(|(_, id)| !is_price_id(id))
        .map(|(plan, id)| format!("{}: {id}", plan_line(plan)))
        .collect();
    Verdict::Rows(rows)
}

pub(super) fn plans_without_egg(input: &DoctorInput<'_>) -> Verdict {
    Verdict::Rows(active(input).filter(|plan| plan.egg_id.is_none()).map(plan_line).collect())
}

pub(super) fn plans_with_unknown_egg(input: &DoctorInput<'_>) -> Verdict {
    let Some(eggs) = input.egg_ids else { return Verdict::NotRead("the panel's eggs") };
    let with_egg = active(input).filter_map(|plan| Some((plan, plan.egg_id?)));
    let rows = with_egg
        .filter(|(_, egg)| !eggs.contains(egg))
        .map(|(plan, egg)| format!("{}: egg {egg}", plan_line(plan)))
        .collect();
    Verdict::Rows(rows)
}

/// Regions of the map and those that orders still to be placed ask for, without regard to case and surrounding blanks.
pub(super) fn regions_without_node(input: &DoctorInput<'_>) -> Verdict {
    let mut enabled: BTreeMap<String, bool> = BTreeMap::new();
    for row in input.region_nodes {
        *enabled.entry(key_of(&row.region)).or_default() |= row.is_enabled;
    }
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    for order in input.orders.iter().filter(|order| awaits_a_server(order)) {
        if let Some(region) = &order.region {
            *waiting.entry(key_of(region)).or_default() += 1;
        }
    }
    let regions: BTreeSet<&String> = enabled.keys().chain(waiting.keys()).collect();
    let rows = regions
        .into_iter()
        .filter(|region| !enabled.get(*region).copied().unwrap_or(false))
        .map(|region| {
            let orders = waiting.get(region).copied().unwrap_or(0);
            let known = if enabled.contains_key(region) { "every node disabled" } else { "not in the map" };
            format!("region {region}: {known}; orders waiting: {orders}")
        })
        .collect();
    Verdict::Rows(rows)
}

fn key_of(region: &str) -> String {
    region.trim().to_lowercase()
}

fn awaits_a_server(order: &Order) -> bool {
    matches!(
        order.status,
        OrderStatus::Pending | OrderStatus::Paid | OrderStatus::Provisioning | OrderStatus::Error
    )
}

/// The panel's node ids; nothing when the panel was not read.
fn panel_node_ids(input: &DoctorInput<'_>) -> Option<BTreeSet<i64>> {
    Some(input.nodes?.iter().filter_map(|node| node.key.id.parse().ok()).collect())
}

pub(super) fn region_rows_with_unknown_node(input: &DoctorInput<'_>) -> Verdict {
    let Some(known) = panel_node_ids(input) else { return Verdict::NotRead("the panel's nodes") };
    let rows = input
        .region_nodes
        .iter()
        .filter(|row| !known.contains(&row.panel_node_id))
        .map(|row| {
            let state = if row.is_enabled { "enabled" } else { "disabled" };
            format!("row {} ({}): node {}, {state}", row.row, row.region, row.panel_node_id)
        })
        .collect();
    Verdict::Rows(rows)
}

/// A canceled order may name a node that went away after it.
pub(super) fn orders_at_unknown_nodes(input: &DoctorInput<'_>) -> Verdict {
    let Some(known) = panel_node_ids(input) else { return Verdict::NotRead("the panel's nodes") };
    let placed = input
        .orders
        .iter()
        .filter(|order| order.status != OrderStatus::Canceled)
        .filter_map(|order| Some((order, order.panel_node_id?)));
    let rows = placed
        .filter(|(_, node)| !known.contains(node))
        .map(|(order, node)| format!("order {} ({}): node {node}", order.id, order.status))
        .collect();
    Verdict::Rows(rows)
}

/// Nodes that the map sells, or all of the panel's where the shop has no map.
pub(super) fn nodes_without_free_allocations(input: &DoctorInput<'_>) -> Verdict {
    let Some(nodes) = input.nodes else { return Verdict::NotRead("the panel's nodes") };
    let sold: BTreeSet<i64> =
        input.region_nodes.iter().filter(|row| row.is_enabled).map(|row| row.panel_node_id).collect();
    let mut rows = Vec::new();
    let mut is_anything_counted = nodes.is_empty();
    for node in nodes {
        let id = node.key.id.parse::<i64>().ok();
        let counted = id.and_then(|id| input.free_allocations.get(&id).copied());
        let Some(free) = counted.or(node.allocations_free) else { continue };
        is_anything_counted = true;
        let is_sold = input.region_nodes.is_empty() || id.is_some_and(|id| sold.contains(&id));
        if free == 0 && is_sold {
            rows.push(format!("node {} ({})", node.key.id, node.name));
        }
    }
    if is_anything_counted { Verdict::Rows(rows) } else { Verdict::NotRead("the nodes' allocations") }
}

/// Customers of orders that are not over, each once.
pub(super) fn customers_without_email(input: &DoctorInput<'_>) -> Verdict {
    let mut orders_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let living = input.orders.iter().filter(|order| order.status != OrderStatus::Canceled);
    for order in living.filter(|order| !has_email(order)) {
        orders_of.entry(&order.customer.user_id).or_default().push(order.id.as_str());
    }
    let rows = orders_of
        .into_iter()
        .map(|(customer, orders)| format!("customer {customer}: orders {}", orders.join(", ")))
        .collect();
    Verdict::Rows(rows)
}

/// Something before and after an `@`: the panel checks the rest.
fn has_email(order: &Order) -> bool {
    let email = order.customer.email.as_deref().unwrap_or_default().trim();
    email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}
