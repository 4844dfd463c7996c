//! Drawing rows, and finding out which of them differ from what was painted.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::layout::{GUTTER, Placed, place};
use super::order::Direction;
use super::{Align, RowSource, Table};
use crate::console::component::{Dirty, Scrolled};
use crate::console::context::ViewContext;
use crate::console::widgets::text::width as width_of;

/// What is on screen.
pub(super) struct Painted<Id> {
    area: Rect,
    offset: usize,
    cursor: usize,
    pub(super) ids: Vec<Id>,
    is_marked: Vec<bool>,
    sorting: (usize, Direction),
}

impl<Id: Clone + Ord> Table<Id> {
    /// What must be drawn again when drawn at `area`; settles the scroll offset.
    pub fn take_dirty(&mut self, area: Rect) -> Dirty {
        let rows = usize::from(area.height.saturating_sub(1));
        self.page_rows = rows;
        self.settle_offset(rows);
        let window: Vec<Id> = self.order.ids().skip(self.offset).take(rows).cloned().collect();
        let fresh = Painted {
            area,
            offset: self.offset,
            cursor: self.cursor,
            is_marked: window.iter().map(|id| self.marks.contains(id)).collect(),
            ids: window,
            sorting: self.order.sorting(),
        };
        let dirty = match &self.painted {
            Some(painted) if painted.area == area => self.difference(painted, &fresh),
            _ => Dirty::area(area),
        };
        self.painted = Some(fresh);
        self.touched.clear();
        self.is_all_touched = false;
        dirty
    }

    /// Forgets what was painted: the next frame draws everything.
    pub fn invalidate(&mut self) {
        self.painted = None;
    }

    fn settle_offset(&mut self, rows: usize) {
        let last_offset = self.order.len().saturating_sub(rows);
        self.offset = self.offset.clamp((self.cursor + 1).saturating_sub(rows), self.cursor).min(last_offset);
    }

    fn difference(&self, painted: &Painted<Id>, fresh: &Painted<Id>) -> Dirty {
        let area = fresh.area;
        let mut dirty = Dirty::nothing();
        if painted.sorting != fresh.sorting {
            dirty.add(Rect { height: area.height.min(1), ..area });
        }
        let rows = usize::from(area.height.saturating_sub(1));
        let shift = shift_of(painted, fresh, rows);
        if shift != 0 {
            let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
            dirty.scrolled = Some(Scrolled { area: body, rows: shift });
        }
        let bar = self.bar_width(area.width);
        for line in 0..rows {
            let before = line.checked_add_signed(isize::from(shift)).filter(|before| *before < rows);
            let y = area.y + 1 + u16::try_from(line).unwrap_or(u16::MAX);
            match self.row_difference(painted, before, fresh, line) {
                RowDifference::Nothing => {}
                RowDifference::Bar => dirty.add(Rect { x: area.x, y, width: bar, height: 1 }),
                RowDifference::Row => dirty.add(Rect { y, height: 1, ..area }),
            }
        }
        dirty
    }

    fn row_difference(
        &self,
        painted: &Painted<Id>,
        before: Option<usize>,
        fresh: &Painted<Id>,
        line: usize,
    ) -> RowDifference {
        let Some(before) = before else { return RowDifference::Row };
        let (old, new) = (painted.ids.get(before), fresh.ids.get(line));
        if old != new {
            return RowDifference::Row;
        }
        let Some(id) = new else { return RowDifference::Nothing };
        if self.is_all_touched || self.touched.contains(id) {
            return RowDifference::Row;
        }
        let was_selected = painted.offset + before == painted.cursor;
        let is_selected = fresh.offset + line == fresh.cursor;
        if was_selected != is_selected || painted.is_marked.get(before) != fresh.is_marked.get(line) {
            RowDifference::Bar
        } else {
            RowDifference::Nothing
        }
    }

    /// The gutter and the first column: what the selection paints. Narrow on purpose: a bar over the whole row would
    /// resend two rows of text for each key press.
    fn bar_width(&self, width: u16) -> u16 {
        place(self.columns, width).first().map_or(width, |first| (first.x + first.width).min(width))
    }

