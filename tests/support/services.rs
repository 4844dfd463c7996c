//! The real services that `tests/run` starts, and databases of one's own in them.
//!
//! Without them a test says so and passes; with `QUARTERDECK_TEST_REQUIRE_SERVICES=1` it fails.

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

/// A shop's database as Supabase sites have it, which `Preset::Supabase` names.
pub const SUPABASE_SCHEMA: &str = include_str!("supabase.sql");
/// A shop's database as MariaDB sites have it, which `Preset::Billing` names.
pub const BILLING_SCHEMA: &str = include_str!("billing.sql");

/// A service of `tests/run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// PostgreSQL, directly.
    Postgres,
    /// MariaDB.
    MariaDb,
    /// The same PostgreSQL through PgBouncer in transaction mode.
    PgBouncer,
}

/// The administrator's URL of a service, or nothing (said aloud) where it does not run.
pub fn url_of(service: Service) -> Option<String> {
    let variable = match service {
        Service::Postgres => "QUARTERDECK_TEST_POSTGRES",
        Service::MariaDb => "QUARTERDECK_TEST_MARIADB",
        Service::PgBouncer => "QUARTERDECK_TEST_PGBOUNCER",
    };
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        let is_required = std::env::var("QUARTERDECK_TEST_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!is_required, "{service:?} is required here, but {variable} is not set: use tests/run");
        eprintln!("!! SKIPPED: no {service:?} ({variable} is not set): use tests/run");
    }
    url
}

/// A database of one test, with a name nobody else has.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Where it lives.
    pub service: Service,
    /// Its name.
    pub name: String,
    /// The administrator's URL of this database.
    pub url: String,
}

/// Creates an empty database; nothing where the service does not run. Drop it with [`TestDatabase::drop_it`].
pub async fn create_database(service: Service) -> Option<TestDatabase> {
    let admin = url_of(service)?;
    let name = format!("qd_{}", ulid::Ulid::new().to_string().to_lowercase());
    let statement = format!("CREATE DATABASE {name}");
    match service {
        Service::MariaDb => {
            run_mariadb(&admin, &format!("{statement} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"))
                .await;
        }
        // Made directly: CREATE DATABASE has no place in a pool.
        Service::Postgres | Service::PgBouncer => {
            run_postgres(&url_of(Service::Postgres)?, &statement).await;
        }
    }
    let url = with_database(&admin, &name);
    Some(TestDatabase { service, name, url })
}

impl TestDatabase {
    /// Runs a script, directly (not through a pooler).
    pub async fn run(&self, script: &str) {
        match self.service {
            Service::MariaDb => run_mariadb(&self.url, script).await,
            Service::Postgres | Service::PgBouncer => run_postgres(&self.direct_url(), script).await,
        }
    }

    /// The URL without a pooler.
    pub fn direct_url(&self) -> String {
        let admin =
            url_of(if self.service == Service::MariaDb { Service::MariaDb } else { Service::Postgres });
        with_database(&admin.expect("the service that made the database"), &self.name)
    }

    /// Removes the database, with whoever is connected to it.
    pub async fn drop_it(self) {
        match self.service {
            Service::MariaDb => {
                run_mariadb(
                    &url_of(Service::MariaDb).expect("MariaDB"),
                    &format!("DROP DATABASE {}", self.name),
                )
                .await;
            }
            Service::Postgres | Service::PgBouncer => {
                let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
                run_postgres(&url_of(Service::Postgres).expect("PostgreSQL"), &statement).await;
            }
        }
    }
}

/// The URL with another database in it.
pub fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
    query.map_or_else(|| format!("{server}/{name}"), |query| format!("{server}/{name}?{query}"))
}

/// Runs a script of plain SQL on PostgreSQL.
pub async fn run_postgres(url: &str, script: &str) {
    let mut connection = PgConnection::connect(url).await.expect("PostgreSQL answers");
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(script.to_owned())))
        .await
        .unwrap_or_else(|error| panic!("{error}\n{script}"));
    connection.close().await.expect("closed");
}

/// Runs a script of plain SQL on MariaDB.
pub async fn run_mariadb(url: &str, script: &str) {
    let mut connection = MySqlConnection::connect(url).await.expect("MariaDB answers");
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(script.to_owned())))
        .await
        .unwrap_or_else(|error| panic!("{error}\n{script}"));
    connection.close().await.expect("closed");
}
