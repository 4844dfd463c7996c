//! What screens and reports show of a balance: one value, computed by the engine, true at the moment of its reading.
//!
//! What moves with the clock alone (the countdown, the age, the runway) is derived from it by whoever draws it, so an
//! engine at rest sends nothing.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::balance::Balance;
use super::spend::{BurnRange, Exposure, Runway, Total, Windows, runway};
use super::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u32 = 3_600_000;

/// Digits kept of a predicted balance.
const PREDICTED_DIGITS: u32 = 4;

/// What a reading said about the countdown before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// When it was read.
    pub at: Timestamp,
    /// What the countdown had come to.
    pub predicted: Decimal,
    /// What the provider said, without what was topped up meanwhile.
    pub read: Decimal,
}

impl Correction {
    /// By how much the countdown was off; positive when more was left than it said.
    #[must_use]
    pub fn off_by(&self) -> Decimal {
        self.read - self.predicted
    }
}

/// A charge that will come at a known time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledCharge {
    /// When, as far as known.
    pub at: Timestamp,
    /// At most how much, in the balance's unit.
    pub amount: Decimal,
    /// For what: `storage of weekend`.
    pub what: String,
}

/// A balance as screens show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceView {
    /// The last reading.
    pub balance: Balance,
    /// What is declared to burn.
    pub declared: Total,
    /// What was observed per hour over the last hour watched; nothing while less than some minutes were.
    pub observed_per_hour: Option<Decimal>,
    /// Why declared and observed differ, when they differ by more than noise.
    pub mismatch: Option<String>,
    /// The bounds of its burn.
    pub range: BurnRange,
    /// The most that can leave it while nobody reads it.
    pub exposure: Exposure,
    /// Spend of the named periods, as of the last reading.
    pub windows: Windows,
    /// Everything topped up since the book began.
    pub topped_up_total: Decimal,
    /// How far that, and everything spent, may be off: top-ups that came while nobody read it may hide in what it fell.
    pub doubt_total: Decimal,
    /// What the last reading said about the countdown before it.
    pub correction: Option<Correction>,
    /// Charges that will come, soonest first.
    pub charges: Vec<ScheduledCharge>,
}

impl BalanceView {
    /// What burns now, committed included.
    #[must_use]
    pub fn per_hour(&self) -> Decimal {
        self.declared.running_per_hour + self.declared.committed_per_hour
    }

    /// What is left at `now` if everything burnt as declared since the reading; never below zero for a balance above it.
    #[must_use]
    pub fn predicted(&self, now: Timestamp) -> Decimal {
        let passed_ms = Decimal::from(now.millis_since(self.balance.observed_at));
        let burnt = self.declared.running_per_hour * passed_ms / Decimal::from(HOUR_MS);
        let floor = self.balance.amount.min(Decimal::ZERO);
        (self.balance.amount - burnt).max(floor).round_dp(PREDICTED_DIGITS)
    }

    /// The least and the most that can be left at `now` unless more came in: the truth lies between them however long
    /// nobody could read it, as long as nobody else made a server larger or added one.
    #[must_use]
    pub fn bounds(&self, now: Timestamp) -> (Decimal, Decimal) {
        let most = self.balance.amount;
        let possible = self.exposure.in_ms(now.millis_since(self.balance.observed_at));
        let least = (most - possible)
            .round_dp_with_strategy(PREDICTED_DIGITS, rust_decimal::RoundingStrategy::ToNegativeInfinity);
        (least, most)
    }

    /// How long it lasts, seen from `now`; nothing while nothing burns.
    #[must_use]
    pub fn runway(&self, now: Timestamp) -> Option<Runway> {
        runway(self.balance.amount, self.balance.observed_at, &self.range, &self.exposure, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Provider;
    use crate::model::balance::BalanceKey;
    use crate::model::money::Currency;

    #[test]
    fn the_countdown_starts_at_the_reading_and_ends_at_nothing() {
        let view = BalanceView {
            balance: Balance {
                key: BalanceKey::account("exa".into()),
                provider: Provider::Exaroton,
                name: "exa".to_owned(),
                amount: Decimal::TEN,
                unit: Currency("credits".to_owned()),
                share: None,
                observed_at: Timestamp(0),
            },
            declared: Total { running_per_hour: Decimal::from(4), ..Total::default() },
            observed_per_hour: None,
            mismatch: None,
            range: BurnRange::of(Decimal::from(4), &[]),
            exposure: Exposure { per_hour: Decimal::from(12), at_once: Decimal::ONE },
            windows: Vec::new(),
            topped_up_total: Decimal::ZERO,
            doubt_total: Decimal::ZERO,
            correction: None,
            charges: Vec::new(),
        };
        assert_eq!(view.predicted(Timestamp(0)), Decimal::TEN);
        assert_eq!(view.predicted(Timestamp(900_000)), Decimal::from(9));
        assert_eq!(view.predicted(Timestamp(36_000_000)), Decimal::ZERO);
        assert_eq!(view.bounds(Timestamp(0)), (Decimal::TEN, Decimal::TEN));
        assert_eq!(view.bounds(Timestamp(900_000)), (Decimal::new(59_966, 4), Decimal::TEN));
        let bytes = postcard::to_stdvec(&view).unwrap();
        assert_eq!(postcard::from_bytes::<BalanceView>(&bytes).unwrap(), view);
    }
}
