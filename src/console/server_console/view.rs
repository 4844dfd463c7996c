//! How the console is drawn: two lines about server and connection, the log, one line to type into or with its state.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::credit_server;
use super::painted::{Painted, PaintedRow};
use super::{Connection, ServerConsole, Typing};
use crate::console::actions::Action;
use crate::console::condition;
use crate::console::context::ViewContext;
use crate::console::details::{self, clean};
use crate::console::dialogs::frame;
use crate::console::widgets::form::TextField;
use crate::console::widgets::log_view::{Emphasis, Row};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::server::Server;

/// Cells of a sparkline in the head.
const SPARK_CELLS: usize = 12;

/// Before the command.
const COMMAND_LABEL: &str = "command > ";
/// Before the search.
const SEARCH_LABEL: &str = "search / ";

/// The parts' areas.
pub(super) struct Areas {
    pub(super) head: Rect,
    pub(super) log: Rect,
    pub(super) foot: Rect,
}

/// Two lines of head, one of foot, the rest is the log.
pub(super) fn areas(area: Rect) -> Areas {
    let head = area.height.min(2);
    let foot = area.height.saturating_sub(head).min(1);
    let log = area.height - head - foot;
    Areas {
        head: Rect { height: head, ..area },
        log: Rect { y: area.y + head, height: log, ..area },
        foot: Rect { y: area.y + head + log, height: foot, ..area },
    }
}

/// Everything that [`draw`] draws at this area.
pub(super) fn painted(console: &ServerConsole, area: Rect, context: &ViewContext<'_>) -> Painted {
    let areas = areas(area);
    let cells = usize::from(area.width);
    let rows = console.log.rows(cells, usize::from(areas.log.height));
    Painted {
        area,
        head: [about(console, cells, context), connection(console, cells, context)],
        rows: rows.into_iter().map(PaintedRow::from).collect(),
        foot: foot(console, cells, context),
    }
}

/// Draws the console.
pub(super) fn draw(console: &ServerConsole, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    let area = area.intersection(buffer.area);
    frame::clear(area, buffer, context);
    if area.is_empty() || condition::draw_too_small(area, buffer, context) {
        return;
    }
    let areas = areas(area);
    let cells = usize::from(area.width);
    let head = [about(console, cells, context), connection(console, cells, context)];
    for (row, line) in areas.head.rows().zip(&head) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    draw_log(console, areas.log, buffer, context);
    let foot = foot(console, usize::from(areas.foot.width), context);
    buffer.set_line(areas.foot.x, areas.foot.y, &foot, areas.foot.width);
}

/// Name, state and use.
fn about(console: &ServerConsole, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    if let Some(server) = context.fleet.credit_servers.get(&console.server) {
        return credit_server::about(console, server, cells, context);
    }
    let Some(server) = context.fleet.servers.get(&console.server) else {
        return Line::from(vec![
            Span::styled(format!("Console of server {}", console.server), theme.title),
            Span::styled("  it is not on the panel any more", theme.bad),
        ]);
    };
    let mut spans =
        vec![Span::styled(format!("Console of {}", clean(&server.name)), theme.title), Span::raw("  ")];
    let state = match console.power {
        Some(power) => words::power_state(power, context),
        None => words::server_state(&server, context),
    };
    spans.push(state.span());
    spans.push(Span::styled(
        format!("  {}", server.address.as_deref().unwrap_or("address not known")),
        theme.text,
    ));
    spans.extend(usage(console, &server, context));
    let mut line = Line::from(spans);
    for history in sparks(&server, context) {
        // Numbers first: on a narrow screen the sparklines are what is left out, each as a whole.
        let is_blank = history[1].content.trim().is_empty();
        if !is_blank && line.width() + history.iter().map(Span::width).sum::<usize>() <= cells {
            line.spans.extend(history);
        }
    }
    line
}

fn usage(console: &ServerConsole, server: &Server, context: &ViewContext<'_>) -> Vec<Span<'static>> {
    let theme = context.theme;
    let Some(usage) = console.usage.as_ref().or(server.usage.as_ref()) else { return Vec::new() };
    let now =
        format!("  cpu {}  mem {}", format::percent(usage.cpu_percent), format::bytes(usage.memory_bytes));
    vec![Span::styled(now, theme.text)]
}

fn sparks(server: &Server, context: &ViewContext<'_>) -> [[Span<'static>; 2]; 2] {
    let theme = context.theme;
    let spark = |metric, top| {
        details::spark(context, SeriesOwner::Server(server.key.clone()), metric, SPARK_CELLS, top)
    };
    let cpu = spark(Metric::CpuPercent, details::server::cpu_top(&server.limits));
    let memory = spark(Metric::MemoryBytes, details::server::memory_top(&server.limits));
    [
        [Span::styled("  cpu ", theme.muted), Span::styled(cpu, theme.accent)],
        [Span::styled("  mem ", theme.muted), Span::styled(memory, theme.accent)],
    ]
}

