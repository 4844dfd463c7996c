//! The palette: every action that makes sense here, found by a few letters of its name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::actions::{ACTIONS, Action, ActionSpec, Scope};
use super::component::{Component, Dirty, Effect, Effects, Handled};
use super::context::ViewContext;
use super::keys::Key;
use super::widgets::form::TextField;
use super::widgets::frame;
use super::widgets::text::{cut, left, width};

/// Cells of the column of names.
const NAME_CELLS: usize = 20;

/// Cells of the column of keys.
const KEY_CELLS: usize = 10;

/// Before the typed text.
const PROMPT: &str = "> ";

/// The palette.
pub struct Palette {
    choices: Vec<&'static ActionSpec>,
    found: Vec<usize>,
    selected: usize,
    field: TextField,
    is_dirty: bool,
}

impl Palette {
    /// Everything that can be done while a component of this scope has the focus.
    #[must_use]
    pub fn new(scope: Scope, is_enabled: impl Fn(Action) -> bool, context: &ViewContext<'_>) -> Self {
        // Moving by name helps nobody, and the palette itself is open.
        let is_useful = |spec: &ActionSpec| {
            spec.scopes.iter().any(|part| scope.stack().contains(part))
                && !spec.scopes.contains(&Scope::Scroll)
                && spec.action != Action::Palette
                && !(context.is_read_only && spec.risk.is_removed_by_read_only())
                && is_enabled(spec.action)
        };
        let mut choices: Vec<_> = ACTIONS.iter().filter(|spec| is_useful(spec)).collect();
        // What only this view can do first, what works everywhere last.
        choices.sort_by_key(|spec| scope.stack().iter().position(|part| spec.scopes.contains(part)));
        let found = (0..choices.len()).collect();
        Self { choices, found, selected: 0, field: TextField::default(), is_dirty: true }
    }

    /// Finds the choices that match what is typed, best first.
    fn search(&mut self) {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = (0..)
            .zip(&self.choices)
            .filter_map(|(index, spec)| {
                // A match in the name counts double.
                let name = spec.name.replace('_', " ");
                let in_name = pattern.score(Utf32Str::new(&name, &mut buffer), &mut matcher);
                let all = format!("{name} {} {}", spec.label, spec.help);
                let in_all = pattern.score(Utf32Str::new(&all, &mut buffer), &mut matcher)?;
                Some((in_name.unwrap_or(0) * 2 + in_all, index))
            })
            .collect();
        scored.sort_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
        self.found = scored.into_iter().map(|(_, index)| index).collect();
        self.selected = 0;
        self.is_dirty = true;
    }

    fn select(&mut self, index: usize) {
        self.selected = index.min(self.found.len().saturating_sub(1));
        self.is_dirty = true;
    }

    fn line(
        &self,
        index: usize,
        is_selected: bool,
        cells: usize,
        context: &ViewContext<'_>,
    ) -> Line<'static> {
        let spec = self.choices[index];
        let (theme, ellipsis) = (context.theme, context.glyphs.ellipsis);
        let mark = if is_selected { context.glyphs.selected } else { " " };
        let name = left(&spec.name.replace('_', " "), NAME_CELLS, ellipsis);
        let key = left(&context.keymap.label(spec.action), KEY_CELLS, ellipsis);
        let help = cut(spec.help, cells.saturating_sub(NAME_CELLS + KEY_CELLS + 1), ellipsis).into_owned();
        let name_style = if is_selected { theme.selection } else { theme.text };
        Line::from(vec![
            Span::styled(mark, name_style),
            Span::styled(name, name_style),
            Span::styled(key, theme.key),
            Span::styled(help, theme.muted),
        ])
    }
}

impl Component for Palette {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let inside = frame::draw(area, "Commands", buffer, context);
        if inside.is_empty() {
            return;
        }
        let cells = usize::from(inside.width);
        let (seen, _) = self.field.visible(cells.saturating_sub(PROMPT.len()));
        let typed = Line::from(vec![Span::styled(PROMPT, context.theme.key), Span::raw(seen.to_owned())]);
        buffer.set_line(inside.x, inside.y, &typed, inside.width);
        let place = format!(" {} of {}", (self.selected + 1).min(self.found.len()), self.found.len());
        if !self.found.is_empty() && typed.width() + width(&place) <= cells {
            let x = inside.right() - u16::try_from(width(&place)).unwrap_or(0);
            buffer.set_string(x, inside.y, &place, context.theme.muted);
        }
        let rows = usize::from(inside.height.saturating_sub(1));
        let first = (self.selected + 1).saturating_sub(rows);
        let shown = self.found.iter().enumerate().skip(first);
        for (row, (place, index)) in inside.rows().skip(1).zip(shown) {
            let line = self.line(*index, place == self.selected, cells, context);
            buffer.set_line(row.x, row.y, &line, row.width);
        }
        if self.found.is_empty() && rows > 0 {
            buffer.set_stringn(inside.x, inside.y + 1, "no action matches", cells, context.theme.muted);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, _context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::LeaveText => effects.close(),
            Action::Submit => {
                if let Some(index) = self.found.get(self.selected) {
                    effects.close();
                    effects.push(Effect::Perform(self.choices[*index].action));
                }
            }
            Action::TextUp => self.select(self.selected.saturating_sub(1)),
            Action::TextDown => self.select(self.selected + 1),
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        let before = self.field.text().to_owned();
        if !self.field.key(key) {
            return Handled::Ignored;
        }
        self.is_dirty = true;
        if self.field.text() != before {
            self.search();
        }
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.field.paste(text);
        self.search();
        Handled::Consumed
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        // The same place that `frame::draw` leaves inside.
        let cells = usize::from(area.width.saturating_sub(4));
        let (_, column) = self.field.visible(cells.saturating_sub(PROMPT.len()));
        let x = area.x + 2 + u16::try_from(PROMPT.len() + column).ok()?;
        (x < area.right() && area.height > 2).then_some(Position::new(x, area.y + 1))
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let rows = u16::try_from(self.choices.len()).unwrap_or(u16::MAX);
        Some((84, rows.saturating_add(3).min(screen.height * 2 / 3).max(8)))
    }
}
