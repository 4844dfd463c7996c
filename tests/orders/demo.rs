//! The demo shop.

use std::collections::BTreeMap;
use std::time::Duration;

use quarterdeck::model::order::OrderStatus;
use quarterdeck::providers::orders::{
    DemoArrivals, DemoEggs, DemoRegion, DemoServer, DemoShop, OrdersSettings, OrdersSource, connect,
    create_embedded, let_orders_arrive, seed_demo,
};

use crate::shop::clock;

fn shop() -> DemoShop {
    let region = |region: &str, panel_node_id| DemoRegion { region: region.to_owned(), panel_node_id };
    let server = |number: i64| DemoServer {
        order_id: format!("3f1c0000-0000-4000-8000-{number:012}").into(),
        server_id: number,
        identifier: format!("abcd{number:04}"),
        node_id: 1 + number % 2,
        name: format!("Standing {number}"),
        ram_mib: 2_048 * (1 + number % 4),
        egg_id: if number % 3 == 0 { 8 } else { 5 },
    };
    DemoShop {
        seed: 7,
        regions: vec![region("eu-central", 1), region("us-east", 2)],
        eggs: DemoEggs { minecraft: Some(5), cs2: Some(8), rust: Some(14), valheim: None },
        servers: (1..=30).map(server).collect(),
    }
}

#[tokio::test]
async fn the_demo_shop_has_orders_in_every_state_and_is_seeded_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.sqlite");
    create_embedded(&path).await.expect("the schema");
    create_embedded(&path).await.expect("again is safe");
    for _ in 0..2 {
        seed_demo(&path, &shop(), clock().as_ref()).await.expect("seeded");
    }
    let settings = OrdersSettings::new("shop".into(), "panel".into(), OrdersSource::Sqlite { path });
    let orders = connect(&settings, clock()).await.expect("settings");
    let snapshot = orders.read_all().await.expect("a snapshot");
    assert_eq!(snapshot.notices, Vec::<String>::new());
    assert_eq!(snapshot.orders.len(), 60);
    let mut by_status: BTreeMap<OrderStatus, usize> = BTreeMap::new();
    for order in &snapshot.orders {
        *by_status.entry(order.status.clone()).or_default() += 1;
        assert!(
            order.customer.email.is_some() && order.amount.is_some() && order.region.is_some(),
            "{order:?}"
        );
        assert!(
            order.created_at <= order.updated_at && order.updated_at <= Some(order.observed_at),
            "{order:?}"
        );
    }
    let count = |status| by_status.get(&status).copied().unwrap_or(0);
    assert_eq!((count(OrderStatus::Paid), count(OrderStatus::Pending), count(OrderStatus::Error)), (5, 6, 1));
    assert_eq!((count(OrderStatus::Provisioned), count(OrderStatus::Provisioning)), (29, 1));
    let with_server_but_canceled = snapshot
        .orders
        .iter()
        .filter(|o| o.status == OrderStatus::Canceled && o.panel_server_id.is_some())
        .count();
    assert_eq!(with_server_but_canceled, 1);
    let failed =
        snapshot.orders.iter().find(|order| order.status == OrderStatus::Error).expect("one in error");
    assert!(failed.error_message.is_some());
    assert!(!snapshot.plans.iter().any(|plan| plan.name.contains("Valheim")), "no egg, not sold");
    assert!(snapshot.plans.iter().all(|plan| plan.egg_id.is_some()));
}

#[tokio::test]
async fn new_paid_orders_arrive_until_enough_are_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.sqlite");
    create_embedded(&path).await.expect("the schema");
    seed_demo(&path, &shop(), clock().as_ref()).await.expect("seeded");
    let arrivals = DemoArrivals { every_ms: 4, seed: 3, waiting_at_most: 8 };
    let arriving = tokio::spawn(let_orders_arrive(path.clone(), arrivals, clock()));
    let settings = OrdersSettings::new("shop".into(), "panel".into(), OrdersSource::Sqlite { path });
    let orders = connect(&settings, clock()).await.expect("settings");
    let enough = async {
        loop {
            orders.wait_for_change().await.expect("waiting works");
            let snapshot = orders.read_all().await.expect("a snapshot");
            let paid = snapshot.orders.iter().filter(|order| order.status == OrderStatus::Paid).count();
            assert!(paid <= 8, "more than may wait");
            if paid == 8 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), enough).await.expect("orders arrive");
    assert!(!arriving.is_finished(), "it goes on");
    arriving.abort();
}
