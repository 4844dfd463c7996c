//! What every list of things shares: table, filter, banner, details, export. What the things are is a [`Kind`].

pub(in crate::console) mod columns;
mod layout;
mod rows;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

pub use rows::{Kind, Source};

use crate::console::actions::{Action, Scope};
use crate::console::component::{Dirty, Effect, Effects, Handled, Loudness, Mouse};
use crate::console::condition::{self, Condition};
use crate::console::context::ViewContext;
use crate::console::dialogs::export::Export;
use crate::console::dialogs::filter_bar::FilterBar;
use crate::console::keys::Key;
use crate::console::widgets::paragraph;
use crate::console::widgets::table::{Direction, Table};
use crate::model::time::Timestamp;
use layout::{Layout, Painted};

/// Ages in tables are told to the minute, so they are drawn again when it passes.
const MINUTE_MS: i64 = 60_000;

/// A list of things of one kind.
pub struct List<K: Kind> {
    /// What is listed.
    pub kind: K,
    /// Its rows' order, selection and marks.
    pub table: Table<K::Id>,
    filter: FilterBar,
    is_detail_open: bool,
    detail_offset: usize,
    painted: Option<Painted>,
}

impl<K: Kind> List<K> {
    /// A list sorted by the column of this index.
    #[must_use]
    pub fn new(kind: K, sorted_by: usize, direction: Direction) -> Self {
        Self {
            kind,
            table: Table::new(K::COLUMNS, sorted_by, direction),
            filter: FilterBar::new(K::FILTER_COLUMNS),
            is_detail_open: false,
            detail_offset: 0,
            painted: None,
        }
    }

    /// Where keys are looked up.
    #[must_use]
    pub fn scope(&self, of_kind: Scope) -> Scope {
        if self.filter.is_typing() { Scope::Text } else { of_kind }
    }

    /// Reads every row again.
    pub fn rebuild(&mut self, context: &ViewContext<'_>) {
        self.table.set_columns(self.kind.columns(context.fleet));
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.rebuild(&source);
    }

    /// Reads every row again unless the order is frozen.
    pub fn refresh(&mut self, context: &ViewContext<'_>) {
        self.table.set_columns(self.kind.columns(context.fleet));
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.refresh(&source);
    }

    /// Reads some rows again.
    pub fn update(&mut self, touched: &[K::Id], context: &ViewContext<'_>) {
        self.table.set_columns(self.kind.columns(context.fleet));
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.update(touched, &source);
    }

