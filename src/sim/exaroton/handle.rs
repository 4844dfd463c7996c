//! Looking into a simulated exaroton and steering it, from tests and from the demo.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::bill::Bill;
use super::entities::{PayerId, Server, StartFate};
use super::players;
use super::seed;
use super::shared::Shared;
use super::world::{Notice, World};
use crate::model::time::Timestamp;
use crate::sim::faults::{Fault, FaultRates};
use crate::sim::micro::MICRO;
use crate::sim::records::RequestRecord;

/// A server as it is, not as the API tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// The wire's number of its state.
    pub status: u32,
    /// Its memory, GiB.
    pub ram_gib: u32,
    /// Its message of the day.
    pub motd: String,
    /// Who plays.
    pub players: Vec<String>,
    /// The pool that pays for it.
    pub pool: Option<String>,
    /// Who pays for the run that goes on.
    pub paid_by: Option<PayerId>,
    /// When it stops if it stays empty.
    pub auto_stop_at: Option<Timestamp>,
}

/// Looks into the world; every answer is of the moment it is asked. Cheap to clone.
#[derive(Clone)]
pub struct ExarotonWorld(pub(super) Arc<Shared>);

impl ExarotonWorld {
    fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        self.0.with(work)
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.with(|world| world.now)
    }

    /// All servers, in order of their making.
    pub fn servers(&self) -> Vec<ServerView> {
        self.with(|world| {
            let mut servers: Vec<&Server> = world.servers.values().collect();
            servers.sort_by_key(|server| server.number);
            servers.into_iter().map(view).collect()
        })
    }

    /// One server, by name.
    pub fn server(&self, name: &str) -> Option<ServerView> {
        self.with(|world| world.servers.values().find(|server| server.name == name).map(view))
    }

    /// The ids of the pools, with their names.
    pub fn pools(&self) -> Vec<(String, String)> {
        self.with(|world| world.pools.values().map(|pool| (pool.id.clone(), pool.name.clone())).collect())
    }

    /// The whole bill until now.
    pub fn bill(&self) -> Bill {
        self.with(|world| world.bill())
    }

    /// A payer's true balance now.
    pub fn balance(&self, payer: &PayerId) -> Decimal {
        self.with(|world| Decimal::from_i128_with_scale(i128::from(world.balance(payer)), 6))
    }

    /// Adds whole credits to an account, or to a pool in the name of its owner.
    pub fn top_up(&self, payer: &PayerId, credits: u64) {
        self.with(|world| match payer {
            PayerId::Account(_) => world.top_up(payer, credits * MICRO),
            PayerId::Pool(pool) => {
                let owner = world.pools.get(pool).map(|pool| pool.owner.clone()).unwrap_or_default();
                world.top_up_pool(pool, &owner, credits * MICRO);
            }
        });
    }

    /// Adds whole credits of a member to a pool.
    pub fn top_up_pool(&self, pool: &str, account: &str, credits: u64) {
        self.with(|world| world.top_up_pool(pool, account, credits * MICRO));
    }

    /// Starts a server as its owner would on the provider's page: nobody of ours asked.
    pub fn start_from_outside(&self, id: &str) -> bool {
        self.with(|world| {
            let Some(server) = world.servers.get(id).filter(|server| server.status.is_stopped()) else {
                return false;
            };
            let payer = server.usual_payer();
            world.begin_start(id, payer);
            true
        })
    }

    /// A player comes; false when the server does not run, is full, or they are there.
    pub fn join(&self, id: &str, player: &str) -> bool {
        self.with(|world| players::join(world, id, player))
    }

    /// A player goes.
    pub fn leave(&self, id: &str, player: &str) -> bool {
        self.with(|world| players::leave(world, id, player))
    }

    /// The game crashes now.
    pub fn crash(&self, id: &str) {
        self.with(|world| world.crash(id));
    }

    /// How the next start of a server goes.
    pub fn set_fate(&self, id: &str, fate: StartFate) {
        self.change(id, |server| server.fate = fate);
    }

    /// How long a server stays up empty, in milliseconds from its next emptiness; nothing: for ever.
    pub fn set_auto_stop(&self, id: &str, wait_ms: Option<u64>) {
        self.with(|world| {
            if let Some(server) = world.servers.get_mut(id) {
                server.auto_stop_ms = wait_ms;
            }
            world.watch_emptiness(id);
        });
    }

    /// Sends a status number that no client knows, or the true one again.
    pub fn set_odd_status(&self, id: &str, number: Option<u32>) {
        self.change(id, |server| server.odd_status = number);
    }

    /// Gives a server another version of its software.
    pub fn set_version(&self, id: &str, version: &str) {
        self.change(id, |server| {
            if let Some((_, _, known)) = &mut server.software {
                version.clone_into(known);
            }
        });
    }

    /// Takes away what the API may leave out: port and software.
    pub fn make_bare(&self, id: &str) {
        self.change(id, |server| {
            server.port = None;
            server.software = None;
        });
    }

    /// Tells every socket of a server its state again, as the provider does for every player.
    pub fn repeat_status(&self, id: &str) {
        self.with(|world| world.tell(id, Notice::Status));
    }

    /// A new server of ours, offline, paid by the account or by a pool. Returns its id.
    pub fn add_server(
        &self,
        name: &str,
        ram_gib: u32,
        owner: &str,
        pool: Option<String>,
        storage: u64,
    ) -> String {
        self.with(|world| {
            let number = world.servers.values().map(|server| server.number).max().unwrap_or(0) + 1;
            seed::add_server(world, number, name, ram_gib, owner, pool, storage * MICRO)
        })
    }

    /// Removes a server as its owner would on the provider's page; what it burned stays on the bill.
    pub fn remove_server(&self, id: &str) {
        self.with(|world| {
            world.cut_off(id);
            world.servers.remove(id);
        });
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.with(|world| world.records.all())
    }

    /// How often a method and path was asked, of the latest requests.
    pub fn request_count(&self, method: &str, path_part: &str) -> usize {
        self.with(|world| world.records.count(method, path_part))
    }

    /// Frames that clients sent before `ready`.
    pub fn early_frames(&self) -> u64 {
        self.with(|world| world.early_frames)
    }

    /// Websockets opened so far.
    pub fn sockets_opened(&self) -> u64 {
        self.with(|world| world.sockets_opened)
    }

    /// Logs made public so far.
    pub fn logs_shared(&self) -> u64 {
        self.with(|world| world.logs_shared)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Server)) {
        self.with(|world| {
            if let Some(server) = world.servers.get_mut(id) {
                change(server);
            }
            world.tell(id, Notice::Status);
        });
    }
}

fn view(server: &Server) -> ServerView {
    ServerView {
        id: server.id.clone(),
        name: server.name.clone(),
        owner: server.owner.clone(),
        status: server.odd_status.unwrap_or_else(|| server.status.number()),
        ram_gib: server.ram_gib,
        motd: server.motd.clone(),
        players: server.players.clone(),
        pool: server.pool.clone(),
        paid_by: server.run.as_ref().map(|run| run.payer.clone()),
        auto_stop_at: server.auto_stop_at,
    }
}

/// Sets faults while it runs. Cheap to clone.
#[derive(Clone)]
pub struct ExarotonFaults(pub(super) Arc<Shared>);

impl ExarotonFaults {
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

    /// Removes random and targeted faults.
    pub fn clear(&self) {
        self.0.faults().strikes.clear();
    }

    /// Sets how many requests a minute an account may make; nothing: as many as it likes.
    pub fn set_requests_per_minute(&self, limit: Option<u32>) {
        self.0.faults().limit.per_minute = limit;
    }

    /// Cuts every websocket.
    pub fn drop_sockets(&self) {
        self.0.with(|world| world.drop_sockets());
    }
}
