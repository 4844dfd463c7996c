//! What a period's records tell of prepaid balances: movements that follow each other and cover it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::money::book::{Checkpoint, Entry, between};
use crate::engine::money::snapshot::{BalanceLabel, Snapshot};
use crate::model::balance::BalanceKey;
use crate::model::spend::Movement;
use crate::model::time::Timestamp;
use crate::report::{PayerInput, SpendSource};

/// What was kept of each balance.
#[derive(Debug, Default)]
pub struct BalanceRecords {
    checkpoints: BTreeMap<BalanceKey, Vec<Checkpoint>>,
    entries: BTreeMap<BalanceKey, Vec<Entry>>,
    labels: BTreeMap<BalanceKey, BalanceLabel>,
}

impl BalanceRecords {
    /// Takes a snapshot in; of several names the one taken in last stays.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        for (name, (key, checkpoint)) in &snapshot.balances {
            self.checkpoints.entry(key.clone()).or_default().push(checkpoint.clone());
            if let Some(label) = snapshot.labels.get(name) {
                self.labels.insert(key.clone(), label.clone());
            }
        }
    }

    /// Takes an entry of a book in.
    pub fn entry(&mut self, key: BalanceKey, entry: Entry) {
        self.entries.entry(key).or_default().push(entry);
    }

    /// The payers of the period: balances that were read in it, or are read now (`present`). Without a label nobody knows
    /// what a balance is counted in: those are told apart by their keys.
    #[must_use]
    pub fn payers(
        &self,
        (from, to): (Timestamp, Timestamp),
        present: &BTreeSet<BalanceKey>,
    ) -> (Vec<PayerInput>, Vec<BalanceKey>) {
        let keys: BTreeSet<&BalanceKey> = self.checkpoints.keys().chain(self.entries.keys()).collect();
        let (mut payers, mut unlabelled) = (Vec::new(), Vec::new());
        for key in keys {
            let movements = covering(&self.movements(key), from, to);
            let was_read = movements.last().is_some_and(|last| last.to >= from)
                && movements.first().is_some_and(|first| first.from < to);
            if !was_read && !present.contains(key) {
                continue;
            }
            match self.labels.get(key) {
                Some(label) => payers.push(PayerInput {
                    key: key.clone(),
                    name: label.name.clone(),
                    provider: label.provider,
                    unit: label.unit.clone(),
                    // A reading of another time says nothing about the balance then.
                    spend: SpendSource::Observed(if was_read { movements } else { Vec::new() }),
                }),
                None => unlabelled.push(key.clone()),
            }
        }
        (payers, unlabelled)
    }

    /// Everything known of a balance, oldest first; a single reading is a movement that lasts no time.
    fn movements(&self, key: &BalanceKey) -> Vec<Movement> {
        let entries = self.entries.get(key).map_or(&[][..], Vec::as_slice);
        let mut all: Vec<&Checkpoint> = self.checkpoints.get(key).into_iter().flatten().collect();
        all.extend(entries.iter().flat_map(|entry| entry.before.iter().chain([&entry.after])));
        all.sort_by_key(|checkpoint| checkpoint.reading.sequence);
        all.dedup_by_key(|checkpoint| checkpoint.reading.sequence);
        if let [only] = all.as_slice() {
            return vec![between(only, only, None)];
        }
        let told: BTreeMap<u64, &Entry> =
            entries.iter().map(|entry| (entry.after.reading.sequence, entry)).collect();
        all.windows(2)
            .map(|pair| between(pair[0], pair[1], told.get(&pair[1].reading.sequence).copied()))
            .collect()
    }
}

