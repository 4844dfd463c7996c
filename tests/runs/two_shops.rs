//! Two shops that count from 1 sell on one panel: one server each, and none is the other's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quarterdeck::engine::money::CreditAccounts;
use quarterdeck::engine::observation::Observation;
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::runs::{RunContext, Runner};
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::model::action::{ActionRequest, CheckOutcome};
use quarterdeck::model::ids::OrderKey;
use quarterdeck::model::order::Order;
use quarterdeck::model::run::RunStatus;
use quarterdeck::model::server::Ownership;
use quarterdeck::providers::orders::{self, OrdersDatabase, OrdersSettings, OrdersSource};
use quarterdeck::providers::transport::Priority;

use crate::site::{Engine, TestSite, clock, open_store, quick};

const SHOPS: [&str; 2] = ["shop", "other"];

/// A second shop with the same rows; only its customers' addresses differ.
async fn other_shop(site: &TestSite) -> PathBuf {
    let path = site.data("other.sqlite");
    std::fs::copy(&site.shop, &path).expect("a second shop");
    TestSite::sql_at(&path, "UPDATE customers SET email = 'other-' || email;").await;
    path
}

async fn database(name: &str, path: &Path) -> Arc<dyn OrdersDatabase> {
    let source = OrdersSource::Sqlite { path: path.to_owned() };
    let settings = OrdersSettings::new(name.into(), "panel".into(), source);
    orders::connect(&settings, clock()).await.expect("the shop opens")
}

async fn engine(site: &TestSite, name: &str, other: &Path) -> Engine {
    let store = open_store(&site.data(name)).await;
    let sells = SHOPS.map(|shop| (shop.into(), "panel".into())).to_vec();
    let fleet = SharedFleet::new(ReconcilePolicy { sells, ..ReconcilePolicy::default() }, clock());
    let databases = [database("shop", &site.shop).await, database("other", other).await];
    let context = RunContext {
        store: store.clone(),
        panels: BTreeMap::from([("panel".into(), site.panel())]),
        orders: databases
            .into_iter()
            .map(|database| (database.account().clone(), (database, "panel".into())))
            .collect(),
        credits: CreditAccounts::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        fleet: Arc::clone(&fleet),
        clock: clock(),
        policy: quick(),
    };
    let runner = Runner::start(context).await.expect("the journal loads");
    Engine { runner, fleet, store }
}

fn key(shop: &str, id: &str) -> OrderKey {
    OrderKey { account: shop.into(), id: id.into() }
}

fn request(shop: &str, id: &str) -> ActionRequest {
    ActionRequest::ProvisionOrder { order: key(shop, id) }
}

async fn row(shop: &str, path: &Path, id: &str) -> Order {
    database(shop, path).await.read_order(&id.into()).await.expect("an answer").expect("the order")
}

/// What pollers do: reads both shops and the panel.
async fn poll(site: &TestSite, other: &Path, engine: &Engine) {
    for (shop, path) in [("shop", site.shop.as_path()), ("other", other)] {
        let asked_at = clock().now();
        let read = database(shop, path).await.read_all().await.expect("a snapshot");
        engine.fleet.observe(Observation::Orders {
            account: shop.into(),
            asked_at,
            orders: read.orders,
            plans: read.plans,
            region_nodes: read.region_nodes,
        });
    }
    let asked_at = clock().now();
    let servers = site.panel().servers(Priority::Poll).await.expect("servers");
    engine.fleet.observe(Observation::Servers { account: "panel".into(), asked_at, servers });
}

fn owner(engine: &Engine, server: i64) -> Ownership {
    let id = server.to_string();
    engine.fleet.read(|fleet| {
        fleet.servers.values().find(|server| server.key.id == id).expect("the server").ownership.clone()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_order_ids_of_two_shops_become_one_server_each() {
    let site = TestSite::start().await;
    site.add_order("1", "small").await;
    let other = other_shop(&site).await;
    let engine = engine(&site, "a", &other).await;
    let (one, two) = tokio::join!(engine.run(request("shop", "1")), engine.run(request("other", "1")));
    for run in [one.expect("a run"), two.expect("a run")] {
        let run = engine.ended(&run).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    }
    poll(&site, &other, &engine).await;
    let mut users = Vec::new();
    for (shop, path) in [("shop", site.shop.as_path()), ("other", other.as_path())] {
        let servers = site.sim.world().servers_with_external_id(&format!("{shop}:1"));
        assert_eq!(servers.len(), 1, "servers of {shop}");
        assert_eq!(site.sim.world().created_with_external_id(&format!("{shop}:1")), 1);
        let order = row(shop, path, "1").await;
        assert_eq!((order.status.word(), order.panel_server_id), ("provisioned", Some(servers[0].id)));
        assert_eq!(order.customer.panel_user_id, Some(servers[0].user_id));
        assert_eq!(owner(&engine, servers[0].id), Ownership::Order(key(shop, "1")));
        users.push(servers[0].user_id);
    }
    assert_ne!(users[0], users[1], "equal customer ids of two shops are two people");
    assert_eq!(site.servers_of("1"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_made_before_the_second_shop_came_is_kept_by_its_order_and_adopted_by_no_other() {
    let site = TestSite::start().await;
    site.add_order("1", "small").await;
    let other = other_shop(&site).await;
    site.engine("alone").await.provisioned("1").await;
    let server = site.sim.world().servers_with_external_id("1")[0].id;

    let engine = engine(&site, "both", &other).await;
    poll(&site, &other, &engine).await;
    assert_eq!(owner(&engine, server), Ownership::Order(key("shop", "1")), "its order points at it");
    let run = engine.run(request("other", "1")).await.expect("a run");
    assert_eq!(engine.ended(&run).await.status, RunStatus::Succeeded);
    assert_eq!(site.sim.world().created_with_external_id("other:1"), 1);

    site.sql("UPDATE orders SET status = 'error', panel_server_id = NULL WHERE id = '1';").await;
    poll(&site, &other, &engine).await;
    assert_eq!(
        owner(&engine, server),
        Ownership::Ambiguous(vec![key("shop", "1")]),
        "no orphan, and nobody's"
    );
    let plan = engine.plan(request("shop", "1")).await.expect("a plan");
    let refusal = plan.checks.iter().find(|check| check.outcome == CheckOutcome::Refuse).expect("a refusal");
    assert!(refusal.detail.contains("set its external id to shop:1"), "{}", refusal.detail);
}
