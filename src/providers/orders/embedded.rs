//! The embedded schema: the only tables that Quarterdeck ever creates.

use std::path::Path;

use sqlx::sqlite::SqliteJournalMode;
use sqlx::{Connection, SqliteConnection};

use super::sql::Dialect;
use super::sqlite::options_of;
use super::trouble::{During, explain};
use crate::model::problem::Problem;

/// Amounts in minor units, times as ISO text in UTC, JSON checked: what `Preset::Embedded` names.
const SCHEMA: &str = include_str!("embedded.sql");

/// Creates the embedded schema in a new or existing `SQLite` file, in WAL mode; the migration command. Repeating it is
/// safe: what exists stays.
///
/// # Errors
/// `Storage`, `NotFound`: the file cannot be created or is no database.
pub async fn create_embedded(path: &Path) -> Result<(), Problem> {
    let account = path.display().to_string();
    let options = options_of(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| explain(&account, Dialect::Sqlite, During::Connect, &error))?;
    let created = sqlx::raw_sql(SCHEMA).execute(&mut connection).await;
    created.map_err(|error| explain(&account, Dialect::Sqlite, During::Write, &error))?;
    connection.close().await.map_err(|error| explain(&account, Dialect::Sqlite, During::Write, &error))
}
