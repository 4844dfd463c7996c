//! What the handle, the writer's thread and a rebuild share: the tables in use, and what replaces them.
//!
//! Must not: let a failure of the tables lose a record: the log has it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::catch_up;
use super::index::{self, Entry, IndexState};
use super::live::{Index, Live, lock};
use super::options::TablesOptions;
use super::rebuild::Rebuilding;
use super::table_folder::TableFolder;
use super::tables::{MemoryTables, TableFault, Tables};
use crate::model::problem::Problem;

/// Notices kept until someone takes them; full: the oldest goes.
const NOTICES_MAX: usize = 64;

pub(super) struct Shared {
    pub log_folder: PathBuf,
    pub tables_options: TablesOptions,
    pub rebuilding: Rebuilding,
    table_folder: TableFolder,
    live: RwLock<Arc<Live>>,
    /// The last sequence number that is on the disk.
    synced: AtomicU64,
    notices: Mutex<Vec<String>>,
}

impl Shared {
    pub(super) fn new(
        log_folder: PathBuf,
        table_folder: TableFolder,
        tables_options: TablesOptions,
        live: Live,
        synced: u64,
    ) -> Self {
        Self {
            log_folder,
            tables_options,
            rebuilding: Rebuilding::default(),
            table_folder,
            live: RwLock::new(Arc::new(live)),
            synced: synced.into(),
            notices: Mutex::default(),
        }
    }

    pub(super) fn notice(&self, notice: String) {
        tracing::warn!("{notice}");
        let mut notices = lock(&self.notices);
        if notices.len() == NOTICES_MAX {
            notices.remove(0);
        }
        notices.push(notice);
    }

    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.notices))
    }

    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes records that are on the disk into the index.
    pub(super) fn index(&self, entries: &[Entry]) {
        if let Some(last) = entries.last() {
            self.synced.store(last.sequence, Ordering::SeqCst);
        }
        // Held until they are in: a rebuild that changes over meanwhile would miss them.
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let outcome = live.add(entries);
        let failed = Arc::clone(&live);
        drop(live);
        if let Err(fault) = outcome
            && let Err(problem) = self.fall_back(&failed, &fault)
        {
            self.notice(problem.message);
        }
    }

    /// Runs `work` on what is in use; when it fails, on what replaces that.
    pub(super) fn with_live<R>(
        &self,
        mut work: impl FnMut(&Live) -> Result<R, TableFault>,
    ) -> Result<R, Problem> {
        let live = self.live();
        match work(&live) {
            Ok(result) => Ok(result),
            Err(fault) => {
                self.fall_back(&live, &fault)?;
                work(&self.live()).map_err(|fault| Problem::storage(fault.0))
            }
        }
    }

    /// Runs `work` on the tables; when they fail, on those that replace them.
    pub(super) fn with_tables<R>(
        &self,
        mut work: impl FnMut(&dyn Tables) -> Result<R, TableFault>,
    ) -> Result<R, Problem> {
        self.with_live(|live| work(&*live.tables))
    }

    /// Replaces failed tables by tables in memory, indexed from the log; the next open sets the failed ones aside.
    pub(super) fn fall_back(&self, failed: &Arc<Live>, fault: &TableFault) -> Result<(), Problem> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&live, failed) {
            return Ok(()); // someone else was first
        }
        if let Err(error) = self.table_folder.condemn(&fault.0) {
            tracing::error!("the failed cache could not be marked: {error}");
        }
        *live = Arc::new(match &failed.index {
            Index::Listed(list) => {
                Live { tables: Arc::new(MemoryTables::default()), index: Index::Listed(Arc::clone(list)) }
            }
            Index::Kept(_) => catch_up::in_memory(&self.log_folder, self.synced.load(Ordering::SeqCst))?,
        });
        drop(live);
        self.notice(format!(
            "the cache failed ({fault}): going on in memory, records are safe; it is set aside at the next start"
        ));
        Ok(())
    }

    /// Puts the rebuilt index, which reaches up to `state`, in the place of the list, with what was listed since.
    ///
    /// Returns the records in it; nothing when the tables were replaced meanwhile.
    pub(super) fn change_over(
        &self,
        rebuilt: &Arc<Live>,
        mut state: IndexState,
    ) -> Result<Option<u64>, TableFault> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let Index::Listed(list) = &rebuilt.index else { return Ok(None) };
        if !Arc::ptr_eq(&live, rebuilt) {
            return Ok(None);
        }
        let since = lock(list).behind(state.through, usize::MAX);
        index::add(&*rebuilt.tables, &mut state, &since)?;
        *live = Arc::new(Live { tables: Arc::clone(&rebuilt.tables), index: Index::kept(state) });
        Ok(Some(state.entries))
    }
}
