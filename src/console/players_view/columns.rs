//! Players as rows: columns, sort keys, filter values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ratatui::text::Line;
use rust_decimal::Decimal;

use crate::console::condition::{Condition, Notice, Tone, Words};
use crate::console::context::{LinkState, ViewContext};
use crate::console::details::{clean, heading, moment, pane, subject};
use crate::console::format;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::words::matches as words;
use crate::link::packed::PackedFleet;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::matches::{Match, Standing, SteamId};
use crate::model::problem::Problem;

/// What the ledger said.
#[derive(Default)]
enum Answer {
    /// Nothing yet.
    #[default]
    Asked,
    /// This.
    Told(BTreeMap<SteamId, Standing>),
    /// It could not be read, and nothing was told before.
    Failed(Problem),
}

/// Every player who was ever rated.
#[derive(Default)]
pub struct Players {
    answer: Answer,
    /// Why what is shown is not the newest.
    stale: Option<Problem>,
}

const NAME: usize = 0;
/// Sorted by at first: the best first.
pub(super) const RATING: usize = 1;
const MATCHES: usize = 2;
const WON: usize = 3;
const LOST: usize = 4;
const DRAWN: usize = 5;
const EARNED: usize = 6;
const LAST: usize = 7;

const fn number(name: &'static str) -> FilterColumn {
    FilterColumn { name, kind: ColumnKind::Number }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("player"),
    text_column("steam_id"),
    number("rating"),
    number("matches"),
    number("won"),
    number("lost"),
    number("drawn"),
    number("earned"),
    text_column("currency"),
    FilterColumn { name: "age", kind: ColumnKind::Duration },
];

fn matches(standing: &Standing) -> u32 {
    standing.won.saturating_add(standing.lost).saturating_add(standing.drawn)
}

/// `50 soberanas`; several currencies beside each other.
fn earned(standing: &Standing) -> String {
    let amounts = standing.earned.iter().filter(|(_, amount)| !amount.is_zero());
    let words: Vec<String> =
        amounts.map(|(currency, amount)| format!("{} {currency}", amount.normalize())).collect();
    if words.is_empty() { format::UNKNOWN.to_owned() } else { clean(&words.join(", ")) }
}

impl Players {
    /// Takes what the ledger told.
    pub(super) fn told(&mut self, standings: &[(SteamId, Standing)]) {
        self.answer = Answer::Told(standings.iter().cloned().collect());
        self.stale = None;
    }

    /// Notes that the ledger could not be read; what it told before stays.
    pub(super) fn failed(&mut self, problem: Problem) {
        match &self.answer {
            Answer::Told(_) => self.stale = Some(problem),
            Answer::Asked | Answer::Failed(_) => self.answer = Answer::Failed(problem),
        }
    }

    fn standing(&self, player: SteamId) -> Option<&Standing> {
        match &self.answer {
            Answer::Told(standings) => standings.get(&player),
            Answer::Asked | Answer::Failed(_) => None,
        }
    }
}

/// The matches of a player that are known, newest first.
fn matches_of<'a>(context: &ViewContext<'a>, player: SteamId) -> Vec<&'a Match> {
    let mut matches: Vec<&Match> = context
        .fleet
        .matches
        .values()
        .filter(|one| {
            one.settlement
                .iter()
                .flat_map(|settlement| &settlement.entries)
                .any(|entry| entry.player == player)
        })
        .collect();
    matches.sort_by_key(|one| std::cmp::Reverse(one.requested_at));
    matches
}

impl Kind for Players {
    type Id = SteamId;

    const COLUMNS: &'static [Column] = &[
        column("player", "PLAYER", flexible(16, 2), 0, Align::Left),
        column("rating", "RATING", Width::Fixed(7), 0, Align::Right),
        column("matches", "MATCHES", Width::Fixed(8), 2, Align::Right),
        column("won", "WON", Width::Fixed(6), 1, Align::Right),
        column("lost", "LOST", Width::Fixed(6), 1, Align::Right),
        column("drawn", "DRAWN", Width::Fixed(6), 3, Align::Right),
        column("earned", "EARNED", flexible(16, 1), 2, Align::Right),
        column("age", "LAST MATCH", Width::Fixed(11), 4, Align::Right),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "players";
    const WORDS: Words = Words { things: "players", empty: "", not_connected: "", configuration: &[] };

    fn for_each_id(&self, _fleet: &PackedFleet, each: &mut dyn FnMut(&SteamId)) {
        if let Answer::Told(standings) = &self.answer {
            standings.keys().for_each(each);
        }
    }

    fn count(&self, _fleet: &PackedFleet) -> usize {
        match &self.answer {
            Answer::Told(standings) => standings.len(),
            Answer::Asked | Answer::Failed(_) => 0,
        }
    }

    fn exists(&self, _fleet: &PackedFleet, id: &SteamId) -> bool {
        self.standing(*id).is_some()
    }

    fn group(&self, _context: &ViewContext<'_>, _id: &SteamId) -> u8 {
        0
    }

