//! Bringing the index up to the log, and finding out whether the two agree.
//!
//! Must not: prefer the index: the log is right.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::index::{self, Entry, IndexState, Place};
use super::listed::ListedIndex;
use super::live::{Index, Live};
use super::log::{self, Replay};
use super::record;
use super::segment::{Line, SegmentName};
use super::table_folder::{OpenTables, TableFolder};
use super::tables::{MemoryTables, Table, TableFault, Tables};
use crate::model::problem::Problem;

/// Records handed to the index at once.
pub(super) const BATCH: usize = 2048;

/// A store ready to be used.
pub(super) struct CaughtUp {
    pub live: Live,
    pub replay: Replay,
    /// The highest sequence number that the index knew of.
    pub known_sequence: u64,
    /// The index in memory serves, and the one in the tables is to be built beside it from here on.
    pub rebuild_from: Option<IndexState>,
}

/// Brings the index up to the log. More than `at_once_max` missing records are left to a rebuild in the background, and a
/// list in memory serves until it is done. Tables that fail on the way are condemned and replaced by tables in memory.
pub(super) fn bring_up(
    folder: &TableFolder,
    open_tables: OpenTables,
    log_folder: &Path,
    at_once_max: usize,
    notices: &mut Vec<String>,
) -> Result<CaughtUp, Problem> {
    let OpenTables { tables, index: found, is_memory } = open_tables;
    let known = found.unwrap_or_default();
    let mut following = Following::new(known);
    let mut replay = log::replay(log_folder, &mut |name, line| following.take(name, line))?;
    say_what_was_found(&replay, known, notices);
    let agrees = following.agrees();
    let mut missing = following.missing;
    if is_memory {
        let index = Index::Listed(listed(missing));
        return Ok(CaughtUp { live: Live { tables, index }, replay, known_sequence: 0, rebuild_from: None });
    }
    let from = if agrees { known } else { IndexState::default() };
    if from.through == 0 && known.through > 0 {
        (replay, missing) = list_all(log_folder)?;
    }
    let count = missing.len();
    if count > at_once_max {
        if from.through > 0 {
            (replay, missing) = list_all(log_folder)?;
        }
        notices.push(format!(
            "the index over the records {}: rebuilt from the log in the background ({count} records)",
            why(found, agrees)
        ));
        let live = Live { tables, index: Index::Listed(listed(missing)) };
        return Ok(CaughtUp { live, replay, known_sequence: known.through, rebuild_from: Some(from) });
    }
    let live = match fill(&*tables, from, &missing) {
        Ok(state) => {
            if replay.records > 0 && (!agrees || found.is_none()) {
                let (why, records) = (why(found, agrees), state.entries);
                notices.push(format!(
                    "the index over the records {why}: rebuilt from the log ({records} records)"
                ));
            }
            Live { tables, index: Index::kept(state) }
        }
        Err(fault) => {
            let until = match folder.condemn(&fault.0) {
                Ok(()) => "set aside at the next start",
                Err(_) => "its folder cannot be written",
            };
            notices
                .push(format!("the cache failed ({fault}): going on in memory, records are safe; {until}"));
            (replay, missing) = list_all(log_folder)?;
            Live { tables: Arc::new(MemoryTables::default()), index: Index::Listed(listed(missing)) }
        }
    };
    Ok(CaughtUp { live, replay, known_sequence: known.through, rebuild_from: None })
}

fn why(found: Option<IndexState>, agrees: bool) -> &'static str {
    match (found, agrees) {
        (_, false) => "did not agree with the log",
        (None, true) => "was missing",
        (Some(_), true) => "was far behind the log",
    }
}

fn say_what_was_found(replay: &Replay, known: IndexState, notices: &mut Vec<String>) {
    notices.extend(replay.damages.iter().map(ToString::to_string));
    notices.extend(replay.gaps.iter().map(|gap| log::missing(*gap)));
    if known.through > replay.highest_seen {
        let (last, through) = (replay.last_sequence, known.through);
        notices.push(format!("the log ends at record {last}, but records up to {through} had been written"));
    }
}

fn listed(entries: Vec<Entry>) -> Arc<Mutex<ListedIndex>> {
    let mut list = ListedIndex::default();
    list.extend(entries);
    Arc::new(Mutex::new(list))
}

/// Every record of the log.
fn list_all(log_folder: &Path) -> Result<(Replay, Vec<Entry>), Problem> {
    let mut following = Following::new(IndexState::default());
    let replay = log::replay(log_folder, &mut |name, line| following.take(name, line))?;
    Ok((replay, following.missing))
}

/// Empties the index where it has to begin anew: an interrupted rebuild leaves entries without a state.
pub(super) fn begin(tables: &dyn Tables, from: IndexState) -> Result<(), TableFault> {
    if from == IndexState::default() { tables.clear(Table::Index) } else { Ok(()) }
}

/// Adds records to the index in the tables, which reaches up to `from`.
fn fill(tables: &dyn Tables, from: IndexState, missing: &[Entry]) -> Result<IndexState, TableFault> {
    begin(tables, from)?;
    let mut state = from;
    for batch in missing.chunks(BATCH) {
        index::add(tables, &mut state, batch)?;
    }
    Ok(state)
}

/// Builds the index anew from the log.
pub(super) fn rebuild(
    tables: &dyn Tables,
    log_folder: &Path,
) -> Result<Result<IndexState, TableFault>, Problem> {
    let (_, entries) = list_all(log_folder)?;
    Ok(fill(tables, IndexState::default(), &entries))
}

/// Tables in memory, and a list of the records up to `synced`: those behind it are not acknowledged yet.
pub(super) fn in_memory(log_folder: &Path, synced: u64) -> Result<Live, Problem> {
    let (_, mut entries) = list_all(log_folder)?;
    entries.retain(|entry| entry.sequence <= synced);
    Ok(Live { tables: Arc::new(MemoryTables::default()), index: Index::Listed(listed(entries)) })
}

/// Follows a replay: compares the records that are indexed and collects those that are not.
struct Following {
    /// What the index should have been, by the log.
    seen: IndexState,
    known: IndexState,
    missing: Vec<Entry>,
}

impl Following {
    fn new(known: IndexState) -> Self {
        Self { seen: IndexState::default(), known, missing: Vec::new() }
    }

    fn take(&mut self, segment: SegmentName, line: &Line<'_>) -> Result<(), &'static str> {
        if line.sequence <= self.known.through {
            self.seen.include(line.sequence, line.checksum);
            return Ok(());
        }
        let head = record::parse_head(line.text)?;
        let length = u32::try_from(line.text.len()).map_err(|_| "the line is too long")?;
        let place = Place { segment, offset: line.offset, length, checksum: line.checksum };
        self.missing.push(Entry { sequence: line.sequence, kind: head.kind, key: head.key, place });
        Ok(())
    }

    /// What was indexed before is what the log holds.
    fn agrees(&self) -> bool {
        self.seen == self.known
    }
}
