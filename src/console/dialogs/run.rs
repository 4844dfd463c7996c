//! A run on screen: steps ticking with their time, what it waits for, cancel, and at the end the address to copy.
//!
//! What it is and waits for stays on screen; the steps below it scroll with the one that acts, until the operator
//! scrolls it away. Scrolled back, it is followed again.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::confirm::ConfirmDialog;
use super::frame;
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effect, Effects, Handled, Loudness, Touched};
use crate::console::context::ViewContext;
use crate::console::details::{self, run::Laid};
use crate::console::widgets::paragraph;
use crate::console::widgets::scroll::Scroll;
use crate::model::ids::RunId;
use crate::model::request::Request;
use crate::model::run::{Run, RunStatus};
use crate::model::time::Timestamp;

/// The widest a run is drawn.
const WIDTH_MAX: u16 = 96;

/// Rows that the steps must have at least; with fewer, the head scrolls with them.
const STEP_ROWS_MIN: usize = 5;

/// The dialog. Closing it changes nothing about the run.
pub struct RunDialog {
    run: RunId,
    scroll: Scroll,
    /// Whether the view moves with the step in focus.
    is_following: bool,
    /// The lines of that step among those that scroll.
    focus: Option<Range<usize>>,
    painted: Vec<Line<'static>>,
    is_dirty: bool,
}

/// Asks before a run is cancelled; says so when there is nothing to cancel.
pub fn ask_to_cancel(run: Option<&Run>, context: &ViewContext<'_>, effects: &mut Effects) {
    let Some(run) = run else { return };
    if context.is_read_only {
        effects.notice(Loudness::Warning, "read-only: nothing can be changed from here");
    } else if run.status.is_ended() {
        effects.notice(Loudness::Info, "this run has ended");
    } else if run.is_cancel_requested || run.status == RunStatus::Undoing {
        effects.notice(Loudness::Info, "this run is being cancelled already");
    } else {
        let undo: Vec<String> = run
            .plan
            .steps
            .iter()
            .zip(&run.steps)
            .filter(|(planned, step)| step.started_at.is_some() && !planned.undo.is_empty())
            .map(|(planned, _)| format!("- {}", planned.undo))
            .collect();
        let mut body = vec![
            run.plan.title.clone(),
            "The run stops after its present step and undoes what it did.".to_owned(),
        ];
        if !undo.is_empty() {
            body.push("Undone would be:".to_owned());
            body.extend(undo);
        }
        effects.open(ConfirmDialog::new(
            "Cancel the run?",
            body,
            "cancel the run",
            Request::CancelRun(run.id.clone()),
            context,
        ));
    }
}

/// Copies what a run made, or its id.
pub fn copy(run: &Run, effects: &mut Effects) {
    let (text, label) = match &run.result {
        Some(result) => (result.clone(), "address"),
        None => (run.id.to_string(), "run id"),
    };
    effects.push(Effect::Copy { text, label: label.to_owned() });
}

impl RunDialog {
    /// The dialog of a run, which may not be known yet.
    #[must_use]
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            scroll: Scroll::default(),
            is_following: true,
            focus: None,
            painted: Vec::new(),
            is_dirty: true,
        }
    }

    fn run<'a>(&self, context: &ViewContext<'a>) -> Option<&'a Run> {
        context.fleet.runs.get(&self.run)
    }

    fn laid(&self, cells: usize, context: &ViewContext<'_>) -> Laid {
        if let Some(run) = self.run(context) {
            return details::run::lines(context, run, cells);
        }
        let words = format!("Run {} is starting", self.run);
        Laid { lines: vec![Line::styled(words, context.theme.accent)], head: 0, focus: None }
    }

    fn foot(&self, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let run = self.run(context);
        let is_ended = run.is_some_and(|run| run.status.is_ended());
        let mut hints = vec![(Action::Back, if is_ended { "close" } else { "close; the run goes on" })];
        if run.is_some_and(|run| run.result.is_some()) {
            hints.push((Action::Copy, "copy the result"));
        }
        if run.is_some() && !is_ended && !context.is_read_only {
            hints.push((Action::CancelRun, "cancel the run"));
        }
        let hint = |(action, words): (Action, &'static str)| {
            [
                Span::styled(context.keymap.label(action), theme.key),
                Span::styled(format!(" {words}   "), theme.key_label),
            ]
        };
        Line::from(hints.into_iter().flat_map(hint).collect::<Vec<_>>())
    }
}

/// Lines at the top that do not scroll: all before the steps, where the steps still have room.
fn fixed_lines(laid: &Laid, rows: usize) -> usize {
    if laid.head + STEP_ROWS_MIN <= rows { laid.head } else { 0 }
}

impl Component for RunDialog {
    fn scope(&self) -> Scope {
        Scope::Runs
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let inner = frame::draw(area, buffer, "Run", context);
        if inner.is_empty() {
            return;
        }
        let laid = self.laid(usize::from(inner.width), context);
        let top = Rect { height: inner.height - 1, ..inner };
        let fixed = fixed_lines(&laid, usize::from(top.height));
        let (head, rest) = laid.lines.split_at(fixed);
        for (row, line) in top.rows().zip(head) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
        let fixed = u16::try_from(fixed).unwrap_or(0);
        let below = Rect { y: top.y + fixed, height: top.height - fixed, ..top };
        paragraph::draw(rest, self.scroll.offset(), below, buffer, context.theme.muted);
        buffer.set_line(inner.x, inner.bottom() - 1, &self.foot(context), inner.width);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let laid = self.laid(usize::from(area.width.saturating_sub(4)), context);
        let rows = usize::from(area.height.saturating_sub(3));
        let fixed = fixed_lines(&laid, rows);
        let before = self.scroll;
        self.scroll.settle(laid.lines.len() - fixed, rows - fixed);
        self.focus = laid.focus.map(|lines| lines.start - fixed..lines.end - fixed);
        if let Some(focus) = self.focus.as_ref().filter(|_| self.is_following) {
            self.scroll.reveal(focus);
        }
        let is_dirty = std::mem::take(&mut self.is_dirty);
        let has_changed = is_dirty || laid.lines != self.painted || self.scroll != before;
        self.painted = laid.lines;
        Dirty::area_if(has_changed, area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::Back | Action::Details => effects.close(),
            Action::CancelRun => ask_to_cancel(self.run(context), context, effects),
            Action::Copy => {
                if let Some(run) = self.run(context) {
                    copy(run, effects);
                }
            }
            action if self.scroll.on_action(action) => {
                self.is_following = self.focus.as_ref().is_none_or(|focus| self.scroll.shows(focus));
            }
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_changes(&mut self, touched: &Touched, _context: &ViewContext<'_>, _effects: &mut Effects) {
        self.is_dirty |= touched.is_everything || touched.runs.contains(&self.run);
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match action {
            Action::CancelRun => self.run(context).is_some_and(|run| !run.status.is_ended()),
            Action::Copy => self.run(context).is_some(),
            action => !action.spec().scopes.contains(&Scope::List) || action == Action::Back,
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        let is_going_on = context.link.is_up() && self.run(context).is_none_or(|run| !run.status.is_ended());
        is_going_on.then(|| Timestamp((context.now.0.div_euclid(1_000) + 1) * 1_000))
    }

    fn wanted_size(&self, screen: Rect, context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let width = screen.width.min(WIDTH_MAX);
        let lines = self.laid(usize::from(width.saturating_sub(4)), context).lines.len();
        // Room for the details that steps get while they run, so that the box does not grow with every one.
        let rows = u16::try_from(lines + 8).unwrap_or(u16::MAX);
        Some((width, rows.min(screen.height)))
    }
}
