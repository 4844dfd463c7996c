//! Servers, nodes and eggs as the simulator's handles show them.

use std::collections::BTreeMap;

use super::daemon::DaemonMode;
use super::entities::{Server, Status};
use super::world::World;
use crate::model::server::PowerState;

/// A server as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Number at the panel.
    pub id: i64,
    /// Uuid.
    pub uuid: String,
    /// The caller's id.
    pub external_id: Option<String>,
    /// Name.
    pub name: String,
    /// The panel's status word; `None`: normal.
    pub status: Option<&'static str>,
    /// The process.
    pub power: PowerState,
    /// Node number.
    pub node_id: i64,
    /// Owner.
    pub user_id: i64,
    /// Egg.
    pub egg_id: i64,
    /// Primary allocation.
    pub allocation_id: i64,
    /// All its allocations as `ip:port`, the primary one first.
    pub addresses: Vec<String>,
    /// Memory limit, MiB.
    pub memory_mib: i64,
    /// Values of the egg's variables.
    pub environment: BTreeMap<String, String>,
}

/// A node as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Number at the panel.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Short name of its location.
    pub location: String,
    /// Sellable memory, MiB.
    pub memory_mib: i64,
    /// The port of its daemon's websocket, if it has one.
    pub socket_port: Option<u16>,
    /// How its daemon behaves.
    pub daemon: DaemonMode,
    /// Allocations without a server.
    pub free_allocations: usize,
}

/// An egg as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EggView {
    /// Number at the panel.
    pub id: i64,
    /// Its nest.
    pub nest_id: i64,
    /// Name.
    pub name: String,
    /// The first image.
    pub docker_image: String,
    /// The startup command.
    pub startup: String,
    /// Default values of its variables.
    pub defaults: BTreeMap<String, String>,
}

/// Shows a server.
pub(super) fn view(world: &World, server: &Server) -> ServerView {
    let allocations = world.allocations_of(server);
    ServerView {
        id: server.id,
        uuid: server.uuid.clone(),
        external_id: server.external_id.clone(),
        name: server.name.clone(),
        status: server.status.map(Status::word),
        power: server.process.state,
        node_id: server.node_id,
        user_id: server.user_id,
        egg_id: server.egg_id,
        allocation_id: server.allocation_id,
        addresses: allocations
            .iter()
            .map(|allocation| format!("{}:{}", allocation.ip, allocation.port))
            .collect(),
        memory_mib: server.limits.memory_mib,
        environment: server.environment.clone(),
    }
}
