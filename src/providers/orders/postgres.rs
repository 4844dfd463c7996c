//! PostgreSQL, directly or through a transaction-mode pooler.
//!
//! Through such a pooler every statement runs in an explicit transaction and is not prepared by name: otherwise answers of other
//! clients' statements come back (`providers/hosting.md` §5.5).

use std::str::FromStr;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgArguments, PgConnectOptions, PgListener, PgPool, PgPoolOptions, PgRow, PgSslMode, Postgres,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use tokio::sync::{OnceCell, watch};
use tokio::time::timeout;

use super::driver::{ChangeWatch, Driver, TextRow};
use super::schema::finding;
use super::settings::{OrdersSettings, PoolerMode};
use super::sql::{Dialect, Statement};
use super::trouble::{During, explain, timed_out, unusable_url};
use crate::model::finding::{Finding, Severity};
use crate::model::problem::Problem;
use crate::providers::transport::Authorities;

/// The port of Supabase's transaction-mode pooler.
const TRANSACTION_POOLER_PORT: u16 = 6543;
/// Waits between attempts to listen again: doubled from the first to the second.
const LISTEN_AGAIN_MS: (u64, u64) = (500, 30_000);

/// A pool of PostgreSQL connections.
pub(super) struct PostgresDriver {
    account: String,
    pool: PgPool,
    options: PgConnectOptions,
    is_pooled: bool,
    channel: Option<String>,
    connect_timeout_ms: u64,
    operation_timeout_ms: u64,
    changes: OnceCell<ChangeWatch>,
}

impl PostgresDriver {
    /// Prepares the pool; nothing is sent yet.
    pub(super) fn new(settings: &OrdersSettings, url: &SecretString) -> Result<Self, Problem> {
        let account = settings.account.to_string();
        let options = PgConnectOptions::from_str(url.expose_secret())
            .map_err(|_| unusable_url(&account, "postgres"))?
            .application_name("quarterdeck")
            .disable_statement_logging();
        let options = match &settings.ca_file {
            // An authority that is named and then not asked would be a lie.
            Some(file) => {
                Authorities::read(file)?;
                options.ssl_root_cert(file).ssl_mode(PgSslMode::VerifyFull)
            }
            None => options,
        };
        let is_pooled = match settings.pooler {
            PoolerMode::Auto => options.get_port() == TRANSACTION_POOLER_PORT,
            PoolerMode::Direct => false,
            PoolerMode::Transaction => true,
        };
        // PgBouncer refuses this start-up parameter unless told to ignore it; no float is read here.
        let options = options.extra_float_digits(None);
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .connect_lazy_with(options.clone());
        Ok(Self {
            account,
            pool,
            options,
            is_pooled,
            channel: settings.listen_channel.clone(),
            connect_timeout_ms: settings.connect_timeout_ms,
            operation_timeout_ms: settings.operation_timeout_ms,
            changes: OnceCell::new(),
        })
    }

    async fn acquire(&self) -> Result<PoolConnection<Postgres>, Problem> {
        match self.pool.acquire().await {
            Ok(connection) => Ok(connection),
            Err(sqlx::Error::PoolTimedOut) => Err(self.why_no_connection().await),
            Err(error) => Err(self.explain(During::Connect, &error)),
        }
    }

    /// The pool retries refused connections until its deadline and then only says "timed out": one attempt of our own
    /// finds the reason (`providers/hosting.md` §5.2).
    async fn why_no_connection(&self) -> Problem {
        let attempt = PgConnection::connect_with(&self.options);
        match timeout(Duration::from_millis(self.connect_timeout_ms), attempt).await {
            Ok(Err(error)) => self.explain(During::Connect, &error),
            Ok(Ok(_)) => self.explain(During::Connect, &sqlx::Error::PoolTimedOut),
            Err(_) => timed_out(&self.account, During::Connect, self.connect_timeout_ms),
        }
    }

    fn explain(&self, during: During, error: &sqlx::Error) -> Problem {
        explain(&self.account, Dialect::Postgres, during, error)
    }

    /// The statement with its values, prepared by name only on a connection that is ours alone.
    fn query<'q>(&self, statement: &Statement) -> Query<'q, Postgres, PgArguments> {
        let mut query = sqlx::query(AssertSqlSafe(statement.text.clone())).persistent(!self.is_pooled);
        for value in &statement.values {
            query = query.bind(value.clone());
        }
        query
    }

