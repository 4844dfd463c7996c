//! Comparing log, index and checksums.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::model::problem::{Problem, ProblemKind};
use crate::store::index::{self, IndexState};
use crate::store::lock::FolderLock;
use crate::store::log::{self, Replay};
use crate::store::options::{TablesOptions, TablesWatch};
use crate::store::segment::{self, Damage};
use crate::store::sled_tables::SledTables;
use crate::store::table_folder::TableFolder;
use crate::store::tables::{Direction, Table, TableFault, Tables};
use crate::store::{cache, pack};

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Log files.
    pub segments: u64,
    /// Plain bytes in them.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// The last sequence number.
    pub last_sequence: u64,
    /// Places that are not as they were written.
    pub damages: Vec<Damage>,
    /// Sentences on what is missing or unusual.
    pub notices: Vec<String>,
    /// The index, caches and series.
    pub tables: TablesReport,
}

impl VerifyReport {
    /// Whether everything checked is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let tables = &self.tables;
        let are_tables_sound = !matches!(tables.state, TablesState::Damaged { .. });
        self.damages.is_empty()
            && self.notices.is_empty()
            && are_tables_sound
            && tables.cache_damaged == 0
            && tables.series_damaged == 0
    }
}

/// What `verify` found beside the log. None of it is lost for good: it is rebuilt or asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TablesReport {
    /// Whether they were checked, and agree with the log.
    pub state: TablesState,
    /// Cached values.
    pub cache_entries: u64,
    /// Of them damaged.
    pub cache_damaged: u64,
    /// Chunks of time series.
    pub series_chunks: u64,
    /// Of them damaged.
    pub series_damaged: u64,
}

impl TablesReport {
    fn of(state: TablesState) -> Self {
        Self { state, cache_entries: 0, cache_damaged: 0, series_chunks: 0, series_damaged: 0 }
    }
}

/// The index beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum TablesState {
    /// An engine has them open; only the log was checked.
    InUse,
    /// There are none yet; the next start makes them.
    Absent,
    /// The index holds what the log holds, up to a sequence number; the next start catches up.
    Agrees {
        /// The last sequence number indexed.
        through: u64,
    },
    /// They cannot be opened or the index says otherwise than the log; the next start sets them aside and rebuilds.
    Damaged {
        /// What is wrong.
        reason: String,
    },
}

/// Checks every line of the log, and index, caches and series where no engine has them open.
///
/// # Errors
/// `NotFound` when there is no log; `Storage` when it cannot be read at all.
pub fn verify(dir: &Path) -> Result<VerifyReport, Problem> {
    let folder = TableFolder::of(dir);
    let deadline = folder.maintenance_deadline();
    verify_with(dir, deadline, TablesOptions::default().watch)
}

/// [`verify`], with `deadline` for index, caches and series: a damaged one may make sled turn in a circle.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(
    dir: &Path,
    deadline: Duration,
    watch: Arc<dyn TablesWatch>,
) -> Result<VerifyReport, Problem> {
    let log_folder = super::existing_log(dir)?;
    let lock = match FolderLock::take(dir) {
        Ok(lock) => Some(lock),
        Err(problem) if problem.kind == ProblemKind::Unavailable => None,
        Err(problem) => return Err(problem),
    };
    let (mut tables, known) = match &lock {
        Some(_) => examine_tables(&TableFolder::of(dir), deadline, watch),
        None => (TablesReport::of(TablesState::InUse), IndexState::default()),
    };
    let mut seen = IndexState::default();
    let replay = log::replay(&log_folder, &mut |_, line| {
        if line.sequence <= known.through {
            seen.include(line.sequence, line.checksum);
        }
        Ok(())
    })?;
    if matches!(tables.state, TablesState::Agrees { .. }) && seen != known {
        tables.state = TablesState::Damaged { reason: "the index says otherwise than the log".to_owned() };
    }
    Ok(report(replay, tables, lock.is_some()))
}

fn report(replay: Replay, tables: TablesReport, is_idle: bool) -> VerifyReport {
    let mut notices: Vec<String> = replay.gaps.iter().map(|gap| log::missing(*gap)).collect();
    // While an engine runs, an unfinished last line is a write going on.
    if let (Some((segment, torn_end)), true) = (&replay.torn_end, is_idle) {
        notices.push(format!(
            "the last line is torn: {} bytes at {}, line {}, byte {}; the next start cuts it",
            torn_end.bytes,
            segment::file_name(&segment.path),
            torn_end.line,
            torn_end.byte
        ));
    }
    VerifyReport {
        segments: segment::as_u64(replay.segments.len()),
        bytes: replay.segments.iter().map(|replayed| replayed.length).sum(),
        records: replay.records,
        last_sequence: replay.last_sequence,
        damages: replay.damages,
        notices,
        tables,
    }
}

/// Looks at the tables as they are; what they say of the log is compared by the caller.
fn examine_tables(
    folder: &TableFolder,
    deadline: Duration,
    watch: Arc<dyn TablesWatch>,
) -> (TablesReport, IndexState) {
    if !folder.path().exists() {
        return (TablesReport::of(TablesState::Absent), IndexState::default());
    }
    folder.read_as_it_is(watch, deadline, check_tables).unwrap_or_else(|fault| {
        (TablesReport::of(TablesState::Damaged { reason: fault.0 }), IndexState::default())
    })
}

/// Counts cached values and chunks, and returns the state of the index.
fn check_tables(tables: &SledTables) -> Result<(TablesReport, IndexState), TableFault> {
    let mut report = TablesReport::of(TablesState::Absent);
    tables.scan(Table::Cache, &[], Direction::Forward, &mut |_, value| {
        report.cache_entries += 1;
        report.cache_damaged += u64::from(cache::checked(value).is_none());
        ControlFlow::Continue(())
    })?;
    tables.scan(Table::Series, &[], Direction::Forward, &mut |_, chunk| {
        report.series_chunks += 1;
        report.series_damaged += u64::from(pack::unpack(chunk).is_none());
        ControlFlow::Continue(())
    })?;
    let known = index::load(tables)?.unwrap_or_default();
    report.state = TablesState::Agrees { through: known.through };
    Ok((report, known))
}
