//! An account whose servers burn credits, as a place where things run: beside the nodes, and above its servers.

use std::collections::BTreeSet;

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::clean;
use crate::console::condition::badness;
use crate::console::context::ViewContext;
use crate::console::tabs::credits::amounts;
use crate::console::widgets::text;
use crate::console::words::State;
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::{Feed, FeedKind, Freshness, Provider};
use crate::model::balance_view::BalanceView;
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CREDITS, CreditServer, Payer};
use crate::model::ids::{AccountId, NodeKey};
use crate::model::money::Currency;
use crate::model::spend::{Burner, BurnerKind};

/// What stands where a node has its location.
pub const PROVIDER: &str = "exaroton";

/// The row of an account among the nodes: no node of a panel has an empty id.
#[must_use]
pub fn key_of(account: &AccountId) -> NodeKey {
    NodeKey { account: account.clone(), id: String::new() }
}

/// Whether a row among the nodes is such an account.
#[must_use]
pub fn is_one(key: &NodeKey) -> bool {
    key.id.is_empty()
}

/// The accounts whose servers burn credits: those that are asked, and those of which something is known.
#[must_use]
pub fn all(fleet: &PackedFleet) -> BTreeSet<&AccountId> {
    let is_asked = |feed: &&Feed| feed.provider == Provider::Exaroton && feed.kind == FeedKind::Servers;
    let asked = fleet.feeds.values().filter(is_asked).map(|feed| &feed.account);
    asked.chain(fleet.credit_servers.keys().map(|key| &key.account)).collect()
}

/// The servers of an account.
pub fn servers<'a>(
    fleet: &'a PackedFleet,
    account: &'a AccountId,
) -> impl Iterator<Item = &'a CreditServer> + use<'a> {
    fleet.credit_servers.values().map(AsRef::as_ref).filter(move |server| server.key.account == *account)
}

/// Whether a server burns in its state.
#[must_use]
pub fn burns(server: &CreditServer) -> bool {
    CreditPricing::default().burns_in(server.status)
}

/// What a server burns per hour now, credits: as the books have it, which know the memory that it runs with; before they
/// know of its run, by the memory it is set to. Nothing where that is not known.
#[must_use]
pub fn burn_of(fleet: &PackedFleet, server: &CreditServer) -> Option<Decimal> {
    let is_it = |burner: &&Burner| burner.server == server.key && burner.kind == BurnerKind::Running;
    let booked = match &server.payer {
        Payer::Balance(key) if burns(server) => fleet.burners.get(key).and_then(|all| all.iter().find(is_it)),
        _ => None,
    };
    match booked {
        Some(burner) => Some(burner.per_hour),
        None => CreditPricing::default().burn_per_hour(server).map(|money| money.amount),
    }
}

/// What an account's servers come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Servers.
    pub servers: u32,
    /// Those that burn.
    pub running: u32,
    /// Memory of those, GiB.
    pub ram_gib: u32,
    /// What they burn of the account's balances per hour, credits.
    pub per_hour: Decimal,
    /// Whether the servers were read at all.
    pub is_known: bool,
}

/// Adds an account's servers up.
#[must_use]
pub fn totals(fleet: &PackedFleet, account: &AccountId) -> Totals {
    let mut totals = Totals::default();
    for server in servers(fleet, account) {
        totals.servers += 1;
        if burns(server) {
            totals.running += 1;
            totals.ram_gib += server.ram_gib.unwrap_or(0);
        }
    }
    let paid = fleet.burners.iter().filter(|(payer, _)| payer.account == *account);
    let running = paid.flat_map(|(_, burners)| burners).filter(|burner| burner.kind == BurnerKind::Running);
    totals.per_hour = running.map(|burner| burner.per_hour).sum();
    totals.is_known =
        totals.servers > 0 || feed(fleet, account).is_some_and(|feed| feed.succeeded_at.is_some());
    totals
}

