//! A server that burns credits: who plays, what it burns and who pays, what it is, its runs.

use ratatui::text::Line;

use super::{clean, credit_account, heading, moment, optional_row, pane, runs, seen, subject};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::tabs::credits::amounts;
use crate::console::widgets::paragraph::Lines;
use crate::console::{format, words};
use crate::model::account::FeedKind;
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CREDITS, CreditServer, Payer};
use crate::model::money::Currency;

/// Everything about a server.
#[must_use]
pub fn lines(context: &ViewContext<'_>, server: &CreditServer, cells: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = pane(context, cells);
    subject(&mut lines, &server.name, words::credit_server_state(server.status, context).span(), context);
    lines.row("address", address(server), theme.strong);
    lines.row("players", &players(server), theme.text);
    money(&mut lines, context, server);
    heading(&mut lines, "Game", context);
    optional_row(&mut lines, "software", software(server).as_deref(), context);
    optional_row(&mut lines, "motd", Some(&server.motd), context);
    identity(&mut lines, context, server);
    runs(&mut lines, context, &server.key);
    lines.finish()
}

/// The address that players use.
fn address(server: &CreditServer) -> &str {
    if server.address.is_empty() { "not known" } else { &server.address }
}

/// `3 of 20: Steve, Alex`.
fn players(server: &CreditServer) -> String {
    let players = &server.players;
    let number = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let names =
        if players.names.is_empty() { String::new() } else { format!(": {}", players.names.join(", ")) };
    clean(&format!("{} of {}{names}", number(players.count), number(players.max)))
}

/// `Paper 1.21.4`.
#[must_use]
pub fn software(server: &CreditServer) -> Option<String> {
    server.software.as_ref().map(|software| clean(&format!("{} {}", software.name, software.version)))
}

fn money(lines: &mut Lines, context: &ViewContext<'_>, server: &CreditServer) {
    let theme = context.theme;
    heading(lines, "Credits", context);
    let payer = words::payer(&server.payer, context);
    lines.row("payer", payer.text().trim_start(), payer.style);
    if let Payer::Balance(key) = &server.payer
        && let Some(view) = amounts::view_of(context, key)
    {
        let at = amounts::told_at(view, context, false);
        let lasts = amounts::lasts(view.runway(at).as_ref(), view.per_hour());
        let left = amounts::amount(view.balance.amount);
        let words = format!("{left} {} left, lasts {lasts} at what burns now", clean(&view.balance.unit.0));
        lines.row("balance", &words, amounts::Level::of(view, context, at).state(context).style);
    }
    let Some(ram_gib) = server.ram_gib else {
        lines.row("memory", "not known: nobody can say what it burns", theme.warning);
        return;
    };
    let key = context.keymap.label(Action::SetRam);
    lines.row("memory", &format!("{ram_gib} GiB ({key} sets another for its next start)"), theme.text);
    let unit = Currency(CREDITS.to_owned());
    let per_hour = CreditPricing::default().per_hour(ram_gib).amount;
    let set = amounts::burn_words(context, per_hour, &unit);
    match credit_account::burn_of(context.fleet, server).filter(|_| credit_account::burns(server)) {
        None => lines.row("burns", &format!("nothing now; {set} while it runs"), theme.text),
        Some(now) if now == per_hour => lines.row("burns", &set, theme.strong),
        Some(now) => {
            lines.row("burns", &amounts::burn_words(context, now, &unit), theme.strong);
            lines.row("from next start", &set, theme.text);
        }
    }
}

fn identity(lines: &mut Lines, context: &ViewContext<'_>, server: &CreditServer) {
    let theme = context.theme;
    heading(lines, "exaroton", context);
    lines.row("account", &clean(server.key.account.as_str()), theme.text);
    lines.row("id", &clean(&server.key.id), theme.text);
    if server.is_shared {
        lines.row("owner", "somebody else, who shares it with this account", theme.info);
    }
    let machine = match (&server.host, server.port) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.clone(),
        (None, _) => "none while it does not run".to_owned(),
    };
    lines.row("machine", &clean(&machine), theme.text);
    let seen = seen(context, &server.key.account, FeedKind::Servers, server.observed_at);
    lines.row("seen", &moment(seen, context), theme.muted);
}

/// `3/20`: who plays and who may; nothing where neither is known.
#[must_use]
pub fn player_count(server: &CreditServer) -> String {
    let number = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    match (server.players.count, server.players.max) {
        (None, None) => format::UNKNOWN.to_owned(),
        (count, max) => format!("{}/{}", number(count), number(max)),
    }
}
