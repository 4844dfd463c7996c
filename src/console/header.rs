//! The lines around every view: site and totals, tabs, the providers' health with age, and the hint bar.
//!
//! Made as text, compared with what is on screen, drawn only where different. Ages are coarse on purpose: a healthy
//! site that is only watched does not make its header tick.

use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::actions::Action;
use super::condition::badness;
use super::context::{LinkState, ViewContext};
use super::format;
use super::layers::{TABS, tab_title};
use super::widgets::text::{cut, width};
use crate::model::account::{Feed, FeedKind, Freshness};
use crate::model::ids::AccountId;
use crate::model::matches::MatchPhase;
use crate::model::money::Money;
use crate::model::request::Tab;
use crate::model::spend::AlertLevel;
use crate::model::time::Timestamp;

/// A piece of a line that may be left out when the screen is narrow.
struct Piece {
    text: String,
    style: Style,
    /// 0 is never left out; of the others, the highest goes first.
    priority: u8,
}

/// Joins pieces with two spaces, leaving out the least important until they fit.
fn fit(mut pieces: Vec<Piece>, cells: u16, gap: Style) -> Line<'static> {
    let needed = |pieces: &[Piece]| pieces.iter().map(|piece| width(&piece.text) + 2).sum::<usize>();
    while needed(&pieces) > usize::from(cells) + 2 {
        let droppable = pieces.iter().enumerate().filter(|(_, piece)| piece.priority > 0);
        let Some((at, _)) = droppable.max_by_key(|(at, piece)| (piece.priority, *at)) else { break };
        pieces.remove(at);
    }
    let mut spans = Vec::with_capacity(pieces.len() * 2);
    for piece in pieces {
        if !spans.is_empty() {
            spans.push(Span::styled("  ", gap));
        }
        spans.push(Span::styled(piece.text, piece.style));
    }
    Line::from(spans)
}

/// The first line: which site, in what mode, what it burns and what is wrong.
#[must_use]
pub fn site_line(context: &ViewContext<'_>, cells: u16) -> Line<'static> {
    let theme = context.theme;
    let site = &context.fleet.site;
    let summary = &context.fleet.summary;
    let mut pieces = Vec::new();
    let mut add = |text: String, style: Style, priority: u8| pieces.push(Piece { text, style, priority });
    add(format!(" {}", site.name), theme.bar.add_modifier(ratatui::style::Modifier::BOLD), 0);
    if !site.word.is_empty() {
        add(format!(" {} ", site.word), theme.site_word(&site.colour), 0);
    }
    if site.is_simulated {
        add(" SIMULATED ".to_owned(), theme.simulated, 0);
    }
    if context.is_read_only {
        add(" READ-ONLY ".to_owned(), theme.read_only, 0);
    }
    let burn = summary.burn_per_hour.as_ref().map_or_else(|| "burn unknown".to_owned(), burn_text);
    let left_out =
        if summary.unconverted > 0 { format!(" (+{} unpriced)", summary.unconverted) } else { String::new() };
    add(format!("{burn}{left_out}"), theme.bar, 1);
    let bad = context.glyphs.bad;
    if summary.orphans > 0 {
        let orphans = format::count(count_of(summary.orphans), "orphan");
        add(format!("{bad} {orphans}"), theme.bar_bad, 0);
        if let Some(money) = &summary.orphan_burn_per_hour {
            add(format!("leak {}", burn_text(money)), theme.bar_bad, 3);
        }
    }
    let warning = context.glyphs.warning;
    let alerts = alert_counts(context);
    // The key that shows them stands beside the first.
    let key = context.keymap.label(Action::AlertsView);
    if alerts.critical > 0 {
        add(format!("{bad} {} critical ({key})", alerts.critical), theme.bar_bad, 0);
    }
    if !context.fleet.engine.failed_parts.is_empty() {
        add(format!("{bad} engine failed in part"), theme.bar_bad, 0);
    }
    if let Some(rebuild) = context.fleet.engine.rebuild {
        add(format!("{warning} index {}%", rebuild.percent()), theme.bar_warning, 2);
    }
    if alerts.warning > 0 {
        let words = format::count(alerts.warning, "warning");
        let key = if alerts.critical > 0 { String::new() } else { format!(" ({key})") };
        add(format!("{warning} {words}{key}"), theme.bar_warning, 1);
    }
    let counts = [
        (summary.runs_needing_operator, "needs operator", bad, theme.bar_bad, 1),
        (summary.stuck_orders, "stuck", warning, theme.bar_warning, 1),
        (summary.orders_without_server, "without server", warning, theme.bar_warning, 3),
        (live_matches(context), "live", context.glyphs.running, theme.bar_good, 2),
        (summary.runs_active, "running", context.glyphs.running, theme.bar_good, 2),
    ];
    for (count, word, glyph, style, priority) in counts {
        if count > 0 {
            add(format!("{glyph} {count} {word}"), style, priority);
        }
    }
    if alerts.silenced > 0 {
        add(format!("({} silenced)", alerts.silenced), theme.bar, 4);
    }
    fit(pieces, cells, theme.bar)
}

/// Matches that are being played.
fn live_matches(context: &ViewContext<'_>) -> u32 {
    let live = context.fleet.matches.values().filter(|one| one.phase == MatchPhase::Live);
    u32::try_from(live.count()).unwrap_or(u32::MAX)
}

/// Alerts by level, silenced ones apart.
#[derive(Default)]
struct AlertCounts {
    critical: usize,
    warning: usize,
    silenced: usize,
}

fn alert_counts(context: &ViewContext<'_>) -> AlertCounts {
    let mut counts = AlertCounts::default();
    for alert in &context.fleet.alerts {
        match alert.level {
            _ if alert.is_silenced(context.now) => counts.silenced += 1,
            AlertLevel::Critical => counts.critical += 1,
            AlertLevel::Warning => counts.warning += 1,
        }
    }
    counts
}

/// When the first line changes by itself next: the first silence that ends.
#[must_use]
pub fn next_site_change(context: &ViewContext<'_>) -> Option<Timestamp> {
    let silences = context.fleet.alerts.iter().filter_map(|alert| alert.silence.as_ref());
    silences.map(|silence| silence.until).filter(|until| *until > context.now).min()
}

fn count_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `12.34 EUR/h`; small amounts keep four places.
fn burn_text(money: &Money) -> String {
    let places = if money.amount.abs() >= rust_decimal::Decimal::ONE { 2 } else { 4 };
    format!("{} {}/h", money.amount.round_dp(places).normalize(), money.currency)
}

/// The tab bar, and in what is left of it the beginning of `right`.
#[must_use]
pub fn tab_line(
    active: Tab,
    right: Option<Line<'static>>,
    context: &ViewContext<'_>,
    cells: u16,
) -> Line<'static> {
    let theme = context.theme;
    let mut spans = Vec::new();
    for (number, tab) in (1..).zip(TABS) {
        let style = if tab == active { theme.tab_active } else { theme.tab_inactive };
        spans.push(Span::styled(format!(" {number} {} ", tab_title(tab)), style));
    }
    let mut line = Line::from(spans);
    if let Some(right) = right {
        // What is too long is cut at the screen's edge.
        let padding = usize::from(cells).saturating_sub(line.width() + right.width()).max(1);
        line.push_span(Span::raw(" ".repeat(padding)));
        line.spans.extend(right.spans);
    }
    line
}

