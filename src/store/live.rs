//! The tables and the index in use: both change together when the tables fail or a rebuild ends.
//!
//! Must not: decide when that is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::{self, Entry, IndexState, KeySpan, Place};
use super::listed::ListedIndex;
use super::record::RecordKind;
use super::tables::{Direction, TableFault, Tables};

/// Where the index is.
pub(super) enum Index {
    /// In the tables, up to a state.
    Kept(Mutex<IndexState>),
    /// In memory: the tables' own is being built, or there is none.
    Listed(Arc<Mutex<ListedIndex>>),
}

impl Index {
    pub(super) fn kept(state: IndexState) -> Self {
        Self::Kept(Mutex::new(state))
    }
}

/// What the store works with.
pub(super) struct Live {
    pub tables: Arc<dyn Tables>,
    pub index: Index,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// Takes records into the index; those it has already are passed over.
    pub(super) fn add(&self, entries: &[Entry]) -> Result<(), TableFault> {
        match &self.index {
            Index::Kept(state) => index::add(&*self.tables, &mut lock(state), entries),
            Index::Listed(list) => {
                lock(list).extend(entries.iter().cloned());
                Ok(())
            }
        }
    }

    /// The places of the records of a kind from a sequence number on, oldest first; at most the newest `limit`.
    pub(super) fn places_of_kind(
        &self,
        kind: RecordKind,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Place)>, TableFault> {
        match &self.index {
            Index::Kept(_) => index::places_of_kind(&*self.tables, kind, from, limit),
            Index::Listed(list) => Ok(lock(list).places_of_kind(kind, from, limit)),
        }
    }

    /// The places of the records of a kind and key, oldest first.
    pub(super) fn places_of_key(&self, kind: RecordKind, key: &str) -> Result<Vec<(u64, Place)>, TableFault> {
        match &self.index {
            Index::Kept(_) => index::places_of_key(&*self.tables, kind, key),
            Index::Listed(list) => Ok(lock(list).places_of_key(kind, key)),
        }
    }

    /// The places of the records of a kind whose keys lie in a span, in the order of the keys; at most `limit` from that end
    /// of the span at which `direction` begins.
    pub(super) fn places_in_span(
        &self,
        kind: RecordKind,
        span: &KeySpan,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(u64, Place)>, TableFault> {
        match &self.index {
            Index::Kept(_) => index::places_in_span(&*self.tables, kind, span, direction, limit),
            Index::Listed(list) => Ok(lock(list).places_in_span(kind, span, direction, limit)),
        }
    }
}
