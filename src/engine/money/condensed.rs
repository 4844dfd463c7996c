//! What years of records of the books come to, condensed and cached: opening reads it and the records behind it.
//!
//! It holds nothing that the log does not: it is made from records only, carries a fold over those it was made from, and is
//! made anew when that does not fit the log any more. Must not: be made from what an engine has in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::book::{Book, Entry};
use super::keeper::{BOOK_KEY, LedgerBody};
use super::snapshot::SnapshotKind;
use super::snapshot_record::SnapshotHead;
use crate::model::balance::BalanceKey;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::store::{RecordKind, RecordText, Store};

/// The name of the cached value, with the number of its shape.
const CACHE: &str = "money/books/1";

/// The books as records tell them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condensed {
    /// The last record that is in it.
    through: u64,
    /// A fold over all that are.
    fingerprint: u64,
    /// The last slot taken of each kind.
    pub taken: BTreeMap<SnapshotKind, Timestamp>,
    /// Every balance's book; nothing is known here of when they are topped up.
    pub books: BTreeMap<BalanceKey, Book>,
}

impl Condensed {
    /// Takes a snapshot's record in.
    pub fn take_snapshot(&mut self, head: &SnapshotHead) {
        let taken = self.taken.entry(head.kind).or_insert(head.slot);
        *taken = (*taken).max(head.slot);
        for (key, checkpoint) in head.balances.values() {
            self.books.entry(key.clone()).or_default().resume(checkpoint, None);
        }
    }

    /// Takes an entry of a book in.
    pub fn take_entry(&mut self, balance: &BalanceKey, entry: &Entry) {
        self.books.entry(balance.clone()).or_default().resume_entry(entry);
    }
}

/// Reads the books: what is cached and what came after it, or everything; caches what it read. Blocks.
///
/// # Errors
/// `Storage`: the records cannot be read.
pub fn read(store: &Store) -> Result<Condensed, Problem> {
    let cached: Option<Condensed> = store.get_cache(CACHE)?;
    let cached = match cached {
        Some(cached) if fingerprint(store, cached.through)? == cached.fingerprint => Some(cached),
        _ => None,
    };
    let known = cached.as_ref().map(|cached| cached.through);
    let condensed = read_behind(store, cached.unwrap_or_default())?;
    if known != Some(condensed.through) {
        // It can be made again: a store that cannot cache it still has the records.
        if let Err(problem) = store.put_cache(CACHE, &condensed) {
            tracing::warn!(%problem, "the condensed books were not cached");
        }
    }
    Ok(condensed)
}

/// Reads everything that the log tells beyond what is condensed already. Blocks.
///
/// # Errors
/// As [`read`].
pub fn read_behind(store: &Store, mut condensed: Condensed) -> Result<Condensed, Problem> {
    let from = condensed.through + 1;
    let mut entries: Vec<(u64, BalanceKey, Entry)> = Vec::new();
    store.visit_records(RecordKind::Ledger, Some(BOOK_KEY), from, &mut |record| {
        if let Some(LedgerBody::Book { balance, entry }) = understood(record) {
            entries.push((record.sequence, balance, entry));
        }
        ControlFlow::Continue(())
    })?;
    let mut through = entries.last().map_or(condensed.through, |(sequence, ..)| *sequence);
    let mut entries = entries.into_iter().peekable();
    store.visit_records(RecordKind::Snapshot, None, from, &mut |record| {
        while let Some((_, balance, entry)) = entries.next_if(|(sequence, ..)| *sequence < record.sequence) {
            condensed.take_entry(&balance, &entry);
        }
        if let Some(head) = understood::<SnapshotHead>(record) {
            condensed.take_snapshot(&head);
        }
        through = through.max(record.sequence);
        ControlFlow::Continue(())
    })?;
    for (_, balance, entry) in entries {
        condensed.take_entry(&balance, &entry);
    }
    condensed.through = through;
    condensed.fingerprint = fingerprint(store, through)?;
    Ok(condensed)
}

fn fingerprint(store: &Store, through: u64) -> Result<u64, Problem> {
    let snapshots = store.fingerprint(RecordKind::Snapshot, None, through)?;
    Ok(snapshots ^ store.fingerprint(RecordKind::Ledger, Some(BOOK_KEY), through)?)
}

/// The body of a record; one of another shape is another program's: it is left out and said.
pub(super) fn understood<'a, T: Deserialize<'a>>(record: &RecordText<'a>) -> Option<T> {
    record
        .body()
        .inspect_err(|error| {
            tracing::warn!(sequence = record.sequence, %error, "a record of money is not understood");
        })
        .ok()
}
