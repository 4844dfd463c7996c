//! The budget guard: whether a plan that adds burn would take a balance's runway or the month's spend past a limit. Pure.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::forecast::{BurnRange, Exposure, runway};
use crate::model::balance::BalanceKey;
use crate::model::money::Money;
use crate::model::time::Timestamp;

const HOUR_MS: u32 = 3_600_000;

/// The limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardPolicy {
    /// A balance shall last longer than this after the plan, milliseconds; 0 asks for nothing.
    pub runway_ms: u64,
    /// What a month may cost, in the reporting currency; nothing asks for nothing.
    pub monthly_budget: Option<Decimal>,
    /// So much of it may be reached, percent; 0 asks for nothing.
    pub month_percent: u32,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self { runway_ms: 24 * 3_600_000, monthly_budget: None, month_percent: 100 }
    }
}

/// The balance that would pay, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedBalance {
    /// Which.
    pub key: BalanceKey,
    /// Its name.
    pub name: String,
    /// What is left.
    pub balance: Money,
    /// When that was read.
    pub read_at: Timestamp,
    /// What burns it now, in its unit.
    pub per_hour: Decimal,
    /// What the plan adds, in its unit.
    pub adds_per_hour: Decimal,
}

/// The month as it stands, in the reporting currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedMonth {
    /// What was spent from balances since it began.
    pub spent: Money,
    /// What burns balances now, per hour.
    pub per_hour: Decimal,
    /// What the plan adds per hour, whoever is paid for it.
    pub adds_per_hour: Decimal,
    /// What is left of the month, milliseconds.
    pub left_ms: u64,
}

/// What the guard judges by; what is not known is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardFacts {
    /// The balance that would pay, where one would.
    pub balance: Option<GuardedBalance>,
    /// The month.
    pub month: Option<GuardedMonth>,
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetLimit {
    /// How long this balance shall last.
    Runway(BalanceKey),
    /// What the month may cost.
    Month,
}

/// A limit that a plan would pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetWarning {
    /// Which.
    pub limit: BudgetLimit,
    /// What would be, and what the limit is, as one sentence.
    pub text: String,
}

/// The limits that the plan would pass, the runway first.
#[must_use]
pub fn judge_budget(policy: &GuardPolicy, facts: &GuardFacts, now: Timestamp) -> Vec<BudgetWarning> {
    let runway = facts.balance.as_ref().and_then(|balance| judge_runway(policy, balance, now));
    let month = facts.month.as_ref().and_then(|month| judge_month(policy, month));
    runway.into_iter().chain(month).collect()
}

fn judge_runway(policy: &GuardPolicy, facts: &GuardedBalance, now: Timestamp) -> Option<BudgetWarning> {
    let per_hour = facts.per_hour + facts.adds_per_hour;
    let lasts = runway(
        facts.balance.amount,
        facts.read_at,
        &BurnRange::of(per_hour, &[]),
        &Exposure::default(),
        now,
    )?;
    (facts.adds_per_hour > Decimal::ZERO && lasts.lasts_ms < policy.runway_ms).then(|| {
        let text = format!(
            "{} would last {} at {} {} an hour; the limit is {}",
            facts.name,
            hours(lasts.lasts_ms),
            per_hour.round_dp(4).normalize(),
            facts.balance.currency,
            hours(policy.runway_ms),
        );
        BudgetWarning { limit: BudgetLimit::Runway(facts.key.clone()), text }
    })
}

fn judge_month(policy: &GuardPolicy, facts: &GuardedMonth) -> Option<BudgetWarning> {
    let budget = policy.monthly_budget.filter(|_| policy.month_percent > 0)?;
    let limit = budget * Decimal::from(policy.month_percent) / Decimal::ONE_HUNDRED;
    let left = Decimal::from(facts.left_ms) / Decimal::from(HOUR_MS);
    let projected = facts.spent.amount + (facts.per_hour + facts.adds_per_hour) * left;
    (facts.adds_per_hour > Decimal::ZERO && projected > limit).then(|| {
        let unit = &facts.spent.currency;
        let cents = |amount: Decimal| amount.round_dp(2).normalize();
        let text = format!(
            "the month would cost {} {unit}, {} of it spent by now; the limit is {} {unit}",
            cents(projected),
            cents(facts.spent.amount),
            cents(limit),
        );
        BudgetWarning { limit: BudgetLimit::Month, text }
    })
}

