//! The record log as a whole: replaying it at start, mending its end, closing and compressing old segments.
//!
//! Must not: skip what it cannot read without saying so, or delete a segment that holds a record.

use std::path::Path;

use super::disk::{create_private_folder, sync_folder};
use super::segment::{self, Damage, Line, Scan, Segment, SegmentName, TornEnd, io_problem};
use crate::model::problem::Problem;

/// The log's folder inside the data folder.
pub(super) const LOG_FOLDER: &str = "log";

/// How many of the newest segments stay plain: the one being written and the one before it, which people read most.
const PLAIN_SEGMENTS: usize = 2;

/// A segment and what a scan of it found.
#[derive(Debug)]
pub(super) struct Replayed {
    pub segment: Segment,
    pub scan: Scan,
    /// Its plain length, bytes.
    pub length: u64,
}

/// Sequence numbers that no file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub from: u64,
    pub to: u64,
}

/// What reading the whole log found.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub segments: Vec<Replayed>,
    pub records: u64,
    /// The last sequence number replayed; 0 when there is none.
    pub last_sequence: u64,
    /// The highest sequence number seen anywhere, behind damage too.
    pub highest_seen: u64,
    pub damages: Vec<Damage>,
    /// Missing between segments although nothing in the segment before is damaged.
    pub gaps: Vec<Gap>,
    /// The last line of the last segment was not written to its end.
    pub torn_end: Option<(Segment, TornEnd)>,
}

/// Handed each whole line in order; returns what is wrong with it, which is then damage.
pub(super) type Visit<'a> = &'a mut dyn FnMut(SegmentName, &Line<'_>) -> Result<(), &'static str>;

/// Reads every segment in order. Damage stops the replay of its segment; segments behind it are whole files of their
/// own, checked line by line, and are replayed; what was held back or is missing is listed.
///
/// # Errors
/// The folder or a file in it cannot be read at all.
pub(super) fn replay(folder: &Path, visit: Visit<'_>) -> Result<Replay, Problem> {
    let listing = segment::list(folder).map_err(|error| io_problem("list", folder, &error))?;
    let mut replay = Replay::default();
    let count = listing.segments.len();
    let mut is_previous_damaged = false;
    for (position, segment) in listing.segments.into_iter().enumerate() {
        let (bytes, unpack_error) =
            segment::read(&segment).map_err(|error| io_problem("read", &segment.path, &error))?;
        let mut scan =
            segment::scan(&segment, &bytes, replay.last_sequence, &mut |line| visit(segment.name, line));
        let length = segment::as_u64(bytes.len());
        let is_last = position + 1 == count;
        let may_be_torn = is_last && !segment.is_compressed;
        if scan.damage.is_none() && (unpack_error.is_some() || (scan.torn_end.is_some() && !may_be_torn)) {
            scan.damage = Some(unfinished(&segment, &scan, length, unpack_error.is_some()));
        }
        if scan.records > 0 && !is_previous_damaged && segment.name.first > replay.last_sequence + 1 {
            replay.gaps.push(Gap { from: replay.last_sequence + 1, to: segment.name.first - 1 });
        }
        is_previous_damaged = scan.damage.is_some();
        replay.records += scan.records;
        replay.last_sequence = scan.last_sequence.unwrap_or(replay.last_sequence);
        replay.highest_seen = replay.highest_seen.max(scan.highest_seen);
        replay.damages.extend(scan.damage.clone());
        if let (Some(torn_end), None) = (&scan.torn_end, &scan.damage) {
            replay.torn_end = Some((segment.clone(), torn_end.clone()));
        }
        replay.segments.push(Replayed { segment, scan, length });
    }
    Ok(replay)
}

/// A segment that stops before its end where only the last plain one may.
fn unfinished(segment: &Segment, scan: &Scan, length: u64, is_unpacking: bool) -> Damage {
    let reason = if is_unpacking {
        "the compressed file cannot be unpacked further"
    } else {
        "the file ends inside a line, and another file follows"
    };
    Damage {
        file: segment::file_name(&segment.path),
        line: scan.records + 1,
        byte: scan.end,
        reason: reason.to_owned(),
        bytes_held_back: length - scan.end,
    }
}

/// Where the next record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub next_sequence: u64,
    /// The segment to go on with and its length; nothing when the next record begins a new one.
    pub segment: Option<(SegmentName, u64)>,
}

