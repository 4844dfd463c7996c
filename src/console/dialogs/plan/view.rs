//! How a plan is drawn, most important first: cost before and after, what a check warns of, the steps with their undo;
//! then the checks that passed. The question stays at the foot however long that is.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{Item, Phase, PlanDialog, Stage};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::dialogs::frame;
use crate::console::widgets::paragraph::{self, Lines};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::action::{ActionPlan, ActionRequest, Check, CheckOutcome, PlannedStep};
use crate::model::money::Money;
use crate::model::problem::Problem;

/// The widest a plan is drawn.
const WIDTH_MAX: u16 = 96;
/// Cells of a check's outcome: glyph, space, `refused`.
const OUTCOME_CELLS: usize = 10;
/// Cells of labels.
const LABEL_CELLS: usize = 8;

/// The size that shows everything, as far as the screen allows.
pub(super) fn wanted_size(dialog: &PlanDialog, screen: Rect, context: &ViewContext<'_>) -> (u16, u16) {
    let width = screen.width.min(WIDTH_MAX);
    let cells = usize::from(width).saturating_sub(4);
    let rows = body(dialog, cells, context).len() + foot(dialog, cells, context).len() + 3;
    (width, u16::try_from(rows).unwrap_or(u16::MAX).min(screen.height))
}

/// How many lines there are to read at this area, and how many rows for them.
pub(super) fn extent(dialog: &PlanDialog, area: Rect, context: &ViewContext<'_>) -> (usize, usize) {
    let inner = Rect { width: area.width.saturating_sub(4), height: area.height.saturating_sub(2), ..area };
    let cells = usize::from(inner.width);
    let rows = body_rows(dialog, inner, context);
    (body(dialog, cells, context).len(), usize::from(rows))
}

/// Where the cursor of the name field stands.
pub(super) fn cursor(dialog: &PlanDialog, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
    let (column, row) = dialog.prompt.cursor()?;
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.checked_sub(4)?,
        height: area.height.checked_sub(2)?,
    };
    let prompt_rows = dialog.prompt.lines(context).len();
    let y = usize::from(inner.bottom()).checked_sub(prompt_rows)? + row;
    let x = usize::from(inner.x) + column.min(usize::from(inner.width.saturating_sub(1)));
    Some(Position { x: u16::try_from(x).ok()?, y: u16::try_from(y).ok()? })
}

