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

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

pub use item::{LiveItem, LiveUsage};
pub use session::Streams;
pub(super) use task::LiveSource;

use super::client::checked_command;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::live_queue::LiveQueue;

/// Commands and requests waiting to be sent; one more is refused, so that nothing typed is executed much later.
const MAX_INPUTS: usize = 16;
/// The longest name of a method: those of the game have some 40 characters.
const METHOD_BYTES_MAX: usize = 200;
/// The most that a request may carry.
const PARAMS_BYTES_MAX: usize = 64 * 1024;

/// Something to be sent.
#[derive(Debug)]
pub(super) enum Input {
    /// A line for the console.
    Line(String),
    /// A request of the management protocol.
    Ask {
        /// `minecraft:players`.
        method: String,
        /// What the method takes.
        params: Value,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Value, Problem>>,
    },
}

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
    sender: mpsc::Sender<Input>,
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
            .try_send(Input::Line(line.to_owned()))
            .map_err(|_| unavailable("the console takes no more input now: nothing was sent"))
    }

    /// Asks the game over its management protocol and waits for what it says; texts in the answer are not sanitised. Needs a
    /// stream that was opened for it. `Unavailable` while the game does not speak it; with [`Effect::Possible`] the request
    /// was sent and its answer is lost. Cancel-safe: a request that was sent is not taken back.
    pub async fn manage(&self, method: &str, params: Value) -> Result<Value, Problem> {
        let is_plain = !method.is_empty()
            && method.len() <= METHOD_BYTES_MAX
            && method.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain || params.to_string().len() > PARAMS_BYTES_MAX {
            return Err(Problem::refused("this is no request of the management protocol", ""));
        }
        let (answer, answered) = oneshot::channel();
        let ask = Input::Ask { method: method.to_owned(), params, answer };
        self.sender.try_send(ask).map_err(|_| {
            session::unanswered("the connection takes no more now: nothing was sent", Effect::None)
        })?;
        answered.await.unwrap_or_else(|_| {
            Err(session::unanswered("the connection broke before the game answered", Effect::Possible))
        })
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
