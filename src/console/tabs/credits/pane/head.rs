//! The lines that always stand above the parts of a balance: how long it lasts, what disagrees, what changed.

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::super::amounts::{self, Level};
use super::{Pane, Subject, changes};
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::text;
use crate::model::balance_view::{BalanceView, Correction};
use crate::model::sanitise::clean;

/// The lines, most important first.
pub(super) fn lines(
    pane: &Pane,
    subject: Subject<'_>,
    cells: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let mut lines = vec![runway(subject, cells, context)];
    if subject.is_live {
        lines.push(real_time(subject.view, context));
    }
    lines.extend(mismatch(subject.view, cells, context));
    if let Some(words) = changes::sentence(&pane.causes, &subject.view.balance.key) {
        lines.push(Line::styled(
            text::cut(&words, cells, context.glyphs.ellipsis).into_owned(),
            context.theme.text,
        ));
    }
    lines
}

/// When it ends, and between which moments; on the right when it was read. How long that is stands in the row, too: where
/// it is narrow only there.
fn runway(subject: Subject<'_>, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let view = subject.view;
    let at = amounts::told_at(view, context, subject.is_live);
    let state = Level::of(view, context, at).state(context);
    let (read, is_old) = amounts::read_words(view, context);
    let read = Span::styled(format!("read {read}"), if is_old { theme.warning } else { theme.muted });
    let runway = view.runway(at);
    let lasts = format!("lasts {}, ", amounts::lasts(runway.as_ref(), view.per_hour()));
    let until = match &runway {
        Some(runway) => {
            let latest = runway.latest.map_or_else(|| "no end".to_owned(), format::day_minute);
            let earliest = format::day_minute(runway.earliest);
            format!("until {} UTC ({earliest} to {latest})", format::day_minute(runway.ends_at))
        }
        None if view.per_hour() > Decimal::ZERO => "lasts more than 100 years".to_owned(),
        None => "nothing burns it".to_owned(),
    };
    let mut spans = vec![Span::styled(until, theme.text)];
    let used = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let room = cells.saturating_sub(read.width() + 2);
    if runway.is_some() && used(&spans) + lasts.len() <= room {
        spans.insert(0, Span::styled(lasts, theme.strong));
    }
    let state = state.span();
    if used(&spans) + state.width() + 2 <= room {
        spans.insert(0, Span::raw("  "));
        spans.insert(0, state);
    }
    spans.push(Span::raw(" ".repeat(cells.saturating_sub(used(&spans) + read.width()).max(2))));
    spans.push(read);
    Line::from(spans)
}

/// That it counts down, how fast, and what the last reading said about it.
fn real_time(view: &BalanceView, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let rate = amounts::rate(view.declared.running_per_hour);
    let unit = clean(&view.balance.unit.0).into_owned();
    let corrected =
        view.correction.as_ref().map_or_else(String::new, |known| format!("; {}", corrected(known)));
    Line::from(vec![
        Span::styled(" REAL TIME ", theme.simulated),
        Span::styled(format!(" -{rate} {unit}/h{corrected}"), theme.text),
    ])
}

/// By how much the countdown was off: `03:04:01 read 0.0123 more than counted`.
pub(super) fn corrected(correction: &Correction) -> String {
    let off_by = correction.off_by();
    let at = format::time_of_day(correction.at);
    let digits = amounts::COUNTED_DIGITS;
    if off_by.round_dp(digits).is_zero() {
        return format!("{at} read as counted");
    }
    let word = if off_by > Decimal::ZERO { "more" } else { "less" };
    format!("{at} read {} {word} than counted", format::fixed(off_by.abs(), digits))
}

/// Why declared and observed disagree.
fn mismatch(view: &BalanceView, cells: usize, context: &ViewContext<'_>) -> Option<Line<'static>> {
    let cause = view.mismatch.as_deref()?;
    let observed = view.observed_per_hour.map_or_else(|| format::UNKNOWN.to_owned(), amounts::rate);
    let declared = amounts::rate(view.per_hour());
    let words =
        format!("{} observed {observed}, declared {declared}: {}", context.glyphs.warning, clean(cause));
    Some(Line::styled(text::cut(&words, cells, context.glyphs.ellipsis).into_owned(), context.theme.warning))
}
