//! Matches as rows: columns, sort keys, filter values.

use std::borrow::Cow;

use ratatui::text::Line;
use rust_decimal::Decimal;

use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::words::matches as words;
use crate::console::{details, format};
use crate::link::packed::PackedFleet;
use crate::model::account::Provider;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::ids::MatchId;
use crate::model::matches::{Match, MatchPhase, Side};
use crate::model::sanitise::clean;

/// The matches of every account.
pub struct Matches;

const TITLE: usize = 0;
const PHASE: usize = 1;
/// Sorted by at first: the newest first within each phase.
pub(super) const TIME: usize = 2;
const SCORE: usize = 3;
const PLAYERS: usize = 4;
const MAP: usize = 5;
const COST: usize = 6;
const BURN: usize = 7;
const CITY: usize = 8;
const SERVER: usize = 9;

const fn number(name: &'static str) -> FilterColumn {
    FilterColumn { name, kind: ColumnKind::Number }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("id"),
    text_column("match"),
    text_column("team1"),
    text_column("team2"),
    text_column("phase"),
    text_column("score"),
    number("rounds"),
    text_column("kind"),
    text_column("map"),
    number("players"),
    text_column("city"),
    text_column("location"),
    text_column("server"),
    text_column("address"),
    number("cost"),
    number("burn"),
    text_column("currency"),
    FilterColumn { name: "age", kind: ColumnKind::Duration },
    FilterColumn { name: "time", kind: ColumnKind::Duration },
    text_column("trouble"),
    text_column("settled"),
    text_column("by"),
    text_column("run"),
    text_column("account"),
];

/// The order of phases on screen: what is played first, what ended last.
fn rank(phase: MatchPhase) -> u8 {
    match phase {
        MatchPhase::Live => 1,
        MatchPhase::Warmup => 2,
        MatchPhase::Requested | MatchPhase::Provisioning | MatchPhase::Booting => 3,
        MatchPhase::Finished | MatchPhase::Canceled | MatchPhase::Failed => 4,
    }
}

/// To the minute: a list that is only watched does not tick.
fn time(millis: u64) -> String {
    if millis < 60_000 { "< 1 m".to_owned() } else { format::age_short(millis) }
}

fn players(one: &Match) -> String {
    let (here, wanted) = one.connected();
    format!("{here}/{wanted}")
}

