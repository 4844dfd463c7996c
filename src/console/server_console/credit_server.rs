//! What stands above the console of a server that burns credits: state, players, ticks, memory, what it burns.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Connection, ServerConsole};
use crate::console::context::ViewContext;
use crate::console::details::{clean, credit_account, credit_server};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::credits::CreditServer;

/// Ticks per second of a healthy game (`providers/exaroton.md` §5.1).
const FULL_TICKS: f32 = 20.0;
/// Milliseconds of a second.
const SECOND_MS: f32 = 1_000.0;
/// Fewer ticks per second than this are lag.
const LAG_BELOW: f32 = 18.0;

/// Whether nothing is said because nothing runs.
pub(super) fn is_silent(console: &ServerConsole, context: &ViewContext<'_>) -> bool {
    let server = context.fleet.credit_servers.get(&console.server);
    server.is_some_and(|server| server.status.is_stopped())
}

/// Name, state, and as much of the rest as there is room for, most telling first.
pub(super) fn about(
    console: &ServerConsole,
    server: &CreditServer,
    cells: usize,
    context: &ViewContext<'_>,
) -> Line<'static> {
    let theme = context.theme;
    let mut line = Line::from(vec![
        Span::styled(format!("Console of {}", clean(&server.name)), theme.title),
        Span::raw("  "),
        words::credit_server_state(server.status, context).span(),
    ]);
    // Each as long as there is room for it, else as short as it can be said, else not at all.
    let mut parts = vec![(vec![format!("  {} players", credit_server::player_count(server))], theme.text)];
    if credit_account::burns(server) {
        parts.extend(ticks(console, context));
        parts.push((burn(server, context).into_iter().collect(), theme.strong));
        parts.push((memory(console, server), theme.text));
    }
    parts.push((vec![format!("  {}", clean(&server.address))], theme.muted));
    for (variants, style) in parts {
        let room = cells.saturating_sub(line.width());
        if let Some(words) = variants.into_iter().find(|words| text::width(words) <= room) {
            line.push_span(Span::styled(words, style));
        }
    }
    line
}

/// `19.8 TPS`; nothing while the game does not tell.
fn ticks(console: &ServerConsole, context: &ViewContext<'_>) -> Option<(Vec<String>, Style)> {
    let average_ms = console.tick_ms.filter(|_| console.connection == Connection::Live)?;
    let per_second = if average_ms > 0.0 { (SECOND_MS / average_ms).min(FULL_TICKS) } else { FULL_TICKS };
    let style = if per_second < LAG_BELOW { context.theme.warning } else { context.theme.text };
    Some((vec![format!("  {per_second:.1} TPS")], style))
}

/// What of its memory is used, and of that what the game itself uses; longest first.
fn memory(console: &ServerConsole, server: &CreditServer) -> Vec<String> {
    let Some(used) = console.usage.as_ref().map(|usage| format::bytes(usage.memory_bytes)) else {
        return Vec::new();
    };
    let of = server.ram_gib.map_or_else(String::new, |ram_gib| format!(" of {ram_gib} GiB"));
    let heap =
        console.heap_bytes.map_or_else(String::new, |bytes| format!(" (heap {})", format::bytes(bytes)));
    vec![format!("  mem {used}{of}{heap}"), format!("  mem {used}{of}"), format!("  mem {used}")]
}

fn burn(server: &CreditServer, context: &ViewContext<'_>) -> Option<String> {
    let per_hour = credit_account::burn_of(context.fleet, server)?;
    Some(format!("  {}", credit_account::per_hour_words(per_hour)))
}
