//! Looking into a simulated panel and steering it, from tests and from the demo.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bill::{ServerBill, open_bill};
use super::daemon::DaemonMode;
use super::entities::Status;
use super::life::ProcessEvent;
use super::log::RequestRecord;
use super::options::{InstallPolicy, RateLimits};
use super::shared::Shared;
use super::views::{EggView, NodeView, ServerView, view};
use super::world::World;
use crate::model::server::PowerSignal;
use crate::sim::faults::{Fault, FaultRates};

/// Looks into the world; every answer is of the moment it is asked. Cheap to clone.
#[derive(Clone)]
pub struct WorldHandle(pub(super) Arc<Shared>);

impl WorldHandle {
    fn with<R>(&self, read: impl FnOnce(&mut World) -> R) -> R {
        self.0.with(read)
    }

    /// Servers whose create was committed, ever, deleted ones and those of the seed included.
    pub fn servers_created_ever(&self) -> u64 {
        self.with(|world| world.created_ever)
    }

    /// How often a create with this external id was committed, ever.
    pub fn created_with_external_id(&self, external_id: &str) -> u32 {
        self.with(|world| world.created_by_external_id.get(external_id).copied().unwrap_or(0))
    }

    /// Servers deleted, ever.
    pub fn servers_deleted_ever(&self) -> u64 {
        self.with(|world| world.deleted_ever)
    }

    /// All servers.
    pub fn servers(&self) -> Vec<ServerView> {
        self.with(|world| world.servers.values().map(|server| view(world, server)).collect())
    }

    /// One server.
    pub fn server(&self, id: i64) -> Option<ServerView> {
        self.with(|world| world.servers.get(&id).map(|server| view(world, server)))
    }

    /// Live servers with this external id; never more than one.
    pub fn servers_with_external_id(&self, external_id: &str) -> Vec<ServerView> {
        self.with(|world| {
            world
                .servers
                .values()
                .filter(|server| server.external_id.as_deref() == Some(external_id))
                .map(|server| view(world, server))
                .collect()
        })
    }

    /// Numbers of the users with this external id.
    pub fn users_with_external_id(&self, external_id: &str) -> Vec<i64> {
        self.with(|world| {
            let is_it = |user: &&super::entities::User| user.external_id.as_deref() == Some(external_id);
            world.users.values().filter(is_it).map(|user| user.id).collect()
        })
    }

    /// Numbers of the users with this address.
    pub fn users_with_email(&self, email: &str) -> Vec<i64> {
        self.with(|world| {
            let is_it = |user: &&super::entities::User| user.email.eq_ignore_ascii_case(email);
            world.users.values().filter(is_it).map(|user| user.id).collect()
        })
    }

    /// Number of users, the seed's included.
    pub fn user_count(&self) -> usize {
        self.with(|world| world.users.len())
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.with(|world| {
            let view = |node: &super::entities::Node| NodeView {
                id: node.id,
                name: node.name.clone(),
                location: world
                    .locations
                    .get(&node.location_id)
                    .map(|at| at.short.clone())
                    .unwrap_or_default(),
                memory_mib: node.memory_mib,
                socket_port: node.socket_port,
                daemon: node.daemon,
                free_allocations: world
                    .allocations_of_node
                    .get(&node.id)
                    .into_iter()
                    .flatten()
                    .filter_map(|id| world.allocations.get(id))
                    .filter(|allocation| allocation.server_id.is_none())
                    .count(),
            };
            world.nodes.values().map(view).collect()
        })
    }

    /// All eggs.
    pub fn eggs(&self) -> Vec<EggView> {
        self.with(|world| {
            let view = |egg: &super::entities::Egg| EggView {
                id: egg.id,
                nest_id: egg.nest_id,
                name: egg.name.clone(),
                docker_image: egg.images.first().map(|(_, image)| image.clone()).unwrap_or_default(),
                startup: egg.startup.clone(),
                defaults: egg
                    .variables
                    .iter()
                    .map(|variable| (variable.env_variable.clone(), variable.default_value.clone()))
                    .collect(),
            };
            world.eggs.values().map(view).collect()
        })
    }

    /// Uuids of servers that a node holds though the panel has no row for them, with the node.
    pub fn orphans_on_nodes(&self) -> BTreeMap<String, i64> {
        self.with(|world| world.orphans.clone())
    }

    /// The exact bill so far: every server that ever existed.
    pub fn bill(&self) -> Vec<ServerBill> {
        self.with(|world| {
            let mut bills = world.closed_bills.clone();
            bills.extend(world.servers.values().map(|server| open_bill(world, server)));
            bills
        })
    }

