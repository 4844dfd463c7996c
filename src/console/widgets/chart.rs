//! A chart of one value over time, in braille dots or ASCII: axes with round numbers, gaps left empty, marks on the
//! time axis, and below it a row of bars for the rate. Knows no domain type.
//!
//! Floating point is for drawing only: no amount that is told in digits comes from here.

mod canvas;
mod scale;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::sparkline::level;
use super::text;
use crate::console::context::Glyphs;
use canvas::Canvas;
use scale::{Scale, nearest};
pub use scale::{Tick, time_ticks};

/// A slice of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Its first moment, milliseconds since 1970.
    pub from: i64,
    /// Its end.
    pub to: i64,
    /// The value at its end.
    pub value: Option<f64>,
    /// The rate within it, for the bars.
    pub rate: Option<f64>,
    /// Whether it was not watched: nothing is drawn through it.
    pub is_gap: bool,
    /// Whether something happened in it that is marked on the axis.
    pub is_marked: bool,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// Slices, oldest first.
    pub slices: &'a [Slice],
    /// The first moment shown, milliseconds since 1970.
    pub from: i64,
    /// The end of what is shown.
    pub to: i64,
}

/// How it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The alphabet.
    pub glyphs: &'a Glyphs,
    /// The line.
    pub line: Style,
    /// The axes.
    pub axis: Style,
    /// Numbers and times.
    pub label: Style,
    /// Marks.
    pub mark: Style,
    /// Where nothing was watched.
    pub gap: Style,
    /// The bars.
    pub bars: Style,
}

/// Rows below the plot: axis, times, bars.
const ROWS_BELOW: usize = 3;

/// The fewest rows that a plot is drawn in.
const PLOT_ROWS_MIN: usize = 2;

/// Cells of the axis beside the numbers.
const AXIS_CELLS: usize = 1;

/// Cells that numbers take at least: as wide as the label of the bars.
const LABEL_CELLS_MIN: usize = 6;

/// The cells that a plot of this many columns leaves to time, where numbers are as wide as usual.
#[must_use]
pub fn plot_cells(cells: usize) -> usize {
    cells.saturating_sub(LABEL_CELLS_MIN + 3 + AXIS_CELLS)
}