/// The cells that the tab bar leaves on a screen of this width.
#[must_use]
pub fn cells_beside_tabs(cells: u16) -> u16 {
    let tabs: usize = TABS.into_iter().map(|tab| 4 + tab_title(tab).len()).sum();
    cells.saturating_sub(u16::try_from(tabs + 1).unwrap_or(u16::MAX))
}

/// The place of the tab under a column of the tab bar.
#[must_use]
pub fn tab_at(column: u16) -> Option<Tab> {
    let mut edge = 0;
    TABS.into_iter().find(|tab| {
        edge += 4 + tab_title(*tab).len();
        usize::from(column) < edge
    })
}

/// Each account's health with age, worst first; or the banner of a lost engine. With it, when its text changes next.
#[must_use]
pub fn health_line(context: &ViewContext<'_>, cells: u16) -> (Line<'static>, Option<Timestamp>) {
    let theme = context.theme;
    match context.link {
        LinkState::Lost { since, problem } => lost_line(context, *since, problem, cells),
        LinkState::Loading if context.fleet.feeds.is_empty() => {
            let text = format!(" {} loading what the engine knows", context.glyphs.pending);
            (Line::styled(text, theme.muted), None)
        }
        _ => feeds_line(context, cells),
    }
}

fn lost_line(
    context: &ViewContext<'_>,
    since: Timestamp,
    problem: &str,
    cells: u16,
) -> (Line<'static>, Option<Timestamp>) {
    let (age, next) = coarse_age(context.now.millis_since(since));
    let text = format!(
        " {} engine lost {age} ago, reconnecting; what is shown is from then: {problem}",
        context.glyphs.bad
    );
    let text = cut(&text, usize::from(cells), context.glyphs.ellipsis).into_owned();
    (Line::styled(text, context.theme.bad), Some(context.now.plus_millis(next)))
}

