//! The filter line of a table: typed live, kept with enter, taken back with escape; mistakes are pointed at.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::console::context::ViewContext;
use crate::console::keys::Key;
use crate::console::widgets::form::{History, TextField};
use crate::console::widgets::text;
use crate::model::filter::{Filter, FilterColumn, FilterError};

/// Filters remembered for the up key.
const HISTORY_KEPT: usize = 50;

/// Cells before the text.
const HEAD: &str = "filter / ";

/// A table's filter.
#[derive(Debug, Clone)]
pub struct FilterBar {
    columns: &'static [FilterColumn],
    field: TextField,
    is_typing: bool,
    applied: Filter,
    /// What was applied when typing began.
    before: String,
    error: Option<FilterError>,
    history: History,
}

impl FilterBar {
    /// No filter, over these columns.
    #[must_use]
    pub fn new(columns: &'static [FilterColumn]) -> Self {
        Self {
            columns,
            field: TextField::default(),
            is_typing: false,
            applied: Filter::default(),
            before: String::new(),
            error: None,
            history: History::new(HISTORY_KEPT),
        }
    }

    /// The filter in force: the last text that could be read.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.applied
    }

    /// Whether its text is being typed.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.is_typing
    }

    /// Whether the line is on screen.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.is_typing || !self.applied.is_empty()
    }

    /// Begins to type.
    pub fn begin(&mut self) {
        self.field.text().clone_into(&mut self.before);
        self.is_typing = true;
    }

    /// Takes a key of the text; says whether the filter in force changed.
    pub fn key(&mut self, key: Key) -> bool {
        self.field.key(key) && self.read()
    }

    /// Takes pasted text; says whether the filter in force changed.
    pub fn paste(&mut self, words: &str) -> bool {
        self.field.paste(words);
        self.read()
    }

    /// Keeps the filter; a text with a mistake stays open so that it can be mended. Says whether typing ended.
    pub fn submit(&mut self) -> bool {
        if self.error.is_some() {
            return false;
        }
        self.history.push(self.field.text());
        self.is_typing = false;
        true
    }

    /// Takes back what was typed.
    pub fn cancel(&mut self) {
        self.is_typing = false;
        let before = std::mem::take(&mut self.before);
        self.set(&before);
    }

    /// Takes the filter away; says whether there was one.
    pub fn clear(&mut self) -> bool {
        let had_one = !self.applied.is_empty();
        self.set("");
        had_one
    }

    /// Replaces the text; says whether the filter in force changed.
    pub fn set(&mut self, words: &str) -> bool {
        self.field.set(words);
        self.read()
    }

    /// Puts an older (or newer) filter into the line; says whether the filter in force changed.
    pub fn recall(&mut self, is_older: bool) -> bool {
        let present = self.field.text().to_owned();
        let entry = if is_older { self.history.older(&present) } else { self.history.newer() };
        let Some(entry) = entry.map(str::to_owned) else { return false };
        self.set(&entry)
    }

    fn read(&mut self) -> bool {
        match Filter::parse_for(self.field.text(), self.columns) {
            Ok(filter) => {
                self.error = None;
                let has_changed = filter != self.applied;
                self.applied = filter;
                has_changed
            }
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }

    /// The line: the text with its mistake marked, then what is wrong or how many rows are shown.
    #[must_use]
    pub fn line(&self, cells: usize, counts: &str, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        if !self.is_shown() {
            return Line::styled(text::cut(counts, cells, context.glyphs.ellipsis).into_owned(), theme.muted);
        }
        let mut spans = vec![Span::styled(HEAD, theme.key)];
        let (seen, _) = self.field.visible(field_cells(cells));
        // Places are counted in the whole text; a scrolled text is drawn without the mark.
        match self.error.as_ref().filter(|_| seen.len() == self.field.text().len()) {
            None => spans.push(Span::styled(seen.to_owned(), theme.strong)),
            Some(error) => {
                let part =
                    |from: usize, count: usize| seen.chars().skip(from).take(count).collect::<String>();
                spans.push(Span::styled(part(0, error.at), theme.strong));
                spans.push(Span::styled(part(error.at, error.length), theme.bad));
                spans.push(Span::styled(part(error.at + error.length, usize::MAX), theme.strong));
            }
        }
        let used: usize = spans.iter().map(Span::width).sum();
        // One cell for the cursor, one between.
        let (note, style) = match &self.error {
            Some(error) => (format!("{} expected {}", context.glyphs.bad, error.expected), theme.bad),
            None => (counts.to_owned(), theme.muted),
        };
        let room = cells.saturating_sub(used + 2);
        spans.push(Span::raw("  "));
        spans.push(Span::styled(text::cut(&note, room, context.glyphs.ellipsis).into_owned(), style));
        Line::from(spans)
    }

    /// Where the cursor stands when the line is drawn at `area`, while it is typed.
    #[must_use]
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        if !self.is_typing || area.is_empty() {
            return None;
        }
        let (_, column) = self.field.visible(field_cells(usize::from(area.width)));
        let x = area.x.saturating_add(u16::try_from(HEAD.len() + column).ok()?);
        Some(Position { x: x.min(area.right() - 1), y: area.y })
    }

    /// Draws the line.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, counts: &str, context: &ViewContext<'_>) {
        buffer.set_line(area.x, area.y, &self.line(usize::from(area.width), counts, context), area.width);
    }
}

/// Cells of the text: a mistake's description needs the other half.
fn field_cells(cells: usize) -> usize {
    (cells.saturating_sub(HEAD.len()) / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::filter::ColumnKind;

    const COLUMNS: &[FilterColumn] = &[FilterColumn { name: "status", kind: ColumnKind::Text }];

    fn typed(bar: &mut FilterBar, words: &str) {
        for character in words.chars() {
            bar.key(Key::char(character));
        }
    }

    #[test]
    fn a_mistake_keeps_the_last_filter_and_stays_open() {
        let mut bar = FilterBar::new(COLUMNS);
        bar.begin();
        typed(&mut bar, "ann");
        assert_eq!(bar.filter().to_string(), "ann");
        typed(&mut bar, " state=x");
        assert_eq!(bar.filter().to_string(), "ann state");
        assert!(!bar.submit());
        bar.cancel();
        assert!(bar.filter().is_empty() && !bar.is_shown());
    }

    #[test]
    fn kept_filters_come_back_from_history() {
        let mut bar = FilterBar::new(COLUMNS);
        bar.begin();
        typed(&mut bar, "status=paid");
        assert!(bar.submit());
        assert!(bar.clear());
        bar.begin();
        assert!(bar.recall(true));
        assert_eq!(bar.filter().to_string(), "status=paid");
        assert!(bar.recall(false));
        assert!(bar.filter().is_empty());
    }
}
