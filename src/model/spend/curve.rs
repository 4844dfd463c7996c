//! Everything spent up to a moment, as a curve that only rises: any window is the difference of two of its points.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::movement::Movement;
use crate::model::time::Timestamp;

/// Digits kept of a point between two readings; windows stay exact because they are differences of such points.
const DIGITS: u32 = 9;

/// Spend over time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendCurve {
    /// Moments and everything spent until then: both never fall.
    points: Vec<(Timestamp, Decimal)>,
    /// Stretches whose readings are too far apart to know when within them it was spent.
    gaps: Vec<(Timestamp, Timestamp)>,
}

impl SpendCurve {
    /// The curve of movements that follow each other.
    #[must_use]
    pub fn of<'a>(movements: impl IntoIterator<Item = &'a Movement>) -> Self {
        let mut curve = Self::default();
        for movement in movements {
            curve.push(movement);
        }
        curve
    }

    /// Appends what happened next.
    pub fn push(&mut self, movement: &Movement) {
        let (last_at, total) = self.points.last().copied().unwrap_or((movement.from, Decimal::ZERO));
        if self.points.is_empty() || movement.from > last_at {
            self.points.push((movement.from.max(last_at), total));
        }
        let to = movement.to.max(last_at);
        self.points.push((to, total + movement.spent));
        if movement.is_gap {
            self.gaps.push((movement.from, to));
        }
    }

    /// Forgets points before `before` that stand closer than `every_ms` to the one kept before them; what they add up to
    /// stays, and so do the edges of gaps.
    pub fn thin(&mut self, before: Timestamp, every_ms: u64) {
        let edges: BTreeSet<Timestamp> = self.gaps.iter().flat_map(|(from, to)| [*from, *to]).collect();
        let mut kept: Option<Timestamp> = None;
        let last = self.points.last().map(|(at, _)| *at);
        self.points.retain(|(at, _)| {
            let is_kept = *at >= before
                || Some(*at) == last
                || edges.contains(at)
                || kept.is_none_or(|earlier| at.millis_since(earlier) >= every_ms);
            if is_kept {
                kept = Some(*at);
            }
            is_kept
        });
    }

    /// How many points it is made of.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points.len()
    }

    /// Everything spent until `at`: even within a stretch between two readings, nothing before the first.
    #[must_use]
    pub fn until(&self, at: Timestamp) -> Decimal {
        let after = self.points.partition_point(|(moment, _)| *moment <= at);
        let Some((from, before)) = after.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return Decimal::ZERO;
        };
        let Some((to, total)) = self.points.get(after) else { return *before };
        let length = to.millis_since(*from).max(1);
        let share = Decimal::from(at.millis_since(*from)) / Decimal::from(length);
        (before + (total - before) * share).round_dp(DIGITS)
    }

    /// What was spent from `from` until `to`.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Decimal {
        if to <= from {
            return Decimal::ZERO;
        }
        self.until(to) - self.until(from)
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.points.last().map_or(Decimal::ZERO, |(_, total)| *total)
    }

    /// The first and the last moment known.
    #[must_use]
    pub fn known(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.points.first()?.0, self.points.last()?.0))
    }

    /// What of `from`..`to` was really watched, known and not in a gap: milliseconds, and what was spent in them.
    #[must_use]
    pub fn watched(&self, from: Timestamp, to: Timestamp) -> (u64, Decimal) {
        let Some((first, last)) = self.known() else { return (0, Decimal::ZERO) };
        let cut = |a: Timestamp, b: Timestamp| (a.max(from), b.min(to));
        let (first, last) = cut(first, last);
        // Gaps follow each other: only those that reach into the window count.
        let begin = self.gaps.partition_point(|(_, until)| *until <= first);
        self.gaps
            .get(begin..)
            .unwrap_or_default()
            .iter()
            .take_while(|(from, _)| *from < last)
            .map(|(a, b)| cut(*a, *b))
            .fold((last.millis_since(first), self.between(first, last)), |(ms, spent), (a, b)| {
                (ms.saturating_sub(b.millis_since(a)), spent - self.between(a, b))
            })
    }

    /// Spend of equal slices of `from`..`to`, for bars and charts: at most `slices` of them.
    #[must_use]
    pub fn slices(&self, from: Timestamp, to: Timestamp, slices: u32) -> Vec<(Timestamp, Decimal)> {
        let length_ms = to.millis_since(from);
        let slices = u64::from(slices.max(1)).min(length_ms.max(1));
        (0..slices)
            .map(|index| {
                let start = from.plus_millis(length_ms * index / slices);
                let end = from.plus_millis(length_ms * (index + 1) / slices);
                (start, self.between(start, end))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::movement::{MovementPolicy, Reading, movements, normalised};
    use super::*;
    use proptest::prelude::*;

    fn policy() -> MovementPolicy {
        MovementPolicy { gap_after_ms: 3_600_000, top_up_unit: Decimal::from(1_000) }
    }

    /// A life of a balance: at each reading so much later, so much spent, and perhaps a top-up. The last but one field
    /// steps the clock the readings are stamped with.
    fn life() -> impl Strategy<Value = Vec<(i64, i64, bool, i64)>> {
        let step = (
            1_000..400_000_i64,
            0..4_000_i64,
            prop::bool::weighted(0.05),
            prop_oneof![
                9 => Just(0_i64),
                1 => -7_200_000..7_200_000_i64,
            ],
        );
        prop::collection::vec(step, 2..200)
    }

    /// The readings of a life and what was really spent; amounts in thousandths.
    fn readings_of(life: &[(i64, i64, bool, i64)], with_clock_steps: bool) -> (Vec<Reading>, Decimal) {
        let (mut at, mut skew, mut balance, mut spent) = (0_i64, 0_i64, Decimal::from(5_000), Decimal::ZERO);
        let mut readings = vec![Reading { sequence: 0, at: Timestamp(0), balance, declared_total: spent }];
        for (index, (later, used, is_topped_up, clock_step)) in life.iter().enumerate() {
            at += later;
            skew += if with_clock_steps { *clock_step } else { 0 };
            let used = Decimal::new(*used, 3);
            spent += used;
            balance -= used;
            if *is_topped_up {
                balance += Decimal::from(1_000);
            }
            let sequence = index as u64 + 1;
            readings.push(Reading { sequence, at: Timestamp(at + skew), balance, declared_total: spent });
        }
        (readings, spent)
    }

    fn curve_of(readings: &[Reading]) -> SpendCurve {
        SpendCurve::of(&movements(&normalised(readings), &policy()))
    }

    proptest! {
        #[test]
        fn spend_is_what_was_spent_whatever_the_clock_did(life in life()) {
            let (readings, spent) = readings_of(&life, true);
            let moves = movements(&normalised(&readings), &policy());
            prop_assert!(moves.iter().all(|m| m.spent >= Decimal::ZERO && m.topped_up >= Decimal::ZERO));
            prop_assert!(moves.iter().all(|m| m.closing == m.opening - m.spent + m.topped_up));
            prop_assert_eq!(SpendCurve::of(&moves).total(), spent);
        }

        #[test]
        fn duplicates_and_disorder_change_nothing(life in life(), order in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
            let (readings, _) = readings_of(&life, true);
            let mut shuffled = readings.clone();
            for index in &order {
                shuffled.push(index.get(&readings).clone());
                let place = index.index(shuffled.len());
                shuffled.swap(0, place);
            }
            prop_assert_eq!(curve_of(&shuffled), curve_of(&readings));
        }

        #[test]
        fn fewer_readings_change_no_total(life in life(), keep in prop::collection::vec(any::<bool>(), 201)) {
            let (readings, spent) = readings_of(&life, false);
            let last = readings.len() - 1;
            let fewer: Vec<Reading> = readings
                .iter()
                .enumerate()
                .filter(|(index, _)| *index == 0 || *index == last || keep[*index])
                .map(|(_, reading)| reading.clone())
                .collect();
            // A top-up is seen while the spend beside it stays under half its unit; a gap may hide one altogether.
            let is_seen = fewer.windows(2).all(|pair| {
                let from = usize::try_from(pair[0].sequence).unwrap();
                let to = usize::try_from(pair[1].sequence).unwrap();
                let has_a_top_up = life[from..to].iter().any(|(_, _, is_topped_up, _)| *is_topped_up);
                let is_gap = pair[1].at.millis_since(pair[0].at) > policy().gap_after_ms;
                !has_a_top_up || !is_gap || pair[1].balance > pair[0].balance
            });
            prop_assume!(is_seen);
            prop_assert_eq!(curve_of(&fewer).total(), spent);
        }

        #[test]
        fn thinning_keeps_what_the_points_add_up_to(life in life(), before in 0..80_000_000_i64) {
            let (readings, _) = readings_of(&life, false);
            let whole = curve_of(&readings);
            let mut thin = whole.clone();
            thin.thin(Timestamp(before), 3_600_000);
            prop_assert!(thin.points() <= whole.points());
            prop_assert_eq!(thin.total(), whole.total());
            prop_assert_eq!(thin.known(), whole.known());
            let (first, last) = whole.known().unwrap();
            let after = Timestamp(before).max(first);
            prop_assert_eq!(thin.watched(first, last), whole.watched(first, last));
            // From the first point at or after `before` on, nothing changed.
            if let Some(reading) = readings.iter().find(|reading| reading.at >= after) {
                prop_assert_eq!(thin.between(reading.at, last), whole.between(reading.at, last));
            }
        }

        #[test]
        fn windows_sum_to_the_whole(life in life(), mut cuts in prop::collection::vec(0..80_000_000_i64, 0..40)) {
            let (readings, _) = readings_of(&life, false);
            let curve = curve_of(&readings);
            let (first, last) = curve.known().unwrap();
            cuts.extend([first.0, last.0]);
            cuts.retain(|cut| (first.0..=last.0).contains(cut));
            cuts.sort_unstable();
            let sum: Decimal =
                cuts.windows(2).map(|pair| curve.between(Timestamp(pair[0]), Timestamp(pair[1]))).sum();
            prop_assert_eq!(sum, curve.total());
        }
    }
}
