//! A match: what stands out first, then server and money, the teams with their figures, what happened, newest first.

use ratatui::text::{Line, Span};

use super::{clean, heading, moment, pane, run, subject};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::widgets::paragraph::Lines;
use crate::console::widgets::text;
use crate::console::words::matches::{self as words, Trouble};
use crate::console::{format, words as states};
use crate::model::matches::{
    Entry, HookState, Match, MatchServer, PlayerReading, RosterPlayer, ServerSource, Side, Winner, place_of,
};

/// Cells of a player's name at most: what fits in the game's scoreboard is longer than any pane needs.
const NAME_CELLS: usize = 24;

/// Cells of one figure.
const FIGURE_CELLS: usize = 4;

/// Everything about a match.
#[must_use]
pub fn lines(context: &ViewContext<'_>, one: &Match, cells: usize) -> Vec<Line<'static>> {
    let mut lines = pane(context, cells);
    subject(&mut lines, &words::title(one), words::phase(one.phase, context).span(), context);
    trouble(&mut lines, context, one);
    state(&mut lines, context, one);
    server(&mut lines, context, one);
    for side in [Side::Team1, Side::Team2] {
        team(&mut lines, context, one, side);
    }
    spectators(&mut lines, context, one);
    settlement(&mut lines, context, one);
    carried_by(&mut lines, context, one);
    timeline(&mut lines, context, one);
    lines.gap();
    lines.row("match", one.id.as_str(), context.theme.muted);
    lines.row("seen", &moment(one.observed_at, context), context.theme.muted);
    lines.finish()
}

fn trouble(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let Some(trouble) = words::trouble(one, context) else { return };
    lines.row("wrong", &trouble.words(), context.theme.bad);
    let key = |action| context.keymap.label(action);
    let advice = match trouble {
        Trouble::NeedsOperator => format!("{} shows its run and what is left to do.", key(Action::OpenRun)),
        Trouble::BillsOn => format!(
            "{} destroys the server, {} keeps it with a reason.",
            key(Action::DestroyMatchServer),
            key(Action::KeepMatchServer)
        ),
        Trouble::Overdue(_) => {
            format!("Its run gives it up by itself; {} cancels it now.", key(Action::CancelRun))
        }
    };
    lines.row("what to do", &advice, context.theme.strong);
}

fn state(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let theme = context.theme;
    let request = &one.request;
    lines.row("map", &format!("{}, {}", clean(&request.map), request.kind()), theme.text);
    if let Some(score) = words::known_score(one) {
        lines.row("score", &words::score(score), theme.strong);
    }
    let (here, wanted) = one.connected();
    if !one.phase.is_over() {
        lines.row("players", &format!("{here} of {wanted} connected"), theme.text);
        if let Some(until) = one.until {
            let left = format::elapsed(until.millis_since(context.known_at()));
            let words = format!("until {} UTC, {left} left", format::minute(until));
            lines.row("deadline", &words, theme.text);
        }
    }
    if let Some(end) = &one.end {
        lines.row("end", &clean(&end.words()), theme.text);
    }
    let elapsed = format::elapsed(words::elapsed_ms(one, context.known_at()));
    lines.row("asked for", &moment(one.requested_at, context), theme.text);
    lines.row("by", &clean(one.by.as_str()), theme.text);
    lines.row("elapsed", &elapsed, theme.text);
}

fn server(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let theme = context.theme;
    heading(lines, "Server", context);
    let state = words::server(one, context);
    match &one.rented {
        None => lines.row_of("server", vec![state.span()]),
        Some(rented) => lines.row_of(
            "server",
            vec![Span::styled(clean(&rented.name), theme.text), Span::raw("  "), state.span()],
        ),
    }
    if let Some(location) = words::location(one) {
        lines.row("place", &clean(&place_of(location)), theme.text);
    }
    if let ServerSource::Template { server, .. } = &one.request.source {
        lines.row("copy of", &clean(server), theme.text);
    }
    if let Some(rented) = &one.rented {
        let address = rented.address.as_deref().unwrap_or("not known yet");
        lines.row("address", &clean(address), theme.strong);
        if one.server == MatchServer::Up {
            let key = context.keymap.label(Action::CopyConnect);
            lines.row("to join", &format!("{key} copies the line with the password"), theme.muted);
        }
        lines.row("id", &clean(&rented.key.to_string()), theme.muted);
    }
    let burn = one.burn_per_hour.as_ref().map(|burn| format!(", {}", format::money_per_hour(burn)));
    match (&one.cost, one.server) {
        (Some(cost), MatchServer::Up) => {
            let now = burn.unwrap_or_default();
            lines.row("cost so far", &format!("{}{now}", format::money(cost)), theme.strong);
        }
        (Some(cost), _) => lines.row("cost", &format::money(cost), theme.strong),
        (None, MatchServer::None) => lines.row("cost", "nothing yet", theme.muted),
        (None, _) => lines.row("cost", &format!("not known{}", burn.unwrap_or_default()), theme.warning),
    }
    let webhooks = match one.hooks {
        HookState::NotConfigured => "no public address is configured: the match is polled".to_owned(),
        HookState::Waiting => "none has come yet; it is polled too".to_owned(),
        HookState::Heard(at) => {
            let ago = format::age(context.now.millis_since(at));
            format!("last one {ago} ago, {}", format::time_of_day(at))
        }
    };
    lines.row("webhooks", &webhooks, theme.text);
    if one.request.is_demo_kept || one.demo_file.is_some() {
        let file = one.demo_file.as_deref().map_or_else(|| "kept when the match is over".to_owned(), clean);
        lines.row("recording", &file, theme.text);
    }
}

/// A team's heading with its score, and a row for each of its players.
fn team(lines: &mut Lines, context: &ViewContext<'_>, one: &Match, side: Side) {
    let theme = context.theme;
    let starts = if side == Side::Team1 { "starts CT" } else { "starts T" };
    let score = words::known_score(one).map(|score| match side {
        Side::Team1 => score.team1,
        Side::Team2 => score.team2,
    });
    let has_won = one.settlement.as_ref().is_some_and(|one| one.score.winner() == Winner::Side(side));
    lines.gap();
    let name_cells = name_cells(lines.cells());
    let name = format!("{} ({starts})", clean(one.request.team_name(side)));
    let mut spans =
        vec![Span::styled(text::left(&name, name_cells + 4, context.glyphs.ellipsis), theme.title)];
    let figures = ["K", "D", "A"].map(|head| text::right(head, FIGURE_CELLS, ""));
    spans.push(Span::styled(figures.concat(), theme.muted));
    if let Some(score) = score {
        spans.push(Span::styled(format!("  {score} rounds"), theme.strong));
    }
    if has_won {
        spans.push(Span::styled(format!("  {} won", context.glyphs.good), theme.good));
    }
    lines.line(Line::from(spans));
    for listed in &one.request.team(side).players {
        player(lines, context, one, listed);
    }
    // Who was put on the list later is in the match only.
    let is_new = |seen: &&PlayerReading| {
        seen.side == Some(side) && one.request.players().all(|(_, listed)| listed.steam_id != seen.steam_id)
    };
    for seen in one.reading.iter().flat_map(|reading| &reading.players).filter(is_new) {
        let listed = RosterPlayer { steam_id: seen.steam_id, name: seen.name.clone(), is_substitute: false };
        player(lines, context, one, &listed);
    }
}

fn name_cells(cells: usize) -> usize {
    cells.saturating_sub(4 + FIGURE_CELLS * 3 + 8).clamp(8, NAME_CELLS)
}

fn player(lines: &mut Lines, context: &ViewContext<'_>, one: &Match, listed: &RosterPlayer) {
    let (theme, glyphs) = (context.theme, context.glyphs);
    let seen =
        one.reading.iter().flat_map(|reading| &reading.players).find(|seen| seen.steam_id == listed.steam_id);
    let (glyph, style) = match seen {
        Some(seen) if seen.is_kicked => (glyphs.bad, theme.warning),
        Some(seen) if seen.is_connected => (glyphs.running, theme.good),
        Some(seen) if seen.was_connected => (glyphs.pending, theme.muted),
        _ => (glyphs.stopped, theme.muted),
    };
    let name =
        text::left(&words::player_name(one, listed.steam_id), name_cells(lines.cells()), glyphs.ellipsis);
    let figure = |number: Option<u32>| {
        text::right(&number.map_or_else(|| format::UNKNOWN.to_owned(), |n| n.to_string()), FIGURE_CELLS, "")
    };
    let figures = [seen.map(|seen| seen.kills), seen.map(|seen| seen.deaths), seen.map(|seen| seen.assists)];
    let mut spans = vec![
        Span::styled(format!("  {glyph} "), style),
        Span::styled(name, theme.text),
        Span::styled(figures.map(figure).concat(), theme.text),
    ];
    if let Some(entry) = entry_of(one, listed) {
        spans.push(Span::styled(format!("  {}", change(entry)), change_style(entry, context)));
    }
    if listed.is_substitute {
        spans.push(Span::styled("  substitute", theme.muted));
    }
    if seen.is_some_and(|seen| seen.is_kicked) {
        spans.push(Span::styled("  sent away", theme.warning));
    }
    lines.line(Line::from(spans));
}

fn entry_of<'a>(one: &'a Match, listed: &RosterPlayer) -> Option<&'a Entry> {
    one.settlement
        .iter()
        .flat_map(|settlement| &settlement.entries)
        .find(|entry| entry.player == listed.steam_id)
}

