//! What matches of a site are made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::provider::MatchProvider;
use crate::model::ids::AccountId;
use crate::model::matches::SettlementPolicy;
use crate::providers::dathost::DathostClient;

/// Accounts that rent servers for matches, and how matches are carried out.
#[derive(Clone, Default)]
pub struct MatchSetup {
    /// The accounts, by name.
    pub providers: BTreeMap<AccountId, Arc<dyn MatchProvider>>,
    /// What a result does to ratings, and what it earns.
    pub settlement: SettlementPolicy,
    /// The address at which the provider can reach this engine, without a trailing slash; nothing: matches are only polled.
    pub public_url: Option<String>,
    /// Whether orphans that were seen twice are destroyed without being asked for.
    pub is_reaping: bool,
}

impl MatchSetup {
    /// With these accounts and everything else plain.
    #[must_use]
    pub fn of(providers: impl IntoIterator<Item = Arc<dyn MatchProvider>>) -> Self {
        let by_name = |provider: Arc<dyn MatchProvider>| (provider.account().clone(), provider);
        Self { providers: providers.into_iter().map(by_name).collect(), ..Self::default() }
    }

    /// With these accounts of DatHost too.
    #[must_use]
    pub fn with_accounts(mut self, clients: &[DathostClient]) -> Self {
        for client in clients {
            self.providers.insert(client.account().clone(), Arc::new(client.clone()));
        }
        self
    }
}
