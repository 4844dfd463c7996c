//! Segments: the files of the log, their names, and the reading of one from front to end.
//!
//! Must not: append, or change what it finds; compressing keeps every byte.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use chrono::Datelike;
use serde::Serialize;

use super::disk::{create_private_file, sync_folder};
use super::record::{self, Checked};
use crate::model::problem::Problem;
use crate::model::time::Timestamp;

const PLAIN: &str = ".log";
const COMPRESSED: &str = ".log.zst";
const UNFINISHED: &str = ".log.zst.tmp";

/// The most a compressed segment may unfold to: many times what the writer ever puts into one.
const UNPACKED_MAX_BYTES: u64 = 1 << 30;

/// zstd's default: journal lines shrink about tenfold; higher levels cost more time than they save here.
const COMPRESSION_LEVEL: i32 = 3;

/// A failed file operation as a problem.
pub(super) fn io_problem(doing: &str, path: &Path, error: &io::Error) -> Problem {
    Problem::storage(format!("could not {doing} {}: {error}", path.display()))
}

/// The name of a segment: its first sequence number and the month it was begun in, e.g. 202611.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SegmentName {
    pub first: u64,
    pub month: u32,
}

impl SegmentName {
    pub(super) fn plain(self) -> String {
        format!("{self}{PLAIN}")
    }

    pub(super) fn compressed(self) -> String {
        format!("{self}{COMPRESSED}")
    }

    fn parse(stem: &str) -> Option<Self> {
        let (first, month) = stem.split_once('-')?;
        Some(Self { first: first.parse().ok()?, month: month.parse().ok()? })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}-{:06}", self.first, self.month)
    }
}

/// The month of a moment, as in 202611.
pub(super) fn month_of(at: Timestamp) -> u32 {
    let date = at.to_datetime();
    u32::try_from(date.year()).unwrap_or(0) * 100 + date.month()
}

/// A segment on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub name: SegmentName,
    pub is_compressed: bool,
    pub path: PathBuf,
}

/// What a log folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Segments, oldest first.
    pub segments: Vec<Segment>,
    /// Compressed twins of a plain segment and unfinished files: left by a crash while compressing.
    pub leftovers: Vec<PathBuf>,
}

/// Lists a log folder; an absent one is empty.
pub(super) fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if file.ends_with(UNFINISHED) {
            listing.leftovers.push(path);
            continue;
        }
        let (stem, is_compressed) = match (file.strip_suffix(COMPRESSED), file.strip_suffix(PLAIN)) {
            (Some(stem), _) => (stem, true),
            (_, Some(stem)) => (stem, false),
            _ => continue,
        };
        if let Some(name) = SegmentName::parse(stem) {
            listing.segments.push(Segment { name, is_compressed, path });
        }
    }
    listing.segments.sort_by_key(|segment| (segment.name, segment.is_compressed));
    let mut previous: Option<SegmentName> = None;
    listing.segments.retain(|segment| {
        let is_twin = previous == Some(segment.name);
        previous = Some(segment.name);
        if is_twin {
            listing.leftovers.push(segment.path.clone());
        }
        !is_twin
    });
    Ok(listing)
}

/// The plain lines of a segment, and why there are no more when its compressed form is damaged.
pub(super) fn read(segment: &Segment) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    if segment.is_compressed {
        return unpack(&segment.path);
    }
    match std::fs::read(&segment.path) {
        // It may have been compressed since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            unpack(&segment.path.with_file_name(segment.name.compressed())).map_err(|_| error)
        }
        bytes => Ok((bytes?, None)),
    }
}

fn unpack(path: &Path) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    let mut bytes = Vec::new();
    let decoder = zstd::stream::Decoder::new(File::open(path)?)?;
    let outcome = decoder.take(UNPACKED_MAX_BYTES).read_to_end(&mut bytes);
    Ok((bytes, outcome.err()))
}

