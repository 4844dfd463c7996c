//! The index as a plain list in memory: what serves while the one on disk is built, and when that cannot be used.
//!
//! A reader walks the list: 100,000 records take about a millisecond, and 10 MiB while the list is needed.
//!
//! Must not: hold a record's body.

use super::index::{Entry, KeySpan, Place};
use super::record::RecordKind;
use super::tables::Direction;

/// Entries by rising sequence number.
#[derive(Debug, Default)]
pub(super) struct ListedIndex(Vec<Entry>);

impl ListedIndex {
    /// Adds records behind those listed already.
    pub(super) fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            if self.0.last().is_none_or(|last| last.sequence < entry.sequence) {
                self.0.push(entry);
            }
        }
    }

    /// How many records.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// At most `count` entries behind the sequence number `after`.
    pub(super) fn behind(&self, after: u64, count: usize) -> Vec<Entry> {
        let begin = self.0.partition_point(|entry| entry.sequence <= after);
        self.0[begin..].iter().take(count).cloned().collect()
    }

    /// The places of the records of a kind from a sequence number on, oldest first; at most the newest `limit`.
    pub(super) fn places_of_kind(&self, kind: RecordKind, from: u64, limit: usize) -> Vec<(u64, Place)> {
        let newest_first = self.0.iter().rev().take_while(|entry| entry.sequence >= from);
        let newest_first = newest_first.filter(|entry| entry.kind == Some(kind)).take(limit);
        let mut places: Vec<_> = newest_first.map(|entry| (entry.sequence, entry.place)).collect();
        places.reverse();
        places
    }

    /// The places of the records of a kind and key, oldest first.
    pub(super) fn places_of_key(&self, kind: RecordKind, key: &str) -> Vec<(u64, Place)> {
        let of_key = self.0.iter().filter(|entry| entry.kind == Some(kind) && entry.key == key);
        of_key.map(|entry| (entry.sequence, entry.place)).collect()
    }

    /// The places of the records of a kind whose keys lie in a span, in the order of the keys; at most `limit` from that end
    /// of the span at which `direction` begins.
    pub(super) fn places_in_span(
        &self,
        kind: RecordKind,
        span: &KeySpan,
        direction: Direction,
        limit: usize,
    ) -> Vec<(u64, Place)> {
        let is_in = |entry: &&Entry| entry.kind == Some(kind) && span.contains(&entry.key);
        let mut entries: Vec<&Entry> = self.0.iter().filter(is_in).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key).then(a.sequence.cmp(&b.sequence)));
        match direction {
            Direction::Forward => entries.truncate(limit),
            Direction::Backward => drop(entries.drain(..entries.len().saturating_sub(limit))),
        }
        entries.iter().map(|entry| (entry.sequence, entry.place)).collect()
    }
}
