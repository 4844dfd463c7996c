//! Building the index in the tables while the store serves from a list in memory.
//!
//! Each batch is written together with the state that it leads to, so a rebuild that was interrupted, by a SIGKILL too,
//! goes on at the next start or begins anew; nothing is flushed on the way.
//!
//! Must not: let a record be missing while it runs or when it changes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::catch_up;
use super::index::{self, IndexState};
use super::live::{Index, Live, lock};
use super::segment::as_u64;
use super::shared::Shared;
use super::tables::TableFault;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildProgress {
    /// Records in the new index.
    pub indexed: u64,
    /// Records in the log.
    pub records: u64,
}

/// A rebuild that may be going on.
#[derive(Debug, Default)]
pub(super) struct Rebuilding {
    is_running: AtomicBool,
    is_stopped: AtomicBool,
    indexed: AtomicU64,
    records: AtomicU64,
}

impl Rebuilding {
    /// How far it is; nothing when none goes on.
    pub(super) fn progress(&self) -> Option<RebuildProgress> {
        self.is_running.load(Ordering::Acquire).then(|| RebuildProgress {
            indexed: self.indexed.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
        })
    }

    /// Ends it after the present batch; the next start goes on with it.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    fn tell(&self, indexed: u64, records: u64) {
        self.indexed.store(indexed, Ordering::Relaxed);
        self.records.store(records, Ordering::Relaxed);
    }
}

/// Starts the thread that completes the tables' index, which reaches up to `from`, with what `live` lists.
pub(super) fn start(shared: Arc<Shared>, from: IndexState) -> std::io::Result<JoinHandle<()>> {
    let live = shared.live();
    if let Index::Listed(list) = &live.index {
        shared.rebuilding.tell(from.entries, as_u64(lock(list).len()));
    }
    shared.rebuilding.is_running.store(true, Ordering::Release);
    std::thread::Builder::new().name("store-rebuild".to_owned()).spawn(move || {
        match run(&shared, &live, from) {
            Ok(None) => {}
            Ok(Some(records)) => {
                shared.notice(format!("the index over the records is rebuilt ({records} records)"));
            }
            Err(fault) => {
                if let Err(problem) = shared.fall_back(&live, &fault) {
                    shared.notice(problem.message);
                }
            }
        }
        shared.rebuilding.is_running.store(false, Ordering::Release);
    })
}

/// The records indexed; nothing when it was stopped, or the tables were replaced, before the end.
fn run(shared: &Shared, live: &Arc<Live>, from: IndexState) -> Result<Option<u64>, TableFault> {
    let Index::Listed(list) = &live.index else { return Ok(None) };
    let (rebuilding, options) = (&shared.rebuilding, &shared.tables_options);
    catch_up::begin(&*live.tables, from)?;
    let mut state = from;
    loop {
        rebuilding.tell(state.entries, as_u64(lock(list).len()));
        options.watch.before_rebuild_batch(state.entries);
        if rebuilding.is_stopped.load(Ordering::Acquire) || !Arc::ptr_eq(live, &shared.live()) {
            return Ok(None);
        }
        let entries = lock(list).behind(state.through, options.rebuild_batch);
        if entries.is_empty() {
            return shared.change_over(live, state);
        }
        index::add(&*live.tables, &mut state, &entries)?;
    }
}
