//! Reading snapshots back, each whole: of a span, around a moment, the last. Blocks.

use std::ops::ControlFlow;

use super::condensed::understood;
use super::snapshot::{Snapshot, SnapshotKind};
use super::snapshot_record::{SnapshotHead, SnapshotReader};
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::store::{KeySpan, RecordKind, SpanEnd, Store, TypedRecord};

/// The keys of snapshots of a kind whose slots lie from one moment until before another.
#[must_use]
pub fn span(kind: SnapshotKind, from: Option<Timestamp>, to: Option<Timestamp>) -> KeySpan {
    let word = kind.word();
    KeySpan {
        from: from.map_or_else(|| format!("{word}/"), |from| Snapshot::record_key(kind, from)),
        // '0' is the character behind '/'.
        to: to.map_or_else(|| format!("{word}0"), |to| Snapshot::record_key(kind, to)),
    }
}

/// Shows snapshots to `visit` by rising time until it says stop: from the beginning of the day of `from` on at the latest,
/// earlier where no snapshot is of that day. One that is not understood is left out; returned is how many were.
///
/// # Errors
/// `Storage`: the records cannot be read.
pub fn visit_from(
    store: &Store,
    from: Timestamp,
    visit: &mut dyn FnMut(&Snapshot) -> ControlFlow<()>,
) -> Result<usize, Problem> {
    // Taken a little later than its slot: the one before may be needed.
    let until = Timestamp(from.0.saturating_add(1));
    let starts = span(SnapshotKind::StartOfDay, None, Some(until));
    let mut start: Option<TypedRecord<SnapshotHead>> =
        store.at_end_of_span(RecordKind::Snapshot, &starts, SpanEnd::Last)?;
    if let Some(late) = start.as_ref().filter(|start| start.body.taken_at > from) {
        let earlier = span(SnapshotKind::StartOfDay, None, Some(late.body.slot));
        start = store.at_end_of_span(RecordKind::Snapshot, &earlier, SpanEnd::Last)?;
    }
    let first = start.map_or(0, |start| start.sequence);
    let mut reader = SnapshotReader::default();
    let mut left_out = 0;
    store.visit_records(RecordKind::Snapshot, None, first, &mut |record| {
        let read = understood::<SnapshotHead>(record).ok_or_else(|| "another program wrote it".to_owned());
        match read.and_then(|head| reader.read(&head, record.body_text())) {
            Ok(snapshot) => visit(snapshot),
            Err(error) => {
                tracing::warn!(sequence = record.sequence, error, "a snapshot cannot be read");
                left_out += 1;
                ControlFlow::Continue(())
            }
        }
    })?;
    Ok(left_out)
}

/// The last snapshot at or before a moment, and the first after it.
///
/// # Errors
/// As [`visit_from`].
pub fn around(store: &Store, at: Timestamp) -> Result<(Option<Snapshot>, Option<Snapshot>), Problem> {
    let (mut before, mut after) = (None, None);
    visit_from(store, at, &mut |snapshot| {
        let place = if snapshot.taken_at > at { &mut after } else { &mut before };
        *place = Some(snapshot.clone());
        if after.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((before, after))
}

/// Snapshots taken from `from` to `to`, both included, oldest first. A year of a large site is more than should be held at
/// once: ask for a day after the other, or visit them.
///
/// # Errors
/// As [`visit_from`].
pub fn between(store: &Store, from: Timestamp, to: Timestamp) -> Result<Vec<Snapshot>, Problem> {
    let mut found = Vec::new();
    visit_from(store, from, &mut |snapshot| {
        if snapshot.taken_at > to {
            return ControlFlow::Break(());
        }
        if snapshot.taken_at >= from {
            found.push(snapshot.clone());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The snapshot kept last.
///
/// # Errors
/// As [`visit_from`].
pub fn last(store: &Store) -> Result<Option<Snapshot>, Problem> {
    Ok(around(store, Timestamp(i64::MAX))?.0)
}