/// Replaces a closed segment by its compressed form. At every moment one whole form of it is there.
pub(super) fn compress(folder: &Path, name: SegmentName) -> io::Result<()> {
    let plain_path = folder.join(name.plain());
    let final_path = folder.join(name.compressed());
    let unfinished_path = folder.join(format!("{name}{UNFINISHED}"));
    let plain = std::fs::read(&plain_path)?;
    let mut encoder = zstd::stream::Encoder::new(create_private_file(&unfinished_path)?, COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    io::Write::write_all(&mut encoder, &plain)?;
    encoder.finish()?.sync_all()?;
    let (unpacked, error) = unpack(&unfinished_path)?;
    if let Some(error) = error {
        return Err(error);
    }
    if unpacked != plain {
        return Err(io::Error::other("what was compressed does not unpack to the same bytes"));
    }
    std::fs::rename(&unfinished_path, &final_path)?;
    sync_folder(folder)?;
    std::fs::remove_file(&plain_path)?;
    sync_folder(folder)
}

/// A segment that is read from: its file, or all of it unpacked.
pub(super) enum Opened {
    Plain(File),
    Unpacked(Vec<u8>),
}

/// Opens a segment for reading parts of it; a compressed one is unpacked once.
pub(super) fn open(folder: &Path, name: SegmentName) -> io::Result<Opened> {
    match File::open(folder.join(name.plain())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Opened::Unpacked(unpack(&folder.join(name.compressed()))?.0))
        }
        file => file.map(Opened::Plain),
    }
}

impl Opened {
    /// Reads `length` bytes from `offset` of the segment's plain form.
    pub(super) fn read_span(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Plain(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, offset)?;
                Ok(Cow::Owned(bytes))
            }
            Self::Unpacked(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(length);
                Ok(Cow::Borrowed(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?))
            }
        }
    }
}

/// A place in the log that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The segment's file name.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// Where that line begins, bytes from the file's begin (uncompressed).
    pub byte: u64,
    /// What is wrong.
    pub reason: String,
    /// How many bytes from there to the file's end are not replayed.
    pub bytes_held_back: u64,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, byte, reason, bytes_held_back } = self;
        write!(f, "the log is damaged in {file}, line {line}, byte {byte}: {reason}")?;
        if *bytes_held_back > 0 {
            write!(f, "; {bytes_held_back} bytes from there to the end of that file are not replayed")?;
        }
        Ok(())
    }
}

/// A last line that was not written to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TornEnd {
    pub line: u64,
    pub byte: u64,
    pub bytes: u64,
    /// The record is whole and only its newline is missing.
    pub is_whole_record: bool,
}

/// One whole line met by a scan.
pub(super) struct Line<'a> {
    pub sequence: u64,
    pub checksum: u32,
    pub offset: u64,
    /// Without its newline.
    pub text: &'a [u8],
}

/// What a scan of one segment found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub records: u64,
    /// The last sequence number replayed.
    pub last_sequence: Option<u64>,
    /// The highest sequence number on any whole line, replayed or behind damage.
    pub highest_seen: u64,
    /// Where the replayed part ends.
    pub end: u64,
    pub torn_end: Option<TornEnd>,
    pub damage: Option<Damage>,
}

/// Reads the lines of a segment in order and hands each whole one to `visit`; stops at the first that is not.
///
/// `after` is the last sequence number replayed before this segment: a segment may not go back behind it.
/// `visit` returns what it found wrong with a line, which is then damage too.
pub(super) fn scan(
    segment: &Segment,
    bytes: &[u8],
    after: u64,
    visit: &mut dyn FnMut(&Line<'_>) -> Result<(), &'static str>,
) -> Scan {
    let mut found = Scan { highest_seen: segment.name.first.saturating_sub(1), ..Scan::default() };
    let mut line_number = 0;
    let mut start = 0;
    while start < bytes.len() {
        line_number += 1;
        let length = bytes[start..].iter().position(|byte| *byte == b'\n');
        let text = &bytes[start..length.map_or(bytes.len(), |length| start + length)];
        let offset = as_u64(start);
        let checked = record::check_line(text);
        if length.is_none() {
            let is_whole_record = checked.is_ok_and(|line| follows(segment, &found, after, line).is_ok());
            let bytes = as_u64(text.len());
            found.torn_end = Some(TornEnd { line: line_number, byte: offset, bytes, is_whole_record });
            return found;
        }
        let outcome = checked.map_err(str::to_owned).and_then(|line| {
            follows(segment, &found, after, line)?;
            let Checked { sequence, checksum } = line;
            visit(&Line { sequence, checksum, offset, text }).map_err(str::to_owned)?;
            Ok(sequence)
        });
        match outcome {
            Ok(sequence) => {
                found.records += 1;
                found.last_sequence = Some(sequence);
                found.highest_seen = found.highest_seen.max(sequence);
                start += text.len() + 1;
                found.end = as_u64(start);
            }
            Err(reason) => {
                let behind = highest_sequence(&bytes[start..]).max(segment.name.first);
                found.highest_seen = found.highest_seen.max(behind);
                found.damage = Some(Damage {
                    file: file_name(&segment.path),
                    line: line_number,
                    byte: offset,
                    reason,
                    bytes_held_back: as_u64(bytes.len() - start),
                });
                return found;
            }
        }
    }
    found
}

/// Whether a line's sequence number is the one that must come now.
fn follows(segment: &Segment, found: &Scan, after: u64, line: Checked) -> Result<(), String> {
    let sequence = line.sequence;
    if sequence <= after {
        return Err(format!("sequence {sequence} was already used: the log is at {after}"));
    }
    let expected = found.last_sequence.map_or(segment.name.first, |last| last.saturating_add(1));
    if sequence == expected { Ok(()) } else { Err(format!("sequence {sequence} where {expected} should be")) }
}

/// The highest sequence number on any whole line: numbers behind damage must not be given out again.
fn highest_sequence(bytes: &[u8]) -> u64 {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|text| record::check_line(text).ok())
        .map(|line| line.sequence)
        .max()
        .unwrap_or(0)
}

