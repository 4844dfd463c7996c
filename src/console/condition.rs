//! The condition of a view: loading, empty, stale, failed, too small, or simply there.
//!
//! Old rows are never hidden: a failed or stale feed puts a banner above them. Only a view without rows becomes a panel.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::actions::Action;
use super::context::{LinkState, ViewContext};
use super::format;
use super::widgets::empty_state::Panel;
use super::widgets::text;
use crate::model::account::{Feed, FeedKind, Freshness, Provider};

/// The smallest area in which a view is useful; below it says so.
pub const SMALLEST: (u16, u16) = (40, 6);

/// What a view shows above or instead of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The rows, nothing else.
    Ready,
    /// A line or two above the rows.
    Banner {
        /// What is wrong, most important first.
        lines: Vec<String>,
        /// Whether it failed (else it is only old).
        is_failure: bool,
    },
    /// A panel instead of rows.
    Instead(Notice),
}

/// The text of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub title: String,
    /// Paragraphs.
    pub paragraphs: Vec<String>,
    /// Configuration to copy.
    pub verbatim: Vec<String>,
    /// How loud.
    pub tone: Tone,
}

/// How a panel's title is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is wrong.
    Calm,
    /// It will be there soon.
    Waiting,
    /// Something is wrong.
    Bad,
}

/// What a view without rows says when everything works.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What its rows are called: `orders`.
    pub things: &'static str,
    /// Said when there are none.
    pub empty: &'static str,
    /// Said when nothing delivers them.
    pub not_connected: &'static str,
    /// The configuration that would.
    pub configuration: &'static [&'static str],
}

/// The condition of a view whose rows come from feeds of one kind.
#[must_use]
pub fn of(context: &ViewContext<'_>, kind: FeedKind, rows: usize, words: &Words) -> Condition {
    of_feeds(context, |feed| feed.kind == kind, rows, words)
}

/// The condition of a view whose rows come from every feed of some providers.
#[must_use]
pub fn of_providers(
    context: &ViewContext<'_>,
    providers: &[Provider],
    rows: usize,
    words: &Words,
) -> Condition {
    of_feeds(context, |feed| providers.contains(&feed.provider), rows, words)
}

/// The condition of a view whose rows come from one provider's feeds of one kind.
#[must_use]
pub fn of_provider(
    context: &ViewContext<'_>,
    provider: Provider,
    kind: FeedKind,
    rows: usize,
    words: &Words,
) -> Condition {
    of_feeds(context, |feed| feed.provider == provider && feed.kind == kind, rows, words)
}

/// The condition of a view whose rows come from these feeds.
pub(super) fn of_feeds(
    context: &ViewContext<'_>,
    is_source: impl Fn(&Feed) -> bool,
    rows: usize,
    words: &Words,
) -> Condition {
    if let LinkState::Lost { since, problem } = context.link {
        return lost(context, *since, problem, rows, words);
    }
    let feeds: Vec<&Feed> = context.fleet.feeds.values().filter(|feed| is_source(feed)).collect();
    let worst = feeds.iter().max_by_key(|feed| badness(feed.freshness(context.now)));
    match (worst.map(|feed| (feed, feed.freshness(context.now))), rows) {
        (None, 0) if *context.link == LinkState::Loading => {
            loading(words, "Waiting for the engine's snapshot.")
        }
        (None, 0) => not_connected(words),
        (Some((feed, Freshness::Failed)), 0) => failed_panel(feed, words),
        (Some((feed, Freshness::Never)), 0) => {
            loading(words, &format!("{} was asked and has not answered yet.", feed.account))
        }
        (Some(_), 0) => empty(context, words),
        (Some((feed, Freshness::Failed)), _) => failed_banner(context, feed, words),
        (Some((feed, Freshness::Stale)), _) => stale_banner(context, feed, words),
        (Some(_) | None, _) => Condition::Ready,
    }
}

/// How much worse one is than another; the worst is told first.
pub(super) fn badness(freshness: Freshness) -> u8 {
    match freshness {
        Freshness::Fresh => 0,
        Freshness::Aging => 1,
        Freshness::Never => 2,
        Freshness::Stale => 3,
        Freshness::Failed => 4,
    }
}

fn lost(
    context: &ViewContext<'_>,
    since: crate::model::time::Timestamp,
    problem: &str,
    rows: usize,
    words: &Words,
) -> Condition {
    // To the minute: a number of seconds would stand still on a screen that nothing else changes.
    let age = format::age_minutes(context.now.millis_since(since));
    if rows == 0 {
        return Condition::Instead(Notice {
            title: "The engine is not reachable".to_owned(),
            paragraphs: vec![
                problem.to_owned(),
                format!("Lost {age} ago; the console reconnects by itself. What runs goes on without it."),
            ],
            verbatim: Vec::new(),
            tone: Tone::Bad,
        });
    }
    Condition::Banner {
        lines: vec![
            format!("engine lost {age} ago: {} are as they were then; reconnecting", words.things),
            problem.to_owned(),
        ],
        is_failure: true,
    }
}

fn loading(words: &Words, detail: &str) -> Condition {
    Condition::Instead(Notice {
        title: format!("Loading {}", words.things),
        paragraphs: vec![detail.to_owned()],
        verbatim: Vec::new(),
        tone: Tone::Waiting,
    })
}

