//! How long the money lasts: a date, and how early or late it may really be.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Providers charge whole seconds (`providers/exaroton.md` §4): one may end just after a reading, and another just before
/// the next.
const CHARGED_EVERY_MS: u64 = 1_000;

/// Age of a reading at which its burn may be off by all of itself: six hours is a night's auto-stops and restarts.
const DOUBT_DOUBLES_AFTER_MS: u64 = 6 * HOUR_MS;

/// The farthest end that is told, hours: beyond a hundred years the date says nothing.
const FARTHEST_HOURS: u32 = 100 * 365 * 24;

/// What a balance burns per hour, and between which bounds its measures lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRange {
    /// The best estimate.
    pub likely: Decimal,
    /// The lowest measure.
    pub low: Decimal,
    /// The highest measure.
    pub high: Decimal,
}

impl BurnRange {
    /// The range of a declared burn and what was observed per hour over some windows.
    #[must_use]
    pub fn of(declared: Decimal, observed: &[Decimal]) -> Self {
        let low = observed.iter().copied().fold(declared, Decimal::min);
        let high = observed.iter().copied().fold(declared, Decimal::max);
        Self { likely: declared, low, high }
    }
}

/// How long a balance lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runway {
    /// Milliseconds from now until it is empty.
    pub lasts_ms: u64,
    /// When it is likely to be empty.
    pub ends_at: Timestamp,
    /// When it is empty at the highest burn that the measures allow.
    pub earliest: Timestamp,
    /// When it is empty at the lowest; nothing when it may last for ever.
    pub latest: Option<Timestamp>,
}

/// The most that can leave a balance: what was read may be wrong by so much, and not by more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exposure {
    /// Per hour, if everything that it is known to pay for ran.
    pub per_hour: Decimal,
    /// At any moment: charges of which nobody says when they come.
    pub at_once: Decimal,
}

impl Exposure {
    /// The most that can have been spent in so many milliseconds; nothing in none.
    #[must_use]
    pub fn in_ms(&self, passed_ms: u64) -> Decimal {
        if passed_ms == 0 {
            return Decimal::ZERO;
        }
        let charged_ms = passed_ms.saturating_add(CHARGED_EVERY_MS);
        self.at_once + self.per_hour * Decimal::from(charged_ms) / Decimal::from(HOUR_MS)
    }

    /// The higher of two in each part.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { per_hour: self.per_hour.max(other.per_hour), at_once: self.at_once.max(other.at_once) }
    }
}

/// How long `balance`, read at `read_at`, lasts: nothing when nothing burns.
///
/// The bounds widen with the spread of the measures and with the age of the reading: since then nothing may have been
/// spent, or as much as `exposure` allows.
#[must_use]
pub fn runway(
    balance: Decimal,
    read_at: Timestamp,
    burn: &BurnRange,
    exposure: &Exposure,
    now: Timestamp,
) -> Option<Runway> {
    let age_ms = now.millis_since(read_at);
    let doubt = Decimal::from(age_ms) / Decimal::from(DOUBT_DOUBLES_AFTER_MS);
    let high = burn.high * (Decimal::ONE + doubt);
    let low = (burn.low * (Decimal::ONE - doubt)).max(Decimal::ZERO);
    let possible = Exposure { per_hour: exposure.per_hour.max(high), ..*exposure };
    let ends = |from: Timestamp, left: Decimal, per_hour: Decimal| -> Option<Timestamp> {
        let hours = left.max(Decimal::ZERO).checked_div(per_hour)?;
        if per_hour <= Decimal::ZERO || hours > Decimal::from(FARTHEST_HOURS) {
            return None;
        }
        Some(from.plus_millis((hours * Decimal::from(HOUR_MS)).to_u64()?))
    };
    let ends_at = ends(read_at, balance, burn.likely)?;
    Some(Runway {
        lasts_ms: ends_at.millis_since(now),
        ends_at,
        earliest: ends(now, balance - possible.in_ms(age_ms), high).map_or(ends_at, |end| end.min(ends_at)),
        latest: ends(now, balance, low).map(|end| end.max(ends_at)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Exposure {
        Exposure::default()
    }

    #[test]
    fn an_old_reading_allows_for_everything_that_may_have_run_since() {
        let burn = BurnRange::of(Decimal::TEN, &[]);
        let exposure = Exposure { per_hour: Decimal::from(40), at_once: Decimal::from(5) };
        let end = |exposure: &Exposure, hours: u64| {
            runway(
                Decimal::from(100),
                Timestamp(0),
                &burn,
                exposure,
                Timestamp(0).plus_millis(hours * HOUR_MS),
            )
        };
        assert_eq!(end(&exposure, 0), end(&none(), 0), "a reading of this moment is not doubted");
        let old = end(&exposure, 2).unwrap();
        assert!(old.earliest < end(&none(), 2).unwrap().earliest);
        assert_eq!(exposure.in_ms(2 * HOUR_MS - 1_000), Decimal::from(85));
        // It may have run dry already.
        let older = end(&exposure, 3).unwrap();
        assert_eq!(older.earliest, Timestamp(0).plus_millis(3 * HOUR_MS));
        assert_eq!(older.ends_at, old.ends_at);
    }

    #[test]
    fn the_end_lies_between_its_bounds_and_they_widen_with_age() {
        let burn = BurnRange::of(Decimal::TEN, &[Decimal::from(8), Decimal::from(12)]);
        let fresh = runway(Decimal::from(100), Timestamp(0), &burn, &none(), Timestamp(0)).unwrap();
        assert_eq!(fresh.lasts_ms, 10 * HOUR_MS);
        assert!(fresh.earliest < fresh.ends_at && Some(fresh.ends_at) < fresh.latest);
        let old =
            runway(Decimal::from(100), Timestamp(0), &burn, &none(), Timestamp(0).plus_millis(3 * HOUR_MS))
                .unwrap();
        assert_eq!((old.lasts_ms, old.ends_at), (7 * HOUR_MS, fresh.ends_at));
        assert!(old.earliest < fresh.earliest && old.latest > fresh.latest);
        let night =
            runway(Decimal::from(100), Timestamp(0), &burn, &none(), Timestamp(0).plus_millis(7 * HOUR_MS))
                .unwrap();
        assert_eq!(night.latest, None, "after so long everything may have stopped");
    }

    #[test]
    fn nothing_that_burns_nothing_ends_and_an_empty_balance_ends_now() {
        let nothing = BurnRange::of(Decimal::ZERO, &[]);
        assert_eq!(runway(Decimal::TEN, Timestamp(5), &nothing, &none(), Timestamp(5)), None);
        let some = BurnRange::of(Decimal::ONE, &[]);
        assert_eq!(
            runway(Decimal::from(-3), Timestamp(5), &some, &none(), Timestamp(5)).map(|r| r.lasts_ms),
            Some(0)
        );
    }
}
