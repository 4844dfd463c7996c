//! The past of a balance as pictures: over time, by day, by server.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::amounts;
use super::super::history::History;
use super::Subject;
use super::figures::watched_percent;
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::chart::{Chart, Look, Slice, plot_cells};
use crate::console::widgets::{gauge, text};
use crate::model::balance_view::BalanceView;
use crate::model::problem::Problem;
use crate::model::request::HistoryPoint;
use crate::model::sanitise::clean;
use crate::model::time::Timestamp;

const HOUR_MS: f64 = 3_600_000.0;

/// Cells of an amount beside a bar.
const NUMBER_CELLS: usize = 10;

/// Cells of ` 50 % watched`.
const NOTE_CELLS: usize = 13;

/// Cells of a bar at most.
const BAR_CELLS_MAX: usize = 40;

/// Columns of dots that a chart in this area has: worth as many points.
pub(super) fn columns_of_dots(area: Rect, context: &ViewContext<'_>) -> usize {
    plot_cells(usize::from(area.width)) * if context.glyphs.has_dots { 2 } else { 1 }
}

/// The balance over time.
pub(super) fn lines(
    history: &History,
    subject: Subject<'_>,
    cells: usize,
    rows: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let view = subject.view;
    let mut lines = vec![title(history, view, cells, context)];
    let Some(known) = history.chart(&view.balance.key) else {
        lines.extend(nothing_yet(history.problem(), cells, context));
        return lines;
    };
    let end = history.chart_end(&view.balance.key).unwrap_or(view.balance.observed_at);
    let slices = slices(&known.points, end);
    let (from, to) = history.bounds(view.balance.observed_at);
    let theme = context.theme;
    let look = Look {
        glyphs: context.glyphs,
        line: theme.accent,
        axis: theme.border,
        label: theme.muted,
        mark: theme.good,
        gap: theme.warning,
        bars: theme.info,
    };
    let drawn = Chart { slices: &slices, from: from.0, to: to.0 }.lines(cells, rows.saturating_sub(1), &look);
    if drawn.is_empty() {
        lines.push(Line::styled("no reading in this time", theme.muted));
    }
    lines.extend(drawn);
    lines
}

/// What the chart shows, and what its signs mean.
fn title(history: &History, view: &BalanceView, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let (_, to) = history.bounds(view.balance.observed_at);
    let span = history.span().words;
    let what = format!("Balance and burn, {}: ", clean(&view.balance.unit.0));
    let when = if history.is_panned() {
        format!("{span} before {} UTC", format::day_minute(to))
    } else {
        format!("{span} to {} UTC", format::day_minute(to))
    };
    let legend =
        [(glyphs.ascending, " topped up  ", theme.good), (glyphs.axis_gap, " not watched", theme.warning)];
    let mut line = Line::from(vec![Span::styled(what, theme.table_head), Span::styled(when, theme.text)]);
    let legend_cells: usize = legend.iter().map(|(sign, words, _)| text::width(sign) + words.len()).sum();
    let free = cells.saturating_sub(line.width() + legend_cells);
    if free >= 2 {
        line.push_span(Span::raw(" ".repeat(free)));
        for (sign, words, style) in legend {
            line.push_span(Span::styled(sign, style));
            line.push_span(Span::styled(words, theme.muted));
        }
    }
    line
}

/// Why nothing is drawn.
pub(super) fn nothing_yet(
    problem: Option<&Problem>,
    cells: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let theme = context.theme;
    match problem {
        Some(problem) => {
            let words = format!("{} no history: {}", context.glyphs.warning, clean(&problem.message));
            text::wrap(&words, cells).into_iter().map(|line| Line::styled(line, theme.warning)).collect()
        }
        None => vec![Line::styled("asking the engine for the history", theme.muted)],
    }
}

/// The points as slices. Where a balance rose something was topped up.
fn slices(points: &[HistoryPoint], end: Timestamp) -> Vec<Slice> {
    let ends = points.iter().skip(1).map(|point| point.at).chain([end]);
    let before = std::iter::once(None).chain(points.iter().map(|point| point.balance));
    points
        .iter()
        .zip(ends)
        .zip(before)
        .map(|((point, to), before)| {
            let length_ms = (to.0 - point.at.0).max(1) as f64;
            Slice {
                from: point.at.0,
                to: to.0,
                value: point.balance.and_then(|balance| balance.to_f64()),
                rate: point.spent.to_f64().map(|spent| spent * HOUR_MS / length_ms),
                is_gap: point.is_gap,
                is_marked: before.zip(point.balance).is_some_and(|(before, after)| after > before),
            }
        })
        .collect()
}

/// Spend by day, the newest first.
pub(super) fn days(
    history: &History,
    subject: Subject<'_>,
    cells: usize,
    rows: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let view = subject.view;
    let title = format!("Spent by day, {}", clean(&view.balance.unit.0));
    let mut lines = vec![Line::styled(title, context.theme.table_head)];
    let Some(known) = history.days(&view.balance.key) else {
        lines.extend(nothing_yet(history.problem(), cells, context));
        return lines;
    };
    let shown: Vec<_> = known.days.iter().rev().take(rows.saturating_sub(1)).collect();
    let highest = shown.iter().map(|day| day.spend.spent).max().unwrap_or_default();
    for day in shown {
        let watched = watched_percent(&day.spend);
        let note = if watched < 90 { format!(" {watched} % watched") } else { String::new() };
        let label = day.date.format("%a %e %b").to_string();
        let spent = day.spend.spent;
        lines.push(bar(&label, (spent, spent, highest), (cells, NOTE_CELLS, &note), context));
    }
    if lines.len() == 1 {
        lines.push(Line::styled("nothing was spent yet", context.theme.muted));
    }
    lines
}

/// A label, an amount, a bar as long as the part of the highest that the amount is worth, a note.
pub(super) fn bar(
    label: &str,
    (value, worth, highest): (Decimal, Decimal, Decimal),
    (cells, note_cells, note): (usize, usize, &str),
    context: &ViewContext<'_>,
) -> Line<'static> {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let label_cells = (cells / 3).clamp(10, 24);
    let bar_cells = cells.saturating_sub(label_cells + NUMBER_CELLS + 1 + note_cells).min(BAR_CELLS_MAX);
    let percent = (worth.max(Decimal::ZERO) * Decimal::ONE_HUNDRED).checked_div(highest).unwrap_or_default();
    let drawn = gauge::bar(percent.round().to_u32().unwrap_or(0), bar_cells, glyphs.levels[7], " ");
    Line::from(vec![
        Span::styled(text::left(label, label_cells, glyphs.ellipsis), theme.text),
        Span::styled(text::right(&amounts::amount(value), NUMBER_CELLS, glyphs.ellipsis), theme.text),
        Span::styled(format!(" {drawn}"), theme.info),
        Span::styled(note.to_owned(), theme.warning),
    ])
}
