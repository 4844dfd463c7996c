//! The ledger of settled matches with the store that keeps it: each match counts once, whoever asks and however often.

use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::engine::requests::blocking;
use crate::model::ids::{MatchId, OperatorName};
use crate::model::matches::{
    Ledger, LedgerError, LedgerRecord, Participant, Score, Settlement, SettlementPolicy,
};
use crate::model::problem::Problem;
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;
use crate::store::{Record, RecordKind, Store};

/// Longest reason kept with a correction, characters.
const REASON_MAX: usize = 500;

/// The ledger of a site.
pub struct Settlements {
    store: Store,
    policy: SettlementPolicy,
    /// Opened by whoever needs it first. One at a time: a record is kept before the next match is looked at.
    ledger: OnceCell<Mutex<Ledger>>,
}

impl Settlements {
    /// The ledger that `store` keeps.
    #[must_use]
    pub fn new(store: Store, policy: SettlementPolicy) -> Self {
        Self { store, policy, ledger: OnceCell::new() }
    }

    async fn ledger(&self) -> Result<MutexGuard<'_, Ledger>, Problem> {
        let ledger = self.ledger.get_or_try_init(|| async {
            let understood = self.last_records(usize::MAX).await?;
            Ok::<_, Problem>(Mutex::new(Ledger::replay(&understood)))
        });
        Ok(ledger.await?.lock().await)
    }

    /// Settles a match; one that is settled already stays as it was settled, and that is returned: a run that resumes asks
    /// again.
    ///
    /// # Errors
    /// `Storage`: it is not kept, and nothing changed.
    ///
    /// Cancel-safe: dropped while the record is written, the match may be settled; asking again tells.
    pub async fn settle(
        &self,
        match_id: &MatchId,
        score: Score,
        participants: &[Participant],
        by: (Timestamp, OperatorName),
    ) -> Result<Settlement, Problem> {
        self.settle_by(&self.policy, match_id, score, participants, by).await
    }

    /// As [`Self::settle`], by the policy that was approved with the match.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub async fn settle_by(
        &self,
        policy: &SettlementPolicy,
        match_id: &MatchId,
        score: Score,
        participants: &[Participant],
        (at, by): (Timestamp, OperatorName),
    ) -> Result<Settlement, Problem> {
        let mut ledger = self.ledger().await?;
        if let Some(settled) = ledger.of(match_id) {
            return Ok(settled.clone());
        }
        let settlement = ledger
            .settle(match_id.clone(), score, participants, policy, (at, by))
            .map_err(|error| refused(&error))?;
        let record = LedgerRecord::Settled(Box::new(settlement.clone()));
        self.keep(&mut ledger, match_id, record).await?;
        Ok(settlement)
    }

    /// Takes a settlement back, with a reason; the match may be settled again then.
    ///
    /// # Errors
    /// `Refused`: no reason, or nothing to take back; `Storage`: it is not kept.
    pub async fn reverse(
        &self,
        match_id: &MatchId,
        reason: &str,
        (at, by): (Timestamp, OperatorName),
    ) -> Result<(), Problem> {
        let reason: String = sanitise(reason.trim()).chars().take(REASON_MAX).collect();
        if reason.is_empty() {
            return Err(Problem::refused("a correction needs a reason", "say what was wrong"));
        }
        let mut ledger = self.ledger().await?;
        ledger.reversible(match_id).map_err(|error| refused(&error))?;
        let record = LedgerRecord::Reversed { match_id: match_id.clone(), reason, at, by };
        self.keep(&mut ledger, match_id, record).await
    }

    /// Reads the ledger.
    ///
    /// # Errors
    /// `Storage`: its records cannot be read.
    pub async fn read<T>(&self, read: impl FnOnce(&Ledger) -> T) -> Result<T, Problem> {
        Ok(read(&*self.ledger().await?))
    }

    /// The newest records, oldest of them first.
    ///
    /// # Errors
    /// `Storage`: they cannot be read.
    pub async fn last_records(&self, limit: usize) -> Result<Vec<LedgerRecord>, Problem> {
        let read = move |store: &Store| store.last_records(RecordKind::Settlement, limit);
        let records = blocking(&self.store, read).await?;
        let understood = |record: Record| {
            let sequence = record.sequence;
            LedgerRecord::deserialize(record.body)
                .inspect_err(|error| tracing::warn!(sequence, %error, "a settlement is not understood"))
                .ok()
        };
        Ok(records.into_iter().filter_map(understood).collect())
    }

    async fn keep(
        &self,
        ledger: &mut Ledger,
        match_id: &MatchId,
        record: LedgerRecord,
    ) -> Result<(), Problem> {
        self.store.append(RecordKind::Settlement, match_id.as_str(), &record).await?;
        ledger.apply(&record);
        Ok(())
    }
}

fn refused(error: &LedgerError) -> Problem {
    Problem::refused(error.to_string(), "look at the ledger: `quarterdeck match show`")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::matches::{FIRST_RATING, Side, SteamId};
    use crate::model::time::ManualClock;

    const SCORE: Score = Score { team1: 13, team2: 4 };

    fn players() -> Vec<Participant> {
        [(1, Side::Team1), (2, Side::Team2)]
            .map(|(number, side)| Participant {
                player: SteamId::of_account(number),
                name: format!("p{number}"),
                side,
            })
            .to_vec()
    }

    fn open(dir: &std::path::Path) -> Settlements {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let (store, _) = Store::open(dir, clock).unwrap();
        Settlements::new(store, SettlementPolicy::default())
    }

    fn engine() -> (Timestamp, OperatorName) {
        (Timestamp(5), "engine".into())
    }

    #[tokio::test]
    async fn a_match_counts_once_over_repeats_and_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let settlements = open(dir.path());
        let first = settlements.settle(&"m1".into(), SCORE, &players(), engine()).await.unwrap();
        let again = settlements.settle(&"m1".into(), Score::default(), &players(), engine()).await.unwrap();
        assert_eq!(first, again, "the first result stands");
        drop(settlements);
        let settlements = open(dir.path());
        let again = settlements.settle(&"m1".into(), SCORE, &players(), engine()).await.unwrap();
        assert_eq!(first, again);
        let rating = settlements.read(|ledger| ledger.rating(SteamId::of_account(1))).await.unwrap();
        assert_eq!(rating, FIRST_RATING + 25);
    }

    #[tokio::test]
    async fn a_correction_needs_a_reason_and_something_to_correct() {
        let dir = tempfile::tempdir().unwrap();
        let settlements = open(dir.path());
        let by = engine();
        assert!(settlements.reverse(&"m1".into(), "wrong", by.clone()).await.is_err());
        settlements.settle(&"m1".into(), SCORE, &players(), by.clone()).await.unwrap();
        assert!(settlements.reverse(&"m1".into(), "  ", by.clone()).await.is_err());
        settlements.reverse(&"m1".into(), "wrong demo", by).await.unwrap();
        let rating = settlements.read(|ledger| ledger.rating(SteamId::of_account(1))).await.unwrap();
        assert_eq!(rating, FIRST_RATING);
    }
}
