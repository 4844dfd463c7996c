//! Twenty simultaneous provision calls on one order through four engines: exactly one server, one provisioned order.

use std::sync::Arc;

use quarterdeck::model::run::RunStatus;
use quarterdeck::providers::orders::{self, OrdersDatabase, OrdersSettings, OrdersSource, PoolerMode};
use tokio::sync::Barrier;

use crate::services::{self, BILLING_SCHEMA, SUPABASE_SCHEMA, Service};
use crate::site::{Engine, TestSite, clock, quick};

const ENGINES: usize = 4;
const CALLS_EACH: usize = 5;

async fn twenty_calls(site: &TestSite, settings: &OrdersSettings, order: &str) {
    let mut engines = Vec::new();
    for number in 0..ENGINES {
        let database = orders::connect(settings, clock()).await.expect("the shop");
        engines.push(Arc::new(site.engine_with(&format!("engine-{number}"), quick(), database).await));
    }
    let barrier = Arc::new(Barrier::new(ENGINES * CALLS_EACH));
    let mut calls = Vec::new();
    for engine in &engines {
        for _ in 0..CALLS_EACH {
            // Planned before anybody starts, so that every call comes to the claim.
            let plan = engine.plan_order(order).await.expect("a plan");
            assert!(!plan.is_refused(), "{:#?}", plan.checks);
            let (engine, barrier) = (Arc::clone(engine), Arc::clone(&barrier));
            calls.push(tokio::spawn(async move {
                barrier.wait().await;
                engine.execute(&plan).await
            }));
        }
    }
    let mut started = 0;
    for call in calls {
        started += usize::from(call.await.expect("no panic").is_ok());
    }
    assert!(started >= ENGINES, "each engine starts at least one run, {started} did");
    let mut succeeded = 0;
    for engine in &engines {
        succeeded += engine.idle().await.iter().filter(|run| run.status == RunStatus::Succeeded).count();
        let others = engine.runs();
        for run in others.iter().filter(|run| run.status != RunStatus::Succeeded) {
            assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
            let problem = run.problem.as_ref().expect("why");
            assert!(problem.message.contains("the order"), "{problem}");
        }
    }
    assert_eq!(succeeded, 1);
    let world = site.sim.world();
    assert_eq!(world.created_with_external_id(order), 1);
    assert_eq!(world.servers_created_ever(), 1);
    assert_eq!(world.servers_with_external_id(order).len(), 1);
    let database = orders::connect(settings, clock()).await.expect("the shop");
    let row = database.read_order(&order.into()).await.expect("an answer").expect("the order");
    assert_eq!(row.status.word(), "provisioned");
    assert_eq!(row.panel_server_id, Some(world.servers_with_external_id(order)[0].id));
    close(engines).await;
}

async fn close(engines: Vec<Arc<Engine>>) {
    for engine in engines {
        engine.runner.shutdown().await;
    }
}

/// The only order of a database.
async fn only_order(settings: &OrdersSettings) -> String {
    let database: Arc<dyn OrdersDatabase> = orders::connect(settings, clock()).await.expect("the shop");
    let all = database.read_all().await.expect("an answer");
    assert_eq!(all.orders.len(), 1, "{:?}", all.notices);
    all.orders[0].id.0.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    twenty_calls(&site, &site.shop_settings(), "o1").await;
    site.assert_provisioned_once("o1").await;
}

async fn on_postgres(service: Service, pooler: PoolerMode) {
    let Some(database) = services::create_database(service).await else { return };
    let site = TestSite::start().await;
    let egg = site.egg();
    database.run(SUPABASE_SCHEMA).await;
    database
        .run(&format!(
            "INSERT INTO profiles (email, full_name) VALUES ('pia@example.test', 'Pia Gres');
             INSERT INTO plans (name, price, ram_mb, disk_mb, ptero_egg_id) VALUES ('Small', 7.30, 1024, 2048, {egg});
             INSERT INTO orders (user_id, plan_id, status, region) SELECT p.id, q.id, 'paid', 'eu' FROM profiles p, plans q;
             INSERT INTO ptero_nodes (region, ptero_node_id) VALUES ('eu', 1), ('eu', 2);"
        ))
        .await;
    let source = OrdersSource::Postgres { url: database.url.clone().into() };
    let settings = OrdersSettings { pooler, ..OrdersSettings::new("shop".into(), "panel".into(), source) };
    twenty_calls(&site, &settings, &only_order(&settings).await).await;
    database.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_postgresql() {
    on_postgres(Service::Postgres, PoolerMode::Direct).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_postgresql_through_a_transaction_pooler() {
    on_postgres(Service::PgBouncer, PoolerMode::Transaction).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_mariadb() {
    let Some(database) = services::create_database(Service::MariaDb).await else { return };
    let site = TestSite::start().await;
    let egg = site.egg();
    database.run(BILLING_SCHEMA).await;
    database
        .run(&format!(
            "INSERT INTO users (email, name) VALUES ('mia@example.test', 'Mia Maria');
             INSERT INTO plans (name, price, ram_mb, disk_mb, ptero_egg_id) VALUES ('Small', 7.30, 1024, 2048, {egg});
             INSERT INTO orders (user_id, plan_id, status, region) VALUES (1, 1, 'paid', 'eu');
             INSERT INTO region_node_map (region, node_id) VALUES ('eu', 1), ('eu', 2);"
        ))
        .await;
    let source = OrdersSource::MariaDb { url: database.url.clone().into() };
    let settings = OrdersSettings::new("shop".into(), "panel".into(), source);
    twenty_calls(&site, &settings, &only_order(&settings).await).await;
    database.drop_it().await;
}
