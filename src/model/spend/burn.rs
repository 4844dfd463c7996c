//! What is declared to burn: each thing that bills, its price per hour, who pays and for whom it runs.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::balance::BalanceKey;
use crate::model::ids::{DeploymentId, MatchId, OperatorName, OrderId, ServerKey};
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
    /// An order, as people call it: by its id, with its shop where the site has several.
    Order(OrderId),
    /// A match.
    Match(MatchId),
    /// A deployment.
    Deployment(DeploymentId),
    /// Nobody that is known: its own name stands for it.
    Unowned,
    /// A person who said that it shall stay.
    Kept {
        /// Who.
        by: OperatorName,
        /// Why.
        reason: String,
    },
}

impl BurnerOwner {
    /// The words for screens: `order 812`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Order(order) => format!("order {order}"),
            Self::Match(id) => format!("match {id}"),
            Self::Deployment(id) => format!("deployment {id}"),
            Self::Unowned => "nobody known".to_owned(),
            Self::Kept { by, .. } => format!("kept by {by}"),
        }
    }
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

/// Price × milliseconds of one server, by who paid and what for.
type Counted = BTreeMap<(BalanceKey, BurnerKind), Decimal>;

/// Counts what is declared to be spent, server by server, while time passes.
///
/// Exact: it adds `price × time` in whole milliseconds and divides by the hour only when read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// What each thing burnt since the meter began.
    counted: BTreeMap<ServerKey, Counted>,
    /// Until when everything is counted.
    until: Option<Timestamp>,
}

impl Meter {
    /// A meter that goes on from what was kept of [`Meter::counted_of`], as of `until`.
    #[must_use]
    pub fn restored(
        until: Timestamp,
        counted: impl IntoIterator<Item = (BalanceKey, ServerKey, BurnerKind, Decimal)>,
    ) -> Self {
        let mut meter = Self { counted: BTreeMap::new(), until: Some(until) };
        for (payer, server, kind, amount) in counted {
            meter.counted.entry(server).or_default().insert((payer, kind), amount);
        }
        meter
    }

    /// Counts the time since the last call at the prices that held until now; a clock that stepped back counts nothing.
    pub fn advance<'a>(&mut self, now: Timestamp, burners: impl IntoIterator<Item = &'a Burner>) {
        let passed_ms = Decimal::from(now.millis_since(self.until.unwrap_or(now)));
        self.until = Some(now);
        if passed_ms.is_zero() {
            return;
        }
        for burner in burners {
            let counted = self.counted.entry(burner.server.clone()).or_default();
            *counted.entry((burner.payer.clone(), burner.kind)).or_default() += burner.per_hour * passed_ms;
        }
    }

    /// Until when everything is counted.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// What was declared for a balance since the meter began, of one kind or of all.
    #[must_use]
    pub fn of_balance(&self, balance: &BalanceKey, kind: Option<BurnerKind>) -> Decimal {
        let is_asked =
            |payer: &BalanceKey, of: BurnerKind| payer == balance && kind.is_none_or(|kind| kind == of);
        self.counted.values().map(|counted| hours_of(counted, is_asked)).sum()
    }

    /// What was declared for each thing since the meter began.
    pub fn totals(&self) -> impl Iterator<Item = (&BalanceKey, &ServerKey, BurnerKind, Decimal)> {
        self.counted.keys().flat_map(|server| {
            self.totals_of(server).map(move |(payer, kind, total)| (payer, server, kind, total))
        })
    }

    /// What was declared for one server since the meter began.
    pub fn totals_of(&self, server: &ServerKey) -> impl Iterator<Item = (&BalanceKey, BurnerKind, Decimal)> {
        self.counted_of(server).map(|(payer, kind, amount)| (payer, kind, total_of(amount)))
    }

    /// The same before it is divided by the hour: price × milliseconds, exact.
    pub fn counted_of(&self, server: &ServerKey) -> impl Iterator<Item = (&BalanceKey, BurnerKind, Decimal)> {
        self.counted.get(server).into_iter().flatten().map(|((payer, kind), amount)| (payer, *kind, *amount))
    }

    /// What was counted for each server that a balance paid for since the meter began: price × milliseconds, exact.
    pub fn counted_for(&self, balance: &BalanceKey) -> impl Iterator<Item = (&ServerKey, Decimal)> {
        self.counted.iter().filter_map(move |(server, counted)| {
            let of_balance = counted.iter().filter(|((payer, _), _)| payer == balance);
            let amounts: Vec<Decimal> = of_balance.map(|(_, amount)| *amount).collect();
            (!amounts.is_empty()).then(|| (server, amounts.into_iter().sum()))
        })
    }

    /// What a server burnt by running since the meter began, whoever paid.
    #[must_use]
    pub fn run_by(&self, server: &ServerKey) -> Decimal {
        self.counted
            .get(server)
            .map_or(Decimal::ZERO, |counted| hours_of(counted, |_, kind| kind == BurnerKind::Running))
    }
}

/// What price × milliseconds comes to.
#[must_use]
pub fn total_of(counted: Decimal) -> Decimal {
    counted / Decimal::from(HOUR_MS)
}

/// Price × milliseconds of a total.
#[must_use]
pub fn counted_of(total: Decimal) -> Decimal {
    total * Decimal::from(HOUR_MS)
}

/// What was counted of those asked for.
fn hours_of(counted: &Counted, is_asked: impl Fn(&BalanceKey, BurnerKind) -> bool) -> Decimal {
    let asked = counted.iter().filter(|((payer, kind), _)| is_asked(payer, *kind));
    total_of(asked.map(|(_, amount)| *amount).sum())
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
        assert_eq!(meter.of_balance(&payer, None), Decimal::from(6));
        meter.advance(Timestamp(0), &[burner("a", 4, BurnerKind::Running)]);
        assert_eq!(
            meter.of_balance(&payer, None),
            Decimal::from(6),
            "a clock that steps back counts nothing"
        );
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
