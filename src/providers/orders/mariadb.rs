//! MariaDB and MySQL. They cannot tell of changes; they are polled.

use std::str::FromStr;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySql, MySqlArguments, MySqlConnectOptions, MySqlRow, MySqlSslMode};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, Row};

use super::driver::{Driver, TextRow};
use super::reach::Reach;
use super::settings::OrdersSettings;
use super::sql::{Dialect, Statement};
use super::trouble::{During, unusable_url};
use crate::model::problem::Problem;
use crate::providers::transport::Authorities;

/// A pool of MariaDB connections.
pub(super) struct MariaDbDriver {
    reach: Reach<MySql>,
}

impl MariaDbDriver {
    /// Prepares the pool; nothing is sent yet.
    pub(super) fn new(settings: &OrdersSettings, url: &SecretString) -> Result<Self, Problem> {
        let account = settings.account.to_string();
        // MariaDB's own scheme is understood too.
        let text = url.expose_secret();
        let text =
            text.strip_prefix("mariadb://").map_or_else(|| text.to_owned(), |rest| format!("mysql://{rest}"));
        let options = MySqlConnectOptions::from_str(&text)
            .map_err(|_| unusable_url(&account, "mysql"))?
            .disable_statement_logging();
        let options = match &settings.ca_file {
            // An authority that is named and then not asked would be a lie.
            Some(file) => {
                Authorities::read(file)?;
                options.ssl_ca(file).ssl_mode(MySqlSslMode::VerifyIdentity)
            }
            None => options,
        };
        Ok(Self { reach: Reach::new(settings, Dialect::MariaDb, options) })
    }
}

fn query<'q>(statement: &Statement) -> Query<'q, MySql, MySqlArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.text.clone()));
    for value in &statement.values {
        query = query.bind(value.clone());
    }
    query
}

fn text_row(row: &MySqlRow) -> Result<TextRow, sqlx::Error> {
    (0..row.len()).map(|index| row.try_get(index)).collect()
}

async fn read_in_transaction(
    connection: &mut MySqlConnection,
    statements: &[Statement],
) -> Result<Vec<Vec<TextRow>>, sqlx::Error> {
    let mut transaction =
        connection.begin_with("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        let rows = query(statement).fetch_all(&mut *transaction).await?;
        answers.push(rows.iter().map(text_row).collect::<Result<_, _>>()?);
    }
    transaction.commit().await?;
    Ok(answers)
}

impl Driver for MariaDbDriver {
    fn dialect(&self) -> Dialect {
        Dialect::MariaDb
    }

    fn read<'a>(&'a self, statements: &'a [Statement]) -> BoxFuture<'a, Result<Vec<Vec<TextRow>>, Problem>> {
        Box::pin(self.reach.within_deadline(During::Read, async |connection: &mut MySqlConnection| {
            read_in_transaction(connection, statements).await
        }))
    }

    /// The count is of matched rows: sqlx asks for found rows, so an update that changes nothing still counts.
    fn write<'a>(&'a self, statement: &'a Statement) -> BoxFuture<'a, Result<u64, Problem>> {
        Box::pin(self.reach.within_deadline(During::Write, async |connection: &mut MySqlConnection| {
            Ok(query(statement).execute(connection).await?.rows_affected())
        }))
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(std::future::pending())
    }
}
