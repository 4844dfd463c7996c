//! What the pollers ask exaroton: balances and pools, and the servers that burn them; both go into the books first.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{Mutex, watch};

use super::account::PrepaidAccount;
use super::billed::{BilledServer, Committed};
use super::keeper::Keeper;
use crate::engine::observation::Observation;
use crate::engine::poll::Source;
use crate::engine::shared::SharedFleet;
use crate::model::account::{FeedKind, Provider};
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CreditPool, CreditServer, CreditServerStatus, Payer, assign_payers};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::spend::BurnerOwner;
use crate::model::time::Timestamp;
use crate::providers::exaroton::ExarotonClient;
use crate::providers::transport::Priority;

/// RAM may be changed in the provider's own panel: it is asked again when a server was seen to stop or start, and this often.
const RAM_ASKED_EVERY_MS: u64 = 10 * 60_000;

/// A stopped server's tells what it may burn once it runs: less urgent.
const STOPPED_RAM_ASKED_EVERY_MS: u64 = 60 * 60_000;

/// What is known of servers beside their list.
#[derive(Default)]
struct Beside {
    /// Nothing until they were read once: until then nobody knows who pays.
    pools: Option<Vec<CreditPool>>,
    ram: BTreeMap<ServerKey, Ram>,
}

/// What is known of a server's memory.
#[derive(Debug, Clone, Copy)]
struct Ram {
    /// What it is set to, GiB.
    set: u32,
    /// What it runs with and burns for, GiB: other memory holds from the next start on only.
    billed: u32,
    /// Its state when it was asked.
    status: CreditServerStatus,
    /// When that was.
    asked_at: Timestamp,
}

impl Ram {
    /// A new answer beside what was known.
    fn told(known: Option<Self>, set: u32, status: CreditServerStatus, asked_at: Timestamp) -> Self {
        let runs_on = known.filter(|known| !known.status.is_stopped() && !status.is_stopped());
        Self { set, billed: runs_on.map_or(set, |known| known.billed), status, asked_at }
    }
}

/// One exaroton account: the two feeds share what they learn.
pub struct ExarotonAccount {
    client: ExarotonClient,
    keeper: Arc<Keeper>,
    fleet: Arc<SharedFleet>,
    pricing: CreditPricing,
    beside: Mutex<Beside>,
    /// Tells of servers that a run or a console found changed.
    looked: Mutex<watch::Receiver<u64>>,
}

impl ExarotonAccount {
    /// Reads through `client` into the books of `keeper`.
    #[must_use]
    pub fn new(
        client: ExarotonClient,
        keeper: Arc<Keeper>,
        fleet: Arc<SharedFleet>,
        pricing: CreditPricing,
    ) -> Arc<Self> {
        let looked = Mutex::new(fleet.looked());
        Arc::new(Self { client, keeper, fleet, pricing, beside: Mutex::default(), looked })
    }

    async fn read_balances(&self) -> Result<(), Problem> {
        let account = self.client.credit_account(Priority::Poll).await?;
        let pools = self.client.whole_pools(Priority::Poll).await?;
        let balances =
            std::iter::once(account.to_balance()).chain(pools.iter().map(CreditPool::to_balance)).collect();
        self.beside.lock().await.pools = Some(pools);
        self.keeper.balances(self.client.account(), balances).await
    }

    async fn read_servers(&self, asked_at: Timestamp) -> Result<Vec<CreditServer>, Problem> {
        let mut servers = self.client.servers(Priority::Poll).await?;
        let mut beside = self.beside.lock().await;
        if beside.pools.is_none() {
            beside.pools = Some(self.client.whole_pools(Priority::Poll).await?);
        }
        assign_payers(&mut servers, beside.pools.as_deref().unwrap_or_default());
        let mut billed = Vec::with_capacity(servers.len());
        for server in &mut servers {
            let ram = self.ram(&mut beside, server, asked_at).await?;
            server.ram_gib = ram.map(|ram| ram.set);
            billed.push(self.billed(server, ram.map(|ram| ram.billed)));
        }
        drop(beside);
        self.keeper.servers(self.client.account(), billed).await?;
        Ok(servers)
    }

