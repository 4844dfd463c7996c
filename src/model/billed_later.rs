//! What burns and is paid from no balance: a panel's servers at their plans' cost to us, deployments at their plans' prices.
//! The bill comes at the end of its period.

use serde::{Deserialize, Serialize};

use super::account::Provider;
use super::balance::BalanceKey;
use super::ids::AccountId;
use super::money::{Money, Rates};

/// What an account burns that is billed later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLater {
    /// The account.
    pub account: AccountId,
    /// Its provider.
    pub provider: Provider,
    /// Servers whose price is known.
    pub servers: u32,
    /// Servers whose price nobody knows: no plan, and no configured cost of their memory.
    pub unpriced: u32,
    /// What those with a price burn per hour, by currency.
    pub per_hour: Vec<Money>,
}

impl BilledLater {
    /// The account as one that pays.
    #[must_use]
    pub fn key(&self) -> BalanceKey {
        BalanceKey::account(self.account.clone())
    }

    /// What it burns per hour, where all of it is in one currency.
    #[must_use]
    pub fn in_one_currency(&self) -> Option<&Money> {
        match self.per_hour.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What it burns per hour in the reporting currency; nothing where a rate is missing or nothing burns.
    #[must_use]
    pub fn reported(&self, rates: &Rates) -> Option<Money> {
        self.per_hour
            .iter()
            .map(|money| rates.convert(money))
            .reduce(|sum, money| sum?.checked_add(&money?))?
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::model::money::Currency;

    #[test]
    fn the_sum_is_told_only_where_every_rate_is_known() {
        let mut later = BilledLater {
            account: "panel".into(),
            provider: Provider::Pterodactyl,
            servers: 2,
            unpriced: 0,
            per_hour: vec![Money::new(Decimal::ONE, "EUR")],
        };
        let mut rates = Rates::default();
        assert_eq!(later.reported(&rates), Some(Money::new(Decimal::ONE, "EUR")));
        assert!(later.in_one_currency().is_some());
        later.per_hour.push(Money::new(Decimal::TWO, "USD"));
        assert_eq!((later.reported(&rates), later.in_one_currency()), (None, None));
        rates.per_unit.insert(Currency("USD".to_owned()), Decimal::new(5, 1));
        assert_eq!(later.reported(&rates), Some(Money::new(Decimal::from(2), "EUR")));
        later.per_hour.clear();
        assert_eq!(later.reported(&rates), None);
    }
}
