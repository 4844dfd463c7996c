//! Bringing the index up to the log, and finding out whether the two agree.
//!
//! Must not: prefer the index: the log is right.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::index::{self, Entry, IndexState, Place};
use super::log::{self, Replay};
use super::record;
use super::segment::{Line, SegmentName};
use super::table_folder::{OpenTables, TableFolder};
use super::tables::{MemoryTables, Table, TableFault, Tables};
use crate::model::problem::Problem;

/// Records handed to the index at once while catching up.
const CATCH_UP_BATCH: usize = 2048;

/// The tables in use and the state of the index in them: both change together when the tables fail.
pub(super) struct Live {
    pub tables: Arc<dyn Tables>,
    pub index: Mutex<IndexState>,
}

/// A store ready to be used.
pub(super) struct CaughtUp {
    pub live: Live,
    pub replay: Replay,
    /// The highest sequence number that the index knew of.
    pub known_sequence: u64,
}

/// Brings the index up to the log. Tables that fail on the way are condemned and replaced by tables in memory.
pub(super) fn bring_up(
    folder: &TableFolder,
    open_tables: OpenTables,
    log_folder: &Path,
    notices: &mut Vec<String>,
) -> Result<CaughtUp, Problem> {
    let mut said = Vec::new();
    let mut outcome = bring_up_tables(open_tables, log_folder, &mut said)?;
    if let Err(fault) = &outcome {
        said.clear();
        let marked = folder.condemn(&fault.0);
        let until =
            if marked.is_ok() { "set aside at the next start" } else { "its folder cannot be written" };
        notices.push(format!("the cache failed ({fault}): going on in memory, records are safe; {until}"));
        let memory = OpenTables { tables: Arc::new(MemoryTables::default()), index: None };
        outcome = bring_up_tables(memory, log_folder, &mut said)?;
    }
    notices.append(&mut said);
    outcome.map_err(|fault| Problem::storage(fault.0))
}

fn bring_up_tables(
    open_tables: OpenTables,
    log_folder: &Path,
    notices: &mut Vec<String>,
) -> Result<Result<CaughtUp, TableFault>, Problem> {
    let OpenTables { tables, index } = open_tables;
    let known = match index {
        Some(index) => index,
        // An interrupted rebuild leaves entries without a state.
        None => match tables.clear(Table::Index) {
            Ok(()) => IndexState::default(),
            Err(fault) => return Ok(Err(fault)),
        },
    };
    let mut following = Following::new(&*tables, known, u64::MAX);
    let replay = log::replay(log_folder, &mut |name, line| following.take(name, line))?;
    let mut ended = match following.finish() {
        Ok(ended) => ended,
        Err(fault) => return Ok(Err(fault)),
    };
    say_what_was_found(&replay, known, notices);
    if !ended.agrees || (index.is_none() && replay.records > 0) {
        if !ended.agrees {
            ended.indexed = match rebuild(&*tables, log_folder)? {
                Ok(indexed) => indexed,
                Err(fault) => return Ok(Err(fault)),
            };
        }
        let why = if ended.agrees { "was missing" } else { "did not agree with the log" };
        let records = ended.indexed.entries;
        notices.push(format!("the index over the records {why}: rebuilt from the log ({records} records)"));
    }
    let live = Live { tables, index: Mutex::new(ended.indexed) };
    Ok(Ok(CaughtUp { live, replay, known_sequence: known.through }))
}

fn say_what_was_found(replay: &Replay, known: IndexState, notices: &mut Vec<String>) {
    notices.extend(replay.damages.iter().map(ToString::to_string));
    notices.extend(replay.gaps.iter().map(|gap| log::missing(*gap)));
    if known.through > replay.highest_seen {
        let (last, through) = (replay.last_sequence, known.through);
        notices.push(format!("the log ends at record {last}, but records up to {through} had been written"));
    }
}

/// Builds the index anew from the log.
pub(super) fn rebuild(
    tables: &dyn Tables,
    log_folder: &Path,
) -> Result<Result<IndexState, TableFault>, Problem> {
    if let Err(fault) = tables.clear(Table::Index) {
        return Ok(Err(fault));
    }
    let mut following = Following::new(tables, IndexState::default(), u64::MAX);
    log::replay(log_folder, &mut |name, line| following.take(name, line))?;
    Ok(following.finish().map(|ended| ended.indexed))
}

/// Tables in memory, indexed up to the record `synced`.
pub(super) fn in_memory(log_folder: &Path, synced: u64) -> Result<Live, Problem> {
    let tables: Arc<dyn Tables> = Arc::new(MemoryTables::default());
    let mut following = Following::new(&*tables, IndexState::default(), synced);
    log::replay(log_folder, &mut |name, line| following.take(name, line))?;
    let indexed = following.finish().map_err(|fault| Problem::storage(fault.0))?.indexed;
    Ok(Live { tables, index: Mutex::new(indexed) })
}

/// Follows a replay: compares the records that are indexed and takes in those that are not.
struct Following<'a> {
    tables: &'a dyn Tables,
    indexed: IndexState,
    /// What the index should have been, by the log.
    seen: IndexState,
    known: IndexState,
    /// Records behind this one are not acknowledged yet.
    up_to: u64,
    pending: Vec<Entry>,
    fault: Option<TableFault>,
}

/// The end of a replay that was followed.
struct Ended {
    indexed: IndexState,
    /// What was indexed before is what the log holds.
    agrees: bool,
}

impl<'a> Following<'a> {
    fn new(tables: &'a dyn Tables, known: IndexState, up_to: u64) -> Self {
        let seen = IndexState::default();
        Self { tables, indexed: known, seen, known, up_to, pending: Vec::new(), fault: None }
    }

    fn take(&mut self, segment: SegmentName, line: &Line<'_>) -> Result<(), &'static str> {
        if line.sequence > self.up_to {
            return Ok(());
        }
        if line.sequence <= self.known.through {
            self.seen.include(line.sequence, line.checksum);
            return Ok(());
        }
        let head = record::parse_head(line.text)?;
        let length = u32::try_from(line.text.len()).map_err(|_| "the line is too long")?;
        let place = Place { segment, offset: line.offset, length, checksum: line.checksum };
        self.pending.push(Entry { sequence: line.sequence, kind: head.kind, key: head.key, place });
        if self.pending.len() >= CATCH_UP_BATCH {
            self.write();
        }
        Ok(())
    }

    fn write(&mut self) {
        if self.fault.is_none() {
            self.fault = index::add(self.tables, &mut self.indexed, &self.pending).err();
        }
        self.pending.clear();
    }

    fn finish(mut self) -> Result<Ended, TableFault> {
        if !self.pending.is_empty() {
            self.write();
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Ended { indexed: self.indexed, agrees: self.seen == self.known }),
        }
    }
}
