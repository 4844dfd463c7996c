//! Widths of columns: the least important ones go first when the screen is narrow.

use super::{Column, Width};

/// Cells between columns.
const GAP: u16 = 1;

/// Cells of the gutter that shows selection and marks.
pub(super) const GUTTER: u16 = 1;

/// A column that is shown: its index, its left edge from the table's, its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) column: usize,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// Places the columns that fit into `width` cells; the first one always, cut if need be.
pub(super) fn place(columns: &[Column], width: u16) -> Vec<Placed> {
    let available = width.saturating_sub(GUTTER);
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    while needed(columns, &shown) > available && shown.len() > 1 {
        let Some((at, _)) =
            shown.iter().enumerate().skip(1).max_by_key(|(at, column)| (columns[**column].priority, *at))
        else {
            break;
        };
        shown.remove(at);
    }
    let mut left = available.saturating_sub(needed(columns, &shown));
    let mut weights: u16 = shown.iter().map(|column| weight(&columns[*column])).sum();
    let mut x = GUTTER;
    let mut placed = Vec::with_capacity(shown.len());
    for column in shown {
        let share = u32::from(left) * u32::from(weight(&columns[column])) / u32::from(weights.max(1));
        let extra = u16::try_from(share).unwrap_or(0);
        left -= extra;
        weights -= weight(&columns[column]);
        let cells = (minimum(&columns[column]) + extra).min(width.saturating_sub(x));
        placed.push(Placed { column, x, width: cells });
        x += cells + GAP;
    }
    placed
}

fn minimum(column: &Column) -> u16 {
    match column.width {
        Width::Fixed(cells) | Width::Flexible { minimum: cells, .. } => cells,
    }
}

fn weight(column: &Column) -> u16 {
    match column.width {
        Width::Fixed(_) => 0,
        Width::Flexible { weight, .. } => weight,
    }
}

fn needed(columns: &[Column], shown: &[usize]) -> u16 {
    let cells: u16 = shown.iter().map(|column| minimum(&columns[*column]) + GAP).sum();
    cells.saturating_sub(GAP)
}
