//! What the three dialects have in common: statements of text in, rows of text out.
//!
//! Every value crosses as text and is cast in SQL, so that enums, UUIDs, exact decimals and JSON of a shop's schema need no
//! type of ours, and one decoder serves all (`providers/hosting.md` §5.1: `numeric` and MariaDB's `UUID` decode only so).

use std::future::Future;

use futures::future::BoxFuture;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::sql::{Dialect, Statement};
use crate::model::finding::Finding;
use crate::model::problem::Problem;

/// A row: one text or NULL per column asked for.
pub(super) type TextRow = Vec<Option<String>>;

/// One dialect's way to its database.
pub(super) trait Driver: Send + Sync {
    /// Whose SQL it takes.
    fn dialect(&self) -> Dialect;

    /// Reads with all statements in one transaction, so that their answers fit together.
    fn read<'a>(&'a self, statements: &'a [Statement]) -> BoxFuture<'a, Result<Vec<Vec<TextRow>>, Problem>>;

    /// Runs one changing statement; how many rows its condition matched.
    fn write<'a>(&'a self, statement: &'a Statement) -> BoxFuture<'a, Result<u64, Problem>>;

    /// See [`super::OrdersDatabase::wait_for_change`].
    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>>;

    /// What is worth saying about the way itself.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// A background task that counts changes, and its one waiter. The count is a single number: a slow waiter sees that
/// something changed, never a queue of what.
pub(super) struct ChangeWatch {
    receiver: Mutex<watch::Receiver<u64>>,
    task: JoinHandle<()>,
}

impl ChangeWatch {
    /// Starts the task; it ends with this value.
    pub(super) fn start<F, T>(task: T) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        T: FnOnce(watch::Sender<u64>) -> F,
    {
        let (sender, receiver) = watch::channel(0);
        Self { receiver: Mutex::new(receiver), task: tokio::spawn(task(sender)) }
    }

    /// Returns after the next change that was not reported yet; waits for ever when the task has ended. Cancel-safe.
    pub(super) async fn wait(&self) {
        if self.receiver.lock().await.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for ChangeWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
