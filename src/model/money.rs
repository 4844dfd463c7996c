//! Amounts and rates: exact decimals, never floating point.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Hours in a billing month: 365 days × 24 h ÷ 12, the convention of hourly cloud prices.
pub const HOURS_PER_MONTH: u32 = 730;

/// A currency or a provider's own unit: an ISO code in capitals, or `credits`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(pub String);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An exact amount in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount in major units (euros, not cents).
    pub amount: Decimal,
    /// What the amount is counted in.
    pub currency: Currency,
}

impl Money {
    /// An amount in `currency`.
    #[must_use]
    pub fn new(amount: Decimal, currency: &str) -> Self {
        Self { amount, currency: Currency(currency.to_owned()) }
    }

    /// The sum, when both are in the same currency.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { amount: self.amount.checked_add(other.amount)?, currency: self.currency.clone() })
    }

    /// What a monthly price burns per hour, at [`HOURS_PER_MONTH`].
    #[must_use]
    pub fn per_hour_of_month(&self) -> Self {
        Self { amount: self.amount / Decimal::from(HOURS_PER_MONTH), currency: self.currency.clone() }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount.round_dp(4).normalize(), self.currency)
    }
}

/// The reporting currency and what one unit of each other currency is worth in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// What totals are shown in.
    pub reporting: Currency,
    /// Units of the reporting currency for one unit of the key.
    pub per_unit: BTreeMap<Currency, Decimal>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { reporting: Currency("EUR".to_owned()), per_unit: BTreeMap::new() }
    }
}

impl Rates {
    /// The amount in the reporting currency, or nothing when no rate is configured.
    #[must_use]
    pub fn convert(&self, money: &Money) -> Option<Money> {
        let amount = if money.currency == self.reporting {
            money.amount
        } else {
            money.amount.checked_mul(*self.per_unit.get(&money.currency)?)?
        };
        Some(Money { amount, currency: self.reporting.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_never_mix_silently() {
        let euro = Money::new(Decimal::new(150, 2), "EUR");
        let dollar = Money::new(Decimal::new(150, 2), "USD");
        assert_eq!(euro.checked_add(&dollar), None);
        assert_eq!(euro.checked_add(&euro).map(|sum| sum.to_string()), Some("3 EUR".to_owned()));
        let rates = Rates {
            per_unit: BTreeMap::from([(Currency("USD".to_owned()), Decimal::new(9, 1))]),
            ..Rates::default()
        };
        assert_eq!(rates.convert(&dollar).map(|m| m.amount), Some(Decimal::new(1350, 3)));
        assert_eq!(rates.convert(&Money::new(Decimal::ONE, "credits")), None);
    }

    #[test]
    fn money_survives_the_links_binary_format() {
        let money = Money::new(Decimal::new(-123_456, 4), "EUR");
        let bytes = postcard::to_stdvec(&money).unwrap();
        assert_eq!(postcard::from_bytes::<Money>(&bytes).unwrap(), money);
    }
}
