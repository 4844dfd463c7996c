//! Where runs remember: the journal, the audit log and operators' notes, behind one narrow trait.
//!
//! Every append returns after its record is on disk, or fails; then the step does not run.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::model::ids::{OperatorName, RunId, ServerKey};
use crate::model::problem::Problem;
use crate::model::request::AuditEntry;
use crate::model::time::Timestamp;

use super::events::JournalEvent;

/// An operator's word that a server without owner shall stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepNote {
    /// Which server.
    pub server: ServerKey,
    /// Its uuid: numbers may come back on a rebuilt panel.
    pub uuid: String,
    /// Who said so.
    pub by: OperatorName,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Until when it stays, for a rented server; nothing for as long as nobody says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What the journal says of one run, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHistory {
    /// The run.
    pub run: RunId,
    /// Its events, or why they cannot be read.
    pub events: Result<Vec<JournalEvent>, String>,
}

/// The durable memory of runs. Implemented for the store; tests put a crash into it.
pub trait RunLog: Send + Sync {
    /// Appends an event of a run; returns when it is on disk.
    fn append_event<'a>(
        &'a self,
        run: &'a RunId,
        event: &'a JournalEvent,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// Appends an entry of the audit log.
    fn append_audit<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<(), Problem>>;

    /// Appends an operator's note on a server.
    fn append_note<'a>(&'a self, note: &'a KeepNote) -> BoxFuture<'a, Result<(), Problem>>;

    /// Every note, oldest first.
    fn notes(&self) -> Result<Vec<KeepNote>, Problem>;

    /// Every run of the journal, oldest first.
    fn histories(&self) -> Result<Vec<RunHistory>, Problem>;
}