/// `1025 (+25)`.
fn change(entry: &Entry) -> String {
    format!("{} ({:+})", entry.rating_before + entry.rating_change, entry.rating_change)
}

fn change_style(entry: &Entry, context: &ViewContext<'_>) -> ratatui::style::Style {
    match entry.rating_change {
        1.. => context.theme.good,
        0 => context.theme.muted,
        _ => context.theme.warning,
    }
}

fn spectators(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    if one.request.spectators.is_empty() {
        return;
    }
    let names: Vec<String> =
        one.request.spectators.iter().map(|listed| words::player_name(one, listed.steam_id)).collect();
    lines.gap();
    lines.row("spectators", &names.join(", "), context.theme.text);
}

fn settlement(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let theme = context.theme;
    let Some(settlement) = &one.settlement else {
        if words::can_be_settled(one) {
            heading(lines, "Settlement", context);
            let key = context.keymap.label(Action::SettleMatch);
            lines.row("settled", &format!("no; {key} settles it by hand"), theme.warning);
        }
        return;
    };
    heading(lines, "Settlement", context);
    let result = format!("{}, {}", words::score(settlement.score), words::result(one, settlement.score));
    lines.row("result", &result, theme.strong);
    if let Some(entry) = settlement.entries.iter().find(|entry| !entry.reward.amount.is_zero()) {
        let winners = settlement.entries.iter().filter(|entry| !entry.reward.amount.is_zero()).count();
        let words = format!("{} to each of {winners}", format::money(&entry.reward));
        lines.row("reward", &words, theme.text);
    }
    lines.row(
        "settled",
        &format!("{} by {}", moment(settlement.at, context), clean(settlement.by.as_str())),
        theme.text,
    );
}

fn carried_by(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let theme = context.theme;
    heading(lines, "Run", context);
    let Some(carrier) = words::run(one, context.fleet) else {
        lines.row("run", &format!("{}: not known any more", one.run), theme.muted);
        return;
    };
    let (done, all) = carrier.progress();
    lines.line(Line::from(vec![
        states::run_status(carrier.status, context).span(),
        Span::styled(format!("  {done} of {all} steps"), theme.muted),
    ]));
    run::outcome(lines, context, carrier);
}

/// What happened, newest first.
fn timeline(lines: &mut Lines, context: &ViewContext<'_>, one: &Match) {
    let theme = context.theme;
    let Some(reading) = one.reading.as_ref().filter(|reading| !reading.events.is_empty()) else { return };
    heading(lines, "What happened (UTC)", context);
    let mut events: Vec<_> = reading.events.iter().enumerate().collect();
    // Events may arrive in any order; of those in one second the later told is the newer.
    events.sort_by_key(|(index, event)| std::cmp::Reverse((event.at, *index)));
    for (_, event) in events {
        lines.line(Line::from(vec![
            Span::styled(format!("{}  ", format::time_of_day(event.at)), theme.muted),
            Span::styled(words::event(one, &event.kind), theme.text),
        ]));
    }
}
