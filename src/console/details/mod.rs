//! Everything about one thing, as lines to read. Pure: the fleet and a width in, lines out.

pub mod credit_account;
pub mod credit_server;
pub mod matches;
pub mod node;
pub mod order;
pub mod run;
pub mod server;

use ratatui::text::{Line, Span};

use super::context::ViewContext;
use super::widgets::paragraph::Lines;
use super::widgets::sparkline::{Buckets, round_top};
use super::widgets::text;
use super::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::FeedKind;
use crate::model::fleet::{Metric, SeriesKey, SeriesOwner};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::run::Run;
use crate::model::sanitise;
use crate::model::time::Timestamp;

/// Cells of labels: `subscription` is the longest.
const LABEL_CELLS: usize = 14;

/// Runs listed.
const RUNS_SHOWN: usize = 5;

/// An empty pane of this width.
pub(super) fn pane(context: &ViewContext<'_>, cells: usize) -> Lines {
    Lines::new(cells, LABEL_CELLS, context.theme.muted)
}

/// Text from outside, safe to draw.
pub(super) fn clean(text: &str) -> String {
    sanitise::clean(text).into_owned()
}

/// A row for a value that may be missing; a missing one is not drawn.
pub(super) fn optional_row(lines: &mut Lines, label: &str, value: Option<&str>, context: &ViewContext<'_>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        lines.row(label, &clean(value), context.theme.text);
    }
}

/// A moment and how long ago it was.
pub(super) fn moment(at: Timestamp, context: &ViewContext<'_>) -> String {
    format!("{} ({} ago)", format::date_time(at), format::age(context.now.millis_since(at)))
}

/// When a thing of an account was last seen as it is shown: a reading that changed nothing about it counts too.
pub(super) fn seen(
    context: &ViewContext<'_>,
    account: &AccountId,
    kind: FeedKind,
    changed_at: Timestamp,
) -> Timestamp {
    let feed = context.fleet.feeds.get(&(account.clone(), kind));
    let read_at = feed.and_then(|feed| feed.read_at(context.now));
    read_at.map_or(changed_at, |read_at| read_at.max(changed_at))
}

/// The points of a series, as milliseconds and values.
fn points(fleet: &PackedFleet, owner: SeriesOwner, metric: Metric) -> Vec<(i64, f32)> {
    let samples = fleet.series.get(&SeriesKey { owner, metric });
    samples.into_iter().flatten().map(|sample| (sample.at.0, sample.value)).collect()
}

/// The buckets of a series that end now.
pub(super) fn buckets(
    context: &ViewContext<'_>,
    owner: SeriesOwner,
    metric: Metric,
    cells: usize,
) -> Buckets {
    Buckets::of(&points(context.fleet, owner, metric), context.now.0, cells)
}

/// A sparkline for a table cell; blank where there is no point at all.
pub(super) fn spark(
    context: &ViewContext<'_>,
    owner: SeriesOwner,
    metric: Metric,
    cells: usize,
    top: Option<f32>,
) -> String {
    let buckets = buckets(context, owner, metric, cells);
    let top = top.unwrap_or_else(|| round_top(buckets.highest().unwrap_or(0.0)));
    buckets.draw(top, &context.glyphs.levels, context.glyphs.gap)
}

/// A sparkline with its scale and span, or the reason why there is none.
pub(super) fn spark_row(
    lines: &mut Lines,
    context: &ViewContext<'_>,
    label: &str,
    series: (SeriesOwner, Metric),
    top: Option<f32>,
    scale: impl Fn(f32) -> String,
) {
    let cells = lines.cells().saturating_sub(LABEL_CELLS + 24).clamp(8, 60);
    let buckets = buckets(context, series.0, series.1, cells);
    let Some(highest) = buckets.highest() else {
        lines.row(label, "no readings yet", context.theme.muted);
        return;
    };
    let top = top.unwrap_or_else(|| round_top(highest));
    let drawn = buckets.draw(top, &context.glyphs.levels, context.glyphs.gap);
    let legend = format!(" 0 to {}, {}", scale(top), format::age_short(buckets.span_ms()));
    lines.row_of(
        label,
        vec![
            Span::styled(drawn, context.theme.accent),
            Span::styled(text::cut(&legend, 24, "").into_owned(), context.theme.muted),
        ],
    );
}

/// A heading of a pane.
pub(super) fn heading(lines: &mut Lines, title: &str, context: &ViewContext<'_>) {
    lines.heading(title, context.theme.title);
}

/// The last runs on a server.
pub(super) fn runs(lines: &mut Lines, context: &ViewContext<'_>, server: &ServerKey) {
    let is_of = |run: &&Run| run.plan.request.server() == Some(server);
    let runs: Vec<&Run> = context.fleet.runs.values().rev().filter(is_of).collect();
    if runs.is_empty() {
        return;
    }
    heading(lines, "Runs", context);
    for run in runs.iter().take(RUNS_SHOWN) {
        let state = words::run_status(run.status, context);
        lines.line(Line::from(vec![
            state.span(),
            Span::styled(
                format!("  {}, {} by {}", run.plan.request.name(), moment(run.started_at, context), run.by),
                context.theme.text,
            ),
        ]));
        if let Some(problem) = &run.problem {
            lines.indented(2, &clean(&problem.message), context.theme.bad);
        }
    }
}

/// The first line of a pane: what it is about, strong.
pub(super) fn subject(lines: &mut Lines, words: &str, state: Span<'static>, context: &ViewContext<'_>) {
    lines.line(Line::from(vec![Span::styled(clean(words), context.theme.strong), Span::raw("  "), state]));
}
