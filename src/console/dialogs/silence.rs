//! Silencing an alert: for how long and why. The engine checks both again; its refusal stays in the dialog.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::frame;
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Loudness, Ticket};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::format;
use crate::console::keys::Key;
use crate::console::widgets::form::TextField;
use crate::console::widgets::text;
use crate::console::words;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::spend::{Alert, AlertKey};
use crate::model::time::Timestamp;

/// Before the fields, equally wide.
const LABELS: [&str; 2] = ["for:    ", "reason: "];

/// What the first field holds at first: until somebody is at work again.
const USUAL: &str = "4h";

/// Nothing is silenced for longer: after a month nobody remembers why.
const LONGEST_MS: u64 = 31 * 24 * 3_600_000;

/// The dialog.
pub struct SilenceDialog {
    alert: AlertKey,
    text: String,
    fields: [TextField; 2],
    focused: usize,
    note: Option<String>,
    is_sent: bool,
    is_dirty: bool,
}

/// Reads `90m`, `4h`, `2d`; a bare number is hours.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms = match text[digits.len()..].trim() {
        "m" | "min" => 60_000,
        "" | "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return None,
    };
    let millis = digits.parse::<u64>().ok()?.checked_mul(unit_ms)?;
    (1..=LONGEST_MS).contains(&millis).then_some(millis)
}

impl SilenceDialog {
    /// Asks how long and why this alert shall be silent.
    #[must_use]
    pub fn new(alert: &Alert, context: &ViewContext<'_>) -> Self {
        Self {
            alert: alert.key.clone(),
            text: format!("{}: {}", words::alert_subject(&alert.key, context), clean(&alert.text)),
            fields: [TextField::with_text(USUAL), TextField::default()],
            focused: 1,
            note: None,
            is_sent: false,
            is_dirty: true,
        }
    }

    fn field_cells(area: Rect) -> usize {
        usize::from(area.width).saturating_sub(4 + LABELS[0].len())
    }

    fn until(&self, now: Timestamp) -> Option<Timestamp> {
        duration_ms(self.fields[0].text()).map(|millis| now.plus_millis(millis))
    }

    /// The line below the fields: what is wrong, or what will be.
    fn note(&self, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        match (&self.note, self.until(context.now)) {
            _ if !context.link.is_up() => {
                Line::styled("the engine is lost: nothing can be asked of it now", theme.bad)
            }
            (Some(note), _) => Line::styled(note.clone(), theme.bad),
            _ if self.is_sent => Line::styled("asking the engine", theme.accent),
            (None, Some(until)) => {
                let words = format!("silent until {} UTC; tab changes the field", format::day_minute(until));
                Line::styled(words, theme.muted)
            }
            (None, None) => Line::styled("a time such as 90m, 4h or 2d, at most 31d", theme.bad),
        }
    }

    fn submit(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        let reason = self.fields[1].text().trim().to_owned();
        let Some(until) = self.until(context.now) else {
            self.focused = 0;
            return;
        };
        if reason.is_empty() {
            self.focused = 1;
            self.note = Some("a reason is needed: the next person must know why it is silent".to_owned());
        } else if !self.is_sent && context.link.is_up() {
            self.is_sent = true;
            effects.send(Request::SilenceAlert { alert: self.alert.clone(), until, reason }, Ticket(0));
        }
    }
}

impl Component for SilenceDialog {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let theme = context.theme;
        let inner = frame::draw(area, buffer, "Silence an alert", context);
        let cells = Self::field_cells(area);
        let what = text::cut(&self.text, usize::from(inner.width), context.glyphs.ellipsis).into_owned();
        let mut lines = vec![Line::styled(what, theme.text), Line::default()];
        for (label, field) in LABELS.iter().zip(&self.fields) {
            let (seen, _) = field.visible(cells);
            lines.push(Line::from(vec![
                Span::styled(*label, theme.muted),
                Span::styled(text::left(seen, cells, ""), theme.input),
            ]));
        }
        lines.push(self.note(context));
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
            Action::Submit => self.submit(context, effects),
            Action::TextUp | Action::TextDown | Action::TextNextField | Action::TextPreviousField => {
                self.focused = 1 - self.focused;
            }
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.note = None;
        self.fields[self.focused].key(key);
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.note = None;
        self.fields[self.focused].paste(text);
        Handled::Consumed
    }

    fn on_reply(
        &mut self,
        _ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.is_dirty = true;
        self.is_sent = false;
        match result {
            Ok(_) => {
                effects.notice(Loudness::Good, "the alert is silenced; it stays in the list of alerts");
                effects.close();
            }
            Err(problem) => self.note = Some(clean(&problem.message)),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        Some(Timestamp((context.now.0.div_euclid(60_000) + 1) * 60_000))
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        let (_, column) = self.fields[self.focused].visible(Self::field_cells(area));
        let x = area.x + 2 + u16::try_from(LABELS[0].len() + column).ok()?;
        let line = 3 + u16::try_from(self.focused).ok()?;
        (area.height > line + 1).then_some(Position { x, y: area.y + line })
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        Some((screen.width.min(76), screen.height.min(7)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units_and_bounded() {
        let hour = 3_600_000;
        let read = ["90m", "4h", " 2 d", "3", "31d"].map(duration_ms);
        assert_eq!(
            read,
            [Some(hour * 3 / 2), Some(4 * hour), Some(48 * hour), Some(3 * hour), Some(LONGEST_MS)]
        );
        assert_eq!(
            ["", "0h", "x", "4 weeks", "32d", "99999999999999999999d", "-1h"].map(duration_ms),
            [None; 7]
        );
    }
}
