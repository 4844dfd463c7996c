//! The rows of the demo shop: what it sells, to whom, and how they are written.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sqlx::SqliteConnection;

use crate::model::time::Timestamp;

/// Something the demo shop sells.
#[derive(Debug)]
pub(super) struct PlanRow {
    pub(super) id: &'static str,
    name: &'static str,
    /// Which egg it needs.
    pub(super) game: &'static str,
    pub(super) ram_mib: i64,
    disk_mib: i64,
    cpu_percent: i64,
    price_minor: i64,
    cost_minor: i64,
    stripe_price_id: Option<&'static str>,
}

const fn plan(
    (id, name, game): (&'static str, &'static str, &'static str),
    (ram_mib, disk_mib, cpu_percent): (i64, i64, i64),
    (price_minor, cost_minor): (i64, i64),
    stripe_price_id: Option<&'static str>,
) -> PlanRow {
    PlanRow { id, name, game, ram_mib, disk_mib, cpu_percent, price_minor, cost_minor, stripe_price_id }
}

/// The demo shop's plans. One is sold without a price at Stripe: something for the doctor to find.
pub(super) const PLANS: &[PlanRow] = &[
    plan(("mc-2", "Minecraft 2 GiB", "minecraft"), (2_048, 10_240, 100), (599, 210), Some("price_1QdMc2GiB")),
    plan(("mc-4", "Minecraft 4 GiB", "minecraft"), (4_096, 20_480, 150), (999, 410), Some("price_1QdMc4GiB")),
    plan(
        ("mc-8", "Minecraft 8 GiB", "minecraft"),
        (8_192, 40_960, 250),
        (1_899, 790),
        Some("price_1QdMc8GiB"),
    ),
    plan(("mc-12", "Minecraft 12 GiB", "minecraft"), (12_288, 61_440, 300), (2_799, 1_180), None),
    plan(("cs2", "Counter-Strike 2", "cs2"), (4_096, 61_440, 200), (1_499, 620), Some("price_1QdCs2")),
    plan(("rust-8", "Rust 8 GiB", "rust"), (8_192, 30_720, 250), (2_299, 860), Some("price_1QdRust8")),
    plan(
        ("valheim-4", "Valheim 4 GiB", "valheim"),
        (4_096, 15_360, 200),
        (1_199, 430),
        Some("price_1QdValheim4"),
    ),
];

const FIRST_NAMES: &[&str] = &[
    "Ada", "Bjarne", "Chiara", "Dmitri", "Elif", "Femke", "Goran", "Hana", "Imani", "Jonas", "Kaori",
    "Lukas", "Maren", "Nuno", "Oksana", "Pilar", "Quentin", "Rosa", "Sven", "Tuula", "Uma", "Viktor",
    "Wiebke", "Yusuf", "Zoe",
];
const LAST_NAMES: &[&str] = &[
    "Almeida", "Berg", "Costa", "Dahl", "Engel", "Fischer", "Grimm", "Haugen", "Ivanov", "Jansen", "Keller",
    "Lind", "Moreau", "Novak", "Olsen", "Petit", "Ricci", "Sato", "Tanaka", "Vogel", "Weber", "Yilmaz",
];
const SERVER_WORDS: &[&str] = &[
    "Hollow", "Ember", "Frost", "Copper", "Moss", "Raven", "Drift", "Stone", "Velvet", "Thunder", "Quiet",
    "Amber",
];
const SERVER_PLACES: &[&str] =
    &["Keep", "Valley", "Harbor", "Craft", "Arena", "Outpost", "Reach", "Woods", "Isle", "Forge"];

/// Customers in the demo shop.
const CUSTOMERS: usize = 38;

/// An order to be written. Ages count back from `now`.
#[derive(Debug)]
pub(super) struct DemoOrder {
    pub(super) id: String,
    status: &'static str,
    pub(super) claim_token: Option<String>,
    customer: String,
    plan: &'static str,
    region: Option<String>,
    pub(super) server_name: String,
    amount_minor: i64,
    /// Since it was placed.
    pub(super) age_ms: u64,
    /// Since it last changed.
    pub(super) quiet_ms: u64,
    /// Server id, identifier, node id.
    pub(super) server: Option<(i64, String, i64)>,
    pub(super) error: Option<String>,
    has_extra_memory: bool,
    now: Timestamp,
}

/// An order placed now, with a name and Stripe ids of its own.
pub(super) fn order(
    id: String,
    status: &'static str,
    plan: &PlanRow,
    region: Option<String>,
    customer: String,
    now: Timestamp,
    random: &mut StdRng,
) -> DemoOrder {
    let word = SERVER_WORDS.choose(random).copied().unwrap_or("Quiet");
    let place = SERVER_PLACES.choose(random).copied().unwrap_or("Keep");
    DemoOrder {
        id,
        status,
        claim_token: None,
        customer,
        plan: plan.id,
        region,
        server_name: format!("{word} {place}"),
        amount_minor: plan.price_minor,
        age_ms: 0,
        quiet_ms: 0,
        server: None,
        error: None,
        has_extra_memory: random.random_range(0..6) == 0,
        now,
    }
}

/// Values that a game's egg demands and has no default for.
fn environment_of(game: &str) -> &'static str {
    if game == "rust" { r#"{"RCON_PASS":"demo-rcon-secret"}"# } else { "{}" }
}

/// Writes one plan with the egg of its game.
pub(super) async fn insert_plan(
    connection: &mut SqliteConnection,
    plan: &PlanRow,
    egg_id: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO plans (id, name, price_minor, cost_minor, stripe_price_id, ram_mib, disk_mib, cpu_percent, \
         databases, backups, panel_egg_id, environment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 2, ?, ?)",
    )
    .bind(plan.id)
    .bind(plan.name)
    .bind(plan.price_minor)
    .bind(plan.cost_minor)
    .bind(plan.stripe_price_id)
    .bind(plan.ram_mib)
    .bind(plan.disk_mib)
    .bind(plan.cpu_percent)
    .bind(egg_id)
    .bind(environment_of(plan.game))
    .execute(connection)
    .await
    .map(drop)
}