impl Chart<'_> {
    /// The chart in exactly `rows` lines of at most `cells`; fewer lines where it does not fit or nothing is known.
    #[must_use]
    pub fn lines(&self, cells: usize, rows: usize, look: &Look<'_>) -> Vec<Line<'static>> {
        let plot_rows = rows.saturating_sub(ROWS_BELOW);
        if plot_rows < PLOT_ROWS_MIN || self.to <= self.from {
            return Vec::new();
        }
        let Some(scale) = self.scale(plot_rows) else { return Vec::new() };
        let numbers: Vec<String> = scale.ticks.iter().map(|tick| scale.number(*tick)).collect();
        let (top, bars_label) = self.rate_top();
        let widths = numbers.iter().map(String::len).chain([bars_label.len(), LABEL_CELLS_MIN]);
        let label_cells = widths.max().unwrap_or(LABEL_CELLS_MIN);
        let columns = cells.saturating_sub(label_cells + AXIS_CELLS);
        if columns < 8 {
            return Vec::new();
        }
        let mut lines = self.plot(&scale, (&numbers, label_cells), columns, plot_rows, look);
        lines.push(self.axis(label_cells, columns, look));
        lines.push(self.times(label_cells, columns, look));
        lines.push(self.bars((top, text::right(&bars_label, label_cells, "")), columns, look));
        lines
    }

    fn scale(&self, plot_rows: usize) -> Option<Scale> {
        let shown = self.slices.iter().filter(|slice| slice.to > self.from && slice.from < self.to);
        let values: Vec<f64> = shown.filter_map(|slice| slice.value).collect();
        let lowest = values.iter().copied().reduce(f64::min)?;
        let highest = values.iter().copied().reduce(f64::max)?;
        Some(Scale::of(lowest, highest, (plot_rows / 2).clamp(2, 6)))
    }

    fn plot(
        &self,
        scale: &Scale,
        (numbers, label_cells): (&[String], usize),
        columns: usize,
        rows: usize,
        look: &Look<'_>,
    ) -> Vec<Line<'static>> {
        let mut canvas = Canvas::new(columns, rows, look.glyphs.has_dots);
        let (across, down) = canvas.dots();
        for (x, value) in self.sampled(across).into_iter().enumerate() {
            canvas.to(x, value.map(|value| nearest(scale.share_from_top(value), down)));
        }
        let mut labels: Vec<Option<&str>> = vec![None; rows];
        for (tick, number) in scale.ticks.iter().zip(numbers) {
            labels[nearest(scale.share_from_top(*tick), rows)] = Some(number);
        }
        let drawn = canvas.rows();
        let (tick, bare) = (look.glyphs.tick_left, look.glyphs.vertical);
        labels
            .into_iter()
            .zip(drawn)
            .map(|(label, drawn)| {
                let axis = if label.is_some() { tick } else { bare };
                Line::from(vec![
                    Span::styled(text::right(label.unwrap_or_default(), label_cells, ""), look.label),
                    Span::styled(axis, look.axis),
                    Span::styled(drawn, look.line),
                ])
            })
            .collect()
    }

    /// The value at the middle of each of `count` columns, between two readings on the straight line; nothing in gaps.
    fn sampled(&self, count: usize) -> Vec<Option<f64>> {
        let span = (self.to - self.from) as f64;
        let mut at = 0;
        (0..count)
            .map(|column| {
                let moment = self.from as f64 + (column as f64 + 0.5) * span / count as f64;
                while self.slices.get(at).is_some_and(|slice| slice.to as f64 <= moment) {
                    at += 1;
                }
                let slice = self.slices.get(at).filter(|slice| slice.from as f64 <= moment)?;
                let value = slice.value.filter(|_| !slice.is_gap)?;
                let before = at.checked_sub(1).and_then(|before| self.slices[before].value).unwrap_or(value);
                let length = ((slice.to - slice.from) as f64).max(1.0);
                Some(before + (value - before) * (moment - slice.from as f64) / length)
            })
            .collect()
    }

    /// The slices that lie in each of `columns`, as calls of `each(column, slice)`.
    fn for_each_column(&self, columns: usize, mut each: impl FnMut(usize, &Slice)) {
        let span = (self.to - self.from) as f64;
        let column_of = |moment: i64| (moment - self.from) as f64 / span;
        for slice in self.slices.iter().filter(|slice| slice.to > self.from && slice.from < self.to) {
            let first = scale::whole((column_of(slice.from) * columns as f64).max(0.0));
            let last = scale::whole((column_of(slice.to - 1) * columns as f64).max(0.0));
            for column in first..=last.min(columns.saturating_sub(1)) {
                each(column, slice);
            }
        }
    }

    fn axis(&self, label_cells: usize, columns: usize, look: &Look<'_>) -> Line<'static> {
        let glyphs = look.glyphs;
        let mut cells = vec![(glyphs.horizontal, look.axis); columns];
        self.for_each_column(columns, |column, slice| {
            if slice.is_gap {
                cells[column] = (glyphs.axis_gap, look.gap);
            }
        });
        for tick in time_ticks(self.from, self.to, columns) {
            cells[tick.column] = (glyphs.tick_down, look.axis);
        }
        // A mark is one cell however long its slice is.
        for slice in self.slices.iter().filter(|slice| slice.is_marked) {
            let middle = slice.from + (slice.to - slice.from) / 2;
            if (self.from..self.to).contains(&middle) {
                let share = (middle - self.from) as f64 / (self.to - self.from) as f64;
                cells[scale::whole(share * columns as f64).min(columns - 1)] = (glyphs.ascending, look.mark);
            }
        }
        let mut spans = vec![Span::styled(format!("{:label_cells$}{}", "", glyphs.corners[2]), look.axis)];
        spans.extend(runs(cells));
        Line::from(spans)
    }

    fn times(&self, label_cells: usize, columns: usize, look: &Look<'_>) -> Line<'static> {
        let mut words = " ".repeat(label_cells + AXIS_CELLS);
        for tick in time_ticks(self.from, self.to, columns) {
            let column = label_cells + AXIS_CELLS + tick.column;
            // The label stands under its tick, and never beyond the edge or into another one.
            let wanted = column.saturating_sub(tick.label.len() / 2);
            let start = wanted.min((label_cells + AXIS_CELLS + columns).saturating_sub(tick.label.len()));
            if words.len() < start || words.trim_end().len() + 1 < start {
                words.truncate(start);
                words.push_str(&" ".repeat(start.saturating_sub(words.len())));
                words.push_str(&tick.label);
            }
        }
        Line::styled(words, look.label)
    }

    /// The round number that the bars' scale ends at, and its label.
    fn rate_top(&self) -> (f64, String) {
        let shown = self.slices.iter().filter(|slice| slice.to > self.from && slice.from < self.to);
        let highest = shown.filter_map(|slice| slice.rate).fold(0.0, f64::max);
        let (top, digits) = scale::round_up(highest.max(1e-4));
        (top, format!("0-{top:.digits$}/h"))
    }

    fn bars(&self, (top, label): (f64, String), columns: usize, look: &Look<'_>) -> Line<'static> {
        let mut rates: Vec<Option<f64>> = vec![None; columns];
        self.for_each_column(columns, |column, slice| {
            if let Some(rate) = slice.rate.filter(|_| !slice.is_gap) {
                rates[column] = Some(rates[column].map_or(rate, |known| known.max(rate)));
            }
        });
        let glyphs = look.glyphs;
        let sign = |rate: f64| glyphs.levels[level(scale::single(rate / top), 1.0)];
        let drawn: String = rates.iter().map(|rate| rate.map_or(glyphs.gap, sign)).collect();
        Line::from(vec![Span::styled(label, look.label), Span::raw(" "), Span::styled(drawn, look.bars)])
    }
}

/// Neighbouring cells of one style as one span.
fn runs(cells: Vec<(&'static str, Style)>) -> Vec<Span<'static>> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (symbol, style) in cells {
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(symbol),
            _ => spans.push(Span::styled(symbol.to_owned(), style)),
        }
    }
    spans
}

#[cfg(test)]
mod tests;
