//! The records of changes of the burn: who did each, kept by day, read by window.

use super::changes::{CHANGES_IN_A_RECORD, ChangeRecord};
use super::keeper::bodies;
use crate::engine::shared::SharedFleet;
use crate::model::problem::Problem;
use crate::model::spend::{Bond, BurnChange, BurnerOwner, cause_of};
use crate::model::time::Timestamp;
use crate::store::{RecordKind, Store};

/// Writes into each change which run did it.
pub fn explain(fleet: &SharedFleet, changes: &mut [BurnChange]) {
    fleet.read(|fleet| {
        for change in changes {
            let of_match = match &change.owner {
                BurnerOwner::Match(id) => fleet.matches.get(id),
                _ => None,
            };
            let bond = Bond { run: of_match.map(|one| &one.run), ..Bond::default() };
            change.cause = cause_of(change, bond, fleet.runs.values());
        }
    });
}

/// Keeps changes that were seen at one moment; they are on the disk when this returns.
///
/// # Errors
/// `Storage`: they are not kept, or not all.
pub async fn keep(store: &Store, changes: &[BurnChange]) -> Result<(), Problem> {
    for some in changes.chunks(CHANGES_IN_A_RECORD) {
        let Some(first) = some.first() else { continue };
        let record = ChangeRecord::Changed(some.to_vec());
        store.append(RecordKind::Ledger, &ChangeRecord::day_key(first.at), &record).await?;
    }
    Ok(())
}

/// Every record of the days between two moments, oldest first. Blocks.
///
/// # Errors
/// `Storage`: they cannot be read.
pub fn read(store: &Store, from: Timestamp, to: Timestamp) -> Result<Vec<ChangeRecord>, Problem> {
    let mut records = Vec::new();
    for key in ChangeRecord::day_keys(from, to) {
        records.extend(bodies::<ChangeRecord>(store.records_of(RecordKind::Ledger, &key)?));
    }
    Ok(records)
}