/// Writes one row of the region map.
pub(super) async fn insert_region(
    connection: &mut SqliteConnection,
    region: &str,
    panel_node_id: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT OR IGNORE INTO region_nodes (region, panel_node_id, reserved_ram_mib, reserved_disk_mib) \
         VALUES (?, ?, 1024, 10240)",
    )
    .bind(region)
    .bind(panel_node_id)
    .execute(connection)
    .await
    .map(drop)
}

/// Writes the customers; their ids.
pub(super) async fn insert_customers(
    connection: &mut SqliteConnection,
    random: &mut StdRng,
) -> Result<Vec<String>, sqlx::Error> {
    let mut ids = Vec::new();
    for number in 0..CUSTOMERS {
        let first = FIRST_NAMES.choose(random).copied().unwrap_or("Ada");
        let last = LAST_NAMES.choose(random).copied().unwrap_or("Berg");
        let id = format!("cus-{:03}", number + 1);
        let email = format!("{}.{}{}@example.net", first.to_lowercase(), last.to_lowercase(), number + 1);
        sqlx::query("INSERT INTO customers (id, email, name) VALUES (?, ?, ?)")
            .bind(&id)
            .bind(email)
            .bind(format!("{first} {last}"))
            .execute(&mut *connection)
            .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Writes one order, with its addon if it has one.
pub(super) async fn insert_order(
    connection: &mut SqliteConnection,
    order: &DemoOrder,
) -> Result<(), sqlx::Error> {
    let before = |millis: u64| Timestamp(order.now.0.saturating_sub_unsigned(millis)).to_string();
    let is_paid = order.status != "pending";
    let stripe = |kind: &str| format!("{kind}_demo_{}", order.id.replace("ord-", ""));
    let (server_id, identifier, node_id) = match &order.server {
        Some((server_id, identifier, node_id)) => (Some(*server_id), Some(identifier), Some(*node_id)),
        None => (None, None, None),
    };
    sqlx::query(
        "INSERT INTO orders (id, status, claim_token, customer_id, plan_id, region, server_name, amount_minor, \
         created_at, updated_at, panel_server_id, panel_identifier, panel_node_id, error_message, \
         stripe_checkout_session_id, stripe_subscription_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&order.id)
    .bind(order.status)
    .bind(&order.claim_token)
    .bind(&order.customer)
    .bind(order.plan)
    .bind(&order.region)
    .bind(&order.server_name)
    .bind(order.amount_minor)
    .bind(before(order.age_ms))
    .bind(before(order.quiet_ms))
    .bind(server_id)
    .bind(identifier)
    .bind(node_id)
    .bind(&order.error)
    .bind(stripe("cs"))
    .bind(is_paid.then(|| stripe("sub")))
    .execute(&mut *connection)
    .await?;
    if order.has_extra_memory {
        sqlx::query("INSERT INTO order_addons (order_id, name, ram_mib) VALUES (?, '+1 GiB memory', 1024)")
            .bind(&order.id)
            .execute(connection)
            .await?;
    }
    Ok(())
}
