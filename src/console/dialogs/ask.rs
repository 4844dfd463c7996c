//! A few fields and one wish: the dialog of whatever needs a word before it can be planned or asked of the engine. What it
//! is about is data; a refusal stays in the dialog.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::{frame, plan};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Loudness, Ticket};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::keys::Key;
use crate::console::widgets::fields::{Edited, Fields};
use crate::console::widgets::text;
use crate::model::action::ActionRequest;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};

/// The widest it is drawn.
const WIDTH_MAX: u16 = 76;

/// Rows for what is wrong.
const NOTE_ROWS: usize = 2;

/// What the fields come to.
#[derive(Debug, Clone)]
pub enum Wish {
    /// The engine is asked; the sentence is said when it agreed.
    Ask(Request, String),
    /// A plan is shown.
    Plan(ActionRequest),
}

/// Reads the fields: what they come to, or what is wrong with them.
pub type Reader = dyn Fn(&Fields, &ViewContext<'_>) -> Result<Wish, String>;

/// What the dialog is about.
pub struct Question {
    /// Its title.
    pub title: String,
    /// What it means, in a sentence or two.
    pub intro: String,
    /// What is asked for.
    pub fields: Fields,
    /// What enter does.
    pub hint: &'static str,
    /// What the fields come to, or what is wrong with them.
    pub read: Box<Reader>,
}

/// The dialog.
pub struct AskDialog {
    question: Question,
    note: Option<String>,
    /// Said when the engine agrees; nothing while it was not asked.
    asked: Option<String>,
    is_dirty: bool,
}

impl AskDialog {
    /// Asks this.
    #[must_use]
    pub fn new(question: Question) -> Self {
        Self { question, note: None, asked: None, is_dirty: true }
    }

    fn submit(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        match (self.question.read)(&self.question.fields, context) {
            Err(note) => self.note = Some(note),
            Ok(Wish::Plan(request)) => {
                effects.close();
                plan::open(vec![request], context, effects);
            }
            Ok(Wish::Ask(request, said)) if self.asked.is_none() && context.link.is_up() => {
                self.note = None;
                self.asked = Some(said);
                effects.send(request, Ticket(0));
            }
            Ok(Wish::Ask(..)) => {}
        }
    }

    fn intro(&self, cells: usize) -> Vec<String> {
        text::wrap(&self.question.intro, cells)
    }

    fn notes(&self, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let theme = context.theme;
        let (words, style) = match &self.note {
            _ if !context.link.is_up() => ("the engine is lost: nothing can be asked of it now", theme.bad),
            Some(note) => (note.as_str(), theme.bad),
            None if self.asked.is_some() => ("asking the engine", theme.accent),
            None => (self.question.hint, theme.muted),
        };
        let lines = text::wrap(words, cells).into_iter().take(NOTE_ROWS);
        lines.map(|line| Line::styled(line, style)).collect()
    }

    /// Rows of the introduction, the fields and the notes in a dialog of so many rows: the fields always have one.
    fn rows(&self, (cells, rows): (usize, usize), context: &ViewContext<'_>) -> (usize, usize) {
        let notes = self.notes(cells, context).len();
        let fields = self.question.fields.len().min(rows.saturating_sub(notes)).max(1);
        (rows.saturating_sub(notes + fields + 1).min(self.intro(cells).len()), fields)
    }
}

impl Component for AskDialog {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let theme = context.theme;
        let inner = frame::draw(area, buffer, &clean(&self.question.title), context);
        let size = (usize::from(inner.width), usize::from(inner.height));
        let (intro, fields) = self.rows(size, context);
        let mut lines: Vec<Line<'static>> =
            self.intro(size.0).into_iter().take(intro).map(|line| Line::styled(line, theme.text)).collect();
        if intro > 0 {
            lines.push(Line::default());
        }
        lines.extend(self.question.fields.lines((size.0, fields), |_| None, context));
        lines.extend(self.notes(size.0, context));
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
            action if self.question.fields.on_action(action) != Edited::Nothing => self.note = None,
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.note = None;
        self.question.fields.key(key);
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.note = None;
        self.question.fields.paste(text);
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
        let said = self.asked.take().unwrap_or_default();
        match result {
            Ok(_) => {
                effects.notice(Loudness::Good, said);
                effects.close();
            }
            Err(problem) => self.note = Some(clean(&problem.to_string())),
        }
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        let size = (usize::from(area.width.checked_sub(4)?), usize::from(area.height.checked_sub(2)?));
        let (intro, fields) = self.rows(size, context);
        let (column, row) = self.question.fields.cursor((size.0, fields));
        let above = if intro > 0 { intro + 1 } else { 0 };
        let at = Position {
            x: area.x + 2 + u16::try_from(column).ok()?,
            y: area.y + 1 + u16::try_from(above + row).ok()?,
        };
        area.contains(at).then_some(at)
    }

    fn wanted_size(&self, screen: Rect, context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let width = screen.width.min(WIDTH_MAX);
        let cells = usize::from(width.saturating_sub(4));
        let notes = self.notes(cells, context).len().max(1);
        let rows = self.intro(cells).len() + 1 + self.question.fields.len() + notes + 2;
        Some((width, u16::try_from(rows).unwrap_or(u16::MAX).min(screen.height)))
    }
}
