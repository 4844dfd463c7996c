//! The engine as its clients see it: ask, subscribe, say what is on screen.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::consoles::Consoles;
use super::matches::settlements::Settlements;
use super::money::account::PrepaidAccount;
use super::money::keeper::Keeper;
use super::money::registrar::Registrar;
use super::panics::caught;
use super::reports::Reports;
use super::requests;
use super::runs::Runner;
use super::shared::SharedFleet;
use super::subscription::Subscription;
use crate::model::fleet::{Change, Metric, SERIES_POINTS_KEPT, SeriesKey, SeriesOwner};
use crate::model::ids::{AccountId, OperatorName, ServerKey};
use crate::model::problem::Problem;
use crate::model::request::{ConsoleItem, Focus, Reply, Request};
use crate::model::time::Timestamp;
use crate::providers::orders::OrdersDatabase;
use crate::providers::pterodactyl::PanelClient;
use crate::store::Store;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `user@host`, as the client says; the link has checked that it is the same user of this machine.
    pub operator: OperatorName,
    /// `console`, `cli`, `engine`: for the audit log.
    pub origin: String,
    /// Whether every action is refused.
    pub is_read_only: bool,
    /// The number of the client's connection, unique while the engine runs.
    pub client: u64,
}

/// What a running engine is made of.
pub(super) struct Engine {
    pub(super) fleet: Arc<SharedFleet>,
    pub(super) store: Store,
    pub(super) panels: BTreeMap<AccountId, PanelClient>,
    pub(super) orders: Vec<(Arc<dyn OrdersDatabase>, AccountId)>,
    pub(super) consoles: Arc<Consoles>,
    pub(super) runner: Runner,
    /// The ledger of settled matches.
    pub(super) settlements: Arc<Settlements>,
    /// The books of prepaid money.
    pub(super) keeper: Arc<Keeper>,
    /// The register of servers.
    pub(super) registrar: Arc<Registrar>,
    /// Reports that are made.
    pub(super) reports: Reports,
    /// Accounts with prepaid money.
    pub(super) credits: Vec<Arc<dyn PrepaidAccount>>,
    /// One per poller: ask now.
    pub(super) refresh: Vec<Arc<Notify>>,
    pub(super) shutdown: CancellationToken,
    pub(super) version: String,
    pub(super) data_dir: PathBuf,
    pub(super) started_at: Timestamp,
    pub(super) clients: watch::Sender<u32>,
    pub(super) next_client: AtomicU64,
    /// How far back the history of a series goes that comes on screen, milliseconds.
    pub(super) history_ms: u64,
}

/// A handle to a running engine; cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) engine: Arc<Engine>,
}

/// A client counted as attached; dropping it detaches.
pub struct Attached {
    engine: Arc<Engine>,
    client: u64,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.engine.fleet.forget_client(self.client);
        self.engine.clients.send_modify(|clients| *clients = clients.saturating_sub(1));
    }
}

impl EngineHandle {
    /// A number for a new client connection.
    #[must_use]
    pub fn next_client(&self) -> u64 {
        self.engine.next_client.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a client as attached until the guard is dropped; then it is forgotten.
    #[must_use]
    pub fn attach(&self, caller: &Caller) -> Attached {
        self.engine.clients.send_modify(|clients| *clients = clients.saturating_add(1));
        Attached { engine: Arc::clone(&self.engine), client: caller.client }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// What the request's own work reports; `Refused` for an action by a read-only caller.
    ///
    /// Cancel-safe: an action that was started goes on.
    pub async fn request(&self, caller: &Caller, request: Request) -> Result<Reply, Problem> {
        // Whoever asked waits for an answer, also when a bug ends the work.
        caught("answering", requests::answer(&self.engine, caller, request)).await.flatten()
    }

    /// Starts reading the fleet: a snapshot, then numbered deltas, a new snapshot when the reader was too slow.
    #[must_use]
    pub fn subscribe(&self, caller: &Caller) -> Subscription {
        self.engine.fleet.subscribe(caller.client)
    }

    /// The fleet itself, for whoever lives in the same process.
    #[must_use]
    pub fn fleet(&self) -> &Arc<SharedFleet> {
        &self.engine.fleet
    }

    /// Notes what a client has on screen; what newly came there gets its recent history from the store.
    pub fn set_focus(&self, client: u64, focus: Focus) {
        let shown = self.engine.fleet.attended().borrow().newly_shown(client, &focus);
        self.engine.fleet.set_focus(client, focus);
        if !shown.is_empty() {
            let engine = Arc::clone(&self.engine);
            tokio::task::spawn_blocking(move || tell_history(&engine, client, shown));
        }
    }

    /// Attaches to a server's live console; several clients share one connection to the panel. Dropping the receiver
    /// detaches.
    ///
    /// # Errors
    /// `NotFound`: no such server.
    pub async fn open_console(
        &self,
        caller: &Caller,
        server: ServerKey,
    ) -> Result<mpsc::Receiver<ConsoleItem>, Problem> {
        tracing::info!(operator = %caller.operator, %server, "a console was opened");
        // Async for callers' sake: an adapter may have to ask its provider first.
        std::future::ready(self.engine.consoles.attach(&server)).await
    }

    /// Asks the engine to end; [`super::start::EngineTask::stopped`] says when it has.
    pub fn shut_down(&self) {
        self.engine.shutdown.cancel();
    }
}

/// Sends a client the recent points of series that came into its focus.
fn tell_history(engine: &Engine, client: u64, shown: Vec<SeriesOwner>) {
    let until = engine.fleet.now();
    let since = Timestamp(until.0.saturating_sub(i64::try_from(engine.history_ms).unwrap_or(i64::MAX)));
    let mut changes = Vec::new();
    for owner in shown {
        for metric in metrics_of(&owner) {
            let series = SeriesKey { owner: owner.clone(), metric: *metric };
            let mut points = match engine.store.samples(&series, since, until) {
                Ok(points) => points,
                Err(problem) => return tracing::warn!(%problem, "a series could not be read"),
            };
            let surplus = points.len().saturating_sub(SERIES_POINTS_KEPT);
            points.drain(..surplus);
            if !points.is_empty() {
                changes.push(Change::Samples { series, points });
            }
        }
    }
    if !changes.is_empty() {
        engine.fleet.tell(client, changes);
    }
}

fn metrics_of(owner: &SeriesOwner) -> &'static [Metric] {
    match owner {
        SeriesOwner::Site | SeriesOwner::Balance(_) => &[Metric::BurnPerHour],
        SeriesOwner::Node(_) => &[Metric::NodeMemoryPercent, Metric::NodeDiskPercent],
        SeriesOwner::Server(_) => &[Metric::CpuPercent, Metric::MemoryBytes, Metric::NetworkBytesPerSecond],
    }
}
