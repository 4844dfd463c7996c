//! A plain question before one request: title, what it means, yes or no. Cancel is the default.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame;
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Loudness, Ticket};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::keys::Key;
use crate::console::widgets::confirm::{Answer, Prompt, Question};
use crate::console::widgets::paragraph;
use crate::console::widgets::text;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};

/// The widest a question is drawn.
const WIDTH_MAX: u16 = 72;

/// The dialog.
pub struct ConfirmDialog {
    title: String,
    body: Vec<String>,
    verb: String,
    request: Request,
    prompt: Prompt,
    is_sent: bool,
    is_dirty: bool,
}

impl ConfirmDialog {
    /// Asks before `request` is sent; `verb` says what confirming does.
    #[must_use]
    pub fn new(
        title: &str,
        body: Vec<String>,
        verb: &str,
        request: Request,
        context: &ViewContext<'_>,
    ) -> Self {
        Self {
            title: title.to_owned(),
            body,
            verb: verb.to_owned(),
            request,
            prompt: Prompt::new(Question::YesNo, verb, context.key),
            is_sent: false,
            is_dirty: true,
        }
    }

    fn lines(&self, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let wrapped = |words: &String| text::wrap(&clean(words), cells);
        self.body.iter().flat_map(wrapped).map(|part| Line::styled(part, context.theme.text)).collect()
    }
}

impl Component for ConfirmDialog {
    fn scope(&self) -> Scope {
        self.prompt.scope()
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let inner = frame::draw(area, buffer, &self.title, context);
        if inner.is_empty() {
            return;
        }
        let lines = self.lines(usize::from(inner.width), context);
        let top = Rect { height: inner.height - 1, ..inner };
        paragraph::draw(&lines, 0, top, buffer, context.theme.muted);
        let foot = if !context.link.is_up() {
            vec![Line::styled("the engine is lost: nothing can be asked of it now", context.theme.bad)]
        } else if self.is_sent {
            vec![Line::styled("asking the engine", context.theme.accent)]
        } else {
            self.prompt.lines(context)
        };
        if let Some(line) = foot.first() {
            buffer.set_line(inner.x, inner.bottom() - 1, line, inner.width);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match self.prompt.action(action, context.key) {
            Answer::Open => {}
            Answer::Cancelled => effects.close(),
            Answer::Confirmed(_) if self.is_sent || !context.link.is_up() => {}
            Answer::Confirmed(_) => {
                self.is_sent = true;
                effects.send(self.request.clone(), Ticket(0));
            }
        }
        Handled::Consumed
    }

    fn on_reply(
        &mut self,
        _ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(_) => effects.notice(Loudness::Good, format!("{}: asked for", self.verb)),
            Err(problem) => effects.notice(Loudness::Bad, problem.to_string()),
        }
        effects.close();
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        (!self.is_sent && context.link.is_up()) || !matches!(action, Action::Confirm | Action::Activate)
    }

    fn wanted_size(&self, screen: Rect, context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let width = screen.width.min(WIDTH_MAX);
        let lines = self.lines(usize::from(width.saturating_sub(4)), context).len();
        Some((width, u16::try_from(lines + 4).unwrap_or(u16::MAX).min(screen.height)))
    }

    fn set_opening_key(&mut self, key: Key) {
        self.prompt = Prompt::new(Question::YesNo, &self.verb, Some(key));
    }
}
