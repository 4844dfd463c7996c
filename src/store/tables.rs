//! The narrow trait over the key-value store, and its form in memory.
//!
//! Must not: know what the bytes mean.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Mutex;

/// The tables; each has its own key format and schema number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Where each record is in the log.
    Index,
    /// The last known state of every provider.
    Cache,
    /// Packed time series.
    Series,
}

impl Table {
    pub(super) const ALL: [Self; 3] = [Self::Index, Self::Cache, Self::Series];

    /// The name on disk.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Cache => "cache",
            Self::Series => "series",
        }
    }

    /// The number of the format this program writes; raised with every change of keys or values.
    pub(super) const fn schema(self) -> u32 {
        match self {
            Self::Index | Self::Cache | Self::Series => 1,
        }
    }
}

/// The store failed below: an error, or a panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct TableFault(pub String);

/// A new value for a key, or its removal.
pub(super) type Put = (Vec<u8>, Option<Vec<u8>>);

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Told of each key and value in order, until it breaks.
pub(super) type Visitor<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Ordered tables of bytes.
pub(super) trait Tables: Send + Sync {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, TableFault>;
    /// Makes all changes or none.
    fn apply(&self, table: Table, puts: Vec<Put>) -> Result<(), TableFault>;
    /// Visits the keys that begin with `prefix`.
    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        direction: Direction,
        visit: Visitor<'_>,
    ) -> Result<(), TableFault> {
        let end = end_of_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.range(table, (Bound::Included(prefix), to), direction, visit)
    }
    /// Visits the keys in a range.
    fn range(
        &self,
        table: Table,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        visit: Visitor<'_>,
    ) -> Result<(), TableFault>;
    /// Empties a table.
    fn clear(&self, table: Table) -> Result<(), TableFault>;
    /// Returns when everything applied is on the disk.
    fn flush(&self) -> Result<(), TableFault>;
}

/// The first key behind all that begin with `prefix`; nothing when there is none.
fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// Tables that live as long as the process: what remains when the disk's are not usable.
#[derive(Debug, Default)]
pub(super) struct MemoryTables {
    index: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    cache: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    series: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryTables {
    fn with<R>(&self, table: Table, f: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>) -> R) -> R {
        let map = match table {
            Table::Index => &self.index,
            Table::Cache => &self.cache,
            Table::Series => &self.series,
        };
        f(&mut map.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Tables for MemoryTables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, TableFault> {
        Ok(self.with(table, |map| map.get(key).cloned()))
    }

    fn apply(&self, table: Table, puts: Vec<Put>) -> Result<(), TableFault> {
        self.with(table, |map| {
            for (key, value) in puts {
                match value {
                    Some(value) => map.insert(key, value),
                    None => map.remove(&key),
                };
            }
        });
        Ok(())
    }

    fn range(
        &self,
        table: Table,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        visit: Visitor<'_>,
    ) -> Result<(), TableFault> {
        self.with(table, |map| {
            let mut range = map.range::<[u8], _>(range);
            let mut next = || match direction {
                Direction::Forward => range.next(),
                Direction::Backward => range.next_back(),
            };
            while let Some((key, value)) = next() {
                if visit(key, value).is_break() {
                    break;
                }
            }
        });
        Ok(())
    }

    fn clear(&self, table: Table) -> Result<(), TableFault> {
        self.with(table, BTreeMap::clear);
        Ok(())
    }

    fn flush(&self) -> Result<(), TableFault> {
        Ok(())
    }
}
