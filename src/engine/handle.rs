//! The engine as its clients see it: ask, subscribe, say what is on screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use super::shared::SharedFleet;
use super::subscription::Subscription;
use crate::model::ids::{OperatorName, ServerKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{ConsoleItem, Focus, Reply, Request};

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

/// A handle to a running engine; cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    fleet: Arc<SharedFleet>,
    next_client: Arc<AtomicU64>,
    clients: Arc<watch::Sender<u32>>,
}

/// A client counted as attached.
pub struct Attached {
    engine: EngineHandle,
    client: u64,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.engine.fleet.forget_client(self.client);
        self.engine.clients.send_modify(|clients| *clients -= 1);
    }
}

impl EngineHandle {
    /// A number for a new client connection.
    #[must_use]
    pub fn next_client(&self) -> u64 {
        self.next_client.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a client as attached until the guard is dropped; then it is forgotten.
    #[must_use]
    pub fn attach(&self, caller: &Caller) -> Attached {
        self.clients.send_modify(|clients| *clients += 1);
        Attached { engine: self.clone(), client: caller.client }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// What the request's own work reports; `Refused` for an action by a read-only caller.
    ///
    /// Cancel-safe: an action that was started goes on.
    pub async fn request(&self, caller: &Caller, request: Request) -> Result<Reply, Problem> {
        let _ = (caller, request);
        std::future::ready(()).await;
        Err(unavailable("this engine answers no requests yet"))
    }

    /// Starts reading the fleet: a snapshot, then numbered deltas, a new snapshot when the reader was too slow.
    #[must_use]
    pub fn subscribe(&self, caller: &Caller) -> Subscription {
        self.fleet.subscribe(caller.client)
    }

    /// Notes what a client has on screen.
    pub fn set_focus(&self, client: u64, focus: Focus) {
        self.fleet.set_focus(client, focus);
    }

    /// Attaches to a server's live console; several clients share one connection to the panel.
    ///
    /// # Errors
    /// `NotFound`: no such server; `Unavailable`: its account has no client key.
    pub async fn open_console(
        &self,
        caller: &Caller,
        server: ServerKey,
    ) -> Result<mpsc::Receiver<ConsoleItem>, Problem> {
        let _ = (caller, server);
        std::future::ready(()).await;
        Err(unavailable("this engine opens no consoles yet"))
    }
}

/// The engine cannot do this now; nothing happened.
pub(super) fn unavailable(message: impl Into<String>) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: message.into(),
        advice: String::new(),
    }
}