/// Draws the dialog.
pub(super) fn draw(dialog: &PlanDialog, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    let inner = frame::draw(area, buffer, &title(dialog), context);
    if inner.is_empty() {
        return;
    }
    let cells = usize::from(inner.width);
    let rows = body_rows(dialog, inner, context);
    let top = Rect { height: rows, ..inner };
    paragraph::draw(&body(dialog, cells, context), dialog.scroll.offset(), top, buffer, context.theme.muted);
    let foot = foot(dialog, cells, context);
    let from = inner.bottom().saturating_sub(u16::try_from(foot.len()).unwrap_or(0)).max(inner.y);
    for (y, line) in (from..inner.bottom()).zip(&foot) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

/// Rows for the body: the question at the foot always stays on screen, with a blank row above it where there is room.
fn body_rows(dialog: &PlanDialog, inner: Rect, context: &ViewContext<'_>) -> u16 {
    let foot = u16::try_from(foot(dialog, usize::from(inner.width), context).len()).unwrap_or(0);
    let air = u16::from(inner.height > foot + 4);
    inner.height.saturating_sub(foot + air)
}

fn title(dialog: &PlanDialog) -> String {
    if let [item] = dialog.items.as_slice() {
        return match &item.stage {
            Stage::Planned(plan) => clean(&plan.title),
            _ => format!("{} {}", words::verb(&item.request), target_words(item)),
        };
    }
    let verb = dialog.items.first().map(|item| words::verb(&item.request)).unwrap_or_default();
    format!("{verb} {} at once", dialog.items.len())
}

/// The target while no plan names it: `order 812`.
fn target_words(item: &Item) -> String {
    match &item.request {
        ActionRequest::ProvisionOrder { order } | ActionRequest::TakeOverOrder { order } => {
            format!("order {}", order.id)
        }
        request => request.target().replace('/', " "),
    }
}

fn body(dialog: &PlanDialog, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let mut lines = Lines::new(cells, LABEL_CELLS, context.theme.muted);
    over_budget(&mut lines, dialog, context);
    if let [item] = dialog.items.as_slice() {
        single(&mut lines, item, context);
    } else {
        several(&mut lines, dialog, context);
    }
    lines.finish()
}

/// The limits of the budget that the plans would pass: first of all, also while the operator is asked once more.
fn over_budget(lines: &mut Lines, dialog: &PlanDialog, context: &ViewContext<'_>) {
    let theme = context.theme;
    let head = Span::styled(format!("{} ", context.glyphs.warning), theme.warning);
    let mut told: Vec<&str> = Vec::new();
    for warning in dialog.warnings() {
        if !told.contains(&warning.text.as_str()) {
            told.push(&warning.text);
            hanging(lines, &head, &format!("over budget: {}", clean(&warning.text)), theme.strong);
        }
    }
    if dialog.phase == Phase::DecidingAgain {
        lines.text("It is confirmed. Shall it be done although it goes over the budget?", theme.warning);
    }
    if !told.is_empty() {
        lines.gap();
    }
}

fn single(lines: &mut Lines, item: &Item, context: &ViewContext<'_>) {
    let theme = context.theme;
    match &item.stage {
        Stage::Asking => lines.text("Making the plan: nothing happens yet.", theme.accent),
        Stage::Starting => lines.text("Starting: the engine was asked.", theme.accent),
        Stage::Started(run) => lines.text(&format!("Run {run} has started."), theme.good),
        Stage::Failed(problem) => failure(lines, problem, context),
        Stage::Planned(plan) => planned(lines, plan, context),
    }
}

fn failure(lines: &mut Lines, problem: &Problem, context: &ViewContext<'_>) {
    lines.text(&format!("{} {}", context.glyphs.bad, clean(&problem.message)), context.theme.bad);
    if !problem.advice.is_empty() {
        lines.text(&clean(&problem.advice), context.theme.text);
    }
}

fn planned(lines: &mut Lines, plan: &ActionPlan, context: &ViewContext<'_>) {
    let theme = context.theme;
    let of = |outcome| plan.checks.iter().filter(move |check| check.outcome == outcome);
    if plan.is_refused() {
        for outcome in [CheckOutcome::Refuse, CheckOutcome::Warn, CheckOutcome::Pass] {
            of(outcome).for_each(|check| one_check(lines, check, context));
        }
        return;
    }
    cost(lines, plan.burn_before.as_ref(), plan.burn_after.as_ref(), context);
    of(CheckOutcome::Warn).for_each(|check| one_check(lines, check, context));
    if !plan.steps.is_empty() {
        lines.heading("Steps", theme.title);
    }
    for (index, step) in plan.steps.iter().enumerate() {
        one_step(lines, index + 1, step, context);
    }
    if of(CheckOutcome::Pass).next().is_some() {
        lines.heading("Checks passed", theme.title);
        of(CheckOutcome::Pass).for_each(|check| one_check(lines, check, context));
    }
}

fn one_check(lines: &mut Lines, check: &Check, context: &ViewContext<'_>) {
    let theme = context.theme;
    let state = words::check_outcome(check.outcome, context);
    let detail = if check.detail.is_empty() { String::new() } else { format!(": {}", clean(&check.detail)) };
    let style = if check.outcome == CheckOutcome::Pass { theme.text } else { theme.strong };
    hanging(
        lines,
        &Span::styled(text::left(&state.text(), OUTCOME_CELLS, ""), state.style),
        &format!("{}{detail}", clean(&check.title)),
        style,
    );
}

/// A step; how it is undone stands beside it, or below where there is no room.
fn one_step(lines: &mut Lines, number: usize, step: &PlannedStep, context: &ViewContext<'_>) {
    let theme = context.theme;
    let number = Span::styled(text::right(&format!("{number}"), 2, "") + " ", theme.muted);
    let title = clean(&step.title);
    if step.undo.is_empty() {
        hanging(lines, &number, &title, theme.text);
        return;
    }
    let undo = format!("undo: {}", clean(&step.undo));
    if number.width() + text::width(&title) + 2 + text::width(&undo) <= lines.cells() {
        lines.line(Line::from(vec![
            number,
            Span::styled(title, theme.text),
            Span::raw("  "),
            Span::styled(undo, theme.muted),
        ]));
    } else {
        hanging(lines, &number, &title, theme.text);
        lines.indented(5, &undo, theme.muted);
    }
}

/// Words after a head, wrapped beside it.
fn hanging(lines: &mut Lines, head: &Span<'static>, words: &str, style: ratatui::style::Style) {
    let indent = head.width();
    for (index, part) in text::wrap(words, lines.cells().saturating_sub(indent)).into_iter().enumerate() {
        let lead = if index == 0 { head.clone() } else { Span::raw(" ".repeat(indent)) };
        lines.line(Line::from(vec![lead, Span::styled(part, style)]));
    }
}

fn cost(lines: &mut Lines, before: Option<&Money>, after: Option<&Money>, context: &ViewContext<'_>) {
    let theme = context.theme;
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, Some(after)) => {
            let words = format!("adds {}; what else burns is not known", format::money_per_hour(after));
            lines.row("cost", &words, theme.strong);
            return;
        }
        (_, None) => {
            lines.row("cost", "not known: no plan says what it costs", theme.muted);
            return;
        }
    };
    let change = format::money_change(before, after).unwrap_or_default();
    let arrow = context.glyphs.arrow;
    lines.row_of(
        "cost",
        vec![
            Span::styled(
                format!("{} {arrow} {}", format::money_per_hour(before), format::money_per_hour(after)),
                theme.strong,
            ),
            Span::styled(format!("  ({change}, whole site)"), theme.text),
        ],
    );
}

