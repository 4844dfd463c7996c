//! The audit log: who did what, when, from where, with which outcome. Runs write their own entries in the same form.

use super::handle::{Caller, Engine};
use crate::model::problem::Problem;
use crate::model::request::AuditEntry;
use crate::store::{RecordKind, Store};

/// Appends an entry; it is on the disk when this returns.
///
/// # Errors
/// `Storage`: it was not written, and what it announces must not be done.
pub(super) async fn append(
    engine: &Engine,
    caller: &Caller,
    action: &str,
    target: &str,
    outcome: String,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        at: engine.fleet.now(),
        by: caller.operator.clone(),
        origin: caller.origin.clone(),
        action: action.to_owned(),
        target: target.to_owned(),
        run: None,
        outcome,
    };
    engine.store.append(RecordKind::Audit, target, &entry).await.map(|_| ())
}

/// The newest entries, oldest of them first. Blocks.
///
/// # Errors
/// `Storage`: the log cannot be read.
pub(super) fn last(store: &Store, limit: usize) -> Result<Vec<AuditEntry>, Problem> {
    let records = store.last_records(RecordKind::Audit, limit)?;
    let entry = |record: crate::store::Record| match serde_json::from_value(record.body) {
        Ok(entry) => Some(entry),
        Err(error) => {
            tracing::warn!(sequence = record.sequence, %error, "an audit entry of another version was left out");
            None
        }
    };
    Ok(records.into_iter().filter_map(entry).collect())
}