/// The movements that a period needs: from the last that begins before it to the first that ends behind it.
fn covering(movements: &[Movement], from: Timestamp, to: Timestamp) -> Vec<Movement> {
    let first = movements.iter().rposition(|movement| movement.from <= from).unwrap_or(0);
    let behind = movements.iter().position(|movement| movement.to >= to).map_or(movements.len(), |at| at + 1);
    movements.get(first..behind.max(first)).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::money::book::Book;
    use crate::model::account::Provider;
    use crate::model::money::Currency;
    use crate::model::spend::{MovementPolicy, SpendCurve};
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    const MINUTE_MS: i64 = 60_000;

    fn key() -> BalanceKey {
        BalanceKey::account("exa".into())
    }

    fn labelled(mut records: BalanceRecords) -> BalanceRecords {
        let unit = Currency("credits".to_owned());
        let label = BalanceLabel { name: "main".to_owned(), provider: Provider::Exaroton, unit };
        records.labels.insert(key(), label);
        records
    }

    fn movements_in(records: &BalanceRecords, from: Timestamp, to: Timestamp) -> Vec<Movement> {
        let (payers, _) = records.payers((from, to), &BTreeSet::from([key()]));
        match &payers[0].spend {
            SpendSource::Observed(movements) => movements.clone(),
            SpendSource::Declared(_) => panic!("a balance is observed"),
        }
    }

    proptest! {
        /// Whatever is kept and in whatever order it is read: every period's spend is what the whole book says of it.
        #[test]
        fn a_periods_movements_say_what_the_whole_book_says(
            life in prop::collection::vec((1_000..1_800_000_i64, 0..3_000_i64, prop::bool::weighted(0.1)), 2..80),
            snapshot_every in 1_usize..9,
            cut in (0.0..1.0_f64, 0.0..1.0_f64),
        ) {
            let policy = MovementPolicy { gap_after_ms: 600_000, top_up_unit: Decimal::from(1_000) };
            let (mut at, mut balance, mut spent) = (0_i64, Decimal::from(5_000), Decimal::ZERO);
            let mut book = Book::new(policy);
            let (mut records, mut whole) = (BalanceRecords::default(), Vec::new());
            records.entries.entry(key()).or_default().extend(book.read(Timestamp(at), balance, spent, None).entry);
            for (index, (later, used, is_topped_up)) in life.iter().enumerate() {
                at += later;
                let used = Decimal::new(*used, 3);
                spent += used;
                balance += if *is_topped_up { Decimal::from(1_000) } else { Decimal::ZERO } - used;
                let told = book.read(Timestamp(at), balance, spent, None);
                whole.extend(told.movement);
                if let Some(entry) = told.entry {
                    records.entry(key(), entry);
                }
                if index % snapshot_every == 0 {
                    records.checkpoints.entry(key()).or_default().extend(book.last().cloned());
                }
            }
            records.checkpoints.entry(key()).or_default().extend(book.last().cloned());
            records.checkpoints.entry(key()).or_default().reverse();
            let records = labelled(records);
            // At moments that were kept, sums are exact.
            let kept: Vec<Timestamp> = movements_in(&records, Timestamp(0), Timestamp(at)).iter().map(|m| m.to).collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a list")]
            let place = |share: f64| kept[(share * (kept.len() - 1) as f64) as usize];
            let (from, to) = (place(cut.0).min(place(cut.1)), place(cut.0).max(place(cut.1)));
            let told = movements_in(&records, from, to);
            prop_assert_eq!(SpendCurve::of(&told).between(from, to), SpendCurve::of(&whole).between(from, to));
            prop_assert!(told.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].closing == pair[1].opening));
            let sum = |movements: &[Movement], of: fn(&Movement) -> Decimal| -> Decimal {
                movements.iter().filter(|m| m.to > from && m.to <= to).map(of).sum()
            };
            prop_assert_eq!(sum(&told, |m| m.topped_up), sum(&whole, |m| m.topped_up));
            prop_assert_eq!(sum(&told, |m| m.doubt), sum(&whole, |m| m.doubt));
        }
    }

    #[test]
    fn a_balance_that_was_read_once_has_that_balance_and_one_of_another_time_is_left_out() {
        let mut book = Book::new(MovementPolicy { gap_after_ms: 600_000, top_up_unit: Decimal::ZERO });
        let mut records = BalanceRecords::default();
        let entry = book.read(Timestamp(MINUTE_MS), Decimal::TEN, Decimal::ZERO, None).entry.unwrap();
        records.entry(key(), entry);
        let records = labelled(records);
        let movements = movements_in(&records, Timestamp(0), Timestamp(2 * MINUTE_MS));
        assert_eq!((movements.len(), movements[0].closing), (1, Decimal::TEN));
        let later = (Timestamp(9 * MINUTE_MS), Timestamp(10 * MINUTE_MS));
        assert!(records.payers(later, &BTreeSet::new()).0.is_empty());
        assert!(
            movements_in(&records, later.0, later.1).is_empty(),
            "it is read now, and nothing is known of then"
        );
    }
}
