//! A run: every step with its time and outcome, what it waits for, what went wrong and what to do.

use std::ops::Range;

use ratatui::text::{Line, Span};

use super::{clean, heading, moment, pane, subject};
use crate::console::context::{LinkState, ViewContext};
use crate::console::widgets::paragraph::Lines;
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::problem::Effect;
use crate::model::run::{Run, RunStatus, StepState, StepStatus};

/// Cells of a step's duration.
const ELAPSED_CELLS: usize = format::AGE_WIDTH;

/// Everything about a run, and where in it the eye should rest.
pub struct Laid {
    /// The lines.
    pub lines: Vec<Line<'static>>,
    /// How many of them stand before the first step: what it is, what it waits for, what went wrong.
    pub head: usize,
    /// The step that acts, or else the one that failed.
    pub focus: Option<Range<usize>>,
}

/// Everything about a run.
#[must_use]
pub fn lines(context: &ViewContext<'_>, run: &Run, cells: usize) -> Laid {
    let mut lines = pane(context, cells);
    subject(&mut lines, &run.plan.title, words::run_status(run.status, context).span(), context);
    lines.row("started", &format!("{} by {}", moment(run.started_at, context), run.by), context.theme.text);
    if let LinkState::Lost { since, .. } = context.link
        && !run.status.is_ended()
    {
        let words = format!("lost at {}; the run may have gone on since then", format::time_of_day(*since));
        lines.row("engine", &words, context.theme.bad);
    }
    let elapsed = format::elapsed(words::run_elapsed_ms(run, context.known_at()));
    let (done, all) = run.progress();
    lines.row("elapsed", &format!("{elapsed}, {done} of {all} steps done"), context.theme.text);
    outcome(&mut lines, context, run);
    heading(&mut lines, "Steps", context);
    let head = lines.len();
    let focus = steps(&mut lines, context, run);
    lines.gap();
    lines.row("run", run.id.as_str(), context.theme.muted);
    Laid { lines: lines.finish(), head, focus }
}

/// What it waits for, what came of it, what to do.
pub fn outcome(lines: &mut Lines, context: &ViewContext<'_>, run: &Run) {
    let theme = context.theme;
    if !run.status.is_ended() {
        let waits = words::run_waits_for(run);
        let waits = if waits.is_empty() { "its next step".to_owned() } else { clean(&waits) };
        lines.row("waits for", &waits, theme.accent);
        if run.is_cancel_requested {
            lines.row(
                "cancel",
                "asked for; it stops after the present step and undoes what it did",
                theme.warning,
            );
        }
    }
    if let Some(result) = &run.result {
        lines.row("result", &clean(result), theme.strong);
    }
    if let Some(problem) = &run.problem {
        lines.row("problem", &clean(&problem.message), theme.bad);
        if problem.effect == Effect::Possible {
            lines.row("effect", "unknown: it may have happened at the provider", theme.warning);
        }
        if !problem.advice.is_empty() {
            lines.row("what to do", &clean(&problem.advice), theme.strong);
        }
    }
    if run.status == RunStatus::NeedsOperator {
        let undone: Vec<&StepState> =
            run.steps.iter().filter(|step| step.status == StepStatus::UndoFailed).collect();
        for step in undone {
            lines.row("left over", &format!("{}: {}", step.title, clean(&step.detail)), theme.bad);
        }
    }
}

/// The steps, one line each, with the detail below; gives the lines of the step that acts, or of the one that failed.
pub fn steps(lines: &mut Lines, context: &ViewContext<'_>, run: &Run) -> Option<Range<usize>> {
    let first = |wanted: &[StepStatus]| run.steps.iter().position(|step| wanted.contains(&step.status));
    let in_focus =
        first(&[StepStatus::Acting]).or_else(|| first(&[StepStatus::UndoFailed, StepStatus::Failed]));
    let mut focus = None;
    for (index, step) in run.steps.iter().enumerate() {
        let from = lines.len();
        self::step(lines, context, step);
        if Some(index) == in_focus {
            focus = Some(from..lines.len());
        }
    }
    focus
}

fn step(lines: &mut Lines, context: &ViewContext<'_>, step: &StepState) {
    let theme = context.theme;
    let state = words::step_status(step.status, context);
    let elapsed = step
        .started_at
        .map(|at| format::elapsed(step.ended_at.unwrap_or(context.known_at()).millis_since(at)))
        .unwrap_or_default();
    let attempts = if step.attempts > 1 { format!(" (attempt {})", step.attempts) } else { String::new() };
    let word = format!("{} {}", state.glyph, text::left(&state.word, STATE_CELLS, ""));
    let title_style = if step.status == StepStatus::Waiting { theme.muted } else { theme.text };
    lines.line(Line::from(vec![
        Span::styled(word, state.style),
        Span::styled(text::right(&elapsed, ELAPSED_CELLS, ""), theme.muted),
        Span::styled(format!("  {}{attempts}", clean(&step.title)), title_style),
    ]));
    if !step.detail.is_empty() {
        let style = if step.status == StepStatus::Failed { theme.bad } else { theme.muted };
        lines.indented(STATE_CELLS + ELAPSED_CELLS + 4, &clean(&step.detail), style);
    }
}

/// Cells of a step's word: `undo failed`.
const STATE_CELLS: usize = 11;
