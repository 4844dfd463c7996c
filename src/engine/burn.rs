//! What runs costs per hour: of each server, and in total in the reporting currency. Pure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::policy::ReconcilePolicy;
use crate::model::account::Provider;
use crate::model::billed_later::BilledLater;
use crate::model::fleet::{Fleet, OrderEntry};
use crate::model::ids::AccountId;
use crate::model::money::{Currency, Money, Rates};
use crate::model::order::ShopPlan;
use crate::model::server::Server;

/// Digits kept of a price per hour: a cent a month is 0.0000137 an hour.
const HOURLY_DIGITS: u32 = 8;

/// MiB in a GiB.
const MIB_PER_GIB: u32 = 1024;

/// What a server burns: the plan of the order that has or had it; without one, its memory at the configured cost of a
/// GiB-hour. Nothing where neither is known (also for unlimited memory, which says nothing about size).
pub fn of_server(
    fleet: &Fleet,
    policy: &ReconcilePolicy,
    server: &Server,
    order: Option<&OrderEntry>,
) -> Option<Money> {
    let plan = order.and_then(|entry| fleet.shop_plans.get(&entry.order.plan_key()));
    let burn = plan.and_then(ShopPlan::burn_per_hour).or_else(|| by_memory(policy, server))?;
    Some(Money { amount: burn.amount.round_dp(HOURLY_DIGITS).normalize(), ..burn })
}

fn by_memory(policy: &ReconcilePolicy, server: &Server) -> Option<Money> {
    let price = policy.default_cost_per_gib_hour.as_ref()?;
    if server.limits.memory_mib <= 0 {
        return None;
    }
    let gib = Decimal::from(server.limits.memory_mib) / Decimal::from(MIB_PER_GIB);
    Some(Money { amount: price.amount.checked_mul(gib)?, currency: price.currency.clone() })
}

/// What is declared to burn of each balance that was read, what is committed included; a pool counts whole, as its alerts do.
/// Where nothing burns there is nothing to tell, so a missing rate is no matter.
pub fn of_balances(fleet: &Fleet) -> Vec<Money> {
    fleet
        .burners
        .iter()
        .filter_map(|(payer, burners)| {
            let unit = &fleet.balances.get(payer)?.balance.unit;
            let amount = burners
                .iter()
                .try_fold(Decimal::ZERO, |sum, burner| sum.checked_add(burner.per_hour))
                .filter(|amount| !amount.is_zero())?;
            Some(Money { amount, currency: unit.clone() })
        })
        .collect()
}

/// What an account's servers burn that are paid by a bill: each currency on its own, exactly.
#[derive(Debug, Default)]
pub struct OfAccount {
    per_hour: BTreeMap<Currency, Decimal>,
    servers: u32,
    unpriced: u32,
}

impl OfAccount {
    /// Adds a server.
    pub fn add(&mut self, burn: Option<&Money>) {
        let Some(burn) = burn else {
            self.unpriced = self.unpriced.saturating_add(1);
            return;
        };
        self.servers = self.servers.saturating_add(1);
        // A site has one or two currencies: looked up before its name is copied.
        match self.per_hour.get_mut(&burn.currency) {
            Some(sum) => *sum = sum.saturating_add(burn.amount),
            None => {
                self.per_hour.insert(burn.currency.clone(), burn.amount);
            }
        }
    }

    /// The sums.
    pub fn into_billed_later(self, account: AccountId, provider: Provider) -> BilledLater {
        let per_hour = self.per_hour.into_iter();
        BilledLater {
            account,
            provider,
            servers: self.servers,
            unpriced: self.unpriced,
            per_hour: per_hour
                .map(|(currency, amount)| Money { amount: amount.normalize(), currency })
                .collect(),
        }
    }
}

/// A sum in the reporting currency that counts what it could not convert.
#[derive(Debug, Default)]
pub struct Sum {
    amount: Option<Decimal>,
    unconverted: u32,
}

impl Sum {
    /// Adds an amount, if there is one.
    pub fn add(&mut self, rates: &Rates, money: Option<&Money>) {
        let Some(money) = money else { return };
        let sum =
            rates.convert(money).and_then(|money| self.amount.unwrap_or_default().checked_add(money.amount));
        match sum {
            Some(sum) => self.amount = Some(sum),
            None => self.unconverted = self.unconverted.saturating_add(1),
        }
    }

    /// Amounts left out because no rate is configured for their currency (or the sum would overflow).
    pub fn unconverted(&self) -> u32 {
        self.unconverted
    }

    /// The sum; nothing when nothing was added.
    pub fn into_money(self, rates: &Rates) -> Option<Money> {
        let amount = self.amount?.round_dp(HOURLY_DIGITS).normalize();
        Some(Money { amount, currency: rates.reporting.clone() })
    }
}
