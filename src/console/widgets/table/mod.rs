//! A virtualised table: it holds ids in order and asks a [`RowSource`] for what it draws, so ten thousand rows cost
//! what fifty do.
//!
//! - The selection is an id: it never jumps when rows come, go or move; if its row vanishes, the neighbour is taken.
//! - The order is frozen while rows are marked or a dialog is open; rows that vanish meanwhile are shown as gone.
//! - Sort keys are computed once per row and again only for rows that were touched.
//! - [`Table::take_dirty`] compares with what was painted: moving the selection repaints two marks and two names.

mod layout;
mod order;
mod paint;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::actions::Action;
use super::super::component::{Mouse, MouseKind};
use order::Order;
pub use order::{Direction, SortKey};
use paint::Painted;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Always this many cells.
    Fixed(u16),
    /// At least `minimum` cells, and a share of what is left in proportion to `weight`.
    Flexible {
        /// Least cells.
        minimum: u16,
        /// Share of what is left.
        weight: u16,
    },
}

/// Which side of its column a text stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left: words.
    Left,
    /// Right: numbers.
    Right,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in filters and exports: `cpu`.
    pub name: &'static str,
    /// Its head.
    pub title: &'static str,
    /// Its width.
    pub width: Width,
    /// 0 is always shown; of the others, the highest number is dropped first when the screen is narrow.
    pub priority: u8,
    /// Its side.
    pub align: Align,
    /// Whether rows can be sorted by it.
    pub is_sortable: bool,
}

/// What one cell shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellText<'a> {
    /// The text; cut with an ellipsis when it is too long. Already sanitised.
    pub text: Cow<'a, str>,
    /// Its style.
    pub style: Style,
}

impl<'a> CellText<'a> {
    /// A text with a style.
    pub fn new(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> CellText<'static> {
        CellText::new(self.text.into_owned(), self.style)
    }
}

/// Where a table's rows come from: made for each call over the fleet, the filter and the theme; holds no copy.
pub trait RowSource {
    /// What names a row.
    type Id: Clone + Ord;

    /// Calls `each` with every row's id, shown or not, in any order.
    fn for_each_id(&self, each: &mut dyn FnMut(&Self::Id));

    /// Whether the row exists at present.
    fn exists(&self, id: &Self::Id) -> bool;

    /// Whether the filter lets the row through.
    fn is_shown(&self, _id: &Self::Id) -> bool {
        true
    }

    /// Rows of a lower group stand above those of a higher one, whatever they are sorted by (stuck orders first).
    fn group(&self, _id: &Self::Id) -> u8 {
        0
    }

    /// What the row is sorted by in this column (an index of the table's columns).
    fn sort_key(&self, id: &Self::Id, column: usize) -> SortKey;

    /// What a cell shows in `width` cells; only asked of rows that exist and are visible.
    fn cell(&self, id: &Self::Id, column: usize, width: u16) -> CellText<'_>;

    /// The gone row's first cell, as far as it is still known.
    fn gone_text(&self, _id: &Self::Id) -> String {
        "(gone)".to_owned()
    }
}

/// The state of a table.
pub struct Table<Id> {
    columns: &'static [Column],
    order: Order<Id>,
    selected: Option<Id>,
    cursor: usize,
    offset: usize,
    marks: BTreeSet<Id>,
    is_dialog_open: bool,
    is_behind: bool,
    page_rows: usize,
    painted: Option<Painted<Id>>,
    touched: BTreeSet<Id>,
    is_all_touched: bool,
}

impl<Id: Clone + Ord> Table<Id> {
    /// An empty table, sorted by the column of this index.
    #[must_use]
    pub fn new(columns: &'static [Column], sorted_by: usize, direction: Direction) -> Self {
        Self {
            columns,
            order: Order::new(sorted_by, direction),
            selected: None,
            cursor: 0,
            offset: 0,
            marks: BTreeSet::new(),
            is_dialog_open: false,
            is_behind: false,
            page_rows: 1,
            painted: None,
            touched: BTreeSet::new(),
            is_all_touched: true,
        }
    }

    /// Shows other columns; those of before must be among them, in their places.
    pub fn set_columns(&mut self, columns: &'static [Column]) {
        if self.columns != columns {
            self.columns = columns;
            self.painted = None;
            self.is_all_touched = true;
        }
    }

