//! The doctor: whether plans, prices, eggs, regions, nodes and orders agree, as pure rules over what was read.
//!
//! Must not: ask a provider anything; whoever calls brings the snapshots.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::finding::{Finding, Severity};
use crate::model::node::Node;
use crate::model::order::{Order, OrderStatus, RegionNode, ShopPlan};

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
        look: plans_without_price,
    },
    Rule {
        check: "plans-with-malformed-price",
        severity: Severity::Error,
        bad: "active plans whose Stripe price id is not of the form price_…",
        good: "every Stripe price id has the form price_…",
        why: "Stripe refuses the checkout; often it is a product id (prod_…) or a payment link",
        advice: "copy the price's id, not the product's, into the plan",
        look: plans_with_malformed_price,
    },
    Rule {
        check: "plans-without-egg",
        severity: Severity::Error,
        bad: "active plans without an egg",
        good: "every active plan names an egg",
        why: "a paid order of such a plan cannot become a server",
        advice: "write the panel's egg id into the plan",
        look: plans_without_egg,
    },
    Rule {
        check: "plans-with-unknown-egg",
        severity: Severity::Error,
        bad: "active plans whose egg is not on the panel",
        good: "every plan's egg is on the panel",
        why: "the panel refuses to create the server, after the customer paid",
        advice: "import the egg into the panel or correct the plan's egg id (ids change when an egg is imported again)",
        look: plans_with_unknown_egg,
    },
    Rule {
        check: "regions-without-node",
        severity: Severity::Error,
        bad: "regions without an enabled node",
        good: "every region has an enabled node",
        why: "orders for such a region cannot be placed anywhere",
        advice: "enable a node for the region in the shop's map, or stop selling the region",
        look: regions_without_node,
    },
    Rule {
        check: "region-rows-with-unknown-node",
        severity: Severity::Error,
        bad: "rows of the region map whose node is not on the panel",
        good: "every node of the region map is on the panel",
        why: "an order placed by such a row fails; the node was deleted or its id mistyped",
        advice: "correct the panel node id or remove the row",
        look: region_rows_with_unknown_node,
    },
    Rule {
        check: "orders-at-unknown-nodes",
        severity: Severity::Warning,
        bad: "orders that point at a node which is not on the panel",
        good: "every order's node is on the panel",
        why: "the shop shows customers a server where there is none",
        advice: "look whether the server still exists; correct the order's node, or provision it again",
        look: orders_at_unknown_nodes,
    },
    Rule {
        check: "nodes-without-free-allocations",
        severity: Severity::Warning,
        bad: "nodes without a free allocation",
        good: "every node that is sold has a free allocation",
        why: "a server needs an address and a port: nothing more can be created there",
        advice: "add allocations to the node in the panel",
        look: nodes_without_free_allocations,
    },
    Rule {
        check: "customers-without-email",
        severity: Severity::Warning,
        bad: "customers without a usable e-mail address",
        good: "every customer with a living order has an e-mail address",
        why: "the panel needs one for the customer's user: the order cannot be provisioned",
        advice: "ask the customer and complete the row",
        look: customers_without_email,
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

fn plans_without_price(input: &DoctorInput<'_>) -> Verdict {
    Verdict::Rows(active(input).filter(|plan| price_of(plan).is_none()).map(plan_line).collect())
}

/// Stripe's ids are the prefix and letters and digits (`providers/hosting.md` §6.5).
fn is_price_id(id: &str) -> bool {
    id.strip_prefix("price_")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn plans_with_malformed_price(input: &DoctorInput<'_>) -> Verdict {
    let malformed = active(input).filter_map(|plan| Some((plan, price_of(plan)?)));
    let rows = malformed
        .filter(|(_, id)| !is_price_id(id))
        .map(|(plan, id)| format!("{}: {id}", plan_line(plan)))
        .collect();
    Verdict::Rows(rows)
}

fn plans_without_egg(input: &DoctorInput<'_>) -> Verdict {
    Verdict::Rows(active(input).filter(|plan| plan.egg_id.is_none()).map(plan_line).collect())
}

fn plans_with_unknown_egg(input: &DoctorInput<'_>) -> Verdict {
    let Some(eggs) = input.egg_ids else { return Verdict::NotRead("the panel's eggs") };
    let with_egg = active(input).filter_map(|plan| Some((plan, plan.egg_id?)));
    let rows = with_egg
        .filter(|(_, egg)| !eggs.contains(egg))
        .map(|(plan, egg)| format!("{}: egg {egg}", plan_line(plan)))
        .collect();
    Verdict::Rows(rows)
}

/// Regions of the map and those that orders still to be placed ask for, without regard to case and surrounding blanks.
fn regions_without_node(input: &DoctorInput<'_>) -> Verdict {
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

fn region_rows_with_unknown_node(input: &DoctorInput<'_>) -> Verdict {
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
fn orders_at_unknown_nodes(input: &DoctorInput<'_>) -> Verdict {
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
fn nodes_without_free_allocations(input: &DoctorInput<'_>) -> Verdict {
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
fn customers_without_email(input: &DoctorInput<'_>) -> Verdict {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::NodeKey;
    use crate::model::node::Capacity;
    use crate::model::order::{Customer, StripeIds};
    use crate::model::time::Timestamp;

    /// A site in order, which each test breaks in one place.
    struct Site {
        orders: Vec<Order>,
        plans: Vec<ShopPlan>,
        region_nodes: Vec<RegionNode>,
        nodes: Option<Vec<Node>>,
        eggs: Option<BTreeSet<i64>>,
        free: BTreeMap<i64, u32>,
        elsewhere: Vec<Finding>,
    }

    impl Site {
        fn sound() -> Self {
            Self {
                orders: vec![
                    order("1", OrderStatus::Paid, None),
                    order("2", OrderStatus::Provisioned, Some(4)),
                ],
                plans: vec![plan("p1")],
                region_nodes: vec![region("eu", 4, true), region("eu", 5, false)],
                nodes: Some(vec![node(4), node(5)]),
                eggs: Some(BTreeSet::from([5])),
                free: BTreeMap::from([(4, 3), (5, 1)]),
                elsewhere: Vec::new(),
            }
        }

        fn examine(&self) -> Vec<Finding> {
            examine(&DoctorInput {
                orders: &self.orders,
                plans: &self.plans,
                region_nodes: &self.region_nodes,
                nodes: self.nodes.as_deref(),
                egg_ids: self.eggs.as_ref(),
                free_allocations: &self.free,
                found_elsewhere: &self.elsewhere,
            })
        }

        /// The one check that failed, with its rows; every other one passed.
        fn only_failure(&self) -> (String, Severity, Vec<String>) {
            let failed: Vec<Finding> =
                self.examine().into_iter().filter(|finding| finding.severity != Severity::Ok).collect();
            assert_eq!(failed.len(), 1, "{failed:#?}");
            assert!(!failed[0].why.is_empty() && !failed[0].advice.is_empty());
            (failed[0].check.clone(), failed[0].severity, failed[0].rows.clone())
        }
    }

    fn order(id: &str, status: OrderStatus, node: Option<i64>) -> Order {
        Order {
            id: id.into(),
            account: "shop".into(),
            status,
            claim_token: None,
            customer: Customer {
                user_id: "u1".to_owned(),
                email: Some("ada@example.net".to_owned()),
                name: None,
                panel_user_id: None,
            },
            plan: "p1".into(),
            region: Some("EU ".to_owned()),
            server_name: None,
            amount: None,
            created_at: None,
            updated_at: None,
            panel_server_id: None,
            panel_identifier: None,
            panel_node_id: node,
            error_message: None,
            addons: Vec::new(),
            stripe: StripeIds::default(),
            observed_at: Timestamp(0),
        }
    }

    fn plan(id: &str) -> ShopPlan {
        ShopPlan {
            id: id.into(),
            account: "shop".into(),
            name: "Minecraft".to_owned(),
            is_active: true,
            price: None,
            cost: None,
            stripe_price_id: Some("price_1QdMc".to_owned()),
            ram_mib: 1,
            disk_mib: 1,
            cpu_percent: 0,
            swap_mib: 0,
            io_weight: 500,
            databases: 0,
            backups: 0,
            allocations: 0,
            egg_id: Some(5),
            docker_image: None,
            startup: None,
            environment: BTreeMap::new(),
        }
    }

    fn region(region: &str, panel_node_id: i64, is_enabled: bool) -> RegionNode {
        RegionNode {
            account: "shop".into(),
            row: "9".to_owned(),
            region: region.to_owned(),
            panel_node_id,
            is_enabled,
            reserved_ram_mib: 0,
            reserved_disk_mib: 0,
        }
    }

    fn node(id: i64) -> Node {
        Node {
            key: NodeKey { account: "panel".into(), id: id.to_string() },
            name: format!("node-{id}"),
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
        }
    }

    fn failure(check: &str, severity: Severity, rows: &[&str]) -> (String, Severity, Vec<String>) {
        (check.to_owned(), severity, rows.iter().map(|row| (*row).to_owned()).collect())
    }

    #[test]
    fn a_sound_site_passes_every_check() {
        let findings = Site::sound().examine();
        assert_eq!(findings.len(), RULES.len());
        assert!(
            findings.iter().all(|finding| finding.severity == Severity::Ok && finding.rows.is_empty()),
            "{findings:#?}"
        );
    }

    #[test]
    fn active_plans_need_a_price() {
        for price in [None, Some(" ".to_owned())] {
            let mut site = Site::sound();
            site.plans[0].stripe_price_id = price;
            assert_eq!(
                site.only_failure(),
                failure("plans-without-price", Severity::Warning, &["plan p1 (Minecraft)"])
            );
            site.plans[0].is_active = false;
            assert!(site.examine().iter().all(|finding| finding.severity == Severity::Ok));
        }
    }

    #[test]
    fn prices_have_stripes_form() {
        for bad in ["prod_1", "price_", "price-1", "https://buy.stripe.com/x", "price_1 2"] {
            let mut site = Site::sound();
            site.plans[0].stripe_price_id = Some(bad.to_owned());
            let row = format!("plan p1 (Minecraft): {bad}");
            assert_eq!(site.only_failure(), failure("plans-with-malformed-price", Severity::Error, &[&row]));
        }
    }

    #[test]
    fn plans_need_an_egg_that_is_on_the_panel() {
        let mut site = Site::sound();
        site.plans[0].egg_id = None;
        assert_eq!(
            site.only_failure(),
            failure("plans-without-egg", Severity::Error, &["plan p1 (Minecraft)"])
        );
        site.plans[0].egg_id = Some(6);
        let expected = failure("plans-with-unknown-egg", Severity::Error, &["plan p1 (Minecraft): egg 6"]);
        assert_eq!(site.only_failure(), expected);
        site.plans[0].is_active = false;
        assert!(site.examine().iter().all(|finding| finding.severity == Severity::Ok));
    }

    #[test]
    fn regions_need_an_enabled_node() {
        let mut site = Site::sound();
        site.region_nodes.push(region("us", 5, false));
        let row = "region us: every node disabled; orders waiting: 0";
        assert_eq!(site.only_failure(), failure("regions-without-node", Severity::Error, &[row]));
        site.region_nodes.pop();
        site.orders[0].region = Some("mars".to_owned());
        let row = "region mars: not in the map; orders waiting: 1";
        assert_eq!(site.only_failure(), failure("regions-without-node", Severity::Error, &[row]));
        site.orders[0].status = OrderStatus::Canceled;
        assert!(site.examine().iter().all(|finding| finding.severity == Severity::Ok));
    }

    #[test]
    fn the_region_maps_nodes_exist() {
        let mut site = Site::sound();
        site.region_nodes[1].panel_node_id = 77;
        let expected =
            failure("region-rows-with-unknown-node", Severity::Error, &["row 9 (eu): node 77, disabled"]);
        assert_eq!(site.only_failure(), expected);
    }

    #[test]
    fn orders_point_at_nodes_that_exist() {
        let mut site = Site::sound();
        site.orders[1].panel_node_id = Some(77);
        let expected =
            failure("orders-at-unknown-nodes", Severity::Warning, &["order 2 (provisioned): node 77"]);
        assert_eq!(site.only_failure(), expected);
        site.orders[1].status = OrderStatus::Canceled;
        assert!(site.examine().iter().all(|finding| finding.severity == Severity::Ok));
    }

    #[test]
    fn nodes_that_are_sold_need_free_allocations() {
        let mut site = Site::sound();
        site.free.insert(5, 0);
        assert!(site.examine().iter().all(|finding| finding.severity == Severity::Ok), "node 5 is not sold");
        site.free.insert(4, 0);
        let expected = failure("nodes-without-free-allocations", Severity::Warning, &["node 4 (node-4)"]);
        assert_eq!(site.only_failure(), expected);
        site.free.clear();
        let expected = failure("nodes-without-free-allocations", Severity::Info, &[]);
        assert_eq!(site.only_failure(), expected, "nothing was counted");
        site.nodes.as_mut().unwrap()[0].allocations_free = Some(0);
        let expected = failure("nodes-without-free-allocations", Severity::Warning, &["node 4 (node-4)"]);
        assert_eq!(site.only_failure(), expected, "the node's own count serves too");
    }

    #[test]
    fn customers_need_an_email() {
        for email in [None, Some(String::new()), Some("@x".to_owned()), Some("none".to_owned())] {
            let mut site = Site::sound();
            for order in &mut site.orders {
                order.customer.email.clone_from(&email);
            }
            let expected =
                failure("customers-without-email", Severity::Warning, &["customer u1: orders 1, 2"]);
            assert_eq!(site.only_failure(), expected);
        }
    }

    #[test]
    fn what_could_not_be_read_is_said_and_not_passed() {
        let mut site = Site::sound();
        site.nodes = None;
        site.eggs = None;
        let not_checked: Vec<String> = site
            .examine()
            .into_iter()
            .filter(|finding| finding.severity == Severity::Info && finding.title.starts_with("not checked"))
            .map(|finding| finding.check)
            .collect();
        assert_eq!(
            not_checked,
            [
                "plans-with-unknown-egg",
                "region-rows-with-unknown-node",
                "orders-at-unknown-nodes",
                "nodes-without-free-allocations"
            ]
        );
    }

    #[test]
    fn keys_that_lack_a_permission_are_passed_on() {
        let mut site = Site::sound();
        let lacking = Finding {
            check: "panel-permissions".to_owned(),
            severity: Severity::Error,
            title: "the key lacks permissions".to_owned(),
            why: "runs fail".to_owned(),
            advice: "grant them".to_owned(),
            rows: vec!["servers: write".to_owned()],
        };
        site.elsewhere.push(lacking.clone());
        assert_eq!(site.examine().last(), Some(&lacking));
        assert_eq!(site.only_failure().0, "panel-permissions");
    }
}
