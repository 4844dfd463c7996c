//! Making the data folder smaller, and building anew what can be built.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::model::problem::Problem;
use crate::store::catch_up;
use crate::store::disk::create_private_folder;
use crate::store::lock::FolderLock;
use crate::store::log;
use crate::store::options::{TablesOptions, TablesWatch};
use crate::store::segment::io_problem;
use crate::store::sled_tables::{self, bytes_on_disk};
use crate::store::table_folder::TableFolder;
use crate::store::tables::TableFault;

/// What `compact` did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CompactReport {
    /// Log files compressed now.
    pub segments_compressed: u64,
    /// The log's bytes on disk before.
    pub log_bytes_before: u64,
    /// And after.
    pub log_bytes_after: u64,
    /// The cache's bytes on disk before.
    pub cache_bytes_before: u64,
    /// And after.
    pub cache_bytes_after: u64,
}

/// Compresses closed log files and rewrites the cache, whose files grow under overwriting.
///
/// # Errors
/// `Unavailable` while an engine runs; `Storage` when the cache is damaged (then `rebuild`) or the disk fails.
pub fn compact(dir: &Path) -> Result<CompactReport, Problem> {
    let deadline = TableFolder::of(dir).maintenance_deadline();
    compact_with(dir, deadline, TablesOptions::default().watch)
}

/// [`compact`], with `deadline` for the cache: a damaged one may make sled turn in a circle.
///
/// # Errors
/// As [`compact`].
pub fn compact_with(
    dir: &Path,
    deadline: Duration,
    watch: Arc<dyn TablesWatch>,
) -> Result<CompactReport, Problem> {
    let log_folder = super::existing_log(dir)?;
    let _lock = FolderLock::take(dir)?;
    let folder = TableFolder::of(dir);
    folder.tidy().map_err(|error| io_problem("tidy", dir, &error))?;
    let mut report = CompactReport {
        log_bytes_before: bytes_on_disk(&log_folder),
        cache_bytes_before: bytes_on_disk(&folder.path()),
        ..CompactReport::default()
    };
    report.segments_compressed = log::compress_old(&log_folder)?;
    if folder.path().exists() {
        rewrite_tables(&folder, deadline, watch).map_err(|fault| {
            let mut problem = Problem::storage(format!("the cache could not be compacted: {fault}"));
            "rebuild it from the log with `quarterdeck store rebuild`".clone_into(&mut problem.advice);
            problem
        })?;
    }
    report.log_bytes_after = bytes_on_disk(&log_folder);
    report.cache_bytes_after = bytes_on_disk(&folder.path());
    Ok(report)
}

fn rewrite_tables(
    folder: &TableFolder,
    deadline: Duration,
    watch: Arc<dyn TablesWatch>,
) -> Result<(), TableFault> {
    let (copy, sealed) = (folder.compacting(), folder.generation());
    folder.read_as_it_is(watch, deadline, move |tables| sled_tables::copy(tables, &copy, sealed))?;
    Ok(folder.replace_by_copy()?)
}

/// What `rebuild` did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RebuildReport {
    /// Records in the new index.
    pub records: u64,
    /// Sentences on what was found: a torn line cut, damage, the cache set aside.
    pub notices: Vec<String>,
}

/// Builds the index anew from the log; a cache that does not open is set aside first.
///
/// # Errors
/// `NotFound` when there is no log; `Unavailable` while an engine runs; `Storage` when the disk fails.
pub fn rebuild(dir: &Path) -> Result<RebuildReport, Problem> {
    let log_folder = super::existing_log(dir)?;
    let _lock = FolderLock::take(dir)?;
    create_private_folder(&log_folder).map_err(|error| io_problem("create", &log_folder, &error))?;
    let mut notices = Vec::new();
    log::mend_end(&log_folder, &mut notices)?;
    let tables = TableFolder::of(dir).open(&TablesOptions::default(), &mut notices).tables;
    let storage = |fault: TableFault| Problem::storage(fault.0);
    let indexed = catch_up::rebuild(&*tables, &log_folder)?.map_err(storage)?;
    tables.flush().map_err(storage)?;
    let replay = log::replay(&log_folder, &mut |_, _| Ok(()))?;
    notices.extend(replay.damages.iter().map(ToString::to_string));
    notices.extend(replay.gaps.iter().map(|gap| log::missing(*gap)));
    Ok(RebuildReport { records: indexed.entries, notices })
}