    /// Freezes or thaws the order.
    pub fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.set_dialog_open(is_frozen, &source);
    }

    /// Selects a row, taking the filter away when it hides the row; says whether the row exists.
    pub fn reveal(&mut self, id: &K::Id, context: &ViewContext<'_>) -> bool {
        if !self.kind.exists(context.fleet, id) {
            return false;
        }
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        if self.table.select(id, &source) {
            return true;
        }
        self.filter.clear();
        self.rebuild(context);
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.select(id, &source)
    }

    /// Forgets marks, filter and open details: for showing another set of things.
    pub fn reset(&mut self, context: &ViewContext<'_>) {
        self.filter.clear();
        self.is_detail_open = false;
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        self.table.clear_marks(&source);
        self.rebuild(context);
        self.table
            .on_action(Action::Home, &Source { kind: &self.kind, context, filter: self.filter.filter() });
        self.painted = None;
    }

    /// Does what every list does: moving, sorting, marking, filtering, details, copy, export.
    pub fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::Filter => self.filter.begin(),
            Action::Submit => {
                self.filter.submit();
            }
            Action::LeaveText => {
                self.filter.cancel();
                self.rebuild(context);
            }
            Action::TextUp | Action::TextDown => {
                if self.filter.recall(action == Action::TextUp) {
                    self.rebuild(context);
                }
            }
            Action::Details if self.table.selected().is_some() => {
                self.is_detail_open = true;
                self.detail_offset = 0;
            }
            Action::Back => return self.back(context),
            Action::Copy => self.copy(context, effects),
            Action::Export => self.export(context).write(K::NAME, context.now, effects),
            _ if self.is_detail_open && self.scrolls_detail(action) => self.scroll_detail(action),
            _ => return self.table_action(action, context, effects),
        }
        Handled::Consumed
    }

    fn table_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        let before = self.table.selected().cloned();
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        if !self.table.on_action(action, &source) {
            return Handled::Ignored;
        }
        if self.table.selected() != before.as_ref() {
            self.detail_offset = 0;
            effects.push(Effect::FocusChanged);
        }
        Handled::Consumed
    }

    /// Closes one thing at a time: details, marks, filter.
    fn back(&mut self, context: &ViewContext<'_>) -> Handled {
        if self.is_detail_open {
            self.is_detail_open = false;
            return Handled::Consumed;
        }
        let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
        if self.table.clear_marks(&source) {
            return Handled::Consumed;
        }
        if self.filter.clear() {
            self.rebuild(context);
            return Handled::Consumed;
        }
        Handled::Ignored
    }

    fn copy(&self, context: &ViewContext<'_>, effects: &mut Effects) {
        let copied = self.table.selected().and_then(|id| self.kind.copy_text(context, id));
        match copied {
            Some((text, label)) => effects.push(Effect::Copy { text, label: label.to_owned() }),
            None => effects.notice(Loudness::Info, "nothing to copy here"),
        }
    }

    /// The rows shown, in their order, with every column that can be filtered by.
    fn export(&self, context: &ViewContext<'_>) -> Export {
        let heads = K::FILTER_COLUMNS.iter().map(crate::console::dialogs::export::head).collect();
        let row = |id: &K::Id| {
            let value = |column: &str| self.kind.value(context, id, column).map(Into::into);
            K::FILTER_COLUMNS.iter().map(|column| value(column.name)).collect()
        };
        let exists = |id: &&K::Id| self.kind.exists(context.fleet, id);
        Export { heads, rows: self.table.ids().filter(exists).map(row).collect() }
    }

    /// Beside the table only paging scrolls the details, and moving goes through the rows; alone, everything does.
    fn scrolls_detail(&self, action: Action) -> bool {
        let is_alone = self.painted.as_ref().is_some_and(|painted| painted.layout.table.is_empty());
        match action {
            Action::PageUp | Action::PageDown | Action::HalfPageUp | Action::HalfPageDown => true,
            Action::Up | Action::Down | Action::Home | Action::End => is_alone,
            _ => false,
        }
    }

    fn scroll_detail(&mut self, action: Action) {
        let Some(painted) = &self.painted else { return };
        let rows = usize::from(painted.layout.detail.height);
        let last = painted.details.len().saturating_sub(rows);
        let offset = self.detail_offset.min(last);
        let moved = match action {
            Action::Up => offset.saturating_sub(1),
            Action::Down => offset + 1,
            Action::PageUp => offset.saturating_sub(rows),
            Action::PageDown => offset + rows,
            Action::HalfPageUp => offset.saturating_sub(rows / 2),
            Action::HalfPageDown => offset + rows / 2,
            Action::Home => 0,
            _ => last,
        };
        self.detail_offset = moved.min(last);
    }

    /// Types a key into the filter.
    pub fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>) -> Handled {
        if self.filter.key(key) {
            self.rebuild(context);
        }
        Handled::Consumed
    }

    /// Pastes into the filter.
    pub fn on_paste(&mut self, words: &str, context: &ViewContext<'_>) -> Handled {
        if !self.filter.is_typing() {
            return Handled::Ignored;
        }
        if self.filter.paste(words) {
            self.rebuild(context);
        }
        Handled::Consumed
    }

    /// Selects with a click, moves with the wheel.
    pub fn on_mouse(&mut self, mouse: Mouse, effects: &mut Effects) -> Handled {
        let Some(painted) = &self.painted else { return Handled::Ignored };
        if painted.layout.table.is_empty() || !self.table.on_mouse(mouse, painted.layout.table) {
            return Handled::Ignored;
        }
        effects.push(Effect::FocusChanged);
        Handled::Consumed
    }

    /// Whether an action of every list would do something.
    #[must_use]
    pub fn is_enabled(&self, action: Action) -> bool {
        match action {
            Action::Details | Action::Copy | Action::Mark | Action::MarkAll | Action::Export => {
                !self.table.is_empty()
            }
            Action::Back => self.is_detail_open || !self.table.marked().is_empty() || self.filter.is_shown(),
            _ => true,
        }
    }

    /// When ages move on: at the full minute, or at the full second while the details count.
    #[must_use]
    pub fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        if self.table.is_empty() {
            return None;
        }
        let counts = self.is_detail_open
            && self.table.selected().is_some_and(|id| self.kind.counts(context.fleet, id));
        let step = if counts { 1_000 } else { MINUTE_MS };
        Some(Timestamp((context.now.0.div_euclid(step) + 1) * step))
    }

    /// Where the cursor of the filter stands.
    #[must_use]
    pub fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.filter.cursor(self.layout(area, context).foot)
    }

    /// What must be drawn again.
    pub fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let layout = self.layout(area, context);
        let minute = context.now.0.div_euclid(MINUTE_MS);
        if self.painted.as_ref().is_some_and(|painted| painted.minute != minute) {
            self.table.touch_visible();
        }
        let rows =
            if layout.table.is_empty() { Dirty::nothing() } else { self.table.take_dirty(layout.table) };
        let fresh = Painted {
            condition: self.condition(context),
            header: self.header(layout.header, context),
            details: self.details(layout.detail, context),
            detail_offset: self.detail_offset,
            foot: self.foot(layout.foot, context),
            layout,
            minute,
        };
        let dirty = match &self.painted {
            Some(painted) if painted.layout == fresh.layout => fresh.difference(painted, rows, area),
            _ => {
                self.table.touch_visible();
                Dirty::area(area)
            }
        };
        self.painted = Some(fresh);
        dirty
    }

    /// Draws the list.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let area = area.intersection(buffer.area);
        if area.is_empty() || condition::draw_too_small(area, buffer, context) {
            return;
        }
        let layout = self.layout(area, context);
        let condition = self.condition(context);
        for (row, line) in layout.header.rows().zip(&self.header(layout.header, context)) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
        condition::draw_banner(&condition, layout.banner, buffer, context);
        if let Condition::Instead(notice) = &condition {
            condition::draw_notice(notice, layout.body, buffer, context);
        } else {
            let source = Source { kind: &self.kind, context, filter: self.filter.filter() };
            self.table.draw(layout.table, buffer, &source, context);
            self.draw_details(&layout, buffer, context);
        }
        if layout.foot.height > 0 {
            self.filter.draw(layout.foot, buffer, &self.counts(context), context);
        }
    }

    fn draw_details(&self, layout: &Layout, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let theme = context.theme;
        for row in layout.rule.rows() {
            buffer.set_string(row.x, row.y, context.glyphs.vertical, theme.border);
        }
        if !layout.detail.is_empty() {
            let lines = self.details(layout.detail, context);
            paragraph::draw(&lines, self.detail_offset, layout.detail, buffer, theme.muted);
        }
    }

    fn condition(&self, context: &ViewContext<'_>) -> Condition {
        let total = self.total(context);
        let condition = self.kind.condition(context, total);
        if total > 0 && self.table.is_empty() && !matches!(condition, Condition::Instead(_)) {
            return Condition::Instead(condition::Notice {
                title: format!("None of {total} {} match the filter", K::WORDS.things),
                paragraphs: vec![format!("{} takes the filter away.", context.keymap.label(Action::Back))],
                verbatim: Vec::new(),
                tone: condition::Tone::Calm,
            });
        }
        condition
    }

    fn header(&self, area: Rect, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        self.kind.header(context, usize::from(area.width))
    }

    fn details(&self, area: Rect, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        match self.table.selected() {
            Some(id) if !area.is_empty() => self.kind.details(context, id, usize::from(area.width)),
            _ => Vec::new(),
        }
    }

    fn foot(&self, area: Rect, context: &ViewContext<'_>) -> Line<'static> {
        if area.is_empty() {
            return Line::default();
        }
        self.filter.line(usize::from(area.width), &self.counts(context), context)
    }

    /// How many rows are shown and marked.
    fn counts(&self, context: &ViewContext<'_>) -> String {
        let marked = self.table.marked().len();
        let marks = if marked > 0 { format!(", {marked} marked, order held") } else { String::new() };
        format!("{} of {} shown{marks}", self.table.len(), self.total(context))
    }

    /// How many things there are; a count that lags behind the rows never hides them.
    fn total(&self, context: &ViewContext<'_>) -> usize {
        self.kind.count(context.fleet).max(self.table.len())
    }
}
