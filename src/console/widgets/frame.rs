//! The frame of a dialog or overlay, with its title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text;
use crate::console::context::ViewContext;

/// Draws a frame and returns the area inside, one cell of padding left and right.
pub fn draw(area: Rect, title: &str, buffer: &mut Buffer, context: &ViewContext<'_>) -> Rect {
    let area = area.intersection(buffer.area);
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let glyphs = context.glyphs;
    let style = context.theme.border_focused;
    let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
    for x in left + 1..right {
        buffer.set_string(x, top, glyphs.horizontal, style);
        buffer.set_string(x, bottom, glyphs.horizontal, style);
    }
    for y in top + 1..bottom {
        buffer.set_string(left, y, glyphs.vertical, style);
        buffer.set_string(right, y, glyphs.vertical, style);
    }
    for (symbol, (x, y)) in
        glyphs.corners.iter().zip([(left, top), (right, top), (left, bottom), (right, bottom)])
    {
        buffer.set_string(x, y, symbol, style);
    }
    let room = usize::from(area.width).saturating_sub(4);
    if room > 2 && !title.is_empty() {
        let title = format!(" {} ", text::cut(title, room - 2, glyphs.ellipsis));
        buffer.set_stringn(left + 2, top, title, room, context.theme.title);
    }
    let padding = u16::from(area.width >= 4);
    Rect {
        x: left + 1 + padding,
        y: top + 1,
        width: area.width.saturating_sub(2 + 2 * padding),
        height: area.height - 2,
    }
}