fn several(lines: &mut Lines, dialog: &PlanDialog, context: &ViewContext<'_>) {
    let theme = context.theme;
    let count = dialog.viable().count();
    if dialog.is_deciding() {
        lines.text(&format!("{count} of {} will be done:", dialog.items.len()), theme.strong);
    }
    total(lines, dialog, context);
    lines.gap();
    for item in &dialog.items {
        several_item(lines, item, context);
    }
}

fn several_item(lines: &mut Lines, item: &Item, context: &ViewContext<'_>) {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let (glyph, style, words) = match &item.stage {
        Stage::Asking => (glyphs.pending, theme.accent, format!("{}: making the plan", target_words(item))),
        Stage::Starting => (glyphs.pending, theme.accent, format!("{}: starting", target_words(item))),
        Stage::Started(_) => (glyphs.good, theme.good, format!("{}: started", target_words(item))),
        Stage::Failed(problem) => {
            (glyphs.bad, theme.bad, format!("{}: {}", target_words(item), problem.message))
        }
        Stage::Planned(plan) => {
            match plan.checks.iter().find(|check| check.outcome == CheckOutcome::Refuse) {
                Some(check) => (glyphs.bad, theme.bad, format!("{}: refused, {}", plan.title, check.detail)),
                None => (glyphs.good, theme.text, plan.title.clone()),
            }
        }
    };
    hanging(lines, &Span::styled(format!("{glyph} "), style), &clean(&words), style);
}

/// The money of all plans together: each says the site before and after itself, so the differences are added.
fn total(lines: &mut Lines, dialog: &PlanDialog, context: &ViewContext<'_>) {
    let Some(before) = dialog.viable().find_map(|plan| plan.burn_before.clone()) else { return };
    let after = dialog.viable().try_fold(before.clone(), |sum, plan| {
        let (from, to) = (plan.burn_before.as_ref()?, plan.burn_after.as_ref()?);
        let back = Money { amount: -from.amount, currency: from.currency.clone() };
        sum.checked_add(&back)?.checked_add(to)
    });
    cost(lines, Some(&before), after.as_ref(), context);
}

/// What stands at the foot: what changed, then the question or how to leave.
fn foot(dialog: &PlanDialog, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines: Vec<Line<'static>> = Vec::new();
    if let Some(note) = &dialog.note {
        let words = format!("{} {}: look again", context.glyphs.warning, clean(note));
        lines.extend(text::wrap(&words, cells).into_iter().map(|part| Line::styled(part, theme.warning)));
    }
    if !context.link.is_up() && dialog.is_deciding() {
        let words = format!("{} the engine is lost: nothing can be started now", context.glyphs.bad);
        lines.push(Line::styled(words, theme.bad));
    }
    if dialog.is_deciding() {
        lines.extend(dialog.prompt.lines(context));
    } else {
        let key = context.keymap.label(crate::console::actions::Action::Cancel);
        let what = match dialog.phase {
            Phase::Starting => "close; what was started goes on",
            Phase::Over if dialog.items.iter().any(|item| matches!(item.stage, Stage::Planned(_))) => {
                "close; a check refuses this"
            }
            _ => "close; nothing happens",
        };
        lines.push(Line::from(vec![
            Span::styled(key, theme.key),
            Span::styled(format!(" {what}"), theme.key_label),
        ]));
    }
    lines
}
