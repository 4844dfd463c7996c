//! What happened between two readings of a balance: how much was spent, how much was topped up.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;

/// How far the declared spend beside a top-up may be off, as a part of it.
const SLACK: Decimal = Decimal::from_parts(25, 0, 0, false, 2);

/// Beside that, as a part of the unit: servers that started since the reading before are not declared yet.
const SLACK_OF_UNIT: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// The same at least, in units of the balance: providers round what they show.
const SLACK_AT_LEAST: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Top-ups that come in multiples of less than this cannot be told from a server that stopped early: a fall hides none.
const COARSE_UNIT: Decimal = Decimal::from_parts(10, 0, 0, false, 0);

/// One reading of a balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The engine's own count of its readings of this balance: their true order, whatever the clock did.
    pub sequence: u64,
    /// When it was read.
    pub at: Timestamp,
    /// What the provider said.
    pub balance: Decimal,
    /// The declared meter of this balance at that moment: everything that was expected to be spent since it began.
    pub declared_total: Decimal,
}

/// What tells a top-up and a gap from ordinary spend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovementPolicy {
    /// Readings further apart than this leave a gap: what ran between them is not known, milliseconds.
    pub gap_after_ms: u64,
    /// Top-ups come in multiples of this; zero where nothing is known, and then a top-up is estimated.
    pub top_up_unit: Decimal,
}

/// What happened to a balance between two readings: `closing = opening - spent + topped_up`, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The moment of the earlier reading.
    pub from: Timestamp,
    /// The moment of the later one, never before `from`.
    pub to: Timestamp,
    /// The balance before.
    pub opening: Decimal,
    /// The balance after.
    pub closing: Decimal,
    /// What was spent; never negative.
    pub spent: Decimal,
    /// What came in; never negative.
    pub topped_up: Decimal,
    /// What was expected to be spent.
    pub declared: Decimal,
    /// Whether the readings are too far apart to know what ran between them.
    pub is_gap: bool,
    /// How far `spent` may be off because a top-up hides part of it; zero where it is exact.
    pub doubt: Decimal,
}

/// The readings in their true order, each once, with clocks that step back held at the latest moment seen.
#[must_use]
pub fn normalised(readings: &[Reading]) -> Vec<Reading> {
    let mut ordered = readings.to_vec();
    ordered.sort_by_key(|reading| reading.sequence);
    ordered.dedup_by_key(|reading| reading.sequence);
    let mut latest = Timestamp(i64::MIN);
    for reading in &mut ordered {
        latest = latest.max(reading.at);
        reading.at = latest;
    }
    ordered
}

/// What happened between each two neighbours of normalised readings.
#[must_use]
pub fn movements(readings: &[Reading], policy: &MovementPolicy) -> Vec<Movement> {
    readings.windows(2).map(|pair| Movement::between(&pair[0], &pair[1], None, policy)).collect()
}

impl Movement {
    /// What happened between two readings, given the most that can have been spent between them where that is known.
    ///
    /// A balance that fell was spent from. One that rose was topped up, by the multiple of the unit that agrees best with
    /// what was declared, or by an odd amount. While readings are close together a fall much smaller than declared hides a
    /// top-up too; across a gap it does not, because servers may have stopped meanwhile: it is doubted.
    #[must_use]
    pub fn between(
        earlier: &Reading,
        later: &Reading,
        at_most: Option<Decimal>,
        policy: &MovementPolicy,
    ) -> Self {
        let fell = earlier.balance - later.balance;
        let declared = (later.declared_total - earlier.declared_total).max(Decimal::ZERO);
        let is_gap = later.at.millis_since(earlier.at) > policy.gap_after_ms;
        let (topped_up, doubt) = Fall::new(fell, declared, at_most, is_gap, policy.top_up_unit).top_up();
        Self {
            from: earlier.at,
            to: later.at.max(earlier.at),
            opening: earlier.balance,
            closing: later.balance,
            spent: fell + topped_up,
            topped_up,
            declared,
            is_gap,
            doubt,
        }
    }

    /// What was spent beyond what was declared; negative when less was.
    #[must_use]
    pub fn surplus(&self) -> Decimal {
        self.spent - self.declared
    }
}

/// How a balance fell between two readings, and what is known beside it.
struct Fall {
    /// By how much; negative when it rose.
    fell: Decimal,
    declared: Decimal,
    /// How far `declared` may be off while readings are close together.
    slack: Decimal,
    /// The most that can have been spent.
    most: Decimal,
    is_gap: bool,
    unit: Decimal,
}

