use super::*;
use crate::model::ids::NodeKey;
use crate::model::node::Capacity;
use crate::model::order::{Customer, OrderStatus, StripeIds};
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
            orders: vec![order("1", OrderStatus::Paid, None), order("2", OrderStatus::Provisioned, Some(4))],
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
    assert_eq!(site.only_failure(), failure("plans-without-egg", Severity::Error, &["plan p1 (Minecraft)"]));
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
    let expected = failure("orders-at-unknown-nodes", Severity::Warning, &["order 2 (provisioned): node 77"]);
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
        let expected = failure("customers-without-email", Severity::Warning, &["customer u1: orders 1, 2"]);
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
