//! The book of one balance: every reading taken once, and what was spent and topped up in total. Pure.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::spend::{Movement, MovementPolicy, Reading, SpendCurve};
use crate::model::time::Timestamp;

/// Points are kept as they were read for a day; older ones hourly, as the snapshots have them.
const FINE_MS: u64 = 25 * 3_600_000;
const COARSE_MS: u64 = 3_600_000;

/// The state of a book at one reading: what snapshots and entries keep of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The reading.
    #[serde(flatten)]
    pub reading: Reading,
    /// Everything spent since the book began.
    pub spent_total: Decimal,
    /// Everything topped up since the book began.
    pub topped_up_total: Decimal,
}

/// Something that a snapshot alone would not tell: the book's beginning, a top-up, a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The state before; nothing for the first reading.
    pub before: Option<Checkpoint>,
    /// The state after.
    pub after: Checkpoint,
    /// What came in.
    pub topped_up: Decimal,
    /// How far the spend beside it may be off.
    pub doubt: Decimal,
    /// Whether the two readings are too far apart to know what ran between them.
    pub is_gap: bool,
}

/// What a reading told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// What happened since the reading before.
    pub movement: Option<Movement>,
    /// What has to be kept as a record.
    pub entry: Option<Entry>,
}

/// The book of one balance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    #[serde(skip)]
    policy: MovementPolicy,
    #[serde(with = "in_order")]
    last: Option<Checkpoint>,
    curve: SpendCurve,
    /// What was declared beside it: the same readings, the same gaps.
    declared: SpendCurve,
    /// What came in, and when it was seen.
    top_ups: Vec<(Timestamp, Decimal)>,
    /// How far everything spent may be off.
    doubt: Decimal,
}

impl Book {
    /// A book without a reading.
    #[must_use]
    pub fn new(policy: MovementPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Goes on to a checkpoint that was kept, and the entry that ends with it; one that it knows already is passed over.
    pub(super) fn resume(&mut self, checkpoint: &Checkpoint, entry: Option<&Entry>) {
        if let Some(last) = &self.last {
            if checkpoint.reading.sequence <= last.reading.sequence {
                return;
            }
            self.push(&between(last, checkpoint, entry));
        }
        self.last = Some(checkpoint.clone());
    }

    /// Goes on over an entry that was kept.
    pub(super) fn resume_entry(&mut self, entry: &Entry) {
        if let Some(before) = &entry.before {
            self.resume(before, None);
        }
        self.resume(&entry.after, Some(entry));
    }

    /// The same book under this policy.
    pub(super) fn under(self, policy: MovementPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Takes a reading, given the most that can have been spent since the one before. A clock that stepped back is held at
    /// the latest moment seen.
    pub fn read(
        &mut self,
        at: Timestamp,
        balance: Decimal,
        declared_total: Decimal,
        at_most: Option<Decimal>,
    ) -> Told {
        let Some(last) = &self.last else {
            let reading = Reading { sequence: 1, at, balance, declared_total };
            let after = Checkpoint { reading, spent_total: Decimal::ZERO, topped_up_total: Decimal::ZERO };
            self.last = Some(after.clone());
            let entry =
                Entry { before: None, after, topped_up: Decimal::ZERO, doubt: Decimal::ZERO, is_gap: false };
            return Told { movement: None, entry: Some(entry) };
        };
        let reading = Reading {
            sequence: last.reading.sequence + 1,
            at: at.max(last.reading.at),
            balance,
            declared_total,
        };
        let movement = Movement::between(&last.reading, &reading, at_most, &self.policy);
        let after = Checkpoint {
            reading,
            spent_total: last.spent_total + movement.spent,
            topped_up_total: last.topped_up_total + movement.topped_up,
        };
        let is_kept = movement.is_gap || !movement.topped_up.is_zero();
        let entry = is_kept.then(|| Entry {
            before: Some(last.clone()),
            after: after.clone(),
            topped_up: movement.topped_up,
            doubt: movement.doubt,
            is_gap: movement.is_gap,
        });
        self.push(&movement);
        self.last = Some(after);
        Told { movement: Some(movement), entry }
    }

    fn push(&mut self, movement: &Movement) {
        self.curve.push(movement);
        self.doubt += movement.doubt;
        if !movement.topped_up.is_zero() {
            self.top_ups.push((movement.to, movement.topped_up));
        }
        self.declared.push(&Movement { spent: movement.declared, ..movement.clone() });
    }

    /// Milliseconds watched between two moments and what was declared in them; nothing when none were.
    #[must_use]
    pub fn declared_between(&self, from: Timestamp, to: Timestamp) -> Option<(u64, Decimal)> {
        let (watched_ms, declared) = self.declared.watched(from, to);
        (watched_ms > 0).then_some((watched_ms, declared))
    }

    /// The balance at `at`, from what was spent and topped up since; nothing before the first reading.
    #[must_use]
    pub fn balance_at(&self, at: Timestamp) -> Option<Decimal> {
        let last = self.last.as_ref()?;
        let (first, _) = self.curve.known().unwrap_or((last.reading.at, last.reading.at));
        if at < first {
            return None;
        }
        let spent_after = self.curve.total() - self.curve.until(at);
        let topped_up_after: Decimal =
            self.top_ups.iter().filter(|(moment, _)| *moment > at).map(|(_, amount)| *amount).sum();
        Some(last.reading.balance + spent_after - topped_up_after)
    }

    /// Every top-up known, oldest first.
    #[must_use]
    pub fn top_ups(&self) -> &[(Timestamp, Decimal)] {
        &self.top_ups
    }

    /// How far everything spent, and everything topped up, may be off.
    #[must_use]
    pub fn doubt(&self) -> Decimal {
        self.doubt
    }

    /// The state after the last reading.
    #[must_use]
    pub fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }

    /// Spend over time: as fine as it was read for the last day, hourly before that.
    #[must_use]
    pub fn curve(&self) -> &SpendCurve {
        &self.curve
    }

    /// Forgets what is finer than anybody asks for.
    pub fn thin(&mut self, now: Timestamp) {
        let before = Timestamp(now.0.saturating_sub_unsigned(FINE_MS));
        self.curve.thin(before, COARSE_MS);
        self.declared.thin(before, COARSE_MS);
    }
}

/// What lies between two checkpoints, of which only the totals are known, and the entry that ends with the later one.
#[must_use]
pub fn between(from: &Checkpoint, to: &Checkpoint, entry: Option<&Entry>) -> Movement {
    let is_whole = |before: &Checkpoint| before.reading.sequence == from.reading.sequence;
    let entry = entry.filter(|entry| entry.before.as_ref().is_some_and(is_whole));
    Movement {
        from: from.reading.at,
        to: to.reading.at.max(from.reading.at),
        opening: from.reading.balance,
        closing: to.reading.balance,
        spent: to.spent_total - from.spent_total,
        topped_up: to.topped_up_total - from.topped_up_total,
        declared: to.reading.declared_total - from.reading.declared_total,
        is_gap: entry.is_some_and(|entry| entry.is_gap),
        doubt: entry.map_or(Decimal::ZERO, |entry| entry.doubt),
    }
}

/// A checkpoint for formats without field names: its own form, in records, is flat.
mod in_order {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Checkpoint, Reading};

