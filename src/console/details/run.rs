//! A run: every step with its time and outcome, what it waits for, what went wrong and what to do.

use ratatui::text::{Line, Span};

use super::{clean, heading, moment, pane, subject};
use crate::console::context::ViewContext;
use crate::console::widgets::paragraph::Lines;
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::problem::Effect;
use crate::model::run::{Run, RunStatus, StepState, StepStatus};

/// Cells of a step's duration.
const ELAPSED_CELLS: usize = format::AGE_WIDTH;

/// Everything about a run.
#[must_use]
pub fn lines(context: &ViewContext<'_>, run: &Run, cells: usize) -> Vec<Line<'static>> {
    let mut lines = pane(context, cells);
    subject(&mut lines, &run.plan.title, words::run_status(run.status, context).span(), context);
    lines.row("started", &format!("{} by {}", moment(run.started_at, context), run.by), context.theme.text);
    let elapsed = format::elapsed(words::run_elapsed_ms(run, context.now));
    let (done, all) = run.progress();
    lines.row("elapsed", &format!("{elapsed}, {done} of {all} steps done"), context.theme.text);
    outcome(&mut lines, context, run);
    heading(&mut lines, "Steps", context);
    steps(&mut lines, context, run);
    lines.gap();
    lines.row("run", run.id.as_str(), context.theme.muted);
    lines.finish()
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

/// The steps, one line each, with the detail below where it does not fit.
pub fn steps(lines: &mut Lines, context: &ViewContext<'_>, run: &Run) {
    for step in &run.steps {
        self::step(lines, context, step);
    }
}

fn step(lines: &mut Lines, context: &ViewContext<'_>, step: &StepState) {
    let theme = context.theme;
    let state = words::step_status(step.status, context);
    let elapsed = step
        .started_at
        .map(|at| format::elapsed(step.ended_at.unwrap_or(context.now).millis_since(at)))
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
