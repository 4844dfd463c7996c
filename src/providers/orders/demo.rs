//! A realistic shop in the embedded database, for the demo: orders in every state, and new ones now and then.
//!
//! Must not: touch any other database.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sqlx::{Connection, SqliteConnection};

use super::demo_rows::{self, DemoOrder, PLANS, PlanRow};
use super::sql::Dialect;
use super::sqlite::options_of;
use super::trouble::{During, explain};
use crate::model::ids::OrderId;
use crate::model::problem::Problem;
use crate::model::time::{Clock, Timestamp};

/// A region the demo shop sells, and a panel node that serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoRegion {
    /// The shop's word: `eu-central`.
    pub region: String,
    /// The panel's node id.
    pub panel_node_id: i64,
}

/// The panel's egg ids of the games the demo shop sells; a game without an egg is not sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoEggs {
    /// Minecraft.
    pub minecraft: Option<i64>,
    /// Counter-Strike 2.
    pub cs2: Option<i64>,
    /// Rust.
    pub rust: Option<i64>,
    /// Valheim.
    pub valheim: Option<i64>,
}

/// A server that already stands on the simulated panel and belongs to a demo order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoServer {
    /// The order it belongs to: the panel server's external id.
    pub order_id: OrderId,
    /// The panel's numeric server id.
    pub server_id: i64,
    /// The panel's short identifier.
    pub identifier: String,
    /// The panel's node id.
    pub node_id: i64,
    /// Its name.
    pub name: String,
    /// Its memory, MiB; the nearest plan is chosen by it.
    pub ram_mib: i64,
    /// Its egg.
    pub egg_id: i64,
}

/// What the demo shop is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoShop {
    /// Seed of everything random.
    pub seed: u64,
    /// Regions with their nodes.
    pub regions: Vec<DemoRegion>,
    /// Eggs by game.
    pub eggs: DemoEggs,
    /// Servers that stand already: each becomes a provisioned order, the last one a canceled order.
    pub servers: Vec<DemoServer>,
}

/// How new orders arrive in the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoArrivals {
    /// Time between two new orders on average, milliseconds.
    pub every_ms: u64,
    /// Seed of the customers and plans.
    pub seed: u64,
    /// No new order arrives while this many are waiting as `paid`.
    pub waiting_at_most: u32,
}

/// Orders in the demo shop at least.
const ORDERS: usize = 60;
/// Orders that wait for their server.
const PAID: usize = 5;
/// Orders not paid yet.
const PENDING: usize = 6;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

impl DemoEggs {
    /// The egg of a game.
    fn of(self, game: &str) -> Option<i64> {
        match game {
            "minecraft" => self.minecraft,
            "cs2" => self.cs2,
            "rust" => self.rust,
            "valheim" => self.valheim,
            _ => None,
        }
    }
}

/// Fills the embedded database at `path` with the demo shop; a database that has orders already is left alone.
///
/// # Errors
/// The schema is missing ([`super::create_embedded`] makes it) or the file cannot be written. All or nothing is written.
pub async fn seed_demo(path: &Path, shop: &DemoShop, clock: &dyn Clock) -> Result<(), Problem> {
    let mut connection = open(path).await?;
    let filled = fill(&mut connection, shop, clock.now()).await;
    filled.map_err(|error| failed(path, During::Write, &error))?;
    connection.close().await.map_err(|error| failed(path, During::Write, &error))
}

/// Makes new paid orders arrive now and then, until dropped; returns only on an error.
///
/// # Errors
/// The file cannot be written, or there is no shop in it.
pub async fn let_orders_arrive(
    path: PathBuf,
    arrivals: DemoArrivals,
    clock: Arc<dyn Clock>,
) -> Result<Infallible, Problem> {
    let mut random = StdRng::seed_from_u64(arrivals.seed);
    let mut connection = open(&path).await?;
    loop {
        let every = arrivals.every_ms.max(2);
        tokio::time::sleep(Duration::from_millis(random.random_range(every / 2..every + every / 2))).await;
        let arrived = one_arrives(&mut connection, &arrivals, &mut random, clock.now()).await;
        arrived.map_err(|error| failed(&path, During::Write, &error))?;
    }
}

async fn open(path: &Path) -> Result<SqliteConnection, Problem> {
    SqliteConnection::connect_with(&options_of(path))
        .await
        .map_err(|error| failed(path, During::Connect, &error))
}

fn failed(path: &Path, during: During, error: &sqlx::Error) -> Problem {
    explain(&path.display().to_string(), Dialect::Sqlite, during, error)
}

async fn fill(connection: &mut SqliteConnection, shop: &DemoShop, now: Timestamp) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let existing: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM orders").fetch_one(&mut *transaction).await?;
    if existing > 0 {
        return transaction.rollback().await;
    }
    let mut random = StdRng::seed_from_u64(shop.seed);
    let plans: Vec<&PlanRow> = PLANS.iter().filter(|plan| shop.eggs.of(plan.game).is_some()).collect();
    for plan in &plans {
        demo_rows::insert_plan(&mut transaction, plan, shop.eggs.of(plan.game)).await?;
    }
    for region in &shop.regions {
        demo_rows::insert_region(&mut transaction, &region.region, region.panel_node_id).await?;
    }
    let customers = demo_rows::insert_customers(&mut transaction, &mut random).await?;
    let mut maker = OrderMaker { shop, plans, customers, random, now, next_number: 2_000 };
    for order in maker.orders() {
        demo_rows::insert_order(&mut transaction, &order).await?;
    }
    transaction.commit().await
}