    /// Reads every row again, also when frozen: for a new filter or sort order.
    ///
    /// Marks of rows that are gone end here: their rows are no longer shown.
    pub fn rebuild<S: RowSource<Id = Id>>(&mut self, source: &S) {
        let line = self.cursor.saturating_sub(self.offset);
        self.select_heir(source);
        self.marks.retain(|id| source.exists(id));
        self.order.rebuild(source);
        self.is_behind = false;
        self.is_all_touched = true;
        self.follow_selection(source, line);
    }

    /// Reads every row again because all of them may have changed; only notes it when frozen.
    pub fn refresh<S: RowSource<Id = Id>>(&mut self, source: &S) {
        self.is_all_touched = true;
        if self.is_frozen() {
            self.is_behind = true;
        } else {
            self.rebuild(source);
        }
    }

    /// Reads these rows again (new, changed or gone); when frozen the order stays.
    pub fn update<S: RowSource<Id = Id>>(&mut self, touched: &[Id], source: &S) {
        if touched.is_empty() {
            return;
        }
        self.note_touched(touched);
        if self.is_frozen() {
            self.is_behind = true;
            return;
        }
        let line = self.cursor.saturating_sub(self.offset);
        self.select_heir(source);
        if self.order.update(touched, source) {
            self.follow_selection(source, line);
        }
    }

    /// Repaints the visible rows at the next frame: ages moved on.
    pub fn touch_visible(&mut self) {
        self.is_all_touched = true;
    }

    /// Remembers touched rows that are on screen.
    fn note_touched(&mut self, touched: &[Id]) {
        let Some(painted) = &self.painted else { return };
        for id in touched {
            if painted.ids.contains(id) {
                self.touched.insert(id.clone());
            }
        }
    }

    /// Where the selected row is about to vanish: selects the next row of the old order that stays, else the one before.
    fn select_heir<S: RowSource<Id = Id>>(&mut self, source: &S) {
        let stays = |id: &Id| source.exists(id) && source.is_shown(id);
        if self.selected.as_ref().is_none_or(stays) {
            return;
        }
        let below = (self.cursor + 1..self.order.len()).filter_map(|at| self.order.id(at));
        let above = (0..self.cursor).rev().filter_map(|at| self.order.id(at));
        self.selected = below.chain(above).find(|id| stays(id)).cloned();
    }

    /// Puts the cursor back on the selected id after the order changed, on the same line of the screen; but a table at its
    /// top stays there while it can: what stands out comes first and must not slip out of sight.
    fn follow_selection<S: RowSource<Id = Id>>(&mut self, source: &S, line: usize) {
        let found = self.selected.as_ref().and_then(|id| self.order.position(id, source));
        self.cursor = found.unwrap_or(self.cursor).min(self.order.len().saturating_sub(1));
        self.selected = self.order.id(self.cursor).cloned();
        let is_at_top = self.offset == 0 && self.cursor < self.page_rows;
        self.offset = if is_at_top { 0 } else { self.cursor.saturating_sub(line) };
    }

    /// Freezes or thaws the order because a dialog opened or closed.
    pub fn set_dialog_open<S: RowSource<Id = Id>>(&mut self, is_open: bool, source: &S) {
        self.is_dialog_open = is_open;
        self.catch_up(source);
    }

    /// Takes in what happened while frozen, once nothing freezes any more.
    fn catch_up<S: RowSource<Id = Id>>(&mut self, source: &S) {
        if self.is_behind && !self.is_frozen() {
            self.rebuild(source);
        }
    }

    /// Whether the order stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.is_dialog_open || !self.marks.is_empty()
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&Id> {
        self.selected.as_ref()
    }

    /// Selects a row, if it is shown; says whether it is.
    pub fn select<S: RowSource<Id = Id>>(&mut self, id: &Id, source: &S) -> bool {
        let Some(index) = self.order.position(id, source) else { return false };
        self.move_to(index);
        true
    }

    /// The marked rows.
    #[must_use]
    pub fn marked(&self) -> &BTreeSet<Id> {
        &self.marks
    }

    /// What an action is about: the marked rows, or else the selected one.
    #[must_use]
    pub fn targets(&self) -> Vec<Id> {
        if self.marks.is_empty() {
            self.selected.iter().cloned().collect()
        } else {
            self.marks.iter().cloned().collect()
        }
    }

