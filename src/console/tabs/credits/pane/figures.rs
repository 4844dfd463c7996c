//! Every figure of a balance as lines: spend of the windows with averages, both measures of the burn, what comes.

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::super::amounts;
use super::{Subject, head};
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::paragraph::Lines;
use crate::console::widgets::text;
use crate::model::balance_view::BalanceView;
use crate::model::sanitise::clean;
use crate::model::spend::WindowSpend;

/// Cells of labels: `countdown` is the longest.
const LABEL_CELLS: usize = 10;

/// Cells of an amount.
const NUMBER_CELLS: usize = 10;

/// Charges that are told; the rest is counted.
const CHARGES_SHOWN: usize = 3;

/// The lines.
pub(super) fn lines(subject: Subject<'_>, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let view = subject.view;
    let mut lines = Lines::new(cells, LABEL_CELLS, context.theme.muted);
    windows(&mut lines, view, context);
    burn(&mut lines, view, context);
    coming(&mut lines, view, context);
    left(&mut lines, view, context);
    if let Some(correction) = &view.correction {
        lines.row("countdown", &head::corrected(correction), context.theme.text);
    }
    lines.finish()
}

fn windows(lines: &mut Lines, view: &BalanceView, context: &ViewContext<'_>) {
    let theme = context.theme;
    let unit = clean(&view.balance.unit.0).to_uppercase();
    let numbers = |columns: [String; 3], watched: &str| {
        let columns: String =
            columns.iter().map(|column| text::right(column, NUMBER_CELLS, context.glyphs.ellipsis)).collect();
        format!("{columns} {watched:>8}")
    };
    let heads = numbers(["SPENT".to_owned(), "PER HOUR".to_owned(), "PER DAY".to_owned()], "WATCHED");
    let label = text::left(&unit, LABEL_CELLS, context.glyphs.ellipsis);
    lines.line(Line::styled(format!("{label}{heads}"), theme.table_head));
    for (period, window) in &view.windows {
        let average = |value: Option<Decimal>, digits: u32| {
            value.map_or_else(|| format::UNKNOWN.to_owned(), |value| format::fixed(value, digits))
        };
        let columns =
            [amounts::amount(window.spent), average(window.per_hour, 4), average(window.per_day, 2)];
        let watched = watched_percent(window);
        let line = numbers(columns, &format!("{watched} %"));
        // A window with gaps tells averages of what was watched only.
        lines.row_of(
            period.word(),
            vec![Span::styled(line, if watched < 90 { theme.warning } else { theme.text })],
        );
    }
}

/// How much of a window was watched, rounded down: only the whole is 100.
pub(super) fn watched_percent(window: &WindowSpend) -> u64 {
    let length = window.to.millis_since(window.from);
    (window.watched_ms.min(length) * 100).checked_div(length).unwrap_or(0)
}

fn burn(lines: &mut Lines, view: &BalanceView, context: &ViewContext<'_>) {
    let theme = context.theme;
    let unit = &view.balance.unit;
    lines.gap();
    lines.row("declared", &amounts::burn_words(context, view.per_hour(), unit), theme.text);
    let declared = &view.declared;
    let running = format!(
        "{} for {} running, {} committed",
        amounts::rate(declared.running_per_hour),
        declared.running,
        amounts::rate(declared.committed_per_hour)
    );
    lines.row("", &running, theme.muted);
    match view.observed_per_hour {
        Some(observed) => {
            let words = amounts::burn_words(context, observed, unit);
            lines.row("observed", &words, if view.mismatch.is_some() { theme.warning } else { theme.text });
        }
        None => lines.row("observed", "not watched for long enough yet", theme.muted),
    }
}

fn coming(lines: &mut Lines, view: &BalanceView, context: &ViewContext<'_>) {
    let theme = context.theme;
    let unit = clean(&view.balance.unit.0);
    if !view.topped_up_total.is_zero() {
        let doubt = if view.doubt_total.is_zero() {
            String::new()
        } else {
            format!(", it and what is spent may be off by {}", amounts::amount(view.doubt_total))
        };
        let words = format!("{} {unit} since this is kept{doubt}", amounts::amount(view.topped_up_total));
        lines.row("topped up", &words, theme.text);
    }
    for (index, charge) in view.charges.iter().take(CHARGES_SHOWN).enumerate() {
        let label = if index == 0 { "comes" } else { "" };
        let words = format!(
            "{} UTC at most {} {unit}, {}",
            format::day_minute(charge.at),
            amounts::amount(charge.amount),
            clean(&charge.what)
        );
        lines.row(label, &words, theme.text);
    }
    let more = view.charges.len().saturating_sub(CHARGES_SHOWN);
    if more > 0 {
        lines.row("", &format!("and {more} more"), theme.muted);
    }
}

/// Between which amounts the balance lies while nobody can read it.
fn left(lines: &mut Lines, view: &BalanceView, context: &ViewContext<'_>) {
    let (_, is_old) = amounts::read_words(view, context);
    if !is_old {
        return;
    }
    let (least, most) = view.bounds(context.now);
    let unit = clean(&view.balance.unit.0);
    let words = format!(
        "between {} and {} {unit} unless more came in",
        amounts::amount(least),
        amounts::amount(most)
    );
    lines.row("left", &words, context.theme.warning);
}
