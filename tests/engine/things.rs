//! Small orders, servers, nodes and plans to observe.

use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::ids::{NodeKey, ServerKey};
use quarterdeck::model::money::Money;
use quarterdeck::model::node::{Capacity, Node};
use quarterdeck::model::order::{Customer, Order, OrderStatus, ShopPlan, StripeIds};
use quarterdeck::model::server::{Limits, Ownership, PowerState, Server, ServerStatus};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

pub const START: Timestamp = Timestamp(1_795_000_000_000);

pub fn server_key(id: u32) -> ServerKey {
    ServerKey { account: "panel".into(), id: id.to_string() }
}

pub fn node_key(id: u32) -> NodeKey {
    NodeKey { account: "panel".into(), id: id.to_string() }
}

pub fn server(id: u32, external_id: Option<&str>, observed_at: Timestamp) -> Server {
    Server {
        key: server_key(id),
        external_id: external_id.map(str::to_owned),
        uuid: format!("00000000-0000-4000-8000-{id:012}"),
        identifier: format!("{id:08}"),
        name: format!("server {id}"),
        node: node_key(id % 200),
        panel_user_id: 1,
        egg_id: 5,
        status: ServerStatus::Ready,
        power: PowerState::Unknown,
        limits: Limits { memory_mib: 2048, swap_mib: 0, disk_mib: 10_240, cpu_percent: 100 },
        address: Some(format!("203.0.113.1:{}", 20_000 + id)),
        usage: None,
        ownership: Ownership::Undecided,
        burn_per_hour: None,
        created_at: None,
        observed_at,
    }
}

pub fn order(id: &str, status: OrderStatus, observed_at: Timestamp) -> Order {
    Order {
        id: id.into(),
        account: "shop".into(),
        status,
        claim_token: None,
        customer: Customer::default(),
        plan: "small".into(),
        region: None,
        server_name: None,
        amount: None,
        created_at: Some(START),
        updated_at: Some(START),
        panel_server_id: None,
        panel_identifier: None,
        panel_node_id: None,
        error_message: None,
        addons: Vec::new(),
        stripe: StripeIds::default(),
        observed_at,
    }
}

pub fn node(id: u32, observed_at: Timestamp) -> Node {
    Node {
        key: node_key(id),
        name: format!("node {id}"),
        fqdn: format!("node-{id}.example.net"),
        location: "fra".to_owned(),
        is_public: true,
        is_maintenance: false,
        memory: Capacity { total_mib: 131_072, overallocate_percent: 0, allocated_mib: 65_536 },
        disk: Capacity::default(),
        allocations_total: None,
        allocations_free: None,
        servers: 0,
        observed_at,
    }
}

/// The plan `small`: 7.30 a month, a cent an hour.
pub fn plan(currency: &str) -> ShopPlan {
    ShopPlan {
        id: "small".into(),
        account: "shop".into(),
        name: "Small".to_owned(),
        is_active: true,
        price: Some(Money::new(Decimal::new(730, 2), currency)),
        cost: None,
        stripe_price_id: None,
        ram_mib: 2048,
        disk_mib: 10_240,
        cpu_percent: 100,
        swap_mib: 0,
        io_weight: 500,
        databases: 0,
        backups: 0,
        allocations: 0,
        egg_id: Some(5),
        docker_image: None,
        startup: None,
        environment: std::collections::BTreeMap::new(),
    }
}

/// Whether two fleets say the same; series are each console's own.
pub fn assert_same(mirror: &Fleet, fleet: &Fleet) {
    assert_eq!(mirror.site, fleet.site);
    assert_eq!(mirror.summary, fleet.summary);
    assert!(mirror.feeds.keys().eq(fleet.feeds.keys()));
    for (shown, feed) in mirror.feeds.values().zip(fleet.feeds.values()) {
        assert!(shown.looks_like(feed), "{shown:?} {feed:?}");
    }
    assert_eq!(mirror.orders, fleet.orders);
    assert_eq!(mirror.shop_plans, fleet.shop_plans);
    assert_eq!(mirror.region_nodes, fleet.region_nodes);
    assert_eq!(mirror.nodes, fleet.nodes);
    assert_eq!(mirror.servers, fleet.servers);
    assert_eq!(mirror.runs, fleet.runs);
    assert_eq!(mirror.findings, fleet.findings);
    assert_eq!(mirror.notices, fleet.notices);
}
