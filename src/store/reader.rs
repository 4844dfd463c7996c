//! Reading records whose places the index knows.
//!
//! Must not: trust the index: every line is checked against its own checksum and against what the index says of it.

use std::path::Path;

use super::index::Place;
use super::record::{self, Record};
use super::segment::{self, io_problem};
use crate::model::problem::Problem;

/// Reads records whose places are known, each run of neighbours in a segment at once.
pub(super) fn read_records(log_folder: &Path, places: &[(u64, Place)]) -> Result<Vec<Record>, Problem> {
    let mut records = Vec::with_capacity(places.len());
    for group in places.chunk_by(|(_, a), (_, b)| a.segment == b.segment) {
        read_group(log_folder, group, &mut records)?;
    }
    Ok(records)
}

/// Reads records of one segment.
fn read_group(log_folder: &Path, group: &[(u64, Place)], records: &mut Vec<Record>) -> Result<(), Problem> {
    let (Some((_, first)), Some((_, last))) = (group.first(), group.last()) else { return Ok(()) };
    let name = first.segment;
    let length = (last.offset + u64::from(last.length)).saturating_sub(first.offset);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let path = log_folder.join(name.plain());
    let bytes = segment::read_span(log_folder, name, first.offset, length)
        .map_err(|error| io_problem("read", &path, &error))?;
    for (sequence, place) in group {
        let start = usize::try_from(place.offset.saturating_sub(first.offset)).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(place.length).unwrap_or(usize::MAX));
        let text = bytes.get(start..end).ok_or("the file is shorter than it was");
        let record = text.and_then(|text| parse(*sequence, *place, text)).map_err(|reason| {
            let file = name.plain();
            let byte = place.offset;
            Problem::storage(format!("record {sequence} cannot be read from {file}, byte {byte}: {reason}"))
        })?;
        records.push(record);
    }
    Ok(())
}

fn parse(sequence: u64, place: Place, text: &[u8]) -> Result<Record, &'static str> {
    let checked = record::check_line(text)?;
    if (checked.sequence, checked.checksum) != (sequence, place.checksum) {
        return Err("another record is in its place");
    }
    record::parse_record(text)
}
