//! Reading records whose places the index knows.
//!
//! Must not: trust the index: every line is checked against its own checksum and against what the index says of it.

use std::ops::ControlFlow;
use std::path::Path;

use super::index::Place;
use super::record::{self, Record};
use super::segment::{self, Opened, io_problem};
use crate::model::problem::Problem;

/// Records that lie closer together than this are read at once, what lies between them included: a seek costs as much.
const NEIGHBOURS_BYTES: u64 = 64 * 1024;

/// The most that is read at once.
const SPAN_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Told of the checked line of each record, until it breaks.
type Visitor<'a> = &'a mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>, &'static str>;

/// Reads records whose places are known, oldest first, each run of neighbours in a segment at once.
pub(super) fn read_records(log_folder: &Path, places: &[(u64, Place)]) -> Result<Vec<Record>, Problem> {
    let mut records = Vec::with_capacity(places.len());
    visit_lines(log_folder, places, &mut |line| {
        records.push(record::parse_record(line)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(records)
}

/// Visits the lines of records whose places are known, oldest first.
pub(super) fn visit_lines(
    log_folder: &Path,
    places: &[(u64, Place)],
    visit: Visitor<'_>,
) -> Result<(), Problem> {
    for group in places.chunk_by(|(_, a), (_, b)| a.segment == b.segment) {
        let Some((_, first)) = group.first() else { continue };
        let path = log_folder.join(first.segment.plain());
        let opened =
            segment::open(log_folder, first.segment).map_err(|error| io_problem("read", &path, &error))?;
        for span in spans(group) {
            if visit_span(&opened, &path, span, visit)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The runs of neighbours among places of one segment.
fn spans(mut places: &[(u64, Place)]) -> impl Iterator<Item = &[(u64, Place)]> {
    std::iter::from_fn(move || {
        let (_, first) = places.first()?;
        let mut end = first.offset + u64::from(first.length);
        let count = places.iter().skip(1).take_while(|(_, place)| {
            let is_near = place.offset.saturating_sub(end) <= NEIGHBOURS_BYTES;
            let next_end = place.offset + u64::from(place.length);
            let fits = next_end.saturating_sub(first.offset) <= SPAN_MAX_BYTES;
            end = next_end;
            is_near && fits
        });
        let (span, rest) = places.split_at(count.count() + 1);
        places = rest;
        Some(span)
    })
}

fn visit_span(
    opened: &Opened,
    path: &Path,
    span: &[(u64, Place)],
    visit: Visitor<'_>,
) -> Result<ControlFlow<()>, Problem> {
    let (Some((_, first)), Some((_, last))) = (span.first(), span.last()) else {
        return Ok(ControlFlow::Continue(()));
    };
    let length = (last.offset + u64::from(last.length)).saturating_sub(first.offset);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let bytes = opened.read_span(first.offset, length).map_err(|error| io_problem("read", path, &error))?;
    for (sequence, place) in span {
        let start = usize::try_from(place.offset.saturating_sub(first.offset)).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(place.length).unwrap_or(usize::MAX));
        let line = bytes.get(start..end).ok_or("the file is shorter than it was");
        let visited = line.and_then(|line| {
            check(*sequence, *place, line)?;
            visit(line)
        });
        let flow = visited.map_err(|reason| {
            let file = place.segment.plain();
            let byte = place.offset;
            Problem::storage(format!("record {sequence} cannot be read from {file}, byte {byte}: {reason}"))
        })?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn check(sequence: u64, place: Place, line: &[u8]) -> Result<(), &'static str> {
    let checked = record::check_line(line)?;
    if (checked.sequence, checked.checksum) != (sequence, place.checksum) {
        return Err("another record is in its place");
    }
    Ok(())
}
