//! Settling a match: who won, what that does to ratings, what it earns; a ledger that takes each match once. Pure.
//!
//! The ledger is its records, in their order: what a screen shows is [`Ledger`] after all of them. A mistake is taken back by
//! a record of its own; nothing is ever changed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::rating::{FIRST_RATING, RatingRule};
use super::steam_id::SteamId;
use crate::model::ids::{MatchId, OperatorName};
use crate::model::money::{Currency, Money};
use crate::model::time::Timestamp;

/// The virtual currency of the sources.
pub const REWARD_CURRENCY: &str = "soberanas";

/// A team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Starts as counter-terrorists (`providers/dathost.md` §4.2).
    Team1,
    /// Starts as terrorists.
    Team2,
}

/// Rounds won by each team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Score {
    /// The first team's.
    pub team1: u32,
    /// The second team's.
    pub team2: u32,
}

/// Who won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// One team did.
    Side(Side),
    /// Neither: equal rounds settle as a draw.
    Draw,
}

impl Score {
    /// Who won by this score.
    #[must_use]
    pub fn winner(self) -> Winner {
        match self.team1.cmp(&self.team2) {
            std::cmp::Ordering::Greater => Winner::Side(Side::Team1),
            std::cmp::Ordering::Less => Winner::Side(Side::Team2),
            std::cmp::Ordering::Equal => Winner::Draw,
        }
    }
}

/// Reads `13:7` or `13-7`.
impl std::str::FromStr for Score {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (team1, team2) = text.split_once([':', '-']).ok_or(())?;
        let rounds = |text: &str| text.trim().parse().map_err(|_| ());
        Ok(Self { team1: rounds(team1)?, team2: rounds(team2)? })
    }
}

/// How a site settles.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SettlementPolicy {
    /// How ratings change.
    pub rating: RatingRule,
    /// What each player of the winning team earns, in the site's virtual currency.
    pub reward: Decimal,
    /// That currency.
    pub currency: Currency,
}

impl Default for SettlementPolicy {
    fn default() -> Self {
        Self {
            rating: RatingRule::default(),
            reward: Decimal::ZERO,
            currency: Currency(REWARD_CURRENCY.to_owned()),
        }
    }
}

/// What a match does to one player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The player.
    pub player: SteamId,
    /// Their name in the match.
    pub name: String,
    /// Their team.
    pub side: Side,
    /// Points before.
    pub rating_before: i32,
    /// Points gained, or lost below zero.
    pub rating_change: i32,
    /// What they earned.
    pub reward: Money,
}

/// A match as it was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Our id of the match.
    pub match_id: MatchId,
    /// The result.
    pub score: Score,
    /// By which rule ratings changed.
    pub rule: RatingRule,
    /// What it did to each player who took part.
    pub entries: Vec<Entry>,
    /// When.
    pub at: Timestamp,
    /// Who or what settled it.
    pub by: OperatorName,
}

/// One record of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerRecord {
    /// A match was settled.
    Settled(Box<Settlement>),
    /// A settlement was taken back; the match may be settled again.
    Reversed {
        /// The match.
        match_id: MatchId,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
        /// Who did.
        by: OperatorName,
    },
}

impl LedgerRecord {
    /// The match it is about.
    #[must_use]
    pub fn match_id(&self) -> &MatchId {
        match self {
            Self::Settled(settlement) => &settlement.match_id,
            Self::Reversed { match_id, .. } => match_id,
        }
    }
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The player.
    pub player: SteamId,
    /// Their name in the match.
    pub name: String,
    /// Their team.
    pub side: Side,
}

/// How a player stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The name of their last match.
    pub name: String,
    /// Points.
    pub rating: i32,
    /// Matches won.
    pub won: u32,
    /// Matches lost.
    pub lost: u32,
    /// Matches drawn.
    pub drawn: u32,
    /// What they earned, by currency.
    pub earned: BTreeMap<Currency, Decimal>,
    /// When their last match was settled.
    pub last_at: Timestamp,
}

impl Standing {
    fn new(entry: &Entry, at: Timestamp) -> Self {
        Self {
            name: entry.name.clone(),
            rating: FIRST_RATING,
            won: 0,
            lost: 0,
            drawn: 0,
            earned: BTreeMap::new(),
            last_at: at,
        }
    }

    /// Counts one settlement of this player, or takes it back.
    fn count(&mut self, entry: &Entry, winner: Winner, is_reversal: bool) {
        let sign = if is_reversal { -1 } else { 1 };
        self.rating = self.rating.saturating_add(sign * entry.rating_change);
        let matches = match winner {
            Winner::Draw => &mut self.drawn,
            Winner::Side(side) if side == entry.side => &mut self.won,
            Winner::Side(_) => &mut self.lost,
        };
        *matches = if is_reversal { matches.saturating_sub(1) } else { matches.saturating_add(1) };
        if !entry.reward.amount.is_zero() {
            let earned = self.earned.entry(entry.reward.currency.clone()).or_default();
            *earned += Decimal::from(sign) * entry.reward.amount;
        }
    }
}

