//! Matches, players and the ledger as columns and rows.

use crate::cli::listing::{Cell, ListedRow};
use crate::model::fleet::Fleet;
use crate::model::matches::{
    LedgerRecord, Match, MatchEnd, MatchPhase, Side, Standing, SteamId, Winner, city_of,
};
use crate::model::time::Timestamp;

/// Columns of matches.
pub const MATCHES: &[&str] = &[
    "match", "phase", "teams", "score", "map", "here", "city", "server", "address", "cost", "burn", "age",
    "result", "by",
];

/// Columns of players.
pub const PLAYERS: &[&str] =
    &["player", "steam_id", "rating", "matches", "won", "lost", "drawn", "earned", "currency", "last_match"];

/// Columns of the ledger, a row for each player of a settlement and one for what was taken back.
pub const LEDGER: &[&str] = &[
    "at", "match", "what", "score", "player", "steam_id", "team", "rating", "change", "reward", "by",
    "reason",
];

/// The order of phases: what is over and bills, what goes on, what ended.
fn rank(one: &Match) -> (u8, std::cmp::Reverse<Timestamp>) {
    let rank = match one.phase {
        phase if phase.is_over() => {
            if one.is_billing() {
                0
            } else {
                5
            }
        }
        MatchPhase::Live => 1,
        MatchPhase::Warmup => 2,
        _ => 3,
    };
    (rank, std::cmp::Reverse(one.requested_at))
}

/// Every match, the most urgent first.
pub fn matches(fleet: &Fleet, now: Timestamp) -> Vec<ListedRow> {
    let mut matches: Vec<&Match> = fleet.matches.values().collect();
    matches.sort_by_key(|one| rank(one));
    matches
        .into_iter()
        .map(|one| ListedRow {
            columns: MATCHES,
            cells: cells(one, now),
            item: serde_json::to_value(one).unwrap_or_default(),
        })
        .collect()
}

fn cells(one: &Match, now: Timestamp) -> Vec<Cell> {
    let (here, wanted) = one.connected();
    let score = one.score();
    let rented = one.rented.as_ref();
    let text = |text: Option<&str>| Cell::text(text.unwrap_or("-"));
    vec![
        Cell::text(one.id.as_str()),
        Cell::text(one.phase.word()),
        Cell::text(teams(one)),
        Cell::text(format!("{}:{}", score.team1, score.team2)),
        Cell::text(&one.request.map),
        Cell::text(format!("{here}/{wanted}")),
        text(rented.map(|rented| city_of(&rented.location))),
        text(rented.map(|rented| rented.name.as_str())),
        text(rented.and_then(|rented| rented.address.as_deref())),
        Cell::money(one.cost.as_ref()),
        Cell::money(one.burn_per_hour.as_ref()),
        Cell::age(Some(one.requested_at), now),
        Cell::text(result(one)),
        Cell::text(one.by.as_str()),
    ]
}

/// `Red vs Blue`.
#[must_use]
pub fn teams(one: &Match) -> String {
    format!("{} vs {}", one.request.team_name(Side::Team1), one.request.team_name(Side::Team2))
}

fn result(one: &Match) -> String {
    match (&one.settlement, &one.end) {
        (Some(settlement), _) => match settlement.score.winner() {
            Winner::Side(side) => format!("{} won", one.request.team_name(side)),
            Winner::Draw => "a draw".to_owned(),
        },
        (None, Some(MatchEnd::Finished(_))) => "not settled".to_owned(),
        (None, Some(end)) => end.words(),
        (None, None) => String::new(),
    }
}

/// Players, as the engine ordered them.
pub fn players(standings: &[(SteamId, Standing)], now: Timestamp) -> Vec<ListedRow> {
    let row = |(player, standing): &(SteamId, Standing)| {
        let matches = u64::from(standing.won) + u64::from(standing.lost) + u64::from(standing.drawn);
        let earned = standing.earned.iter().next();
        let cells = vec![
            Cell::text(&standing.name),
            Cell::text(player.to_string()),
            Cell::number(standing.rating, ""),
            Cell::number(matches, ""),
            Cell::number(standing.won, ""),
            Cell::number(standing.lost, ""),
            Cell::number(standing.drawn, ""),
            earned.map_or_else(|| Cell::text("-"), |(_, amount)| Cell::number(*amount, "")),
            Cell::text(earned.map_or("-", |(currency, _)| currency.0.as_str())),
            Cell::age(Some(standing.last_at), now),
        ];
        let mut item = serde_json::to_value(standing).unwrap_or_default();
        if let serde_json::Value::Object(fields) = &mut item {
            fields.insert("steam_id".to_owned(), serde_json::json!(player));
        }
        ListedRow { columns: PLAYERS, cells, item }
    };
    standings.iter().map(row).collect()
}