impl Fall {
    fn new(fell: Decimal, declared: Decimal, at_most: Option<Decimal>, is_gap: bool, unit: Decimal) -> Self {
        let slack = declared * SLACK + (unit * SLACK_OF_UNIT).max(SLACK_AT_LEAST);
        let likely = declared + slack;
        let most = match at_most {
            Some(at_most) => likely.max(at_most),
            // Servers may have started: up to half a unit more agrees too.
            None if is_gap => likely.max(declared + unit / Decimal::TWO),
            None => likely,
        };
        Self { fell, declared, slack, most, is_gap, unit }
    }

    /// What came in, and how far the spend beside it may be off because other amounts would agree as well.
    fn top_up(&self) -> (Decimal, Decimal) {
        let rose = -self.fell;
        let nearest = self.multiple_near(rose + self.declared);
        let agrees = |topped_up: Decimal| (self.fell + topped_up - self.declared).abs() <= self.slack;
        if rose <= Decimal::ZERO {
            let is_hidden = !self.is_gap
                && self.unit >= COARSE_UNIT
                && nearest > Decimal::ZERO
                && !agrees(Decimal::ZERO)
                && agrees(nearest);
            let topped_up = if is_hidden { nearest } else { Decimal::ZERO };
            let doubt = if self.is_gap { self.doubt_of(topped_up, Decimal::ZERO) } else { Decimal::ZERO };
            return (topped_up.normalize(), doubt);
        }
        let least = self.multiple_above(rose);
        let most = self.multiple_below(rose + self.most);
        if self.unit <= Decimal::ZERO || least > most {
            // An odd amount, a gift or a correction: the spend is what was declared.
            let doubt = self.declared.max(self.most - self.declared).max(SLACK_AT_LEAST);
            return (rose + self.declared, doubt);
        }
        let topped_up = nearest.clamp(least, most);
        (topped_up.normalize(), self.doubt_of(topped_up, least))
    }

    /// How far the spend may be off when any amount from `least` on that leaves no more spent than possible agrees.
    fn doubt_of(&self, topped_up: Decimal, least: Decimal) -> Decimal {
        let most = if self.unit > Decimal::ZERO {
            self.multiple_below(self.most - self.fell)
        } else {
            self.most - self.fell
        };
        (most - topped_up).max(topped_up - least).max(Decimal::ZERO).normalize()
    }

    fn multiple_near(&self, amount: Decimal) -> Decimal {
        self.units_in(amount).map_or(Decimal::ZERO, |units| units.round() * self.unit)
    }

    fn multiple_above(&self, amount: Decimal) -> Decimal {
        self.units_in(amount).map_or(Decimal::ZERO, |units| units.ceil() * self.unit)
    }

    fn multiple_below(&self, amount: Decimal) -> Decimal {
        self.units_in(amount).map_or(Decimal::ZERO, |units| units.floor() * self.unit)
    }

