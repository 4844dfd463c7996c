//! The bookkeeping of prepaid money: readings come in, totals, snapshots and alerts go out, and records keep them.
//!
//! Everything here is pure. Must not: ask a provider; those observations come from the pollers.

pub mod account;
pub(super) mod attribution;
pub mod billed;
pub mod book;
pub mod bookkeeper;
pub mod changes;
pub mod condensed;
pub mod dathost;
pub mod declared;
pub mod doctor;
pub mod exaroton;
pub mod fleet;
mod guard;
pub mod keeper;
mod ledger;
pub mod past;
pub mod register;
pub mod registrar;
pub mod requests;
pub mod restore;
pub mod snapshot;
pub mod snapshot_record;
pub mod snapshots;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use account::PrepaidAccount;
use bookkeeper::MoneyPolicy;
use dathost::DathostAccount;
use exaroton::ExarotonAccount;
use keeper::Keeper;

use super::shared::SharedFleet;
use crate::model::account::Provider;
use crate::model::credit_pricing::CreditPricing;
use crate::model::ids::AccountId;
use crate::model::spend::AlertPolicy;
use crate::providers::dathost::DathostClient;
use crate::providers::exaroton::ExarotonClient;
use crate::store::Store;

/// Accounts whose servers burn credits, for those who act on them.
#[derive(Clone, Default)]
pub struct CreditAccounts {
    /// Their clients.
    pub clients: BTreeMap<AccountId, ExarotonClient>,
    /// The provider's prices.
    pub pricing: CreditPricing,
    /// Which runway is too short.
    pub limits: AlertPolicy,
}

/// Accounts with prepaid money, and how their books are kept.
#[derive(Default)]
pub struct MoneySetup {
    /// exaroton accounts.
    pub exaroton: Vec<ExarotonClient>,
    /// DatHost accounts.
    pub dathost: Vec<DathostClient>,
    /// exaroton's prices.
    pub pricing: CreditPricing,
    /// Tunable numbers of the books.
    pub policy: MoneyPolicy,
}

impl MoneySetup {
    /// The accounts as runs and consoles use them.
    pub(super) fn credit_accounts(&self) -> CreditAccounts {
        let clients = self.exaroton.iter().map(|client| (client.account().clone(), client.clone()));
        CreditAccounts {
            clients: clients.collect(),
            pricing: self.pricing.clone(),
            limits: self.policy.alerts.clone(),
        }
    }

    /// The accounts with who keeps them.
    pub(super) fn providers(&self) -> BTreeMap<AccountId, Provider> {
        let exaroton = self.exaroton.iter().map(|client| (client.account().clone(), Provider::Exaroton));
        let dathost = self.dathost.iter().map(|client| (client.account().clone(), Provider::Dathost));
        exaroton.chain(dathost).collect()
    }

    /// The keeper of the books and the accounts that are read into them.
    pub(super) fn open(
        self,
        store: &Store,
        fleet: &Arc<SharedFleet>,
    ) -> (Arc<Keeper>, Vec<Arc<dyn PrepaidAccount>>) {
        let providers = self.providers();
        let keeper = Arc::new(Keeper::new(store.clone(), Arc::clone(fleet), self.policy, providers));
        let exaroton = self.exaroton.into_iter().map(|client| {
            ExarotonAccount::new(client, Arc::clone(&keeper), Arc::clone(fleet), self.pricing.clone())
                as Arc<dyn PrepaidAccount>
        });
        let dathost = self
            .dathost
            .into_iter()
            .map(|client| DathostAccount::new(client, Arc::clone(&keeper)) as Arc<dyn PrepaidAccount>);
        let accounts = exaroton.chain(dathost).collect();
        (keeper, accounts)
    }
}
