//! Orders in SQL: `SQLite`, PostgreSQL and MariaDB/MySQL behind one trait, with mapped table and column names.
//!
//! Must not: decide which order to provision, or create anything on a customer's database. Only [`create_embedded`]
//! creates tables, and only in the embedded `SQLite` file.

mod database;
mod decode;
mod demo;
mod demo_rows;
mod driver;
mod embedded;
mod mapping;
mod mariadb;
mod postgres;
mod reach;
mod schema;
mod settings;
mod sql;
mod sql_changes;
mod sqlite;
mod trouble;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::model::finding::Finding;
use crate::model::ids::{AccountId, OrderId, ShopPlanId};
use crate::model::order::{Order, OrderStatus, RegionNode, ShopPlan};
use crate::model::problem::Problem;
use crate::model::time::Clock;

pub use demo::{DemoArrivals, DemoEggs, DemoRegion, DemoServer, DemoShop, let_orders_arrive, seed_demo};
pub use embedded::create_embedded;
pub use mapping::{AmountUnit, Preset};
pub use settings::{OrdersSettings, OrdersSource, PoolerMode};

/// What one reading of the orders database gave, taken in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrdersSnapshot {
    /// Orders with customer, addons and Stripe ids joined in, newest first.
    pub orders: Vec<Order>,
    /// What the shop sells.
    pub plans: Vec<ShopPlan>,
    /// The shop's map from regions to panel nodes.
    pub region_nodes: Vec<RegionNode>,
    /// Rows or values that could not be understood, and a limit that cut the reading short: one line each.
    pub notices: Vec<String>,
}

/// What provisioning one order needs of its shop, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// The plan that was bought; nothing when the shop has no such plan.
    pub plan: Option<ShopPlan>,
    /// The shop's map from regions to panel nodes.
    pub region_nodes: Vec<RegionNode>,
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The order is `provisioning` under our token, now or already before.
    Claimed,
    /// Somebody else's, or in a state that cannot be claimed (`pending`, `canceled`, `provisioned`).
    Taken {
        /// Its present status.
        status: OrderStatus,
        /// The token in the row.
        by: Option<String>,
    },
    /// No row with this id is visible to our role: deleted, or hidden by row-level security.
    Gone,
}

/// Where a released order goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// Back to `paid`: nothing is left of the attempt.
    Paid,
    /// To `error`, with why.
    Error {
        /// A message a person can act on.
        message: String,
    },
}

/// The server an order was turned into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedServer {
    /// The panel's numeric server id.
    pub server_id: i64,
    /// The panel's short identifier.
    pub identifier: String,
    /// The panel's node id.
    pub node_id: i64,
}

/// An orders database.
///
/// Every future may be dropped. A dropped or failed write may have taken effect ([`Effect::Possible`]); each write is
/// conditional and may be repeated with the same token (`providers/hosting.md` §5.1, §5.2).
///
/// [`Effect::Possible`]: crate::model::problem::Effect::Possible
pub trait OrdersDatabase: Send + Sync {
    /// The configured name of this database.
    fn account(&self) -> &AccountId;

    /// Reads everything, in one transaction.
    fn read_all(&self) -> BoxFuture<'_, Result<OrdersSnapshot, Problem>>;

    /// Reads one order; nothing when no such row is visible.
    fn read_order<'a>(&'a self, id: &'a OrderId) -> BoxFuture<'a, Result<Option<Order>, Problem>>;

    /// Reads one plan and the map of regions.
    fn read_offer<'a>(&'a self, plan: &'a ShopPlanId) -> BoxFuture<'a, Result<Offer, Problem>>;

    /// Claims a `paid` or `error` order for `token` by one conditional update; repeating it with the same token is safe.
    fn claim<'a>(&'a self, id: &'a OrderId, token: &'a str) -> BoxFuture<'a, Result<ClaimOutcome, Problem>>;

    /// Takes a `provisioning` order over from the claim that was seen (nothing = a row without token) by one conditional
    /// update; who held it finds its claim lost at its next step. Repeating it with the same arguments is safe.
    fn take_over<'a>(
        &'a self,
        id: &'a OrderId,
        from: Option<&'a str>,
        token: &'a str,
    ) -> BoxFuture<'a, Result<ClaimOutcome, Problem>>;

    /// Gives up the claim; false when it is not ours (any more). Repeating it with the same arguments is safe.
    fn release<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        to: Release,
    ) -> BoxFuture<'a, Result<bool, Problem>>;

    /// Writes the server into the order and makes it `provisioned`; false when the claim is not ours (any more).
    /// Repeating it with the same token is safe.
    fn complete<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        server: &'a ProvisionedServer,
    ) -> BoxFuture<'a, Result<bool, Problem>>;

    /// Remembers the customer's panel user. An equal link stays; a different one is a `Conflict`, an unknown
    /// customer `NotFound`.
    fn link_customer<'a>(
        &'a self,
        user_id: &'a str,
        panel_user_id: i64,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// Returns when something may have changed since the last call; waits for ever where the database cannot tell
    /// (MariaDB, a transaction-mode pooler, no channel configured). Polling stays the source of truth.
    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>>;

    /// Compares the configured tables and columns with the real ones, and looks for what hides or endangers orders:
    /// missing columns, no claim column, row-level security, a transaction-mode pooler. Passed checks are included.
    fn problems_of_configuration(&self) -> BoxFuture<'_, Result<Vec<Finding>, Problem>>;
}

/// Prepares the connection pool; the first operation connects, so a database that is down fails there, not here.
/// Must be called inside a tokio runtime.
///
/// # Errors
/// `Invalid`: the URL, a mapped name or an override cannot be used. The text never shows the URL or its password.
#[expect(clippy::unused_async, reason = "pools are made inside a runtime; the signature is agreed")]
pub async fn connect(
    settings: &OrdersSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn OrdersDatabase>, Problem> {
    database::connect(settings, clock)
}