    /// Nothing where no unit is known.
    fn units_in(&self, amount: Decimal) -> Option<Decimal> {
        if self.unit <= Decimal::ZERO { None } else { amount.checked_div(self.unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_MS: i64 = 3_600_000;

    fn between(earlier: &Reading, later: &Reading) -> Movement {
        Movement::between(earlier, later, None, &policy())
    }

    fn policy() -> MovementPolicy {
        MovementPolicy { gap_after_ms: 600_000, top_up_unit: Decimal::ONE_HUNDRED }
    }

    fn reading(sequence: u64, at_ms: i64, balance: i64, declared_total: i64) -> Reading {
        Reading {
            sequence,
            at: Timestamp(at_ms),
            balance: Decimal::from(balance),
            declared_total: Decimal::from(declared_total),
        }
    }

    #[test]
    fn a_rise_is_a_top_up_and_the_spend_beside_it_is_kept() {
        let movement = between(&reading(1, 0, 40, 0), &reading(2, 60_000, 537, 3));
        assert_eq!((movement.spent, movement.topped_up), (Decimal::from(3), Decimal::from(500)));
        assert_eq!(movement.doubt, Decimal::ZERO);
    }

    #[test]
    fn a_fall_smaller_than_declared_hides_a_top_up_only_while_readings_are_close() {
        let before = reading(1, 0, 500, 0);
        let close = between(&before, &reading(2, 60_000, 450, 150));
        assert_eq!((close.spent, close.topped_up), (Decimal::from(150), Decimal::ONE_HUNDRED));
        let apart = between(&before, &reading(2, 5 * HOUR_MS, 450, 150));
        assert_eq!((apart.spent, apart.topped_up, apart.is_gap), (Decimal::from(50), Decimal::ZERO, true));
        assert_eq!(apart.doubt, Decimal::ONE_HUNDRED, "a top-up would explain it as well");
    }

    #[test]
    fn across_a_gap_only_what_can_have_been_spent_decides() {
        let (before, after) = (reading(1, 0, 500, 0), reading(2, 5 * HOUR_MS, 550, 20));
        let between = |at_most: i64| Movement::between(&before, &after, Some(at_most.into()), &policy());
        let sure = between(120);
        assert_eq!((sure.spent, sure.topped_up, sure.doubt), (50.into(), 100.into(), Decimal::ZERO));
        let doubted = between(260);
        assert_eq!((doubted.spent, doubted.topped_up, doubted.doubt), (50.into(), 100.into(), 200.into()));
    }

    #[test]
    fn a_pool_is_topped_up_by_whole_units_and_a_server_that_stopped_early_is_no_top_up() {
        let policy = MovementPolicy { top_up_unit: Decimal::ONE, ..policy() };
        let from = Reading { balance: Decimal::new(30_025, 2), ..reading(1, 0, 0, 0) };
        let to = |hundredths, declared| Reading {
            balance: Decimal::new(hundredths, 2),
            ..reading(2, 60_000, 0, declared)
        };
        let topped_up = Movement::between(&from, &to(42_405, 1), Some(Decimal::new(18, 1)), &policy);
        assert_eq!((topped_up.spent, topped_up.topped_up), (Decimal::new(12, 1), Decimal::from(125)));
        let stopped = Movement::between(&from, &to(29_995, 3), Some(Decimal::from(3)), &policy);
        assert_eq!((stopped.spent, stopped.topped_up), (Decimal::new(3, 1), Decimal::ZERO));
    }

    proptest! {
        /// Whatever came in, in whatever gap: the truth lies within the doubt as long as no more was spent than possible.
        #[test]
        fn the_truth_is_within_the_doubt(
            minutes in 1..900_i64,
            spent in 0..30_000_i64,
            more_possible in 0..30_000_i64,
            declared in 0..30_000_i64,
            units in 0..4_i64,
            odd in prop_oneof![5 => Just(0_i64), 1 => 1..99_i64],
            is_pool in any::<bool>(),
        ) {
            let unit = if is_pool { Decimal::ONE } else { Decimal::ONE_HUNDRED };
            let policy = MovementPolicy { top_up_unit: unit, ..policy() };
            let hundredths = |amount| Decimal::new(amount, 2);
            let (spent, most) = (hundredths(spent), hundredths(spent + more_possible));
            let topped_up = unit * Decimal::from(units) + if is_pool { Decimal::from(odd) } else { Decimal::ZERO };
            let before = reading(1, 0, 1_000, 0);
            let after = Reading {
                balance: before.balance - spent + topped_up,
                declared_total: hundredths(declared).min(most),
                ..reading(2, minutes * 60_000, 0, 0)
            };
            let movement = Movement::between(&before, &after, Some(most), &policy);
            prop_assert!(movement.spent >= Decimal::ZERO);
            // While readings are close a fall is taken as what it looks like: nothing that small is doubted.
            prop_assume!(movement.is_gap || topped_up > spent);
            let off = (movement.spent - spent).abs();
            prop_assert!(off <= movement.doubt, "off by {off}, doubted {}", movement.doubt);
        }
    }

    #[test]
    fn without_a_unit_the_spend_beside_a_top_up_is_what_was_declared() {
        let policy = MovementPolicy { top_up_unit: Decimal::ZERO, ..policy() };
        let movement = Movement::between(&reading(1, 0, 40, 0), &reading(2, 60_000, 137, 3), None, &policy);
        assert_eq!((movement.spent, movement.topped_up), (Decimal::from(3), Decimal::ONE_HUNDRED));
        assert!(movement.doubt > Decimal::ZERO, "an estimate says so");
    }

    #[test]
    fn an_odd_rise_makes_no_spend_up() {
        let movement = between(
            &reading(1, 0, 40, 0),
            &Reading { balance: Decimal::new(4_001, 2), ..reading(2, 60_000, 0, 0) },
        );
        assert_eq!((movement.spent, movement.topped_up), (Decimal::ZERO, Decimal::new(1, 2)));
        let gift = between(&reading(1, 0, 40, 0), &reading(2, 60_000, 67, 3));
        assert_eq!((gift.spent, gift.topped_up), (Decimal::from(3), Decimal::from(30)));
    }

    #[test]
    fn a_clock_that_steps_back_is_held() {
        let readings = [
            reading(1, 10 * HOUR_MS, 100, 0),
            reading(2, 9 * HOUR_MS, 98, 2),
            reading(3, 11 * HOUR_MS, 97, 3),
        ];
        let spent: Decimal =
            movements(&normalised(&readings), &policy()).iter().map(|movement| movement.spent).sum();
        assert_eq!(spent, Decimal::from(3));
    }
}