    /// The latest requests, oldest first, at most 10,000.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.with(|world| world.log.records())
    }

    /// How often a route was asked, as in `POST /api/application/servers` or `GET /api/client/servers/{server}/resources`.
    pub fn request_count(&self, route: &str) -> u64 {
        self.with(|world| world.log.count(route))
    }

    /// All route counters.
    pub fn request_counts(&self) -> BTreeMap<String, u64> {
        self.with(|world| world.log.counts())
    }

    /// Requests in all.
    pub fn requests_total(&self) -> u64 {
        self.with(|world| world.log.total())
    }

    /// Forgets the log and the counters.
    pub fn forget_requests(&self) {
        self.with(|world| world.log.clear());
    }

    /// Ends the running install of a server now.
    pub fn finish_install(&self, server_id: i64, succeeds: bool) {
        self.with(|world| {
            if let Some(install) =
                world.servers.get_mut(&server_id).and_then(|server| server.process.install.as_mut())
            {
                install.will_succeed = succeeds;
            }
            world.install_ends(server_id, None);
        });
    }

    /// The node reports an install out of the blue.
    pub fn report_install(&self, server_id: i64, succeeded: bool, is_reinstall: bool) {
        self.with(|world| world.report_install(server_id, succeeded, is_reinstall));
    }

    /// Makes a running server crash.
    pub fn crash(&self, server_id: i64) {
        self.with(|world| world.process_event(server_id, ProcessEvent::Crashed));
    }

    /// A power action from elsewhere, such as a customer's browser.
    pub fn power(&self, server_id: i64, signal: PowerSignal) {
        self.with(|world| world.process_event(server_id, ProcessEvent::Signal(signal)));
    }

    /// Puts a line on a server's console.
    pub fn say(&self, server_id: i64, line: &str) {
        self.with(|world| world.say(server_id, line.to_owned()));
    }

    /// Puts a node into maintenance, or takes it out.
    pub fn set_maintenance(&self, node_id: i64, is_in_maintenance: bool) {
        self.with(|world| {
            if let Some(node) = world.nodes.get_mut(&node_id) {
                node.is_in_maintenance = is_in_maintenance;
            }
        });
    }

    /// Restarts a node's daemon: older tokens are refused and unfinished installs count as done.
    pub fn restart_daemon(&self, node_id: i64) {
        self.with(|world| {
            let stamp = world.stamp;
            if let Some(node) = world.nodes.get_mut(&node_id) {
                node.booted_at = stamp;
            }
            for server in world.servers.values_mut().filter(|server| server.node_id == node_id) {
                server.process.install = None;
                if server.status == Some(Status::Installing) {
                    server.status = None;
                }
            }
        });
    }

    /// Deletes a server behind everyone's back, as an admin in the panel would.
    pub fn remove_server(&self, server_id: i64) -> bool {
        self.with(|world| world.delete_server(server_id))
    }

    /// The world's time.
    pub fn now(&self) -> crate::model::time::Timestamp {
        self.with(|world| world.now)
    }
}

/// Sets faults while the panel runs. Cheap to clone.
#[derive(Clone)]
pub struct FaultHandle(pub(super) Arc<Shared>);

impl FaultHandle {
    /// Replaces the random faults.
    pub fn set_rates(&self, rates: FaultRates) {
        self.0.faults().strikes.rates = rates;
    }

    /// Strikes the next request of `method` (`*`: any) whose path contains `path_part` (ending in `$`: ends with it).
    pub fn next(&self, method: &str, path_part: &str, fault: Fault) {
        self.times(method, path_part, fault, 1);
    }

    /// As [`Self::next`], for that many requests.
    pub fn times(&self, method: &str, path_part: &str, fault: Fault, times: u32) {
        self.0.faults().strikes.targets.add(method, path_part, fault, times);
    }

    /// How many requests are still to be struck by targeted faults.
    pub fn left(&self) -> u64 {
        self.0.faults().strikes.targets.left()
    }

    /// Removes random and targeted faults; daemons keep their mode.
    pub fn clear(&self) {
        self.0.faults().strikes.clear();
    }

    /// Sets how the daemon of a node behaves.
    pub fn daemon(&self, node_id: i64, mode: DaemonMode) {
        self.0.with(|world| {
            if let Some(node) = world.nodes.get_mut(&node_id) {
                node.daemon = mode;
            }
        });
    }

    /// The next `creates` POSTs of servers wait for each other between their checks and their commits, so that they race
    /// for certain. Each waits at most five seconds.
    pub fn race_next_creates(&self, creates: u32) {
        self.0.race(creates);
    }

    /// Changes the rate limits; windows that are open keep their counts.
    pub fn set_rate_limits(&self, limits: RateLimits) {
        self.0.faults().limits = limits;
        self.0.with(|world| world.websocket_tokens_per_minute = limits.websocket_tokens_per_minute);
    }

    /// Changes how installs go from now on.
    pub fn set_installs(&self, policy: InstallPolicy) {
        self.0.with(|world| world.installs = policy);
    }
}
