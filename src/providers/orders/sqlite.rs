//! `SQLite`: the embedded schema, or a shop that keeps its orders in a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::{OnceCell, watch};

use super::driver::{ChangeWatch, Driver, TextRow};
use super::reach::Reach;
use super::settings::OrdersSettings;
use super::sql::{Dialect, Statement};
use super::trouble::During;
use crate::model::problem::Problem;

/// How long a statement waits for another program's lock; single-statement writes then never see "busy" in practice.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// How often the file's change counter is read while somebody waits for a change; it costs a read of shared memory.
const LOOK_EVERY_MS: u64 = 250;

/// How to open an orders file that exists.
pub(super) fn options_of(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
        .foreign_keys(true)
        .disable_statement_logging()
}

/// A pool of connections to one file.
pub(super) struct SqliteDriver {
    reach: Reach<Sqlite>,
    path: PathBuf,
    changes: OnceCell<ChangeWatch>,
}

impl SqliteDriver {
    /// Prepares the pool; nothing is opened yet.
    pub(super) fn new(settings: &OrdersSettings, path: &Path) -> Self {
        Self {
            reach: Reach::new(settings, Dialect::Sqlite, options_of(path)),
            path: path.to_owned(),
            changes: OnceCell::new(),
        }
    }
}

fn query<'q>(statement: &Statement) -> Query<'q, Sqlite, SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.text.clone()));
    for value in &statement.values {
        query = query.bind(value.clone());
    }
    query
}

fn text_row(row: &SqliteRow) -> Result<TextRow, sqlx::Error> {
    (0..row.len()).map(|index| row.try_get(index)).collect()
}

/// Only reads: a deferred transaction that never writes cannot fail as a busy snapshot (`providers/hosting.md` §5.1).
async fn read_in_transaction(
    connection: &mut SqliteConnection,
    statements: &[Statement],
) -> Result<Vec<Vec<TextRow>>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        let rows = query(statement).fetch_all(&mut *transaction).await?;
        answers.push(rows.iter().map(text_row).collect::<Result<_, _>>()?);
    }
    transaction.commit().await?;
    Ok(answers)
}

impl Driver for SqliteDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn read<'a>(&'a self, statements: &'a [Statement]) -> BoxFuture<'a, Result<Vec<Vec<TextRow>>, Problem>> {
        Box::pin(self.reach.within_deadline(During::Read, async |connection: &mut SqliteConnection| {
            read_in_transaction(connection, statements).await
        }))
    }

    fn write<'a>(&'a self, statement: &'a Statement) -> BoxFuture<'a, Result<u64, Problem>> {
        Box::pin(self.reach.within_deadline(During::Write, async |connection: &mut SqliteConnection| {
            Ok(query(statement).execute(connection).await?.rows_affected())
        }))
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            let path = self.path.clone();
            let start = async || ChangeWatch::start(|changes| watch_file(path, changes));
            self.changes.get_or_init(start).await.wait().await;
            Ok(())
        })
    }
}

/// Reads the change counter on one held connection: it moves when any other connection commits.
async fn watch_file(path: PathBuf, changes: watch::Sender<u64>) {
    loop {
        if let Ok(mut connection) = SqliteConnection::connect_with(&options_of(&path)).await {
            // Whatever happened while no connection was held was missed: the first value counts as a change.
            let mut last = None;
            while let Ok(version) =
                sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(&mut connection).await
            {
                if last.replace(version) != Some(version) {
                    changes.send_modify(|count| *count += 1);
                }
                tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}
