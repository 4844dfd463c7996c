//! The frame of a dialog: a cleared box with its title and the site's word, so that nobody confirms on the wrong site.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::context::ViewContext;
use crate::console::widgets::text;

/// Clears the area, draws the frame and returns what is inside, one cell of air on both sides.
pub fn draw(area: Rect, buffer: &mut Buffer, title: &str, context: &ViewContext<'_>) -> Rect {
    let area = area.intersection(buffer.area);
    clear(area, buffer, context);
    if area.width < 4 || area.height < 3 {
        return Rect { width: 0, height: 0, ..area };
    }
    let style = context.theme.border_focused;
    lines(area, buffer, style, context);
    let word = site_word(context);
    let right_cells = if word.is_empty() { 0 } else { text::width(&word) + 3 };
    let room = usize::from(area.width).saturating_sub(4 + right_cells);
    let title = text::cut(title, room, context.glyphs.ellipsis);
    if !title.is_empty() {
        buffer.set_string(area.x + 2, area.y, format!(" {title} "), context.theme.title);
    }
    if !word.is_empty() && right_cells + 4 <= usize::from(area.width) {
        let x = area.right() - u16::try_from(right_cells).unwrap_or(area.width);
        buffer.set_string(x, area.y, format!(" {word} "), word_style(context));
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// What every confirmation says about where it acts: the word, or SIMULATED, or the site's name.
pub fn site_word(context: &ViewContext<'_>) -> String {
    let site = &context.fleet.site;
    match (site.is_simulated, site.word.is_empty()) {
        (true, _) => "SIMULATED".to_owned(),
        (false, false) => site.word.clone(),
        (false, true) => site.name.clone(),
    }
}

fn word_style(context: &ViewContext<'_>) -> Style {
    let site = &context.fleet.site;
    match (site.is_simulated, site.word.is_empty()) {
        (true, _) => context.theme.simulated,
        (false, false) => context.theme.site_word(&site.colour),
        (false, true) => context.theme.muted,
    }
}

/// Blanks the area.
pub fn clear(area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.reset();
            cell.set_style(context.theme.text);
        }
    }
}

fn lines(area: Rect, buffer: &mut Buffer, style: Style, context: &ViewContext<'_>) {
    let glyphs = context.glyphs;
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.x + 1..right {
        buffer.set_string(x, area.y, glyphs.horizontal, style);
        buffer.set_string(x, bottom, glyphs.horizontal, style);
    }
    for y in area.y + 1..bottom {
        buffer.set_string(area.x, y, glyphs.vertical, style);
        buffer.set_string(right, y, glyphs.vertical, style);
    }
    let corners = [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)];
    for ((x, y), corner) in corners.into_iter().zip(glyphs.corners) {
        buffer.set_string(x, y, corner, style);
    }
}
