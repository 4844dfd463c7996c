//! What configuration says about one orders database.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use super::mapping::{AmountUnit, Preset};
use crate::model::ids::AccountId;

/// Which database, and how to reach it.
#[derive(Debug, Clone)]
pub enum OrdersSource {
    /// A `SQLite` file; it must exist ([`super::create_embedded`] makes one).
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// PostgreSQL, also Supabase: `postgres://user:password@host:port/database?sslmode=…`.
    Postgres {
        /// The whole URL is a secret: it holds the password.
        url: SecretString,
    },
    /// MariaDB or MySQL: `mysql://user:password@host:port/database`.
    MariaDb {
        /// The whole URL is a secret: it holds the password.
        url: SecretString,
    },
}

/// Whether a transaction-mode pooler stands between us and PostgreSQL (`providers/hosting.md` §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolerMode {
    /// Port 6543 means yes, every other port no.
    #[default]
    Auto,
    /// A direct connection or a session-mode pooler.
    Direct,
    /// A transaction-mode pooler: every statement in an explicit transaction, none prepared by name, no LISTEN.
    Transaction,
}

/// Everything needed to [`super::connect`].
#[derive(Debug, Clone)]
pub struct OrdersSettings {
    /// The configured name of this database.
    pub account: AccountId,
    /// The panel its orders are provisioned on.
    pub panel: AccountId,
    /// Which database.
    pub source: OrdersSource,
    /// A PEM file with the authority of the server's certificate. With it the certificate and its name are checked,
    /// whatever the URL says.
    pub ca_file: Option<PathBuf>,
    /// The names to start from.
    pub preset: Preset,
    /// Names over the preset: `orders` (a table, also `schema.table`) or `orders.claim_token` (a column); an empty
    /// value says that the database has none.
    pub overrides: BTreeMap<String, String>,
    /// In what amounts are stored; nothing = as the preset says.
    pub amounts: Option<AmountUnit>,
    /// The currency of amounts whose row names none: an ISO code in capitals.
    pub currency: String,
    /// The NOTIFY channel that a trigger of the shop's database sends on, if there is one; payloads are ignored.
    pub listen_channel: Option<String>,
    /// Direct, pooled, or by the port.
    pub pooler: PoolerMode,
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a connection, milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one operation may take, milliseconds.
    pub operation_timeout_ms: u64,
    /// Orders read at most, newest first.
    pub max_orders: u32,
}

impl OrdersSettings {
    /// Settings with the usual limits: 4 connections, 5 s to connect, 15 s per operation, 50,000 orders, EUR.
    #[must_use]
    pub fn new(account: AccountId, panel: AccountId, source: OrdersSource) -> Self {
        let preset = match source {
            OrdersSource::Sqlite { .. } => Preset::Embedded,
            OrdersSource::Postgres { .. } => Preset::Supabase,
            OrdersSource::MariaDb { .. } => Preset::Billing,
        };
        Self {
            account,
            panel,
            source,
            ca_file: None,
            preset,
            overrides: BTreeMap::new(),
            amounts: None,
            currency: "EUR".to_owned(),
            listen_channel: None,
            pooler: PoolerMode::Auto,
            max_connections: 4,
            connect_timeout_ms: 5_000,
            operation_timeout_ms: 15_000,
            max_orders: 50_000,
        }
    }
}
