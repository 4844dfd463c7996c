//! A column of styled lines to read: built row by row, wrapped to the width, scrolled. Knows no source.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text;

/// Builds lines for a given width.
#[derive(Debug, Clone)]
pub struct Lines {
    cells: usize,
    /// Cells of the label column.
    label_cells: usize,
    label: Style,
    built: Vec<Line<'static>>,
}

impl Lines {
    /// Empty, for lines of `cells`, whose labels take `label_cells` and are drawn in `label`.
    #[must_use]
    pub fn new(cells: usize, label_cells: usize, label: Style) -> Self {
        Self { cells, label_cells: label_cells.min(cells / 2), label, built: Vec::new() }
    }

    /// Cells of a line.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// A finished line.
    pub fn line(&mut self, line: Line<'static>) {
        self.built.push(line);
    }

    /// An empty line, unless there is one already or nothing stands above.
    pub fn gap(&mut self) {
        if self.built.last().is_some_and(|line| line.width() > 0) {
            self.built.push(Line::default());
        }
    }

    /// Lines built so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.built.len()
    }

    /// Whether nothing was built yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.built.is_empty()
    }

    /// A heading after a gap.
    pub fn heading(&mut self, title: &str, style: Style) {
        self.gap();
        self.built.push(Line::styled(title.to_owned(), style));
    }

    /// Text wrapped to the width.
    pub fn text(&mut self, words: &str, style: Style) {
        self.indented(0, words, style);
    }

    /// Text wrapped to the width after `indent` spaces.
    pub fn indented(&mut self, indent: usize, words: &str, style: Style) {
        for part in text::wrap(words, self.cells.saturating_sub(indent)) {
            self.built.push(Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(part, style)]));
        }
    }

    /// A row whose label has a style of its own.
    pub fn labelled(&mut self, label: &Span<'static>, value: &str, style: Style) {
        let from = self.built.len();
        self.row("", value, style);
        if let Some(head) = self.built.get_mut(from).and_then(|line| line.spans.first_mut()) {
            head.content = text::left(&label.content, self.label_cells, "").into();
            head.style = label.style;
        }
    }

    /// A label and its value; the value is wrapped beside the label.
    pub fn row(&mut self, label: &str, value: &str, style: Style) {
        self.row_of(label, vec![Span::styled(value.to_owned(), style)]);
    }

    /// A label and a value of several styles. One that is too wide loses its styles but not its words.
    pub fn row_of(&mut self, label: &str, value: Vec<Span<'static>>) {
        let room = self.cells.saturating_sub(self.label_cells);
        let head = |words: &str| Span::styled(text::left(words, self.label_cells, ""), self.label);
        let line = Line::from(value);
        if line.width() <= room {
            let mut spans = vec![head(label)];
            spans.extend(line.spans);
            self.built.push(Line::from(spans));
            return;
        }
        let style = line.spans.first().map(|span| span.style).unwrap_or_default();
        let words: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
        for (index, part) in text::wrap(&words, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.built.push(Line::from(vec![head(label), Span::styled(part, style)]));
        }
    }

    /// What was built.
    #[must_use]
    pub fn finish(self) -> Vec<Line<'static>> {
        self.built
    }
}

/// Draws lines from `offset` on; the first row says how many are above and the last how many are below, when some are.
/// Returns the offset used, which never scrolls past the end.
pub fn draw(lines: &[Line<'_>], offset: usize, area: Rect, buffer: &mut Buffer, more: Style) -> usize {
    let rows = usize::from(area.height);
    let offset = clamp(offset, lines.len(), rows);
    for (row, line) in area.rows().zip(&lines[offset..]) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    let below = lines.len() - offset - rows.min(lines.len() - offset);
    let mut mark = |row: Option<Rect>, words: &str| {
        let Some(row) = row else { return };
        buffer.set_style(row, Style::reset());
        buffer.set_string(row.x, row.y, text::left(words, usize::from(row.width), ""), more);
    };
    if below > 0 {
        mark(area.rows().next_back(), &format!("{} more below", below + 1));
    }
    // Where there are fewer rows, a line to read is worth more.
    if offset > 0 && rows > 2 {
        mark(area.rows().next(), &format!("{} more above", offset + 1));
    }
    offset
}

/// The furthest useful offset.
#[must_use]
pub fn clamp(offset: usize, lines: usize, rows: usize) -> usize {
    offset.min(lines.saturating_sub(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<'_>]) -> Vec<String> {
        lines.iter().map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect()).collect()
    }

    #[test]
    fn values_wrap_beside_their_label() {
        let mut lines = Lines::new(20, 8, Style::new());
        lines.gap();
        lines.row("error", "no free allocation left", Style::new());
        lines.heading("Plan", Style::new());
        lines.row("id", "7", Style::new());
        let built = lines.finish();
        assert_eq!(
            texts(&built),
            ["error   no free", "        allocation", "        left", "", "Plan", "id      7"]
        );
    }

    #[test]
    fn scrolling_ends_at_the_last_line_and_what_is_below_is_said() {
        let lines: Vec<Line<'_>> = (0..5).map(|number| Line::from(format!("line {number}"))).collect();
        let area = Rect::new(0, 0, 14, 3);
        let mut buffer = Buffer::empty(area);
        assert_eq!(draw(&lines, 0, area, &mut buffer, Style::new()), 0);
        assert_eq!(buffer, Buffer::with_lines(["line 0        ", "line 1        ", "3 more below  "]));
        let mut buffer = Buffer::empty(area);
        assert_eq!(draw(&lines, 9, area, &mut buffer, Style::new()), 2);
        assert_eq!(buffer, Buffer::with_lines(["3 more above  ", "line 3        ", "line 4        "]));
    }
}
