//! What if: burn, how long the money lasts and the end of the month as if marked servers were stopped or more of a kind
//! started, beside how it is. Nothing of it happens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months};
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::amounts;
use super::burners::{BurnerId, Burners};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::text;
use crate::link::packed::PackedFleet;
use crate::model::balance_view::BalanceView;
use crate::model::spend::{BurnerKind, Outcome, WhatIf};
use crate::model::time::Timestamp;

/// Rows of the panel.
pub(super) const ROWS: u16 = 7;

/// More of one kind than this is no question of on-call.
const MORE_MAX: u32 = 99;

/// Cells of labels and of columns.
const LABEL_CELLS: usize = 18;
const COLUMN_CELLS: usize = 18;

/// What is supposed besides the marks: how many more of each kind.
#[derive(Debug, Default)]
pub(super) struct Supposition {
    more: BTreeMap<BurnerId, u32>,
}

impl Supposition {
    /// One more like this one; only what runs can be started.
    pub(super) fn one_more(&mut self, id: &BurnerId) {
        if id.1 == BurnerKind::Running {
            let count = self.more.entry(id.clone()).or_default();
            *count = (*count + 1).min(MORE_MAX);
        }
    }

    /// One less of those that are as if started; says whether there was one.
    pub(super) fn one_less(&mut self, id: &BurnerId) -> bool {
        let Some(count) = self.more.get_mut(id) else { return false };
        *count -= 1;
        if *count == 0 {
            self.more.remove(id);
        }
        true
    }

    fn what_if(&self, fleet: &PackedFleet, burners: &Burners, marked: &BTreeSet<BurnerId>) -> WhatIf {
        let started = self.more.iter().filter_map(|(id, count)| Some((burners.find(fleet, id)?, *count)));
        WhatIf {
            stopped: marked.iter().filter(|id| id.1 == BurnerKind::Running).map(|id| id.0.clone()).collect(),
            started_per_hour: started
                .flat_map(|(burner, count)| (0..count).map(move |_| burner.per_hour))
                .collect(),
        }
    }

    /// The panel.
    pub(super) fn lines(
        &self,
        (burners, marked): (&Burners, &BTreeSet<BurnerId>),
        view: &BalanceView,
        cells: usize,
        context: &ViewContext<'_>,
    ) -> Vec<Line<'static>> {
        let at = amounts::told_at(view, context, burners.is_live);
        let period_end = month_end(at);
        let supposed = self.what_if(context.fleet, burners, marked);
        let outcome = |what_if: &WhatIf| {
            let all = burners.all(context.fleet);
            what_if.outcome(&view.balance.key, view.predicted(at), all, at, period_end)
        };
        let (now, then) = (outcome(&WhatIf::default()), outcome(&supposed));
        let mut lines = vec![rule(&supposed, cells, context), heads(context)];
        lines.extend(rows(&now, &then, view, period_end, context));
        lines
    }
}

/// The first moment of the month after, in UTC.
fn month_end(at: Timestamp) -> Timestamp {
    let date = at.to_datetime().date_naive();
    let next = date.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
    let midnight = next.and_then(|first| first.and_hms_opt(0, 0, 0));
    midnight.map_or(at, |midnight| Timestamp(midnight.and_utc().timestamp_millis()))
}

/// That nothing of this is so.
fn rule(supposed: &WhatIf, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let (stopped, started) = (supposed.stopped.len(), supposed.started_per_hour.len());
    let what = if stopped + started == 0 {
        let key = |action| context.keymap.label(action);
        format!(
            " {} marks what stops, {} starts one more like the selected",
            key(Action::Mark),
            key(Action::OneMore)
        )
    } else {
        format!(" as if {stopped} stopped, {started} more started; nothing has happened")
    };
    let mut line = Line::from(vec![
        Span::styled(format!("{0}{0} ", glyphs.horizontal), theme.border),
        Span::styled(" WHAT IF ", theme.read_only),
        Span::styled(text::cut(&what, cells.saturating_sub(14), glyphs.ellipsis).into_owned(), theme.warning),
        Span::raw(" "),
    ]);
    let rest = cells.saturating_sub(line.width());
    line.push_span(Span::styled(glyphs.horizontal.repeat(rest), theme.border));
    line
}

fn row(label: &str, columns: [&str; 3]) -> String {
    let columns: String = columns.iter().map(|column| text::right(column, COLUMN_CELLS, "")).collect();
    format!("{}{columns}", text::left(label, LABEL_CELLS, ""))
}

fn heads(context: &ViewContext<'_>) -> Line<'static> {
    Line::styled(row("", ["NOW", "WHAT IF", "DIFFERENCE"]), context.theme.table_head)
}

fn rows(
    now: &Outcome,
    then: &Outcome,
    view: &BalanceView,
    period_end: Timestamp,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let unit = &view.balance.unit;
    let numbers = |label: &str, now: Decimal, then: Decimal, digits: u32| {
        let by = then - now;
        let sign = if by > Decimal::ZERO { "+" } else { "" };
        let by = format!("{sign}{}", format::fixed(by, digits));
        columns(label, [&format::fixed(now, digits), &format::fixed(then, digits), &by], context)
    };
    let lasts = |outcome: &Outcome| amounts::lasts(outcome.runway.as_ref(), outcome.per_hour);
    let ends = |outcome: &Outcome| amounts::ends(outcome.runway.as_ref());
    let longer = match (&now.runway, &then.runway) {
        (Some(now), Some(then)) if then.lasts_ms >= now.lasts_ms => {
            format!("+{}", format::age_minutes(then.lasts_ms - now.lasts_ms))
        }
        (Some(now), Some(then)) => format!("-{}", format::age_minutes(now.lasts_ms - then.lasts_ms)),
        _ => String::new(),
    };
    let mut lines = vec![numbers(&format!("{unit}/h"), now.per_hour, then.per_hour, 4)];
    let reported = |outcome: &Outcome| amounts::reported(context, outcome.per_hour, unit);
    if let (Some(now), Some(then)) = (reported(now), reported(then))
        && now.currency != *unit
    {
        lines.push(numbers(&format!("{}/h", now.currency), now.amount, then.amount, 4));
    }
    lines.push(columns("lasts", [&lasts(now), &lasts(then), &longer], context));
    lines.push(columns("until UTC", [&ends(now), &ends(then), ""], context));
    let label = format!("left on {}", period_end.to_datetime().format("%-d %b"));
    let mut left = numbers(&label, now.left_at_period_end, then.left_at_period_end, 2);
    for (span, outcome) in left.spans.iter_mut().skip(1).zip([now, then]) {
        if outcome.left_at_period_end < Decimal::ZERO {
            span.style = context.theme.bad;
        }
    }
    lines.push(left);
    lines
}

/// A row whose supposed column stands out.
fn columns(label: &str, [now, then, difference]: [&str; 3], context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    Line::from(vec![
        Span::styled(text::left(label, LABEL_CELLS, ""), theme.muted),
        Span::styled(text::right(now, COLUMN_CELLS, ""), theme.text),
        Span::styled(text::right(then, COLUMN_CELLS, ""), theme.warning),
        Span::styled(text::right(difference, COLUMN_CELLS, ""), theme.text),
    ])
}
