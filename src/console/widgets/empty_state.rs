//! A panel in the middle of an empty area: what is (not) here, why, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::text;

/// The widest text of a panel; longer lines are tiring to read.
const CELLS_MAX: usize = 66;

/// A panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// One line, in the style of its meaning.
    pub title: String,
    /// How the title is drawn.
    pub title_style: Style,
    /// Paragraphs below it.
    pub paragraphs: Vec<String>,
    /// Lines that must stay as they are: configuration, commands.
    pub verbatim: Vec<String>,
}

impl Panel {
    /// Draws the panel in the middle of the area, cut at its end when the area is small.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, body: Style, code: Style) {
        let cells = usize::from(area.width).saturating_sub(2).min(CELLS_MAX);
        if cells == 0 || area.height == 0 {
            return;
        }
        let mut lines: Vec<Line<'static>> = text::wrap(&self.title, cells)
            .into_iter()
            .map(|part| Line::styled(part, self.title_style))
            .collect();
        for paragraph in &self.paragraphs {
            lines.push(Line::default());
            lines.extend(text::wrap(paragraph, cells).into_iter().map(|part| Line::styled(part, body)));
        }
        if !self.verbatim.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(self.verbatim.iter().map(|line| Line::styled(format!("  {line}"), code)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
        let width = u16::try_from(cells).unwrap_or(area.width);
        let top = area.y + (area.height - height) / 3;
        let left = area.x + (area.width - width) / 2;
        for (y, line) in (top..top + height).zip(&lines) {
            buffer.set_line(left, y, line, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_fits_any_area() {
        let panel = Panel {
            title: "No orders database is connected".to_owned(),
            title_style: Style::new(),
            paragraphs: vec!["Orders come from the shop's own database.".to_owned()],
            verbatim: vec!["[orders]".to_owned()],
        };
        for (width, height) in [(0, 0), (1, 5), (10, 2), (200, 50)] {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            panel.draw(area, &mut buffer, Style::new(), Style::new());
        }
        let area = Rect::new(0, 0, 40, 8);
        let mut buffer = Buffer::empty(area);
        panel.draw(area, &mut buffer, Style::new(), Style::new());
        let text: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.contains("No orders database is connected") && text.contains("  [orders]"), "{text}");
    }
}
