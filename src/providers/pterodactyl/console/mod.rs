//! A server's live console: one socket to its node, kept up until dropped.
//!
//! `protocol` reads and writes frames, `session` decides (pure), `tokens` fetches tokens sparingly, `live_queue` holds
//! what was not read yet, `task` does the waiting.

pub mod protocol;
pub mod session;
mod task;
pub(super) mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::ConsoleItem;
use crate::model::server::PowerSignal;
use crate::providers::live_queue::LiveQueue;
use session::Typed;
pub(super) use task::ConsoleSource;

/// Inputs waiting to be sent; one more is refused, so that nothing typed is executed much later.
const MAX_INPUTS: usize = 16;
/// The longest command: newer daemons close the socket at frames over 4 KiB (`providers/pterodactyl.md` §4.6).
const MAX_COMMAND_BYTES: usize = 3_000;

/// A server's console stream. Dropping it ends the task behind it and closes the socket.
#[derive(Debug)]
pub struct ConsoleConnection {
    items: Arc<LiveQueue<ConsoleItem>>,
    input: ConsoleInput,
    task: AbortHandle,
}

impl ConsoleConnection {
    pub(super) fn open(source: ConsoleSource) -> Self {
        let items = Arc::new(LiveQueue::default());
        let (sender, inputs) = mpsc::channel(MAX_INPUTS);
        let is_live = Arc::new(AtomicBool::new(false));
        let input = ConsoleInput { sender, is_live: Arc::clone(&is_live) };
        let task = tokio::spawn(task::run(source, Arc::clone(&items), inputs, is_live)).abort_handle();
        Self { items, input, task }
    }

    /// The next item; nothing once the stream is over, after a last `Closed`. Cancel-safe. A reader that falls behind by
    /// more than 2,000 items loses the oldest lines and is told how many.
    pub async fn next(&mut self) -> Option<ConsoleItem> {
        self.items.next().await
    }

    /// A handle to type into the console; it may outlive this stream and then refuses.
    #[must_use]
    pub fn input(&self) -> ConsoleInput {
        self.input.clone()
    }
}

impl Drop for ConsoleConnection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Types into a console.
#[derive(Debug, Clone)]
pub struct ConsoleInput {
    sender: mpsc::Sender<Typed>,
    is_live: Arc<AtomicBool>,
}

impl ConsoleInput {
    /// Sends a line to the server's standard input. Refused while the console is not connected: what is typed now must not
    /// be executed at some later reconnection. The daemon ignores it while the server is offline.
    pub fn command(&self, line: &str) -> Result<(), Problem> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Err(Problem::refused("an empty command was not sent", ""));
        }
        if line.len() > MAX_COMMAND_BYTES || line.contains(['\r', '\n', '\0']) {
            return Err(Problem::refused(
                "this command was not sent: it is too long or has several lines",
                "",
            ));
        }
        self.send(Typed::Command(line.to_owned()))
    }

    /// Sends a power signal. Refused while the console is not connected; use the panel's own call then.
    pub fn signal(&self, signal: PowerSignal) -> Result<(), Problem> {
        self.send(Typed::Signal(signal))
    }

    fn send(&self, typed: Typed) -> Result<(), Problem> {
        if !self.is_live.load(Ordering::Acquire) {
            return Err(unavailable("the console is not connected: nothing was sent"));
        }
        self.sender
            .try_send(typed)
            .map_err(|_| unavailable("the console takes no more input now: nothing was sent"))
    }
}

fn unavailable(message: &str) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Network,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: message.to_owned(),
        advice: "try again when the console is connected".to_owned(),
    }
}
