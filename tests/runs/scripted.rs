//! A journal with a script: at a chosen append it stands still for ever, fails, or tells the test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use quarterdeck::engine::runs::events::JournalEvent;
use quarterdeck::engine::runs::journal::{KeepNote, RunHistory, RunLog};
use quarterdeck::model::ids::RunId;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::AuditEntry;
use quarterdeck::store::Store;
use tokio::sync::Notify;

/// What happens at an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is written.
    Write,
    /// It is written, and the process dies before it can go on: the announced effect does not happen.
    WriteAndDie,
    /// The process dies before it is written: what it would have told has happened already.
    Die,
    /// The disk is full.
    Fail,
}

/// Decides each append by its number (from 0) and event.
pub type Script = dyn FnMut(usize, &RunId, &JournalEvent) -> Turn + Send;

/// The journal.
pub struct ScriptedLog {
    store: Store,
    script: Mutex<Box<Script>>,
    appends: AtomicUsize,
    /// Told when the process would have died.
    pub died: Arc<Notify>,
    /// How to die for real; nothing = stand still.
    how: Option<fn()>,
}

impl ScriptedLog {
    pub fn new(
        store: Store,
        script: impl FnMut(usize, &RunId, &JournalEvent) -> Turn + Send + 'static,
    ) -> Self {
        Self {
            store,
            script: Mutex::new(Box::new(script)),
            appends: AtomicUsize::new(0),
            died: Arc::new(Notify::new()),
            how: None,
        }
    }

    /// Dies through `how` instead of standing still.
    pub fn dying_by(mut self, how: fn()) -> Self {
        self.how = Some(how);
        self
    }

    async fn die(&self) {
        if let Some(how) = self.how {
            how();
        }
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

impl RunLog for ScriptedLog {
    fn append_event<'a>(
        &'a self,
        run: &'a RunId,
        event: &'a JournalEvent,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let number = self.appends.fetch_add(1, Ordering::SeqCst);
            let turn = {
                let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
                script(number, run, event)
            };
            match turn {
                Turn::Die => self.die().await,
                Turn::Fail => return Err(Problem::storage("no space left on device")),
                Turn::Write | Turn::WriteAndDie => self.store.append_event(run, event).await?,
            }
            if turn == Turn::WriteAndDie {
                self.die().await;
            }
            Ok(())
        })
    }

    fn append_audit<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<(), Problem>> {
        self.store.append_audit(entry)
    }

    fn append_note<'a>(&'a self, note: &'a KeepNote) -> BoxFuture<'a, Result<(), Problem>> {
        self.store.append_note(note)
    }

    fn notes(&self) -> Result<Vec<KeepNote>, Problem> {
        self.store.notes()
    }

    fn histories(&self) -> Result<Vec<RunHistory>, Problem> {
        self.store.histories()
    }
}