    async fn read_in_transaction(
        &self,
        connection: &mut PgConnection,
        statements: &[Statement],
    ) -> Result<Vec<Vec<TextRow>>, sqlx::Error> {
        let mut transaction =
            connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            let rows = self.query(statement).fetch_all(&mut *transaction).await?;
            answers.push(rows.iter().map(text_row).collect::<Result<_, _>>()?);
        }
        transaction.commit().await?;
        Ok(answers)
    }

    async fn write_one(
        &self,
        connection: &mut PgConnection,
        statement: &Statement,
    ) -> Result<u64, sqlx::Error> {
        if !self.is_pooled {
            return Ok(self.query(statement).execute(connection).await?.rows_affected());
        }
        let mut transaction = connection.begin().await?;
        let matched = self.query(statement).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(matched)
    }

    /// Runs `work` within the deadline; a connection whose answer did not come is not used again.
    async fn within_deadline<T>(
        &self,
        during: During,
        mut connection: PoolConnection<Postgres>,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Problem> {
        let deadline = Duration::from_millis(self.operation_timeout_ms);
        if let Ok(result) = timeout(deadline, work(&mut connection)).await {
            return result.map_err(|error| self.explain(during, &error));
        }
        connection.close_on_drop();
        Err(timed_out(&self.account, during, self.operation_timeout_ms))
    }
}

fn text_row(row: &PgRow) -> Result<TextRow, sqlx::Error> {
    (0..row.len()).map(|index| row.try_get(index)).collect()
}

impl Driver for PostgresDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn read<'a>(&'a self, statements: &'a [Statement]) -> BoxFuture<'a, Result<Vec<Vec<TextRow>>, Problem>> {
        Box::pin(async move {
            let connection = self.acquire().await?;
            let work =
                async |connection: &mut PgConnection| self.read_in_transaction(connection, statements).await;
            self.within_deadline(During::Read, connection, work).await
        })
    }

    fn write<'a>(&'a self, statement: &'a Statement) -> BoxFuture<'a, Result<u64, Problem>> {
        Box::pin(async move {
            let connection = self.acquire().await?;
            let work = async |connection: &mut PgConnection| self.write_one(connection, statement).await;
            self.within_deadline(During::Write, connection, work).await
        })
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            // Through a pooler LISTEN is accepted and nothing is ever delivered.
            let Some(channel) = self.channel.clone().filter(|_| !self.is_pooled) else {
                return std::future::pending().await;
            };
            let options = self.options.clone();
            let start = async || ChangeWatch::start(|changes| listen(options, channel, changes));
            self.changes.get_or_init(start).await.wait().await;
            Ok(())
        })
    }

    fn findings(&self) -> Vec<Finding> {
        let rows = if self.is_pooled {
            vec![format!("port {}: transaction mode", self.options.get_port())]
        } else {
            Vec::new()
        };
        vec![finding(
            "orders-pooler",
            (
                Severity::Warning,
                "connected through a transaction-mode pooler",
                "connected without a transaction-mode pooler",
            ),
            "each statement needs a transaction of its own and changes are seen by polling only",
            "use the direct address or the session pooler (port 5432)",
            rows,
        )]
    }
}

/// Listens on a connection of its own and counts a change for every burst of notifications, and whenever notifications
/// may have been missed: at the start and after a lost connection.
async fn listen(options: PgConnectOptions, channel: String, changes: watch::Sender<u64>) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options);
    let mut wait_ms = LISTEN_AGAIN_MS.0;
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await {
            listener.eager_reconnect(false);
            if listener.listen(&channel).await.is_ok() {
                wait_ms = LISTEN_AGAIN_MS.0;
                changes.send_modify(|count| *count += 1);
                // `try_recv` says when the connection is lost; `recv` would hide it.
                while let Ok(Some(_)) = listener.try_recv().await {
                    while listener.next_buffered().is_some() {}
                    changes.send_modify(|count| *count += 1);
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        wait_ms = (wait_ms * 2).min(LISTEN_AGAIN_MS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::orders::OrdersSource;

    fn driver(port: u16, pooler: PoolerMode) -> PostgresDriver {
        let url = SecretString::from(format!(
            "postgres://postgres.ref:x@aws-0-eu.pooler.supabase.com:{port}/postgres"
        ));
        let source = OrdersSource::Postgres { url: url.clone() };
        let mut settings = OrdersSettings::new("shop".into(), "panel".into(), source);
        settings.pooler = pooler;
        PostgresDriver::new(&settings, &url).unwrap()
    }

    #[tokio::test]
    async fn the_transaction_poolers_port_switches_the_recipe_on() {
        assert!(driver(6543, PoolerMode::Auto).is_pooled);
        assert!(!driver(5432, PoolerMode::Auto).is_pooled);
        assert!(driver(6432, PoolerMode::Transaction).is_pooled);
        assert!(!driver(6543, PoolerMode::Direct).is_pooled);
        assert_eq!(driver(6543, PoolerMode::Auto).findings()[0].severity, Severity::Warning);
    }
}