/// Why a match cannot be settled or taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It was settled already; the settlement says when and how.
    #[error("match {0} is settled already")]
    AlreadySettled(MatchId),
    /// There is nothing to take back.
    #[error("match {0} is not settled")]
    NotSettled(MatchId),
}

/// Every settlement that holds, and how players stand by them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    settled: BTreeMap<MatchId, Settlement>,
    players: BTreeMap<SteamId, Standing>,
}

impl Ledger {
    /// The ledger after these records. One that does not fit (a match settled twice, nothing to take back) changes nothing.
    pub fn replay<'a>(records: impl IntoIterator<Item = &'a LedgerRecord>) -> Self {
        let mut ledger = Self::default();
        for record in records {
            ledger.apply(record);
        }
        ledger
    }

    /// Takes a record that was kept; says whether it changed anything.
    pub fn apply(&mut self, record: &LedgerRecord) -> bool {
        match record {
            LedgerRecord::Settled(settlement) => {
                if self.settled.contains_key(&settlement.match_id) {
                    return false;
                }
                self.count(settlement, false);
                self.settled.insert(settlement.match_id.clone(), (**settlement).clone());
                true
            }
            LedgerRecord::Reversed { match_id, .. } => match self.settled.remove(match_id) {
                Some(settlement) => {
                    self.count(&settlement, true);
                    true
                }
                None => false,
            },
        }
    }

    fn count(&mut self, settlement: &Settlement, is_reversal: bool) {
        let winner = settlement.score.winner();
        for entry in &settlement.entries {
            let standing =
                self.players.entry(entry.player).or_insert_with(|| Standing::new(entry, settlement.at));
            standing.count(entry, winner, is_reversal);
            if !is_reversal && settlement.at >= standing.last_at {
                standing.name.clone_from(&entry.name);
                standing.last_at = settlement.at;
            }
        }
    }

    /// What settling a match would record; nothing is changed before the record is kept and applied.
    ///
    /// # Errors
    /// It is settled already.
    pub fn settle(
        &self,
        match_id: MatchId,
        score: Score,
        participants: &[Participant],
        policy: &SettlementPolicy,
        (at, by): (Timestamp, OperatorName),
    ) -> Result<Settlement, LedgerError> {
        if self.settled.contains_key(&match_id) {
            return Err(LedgerError::AlreadySettled(match_id));
        }
        let winner = score.winner();
        let ratings = |side: Side| -> Vec<i32> {
            participants.iter().filter(|one| one.side == side).map(|one| self.rating(one.player)).collect()
        };
        let (team1, team2) = (ratings(Side::Team1), ratings(Side::Team2));
        let entry = |one: &Participant| {
            let has_won = winner == Winner::Side(one.side);
            Entry {
                player: one.player,
                name: one.name.clone(),
                side: one.side,
                rating_before: self.rating(one.player),
                rating_change: policy.rating.change(one.side, winner, &team1, &team2),
                reward: Money {
                    amount: if has_won { policy.reward } else { Decimal::ZERO },
                    currency: policy.currency.clone(),
                },
            }
        };
        let entries = participants.iter().map(entry).collect();
        Ok(Settlement { match_id, score, rule: policy.rating, entries, at, by })
    }

    /// The settlement of a match that holds.
    #[must_use]
    pub fn of(&self, match_id: &MatchId) -> Option<&Settlement> {
        self.settled.get(match_id)
    }

    /// Checks that a settlement can be taken back.
    ///
    /// # Errors
    /// The match is not settled.
    pub fn reversible(&self, match_id: &MatchId) -> Result<&Settlement, LedgerError> {
        self.settled.get(match_id).ok_or_else(|| LedgerError::NotSettled(match_id.clone()))
    }

    /// A player's points.
    #[must_use]
    pub fn rating(&self, player: SteamId) -> i32 {
        self.players.get(&player).map_or(FIRST_RATING, |standing| standing.rating)
    }

    /// Every player who was ever rated.
    pub fn players(&self) -> impl Iterator<Item = (SteamId, &Standing)> {
        self.players.iter().map(|(player, standing)| (*player, standing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn participants(count: u32) -> Vec<Participant> {
        (0..count * 2)
            .map(|number| Participant {
                player: SteamId::of_account(number + 1),
                name: format!("player {number}"),
                side: if number < count { Side::Team1 } else { Side::Team2 },
            })
            .collect()
    }

    fn policy() -> SettlementPolicy {
        SettlementPolicy { reward: Decimal::from(50), ..SettlementPolicy::default() }
    }

    fn settle(ledger: &Ledger, id: &str, score: Score, policy: &SettlementPolicy) -> LedgerRecord {
        let by = (Timestamp(1_000), OperatorName::from("engine"));
        let settled = ledger.settle(id.into(), score, &participants(2), policy, by);
        LedgerRecord::Settled(Box::new(settled.unwrap()))
    }

    #[test]
    fn winners_gain_what_losers_lose_and_only_winners_earn() {
        let mut ledger = Ledger::default();
        let record = settle(&ledger, "m1", Score { team1: 13, team2: 7 }, &policy());
        assert!(ledger.apply(&record));
        let standings: Vec<(i32, u32, u32)> =
            ledger.players().map(|(_, standing)| (standing.rating, standing.won, standing.lost)).collect();
        assert_eq!(standings, [(1_025, 1, 0), (1_025, 1, 0), (975, 0, 1), (975, 0, 1)]);
        let earned: Vec<Option<&Decimal>> =
            ledger.players().map(|(_, standing)| standing.earned.values().next()).collect();
        assert_eq!(earned, [Some(&Decimal::from(50)), Some(&Decimal::from(50)), None, None]);
    }

    #[test]
    fn a_match_is_settled_once_and_may_be_settled_again_after_a_correction() {
        let mut ledger = Ledger::default();
        let record = settle(&ledger, "m1", Score { team1: 13, team2: 7 }, &policy());
        assert!(ledger.apply(&record));
        assert!(!ledger.apply(&record), "the same record twice counts once");
        let again = ledger.settle(
            "m1".into(),
            Score::default(),
            &participants(2),
            &policy(),
            (Timestamp(0), "x".into()),
        );
        assert_eq!(again, Err(LedgerError::AlreadySettled("m1".into())));
        let reversal = LedgerRecord::Reversed {
            match_id: "m1".into(),
            reason: "wrong demo".to_owned(),
            at: Timestamp(2),
            by: "ann@desk".into(),
        };
        assert!(ledger.apply(&reversal) && !ledger.apply(&reversal));
        assert!(ledger.players().all(|(_, standing)| standing.rating == FIRST_RATING && standing.won == 0));
        let corrected = settle(&ledger, "m1", Score { team1: 7, team2: 13 }, &policy());
        assert!(ledger.apply(&corrected));
        assert_eq!(ledger.rating(SteamId::of_account(1)), 975);
    }

    #[test]
    fn a_result_has_two_numbers() {
        let read = |text: &str| text.parse::<Score>().ok().map(|score| (score.team1, score.team2));
        assert_eq!(["13:7", " 16 - 14 ", "0:13"].map(read), [Some((13, 7)), Some((16, 14)), Some((0, 13))]);
        assert_eq!(["", "13", "13:", "a:b", "-1:2", "13:7:1"].map(read), [None; 6]);
    }

    #[test]
    fn a_draw_settles_as_a_draw() {
        let mut ledger = Ledger::default();
        let record = settle(&ledger, "m1", Score { team1: 12, team2: 12 }, &policy());
        assert!(ledger.apply(&record));
        assert!(ledger.players().all(|(_, one)| one.drawn == 1 && one.rating == FIRST_RATING));
        assert!(ledger.players().all(|(_, one)| one.earned.is_empty()));
    }

    proptest! {
        /// However often records are repeated, and whatever was taken back: points are neither made nor lost, and a restart
        /// from the records stands where the ledger stood.
        #[test]
        fn points_are_neither_made_nor_lost_and_each_match_counts_once(
            events in prop::collection::vec((0..6_u8, 0..16_u32, 0..16_u32, prop::bool::weighted(0.2), prop::bool::weighted(0.3)), 1..40),
            k in prop_oneof![Just(RatingRule::default()), (1..64_u16).prop_map(RatingRule::Elo)],
        ) {
            let policy = SettlementPolicy { rating: k, ..policy() };
            let (mut ledger, mut records) = (Ledger::default(), Vec::new());
            for (id, team1, team2, is_reversal, is_repeated) in events {
                let match_id = MatchId(format!("m{id}"));
                let record = if is_reversal {
                    LedgerRecord::Reversed { match_id, reason: String::new(), at: Timestamp(0), by: "x".into() }
                } else {
                    match ledger.settle(match_id, Score { team1, team2 }, &participants(3), &policy, (Timestamp(0), "x".into())) {
                        Ok(settlement) => LedgerRecord::Settled(Box::new(settlement)),
                        Err(_) => continue,
                    }
                };
                let json = serde_json::to_string(&record).unwrap();
                records.push(serde_json::from_str::<LedgerRecord>(&json).unwrap());
                ledger.apply(&record);
                if is_repeated && !is_reversal {
                    records.push(record.clone());
                    prop_assert!(!ledger.apply(&record));
                }
            }
            let sum: i32 = ledger.players().map(|(_, standing)| standing.rating - FIRST_RATING).sum();
            prop_assert_eq!(sum, 0);
            prop_assert_eq!(Ledger::replay(&records), ledger);
        }
    }
}