/// The ledger, oldest first. As JSON each row is the record's own line with the player's entry.
pub fn ledger(records: &[LedgerRecord]) -> Vec<ListedRow> {
    records.iter().flat_map(record).collect()
}

fn record(record: &LedgerRecord) -> Vec<ListedRow> {
    let row = |cells, item| ListedRow { columns: LEDGER, cells, item };
    let dash = || Cell::text("-");
    match record {
        LedgerRecord::Reversed { match_id, reason, at, by } => vec![row(
            vec![
                Cell::text(at.to_string()),
                Cell::text(match_id.as_str()),
                Cell::text("reversed"),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                Cell::text(by.as_str()),
                Cell::text(reason),
            ],
            serde_json::to_value(record).unwrap_or_default(),
        )],
        LedgerRecord::Settled(settlement) => settlement
            .entries
            .iter()
            .map(|entry| {
                let score = settlement.score;
                let cells = vec![
                    Cell::text(settlement.at.to_string()),
                    Cell::text(settlement.match_id.as_str()),
                    Cell::text("settled"),
                    Cell::text(format!("{}:{}", score.team1, score.team2)),
                    Cell::text(&entry.name),
                    Cell::text(entry.player.to_string()),
                    Cell::text(if entry.side == Side::Team1 { "1" } else { "2" }),
                    Cell::number(entry.rating_before.saturating_add(entry.rating_change), ""),
                    Cell::number(entry.rating_change, ""),
                    Cell::money(Some(&entry.reward)),
                    Cell::text(settlement.by.as_str()),
                    Cell::text(""),
                ];
                let mut item = serde_json::to_value(entry).unwrap_or_default();
                if let serde_json::Value::Object(fields) = &mut item {
                    fields.insert("match_id".to_owned(), serde_json::json!(settlement.match_id));
                    fields.insert("score".to_owned(), serde_json::json!(score));
                    fields.insert("at".to_owned(), serde_json::json!(settlement.at));
                    fields.insert("by".to_owned(), serde_json::json!(settlement.by));
                }
                row(cells, item)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::model::filter::Filter;
    use crate::model::matches::{Entry, RatingRule, Score, Settlement};
    use crate::model::money::{Currency, Money};

    #[test]
    fn players_can_be_filtered_by_number_and_told_apart_by_id() {
        let standing = |rating| Standing {
            name: "Ann".to_owned(),
            rating,
            won: 2,
            lost: 1,
            drawn: 0,
            earned: [(Currency("soberanas".to_owned()), Decimal::from(100))].into(),
            last_at: Timestamp(0),
        };
        let standings = [(SteamId::of_account(1), standing(1_025)), (SteamId::of_account(2), standing(975))];
        let rows = players(&standings, Timestamp(60_000));
        let good = Filter::parse("rating>1000 matches=3 earned>=100").unwrap();
        let kept: Vec<&str> =
            rows.iter().filter(|row| good.matches(*row)).map(|row| row.cells[1].text.as_str()).collect();
        assert_eq!(kept, ["76561197960265729"]);
        assert_eq!(rows[0].item["steam_id"], "76561197960265729");
    }

    #[test]
    fn the_ledger_has_a_line_for_each_player_and_for_what_was_taken_back() {
        let entry = Entry {
            player: SteamId::of_account(1),
            name: "Ann".to_owned(),
            side: Side::Team1,
            rating_before: 1_000,
            rating_change: -25,
            reward: Money::new(Decimal::ZERO, "soberanas"),
        };
        let settled = Settlement {
            match_id: "m1".into(),
            score: Score { team1: 3, team2: 13 },
            rule: RatingRule::default(),
            entries: vec![entry.clone(), Entry { player: SteamId::of_account(2), ..entry }],
            at: Timestamp(0),
            by: "engine".into(),
        };
        let reversed = LedgerRecord::Reversed {
            match_id: "m1".into(),
            reason: "wrong".to_owned(),
            at: Timestamp(1),
            by: "ann".into(),
        };
        let rows = ledger(&[LedgerRecord::Settled(Box::new(settled)), reversed]);
        let texts: Vec<Vec<&str>> =
            rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|cells| cells.len() == LEDGER.len()), "{texts:?}");
        assert_eq!(
            (texts[0][7], texts[0][8], texts[2][2], texts[2][11]),
            ("975", "-25", "reversed", "wrong")
        );
    }
}
