//! The way to a database, the same for every dialect: a connection in time or the reason why not, and work
//! within a deadline.

use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Connection, Database, Pool};
use tokio::time::timeout;

use super::settings::OrdersSettings;
use super::sql::Dialect;
use super::trouble::{During, explain, timed_out};
use crate::model::problem::Problem;

/// How long the pool is given before an attempt of our own looks for a refusal: longer than connecting takes nearby.
const LOOK_AFTER_MS: u64 = 150;

/// How a connection is made.
type ConnectOptions<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A pool with its deadlines.
pub(super) struct Reach<DB: Database> {
    account: String,
    dialect: Dialect,
    pool: Pool<DB>,
    options: ConnectOptions<DB>,
    connect_timeout_ms: u64,
    operation_timeout_ms: u64,
}

impl<DB: Database> Reach<DB> {
    /// Prepares the pool; nothing is sent yet.
    pub(super) fn new(settings: &OrdersSettings, dialect: Dialect, options: ConnectOptions<DB>) -> Self {
        let pool = PoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .connect_lazy_with(options.clone());
        Self {
            account: settings.account.to_string(),
            dialect,
            pool,
            options,
            connect_timeout_ms: settings.connect_timeout_ms,
            operation_timeout_ms: settings.operation_timeout_ms,
        }
    }

    /// How connections are made.
    pub(super) fn options(&self) -> &ConnectOptions<DB> {
        &self.options
    }

    /// A connection. The pool repeats refused connections until its deadline and then only says "timed out": an attempt of our
    /// own beside it finds the reason at once (`providers/hosting.md` §5.2); when to try again is the poller's to say.
    async fn acquire(&self) -> Result<PoolConnection<DB>, Problem> {
        let acquired = tokio::select! {
            biased;
            acquired = self.pool.acquire() => acquired,
            problem = self.refusal() => return Err(problem),
        };
        match acquired {
            Ok(connection) => Ok(connection),
            Err(sqlx::Error::PoolTimedOut) => Err(self.why_no_connection().await),
            Err(error) => Err(self.explain(During::Connect, &error)),
        }
    }

    /// Ends when the server refuses a connection; never while it takes them or does not answer.
    async fn refusal(&self) -> Problem {
        tokio::time::sleep(Duration::from_millis(LOOK_AFTER_MS)).await;
        match DB::Connection::connect_with(&self.options).await {
            Err(error @ sqlx::Error::Io(_)) => self.explain(During::Connect, &error),
            _ => std::future::pending().await,
        }
    }

    async fn why_no_connection(&self) -> Problem {
        let attempt = DB::Connection::connect_with(&self.options);
        match timeout(Duration::from_millis(self.connect_timeout_ms), attempt).await {
            Ok(Err(error)) => self.explain(During::Connect, &error),
            Ok(Ok(_)) => self.explain(During::Connect, &sqlx::Error::PoolTimedOut),
            Err(_) => timed_out(&self.account, During::Connect, self.connect_timeout_ms),
        }
    }

    /// Runs `work` within the deadline; a connection whose answer did not come is not used again.
    pub(super) async fn within_deadline<T>(
        &self,
        during: During,
        work: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Problem> {
        let mut connection = self.acquire().await?;
        let deadline = Duration::from_millis(self.operation_timeout_ms);
        if let Ok(result) = timeout(deadline, work(&mut connection)).await {
            return result.map_err(|error| self.explain(during, &error));
        }
        connection.close_on_drop();
        Err(timed_out(&self.account, during, self.operation_timeout_ms))
    }

    fn explain(&self, during: During, error: &sqlx::Error) -> Problem {
        explain(&self.account, self.dialect, during, error)
    }
}