    fn sort_key(&self, _context: &ViewContext<'_>, id: &SteamId, column: usize) -> SortKey {
        let Some(standing) = self.standing(*id) else { return SortKey::Missing };
        let number = |number: u32| SortKey::Integer(i64::from(number));
        match column {
            NAME => SortKey::text(&standing.name),
            RATING => SortKey::Integer(i64::from(standing.rating)),
            MATCHES => number(matches(standing)),
            WON => number(standing.won),
            LOST => number(standing.lost),
            DRAWN => number(standing.drawn),
            EARNED => SortKey::Decimal(standing.earned.values().copied().sum()),
            LAST => SortKey::Integer(-standing.last_at.0),
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &SteamId, column: usize, _width: u16) -> CellText<'a> {
        let theme = context.theme;
        let Some(standing) = self.standing(*id) else { return CellText::new("", theme.text) };
        match column {
            NAME => CellText::new(clean(&standing.name), theme.text),
            RATING => CellText::new(standing.rating.to_string(), theme.strong),
            MATCHES => CellText::new(matches(standing).to_string(), theme.text),
            WON => CellText::new(standing.won.to_string(), theme.text),
            LOST => CellText::new(standing.lost.to_string(), theme.text),
            DRAWN => CellText::new(standing.drawn.to_string(), theme.text),
            EARNED => CellText::new(earned(standing), theme.text),
            _ => CellText::new(format::age_minutes(context.now.millis_since(standing.last_at)), theme.muted),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &SteamId, column: &str) -> Option<FilterValue<'a>> {
        let standing = self.standing(*id)?;
        let number = |number: u32| Some(FilterValue::Number(number.into()));
        match column {
            "player" | "name" => Some(FilterValue::Text(clean(&standing.name).into())),
            "steam_id" => Some(FilterValue::Text(id.to_string().into())),
            "rating" => Some(FilterValue::Number(standing.rating.into())),
            "matches" => number(matches(standing)),
            "won" => number(standing.won),
            "lost" => number(standing.lost),
            "drawn" => number(standing.drawn),
            "earned" => Some(FilterValue::Number(standing.earned.values().copied().sum::<Decimal>())),
            "currency" => {
                standing.earned.keys().next().map(|currency| FilterValue::Text(clean(&currency.0).into()))
            }
            "age" => Some(FilterValue::DurationMs(context.now.millis_since(standing.last_at))),
            _ => None,
        }
    }

    fn search_text<'a>(&self, _context: &ViewContext<'a>, id: &SteamId) -> Cow<'a, str> {
        self.standing(*id).map_or(Cow::Borrowed(""), |standing| Cow::Owned(format!("{} {id}", standing.name)))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        let (title, words, tone) = match (&self.answer, context.link) {
            (Answer::Told(_), LinkState::Lost { .. }) if total > 0 => {
                let lines = vec!["engine lost: ratings are as they were told before".to_owned()];
                return Condition::Banner { lines, is_failure: true };
            }
            (Answer::Told(_), _) if total > 0 => {
                return match &self.stale {
                    None => Condition::Ready,
                    Some(problem) => {
                        let lines = vec![format!("not asked again: {}", clean(&problem.message))];
                        Condition::Banner { lines, is_failure: true }
                    }
                };
            }
            (Answer::Failed(problem), _) => {
                ("Players could not be read", clean(&problem.to_string()), Tone::Bad)
            }
            (_, LinkState::Lost { problem, .. }) => {
                ("The engine is not reachable", clean(problem), Tone::Bad)
            }
            (Answer::Asked, _) => ("Loading players", "The ledger was asked.".to_owned(), Tone::Waiting),
            (Answer::Told(_), _) => (
                "No players",
                "A player appears here with the first match that is settled.".to_owned(),
                Tone::Calm,
            ),
        };
        Condition::Instead(Notice {
            title: title.to_owned(),
            paragraphs: vec![words],
            verbatim: Vec::new(),
            tone,
        })
    }

    fn details(&self, context: &ViewContext<'_>, id: &SteamId, cells: usize) -> Vec<Line<'static>> {
        let Some(standing) = self.standing(*id) else { return Vec::new() };
        let theme = context.theme;
        let mut lines = pane(context, cells);
        let rating = ratatui::text::Span::styled(standing.rating.to_string(), theme.strong);
        subject(&mut lines, &standing.name, rating, context);
        lines.row("steam id", &id.to_string(), theme.text);
        let results = format!("{} won, {} lost, {} drawn", standing.won, standing.lost, standing.drawn);
        lines.row("matches", &results, theme.text);
        lines.row("earned", &earned(standing), theme.text);
        lines.row("last match", &moment(standing.last_at, context), theme.text);
        let known = matches_of(context, *id);
        if !known.is_empty() {
            heading(&mut lines, "Matches", context);
        }
        for one in known {
            let settlement = one.settlement.as_ref();
            let entry =
                settlement.and_then(|settlement| settlement.entries.iter().find(|entry| entry.player == *id));
            let change = entry.map(|entry| format!("{:+}", entry.rating_change)).unwrap_or_default();
            let score = words::known_score(one).map(words::score).unwrap_or_default();
            let words = format!("{} {score} {change}", words::title(one));
            lines.row(&format::day_minute(one.requested_at), &words, theme.text);
        }
        lines.finish()
    }

    fn copy_text(&self, _context: &ViewContext<'_>, id: &SteamId) -> Option<(String, &'static str)> {
        self.standing(*id).map(|_| (id.to_string(), "Steam id"))
    }

    fn gone_text(&self, id: &SteamId) -> String {
        id.to_string()
    }
}
