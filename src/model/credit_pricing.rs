//! What servers paid in credits cost: memory by the hour while they run, and storage by the period (`providers/exaroton.md` §4).
//!
//! Declared burn only: what the provider really deducted is told by balances. Exact decimals throughout.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::credits::{CreditServer, CreditServerStatus, credits};
use super::money::Money;

/// Milliseconds in an hour.
const HOUR_MS: u64 = 3_600_000;
/// A storage period: 30 days.
pub const STORAGE_PERIOD_MS: u64 = 30 * 24 * HOUR_MS;

/// The provider's prices, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditPricing {
    /// Credits for a GiB of memory for an hour.
    pub per_gib_hour: Decimal,
    /// Credits for a server's storage per period, before what it burned by running is taken off.
    pub storage_per_period: Decimal,
    /// The states in which a server burns; unknown states always count.
    pub burning: BTreeSet<CreditServerStatus>,
}

impl Default for CreditPricing {
    fn default() -> Self {
        use CreditServerStatus as S;
        Self {
            per_gib_hour: Decimal::ONE,
            storage_per_period: Decimal::TEN,
            // From preparing to the end of stopping; not while saving. The provider does not say it first-hand.
            burning: BTreeSet::from([
                S::Preparing,
                S::Loading,
                S::Starting,
                S::Online,
                S::Restarting,
                S::Stopping,
            ]),
        }
    }
}

impl CreditPricing {
    /// Whether a server in this state burns.
    #[must_use]
    pub fn burns_in(&self, status: CreditServerStatus) -> bool {
        matches!(status, CreditServerStatus::Unknown(_) | CreditServerStatus::Transferring)
            || self.burning.contains(&status)
    }

    /// What this much memory burns per hour.
    #[must_use]
    pub fn per_hour(&self, ram_gib: u32) -> Money {
        credits(Decimal::from(ram_gib) * self.per_gib_hour)
    }

    /// What a server burns per hour now; nothing when it burns and its memory is not known.
    #[must_use]
    pub fn burn_per_hour(&self, server: &CreditServer) -> Option<Money> {
        if self.burns_in(server.status) {
            server.ram_gib.map(|ram_gib| self.per_hour(ram_gib))
        } else {
            Some(credits(Decimal::ZERO))
        }
    }

    /// What running for this long cost.
    #[must_use]
    pub fn runtime_cost(&self, ram_gib: u32, ran_ms: u64) -> Money {
        credits(Decimal::from(ram_gib) * self.per_gib_hour * Decimal::from(ran_ms) / Decimal::from(HOUR_MS))
    }

    /// What a server's storage will cost at the end of its period, given what it burned by running in it so far: committed
    /// until more running takes it off.
    #[must_use]
    pub fn storage_due(&self, burned_in_period: Decimal) -> Money {
        credits((self.storage_per_period - burned_in_period).max(Decimal::ZERO))
    }

    /// The part of [`Self::storage_due`] that has accrued so far.
    #[must_use]
    pub fn storage_accrued(&self, burned_in_period: Decimal, elapsed_ms: u64) -> Money {
        let elapsed = Decimal::from(elapsed_ms.min(STORAGE_PERIOD_MS));
        credits(self.storage_due(burned_in_period).amount * elapsed / Decimal::from(STORAGE_PERIOD_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credits::{CreditServerPlayers, Payer};
    use crate::model::ids::ServerKey;
    use crate::model::time::Timestamp;

    fn server(status: CreditServerStatus, ram_gib: Option<u32>) -> CreditServer {
        CreditServer {
            key: ServerKey { account: "main".into(), id: "Ab12".to_owned() },
            name: "weekend".to_owned(),
            address: String::new(),
            motd: String::new(),
            status,
            host: None,
            port: None,
            players: CreditServerPlayers::default(),
            software: None,
            is_shared: false,
            ram_gib,
            payer: Payer::Undecided,
            observed_at: Timestamp(0),
        }
    }

    #[test]
    fn memory_by_the_hour_while_it_may_run() {
        let pricing = CreditPricing::default();
        let burn = |status, ram| pricing.burn_per_hour(&server(status, ram)).map(|money| money.amount);
        assert_eq!(burn(CreditServerStatus::Online, Some(4)), Some(Decimal::from(4)));
        assert_eq!(burn(CreditServerStatus::Unknown(99), Some(4)), Some(Decimal::from(4)));
        assert_eq!(burn(CreditServerStatus::Online, None), None, "unknown is not zero");
        assert_eq!(burn(CreditServerStatus::Offline, None), Some(Decimal::ZERO));
        assert_eq!(burn(CreditServerStatus::Saving, Some(4)), Some(Decimal::ZERO));
    }

    #[test]
    fn storage_is_reduced_by_what_running_cost() {
        let pricing = CreditPricing::default();
        assert_eq!(pricing.storage_due(Decimal::from(4)).amount, Decimal::from(6));
        assert_eq!(pricing.storage_due(Decimal::from(40)).amount, Decimal::ZERO);
        assert_eq!(pricing.storage_accrued(Decimal::ZERO, STORAGE_PERIOD_MS / 2).amount, Decimal::from(5));
        assert_eq!(pricing.runtime_cost(4, 1_800_000).amount, Decimal::from(2));
    }
}
