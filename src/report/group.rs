//! Spend added up by provider and by owner.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::model::{Amount, SpendGroup};
use crate::model::account::Provider;
use crate::model::money::Currency;
use crate::model::sanitise::sanitise;
use crate::model::spend::BurnerOwner;

/// What a group is called and what kind it is; kinds that name nobody come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupName {
    rank: u8,
    /// The kind, for machines.
    kind: &'static str,
    /// The name, for people.
    pub name: String,
}

impl GroupName {
    /// A provider.
    pub fn provider(provider: Provider) -> Self {
        Self { rank: 0, kind: "provider", name: provider.word().to_owned() }
    }

    /// An owner.
    pub fn owner(owner: &BurnerOwner) -> Self {
        let (kind, name) = match owner {
            BurnerOwner::Order(id) => ("order", format!("order {id}")),
            BurnerOwner::Match(id) => ("match", format!("match {id}")),
            BurnerOwner::Deployment(id) => ("deployment", format!("deployment {id}")),
            BurnerOwner::Kept { by, .. } => ("kept", format!("kept by {by}")),
            BurnerOwner::Unowned => {
                return Self { rank: 1, kind: "unowned", name: "nobody (unowned)".to_owned() };
            }
        };
        Self { rank: 0, kind, name: sanitise(&name) }
    }

    /// What no server explains.
    pub fn not_attributed() -> Self {
        Self { rank: 2, kind: "not_attributed", name: "not attributed".to_owned() }
    }
}

/// Groups while they are added up.
#[derive(Debug, Default)]
pub struct Groups(BTreeMap<GroupName, (u32, BTreeMap<Currency, Amount>)>);

impl Groups {
    /// Counts servers into a group.
    pub fn count(&mut self, name: GroupName, servers: u32) {
        self.0.entry(name).or_default().0 += servers;
    }

    /// Adds an amount to a group.
    pub fn add(&mut self, name: GroupName, amount: &Amount) {
        let (_, amounts) = self.0.entry(name).or_default();
        let sum = amounts.entry(amount.unit.clone()).or_insert_with(|| Amount {
            amount: Decimal::ZERO,
            unit: amount.unit.clone(),
            reporting: amount.reporting.map(|_| Decimal::ZERO),
        });
        sum.amount += amount.amount;
        sum.reporting = sum.reporting.zip(amount.reporting).map(|(sum, more)| sum + more);
    }

    /// The groups, the largest first, those that name nobody last.
    pub fn sorted(self) -> Vec<SpendGroup> {
        let mut ranked: Vec<(u8, SpendGroup)> = self
            .0
            .into_iter()
            .map(|(name, (servers, amounts))| {
                let amounts: Vec<Amount> = amounts.into_values().collect();
                let spent = amounts.iter().filter_map(|amount| amount.reporting).sum();
                let kind = name.kind.to_owned();
                (name.rank, SpendGroup { kind, name: name.name, servers, amounts, spent })
            })
            .collect();
        ranked.sort_by(|(rank_a, a), (rank_b, b)| rank_a.cmp(rank_b).then_with(|| b.spent.cmp(&a.spent)));
        ranked.into_iter().map(|(_, group)| group).collect()
    }
}
