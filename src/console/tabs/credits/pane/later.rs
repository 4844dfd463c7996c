//! What is known of an account that is billed later, as lines: what it burns with every rate, what changed and for whom.

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::super::amounts;
use super::super::causes::Causes;
use super::super::later::reported;
use super::changes;
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::paragraph::Lines;
use crate::model::billed_later::BilledLater;
use crate::model::money::HOURS_PER_MONTH;
use crate::model::sanitise::clean;

/// Cells of labels.
const LABEL_CELLS: usize = 10;

/// The lines.
pub(super) fn lines(
    later: &BilledLater,
    causes: &Causes,
    (cells, rows): (usize, usize),
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = Lines::new(cells, LABEL_CELLS, theme.muted);
    lines.line(rule(later, cells, context));
    for (index, money) in later.per_hour.iter().enumerate() {
        let label = if index == 0 { "burns" } else { "" };
        lines.row(label, &amounts::burn_words(context, money.amount, &money.currency), theme.text);
    }
    let count = |number: u32| format::count(usize::try_from(number).unwrap_or(usize::MAX), "server");
    lines.row("for", &format!("{} at what their plans cost us", count(later.servers)), theme.text);
    if later.unpriced > 0 {
        let words = format!("{} whose price nobody knows", count(later.unpriced));
        lines.row("besides", &words, theme.warning);
    }
    let month: Option<Decimal> =
        reported(context, later).map(|money| money.amount * Decimal::from(HOURS_PER_MONTH));
    if let Some(month) = month {
        let words = format!(
            "about {} {} a month, if it stays so: no balance pays it",
            amounts::amount(month),
            context.fleet.site.rates.reporting
        );
        lines.row("bill", &words, theme.text);
    }
    lines.gap();
    let used = lines.len();
    let mut built = lines.finish();
    let rest = rows.saturating_sub(used);
    let key = later.key();
    let upper = changes::lines(causes, &key, cells, rest / 2, context);
    built.extend(upper.into_iter().take((rest / 2).max(2)));
    built.push(Line::default());
    let room = rows.saturating_sub(built.len());
    built.extend(changes::shares(causes, &key, cells, room, context).into_iter().take(room));
    built
}

fn rule(later: &BilledLater, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let mut line = Line::from(vec![
        Span::styled(format!("{0}{0} ", glyphs.horizontal), theme.border),
        Span::styled(clean(later.account.as_str()).into_owned(), theme.title),
        Span::styled(format!(" {}, billed later ", later.provider.word()), theme.text),
    ]);
    let rest = cells.saturating_sub(line.width());
    line.push_span(Span::styled(glyphs.horizontal.repeat(rest), theme.border));
    line
}