/// Invents the orders of the shop.
struct OrderMaker<'a> {
    shop: &'a DemoShop,
    plans: Vec<&'a PlanRow>,
    customers: Vec<String>,
    random: StdRng,
    now: Timestamp,
    next_number: u64,
}

impl OrderMaker<'_> {
    fn orders(&mut self) -> Vec<DemoOrder> {
        let mut orders = Vec::new();
        let shop = self.shop;
        for (index, server) in shop.servers.iter().enumerate() {
            let is_last = index + 1 == shop.servers.len() && index > 0;
            orders.extend(self.of_server(server, if is_last { "canceled" } else { "provisioned" }));
        }
        for waiting in 0..PAID {
            orders.extend(self.waiting("paid", 2 + 7 * u64::try_from(waiting).unwrap_or(0)));
        }
        for waiting in 0..PENDING {
            orders.extend(self.waiting("pending", 5 + 31 * u64::try_from(waiting).unwrap_or(0)));
        }
        orders.extend(self.failed());
        orders.extend(self.stuck());
        while orders.len() < ORDERS {
            let days = self.random.random_range(20..400);
            let Some(mut order) = self.waiting("canceled", 0) else { break };
            order.age_ms = days * DAY_MS;
            order.quiet_ms = order.age_ms.saturating_sub(self.random.random_range(1..15) * DAY_MS);
            orders.push(order);
        }
        orders
    }

    fn of_server(&mut self, server: &DemoServer, status: &'static str) -> Option<DemoOrder> {
        let eggs = self.shop.eggs;
        let plan = *self.plans.iter().min_by_key(|plan| {
            (eggs.of(plan.game) != Some(server.egg_id), (plan.ram_mib - server.ram_mib).abs())
        })?;
        let region = self.shop.regions.iter().find(|region| region.panel_node_id == server.node_id);
        let region = region.map(|region| region.region.clone());
        let mut order = self.order(status, plan, region)?;
        order.id = server.order_id.to_string();
        order.server_name.clone_from(&server.name);
        order.age_ms = self.random.random_range(1..300) * DAY_MS + self.random.random_range(0..DAY_MS);
        // Canceled only lately: its server is still there and still costs.
        order.quiet_ms =
            if status == "canceled" { 9 * DAY_MS } else { order.age_ms.saturating_sub(2 * MINUTE_MS) };
        order.age_ms = order.age_ms.max(order.quiet_ms + DAY_MS);
        order.server = Some((server.server_id, server.identifier.clone(), server.node_id));
        Some(order)
    }

    fn waiting(&mut self, status: &'static str, minutes: u64) -> Option<DemoOrder> {
        let plan = *self.plans.choose(&mut self.random)?;
        let region = self.shop.regions.choose(&mut self.random).map(|region| region.region.clone());
        let mut order = self.order(status, plan, region)?;
        order.age_ms = minutes * MINUTE_MS + self.random.random_range(0..MINUTE_MS);
        order.quiet_ms = order.age_ms;
        Some(order)
    }

    fn failed(&mut self) -> Option<DemoOrder> {
        let mut order = self.waiting("error", 95)?;
        order.error = Some(
            "no node of this region has enough memory left · add capacity or enable another node, then retry"
                .to_owned(),
        );
        order.quiet_ms = 93 * MINUTE_MS;
        Some(order)
    }

    /// Claimed by a program that never came back.
    fn stuck(&mut self) -> Option<DemoOrder> {
        let mut order = self.waiting("provisioning", 48)?;
        order.claim_token = Some("webhook-7f3a".to_owned());
        order.quiet_ms = 47 * MINUTE_MS;
        Some(order)
    }

    fn order(&mut self, status: &'static str, plan: &PlanRow, region: Option<String>) -> Option<DemoOrder> {
        let customer = self.customers.choose(&mut self.random)?.clone();
        self.next_number += self.random.random_range(1..9);
        let id = format!("ord-{}", self.next_number);
        Some(demo_rows::order(id, status, plan, region, customer, self.now, &mut self.random))
    }
}

/// One more paid order, unless enough are waiting.
async fn one_arrives(
    connection: &mut SqliteConnection,
    arrivals: &DemoArrivals,
    random: &mut StdRng,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM orders WHERE status = 'paid'")
        .fetch_one(&mut *transaction)
        .await?;
    if waiting >= i64::from(arrivals.waiting_at_most) {
        return transaction.rollback().await;
    }
    let sold: Vec<String> =
        sqlx::query_scalar("SELECT id FROM plans WHERE is_active = 1").fetch_all(&mut *transaction).await?;
    let regions: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT region FROM region_nodes WHERE is_enabled = 1")
            .fetch_all(&mut *transaction)
            .await?;
    let customers: Vec<String> = sqlx::query_scalar("SELECT id FROM customers WHERE email IS NOT NULL")
        .fetch_all(&mut *transaction)
        .await?;
    let plans: Vec<&PlanRow> = PLANS.iter().filter(|plan| sold.iter().any(|id| id == plan.id)).collect();
    let (Some(plan), Some(customer)) = (plans.choose(random), customers.choose(random)) else {
        return transaction.rollback().await;
    };
    let id = format!("ord-{}", ulid::Ulid::new().to_string().to_lowercase());
    let region = regions.choose(random).cloned();
    let order = demo_rows::order(id, "paid", plan, region, customer.clone(), now, random);
    demo_rows::insert_order(&mut transaction, &order).await?;
    transaction.commit().await
}
