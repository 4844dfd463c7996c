//! The tables on disk, in sled: nothing here that could not be had again.
//!
//! sled 0.34 loses data silently when its file is truncated and panics on other damage, so every call is guarded and
//! every flush leaves a generation number both in sled and beside it: one that is behind has lost something.
//!
//! Must not: let a sled type out of this file.

use std::fs;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::guard::guarded;
use super::tables::{Direction, Put, Table, TableFault, Tables, Visitor};

/// The most memory sled's page cache may take, bytes: the whole index of 10^5 records fits.
const PAGE_CACHE_BYTES: u64 = 32 << 20;

/// The tree of schema numbers and the generation.
const META: &str = "meta";
const GENERATION: &str = "generation";

/// How long sled's lock of a store closed a moment ago by this process is waited for: its threads let go late.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT_MS: u64 = 50;

impl From<sled::Error> for TableFault {
    fn from(error: sled::Error) -> Self {
        Self(format!("sled: {error}"))
    }
}

struct Trees {
    db: sled::Db,
    meta: sled::Tree,
    index: sled::Tree,
    cache: sled::Tree,
    series: sled::Tree,
}

impl Trees {
    fn tree(&self, table: Table) -> &sled::Tree {
        match table {
            Table::Index => &self.index,
            Table::Cache => &self.cache,
            Table::Series => &self.series,
        }
    }
}

/// An open sled folder.
pub(super) struct SledTables {
    /// Taken when dropped: closing sled flushes, and that may panic too.
    trees: Option<Trees>,
    generation: Mutex<u64>,
    on_generation: Box<dyn Fn(u64) -> std::io::Result<()> + Send + Sync>,
}

impl SledTables {
    /// Opens or creates a folder. `sealed` is the generation it is known to have reached; `on_generation` keeps the
    /// next ones.
    pub(super) fn open(
        folder: &Path,
        sealed: u64,
        on_generation: impl Fn(u64) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Result<Self, TableFault> {
        guarded(|| {
            let db = open_when_unlocked(folder)?;
            let trees = Trees {
                meta: db.open_tree(META)?,
                index: db.open_tree(Table::Index.name())?,
                cache: db.open_tree(Table::Cache.name())?,
                series: db.open_tree(Table::Series.name())?,
                db,
            };
            for table in Table::ALL {
                check_schema(&trees, table)?;
            }
            let generation = trees.meta.get(GENERATION)?.as_deref().and_then(number).unwrap_or(0);
            if generation < sealed {
                return Err(TableFault(format!(
                    "it has lost what it had flushed (generation {generation}, not {sealed})"
                )));
            }
            let generation = Mutex::new(generation);
            Ok(Self { trees: Some(trees), generation, on_generation: Box::new(on_generation) })
        })
    }

    fn guarded<R>(&self, work: impl FnOnce(&Trees) -> Result<R, TableFault>) -> Result<R, TableFault> {
        guarded(|| work(self.trees.as_ref().ok_or_else(|| TableFault("sled is closed".to_owned()))?))
    }
}

impl Drop for SledTables {
    fn drop(&mut self) {
        let trees = self.trees.take();
        let closing = guarded(|| {
            drop(trees);
            Ok(())
        });
        if let Err(fault) = closing {
            tracing::warn!("closing the cache failed: {fault}");
        }
    }
}

impl Tables for SledTables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, TableFault> {
        self.guarded(|trees| Ok(trees.tree(table).get(key)?.map(|value| value.to_vec())))
    }

    fn apply(&self, table: Table, puts: Vec<Put>) -> Result<(), TableFault> {
        self.guarded(|trees| {
            let mut batch = sled::Batch::default();
            for (key, value) in puts {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            Ok(trees.tree(table).apply_batch(batch)?)
        })
    }

    fn range(
        &self,
        table: Table,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        visit: Visitor<'_>,
    ) -> Result<(), TableFault> {
        self.guarded(|trees| {
            let mut range = trees.tree(table).range::<&[u8], _>(range);
            let mut next = || match direction {
                Direction::Forward => range.next(),
                Direction::Backward => range.next_back(),
            };
            while let Some(item) = next() {
                let (key, value) = item?;
                if visit(&key, &value).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn clear(&self, table: Table) -> Result<(), TableFault> {
        self.guarded(|trees| Ok(trees.tree(table).clear()?))
    }

    fn flush(&self) -> Result<(), TableFault> {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *generation + 1;
        self.guarded(|trees| {
            trees.meta.insert(GENERATION, &next.to_be_bytes())?;
            trees.db.flush()?;
            Ok(())
        })?;
        *generation = next;
        // Kept only after sled's flush, so it is never ahead of what sled holds.
        (self.on_generation)(next)
            .map_err(|error| TableFault(format!("the generation could not be kept: {error}")))
    }
}

fn open_when_unlocked(folder: &Path) -> Result<sled::Db, TableFault> {
    // The data folder's own lock is held: whoever holds sled's is a thread of a store this process just closed.
    let config = sled::Config::new().path(folder).cache_capacity(PAGE_CACHE_BYTES).flush_every_ms(None);
    let mut tries = 0;
    loop {
        match config.clone().open() {
            Err(sled::Error::Io(error))
                if tries < LOCK_TRIES && error.to_string().contains("acquire lock") =>
            {
                tries += 1;
                std::thread::park_timeout(std::time::Duration::from_millis(LOCK_WAIT_MS));
            }
            outcome => return Ok(outcome?),
        }
    }
}

/// Refuses a table of another format than this program's; a new table gets its number.
fn check_schema(trees: &Trees, table: Table) -> Result<(), TableFault> {
    let key = format!("schema/{}", table.name());
    let ours = u64::from(table.schema());
    let name = table.name();
    match trees.meta.get(&key)?.as_deref().map(number) {
        Some(Some(found)) if found == ours => Ok(()),
        Some(Some(found)) if found > ours => Err(TableFault(format!(
            "a newer Quarterdeck wrote it ({name} has format {found}, this program knows {ours})"
        ))),
        Some(found) => Err(TableFault(format!("{name} has an unknown format ({found:?})"))),
        None if trees.tree(table).is_empty() => {
            trees.meta.insert(&key, &ours.to_be_bytes())?;
            Ok(())
        }
        None => Err(TableFault(format!("{name} has lost its format number"))),
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// Copies every table of one folder into a new one; returns once the copy is on the disk.
pub(super) fn copy(from: &SledTables, folder: &Path, sealed: u64) -> Result<(), TableFault> {
    /// Entries written at once.
    const BATCH: usize = 1024;
    let to = SledTables::open(folder, 0, |_| Ok(()))?;
    for table in Table::ALL {
        let mut puts: Vec<Put> = Vec::new();
        let mut outcome = Ok(());
        from.scan(table, &[], Direction::Forward, &mut |key, value| {
            puts.push((key.to_vec(), Some(value.to_vec())));
            if puts.len() == BATCH {
                outcome = to.apply(table, std::mem::take(&mut puts));
            }
            if outcome.is_ok() {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            }
        })?;
        outcome?;
        to.apply(table, puts)?;
    }
    *to.generation.lock().unwrap_or_else(PoisonError::into_inner) = sealed;
    to.flush()
}

/// The bytes of a folder on disk; what cannot be read counts nothing.
pub(super) fn bytes_on_disk(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_on_disk(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
