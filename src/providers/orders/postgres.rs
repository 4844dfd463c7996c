//! PostgreSQL, directly or through a transaction-mode pooler.
//!
//! Through such a pooler every statement runs in an explicit transaction and is not prepared by name: otherwise answers of other
//! clients' statements come back (`providers/hosting.md` §5.5).

use std::str::FromStr;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgListener, PgPoolOptions, PgRow, PgSslMode, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use tokio::sync::{OnceCell, watch};

use super::driver::{ChangeWatch, Driver, TextRow};
use super::reach::Reach;
use super::schema::finding;
use super::settings::{OrdersSettings, PoolerMode};
use super::sql::{Dialect, Statement};
use super::trouble::{During, unusable_url};
use crate::model::finding::{Finding, Severity};
use crate::model::problem::Problem;
use crate::providers::transport::Authorities;

/// The port of Supabase's transaction-mode pooler.
const TRANSACTION_POOLER_PORT: u16 = 6543;
/// Waits between attempts to listen again: doubled from the first to the second.
const LISTEN_AGAIN_MS: (u64, u64) = (500, 30_000);

/// A pool of PostgreSQL connections.
pub(super) struct PostgresDriver {
    reach: Reach<Postgres>,
    is_pooled: bool,
    channel: Option<String>,
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
        Ok(Self {
            reach: Reach::new(settings, Dialect::Postgres, options),
            is_pooled,
            channel: settings.listen_channel.clone(),
            changes: OnceCell::new(),
        })
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
            let work =
                async |connection: &mut PgConnection| self.read_in_transaction(connection, statements).await;
            self.reach.within_deadline(During::Read, work).await
        })
    }

    fn write<'a>(&'a self, statement: &'a Statement) -> BoxFuture<'a, Result<u64, Problem>> {
        Box::pin(async move {
            let work = async |connection: &mut PgConnection| self.write_one(connection, statement).await;
            self.reach.within_deadline(During::Write, work).await
        })
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            // Through a pooler LISTEN is accepted and nothing is ever delivered.
            let Some(channel) = self.channel.clone().filter(|_| !self.is_pooled) else {
                return std::future::pending().await;
            };
            let options = self.reach.options().clone();
            let start = async || ChangeWatch::start(|changes| listen(options, channel, changes));
            self.changes.get_or_init(start).await.wait().await;
            Ok(())
        })
    }

    fn findings(&self) -> Vec<Finding> {
        let rows = if self.is_pooled {
            vec![format!("port {}: transaction mode", self.reach.options().get_port())]
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
