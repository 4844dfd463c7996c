//! How long the money lasts: a date, and how early or late it may really be.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

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

/// How long `balance`, read at `read_at`, lasts: nothing when nothing burns.
///
/// The bounds widen with the spread of the measures and with the age of the reading.
#[must_use]
pub fn runway(balance: Decimal, read_at: Timestamp, burn: &BurnRange, now: Timestamp) -> Option<Runway> {
    let age_ms = now.millis_since(read_at);
    let doubt = Decimal::from(age_ms) / Decimal::from(DOUBT_DOUBLES_AFTER_MS);
    let high = burn.high * (Decimal::ONE + doubt);
    let low = (burn.low * (Decimal::ONE - doubt)).max(Decimal::ZERO);
    let ends = |per_hour: Decimal| -> Option<Timestamp> {
        let hours = balance.max(Decimal::ZERO).checked_div(per_hour)?;
        if per_hour <= Decimal::ZERO || hours > Decimal::from(FARTHEST_HOURS) {
            return None;
        }
        Some(read_at.plus_millis((hours * Decimal::from(HOUR_MS)).to_u64()?))
    };
    let ends_at = ends(burn.likely)?;
    Some(Runway {
        lasts_ms: ends_at.millis_since(now),
        ends_at,
        earliest: ends(high).unwrap_or(ends_at),
        latest: ends(low),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_lies_between_its_bounds_and_they_widen_with_age() {
        let burn = BurnRange::of(Decimal::TEN, &[Decimal::from(8), Decimal::from(12)]);
        let fresh = runway(Decimal::from(100), Timestamp(0), &burn, Timestamp(0)).unwrap();
        assert_eq!(fresh.lasts_ms, 10 * HOUR_MS);
        assert!(fresh.earliest < fresh.ends_at && Some(fresh.ends_at) < fresh.latest);
        let old =
            runway(Decimal::from(100), Timestamp(0), &burn, Timestamp(0).plus_millis(3 * HOUR_MS)).unwrap();
        assert_eq!((old.lasts_ms, old.ends_at), (7 * HOUR_MS, fresh.ends_at));
        assert!(old.earliest < fresh.earliest && old.latest > fresh.latest);
        let night =
            runway(Decimal::from(100), Timestamp(0), &burn, Timestamp(0).plus_millis(7 * HOUR_MS)).unwrap();
        assert_eq!(night.latest, None, "after so long everything may have stopped");
    }

    #[test]
    fn nothing_that_burns_nothing_ends_and_an_empty_balance_ends_now() {
        let none = BurnRange::of(Decimal::ZERO, &[]);
        assert_eq!(runway(Decimal::TEN, Timestamp(5), &none, Timestamp(5)), None);
        let some = BurnRange::of(Decimal::ONE, &[]);
        assert_eq!(runway(Decimal::from(-3), Timestamp(5), &some, Timestamp(5)).map(|r| r.lasts_ms), Some(0));
    }
}
