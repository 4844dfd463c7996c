//! Overlays to read: the keys that work here, and the last notices.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::actions::{ACTIONS, Action, Scope};
use super::component::{Component, Dirty, Effect, Effects, Handled, Loudness, Mouse, MouseKind};
use super::context::ViewContext;
use super::format;
use super::widgets::frame;
use super::widgets::scroll::Scroll;
use super::widgets::text::{left, wrap};
use crate::model::time::Timestamp;

/// The widest an overlay gets: longer lines are hard to read.
const WIDEST: u16 = 100;

/// Cells of the frame and its padding, left and right.
const FRAME_CELLS: u16 = 4;

/// Cells of the column of keys.
const KEY_CELLS: usize = 24;

/// A text in a frame above everything.
pub struct Viewer {
    title: String,
    paragraphs: Vec<Paragraph>,
    /// The paragraphs broken into lines for the width last laid out.
    lines: Vec<Line<'static>>,
    cells: usize,
    scroll: Scroll,
    is_dirty: bool,
}

/// A text with something before its first line; its other lines are indented by as much.
struct Paragraph {
    head: Span<'static>,
    text: String,
    style: Style,
}

impl Paragraph {
    fn new(head: Span<'static>, text: impl Into<String>, style: Style) -> Self {
        Self { head, text: text.into(), style }
    }

    fn lines(&self, cells: usize) -> impl Iterator<Item = Line<'static>> {
        let indent = self.head.width();
        wrap(&self.text, cells.saturating_sub(indent)).into_iter().enumerate().map(move |(row, part)| {
            let lead = if row == 0 { self.head.clone() } else { Span::raw(" ".repeat(indent)) };
            Line::from(vec![lead, Span::styled(part, self.style)])
        })
    }
}

impl Viewer {
    /// The keys that work where a component of this scope has the focus.
    #[must_use]
    pub fn help(scope: Scope, is_enabled: impl Fn(Action) -> bool, context: &ViewContext<'_>) -> Self {
        let mut paragraphs = Vec::new();
        let theme = context.theme;
        for part in scope.stack() {
            let specs: Vec<_> = ACTIONS.iter().filter(|spec| spec.scopes.contains(part)).collect();
            if specs.is_empty() {
                continue;
            }
            if !paragraphs.is_empty() {
                paragraphs.push(Paragraph::new(Span::default(), "", theme.text));
            }
            paragraphs.push(Paragraph::new(Span::default(), part.title(), theme.title));
            for spec in specs {
                let keys: Vec<_> = context.keymap.keys(spec.action).iter().map(ToString::to_string).collect();
                let is_removed = context.is_read_only && spec.risk.is_removed_by_read_only();
                let mark = if is_removed { " (read-only: off)" } else { "" };
                let is_usable = !is_removed && is_enabled(spec.action);
                let (key, text) =
                    if is_usable { (theme.key, theme.text) } else { (theme.muted, theme.muted) };
                let head = Span::styled(left(&keys.join(" "), KEY_CELLS, context.glyphs.ellipsis), key);
                paragraphs.push(Paragraph::new(head, format!("{}{mark}", spec.help), text));
            }
        }
        Self::new("Keys", paragraphs)
    }

    /// The last notices, newest first.
    #[must_use]
    pub fn notices<'a>(
        notices: impl Iterator<Item = (Timestamp, Loudness, &'a str)>,
        context: &ViewContext<'_>,
    ) -> Self {
        let muted = context.theme.muted;
        let paragraph = |(at, loudness, text): (Timestamp, Loudness, &str)| {
            let head = Span::styled(format!("{}  ", format::time_of_day(at)), muted);
            Paragraph::new(head, text, loudness_style(loudness, context))
        };
        let mut paragraphs: Vec<_> = notices.map(paragraph).collect();
        if paragraphs.is_empty() {
            paragraphs.push(Paragraph::new(Span::default(), "Nothing was said so far.", muted));
        }
        Self::new("Notices", paragraphs)
    }

    fn new(title: &str, paragraphs: Vec<Paragraph>) -> Self {
        let lines = Vec::new();
        let scroll = Scroll::default();
        Self { title: title.to_owned(), paragraphs, lines, cells: 0, scroll, is_dirty: true }
    }

    fn wrapped(&self, cells: usize) -> impl Iterator<Item = Line<'static>> {
        self.paragraphs.iter().flat_map(move |paragraph| paragraph.lines(cells))
    }
}

/// The style of a notice.
#[must_use]
pub fn loudness_style(loudness: Loudness, context: &ViewContext<'_>) -> Style {
    match loudness {
        Loudness::Good => context.theme.good,
        Loudness::Info => context.theme.info,
        Loudness::Warning => context.theme.warning,
        Loudness::Bad => context.theme.bad,
    }
}

impl Component for Viewer {
    fn scope(&self) -> Scope {
        Scope::Viewer
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let title = match self.scroll.position() {
            Some(position) => format!("{} {} {position}", self.title, context.glyphs.separator),
            None => self.title.clone(),
        };
        let inside = frame::draw(area, &title, buffer, context);
        for (line, row) in self.lines.iter().skip(self.scroll.offset()).zip(inside.rows()) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        let cells = usize::from(area.width.saturating_sub(FRAME_CELLS));
        if cells != self.cells {
            self.cells = cells;
            self.lines = self.wrapped(cells).collect();
            self.is_dirty = true;
        }
        self.scroll.settle(self.lines.len(), usize::from(area.height.saturating_sub(2)));
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, _context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        if matches!(action, Action::Back | Action::CloseViewer) {
            effects.close();
            return Handled::Consumed;
        }
        if action == Action::Copy {
            let text: Vec<_> = self.wrapped(usize::from(WIDEST)).map(|line| line.to_string()).collect();
            effects.push(Effect::Copy { text: text.join("\n"), label: self.title.to_lowercase() });
            return Handled::Consumed;
        }
        let before = self.scroll;
        if !self.scroll.on_action(action) {
            return Handled::Ignored;
        }
        self.is_dirty |= self.scroll != before;
        Handled::Consumed
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        match mouse.kind {
            MouseKind::WheelUp => self.on_action(Action::Up, context, effects),
            MouseKind::WheelDown => self.on_action(Action::Down, context, effects),
            MouseKind::Press => Handled::Ignored,
        }
    }

    fn is_enabled(&self, action: Action, _context: &ViewContext<'_>) -> bool {
        action != Action::Refresh
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let width = WIDEST.min(screen.width);
        let lines = self.wrapped(usize::from(width.saturating_sub(FRAME_CELLS))).count();
        Some((width, u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)))
    }
}