fn feeds_line(context: &ViewContext<'_>, cells: u16) -> (Line<'static>, Option<Timestamp>) {
    let mut worst: BTreeMap<&AccountId, (&Feed, Freshness)> = BTreeMap::new();
    let mut next: Option<Timestamp> = None;
    for feed in context.fleet.feeds.values() {
        if feed.kind == FeedKind::Usage && feed.problem.is_none() {
            // Only asked for what is on screen: its age says nothing about the account, a failure does.
            continue;
        }
        let freshness = feed.freshness(context.now);
        let entry = worst.entry(&feed.account).or_insert((feed, freshness));
        if badness(freshness) > badness(entry.1) {
            *entry = (feed, freshness);
        }
    }
    let mut rows: Vec<_> = worst.into_values().collect();
    rows.sort_by_key(|(_, freshness)| std::cmp::Reverse(badness(*freshness)));
    let mut pieces = Vec::new();
    for (at, (feed, freshness)) in (0_u8..).zip(rows) {
        let (text, style, change) = feed_text(feed, freshness, context);
        next = [next, change].into_iter().flatten().min();
        let lead = if at == 0 { " " } else { "" };
        // The worst one always stays.
        pieces.push(Piece { text: format!("{lead}{text}"), style, priority: at });
    }
    (fit(pieces, cells, Style::new()), next)
}

/// One account's text, style, and when the text changes by itself.
fn feed_text(
    feed: &Feed,
    freshness: Freshness,
    context: &ViewContext<'_>,
) -> (String, Style, Option<Timestamp>) {
    let (theme, glyphs, now) = (context.theme, context.glyphs, context.now);
    let age = feed.succeeded_at.map(|at| coarse_age(now.millis_since(at)));
    let ages = |word: &str| match &age {
        Some((text, next)) => (format!("{word} {text}"), Some(now.plus_millis(*next))),
        None => (format!("{word}, never read"), None),
    };
    let (glyph, style, (words, change)) = match freshness {
        // Below two intervals: the bound is shown instead of the age, and stands still until the engine says otherwise.
        Freshness::Fresh => {
            let limit_ms = feed.interval_ms.saturating_mul(2);
            (glyphs.good, theme.good, (format!("<{}", round_up(limit_ms)), None))
        }
        Freshness::Aging => (glyphs.pending, theme.warning, ages("aging")),
        Freshness::Stale => (glyphs.warning, theme.warning, ages("stale")),
        Freshness::Failed => (glyphs.bad, theme.bad, ages("failed")),
        Freshness::Never => (glyphs.unknown, theme.muted, ("not read yet".to_owned(), None)),
    };
    (format!("{glyph} {} {words}", feed.account), style, change)
}

/// The steps of shown ages, in seconds.
const AGE_STEPS: [u64; 14] = [10, 20, 30, 60, 120, 180, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400];

/// The smallest step that is not below.
fn round_up(millis: u64) -> String {
    let seconds = millis.div_ceil(1000);
    let step = AGE_STEPS.into_iter().find(|step| *step >= seconds).unwrap_or(seconds);
    seconds_text(step)
}

/// An age in words that rarely change (`<10s`, `30s+`, `2m+`, `6h+`, `2d+`), and milliseconds until they do. It is that
/// old or older: never younger than it says.
#[must_use]
pub fn coarse_age(millis: u64) -> (String, u64) {
    let day = AGE_STEPS[AGE_STEPS.len() - 1];
    let seconds = millis / 1000;
    let passed = AGE_STEPS.into_iter().take_while(|step| *step <= seconds).last();
    let (text, next) = match passed {
        None => (format!("<{}s", AGE_STEPS[0]), AGE_STEPS[0]),
        Some(step) if step == day => (format!("{}d+", seconds / day), (seconds / day + 1) * day),
        Some(step) => {
            (seconds_text(step) + "+", AGE_STEPS.into_iter().find(|next| *next > seconds).unwrap_or(day))
        }
    };
    (text, (next * 1000).saturating_sub(millis).max(1))
}

fn seconds_text(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_are_coarse() {
        let text = |seconds: u64| coarse_age(seconds * 1000).0;
        assert_eq!([text(3), text(10), text(59), text(61)], ["<10s", "10s+", "30s+", "1m+"]);
        assert_eq!([text(3_599), text(3_600), text(90_000), text(700_000)], ["30m+", "1h+", "1d+", "8d+"]);
        assert_eq!(round_up(30_000), "30s");
        assert_eq!(round_up(31_000), "1m");
    }

    #[test]
    fn the_least_important_pieces_go_first() {
        let piece = |text: &str, priority| Piece { text: text.to_owned(), style: Style::new(), priority };
        let pieces = || vec![piece("site", 0), piece("burn", 1), piece("extra", 3)];
        assert_eq!(fit(pieces(), 40, Style::new()).to_string(), "site  burn  extra");
        assert_eq!(fit(pieces(), 12, Style::new()).to_string(), "site  burn");
        assert_eq!(fit(pieces(), 0, Style::new()).to_string(), "site");
    }

    proptest! {
        #[test]
        fn an_age_changes_exactly_when_it_says(millis in 0_u64..1_000_000_000) {
            let (text, next) = coarse_age(millis);
            prop_assert!(next > 0);
            prop_assert_eq!(&coarse_age(millis + next - 1).0, &text);
            prop_assert_ne!(coarse_age(millis + next).0, text);
        }
    }
}
