//! What stands above the console of a server that burns credits: state, players, ticks, memory, what it burns.

use ratatui::text::{Line, Span};

use super::{Connection, ServerConsole};
use crate::console::context::ViewContext;
use crate::console::details::{clean, credit_account, credit_server};
use crate::console::{format, words};
use crate::model::credit_pricing::CreditPricing;
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
    let mut parts =
        vec![Span::styled(format!("  {} players", credit_server::player_count(server)), theme.text)];
    if credit_account::burns(server) {
        parts.extend(ticks(console, context));
        parts.extend(memory(console, server, context));
        parts.extend(burn(server, context));
    }
    parts.push(Span::styled(format!("  {}", clean(&server.address)), theme.muted));
    for part in parts {
        if line.width() + part.width() <= cells {
            line.push_span(part);
        }
    }
    line
}

/// `19.8 TPS`; nothing while the game does not tell.
fn ticks(console: &ServerConsole, context: &ViewContext<'_>) -> Option<Span<'static>> {
    let average_ms = console.tick_ms.filter(|_| console.connection == Connection::Live)?;
    let per_second = if average_ms > 0.0 { (SECOND_MS / average_ms).min(FULL_TICKS) } else { FULL_TICKS };
    let style = if per_second < LAG_BELOW { context.theme.warning } else { context.theme.text };
    Some(Span::styled(format!("  {per_second:.1} TPS"), style))
}

/// What of its memory is used, and of that what the game itself uses.
fn memory(
    console: &ServerConsole,
    server: &CreditServer,
    context: &ViewContext<'_>,
) -> Option<Span<'static>> {
    let used = console.usage.as_ref().map(|usage| usage.memory_bytes)?;
    let of = server.ram_gib.map_or_else(String::new, |ram_gib| format!(" of {ram_gib} GiB"));
    let heap =
        console.heap_bytes.map_or_else(String::new, |bytes| format!(" (heap {})", format::bytes(bytes)));
    Some(Span::styled(format!("  mem {}{of}{heap}", format::bytes(used)), context.theme.text))
}

fn burn(server: &CreditServer, context: &ViewContext<'_>) -> Option<Span<'static>> {
    let per_hour = CreditPricing::default().burn_per_hour(server)?;
    Some(Span::styled(format!("  {}", credit_account::per_hour_words(per_hour.amount)), context.theme.strong))
}
