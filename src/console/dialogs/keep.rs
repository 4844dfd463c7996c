//! Why a server that nothing owns shall stay: a reason is asked for, then the plan is shown like any other.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{frame, plan};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::keys::Key;
use crate::console::widgets::form::TextField;
use crate::console::words;
use crate::model::action::ActionRequest;
use crate::model::ids::ServerKey;

/// Before the field.
const LABEL: &str = "reason: ";

/// The dialog.
pub struct KeepDialog {
    server: ServerKey,
    reason: TextField,
    is_missing: bool,
    is_dirty: bool,
}

impl KeepDialog {
    /// Asks why this server shall stay.
    #[must_use]
    pub fn new(server: ServerKey) -> Self {
        Self { server, reason: TextField::default(), is_missing: false, is_dirty: true }
    }

    fn field_cells(area: Rect) -> usize {
        usize::from(area.width).saturating_sub(4 + LABEL.len())
    }
}

impl Component for KeepDialog {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let theme = context.theme;
        let name = clean(&words::server_name(context.fleet, &self.server));
        let inner = frame::draw(area, buffer, &format!("Keep {name}"), context);
        let cells = Self::field_cells(area);
        let (seen, _) = self.reason.visible(cells);
        let (note, style) = if self.is_missing {
            ("a reason is needed: the next person must know why it runs", theme.bad)
        } else {
            ("enter shows the plan, esc cancels", theme.muted)
        };
        let lines = [
            Line::styled(
                "It will not count as an orphan any more, but still cost what it costs.",
                theme.text,
            ),
            Line::default(),
            Line::from(vec![
                Span::styled(LABEL, theme.muted),
                Span::styled(format!("{seen:<cells$}"), theme.input),
            ]),
            Line::styled(note, style),
        ];
        for (row, line) in inner.rows().zip(&lines) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::LeaveText => effects.close(),
            Action::Submit => {
                let reason = self.reason.text().trim().to_owned();
                self.is_missing = reason.is_empty();
                if !self.is_missing {
                    effects.close();
                    plan::open(
                        vec![ActionRequest::Keep { server: self.server.clone(), reason }],
                        context,
                        effects,
                    );
                }
            }
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.is_missing = false;
        self.reason.key(key);
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.reason.paste(text);
        Handled::Consumed
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        let (_, column) = self.reason.visible(Self::field_cells(area));
        let x = area.x + 2 + u16::try_from(LABEL.len() + column).ok()?;
        (area.height > 4).then_some(Position { x, y: area.y + 3 })
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        Some((screen.width.min(76), screen.height.min(6)))
    }
}
