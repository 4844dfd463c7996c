//! A realistic shop in the embedded database, for the demo: orders in every state, and new ones now and then.
//!
//! Must not: touch any other database.

use crate::model::ids::OrderId;

/// A region the demo shop sells, and a panel node that serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoRegion {
    /// The shop's word: `eu-central`.
    pub region: String,
    /// The panel's node id.
    pub panel_node_id: i64,
}

/// The panel's egg ids of the games the demo shop sells; a game without an egg is not sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoEggs {
    /// Minecraft.
    pub minecraft: Option<i64>,
    /// Counter-Strike 2.
    pub cs2: Option<i64>,
    /// Rust.
    pub rust: Option<i64>,
    /// Valheim.
    pub valheim: Option<i64>,
}

/// A server that already stands on the simulated panel and belongs to a demo order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoServer {
    /// The order it belongs to: the panel server's external id.
    pub order_id: OrderId,
    /// The panel's numeric server id.
    pub server_id: i64,
    /// The panel's short identifier.
    pub identifier: String,
    /// The panel's node id.
    pub node_id: i64,
    /// Its name.
    pub name: String,
    /// Its memory, MiB; the nearest plan is chosen by it.
    pub ram_mib: i64,
    /// Its egg.
    pub egg_id: i64,
}

/// What the demo shop is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoShop {
    /// Seed of everything random.
    pub seed: u64,
    /// Regions with their nodes.
    pub regions: Vec<DemoRegion>,
    /// Eggs by game.
    pub eggs: DemoEggs,
    /// Servers that stand already: each becomes a provisioned order, the last one a canceled order.
    pub servers: Vec<DemoServer>,
}

/// How new orders arrive in the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoArrivals {
    /// Time between two new orders on average, milliseconds.
    pub every_ms: u64,
    /// Seed of the customers and plans.
    pub seed: u64,
    /// No new order arrives while this many are waiting as `paid`.
    pub waiting_at_most: u32,
}