/// How the connection is, whether the view follows, and last, where it may be cut, why.
fn connection(console: &ServerConsole, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let (glyph, words, why, style) = match &console.connection {
        Connection::Connecting => (glyphs.pending, "connecting".to_owned(), "", theme.accent),
        Connection::Live => (glyphs.good, "live".to_owned(), "", theme.good),
        Connection::Reconnecting(why) => {
            (glyphs.warning, "reconnecting".to_owned(), why.as_str(), theme.warning)
        }
        Connection::Closed(why) => {
            let key = context.keymap.label(Action::ConsoleType);
            (glyphs.bad, format!("closed, {key} attaches again"), why.as_str(), theme.bad)
        }
    };
    let mut spans = vec![Span::styled(format!("{glyph} {words}"), style)];
    if !console.log.is_following() {
        let below = console.log.lines_below();
        let key = context.keymap.label(Action::ConsoleFollow);
        spans.push(Span::styled(format!("  HELD, {below} newer below ({key} follows)"), theme.warning));
    } else if !matches!(console.connection, Connection::Closed(_)) {
        spans.push(Span::styled("  following", theme.muted));
    }
    if console.lost_lines > 0 {
        spans.push(Span::styled(format!("  {} lines lost", console.lost_lines), theme.bad));
    }
    if let Some(query) = console.log.query() {
        let place = match console.log.search_place() {
            Some((place, count)) => format!("{place} of {count}"),
            None => "no match".to_owned(),
        };
        spans.push(Span::styled(format!("  /{query}: {place}"), theme.found));
    }
    spans.extend(use_moment(console, context).map(|words| Span::styled(words, theme.muted)));
    let mut line = Line::from(spans);
    let room = cells.saturating_sub(line.width() + 2);
    if !why.is_empty() && room > 0 {
        line.push_span(Span::styled(format!("  {}", text::cut(why, room, glyphs.ellipsis)), style));
    }
    line
}

/// The moment that CPU and memory are from, where they are not live. A moment does not tick, as an age would.
fn use_moment(console: &ServerConsole, context: &ViewContext<'_>) -> Option<String> {
    let polled = || context.fleet.servers.get(&console.server)?.usage;
    let is_live = console.usage.is_some() && console.connection == Connection::Live;
    let usage = console.usage.or_else(polled).filter(|_| !is_live)?;
    Some(format!("  use as of {}", format::time_of_day(usage.observed_at)))
}

fn draw_log(console: &ServerConsole, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    if console.log.is_empty() {
        let words = match console.connection {
            Connection::Connecting => "Attaching to the server's console.",
            Connection::Live if credit_server::is_silent(console, context) => {
                "Connected. It does not run: its console begins with its next start."
            }
            Connection::Live => "Connected. The server has said nothing yet.",
            _ => "Nothing was received.",
        };
        buffer.set_stringn(area.x, area.y, words, usize::from(area.width), context.theme.muted);
        return;
    }
    let rows = console.log.rows(usize::from(area.width), usize::from(area.height));
    for (place, row) in area.rows().zip(&rows) {
        buffer.set_line(place.x, place.y, &log_line(row, context), place.width);
    }
}

fn log_line<'a>(row: &Row<'a>, context: &ViewContext<'_>) -> Line<'a> {
    let theme = context.theme;
    let style = match row.emphasis {
        Emphasis::Plain => theme.text,
        Emphasis::Dim => theme.accent,
        Emphasis::Notice => theme.info,
        Emphasis::Bad => theme.bad,
    };
    let found = if row.is_current { theme.selection } else { theme.found };
    let mut spans = Vec::new();
    let mut at = 0;
    for hit in &row.matches {
        spans.push(Span::styled(&row.text[at..hit.start], style));
        spans.push(Span::styled(&row.text[hit.clone()], found));
        at = hit.end;
    }
    spans.push(Span::styled(&row.text[at..], style));
    Line::from(spans)
}

fn field(console: &ServerConsole) -> Option<(&'static str, &TextField)> {
    match console.typing {
        Typing::Nothing => None,
        Typing::Command => Some((COMMAND_LABEL, &console.command)),
        Typing::Search => Some((SEARCH_LABEL, &console.query)),
    }
}

fn foot(console: &ServerConsole, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    if let Some((label, field)) = field(console) {
        let (seen, _) = field.visible(cells.saturating_sub(label.len()));
        return Line::from(vec![Span::styled(label, theme.key), Span::styled(seen.to_owned(), theme.strong)]);
    }
    let is_closed = matches!(console.connection, Connection::Closed(_));
    let hints = [
        (Action::ConsoleType, if is_closed { "attach again" } else { "type a command" }),
        (Action::ConsoleFollow, "follow or hold"),
        (Action::ConsoleSearch, "search"),
        (Action::Back, "leave"),
    ];
    let hint = |(action, words): (Action, &'static str)| {
        [
            Span::styled(context.keymap.label(action), theme.key),
            Span::styled(format!(" {words}   "), theme.key_label),
        ]
    };
    Line::from(hints.into_iter().flat_map(hint).collect::<Vec<_>>())
}

/// Where the cursor of the command or search stands.
pub(super) fn cursor(console: &ServerConsole, area: Rect) -> Option<Position> {
    let (label, field) = field(console)?;
    let foot = areas(area).foot;
    let (_, column) = field.visible(usize::from(foot.width).saturating_sub(text::width(label)));
    let x = foot.x.saturating_add(u16::try_from(label.len() + column).ok()?);
    (!foot.is_empty()).then(|| Position { x: x.min(foot.right() - 1), y: foot.y })
}