    #[expect(clippy::ref_option, reason = "serde hands the field over as it is")]
    pub(super) fn serialize<S: Serializer>(
        checkpoint: &Option<Checkpoint>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let parts = checkpoint.as_ref().map(|of| (&of.reading, of.spent_total, of.topped_up_total));
        parts.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Checkpoint>, D::Error> {
        let parts = Option::<(Reading, Decimal, Decimal)>::deserialize(deserializer)?;
        Ok(parts.map(|(reading, spent_total, topped_up_total)| Checkpoint {
            reading,
            spent_total,
            topped_up_total,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE_MS: i64 = 60_000;

    fn policy() -> MovementPolicy {
        MovementPolicy { gap_after_ms: 600_000, top_up_unit: Decimal::from(1_000) }
    }

    /// What was kept, in its order.
    enum Kept {
        Entry(Entry),
        Snapshot(Checkpoint),
    }

    #[test]
    fn top_ups_and_gaps_are_entries_and_ordinary_spend_is_not() {
        let mut book = Book::new(policy());
        assert!(
            book.read(Timestamp(0), Decimal::from(50), Decimal::ZERO, None)
                .entry
                .is_some_and(|e| e.before.is_none())
        );
        assert_eq!(book.read(Timestamp(MINUTE_MS), Decimal::from(49), Decimal::ONE, None).entry, None);
        let topped_up =
            book.read(Timestamp(2 * MINUTE_MS), Decimal::from(1_048), Decimal::TWO, None).entry.unwrap();
        assert_eq!((topped_up.topped_up, topped_up.after.spent_total), (Decimal::from(1_000), Decimal::TWO));
        let gap = book
            .read(Timestamp(100 * MINUTE_MS), Decimal::from(1_000), Decimal::from(50), None)
            .entry
            .unwrap();
        assert!(gap.is_gap);
    }

    proptest! {
        /// An engine that is killed at any moment and starts again from what it had kept counts the same in the end.
        #[test]
        fn a_book_restored_from_its_records_goes_on_as_if_nothing_had_happened(
            life in prop::collection::vec((1_000..900_000_i64, 0..3_000_i64, prop::bool::weighted(0.05), prop::bool::weighted(0.1)), 2..120),
            snapshot_every in 3_usize..20,
        ) {
            let (mut at, mut balance, mut spent) = (0_i64, Decimal::from(5_000), Decimal::ZERO);
            let mut book = Book::new(policy());
            let mut records: Vec<Kept> = Vec::new();
            let restored = |records: &[Kept]| {
                let mut book = Book::new(policy());
                for record in records {
                    match record {
                        Kept::Entry(entry) => book.resume_entry(entry),
                        Kept::Snapshot(checkpoint) => book.resume(checkpoint, None),
                    }
                }
                book
            };
            records.extend(book.read(Timestamp(at), balance, spent, None).entry.map(Kept::Entry));
            for (index, (later, used, is_topped_up, is_killed)) in life.into_iter().enumerate() {
                let used = Decimal::new(used, 3);
                at += later;
                spent += used;
                balance += if is_topped_up { Decimal::from(1_000) } else { Decimal::ZERO } - used;
                if is_killed {
                    book = restored(&records);
                }
                records.extend(book.read(Timestamp(at), balance, spent, None).entry.map(Kept::Entry));
                if index % snapshot_every == 0 {
                    records.extend(book.last().cloned().map(Kept::Snapshot));
                }
            }
            let last = book.last().unwrap();
            prop_assert_eq!(last.spent_total, spent);
            prop_assert_eq!(book.curve().total(), spent);
            records.push(Kept::Snapshot(last.clone()));
            let restored = restored(&records);
            prop_assert_eq!(restored.curve().total(), spent);
            prop_assert_eq!(restored.last(), Some(last));
        }
    }
}
