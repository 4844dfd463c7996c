//! Building a plan: checks with their reasons, what it costs, how to confirm.

use rust_decimal::Decimal;

use crate::engine::shared::SharedFleet;
use crate::model::action::{
    ActionPlan, ActionRequest, Check, CheckOutcome, Confirmation, Parameters, PlanBudget, PlannedStep,
};
use crate::model::balance::BalanceKey;
use crate::model::ids::PlanId;
use crate::model::money::Money;
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;

use super::actions;

/// What an action does to the burn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BurnChange {
    /// Nothing.
    None,
    /// Adds this per hour.
    Adds(Money),
    /// Takes this per hour away.
    Removes(Money),
    /// Something, but nobody knows how much.
    Unknown,
}

/// A plan in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// One line.
    pub title: String,
    /// What was checked so far.
    pub checks: Vec<Check>,
    /// What it costs or saves.
    pub burn: BurnChange,
    /// The balance that pays what it adds, where one does.
    pub payer: Option<BalanceKey>,
    /// How to confirm.
    pub confirmation: Confirmation,
    /// What was decided.
    pub parameters: Parameters,
}

impl Draft {
    /// A plan that has decided nothing yet.
    #[must_use]
    pub fn titled(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            checks: Vec::new(),
            burn: BurnChange::Unknown,
            payer: None,
            confirmation: Confirmation::YesNo,
            parameters: Parameters::Undecided,
        }
    }

    /// Notes a check.
    pub fn check(&mut self, title: &str, outcome: CheckOutcome, detail: impl AsRef<str>) {
        self.checks.push(Check { title: title.to_owned(), outcome, detail: sanitise(detail.as_ref()) });
    }

    /// Notes that a check passed.
    pub fn pass(&mut self, title: &str, detail: impl AsRef<str>) {
        self.check(title, CheckOutcome::Pass, detail);
    }

    /// Notes something the operator should know.
    pub fn warn(&mut self, title: &str, detail: impl AsRef<str>) {
        self.check(title, CheckOutcome::Warn, detail);
    }

    /// Notes that a check refuses the action.
    pub fn refuse(&mut self, title: &str, detail: impl AsRef<str>) {
        self.check(title, CheckOutcome::Refuse, detail);
    }

    /// Whether a check so far refuses the action.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == CheckOutcome::Refuse)
    }

    /// The finished plan, with the burn of the whole site before and after; the budget is not judged yet.
    #[must_use]
    pub fn into_plan(
        self,
        id: PlanId,
        request: ActionRequest,
        made_at: Timestamp,
        valid_until: Timestamp,
        fleet: &SharedFleet,
    ) -> ActionPlan {
        let (burn_before, burn_after) = fleet.read(|fleet| {
            let before = fleet.summary.burn_per_hour.clone();
            let after = burn_after(before.as_ref(), &self.burn, &fleet.site.rates);
            (before, after)
        });
        let adds = match self.burn {
            BurnChange::Adds(money) if money.amount > Decimal::ZERO => Some(money),
            _ => None,
        };
        let budget =
            adds.map(|adds_per_hour| PlanBudget { adds_per_hour, payer: self.payer, warnings: Vec::new() });
        let steps = actions::of(&request)
            .steps(&request)
            .into_iter()
            .map(|step| PlannedStep {
                name: step.name.to_owned(),
                title: step.title.to_owned(),
                undo: step.undo.to_owned(),
            })
            .collect();
        ActionPlan {
            id,
            request,
            title: sanitise(&self.title),
            checks: self.checks,
            steps,
            burn_before,
            burn_after,
            confirmation: self.confirmation,
            parameters: self.parameters,
            made_at,
            valid_until,
            budget,
        }
    }
}

/// The site's burn after the action; nothing when it cannot be said exactly.
fn burn_after(
    before: Option<&Money>,
    change: &BurnChange,
    rates: &crate::model::money::Rates,
) -> Option<Money> {
    let delta = match change {
        BurnChange::None => return before.cloned(),
        BurnChange::Unknown => return None,
        BurnChange::Adds(money) => rates.convert(money)?,
        BurnChange::Removes(money) => {
            let money = rates.convert(money)?;
            Money { amount: -money.amount, currency: money.currency }
        }
    };
    match before {
        Some(before) => before.checked_add(&delta),
        // Nothing burned yet as far as known: the action's own share is the whole.
        None => matches!(change, BurnChange::Adds(_)).then_some(delta),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::money::Rates;
    use rust_decimal::Decimal;

    #[test]
    fn burn_after_is_exact_or_absent() {
        let rates = Rates::default();
        let euro = |cents| Money::new(Decimal::new(cents, 2), "EUR");
        let after = |before: Option<Money>, change| burn_after(before.as_ref(), &change, &rates);
        assert_eq!(after(Some(euro(100)), BurnChange::Adds(euro(5))), Some(euro(105)));
        assert_eq!(after(Some(euro(100)), BurnChange::Removes(euro(5))), Some(euro(95)));
        assert_eq!(after(Some(euro(100)), BurnChange::None), Some(euro(100)));
        assert_eq!(after(Some(euro(100)), BurnChange::Unknown), None);
        assert_eq!(after(None, BurnChange::Adds(euro(5))), Some(euro(5)));
        assert_eq!(after(Some(euro(1)), BurnChange::Adds(Money::new(Decimal::ONE, "USD"))), None);
    }
}