    /// A server's RAM as last asked; asked again when its state changed between stopped and not, when somebody here set
    /// another one, or after a while.
    async fn ram(
        &self,
        beside: &mut Beside,
        server: &CreditServer,
        now: Timestamp,
    ) -> Result<Option<Ram>, Problem> {
        let known = beside.ram.get(&server.key).copied();
        let shown =
            self.fleet.read(|fleet| fleet.credit_servers.get(&server.key).and_then(|server| server.ram_gib));
        let is_due = known.is_none_or(|Ram { set, status, asked_at, .. }| {
            let is_stopped = server.status.is_stopped();
            let every_ms = if is_stopped { STOPPED_RAM_ASKED_EVERY_MS } else { RAM_ASKED_EVERY_MS };
            status.is_stopped() != is_stopped
                || shown.is_some_and(|shown| shown != set)
                || now.millis_since(asked_at) >= every_ms
        });
        if !is_due {
            return Ok(known);
        }
        match self.client.ram(&server.key.id, Priority::Poll).await {
            Ok(set) => {
                let ram = Ram::told(known, set, server.status, now);
                beside.ram.insert(server.key.clone(), ram);
                Ok(Some(ram))
            }
            // Somebody may share a server without its options: what is not known is shown as not known.
            Err(problem) if is_about_one(problem.kind) => Ok(known),
            Err(problem) => Err(problem),
        }
    }

    /// A server as the books take it, burning for this much memory.
    fn billed(&self, server: &CreditServer, ram_gib: Option<u32>) -> BilledServer {
        let payer = match &server.payer {
            Payer::Balance(balance) => Some(balance.clone()),
            Payer::Undecided | Payer::Owner => None,
        };
        BilledServer {
            key: server.key.clone(),
            name: server.name.clone(),
            state: server.status.to_string(),
            ram_gib,
            is_running: self.pricing.burns_in(server.status),
            payer,
            per_hour: ram_gib.map(|ram| self.pricing.per_hour(ram).amount),
            cap: None,
            committed: if server.is_shared {
                Committed::Nothing
            } else {
                Committed::storage(self.pricing.storage_per_period)
            },
            owner: BurnerOwner::Unowned,
        }
    }
}

impl PrepaidAccount for ExarotonAccount {
    fn account(&self) -> &AccountId {
        self.client.account()
    }

    fn login(&self) -> &'static str {
        "token"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move { self.client.credit_account(Priority::Run).await.map(drop) })
    }

    fn sources(self: Arc<Self>) -> [Arc<dyn Source>; 2] {
        [Arc::new(ServersSource(Arc::clone(&self))), Arc::new(BalancesSource(self))]
    }
}

/// Whether a failure says something about one server, and nothing about the account.
fn is_about_one(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::Forbidden | ProblemKind::NotFound | ProblemKind::Invalid | ProblemKind::Conflict
    )
}

/// Balances of the account and its pools.
struct BalancesSource(Arc<ExarotonAccount>);

impl Source for BalancesSource {
    fn account(&self) -> &AccountId {
        self.0.client.account()
    }

    fn provider(&self) -> Provider {
        Provider::Exaroton
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Credits
    }

    fn read(&self, _: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move { self.0.read_balances().await.map(|()| Vec::new()) })
    }
}

/// Servers of the account.
struct ServersSource(Arc<ExarotonAccount>);

impl Source for ServersSource {
    fn account(&self) -> &AccountId {
        self.0.client.account()
    }

    fn provider(&self) -> Provider {
        Provider::Exaroton
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Servers
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move {
            let servers = self.0.read_servers(asked_at).await?;
            let account = self.0.client.account().clone();
            Ok(vec![Observation::CreditServers { account, asked_at, servers }])
        })
    }

    /// What a run or a console saw of one server moves its burn too: the books are brought up to date at once.
    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            if self.0.looked.lock().await.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }
}
