//! Time series: the open hour of each is buffered, and written packed when it closes or at a flush.
//!
//! A flush appends what is new as one more part of the hour; the hour's end merges the parts into one chunk. So the
//! open hour is never rewritten, and what a crash loses is what came after the last flush.
//!
//! Must not: hold more than [`BUFFERED_POINTS_MAX`] points in memory.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::tables::{Direction, Put, Table, TableFault, Tables};
use super::{keys, pack};
use crate::model::fleet::{Sample, SeriesKey};
use crate::model::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;

/// Points kept in memory over all series (16 bytes each, so 3 MiB). Full: all are written as parts of their hours.
const BUFFERED_POINTS_MAX: usize = 200_000;

/// The hour a moment is in, counted from 1970.
fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// Points that are not written yet, by series and hour, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    open: BTreeMap<SeriesKey, BTreeMap<i64, Vec<Sample>>>,
    count: usize,
}

impl Buffers {
    /// Takes points in; hours before a series' newest are closed and written.
    pub(super) fn push(
        &mut self,
        tables: &dyn Tables,
        series: &SeriesKey,
        points: &[Sample],
    ) -> Result<(), TableFault> {
        if points.is_empty() {
            return Ok(());
        }
        if !self.open.contains_key(series) {
            // The hour that an earlier process left open is closed by this one.
            let left_open = newest_hour(tables, series)?.map(|hour| (hour, Vec::new()));
            self.open.insert(series.clone(), left_open.into_iter().collect());
        }
        let hours = self.open.entry(series.clone()).or_default();
        for point in points {
            hours.entry(hour_of(point.at)).or_default().push(*point);
        }
        self.count += points.len();
        while hours.len() > 1 {
            let Some(oldest) = hours.first_entry() else { break };
            merge(tables, series, *oldest.key(), oldest.get())?;
            self.count -= oldest.remove().len();
        }
        if self.count > BUFFERED_POINTS_MAX { self.write(tables, None) } else { Ok(()) }
    }

    /// Writes everything buffered: hours over at `now` are closed, the others get one more part and stay open.
    pub(super) fn write(&mut self, tables: &dyn Tables, now: Option<Timestamp>) -> Result<(), TableFault> {
        let is_over = |hour: i64| now.is_some_and(|now| hour < hour_of(now));
        for (series, hours) in &mut self.open {
            for (hour, points) in hours.iter_mut() {
                if is_over(*hour) {
                    merge(tables, series, *hour, points)?;
                } else if !points.is_empty() {
                    append_part(tables, series, *hour, points)?;
                }
                self.count -= points.len();
                points.clear();
            }
            hours.retain(|hour, _| !is_over(*hour));
        }
        self.open.retain(|_, hours| !hours.is_empty());
        Ok(())
    }

    /// The points from `from` to `to`, both included, oldest first; chunks that are damaged are left out and counted.
    pub(super) fn read(
        &self,
        tables: &dyn Tables,
        series: &SeriesKey,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<Sample>, u64), TableFault> {
        if from > to {
            return Ok((Vec::new(), 0));
        }
        let (first, last) = (hour_of(from), hour_of(to));
        let start = keys::series_hour(series, first);
        let end = keys::series_part(series, last, u32::MAX);
        let (mut points, mut damaged) = (Vec::new(), 0);
        let range = (Bound::Included(start.as_slice()), Bound::Included(end.as_slice()));
        tables.range(Table::Series, range, Direction::Forward, &mut |_, chunk| {
            match pack::unpack(chunk) {
                Some(unpacked) => points.extend(unpacked),
                None => damaged += 1,
            }
            ControlFlow::Continue(())
        })?;
        if let Some(hours) = self.open.get(series) {
            points.extend(hours.range(first..=last).flat_map(|(_, buffered)| buffered));
        }
        points.retain(|point| from <= point.at && point.at <= to);
        pack::normalise(&mut points);
        Ok((points, damaged))
    }
}

/// The newest hour of which something is written.
fn newest_hour(tables: &dyn Tables, series: &SeriesKey) -> Result<Option<i64>, TableFault> {
    let mut newest = None;
    tables.scan(Table::Series, &keys::series(series), Direction::Backward, &mut |key, _| {
        newest = keys::hour_of(key);
        ControlFlow::Break(())
    })?;
    Ok(newest)
}

/// Writes points as one more part of an hour.
fn append_part(
    tables: &dyn Tables,
    series: &SeriesKey,
    hour: i64,
    points: &[Sample],
) -> Result<(), TableFault> {
    let mut next = 0;
    tables.scan(Table::Series, &keys::series_hour(series, hour), Direction::Backward, &mut |key, _| {
        next = keys::part_of(key).map_or(0, |part| part.saturating_add(1));
        ControlFlow::Break(())
    })?;
    let mut points = points.to_vec();
    pack::normalise(&mut points);
    tables.apply(Table::Series, vec![(keys::series_part(series, hour, next), Some(pack::pack(&points)))])
}

/// Merges what is written of an hour with `points` into one chunk. A damaged part stays as it is, for `verify`.
fn merge(tables: &dyn Tables, series: &SeriesKey, hour: i64, points: &[Sample]) -> Result<(), TableFault> {
    let mut merged = Vec::new();
    let mut puts: Vec<Put> = Vec::new();
    let mut last_damaged = None;
    tables.scan(Table::Series, &keys::series_hour(series, hour), Direction::Forward, &mut |key, chunk| {
        match pack::unpack(chunk) {
            Some(unpacked) => {
                merged.extend(unpacked);
                puts.push((key.to_vec(), None));
            }
            None => last_damaged = keys::part_of(key),
        }
        ControlFlow::Continue(())
    })?;
    if points.is_empty() && puts.len() <= 1 {
        return Ok(());
    }
    merged.extend_from_slice(points);
    pack::normalise(&mut merged);
    let part = last_damaged.map_or(0, |part| part.saturating_add(1));
    let key = keys::series_part(series, hour, part);
    puts.retain(|(removed, _)| *removed != key);
    puts.push((key, Some(pack::pack(&merged))));
    tables.apply(Table::Series, puts)
}
