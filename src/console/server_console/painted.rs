//! What is on screen of a console, and the least that must be drawn again: lines move up with the terminal's own
//! scrolling, so that a new line costs that line and not the log.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::view::Areas;
use crate::console::component::{Dirty, Scrolled};
use crate::console::widgets::log_view::{Emphasis, Row};

/// Everything that was drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Painted {
    pub(super) area: Rect,
    pub(super) head: [Line<'static>; 2],
    pub(super) rows: Vec<PaintedRow>,
    pub(super) foot: Line<'static>,
}

/// One row of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PaintedRow {
    number: u64,
    text: String,
    emphasis: Emphasis,
    matches: Vec<std::ops::Range<usize>>,
    is_current: bool,
}

impl From<Row<'_>> for PaintedRow {
    fn from(row: Row<'_>) -> Self {
        Self {
            number: row.number,
            text: row.text.to_owned(),
            emphasis: row.emphasis,
            matches: row.matches,
            is_current: row.is_current,
        }
    }
}

impl Painted {
    /// What must be drawn for the terminal to show this after `before`.
    pub(super) fn difference(&self, before: Option<&Self>, areas: &Areas) -> Dirty {
        // An empty log says so in words.
        let same_place = |before: &&Self| before.area == self.area && !before.rows.is_empty();
        let Some(before) = before.filter(same_place) else { return Dirty::area(self.area) };
        let mut dirty = Dirty::nothing();
        for (row, (old, new)) in areas.head.rows().zip(before.head.iter().zip(&self.head)) {
            if old != new {
                dirty.add(row);
            }
        }
        if before.foot != self.foot {
            dirty.add(areas.foot);
        }
        let moved = moved(&before.rows, &self.rows, usize::from(areas.log.height));
        if moved != 0 {
            dirty.scrolled = i16::try_from(moved).ok().map(|rows| Scrolled { area: areas.log, rows });
        }
        for (y, row) in areas.log.rows().enumerate() {
            let shown = y.checked_add_signed(moved).and_then(|from| before.rows.get(from));
            if shown != self.rows.get(y) {
                dirty.add(row);
            }
        }
        dirty
    }
}

/// By how many rows the text moved up (or, negative, down) from one to the other; zero unless both fill the log.
fn moved(before: &[PaintedRow], now: &[PaintedRow], height: usize) -> isize {
    let (Some(first), Some(shown_first)) = (now.first(), before.first()) else { return 0 };
    if before.len() < height || now.len() < height {
        return 0;
    }
    let place = |rows: &[PaintedRow], wanted| rows.iter().position(|row| row == wanted);
    let up = place(before, first).and_then(|rows| isize::try_from(rows).ok());
    let down = || place(now, shown_first).and_then(|rows| isize::try_from(rows).ok());
    up.unwrap_or_else(|| down().map_or(0, |rows| -rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: std::ops::Range<u64>) -> Vec<PaintedRow> {
        let row = |number| PaintedRow {
            number,
            text: String::new(),
            emphasis: Emphasis::Plain,
            matches: Vec::new(),
            is_current: false,
        };
        numbers.map(row).collect()
    }

    #[test]
    fn rows_move_only_in_a_full_log_and_only_where_they_overlap() {
        assert_eq!(moved(&rows(0..5), &rows(2..7), 5), 2);
        assert_eq!(moved(&rows(2..7), &rows(0..5), 5), -2);
        assert_eq!(moved(&rows(0..5), &rows(5..10), 5), 0);
        assert_eq!(moved(&rows(0..5), &rows(0..5), 5), 0);
        assert_eq!(moved(&rows(0..4), &rows(0..5), 5), 0);
        assert_eq!(moved(&rows(0..0), &rows(0..5), 5), 0);
    }
}
