//! What is declared to burn: each thing that bills, its price per hour, who pays and for whom it runs.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::balance::BalanceKey;
use crate::model::ids::{DeploymentId, MatchId, OrderId, ServerKey};
use crate::model::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u32 = 3_600_000;

/// What kind of charge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnerKind {
    /// Bills while it runs; stopping ends it.
    Running,
    /// Accrues whether it runs or not (storage, a subscription): committed.
    Committed,
}

/// For whom it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnerOwner {
    /// An order.
    Order(OrderId),
    /// A match.
    Match(MatchId),
    /// A deployment.
    Deployment(DeploymentId),
    /// Nobody that is known: its own name stands for it.
    Unowned,
}

/// One thing that bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burner {
    /// The server.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// The balance it is paid from.
    pub payer: BalanceKey,
    /// What it costs per hour, in the payer's unit: only the share that this balance pays.
    pub per_hour: Decimal,
    /// What kind of charge it is.
    pub kind: BurnerKind,
    /// For whom it runs.
    pub owner: BurnerOwner,
}

/// Burn of one balance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Total {
    /// What stopping everything would end, per hour.
    pub running_per_hour: Decimal,
    /// What goes on even then, per hour.
    pub committed_per_hour: Decimal,
    /// How many things run.
    pub running: u32,
}

/// Burn by balance.
#[must_use]
pub fn totals_by_balance(burners: &[Burner]) -> BTreeMap<BalanceKey, Total> {
    let mut totals: BTreeMap<BalanceKey, Total> = BTreeMap::new();
    for burner in burners {
        let total = totals.entry(burner.payer.clone()).or_default();
        match burner.kind {
            BurnerKind::Running => {
                total.running_per_hour += burner.per_hour;
                total.running += 1;
            }
            BurnerKind::Committed => total.committed_per_hour += burner.per_hour,
        }
    }
    totals
}

/// Counts what is declared to be spent, server by server, while time passes.
///
/// Exact: it adds `price × time` in whole milliseconds and divides by the hour only when read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// Price × milliseconds of each server and payer, since the meter began.
    counted: BTreeMap<(BalanceKey, ServerKey), Decimal>,
    /// Until when everything is counted.
    until: Option<Timestamp>,
}

impl Meter {
    /// Counts the time since the last call at the prices that held until now; a clock that stepped back counts nothing.
    pub fn advance(&mut self, now: Timestamp, burners: &[Burner]) {
        let Some(until) = self.until else {
            self.until = Some(now);
            return;
        };
        let passed_ms = Decimal::from(now.millis_since(until));
        self.until = Some(now);
        if passed_ms.is_zero() {
            return;
        }
        for burner in burners {
            let place = (burner.payer.clone(), burner.server.clone());
            *self.counted.entry(place).or_default() += burner.per_hour * passed_ms;
        }
    }

    /// Until when everything is counted.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// What was declared for a balance since the meter began.
    #[must_use]
    pub fn of_balance(&self, balance: &BalanceKey) -> Decimal {
        let counted: Decimal =
            self.counted.iter().filter(|((payer, _), _)| payer == balance).map(|(_, amount)| *amount).sum();
        counted / Decimal::from(HOUR_MS)
    }

    /// What was declared for each server of a balance since the meter began.
    #[must_use]
    pub fn by_server(&self, balance: &BalanceKey) -> BTreeMap<ServerKey, Decimal> {
        self.counted
            .iter()
            .filter(|((payer, _), _)| payer == balance)
            .map(|((_, server), amount)| (server.clone(), amount / Decimal::from(HOUR_MS)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burner(name: &str, per_hour: i64, kind: BurnerKind) -> Burner {
        Burner {
            server: ServerKey { account: "exa".into(), id: name.into() },
            name: name.to_owned(),
            payer: BalanceKey::account("exa".into()),
            per_hour: Decimal::from(per_hour),
            kind,
            owner: BurnerOwner::Unowned,
        }
    }

    #[test]
    fn the_meter_counts_time_at_the_price_that_held() {
        let mut meter = Meter::default();
        let payer = BalanceKey::account("exa".into());
        meter.advance(Timestamp(0), &[burner("a", 4, BurnerKind::Running)]);
        for minute in 1..=90 {
            meter.advance(Timestamp(minute * 60_000), &[burner("a", 4, BurnerKind::Running)]);
        }
        assert_eq!(meter.of_balance(&payer), Decimal::from(6));
        meter.advance(Timestamp(0), &[burner("a", 4, BurnerKind::Running)]);
        assert_eq!(meter.of_balance(&payer), Decimal::from(6), "a clock that steps back counts nothing");
    }

    #[test]
    fn committed_charges_stand_apart() {
        let burners = [burner("a", 4, BurnerKind::Running), burner("a", 1, BurnerKind::Committed)];
        let total = totals_by_balance(&burners).remove(&BalanceKey::account("exa".into())).unwrap();
        assert_eq!(
            (total.running_per_hour, total.committed_per_hour, total.running),
            (Decimal::from(4), Decimal::ONE, 1)
        );
    }
}