/// Makes the end of the log fit to append to, before it is replayed: a torn last line is cut, leftovers of a crash
/// are removed. Says what it did in `notices`.
pub(super) fn mend_end(folder: &Path, notices: &mut Vec<String>) -> Result<(), Problem> {
    create_private_folder(folder).map_err(|error| io_problem("create", folder, &error))?;
    let listing = segment::list(folder).map_err(|error| io_problem("list", folder, &error))?;
    for path in &listing.leftovers {
        std::fs::remove_file(path).map_err(|error| io_problem("remove", path, &error))?;
    }
    let Some(last) = listing.segments.last().filter(|last| !last.is_compressed) else { return Ok(()) };
    let (bytes, _) = segment::read(last).map_err(|error| io_problem("read", &last.path, &error))?;
    let Some(torn_end) = segment::scan(last, &bytes, 0, &mut |_| Ok(())).torn_end else { return Ok(()) };
    let file = segment::file_name(&last.path);
    let TornEnd { line, byte, bytes, is_whole_record } = torn_end;
    if is_whole_record {
        append_newline(&last.path).map_err(|error| io_problem("mend", &last.path, &error))?;
        notices.push(format!("the log's last line had lost its line end ({file}, line {line}): mended"));
    } else {
        cut(&last.path, byte).map_err(|error| io_problem("cut", &last.path, &error))?;
        notices.push(format!(
            "the log's last line was torn and never acknowledged: {bytes} bytes cut at {file}, line {line}, byte {byte}"
        ));
    }
    sync_folder(folder).map_err(|error| io_problem("sync", folder, &error))
}

/// Where to append after a replay; `known_sequence` is the highest sequence number known from elsewhere (the index).
///
/// Never behind damage in the same file, and never a number that was given out before.
pub(super) fn position_after(replay: &Replay, known_sequence: u64) -> Position {
    let next_sequence = replay.highest_seen.max(known_sequence).max(replay.last_sequence) + 1;
    let segment = replay.segments.last().and_then(|last| {
        let is_whole = !last.segment.is_compressed && last.scan.damage.is_none();
        let expected = last.scan.last_sequence.map_or(last.segment.name.first, |sequence| sequence + 1);
        (is_whole && expected == next_sequence).then_some((last.segment.name, last.scan.end))
    });
    Position { next_sequence, segment }
}

/// The words for sequence numbers that no file holds.
pub(super) fn missing(gap: Gap) -> String {
    let Gap { from, to } = gap;
    format!("the log lacks records {from} to {to}: a file is missing or was cut")
}

fn cut(path: &Path, length: u64) -> std::io::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

fn append_newline(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
    std::io::Write::write_all(&mut file, b"\n")?;
    file.sync_all()
}

/// Compresses all plain segments but the newest; returns how many.
///
/// # Errors
/// What could not be compressed stays as it is.
pub(super) fn compress_old(folder: &Path) -> Result<u64, Problem> {
    let listing = segment::list(folder).map_err(|error| io_problem("list", folder, &error))?;
    let old = listing.segments.len().saturating_sub(PLAIN_SEGMENTS);
    let mut count = 0;
    for segment in listing.segments.iter().take(old).filter(|segment| !segment.is_compressed) {
        let (bytes, _) = segment::read(segment).map_err(|error| io_problem("read", &segment.path, &error))?;
        let scan = segment::scan(segment, &bytes, 0, &mut |_| Ok(()));
        if scan.damage.is_some() || scan.torn_end.is_some() || scan.records == 0 {
            continue; // left readable for whoever looks into it
        }
        segment::compress(folder, segment.name)
            .map_err(|error| io_problem("compress", &segment.path, &error))?;
        count += 1;
    }
    Ok(count)
}
