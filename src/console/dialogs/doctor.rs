//! The doctor: every finding with its rows, why it matters and what to do, worst first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effect, Effects, Handled, Ticket};
use crate::console::condition;
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::dialogs::frame;
use crate::console::widgets::paragraph::{self, Lines};
use crate::console::widgets::scroll::Scroll;
use crate::console::words;
use crate::console::{format, header};
use crate::model::finding::{Finding, Severity};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::time::Timestamp;

/// Rows of a finding that are listed; the rest is counted.
const ROWS_SHOWN: usize = 20;

/// The view.
pub struct DoctorView {
    state: State,
    scroll: Scroll,
    painted: Vec<Line<'static>>,
    is_dirty: bool,
}

enum State {
    /// The checks run.
    Running,
    /// What they found, and when.
    Found(Vec<Finding>, Timestamp),
    /// They could not be run.
    Failed(Problem),
}

impl Default for DoctorView {
    fn default() -> Self {
        Self { state: State::Running, scroll: Scroll::default(), painted: Vec::new(), is_dirty: true }
    }
}

impl DoctorView {
    fn ask(&mut self, effects: &mut Effects) {
        self.state = State::Running;
        self.scroll = Scroll::default();
        effects.send(Request::Doctor, Ticket(0));
    }

    fn lines(&self, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let theme = context.theme;
        let mut lines = Lines::new(cells, 12, theme.muted);
        match &self.state {
            State::Running => {
                lines.text("Checking plans, prices, nodes, eggs, orders and keys.", theme.accent);
                lines.text("The providers are asked; this can take some seconds.", theme.muted);
            }
            State::Failed(problem) => {
                lines.text(&format!("{} {}", context.glyphs.bad, clean(&problem.message)), theme.bad);
                lines.text(&clean(&problem.advice), theme.text);
                lines.gap();
                lines.text(&again(context), theme.muted);
            }
            State::Found(findings, at) => found(&mut lines, findings, *at, context),
        }
        lines.finish()
    }
}

fn found(lines: &mut Lines, findings: &[Finding], at: Timestamp, context: &ViewContext<'_>) {
    let theme = context.theme;
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let style = if errors > 0 {
        theme.bad
    } else if warnings > 0 {
        theme.warning
    } else {
        theme.good
    };
    let summary = format!(
        "{}, {}, {} fine",
        format::count(errors, "error"),
        format::count(warnings, "warning"),
        count(Severity::Ok) + count(Severity::Info),
    );
    lines.text(&summary, style);
    let (age, _) = header::coarse_age(context.now.millis_since(at));
    let when = format!("Checked at {}, {age} ago. {}", format::time_of_day(at), again(context));
    lines.text(&when, theme.muted);
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut was_fine = false;
    for finding in sorted {
        let is_fine = finding.severity == Severity::Ok;
        if !(is_fine && was_fine) {
            lines.gap();
        }
        was_fine = is_fine;
        one(lines, finding, context);
    }
}

fn again(context: &ViewContext<'_>) -> String {
    format!("{} checks again.", context.keymap.label(Action::Refresh))
}

fn one(lines: &mut Lines, finding: &Finding, context: &ViewContext<'_>) {
    let theme = context.theme;
    let state = words::severity(finding.severity, context);
    let is_fine = finding.severity == Severity::Ok;
    let title_style = if is_fine { theme.text } else { theme.strong };
    lines.labelled(&state.span(), &clean(&finding.title), title_style);
    if is_fine {
        return;
    }
    for row in finding.rows.iter().take(ROWS_SHOWN) {
        lines.row("", &format!("- {}", clean(row)), theme.text);
    }
    if finding.rows.len() > ROWS_SHOWN {
        lines.row("", &format!("and {} more", finding.rows.len() - ROWS_SHOWN), theme.muted);
    }
    for (label, words) in [("why", &finding.why), ("what to do", &finding.advice)] {
        if !words.is_empty() {
            lines.row(label, &clean(words), theme.text);
        }
    }
}

impl Component for DoctorView {
    fn scope(&self) -> Scope {
        Scope::Viewer
    }

    fn on_open(&mut self, _context: &ViewContext<'_>, effects: &mut Effects) {
        self.ask(effects);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        frame::clear(area, buffer, context);
        if area.is_empty() || condition::draw_too_small(area, buffer, context) {
            return;
        }
        let inner = frame::draw(area, buffer, "Doctor", context);
        let lines = self.lines(usize::from(inner.width), context);
        paragraph::draw(&lines, self.scroll.offset(), inner, buffer, context.theme.muted);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let lines = self.lines(usize::from(area.width.saturating_sub(4)), context);
        self.scroll.settle(lines.len(), usize::from(area.height.saturating_sub(2)));
        let has_changed = std::mem::take(&mut self.is_dirty) || lines != self.painted;
        self.painted = lines;
        Dirty::area_if(has_changed, area)
    }

    fn on_action(&mut self, action: Action, _context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::Back | Action::CloseViewer => effects.close(),
            Action::Refresh => self.ask(effects),
            Action::Copy => effects.push(Effect::Copy { text: self.report(), label: "report".to_owned() }),
            action if self.scroll.on_action(action) => {}
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        let State::Found(_, at) = &self.state else { return None };
        let (_, next_ms) = header::coarse_age(context.now.millis_since(*at));
        Some(context.now.plus_millis(next_ms))
    }

    fn on_reply(
        &mut self,
        _ticket: Ticket,
        result: &Result<Reply, Problem>,
        context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) {
        self.is_dirty = true;
        self.state = match result {
            Ok(Reply::Findings(findings)) => State::Found(findings.clone(), context.now),
            Ok(_) => State::Failed(Problem::refused(
                "the engine gave another kind of answer",
                "update both programs",
            )),
            Err(problem) => State::Failed(problem.clone()),
        };
    }
}

impl DoctorView {
    /// The lines on screen as text.
    fn report(&self) -> String {
        let text = |line: &Line<'_>| line.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
        self.painted.iter().map(text).collect::<Vec<_>>().join("\n")
    }
}
