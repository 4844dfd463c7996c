//! A small shop in each database: the same rows, in each schema's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use quarterdeck::model::ids::OrderId;
use quarterdeck::model::order::{Order, OrderStatus};
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::providers::orders::{
    OrdersDatabase, OrdersSettings, OrdersSource, PoolerMode, connect, create_embedded,
};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::services::{self, BILLING_SCHEMA, SUPABASE_SCHEMA, Service, TestDatabase};

/// Where the shop lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
    PgBouncer,
    MariaDb,
}

/// A shop of one test: orders 1 paid, 2 pending, 3 provisioned, 4 error, 5 canceled, 6 paid, 7 provisioning by `other`.
pub struct Shop {
    pub backend: Backend,
    pub database: Option<TestDatabase>,
    folder: tempfile::TempDir,
}

impl Shop {
    pub async fn open(backend: Backend) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(services::create_database(Service::Postgres).await?),
            Backend::PgBouncer => Some(services::create_database(Service::PgBouncer).await?),
            Backend::MariaDb => Some(services::create_database(Service::MariaDb).await?),
        };
        let shop = Self { backend, database, folder };
        match backend {
            Backend::Sqlite => create_embedded(&shop.path()).await.expect("the embedded schema"),
            Backend::Postgres | Backend::PgBouncer => shop.run(SUPABASE_SCHEMA).await,
            Backend::MariaDb => shop.run(BILLING_SCHEMA).await,
        }
        shop.run(&shop.rows()).await;
        Some(shop)
    }

    pub async fn close(self) {
        if let Some(database) = self.database {
            database.drop_it().await;
        }
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("orders.sqlite")
    }

    /// The id of the n-th row of any table with ids of its own.
    pub fn id(&self, number: u32) -> String {
        match self.backend {
            Backend::Sqlite => format!("id-{number}"),
            Backend::Postgres | Backend::PgBouncer => format!("00000000-0000-4000-8000-{number:012}"),
            Backend::MariaDb => number.to_string(),
        }
    }

    pub fn order(&self, number: u32) -> OrderId {
        OrderId(self.id(number))
    }

    fn rows(&self) -> String {
        let id = |number| format!("'{}'", self.id(number));
        let shared = [
            (1, "paid", "NULL"),
            (2, "pending", "NULL"),
            (3, "provisioned", "'done'"),
            (4, "error", "'old'"),
            (5, "canceled", "NULL"),
            (6, "paid", "NULL"),
            (7, "provisioning", "'other'"),
        ];
        let (customer, amount) = match self.backend {
            Backend::Sqlite => ("customer_id", "amount_minor"),
            _ => ("user_id", "amount"),
        };
        let (price, shown) =
            if self.backend == Backend::Sqlite { ("999", "1001") } else { ("9.99", "10.01") };
        let mut sql = match self.backend {
            Backend::Sqlite => format!(
                "INSERT INTO customers (id, email, name, panel_user_id) VALUES ({0}, 'ada@example.net', 'Ada', NULL), ({1}, 'bo@example.net', 'Bo', 77);\n\
                 INSERT INTO plans (id, name, price_minor, cost_minor, ram_mib, disk_mib, panel_egg_id, environment, stripe_price_id) VALUES ({0}, 'Minecraft', {price}, 410, 4096, 20480, 5, '{{\"MAP\":\"x\",\"SLOTS\":12}}', 'price_a');\n\
                 INSERT INTO region_nodes (region, panel_node_id, is_enabled, reserved_ram_mib) VALUES ('eu', 4, 1, 512), ('us', 5, 0, 0);\n",
                id(1),
                id(2)
            ),
            Backend::Postgres | Backend::PgBouncer => format!(
                "INSERT INTO profiles (id, email, full_name) VALUES ({0}, 'ada@example.net', 'Ada'), ({1}, 'bo@example.net', 'Bo');\n\
                 INSERT INTO external_accounts (user_id, provider, external_id) VALUES ({1}, 'discord', '991'), ({1}, 'pterodactyl', '77');\n\
                 INSERT INTO plans (id, name, price, ram_mb, disk_mb, ptero_egg_id, environment, stripe_price_id) VALUES ({0}, 'Minecraft', {price}, 4096, 20480, 5, '{{\"MAP\":\"x\",\"SLOTS\":12}}', 'price_a');\n\
                 INSERT INTO ptero_nodes (region, ptero_node_id, enabled, reserved_ram_mb) VALUES ('eu', 4, true, 512), ('us', 5, false, 0);\n",
                id(1),
                id(2)
            ),
            Backend::MariaDb => format!(
                "INSERT INTO users (id, email, name, pterodactyl_user_id) VALUES ({0}, 'ada@example.net', 'Ada', NULL), ({1}, 'bo@example.net', 'Bo', 77);\n\
                 INSERT INTO plans (id, name, price, ram_mb, disk_mb, ptero_egg_id, environment, stripe_price_id) VALUES ({0}, 'Minecraft', {price}, 4096, 20480, 5, '{{\"MAP\":\"x\",\"SLOTS\":12}}', 'price_a');\n\
                 INSERT INTO region_node_map (region, node_id, enabled, reserved_ram_mb) VALUES ('eu', 4, 1, 512), ('us', 5, 0, 0);\n",
                id(1),
                id(2)
            ),
        };
        for (number, status, token) in shared {
            let buyer = if number % 2 == 0 { id(2) } else { id(1) };
            let row = format!(
                "INSERT INTO orders (id, {customer}, plan_id, status, claim_token, region, server_name, {amount}) VALUES ({}, {buyer}, {}, '{status}', {token}, 'eu', 'Server {number}', {shown});\n",
                id(number),
                id(1)
            );
            sql.push_str(&row);
        }
        if self.backend != Backend::MariaDb {
            let (table, ram) = if self.backend == Backend::Sqlite {
                ("order_addons", "ram_mib")
            } else {
                ("addons", "ram_mb")
            };
            let row = format!(
                "INSERT INTO {table} (order_id, name, {ram}, backups) VALUES ({}, 'More memory', 1024, 1);\n",
                id(1)
            );
            sql.push_str(&row);
        }
        sql
    }

    /// Runs plain SQL, not through the pooler.
    pub async fn run(&self, script: &str) {
        if let Some(database) = &self.database {
            return database.run(script).await;
        }
        let url = format!("sqlite://{}", self.path().display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the file opens");
        sqlx::raw_sql(AssertSqlSafe(script.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{script}"));
        connection.close().await.expect("closed");
    }

    pub fn settings(&self) -> OrdersSettings {
        let url = || SecretString::from(self.database.as_ref().expect("a server").url.clone());
        let source = match self.backend {
            Backend::Sqlite => OrdersSource::Sqlite { path: self.path() },
            Backend::Postgres | Backend::PgBouncer => OrdersSource::Postgres { url: url() },
            Backend::MariaDb => OrdersSource::MariaDb { url: url() },
        };
        let mut settings = OrdersSettings::new("shop".into(), "panel".into(), source);
        if self.backend == Backend::PgBouncer {
            settings.pooler = PoolerMode::Transaction;
        }
        settings
    }

    pub async fn connect(&self) -> Arc<dyn OrdersDatabase> {
        self.connect_with(&self.settings()).await
    }

    pub async fn connect_with(&self, settings: &OrdersSettings) -> Arc<dyn OrdersDatabase> {
        connect(settings, clock()).await.expect("settings that can be used")
    }

    pub async fn connect_mapped(&self, overrides: &[(&str, &str)]) -> Arc<dyn OrdersDatabase> {
        let mut settings = self.settings();
        settings.overrides = overrides
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>();
        self.connect_with(&settings).await
    }

    /// Every table and column with its type, sorted.
    pub async fn catalogue(&self) -> Vec<String> {
        match &self.database {
            None => {
                let url = format!("sqlite://{}", self.path().display());
                let mut connection = SqliteConnection::connect(&url).await.expect("the file opens");
                let rows = sqlx::query(
                    "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1",
                )
                .fetch_all(&mut connection)
                .await
                .expect("the catalogue");
                rows.iter().map(|row| row.get(0)).collect()
            }
            Some(database) if self.backend == Backend::MariaDb => {
                let mut connection = sqlx::MySqlConnection::connect(&database.url).await.expect("MariaDB");
                let rows = sqlx::query("SELECT CAST(CONCAT(table_name, '.', column_name, ' ', column_type, ' ', column_key) AS CHAR) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1")
                    .fetch_all(&mut connection)
                    .await
                    .expect("the catalogue");
                rows.iter().map(|row| row.get(0)).collect()
            }
            Some(database) => {
                let mut connection =
                    sqlx::PgConnection::connect(&database.direct_url()).await.expect("PostgreSQL");
                let rows = sqlx::query(
                    "SELECT table_schema || '.' || table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns \
                     UNION ALL SELECT 'trigger ' || tgname::text FROM pg_trigger UNION ALL SELECT 'function ' || proname::text FROM pg_proc \
                     UNION ALL SELECT 'index ' || indexname::text FROM pg_indexes ORDER BY 1",
                )
                .fetch_all(&mut connection)
                .await
                .expect("the catalogue");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}

/// A clock that stands still.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp(1_795_000_000_000)))
}

/// The order as it is in the database now.
pub async fn read(orders: &dyn OrdersDatabase, id: &OrderId) -> Order {
    orders.read_order(id).await.expect("a readable database").expect("an order with this id")
}

/// Status and token of an order.
pub async fn state(orders: &dyn OrdersDatabase, id: &OrderId) -> (OrderStatus, Option<String>) {
    let order = read(orders, id).await;
    (order.status, order.claim_token)
}