    /// Takes all marks away; says whether there were any.
    pub fn clear_marks<S: RowSource<Id = Id>>(&mut self, source: &S) -> bool {
        let had_any = !self.marks.is_empty();
        self.marks.clear();
        self.catch_up(source);
        had_any
    }

    /// Rows shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether no row is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.len() == 0
    }

    /// The selected row's place, counted from 1, and the rows shown.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        (if self.is_empty() { 0 } else { self.cursor + 1 }, self.order.len())
    }

    /// The ids shown, in order.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.order.ids()
    }

    /// The rows on screen as last laid out.
    pub fn visible(&self) -> impl Iterator<Item = &Id> {
        self.order.ids().skip(self.offset).take(self.page_rows)
    }

    /// The column sorted by and the direction.
    #[must_use]
    pub fn sorting(&self) -> (&'static Column, Direction) {
        let (column, direction) = self.order.sorting();
        (&self.columns[column.min(self.columns.len().saturating_sub(1))], direction)
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &'static [Column] {
        self.columns
    }

    /// Does the actions of every table: moving, sorting, marking. Says whether it was one of them.
    pub fn on_action<S: RowSource<Id = Id>>(&mut self, action: Action, source: &S) -> bool {
        let last = self.order.len().saturating_sub(1);
        let page = self.page_rows.max(1);
        match action {
            Action::Up => self.move_to(self.cursor.saturating_sub(1)),
            Action::Down => self.move_to(self.cursor + 1),
            Action::PageUp => self.move_to(self.cursor.saturating_sub(page)),
            Action::PageDown => self.move_to(self.cursor + page),
            Action::HalfPageUp => self.move_to(self.cursor.saturating_sub(page.div_ceil(2))),
            Action::HalfPageDown => self.move_to(self.cursor + page.div_ceil(2)),
            Action::Home => self.move_to(0),
            Action::End => self.move_to(last),
            Action::SortNext => self.sort_by_neighbour(1, source),
            Action::SortPrevious => self.sort_by_neighbour(self.columns.len().saturating_sub(1), source),
            Action::SortReverse => {
                self.order.reverse();
                self.rebuild(source);
            }
            Action::Mark => self.toggle_mark(source),
            Action::MarkAll => self.toggle_all_marks(source),
            _ => return false,
        }
        true
    }

    /// Selects a row with a click, moves with the wheel; says whether it was used.
    pub fn on_mouse(&mut self, mouse: Mouse, area: Rect) -> bool {
        match mouse.kind {
            MouseKind::WheelUp => self.move_to(self.cursor.saturating_sub(1)),
            MouseKind::WheelDown => self.move_to(self.cursor + 1),
            MouseKind::Press => {
                if mouse.at.y <= area.y || !area.contains(mouse.at) {
                    return false;
                }
                let index = self.offset + usize::from(mouse.at.y - area.y - 1);
                if index >= self.order.len() {
                    return false;
                }
                self.move_to(index);
            }
        }
        true
    }

    fn move_to(&mut self, index: usize) {
        self.cursor = index.min(self.order.len().saturating_sub(1));
        self.selected = self.order.id(self.cursor).cloned();
    }

    /// Sorts by the sortable column `steps` to the right, going round.
    fn sort_by_neighbour<S: RowSource<Id = Id>>(&mut self, steps: usize, source: &S) {
        let count = self.columns.len();
        let (mut column, _) = self.order.sorting();
        for _ in 0..count {
            column = (column + steps) % count;
            if self.columns[column].is_sortable {
                break;
            }
        }
        self.order.sort_by(column, Direction::Ascending);
        self.rebuild(source);
    }

    fn toggle_mark<S: RowSource<Id = Id>>(&mut self, source: &S) {
        if let Some(id) = self.selected.clone() {
            if !self.marks.remove(&id) {
                self.marks.insert(id);
            }
            self.move_to(self.cursor + 1);
            self.catch_up(source);
        }
    }

    fn toggle_all_marks<S: RowSource<Id = Id>>(&mut self, source: &S) {
        let shown: BTreeSet<Id> = self.order.ids().filter(|id| source.exists(id)).cloned().collect();
        if self.marks == shown {
            self.marks.clear();
        } else {
            self.marks = shown;
        }
        self.catch_up(source);
    }
}