fn empty(context: &ViewContext<'_>, words: &Words) -> Condition {
    let key = context.keymap.label(Action::Refresh);
    Condition::Instead(Notice {
        title: format!("No {}", words.things),
        paragraphs: vec![words.empty.to_owned(), format!("{key} asks again now.")],
        verbatim: Vec::new(),
        tone: Tone::Calm,
    })
}

fn not_connected(words: &Words) -> Condition {
    Condition::Instead(Notice {
        title: format!("{} are not connected", capital(words.things)),
        paragraphs: vec![words.not_connected.to_owned()],
        verbatim: words.configuration.iter().map(|line| (*line).to_owned()).collect(),
        tone: Tone::Calm,
    })
}

fn failed_panel(feed: &Feed, words: &Words) -> Condition {
    let (message, advice) = problem_of(feed);
    let mut paragraphs = vec![message];
    paragraphs.extend((!advice.is_empty()).then_some(advice));
    paragraphs.push(format!("{}.", capital(&next_try(feed))));
    Condition::Instead(Notice {
        title: format!("{} could not be read from {}", capital(words.things), feed.account),
        paragraphs,
        verbatim: Vec::new(),
        tone: Tone::Bad,
    })
}

fn failed_banner(context: &ViewContext<'_>, feed: &Feed, words: &Words) -> Condition {
    let (message, advice) = problem_of(feed);
    let shown = match feed.succeeded_at {
        Some(at) => {
            format!("{} shown are {} old", words.things, format::age(context.now.millis_since(at)))
        }
        None => format!("its {} were never read", words.things),
    };
    let mut lines = vec![format!("{} failed, {shown}: {message}", feed.account)];
    lines.push(if advice.is_empty() {
        next_try(feed)
    } else {
        format!("{advice} {} {}", context.glyphs.separator, next_try(feed))
    });
    Condition::Banner { lines, is_failure: true }
}

fn stale_banner(context: &ViewContext<'_>, feed: &Feed, words: &Words) -> Condition {
    let age = feed.succeeded_at.map(|at| format::age(context.now.millis_since(at))).unwrap_or_default();
    let line = format!("{}: {} shown are {age} old; {}", feed.account, words.things, next_try(feed));
    Condition::Banner { lines: vec![line], is_failure: false }
}

fn problem_of(feed: &Feed) -> (String, String) {
    feed.problem.as_ref().map(|problem| (problem.message.clone(), problem.advice.clone())).unwrap_or_default()
}

/// How often the feed is asked again. Not when next: a line that is only read does not tick.
fn next_try(feed: &Feed) -> String {
    match feed.pause_ms() {
        Some(pause_ms) => format!("asked again about every {}", format::elapsed(pause_ms)),
        None => "asked again soon".to_owned(),
    }
}

fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Draws "too small" when the area is; says whether it did.
pub fn draw_too_small(area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) -> bool {
    let (width, height) = SMALLEST;
    let is_too_small = area.width < width || area.height < height;
    if is_too_small {
        buffer.set_style(area, context.theme.text);
        let words = format!("too small: {}x{}, needs {width}x{height} here", area.width, area.height);
        for (row, line) in area.rows().zip(text::wrap(&words, usize::from(area.width))) {
            buffer.set_string(
                row.x,
                row.y,
                text::cut(&line, usize::from(row.width), ""),
                context.theme.warning,
            );
        }
    }
    is_too_small
}

/// Draws a panel.
pub fn draw_notice(notice: &Notice, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    let theme = context.theme;
    let (glyph, style) = match notice.tone {
        Tone::Calm => (context.glyphs.info, theme.title),
        Tone::Waiting => (context.glyphs.pending, theme.accent),
        Tone::Bad => (context.glyphs.bad, theme.bad),
    };
    let panel = Panel {
        title: format!("{glyph} {}", notice.title),
        title_style: style,
        paragraphs: notice.paragraphs.clone(),
        verbatim: notice.verbatim.clone(),
    };
    panel.draw(area, buffer, theme.text, theme.accent);
}

/// Rows that a banner takes of this area: its second line only where there is room.
#[must_use]
pub fn banner_height(condition: &Condition, area: Rect) -> u16 {
    match condition {
        Condition::Banner { lines, .. } if area.height >= 14 => {
            u16::try_from(lines.len()).unwrap_or(1).min(2)
        }
        Condition::Banner { .. } => 1,
        _ => 0,
    }
}

/// Draws a banner into its rows.
pub fn draw_banner(condition: &Condition, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    let Condition::Banner { lines, is_failure } = condition else { return };
    let theme = context.theme;
    let (glyph, style): (&str, Style) =
        if *is_failure { (context.glyphs.bad, theme.bad) } else { (context.glyphs.warning, theme.warning) };
    for (index, (row, words)) in area.rows().zip(lines).enumerate() {
        let head = if index == 0 { glyph } else { " " };
        let body_style = if index == 0 { style } else { theme.text };
        let room = usize::from(row.width).saturating_sub(2);
        let line = Line::from(vec![
            Span::styled(format!("{head} "), style),
            Span::styled(text::left(words, room, context.glyphs.ellipsis), body_style),
        ]);
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}
