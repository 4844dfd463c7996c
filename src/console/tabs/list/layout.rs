//! Where the parts of a list stand, and which of them differ from what was painted.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Kind, List};
use crate::console::component::Dirty;
use crate::console::condition::{self, Condition};
use crate::console::context::ViewContext;

/// From this width on, details stand beside the table; below, they take its place.
const WIDTH_FOR_BOTH: u16 = 110;

/// The parts' areas; a part that is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layout {
    /// What the list is about.
    pub(super) header: Rect,
    /// What is wrong.
    pub(super) banner: Rect,
    /// Everything between header and foot.
    pub(super) body: Rect,
    /// The rows.
    pub(super) table: Rect,
    /// The line between rows and details.
    pub(super) rule: Rect,
    /// The details.
    pub(super) detail: Rect,
    /// The filter.
    pub(super) foot: Rect,
}

/// What is on screen.
pub(super) struct Painted {
    pub(super) layout: Layout,
    pub(super) condition: Condition,
    pub(super) header: Vec<Line<'static>>,
    pub(super) details: Vec<Line<'static>>,
    pub(super) detail_offset: usize,
    pub(super) foot: Line<'static>,
    pub(super) minute: i64,
}

impl Painted {
    /// What must be drawn again besides the rows, when the layout is the same.
    pub(super) fn difference(&self, painted: &Self, rows: Dirty, area: Rect) -> Dirty {
        let was_instead = matches!(painted.condition, Condition::Instead(_));
        let is_instead = matches!(self.condition, Condition::Instead(_));
        if was_instead || is_instead {
            return Dirty::area_if(self.condition != painted.condition || self.foot != painted.foot, area);
        }
        let mut dirty = rows;
        if self.condition != painted.condition {
            dirty.add(self.layout.banner);
        }
        if self.header != painted.header {
            dirty.add(self.layout.header);
        }
        if self.details != painted.details || self.detail_offset != painted.detail_offset {
            dirty.add(self.layout.detail);
        }
        if self.foot != painted.foot {
            dirty.add(self.layout.foot);
        }
        dirty
    }
}

impl<K: Kind> List<K> {
    pub(super) fn layout(&self, area: Rect, context: &ViewContext<'_>) -> Layout {
        if area.width < condition::SMALLEST.0 || area.height < condition::SMALLEST.1 {
            return Layout { body: area, ..Layout::default() };
        }
        let has_foot = self.filter.is_shown() || !self.table.marked().is_empty();
        let (rest, foot) = cut_bottom(area, u16::from(has_foot));
        let header_lines = u16::try_from(self.header(area, context).len()).unwrap_or(0).min(rest.height / 3);
        let (header, rest) = cut_top(rest, header_lines);
        let condition = self.condition(context);
        let (banner, body) = cut_top(rest, condition::banner_height(&condition, area));
        let none = Rect { width: 0, height: 0, ..body };
        let mut layout = Layout { header, banner, body, table: body, rule: none, detail: none, foot };
        let has_rows = !matches!(condition, Condition::Instead(_));
        if has_rows && self.is_detail_open && self.table.selected().is_some() {
            layout.split_body();
        } else if !has_rows {
            layout.table = none;
        }
        layout
    }
}

impl Layout {
    fn split_body(&mut self) {
        let body = self.body;
        if body.width < WIDTH_FOR_BOTH {
            self.table = Rect { width: 0, height: 0, ..body };
            self.detail = Rect { x: body.x + 1, width: body.width - 1, ..body };
            return;
        }
        let width = body.width * 9 / 20;
        let x = body.right() - width;
        self.table = Rect { width: body.width - width - 2, ..body };
        self.rule = Rect { x: x - 1, width: 1, ..body };
        self.detail = Rect { x: x + 1, width: width - 1, ..body };
    }
}

fn cut_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

fn cut_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let top = area.height - rows;
    (Rect { height: top, ..area }, Rect { y: area.y + top, height: rows, ..area })
}
