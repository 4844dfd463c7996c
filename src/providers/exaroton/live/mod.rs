//! A server's websocket: its state, console and use, kept up until dropped.
//!
//! `protocol` reads and writes frames, `session` decides (pure), `live_queue` holds what was not read yet, `task` does the
//! waiting.

mod item;
pub mod protocol;
pub mod session;
mod task;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

pub use item::{LiveItem, LiveUsage};
pub use session::Streams;
pub(super) use task::LiveSource;

use super::client::checked_command;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::live_queue::LiveQueue;

/// Commands waiting to be sent; one more is refused, so that nothing typed is executed much later.
const MAX_INPUTS: usize = 16;

/// A server's live stream. Dropping it ends the task behind it and closes the socket.
#[derive(Debug)]
pub struct LiveConnection {
    items: Arc<LiveQueue<LiveItem>>,
    input: LiveInput,
    task: AbortHandle,
}

impl LiveConnection {
    pub(super) fn open(source: LiveSource) -> Self {
        let items = Arc::new(LiveQueue::default());
        let (sender, inputs) = mpsc::channel(MAX_INPUTS);
        let takes_commands = Arc::new(AtomicBool::new(false));
        let input = LiveInput { sender, takes_commands: Arc::clone(&takes_commands) };
        let task = tokio::spawn(task::run(source, Arc::clone(&items), inputs, takes_commands)).abort_handle();
        Self { items, input, task }
    }

    /// The next item; nothing once the stream is over, after a last `Closed`. Cancel-safe. A reader that falls behind by
    /// more than 2,000 items loses the oldest lines and is told how many.
    pub async fn next(&mut self) -> Option<LiveItem> {
        self.items.next().await
    }

    /// A handle to type into the console; it may outlive this stream and then refuses.
    #[must_use]
    pub fn input(&self) -> LiveInput {
        self.input.clone()
    }
}

impl Drop for LiveConnection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Types into a server's console.
#[derive(Debug, Clone)]
pub struct LiveInput {
    sender: mpsc::Sender<String>,
    takes_commands: Arc<AtomicBool>,
}

impl LiveInput {
    /// Whether the console stream runs, so that a line typed now reaches the server.
    #[must_use]
    pub fn takes_commands(&self) -> bool {
        self.takes_commands.load(Ordering::Acquire)
    }

    /// Sends a line to the server. Refused while the console stream does not run: what is typed now must not be executed at
    /// some later reconnection.
    pub fn command(&self, line: &str) -> Result<(), Problem> {
        let line = checked_command(line)?;
        if !self.takes_commands() {
            return Err(unavailable("the console is not connected: nothing was sent"));
        }
        self.sender
            .try_send(line.to_owned())
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