fn cell(one: &Match, context: &ViewContext<'_>, column: usize) -> CellText<'static> {
    let theme = context.theme;
    let is_over = one.phase.is_over();
    let unknown = || format::UNKNOWN.to_owned();
    match column {
        TITLE => CellText::new(words::title(one), theme.text),
        PHASE => {
            let state = words::phase(one.phase, context);
            CellText::new(state.text(), state.style)
        }
        TIME => CellText::new(time(words::elapsed_ms(one, context.known_at())), theme.muted),
        SCORE => CellText::new(words::known_score(one).map_or_else(unknown, words::score), theme.strong),
        PLAYERS => CellText::new(if is_over { String::new() } else { players(one) }, theme.text),
        MAP => CellText::new(clean(&one.request.map).into_owned(), theme.text),
        COST => CellText::new(one.cost.as_ref().map_or_else(unknown, format::money), theme.text),
        BURN => {
            let style = if is_over { theme.bad } else { theme.text };
            CellText::new(one.burn_per_hour.as_ref().map_or_else(unknown, format::money_per_hour), style)
        }
        CITY => CellText::new(words::city(one).unwrap_or_else(unknown), theme.text),
        SERVER => {
            let name = one.rented.as_ref().map(|rented| clean(&rented.name).into_owned());
            CellText::new(name.unwrap_or_else(unknown), theme.text)
        }
        _ => {
            let (words, style) = words::note(one, context);
            CellText::new(words, style)
        }
    }
}

fn value(one: &Match, context: &ViewContext<'_>, column: &str) -> Option<FilterValue<'static>> {
    let text = |words: &str| FilterValue::Text(clean(words).into_owned().into());
    let rented = one.rented.as_ref();
    match column {
        "id" => Some(text(one.id.as_str())),
        "match" | "name" => Some(FilterValue::Text(words::title(one).into())),
        "team1" => Some(text(one.request.team_name(Side::Team1))),
        "team2" => Some(text(one.request.team_name(Side::Team2))),
        "phase" => Some(text(one.phase.word())),
        "score" => words::known_score(one).map(|score| FilterValue::Text(words::score(score).into())),
        "rounds" => one.reading.as_ref().map(|reading| FilterValue::Number(reading.rounds_played.into())),
        "kind" => Some(text(&one.request.kind())),
        "map" => Some(text(&one.request.map)),
        "players" => Some(FilterValue::Number(Decimal::from(one.connected().0))),
        "city" => words::city(one).map(|city| FilterValue::Text(city.into())),
        "location" => words::location(one).map(text),
        "server" => rented.map(|rented| text(&rented.name)),
        "address" => rented.and_then(|rented| rented.address.as_deref()).map(text),
        "cost" => one.cost.as_ref().map(|cost| FilterValue::Number(cost.amount)),
        "burn" => one.burn_per_hour.as_ref().map(|burn| FilterValue::Number(burn.amount)),
        "currency" => one.cost.as_ref().or(one.burn_per_hour.as_ref()).map(|money| text(&money.currency.0)),
        "age" => Some(FilterValue::DurationMs(context.now.millis_since(one.requested_at))),
        "time" => Some(FilterValue::DurationMs(words::elapsed_ms(one, context.known_at()))),
        "trouble" => words::trouble(one, context).map(|trouble| FilterValue::Text(trouble.words().into())),
        "settled" => Some(text(if one.settlement.is_some() { "yes" } else { "no" })),
        "by" => Some(text(one.by.as_str())),
        "run" => Some(text(one.run.as_str())),
        "account" => Some(text(one.request.account.as_str())),
        _ => None,
    }
}

impl Kind for Matches {
    type Id = MatchId;

    const COLUMNS: &'static [Column] = &[
        column("match", "MATCH", flexible(16, 4), 0, Align::Left),
        column("phase", "PHASE", Width::Fixed(14), 0, Align::Left),
        column("time", "TIME", Width::Fixed(5), 1, Align::Right),
        column("score", "SCORE", Width::Fixed(5), 0, Align::Right),
        column("players", "HERE", Width::Fixed(5), 1, Align::Right),
        column("map", "MAP", flexible(10, 1), 4, Align::Left),
        column("cost", "COST", Width::Fixed(9), 1, Align::Right),
        column("burn", "BURN", Width::Fixed(12), 5, Align::Right),
        column("city", "CITY", flexible(10, 1), 6, Align::Left),
        column("server", "SERVER", flexible(12, 1), 8, Align::Left),
        column("trouble", "TROUBLE OR STEP", flexible(16, 4), 1, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "matches";
    const WORDS: Words = Words {
        things: "matches",
        empty: "No match was asked for yet, and none is remembered.",
        not_connected: "This tab shows rented CS2 match servers at DatHost: each match with its phase, its server and what it burns, from the request to the destroyed server. Add an account section to config.toml; `quarterdeck config init` writes an example with every key explained.",
        configuration: &[],
    };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&MatchId)) {
        fleet.matches.keys().for_each(each);
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.matches.len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &MatchId) -> bool {
        fleet.matches.contains_key(id)
    }

    fn group(&self, context: &ViewContext<'_>, id: &MatchId) -> u8 {
        let Some(one) = context.fleet.matches.get(id) else { return u8::MAX };
        // What bills although it is over stands above what is played, also while it is being destroyed.
        let is_urgent = words::trouble(one, context).is_some() || (one.is_billing() && one.phase.is_over());
        if is_urgent { 0 } else { rank(one.phase) }
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &MatchId, column: usize) -> SortKey {
        let Some(one) = context.fleet.matches.get(id) else { return SortKey::Missing };
        let words = |words: Option<&str>| words.map_or(SortKey::Missing, SortKey::text);
        let money = |money: Option<&crate::model::money::Money>| {
            money.map_or(SortKey::Missing, |money| SortKey::Decimal(money.amount))
        };
        match column {
            TITLE => SortKey::text(&words::title(one)),
            PHASE => SortKey::Integer(i64::from(rank(one.phase))),
            // The moment, not the time that passed: it does not change as time goes on.
            TIME => SortKey::Integer(-one.requested_at.0),
            SCORE => {
                let rounds =
                    |score: crate::model::matches::Score| i64::from(score.team1) + i64::from(score.team2);
                SortKey::integer(words::known_score(one).map(rounds))
            }
            PLAYERS => SortKey::integer(i64::try_from(one.connected().0).ok()),
            MAP => SortKey::text(&one.request.map),
            COST => money(one.cost.as_ref()),
            BURN => money(one.burn_per_hour.as_ref()),
            CITY => words(words::city(one).as_deref()),
            SERVER => words(one.rented.as_ref().map(|rented| rented.name.as_str())),
            _ => words(Some(words::note(one, context).0.as_str()).filter(|words| !words.is_empty())),
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &MatchId, column: usize, _width: u16) -> CellText<'a> {
        match context.fleet.matches.get(id) {
            Some(one) => cell(one, context, column),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &MatchId, column: &str) -> Option<FilterValue<'a>> {
        value(context.fleet.matches.get(id)?, context, column)
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &MatchId) -> Cow<'a, str> {
        let Some(one) = context.fleet.matches.get(id) else { return Cow::Borrowed("") };
        let mut text = format!(
            "{} {} {} {} {} {} {}",
            one.id,
            words::title(one),
            one.phase.word(),
            one.request.map,
            words::city(one).unwrap_or_default(),
            one.by,
            words::note(one, context).0,
        );
        if let Some(rented) = &one.rented {
            text.extend([" ", &rented.name, " ", rented.address.as_deref().unwrap_or_default()]);
        }
        for (_, player) in one.request.players() {
            text.extend([" ", &player.name, " ", &player.steam_id.to_string()]);
        }
        Cow::Owned(text)
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        condition::of_providers(context, &[Provider::Dathost], total, &Self::WORDS)
    }

    fn details(&self, context: &ViewContext<'_>, id: &MatchId, cells: usize) -> Vec<Line<'static>> {
        let one = context.fleet.matches.get(id);
        one.map(|one| details::matches::lines(context, one, cells)).unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &MatchId) -> Option<(String, &'static str)> {
        let one = context.fleet.matches.get(id)?;
        let address = one.rented.as_ref().and_then(|rented| rented.address.clone());
        match address.filter(|_| one.is_billing()) {
            Some(address) => Some((address, "address")),
            None => Some((id.to_string(), "match id")),
        }
    }

    fn gone_text(&self, id: &MatchId) -> String {
        id.to_string()
    }

    fn counts(&self, fleet: &PackedFleet, id: &MatchId) -> bool {
        fleet.matches.get(id).is_some_and(|one| one.ended_at.is_none())
    }
}