fn feed<'a>(fleet: &'a PackedFleet, account: &AccountId) -> Option<&'a Feed> {
    fleet.feeds.get(&(account.clone(), FeedKind::Servers))
}

/// How the account is, in a word: its worst balance, or that it does not answer.
#[must_use]
pub fn health(account: &AccountId, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let state = |glyph, word: &str, style| State { glyph, word: word.to_owned(), style };
    let freshness = feed(context.fleet, account).map(|feed| feed.freshness(context.now));
    match freshness {
        Some(Freshness::Never) => return state(glyphs.pending, "not read yet", theme.muted),
        Some(freshness) if badness(freshness) >= badness(Freshness::Stale) => {
            return state(glyphs.warning, "not heard", theme.warning);
        }
        _ => {}
    }
    let level =
        |view: &&BalanceView| amounts::Level::of(view, context, amounts::told_at(view, context, false));
    let worst = balances(context.fleet, account).max_by_key(level);
    worst.map_or_else(|| state(glyphs.good, "ok", theme.good), |view| level(&view).state(context))
}

fn balances<'a>(
    fleet: &'a PackedFleet,
    account: &'a AccountId,
) -> impl Iterator<Item = &'a BalanceView> + use<'a> {
    fleet.balances.values().filter(move |view| view.balance.key.account == *account)
}

/// Credits per hour, as short as they are exact: `35 credits/h`.
#[must_use]
pub fn per_hour_words(per_hour: Decimal) -> String {
    format!("{} {CREDITS}/h", per_hour.round_dp(4).normalize())
}

/// `5/12`: those that burn, of all; a question mark before they were read.
#[must_use]
pub fn count_words(totals: &Totals) -> String {
    if totals.is_known { format!("{}/{}", totals.running, totals.servers) } else { "?".to_owned() }
}

/// An account above its servers.
#[must_use]
pub fn header(context: &ViewContext<'_>, account: &AccountId, cells: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let totals = totals(context.fleet, account);
    let first = Line::from(vec![
        Span::styled(format!("Account {}", clean(account.as_str())), theme.title),
        Span::raw("  "),
        health(account, context).span(),
        Span::styled(format!("  {PROVIDER}"), theme.muted),
    ]);
    let second = if totals.is_known {
        totals_words(&totals, cells, context)
    } else {
        "its servers were not read yet".to_owned()
    };
    let mut lines = vec![first, Line::styled(second, theme.text)];
    lines.extend(balances(context.fleet, account).map(|view| balance_line(view, context)));
    lines.push(Line::default());
    lines
}

/// `5 of 12 servers running, 48 GiB in use, burns 48 credits/h`, in the reporting currency too where there is room.
fn totals_words(totals: &Totals, cells: usize, context: &ViewContext<'_>) -> String {
    let count = format::count(totals.servers as usize, "server");
    let words = |burn: &str| {
        format!("{} of {count} running, {} GiB in use, burns {burn}", totals.running, totals.ram_gib)
    };
    let long = words(&amounts::burn_words(context, totals.per_hour, &Currency(CREDITS.to_owned())));
    if text::width(&long) <= cells { long } else { words(&per_hour_words(totals.per_hour)) }
}

/// What a balance has and how long it lasts.
fn balance_line(view: &BalanceView, context: &ViewContext<'_>) -> Line<'static> {
    let at = amounts::told_at(view, context, false);
    let level = amounts::Level::of(view, context, at).state(context);
    let lasts = amounts::lasts(view.runway(at).as_ref(), view.per_hour());
    let amount = amounts::amount(view.balance.amount);
    Line::from(vec![
        Span::styled(format!("{} ", words::balance_name(view)), context.theme.muted),
        level.span(),
        Span::styled(
            format!("  {amount} {}, lasts {lasts}", clean(&view.balance.unit.0)),
            context.theme.text,
        ),
    ])
}