    /// Draws the head and the visible rows.
    pub fn draw<S: RowSource<Id = Id>>(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        source: &S,
        context: &ViewContext<'_>,
    ) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let placed = place(self.columns, area.width);
        let head = Rect { height: 1, ..area };
        if context.is_visible(head) {
            self.draw_head(head, buffer, &placed, context);
        }
        for (line, id) in (1..area.height).zip(self.order.ids().skip(self.offset)) {
            let row = Rect { y: area.y + line, height: 1, ..area };
            if context.is_visible(row) {
                let is_selected = self.offset + usize::from(line) - 1 == self.cursor;
                self.draw_row(row, buffer, &placed, source, context, (id, is_selected));
            }
        }
    }

    fn draw_head(&self, area: Rect, buffer: &mut Buffer, placed: &[Placed], context: &ViewContext<'_>) {
        let (sorted_by, direction) = self.order.sorting();
        let (theme, glyphs) = (context.theme, context.glyphs);
        let arrow = if direction == Direction::Ascending { glyphs.ascending } else { glyphs.descending };
        for place in placed {
            let column = &self.columns[place.column];
            let at = (area.x + place.x, area.y, place.width);
            if place.column == sorted_by {
                let title = format!("{}{arrow}", column.title);
                draw_text(buffer, at, &title, theme.table_head_sorted, column.align, context);
            } else {
                draw_text(buffer, at, column.title, theme.table_head, column.align, context);
            }
        }
        let is_shown = placed.iter().any(|place| place.column == sorted_by);
        if let (false, Some(last)) = (is_shown, placed.last()) {
            // Its column had no room: what the rows are sorted by stands at the end of the head.
            let text = format!(" {}{arrow}", self.columns[sorted_by].title);
            let title = width_of(self.columns[last.column].title);
            let room = usize::from(last.width).saturating_sub(title);
            let cells = u16::try_from(width_of(&text)).unwrap_or(u16::MAX);
            if usize::from(cells) <= room {
                let at = (area.x + last.x + last.width - cells, area.y, cells);
                draw_text(buffer, at, &text, theme.table_head_sorted, Align::Right, context);
            }
        }
    }

    fn draw_row<S: RowSource<Id = Id>>(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        placed: &[Placed],
        source: &S,
        context: &ViewContext<'_>,
        (id, is_selected): (&Id, bool),
    ) {
        let theme = context.theme;
        let gutter = match (is_selected, self.marks.contains(id)) {
            (true, true) => (context.glyphs.marked_selected, theme.selection),
            (true, false) => (context.glyphs.selected, theme.selection),
            (false, true) => (context.glyphs.marked, theme.marked),
            (false, false) => (" ", Style::new()),
        };
        buffer.set_stringn(area.x, area.y, gutter.0, usize::from(GUTTER.min(area.width)), gutter.1);
        let exists = source.exists(id);
        for (at, place) in placed.iter().enumerate() {
            let column = &self.columns[place.column];
            let (text, style) = if exists {
                let cell = source.cell(id, place.column, place.width);
                (cell.text, cell.style)
            } else if at == 0 {
                (Cow::Owned(source.gone_text(id)), theme.gone)
            } else {
                continue;
            };
            let position = (area.x + place.x, area.y, place.width);
            if at == 0 && is_selected {
                buffer.set_style(Rect { x: position.0, width: place.width, ..area }, theme.selection);
                draw_text(buffer, position, &text, theme.selection, column.align, context);
            } else {
                draw_text(buffer, position, &text, style, column.align, context);
            }
        }
    }
}

enum RowDifference {
    Nothing,
    Bar,
    Row,
}

/// By how many rows the text moved up, where moving what is painted saves anything.
fn shift_of<Id: PartialEq>(painted: &Painted<Id>, fresh: &Painted<Id>, rows: usize) -> i16 {
    let shift = fresh.offset.abs_diff(painted.offset);
    if shift == 0 || shift >= rows {
        return 0;
    }
    let is_up = fresh.offset > painted.offset;
    let (from, to) = if is_up { (shift, 0) } else { (0, shift) };
    let kept = rows - shift;
    let same = (0..kept).filter(|line| painted.ids.get(from + line) == fresh.ids.get(to + line)).count();
    if same * 2 <= kept {
        return 0;
    }
    let shift = i16::try_from(shift).unwrap_or(0);
    if is_up { shift } else { -shift }
}

/// Draws a text into `width` cells from (x, y), cut with an ellipsis where it is too long.
fn draw_text(
    buffer: &mut Buffer,
    (x, y, width): (u16, u16, u16),
    text: &str,
    style: Style,
    align: Align,
    context: &ViewContext<'_>,
) {
    let cells = width_of(text);
    let limit = usize::from(width);
    if cells <= limit {
        let indent = if align == Align::Right { limit - cells } else { 0 };
        buffer.set_stringn(x + u16::try_from(indent).unwrap_or(0), y, text, limit, style);
    } else if limit > 0 {
        let (end, _) = buffer.set_stringn(x, y, text, limit - 1, style);
        buffer.set_stringn(end, y, context.glyphs.ellipsis, 1, style);
    }
}
