//! What if: burn, runway and the end of the month as if some servers were stopped or others started.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::burn::{Burner, BurnerKind};
use super::forecast::{BurnRange, Exposure, Runway, runway};
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::time::Timestamp;

/// A supposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Servers as if stopped: what they have committed goes on.
    pub stopped: Vec<ServerKey>,
    /// Per hour, of what is as if started and paid from the balance.
    pub started_per_hour: Vec<Decimal>,
}

/// What a balance would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Burn per hour.
    pub per_hour: Decimal,
    /// How long it would last.
    pub runway: Option<Runway>,
    /// What would be left at the end of the period; below zero when it does not suffice.
    pub left_at_period_end: Decimal,
}

impl WhatIf {
    /// What becomes of `balance` if this supposition held from `now` on; an empty one tells how it is.
    #[must_use]
    pub fn outcome(
        &self,
        payer: &BalanceKey,
        balance: Decimal,
        burners: &[Burner],
        now: Timestamp,
        period_end: Timestamp,
    ) -> Outcome {
        let goes_on = |burner: &&Burner| {
            burner.payer == *payer
                && (burner.kind == BurnerKind::Committed || !self.stopped.contains(&burner.server))
        };
        let kept: Decimal = burners.iter().filter(goes_on).map(|burner| burner.per_hour).sum();
        let per_hour = kept + self.started_per_hour.iter().sum::<Decimal>();
        let hours = Decimal::from(period_end.millis_since(now)) / Decimal::from(3_600_000);
        Outcome {
            per_hour,
            runway: runway(balance, now, &BurnRange::of(per_hour, &[]), &Exposure::default(), now),
            left_at_period_end: (balance - per_hour * hours).round_dp(6).normalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::burn::BurnerOwner;
    use super::*;

    #[test]
    fn stopping_ends_what_runs_and_not_what_is_committed() {
        let payer = BalanceKey::account("exa".into());
        let burner = |name: &str, per_hour: i64, kind| Burner {
            server: ServerKey { account: "exa".into(), id: name.into() },
            name: name.to_owned(),
            payer: payer.clone(),
            per_hour: Decimal::from(per_hour),
            kind,
            owner: BurnerOwner::Unowned,
        };
        let burners = [
            burner("a", 4, BurnerKind::Running),
            burner("a", 1, BurnerKind::Committed),
            burner("b", 8, BurnerKind::Running),
        ];
        let what_if = WhatIf {
            stopped: vec![ServerKey { account: "exa".into(), id: "a".into() }],
            started_per_hour: vec![Decimal::from(2)],
        };
        let end = Timestamp(10 * 3_600_000);
        let outcome = what_if.outcome(&payer, Decimal::from(100), &burners, Timestamp(0), end);
        assert_eq!(outcome.per_hour, Decimal::from(11));
        assert_eq!(outcome.left_at_period_end, Decimal::from(-10));
        let now = WhatIf::default().outcome(&payer, Decimal::from(100), &burners, Timestamp(0), end);
        assert_eq!(now.per_hour, Decimal::from(13));
    }
}