pub(super) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::{RecordKind, encode_line};
    use proptest::prelude::*;

    fn segment(path: &Path) -> Segment {
        let name = SegmentName { first: 1, month: 202_611 };
        Segment { name, is_compressed: false, path: path.to_owned() }
    }

    fn lines(count: u64) -> Vec<u8> {
        let line = |sequence| encode_line(sequence, RecordKind::Journal, Timestamp(5), "run", "{\"a\":1}");
        (1..=count).flat_map(line).collect()
    }

    /// Scans bytes; what is replayed, torn or held back together is what there is, and no line is taken twice.
    fn scan_all(bytes: &[u8]) -> Scan {
        let mut sequences = Vec::new();
        let scan = scan(&segment(Path::new("x.log")), bytes, 0, &mut |line| {
            sequences.push(line.sequence);
            record::parse_head(line.text).map(drop)
        });
        let held_back = scan.damage.as_ref().map_or(0, |damage| damage.bytes_held_back);
        let torn = scan.torn_end.as_ref().map_or(0, |torn| torn.bytes);
        assert_eq!(scan.end + held_back + torn, as_u64(bytes.len()));
        let taken = sequences.len() - usize::from(as_u64(sequences.len()) > scan.records);
        assert!(sequences[..taken].iter().copied().eq(1..=scan.records), "{sequences:?}");
        scan
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(scan_all(&bytes).records, 0, "nobody guesses a checksum");
        }

        #[test]
        fn lines_with_anything_changed_are_replayed_up_to_there(
            count in 1_u64..12,
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4),
            cut in proptest::option::of(any::<usize>()),
        ) {
            let whole = lines(count);
            let mut bytes = whole.clone();
            for (place, byte) in changes {
                bytes[place % whole.len()] = byte;
            }
            bytes.truncate(cut.map_or(bytes.len(), |cut| cut % whole.len()));
            let first_change = bytes.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            let scan = scan_all(&bytes);
            prop_assert!(scan.end <= as_u64(bytes.len()));
            let untouched = whole[..first_change].split(|byte| *byte == b'\n').count() - 1;
            prop_assert!(scan.records >= as_u64(untouched), "what is whole is replayed");
        }

        #[test]
        fn a_compressed_file_with_anything_changed_unpacks_or_says_why_not(
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6), noise in any::<Vec<u8>>(),
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("x.log.zst");
            let packed = zstd::encode_all(lines(20).as_slice(), COMPRESSION_LEVEL).expect("packed");
            let mut bytes = packed.clone();
            for (place, byte) in changes {
                bytes[place % packed.len()] = byte;
            }
            for bytes in [bytes, noise] {
                std::fs::write(&path, &bytes).expect("written");
                if let Ok((unpacked, _)) = unpack(&path) {
                    prop_assert!(as_u64(unpacked.len()) <= UNPACKED_MAX_BYTES);
                    scan_all(&unpacked);
                }
            }
        }
    }
}
