//! The doctor: whether plans, prices, eggs, regions, nodes and orders agree, as pure rules over what was read.
//!
//! Must not: ask a provider anything; whoever calls brings the snapshots.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::finding::{Finding, Severity};
use crate::model::node::Node;
use crate::model::order::{Order, RegionNode, ShopPlan};

/// What the doctor looks at: one orders database and the panel it is provisioned on.
#[derive(Debug, Clone, Copy)]
pub struct DoctorInput<'a> {
    /// The orders.
    pub orders: &'a [Order],
    /// The shop's plans.
    pub plans: &'a [ShopPlan],
    /// The shop's map from regions to panel nodes.
    pub region_nodes: &'a [RegionNode],
    /// The panel's nodes; nothing when the panel could not be read.
    pub nodes: Option<&'a [Node]>,
    /// The panel's egg ids; nothing when they could not be read.
    pub egg_ids: Option<&'a BTreeSet<i64>>,
    /// Free allocations by panel node id; a node that is absent was not counted.
    pub free_allocations: &'a BTreeMap<i64, u32>,
    /// Findings made elsewhere: the keys' permissions, the orders database's configuration.
    pub found_elsewhere: &'a [Finding],
}

/// What a rule found: one line per row, or that it could not look.
enum Verdict {
    Rows(Vec<String>),
    NotRead(&'static str),
}

/// One check.
struct Rule {
    check: &'static str,
    severity: Severity,
    /// Title when it finds something.
    bad: &'static str,
    /// Title when it finds nothing.
    good: &'static str,
    why: &'static str,
    advice: &'static str,
    look: fn(&DoctorInput<'_>) -> Verdict,
}

const RULES: &[Rule] = &[
    Rule {
        check: "plans-without-price",
        severity: Severity::Warning,
        bad: "active plans without a Stripe price id",
        good: "every active plan has a Stripe price id",
        why: "customers cannot buy such a plan: the checkout has no price to charge",
        advice: "create the price at Stripe and write its id into the plan, or deactivate the plan",
        look: rules::plans_without_price,
    },
    Rule {
        check: "plans-with-malformed-price",
        severity: Severity::Error,
        bad: "active plans whose Stripe price id is not of the form price_…",
        good: "every Stripe price id has the form price_…",
        why: "Stripe refuses the checkout; often it is a product id (prod_…) or a payment link",
        advice: "copy the price's id, not the product's, into the plan",
        look: rules::plans_with_malformed_price,
    },
    Rule {
        check: "plans-without-egg",
        severity: Severity::Error,
        bad: "active plans without an egg",
        good: "every active plan names an egg",
        why: "a paid order of such a plan cannot become a server",
        advice: "write the panel's egg id into the plan",
        look: rules::plans_without_egg,
    },
    Rule {
        check: "plans-with-unknown-egg",
        severity: Severity::Error,
        bad: "active plans whose egg is not on the panel",
        good: "every plan's egg is on the panel",
        why: "the panel refuses to create the server, after the customer paid",
        advice: "import the egg into the panel or correct the plan's egg id (ids change when an egg is imported again)",
        look: rules::plans_with_unknown_egg,
    },
    Rule {
        check: "regions-without-node",
        severity: Severity::Error,
        bad: "regions without an enabled node",
        good: "every region has an enabled node",
        why: "orders for such a region cannot be placed anywhere",
        advice: "enable a node for the region in the shop's map, or stop selling the region",
        look: rules::regions_without_node,
    },
    Rule {
        check: "region-rows-with-unknown-node",
        severity: Severity::Error,
        bad: "rows of the region map whose node is not on the panel",
        good: "every node of the region map is on the panel",
        why: "an order placed by such a row fails; the node was deleted or its id mistyped",
        advice: "correct the panel node id or remove the row",
        look: rules::region_rows_with_unknown_node,
    },
    Rule {
        check: "orders-at-unknown-nodes",
        severity: Severity::Warning,
        bad: "orders that point at a node which is not on the panel",
        good: "every order's node is on the panel",
        why: "the shop shows customers a server where there is none",
        advice: "look whether the server still exists; correct the order's node, or provision it again",
        look: rules::orders_at_unknown_nodes,
    },
    Rule {
        check: "nodes-without-free-allocations",
        severity: Severity::Warning,
        bad: "nodes without a free allocation",
        good: "every node that is sold has a free allocation",
        why: "a server needs an address and a port: nothing more can be created there",
        advice: "add allocations to the node in the panel",
        look: rules::nodes_without_free_allocations,
    },
    Rule {
        check: "customers-without-email",
        severity: Severity::Warning,
        bad: "customers without a usable e-mail address",
        good: "every customer with a living order has an e-mail address",
        why: "the panel needs one for the customer's user: the order cannot be provisioned",
        advice: "ask the customer and complete the row",
        look: rules::customers_without_email,
    },
];

/// Runs every check; a check that passed gives a finding of severity `Ok`, one that could not look gives `Info`.
/// Findings made elsewhere follow.
#[must_use]
pub fn examine(input: &DoctorInput<'_>) -> Vec<Finding> {
    RULES.iter().map(|rule| apply(rule, input)).chain(input.found_elsewhere.iter().cloned()).collect()
}

fn apply(rule: &Rule, input: &DoctorInput<'_>) -> Finding {
    let (severity, title, advice, rows) = match (rule.look)(input) {
        Verdict::Rows(rows) if rows.is_empty() => (Severity::Ok, rule.good.to_owned(), "", rows),
        Verdict::Rows(rows) => (rule.severity, rule.bad.to_owned(), rule.advice, rows),
        Verdict::NotRead(what) => {
            let title = format!("not checked: {what} could not be read");
            (Severity::Info, title, "see the account's condition, then run the doctor again", Vec::new())
        }
    };
    Finding {
        check: rule.check.to_owned(),
        severity,
        title,
        why: rule.why.to_owned(),
        advice: advice.to_owned(),
        rows,
    }
}

#[cfg(test)]
mod tests;
