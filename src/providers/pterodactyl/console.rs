//! A server's live console: one socket to its node, kept up until dropped.

use tokio::sync::mpsc;

use crate::model::problem::Problem;
use crate::model::request::ConsoleItem;
use crate::model::server::PowerSignal;

/// A server's console stream. Dropping it ends the task behind it and closes the socket.
#[derive(Debug)]
pub struct ConsoleConnection {
    items: mpsc::Receiver<ConsoleItem>,
    input: ConsoleInput,
}

impl ConsoleConnection {
    pub(super) fn unavailable() -> Self {
        let (sender, items) = mpsc::channel(1);
        let said =
            sender.try_send(ConsoleItem::Closed("the console of a server is not built yet".to_owned()));
        debug_assert!(said.is_ok(), "an empty queue takes one item");
        Self { items, input: ConsoleInput {} }
    }

    /// The next item; nothing once the stream is over. Cancel-safe.
    pub async fn next(&mut self) -> Option<ConsoleItem> {
        self.items.recv().await
    }

    /// A handle to type into the console, which may outlive this stream.
    #[must_use]
    pub fn input(&self) -> ConsoleInput {
        self.input.clone()
    }
}

/// Types into a console.
#[derive(Debug, Clone)]
pub struct ConsoleInput {}

impl ConsoleInput {
    /// Sends a line to the server's standard input. Fails when the queue (16) is full or the stream is over.
    pub fn command(&self, line: &str) -> Result<(), Problem> {
        Err(Problem::refused(format!("not sent: {} characters", line.len()), "the console is not built yet"))
    }

    /// Sends a power signal. Fails when the queue (16) is full or the stream is over.
    pub fn signal(&self, signal: PowerSignal) -> Result<(), Problem> {
        Err(Problem::refused(format!("not sent: {signal}"), "the console is not built yet"))
    }
}
