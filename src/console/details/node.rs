//! A node in a few lines above its servers, and its health in a word.

use ratatui::text::{Line, Span};

use super::{clean, seen, spark};
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::{gauge, text};
use crate::console::words::State;
use crate::model::account::FeedKind;
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::node::{Capacity, Node};

/// Cells of a gauge's bar.
const BAR_CELLS: usize = 16;

/// How fit a node is for new servers: the worst thing about it, in a word.
#[must_use]
pub fn health(node: &Node, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, word, style) = if node.is_maintenance {
        (glyphs.warning, "maintenance", theme.warning)
    } else if node.memory.free_mib() < 0 || node.disk.free_mib() < 0 {
        (glyphs.bad, "oversold", theme.bad)
    } else if node.allocations_free == Some(0) {
        (glyphs.bad, "no free port", theme.bad)
    } else if node.memory.used_percent() >= FULL_PERCENT || node.disk.used_percent() >= FULL_PERCENT {
        (glyphs.warning, "nearly full", theme.warning)
    } else if !node.is_public {
        (glyphs.stopped, "not public", theme.muted)
    } else {
        (glyphs.good, "ok", theme.good)
    };
    State { glyph, word: word.to_owned(), style }
}

/// From this share sold on, one more server may not fit.
const FULL_PERCENT: u32 = 95;

/// A bar and its number: `██████──  82 %`.
#[must_use]
pub fn gauge_text(capacity: &Capacity, cells: usize, context: &ViewContext<'_>) -> String {
    let percent = capacity.used_percent();
    let number = text::right(&format!("{percent} %"), format::PERCENT_WIDTH + 1, "");
    let bar_cells = cells.saturating_sub(text::width(&number));
    let glyphs = context.glyphs;
    format!("{}{number}", gauge::bar(percent, bar_cells, glyphs.levels[7], glyphs.horizontal))
}

/// The style of a gauge: sold out is bad, nearly so a warning.
#[must_use]
pub fn gauge_style(capacity: &Capacity, context: &ViewContext<'_>) -> ratatui::style::Style {
    match capacity.used_percent() {
        101.. => context.theme.bad,
        FULL_PERCENT.. => context.theme.warning,
        _ => context.theme.text,
    }
}

/// Free of all allocations: `12/40`; a question mark where they were not counted.
#[must_use]
pub fn ports(node: &Node) -> String {
    let number = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    format!("{}/{}", number(node.allocations_free), number(node.allocations_total))
}

/// A node above its servers.
#[must_use]
pub fn header(context: &ViewContext<'_>, node: &Node, cells: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let place = format!("  {} in {}", clean(&node.fqdn), clean(&node.location));
    let first = Line::from(vec![
        Span::styled(format!("Node {}", clean(&node.name)), theme.title),
        Span::raw("  "),
        health(node, context).span(),
        Span::styled(place, theme.muted),
    ]);
    let counts = format!(
        "{}  {} free of {} ports  seen {} ago",
        format::count(node.servers as usize, "server"),
        node.allocations_free.map_or_else(|| "?".to_owned(), |count| count.to_string()),
        node.allocations_total.map_or_else(|| "?".to_owned(), |count| count.to_string()),
        format::age_minutes(context.now.millis_since(seen(
            context,
            &node.key.account,
            FeedKind::Nodes,
            node.observed_at
        ))),
    );
    vec![
        first,
        sold(context, "RAM ", &node.memory, Metric::NodeMemoryPercent, node, cells),
        sold(context, "disk", &node.disk, Metric::NodeDiskPercent, node, cells),
        Line::styled(counts, theme.text),
        Line::default(),
    ]
}

fn sold(
    context: &ViewContext<'_>,
    label: &str,
    capacity: &Capacity,
    metric: Metric,
    node: &Node,
    cells: usize,
) -> Line<'static> {
    let theme = context.theme;
    let bar = gauge_text(capacity, BAR_CELLS, context);
    let limit = format::mib(capacity.limit_mib());
    let numbers = format!(
        "  {} of {limit} sold, {} free",
        format::mib(capacity.allocated_mib),
        format::mib(capacity.free_mib())
    );
    let used = label.len() + 1 + text::width(&bar) + text::width(&numbers);
    let room = cells.saturating_sub(used + 2).min(40);
    let trend = spark(context, SeriesOwner::Node(node.key.clone()), metric, room, Some(100.0));
    Line::from(vec![
        Span::styled(format!("{label} "), theme.muted),
        Span::styled(bar, gauge_style(capacity, context)),
        Span::styled(numbers, theme.text),
        Span::styled(format!("  {trend}"), theme.accent),
    ])
}
