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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    readings.windows(2).map(|pair| Movement::between(&pair[0], &pair[1], policy)).collect()
}

impl Movement {
    /// What happened between two readings.
    ///
    /// A balance that fell was spent from. One that rose was topped up, by the multiple of the unit that agrees with what
    /// was declared, or by an odd amount. While readings are close together a fall much smaller than declared hides a
    /// top-up too; across a gap it does not, because servers may have stopped meanwhile.
    #[must_use]
    pub fn between(earlier: &Reading, later: &Reading, policy: &MovementPolicy) -> Self {
        let fell = earlier.balance - later.balance;
        let declared = (later.declared_total - earlier.declared_total).max(Decimal::ZERO);
        let is_gap = later.at.millis_since(earlier.at) > policy.gap_after_ms;
        let (topped_up, doubt) = top_up(fell, declared, is_gap, policy.top_up_unit);
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

/// The top-up between two readings, and how far the spend beside it may be off.
///
/// A multiple of `unit` where the spend that it implies agrees with what was declared; else an odd amount (a gift, a
/// correction), and the spend is what was declared. Across a gap servers may have started or stopped: less agrees too,
/// and up to half a unit more.
fn top_up(fell: Decimal, declared: Decimal, is_gap: bool, unit: Decimal) -> (Decimal, Decimal) {
    let rose = -fell;
    if rose <= Decimal::ZERO && (is_gap || unit <= Decimal::ZERO) {
        return (Decimal::ZERO, Decimal::ZERO);
    }
    let slack = declared * SLACK + (unit * SLACK_OF_UNIT).max(SLACK_AT_LEAST);
    let multiple =
        if unit > Decimal::ZERO { ((rose + declared) / unit).round() * unit } else { Decimal::ZERO };
    let implied = multiple - rose;
    let (low, high) = if is_gap {
        (Decimal::ZERO, declared + unit / Decimal::TWO)
    } else {
        ((declared - slack).max(Decimal::ZERO), declared + slack)
    };
    if multiple > Decimal::ZERO && low <= implied && implied <= high {
        let is_sure = implied <= declared + slack && (declared < unit || !is_gap);
        return (multiple.normalize(), if is_sure { Decimal::ZERO } else { unit });
    }
    if rose > Decimal::ZERO {
        return (rose + declared, declared.max(SLACK_AT_LEAST));
    }
    (Decimal::ZERO, Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

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
        let movement = Movement::between(&reading(1, 0, 40, 0), &reading(2, 60_000, 537, 3), &policy());
        assert_eq!((movement.spent, movement.topped_up), (Decimal::from(3), Decimal::from(500)));
        assert_eq!(movement.doubt, Decimal::ZERO);
    }

    #[test]
    fn a_fall_smaller_than_declared_hides_a_top_up_only_while_readings_are_close() {
        let before = reading(1, 0, 500, 0);
        let close = Movement::between(&before, &reading(2, 60_000, 450, 150), &policy());
        assert_eq!((close.spent, close.topped_up), (Decimal::from(150), Decimal::ONE_HUNDRED));
        let apart = Movement::between(&before, &reading(2, 5 * HOUR_MS, 450, 150), &policy());
        assert_eq!((apart.spent, apart.topped_up, apart.is_gap), (Decimal::from(50), Decimal::ZERO, true));
    }

    #[test]
    fn without_a_unit_the_spend_beside_a_top_up_is_what_was_declared() {
        let policy = MovementPolicy { top_up_unit: Decimal::ZERO, ..policy() };
        let movement = Movement::between(&reading(1, 0, 40, 0), &reading(2, 60_000, 137, 3), &policy);
        assert_eq!((movement.spent, movement.topped_up), (Decimal::from(3), Decimal::ONE_HUNDRED));
        assert!(movement.doubt > Decimal::ZERO, "an estimate says so");
    }

    #[test]
    fn an_odd_rise_makes_no_spend_up() {
        let movement = Movement::between(
            &reading(1, 0, 40, 0),
            &Reading { balance: Decimal::new(4_001, 2), ..reading(2, 60_000, 0, 0) },
            &policy(),
        );
        assert_eq!((movement.spent, movement.topped_up), (Decimal::ZERO, Decimal::new(1, 2)));
        let gift = Movement::between(&reading(1, 0, 40, 0), &reading(2, 60_000, 67, 3), &policy());
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
