//! The client's end: requests out, events in, over any transport.
//!
//! A task (the driver) owns the connection; this is only the two queues to it. Tests of a console hold the other end of
//! the queues themselves ([`LinkClient::pair`]) and need neither engine nor socket.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::model::fleet::Change;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{ConsoleItem, Focus, Reply, Request};

/// Events that may wait for the client. Full: the driver stops reading the connection; the engine then cuts this
/// subscriber off and sends a fresh snapshot once it reads again. Nothing is dropped here. Not few: while it is full, the
/// answer that an `ask` waits for is not read either.
pub const EVENTS_QUEUED: usize = 256;

/// Commands that may wait for the driver. Full: [`LinkClient::send`] waits; a focus is dropped (the next one replaces
/// it anyway).
pub const COMMANDS_QUEUED: usize = 64;

/// What a client hears.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    /// A snapshot begins: the `Changes` until `SnapshotEnd` describe everything; what they do not name is gone.
    Snapshot,
    /// Changes, in order.
    Changes {
        /// The fleet's number after them. It never falls; pieces of a snapshot and samples repeat the last one.
        sequence: u64,
        /// The changes.
        changes: Vec<Change>,
    },
    /// The snapshot is complete; deltas follow.
    SnapshotEnd,
    /// The answer to a request.
    Reply {
        /// The request's id.
        id: u64,
        /// The answer.
        result: Result<Reply, Problem>,
    },
    /// An item of a console stream.
    Console {
        /// The id of the `ConsoleOpen` request.
        id: u64,
        /// The item.
        item: ConsoleItem,
    },
    /// The engine is not reachable, and why. The client keeps trying; what is on screen ages.
    Disconnected(Problem),
    /// The engine is back: a snapshot follows. Console streams are over; requests that waited were answered with a
    /// problem.
    Reconnected,
}

/// What a client says.
#[derive(Debug)]
pub enum LinkCommand {
    /// A request; its reply comes as an event with the same id.
    Send {
        /// The id.
        id: u64,
        /// The request.
        request: Request,
    },
    /// A request; its reply goes to whoever waits for it.
    Ask {
        /// The id.
        id: u64,
        /// The request.
        request: Request,
        /// Where the reply goes.
        reply: oneshot::Sender<Result<Reply, Problem>>,
    },
    /// What is on screen now.
    Focus(Focus),
}

/// Which engine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineIdentity {
    /// Its program's version; another one than ours may be worth a restart.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

/// The other end of a [`LinkClient`]: the driver's, or a test's.
#[derive(Debug)]
pub struct LinkPeer {
    /// What the client says.
    pub commands: mpsc::Receiver<LinkCommand>,
    /// What the client hears.
    pub events: mpsc::Sender<LinkEvent>,
}

/// A connection to an engine. Dropping it detaches.
#[derive(Debug)]
pub struct LinkClient {
    commands: mpsc::Sender<LinkCommand>,
    events: mpsc::Receiver<LinkEvent>,
    next_id: AtomicU64,
    engine: Arc<Mutex<Option<EngineIdentity>>>,
}

impl LinkClient {
    /// A client and its other end.
    #[must_use]
    pub fn pair() -> (Self, LinkPeer) {
        let (command_sender, commands) = mpsc::channel(COMMANDS_QUEUED);
        let (events, event_receiver) = mpsc::channel(EVENTS_QUEUED);
        let client = Self {
            commands: command_sender,
            events: event_receiver,
            next_id: AtomicU64::new(1),
            engine: Arc::default(),
        };
        (client, LinkPeer { commands, events })
    }

    /// Which engine answers; nothing for the pair of a test.
    #[must_use]
    pub fn engine(&self) -> Option<EngineIdentity> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn engine_is(&self, engine: EngineIdentity) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine);
    }

    pub(super) fn identity(&self) -> Arc<Mutex<Option<EngineIdentity>>> {
        Arc::clone(&self.engine)
    }

    /// Sends a request; its reply comes as [`LinkEvent::Reply`] with the returned id, also when the engine is away.
    ///
    /// Not cancel-safe while the queue is full: dropping the future then drops the request.
    pub async fn send(&self, request: Request) -> u64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        // A closed queue means that the driver ended; `next_event` says so.
        let _sent = self.commands.send(LinkCommand::Send { id, request }).await;
        id
    }

    /// Sends a request and waits for its reply, for commands that do one thing.
    ///
    /// # Errors
    /// What the engine answered; `Unavailable` with `Effect::Possible` when the connection broke before the answer.
    pub async fn ask(&self, request: Request) -> Result<Reply, Problem> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        if self.commands.send(LinkCommand::Ask { id, request, reply }).await.is_err() {
            return Err(gone());
        }
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Says what is on screen. Never waits.
    pub fn set_focus(&self, focus: Focus) {
        let _sent = self.commands.try_send(LinkCommand::Focus(focus));
    }

    /// The next event; waits until there is one. After the driver ended: `Disconnected`, then it waits for ever.
    ///
    /// Cancel-safe: an event is either returned or still there.
    pub async fn next_event(&mut self) -> LinkEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
}

/// The connection ended before the answer.
pub(super) fn gone() -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: "the connection to the engine ended before the answer".to_owned(),
        advice: "look at the runs before repeating an action; a plan carried out twice starts one run"
            .to_owned(),
    }
}