/// `18 h`, `3 days`; less than an hour in minutes.
fn hours(ms: u64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;

    fn balance(amount: i64, per_hour: i64, adds: i64) -> GuardedBalance {
        GuardedBalance {
            key: BalanceKey::account("exa".into()),
            name: "northwind".to_owned(),
            balance: Money::new(Decimal::from(amount), "credits"),
            read_at: Timestamp(0),
            per_hour: Decimal::from(per_hour),
            adds_per_hour: Decimal::from(adds),
        }
    }

    fn month(spent: i64, per_hour: i64, adds: i64, left_hours: u64) -> GuardedMonth {
        GuardedMonth {
            spent: Money::new(Decimal::from(spent), "EUR"),
            per_hour: Decimal::from(per_hour),
            adds_per_hour: Decimal::from(adds),
            left_ms: left_hours * HOUR,
        }
    }

    fn policy() -> GuardPolicy {
        GuardPolicy { monthly_budget: Some(Decimal::from(250)), ..GuardPolicy::default() }
    }

    fn texts(policy: &GuardPolicy, facts: &GuardFacts) -> Vec<String> {
        judge_budget(policy, facts, Timestamp(0)).into_iter().map(|warning| warning.text).collect()
    }

    #[test]
    fn both_limits_are_told_with_what_would_be() {
        let facts = GuardFacts { balance: Some(balance(100, 4, 4)), month: Some(month(180, 0, 1, 100)) };
        assert_eq!(
            texts(&policy(), &facts),
            [
                "northwind would last 12 h at 8 credits an hour; the limit is 24 h",
                "the month would cost 280 EUR, 180 of it spent by now; the limit is 250 EUR",
            ]
        );
    }

    #[test]
    fn at_the_limit_without_one_and_without_burn_nothing_is_said() {
        let exactly = GuardFacts { balance: Some(balance(192, 4, 4)), month: Some(month(150, 0, 1, 100)) };
        assert!(texts(&policy(), &exactly).is_empty());
        let adds_nothing = GuardFacts { balance: Some(balance(1, 9, 0)), month: Some(month(900, 9, 0, 100)) };
        assert!(texts(&policy(), &adds_nothing).is_empty());
        let over = GuardFacts { balance: Some(balance(1, 9, 9)), month: Some(month(900, 9, 9, 100)) };
        for off in [
            GuardPolicy { runway_ms: 0, monthly_budget: None, ..policy() },
            GuardPolicy { runway_ms: 0, month_percent: 0, ..policy() },
        ] {
            assert!(texts(&off, &over).is_empty());
        }
        assert!(texts(&policy(), &GuardFacts::default()).is_empty());
    }

    proptest! {
        /// Whoever was warned for a plan is warned for a dearer one, and with less money, too.
        #[test]
        fn more_burn_and_less_money_never_silence_it(
            amount in 0..10_000_i64, per_hour in 0..50_i64, adds in 1..50_i64, more in 0..50_i64, less in 0..500_i64,
            spent in 0..400_i64, left in 0..744_u64,
        ) {
            let at = |amount: i64, adds: i64, spent: i64| {
                let facts = GuardFacts {
                    balance: Some(balance(amount, per_hour, adds)),
                    month: Some(month(spent, per_hour, adds, left)),
                };
                judge_budget(&policy(), &facts, Timestamp(0)).len()
            };
            prop_assert!(at(amount - less, adds + more, spent + less) >= at(amount, adds, spent));
        }
    }
}
