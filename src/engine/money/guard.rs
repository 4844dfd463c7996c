//! What the budget guard judges a plan by, from the books. Pure.

use chrono::{Datelike, Months};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::bookkeeper::Bookkeeper;
use crate::model::balance::BalanceKey;
use crate::model::money::Money;
use crate::model::spend::{BudgetWarning, GuardFacts, GuardedBalance, GuardedMonth, judge_budget, start_of};
use crate::model::time::Timestamp;

impl Bookkeeper {
    /// The limits that a plan would pass which adds so much per hour, paid by `payer` where a balance pays.
    #[must_use]
    pub fn over_budget(
        &self,
        adds: &Money,
        payer: Option<&BalanceKey>,
        now: Timestamp,
    ) -> Vec<BudgetWarning> {
        let facts = GuardFacts {
            balance: payer.and_then(|payer| self.guarded_balance(payer, adds, now)),
            month: self.guarded_month(adds, now),
        };
        judge_budget(&self.policy.guard, &facts, now)
    }

    fn guarded_balance(&self, payer: &BalanceKey, adds: &Money, now: Timestamp) -> Option<GuardedBalance> {
        let view = self.view(payer, now)?;
        let unit = view.balance.unit.clone();
        let rates = &self.policy.rates;
        let adds_per_hour = if adds.currency == unit {
            adds.amount
        } else {
            let one = rates.convert(&Money { amount: Decimal::ONE, currency: unit.clone() })?.amount;
            rates.convert(adds)?.amount.checked_div(one)?
        };
        Some(GuardedBalance {
            key: payer.clone(),
            name: view.balance.name.clone(),
            balance: Money { amount: view.balance.amount, currency: unit },
            read_at: view.balance.observed_at,
            per_hour: view.per_hour(),
            adds_per_hour,
        })
    }

    /// The month of everything that has a rate: the rest is in no budget.
    fn guarded_month(&self, adds: &Money, now: Timestamp) -> Option<GuardedMonth> {
        let rates = &self.policy.rates;
        let (began, ends) = month_of(now, self.policy.zone)?;
        let (mut spent, mut per_hour) = (Decimal::ZERO, Decimal::ZERO);
        for (key, kept) in &self.books {
            let Some(view) = self.view(key, now) else { continue };
            let converted = |amount| {
                rates.convert(&Money { amount, currency: view.balance.unit.clone() }).map(|m| m.amount)
            };
            spent += converted(kept.book.curve().between(began, now)).unwrap_or_default();
            per_hour += converted(view.per_hour()).unwrap_or_default();
        }
        Some(GuardedMonth {
            spent: Money { amount: spent, currency: rates.reporting.clone() },
            per_hour,
            adds_per_hour: rates.convert(adds)?.amount,
            left_ms: ends.millis_since(now),
        })
    }
}

/// The first moment of the month and of the next one, in the site's zone.
fn month_of(now: Timestamp, zone: Tz) -> Option<(Timestamp, Timestamp)> {
    let first = now.to_datetime().with_timezone(&zone).date_naive().with_day(1)?;
    Some((start_of(first, zone), start_of(first.checked_add_months(Months::new(1))?, zone)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::money::bookkeeper::MoneyPolicy;
    use crate::model::account::Provider;
    use crate::model::balance::Balance;
    use crate::model::money::{Currency, Rates};
    use crate::model::spend::{BudgetLimit, GuardPolicy};

    const HOUR: u64 = 3_600_000;

    fn payer() -> BalanceKey {
        BalanceKey::account("exa".into())
    }

    /// Books of a balance that was 1,000 credits when November began in Berlin and falls by 10 an hour, at a cent each.
    fn books(hours: u64, monthly_budget: i64) -> (Bookkeeper, Timestamp) {
        let policy = MoneyPolicy {
            zone: chrono_tz::Europe::Berlin,
            gap_after_ms: 100 * HOUR,
            rates: Rates {
                per_unit: BTreeMap::from([(Currency("credits".to_owned()), Decimal::new(1, 2))]),
                ..Rates::default()
            },
            guard: GuardPolicy {
                monthly_budget: Some(Decimal::from(monthly_budget)),
                ..GuardPolicy::default()
            },
            ..MoneyPolicy::default()
        };
        let began = Timestamp::parse("2026-10-31T23:00:00Z").unwrap();
        let mut books = Bookkeeper::new(policy);
        for hour in [0, hours] {
            books.balance(Balance {
                key: payer(),
                provider: Provider::Exaroton,
                name: "main".to_owned(),
                amount: Decimal::from(1_000) - Decimal::from(10 * hour),
                unit: Currency("credits".to_owned()),
                share: None,
                observed_at: began.plus_millis(hour * HOUR),
            });
        }
        (books, began.plus_millis(hours * HOUR))
    }

    #[test]
    fn the_balance_that_pays_and_the_calendar_month_are_judged() {
        // 90 h: 9 EUR are spent, 100 credits are left; 630 hours remain of November.
        let (books, now) = books(90, 40);
        let credits = |amount: i64| Money::new(Decimal::from(amount), "credits");
        let limits = |adds: &Money, payer: Option<&BalanceKey>| -> Vec<BudgetLimit> {
            books.over_budget(adds, payer, now).into_iter().map(|warning| warning.limit).collect()
        };
        let runway = BudgetLimit::Runway(payer());
        assert_eq!(limits(&credits(4), Some(&payer())), [], "25 h; 9 + 25.2 EUR");
        assert_eq!(
            limits(&credits(5), Some(&payer())),
            [runway.clone(), BudgetLimit::Month],
            "20 h; 9 + 31.5 EUR"
        );
        assert_eq!(limits(&credits(5), None), [BudgetLimit::Month], "an order has no balance that pays");
        assert_eq!(
            limits(&Money::new(Decimal::new(5, 2), "EUR"), Some(&payer())),
            [runway, BudgetLimit::Month]
        );
        assert_eq!(
            limits(&Money::new(Decimal::from(99), "USD"), Some(&payer())),
            [],
            "without a rate nothing is known"
        );
    }
}
