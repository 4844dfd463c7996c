//! What the pollers ask DatHost: the balance, and the servers that burn it; both go into the books first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use rust_decimal::Decimal;

use super::account::PrepaidAccount;
use super::billed::{BilledServer, Committed, FlatCharge, MonthCap};
use super::keeper::Keeper;
use crate::engine::observation::Observation;
use crate::engine::poll::Source;
use crate::model::account::{FeedKind, Provider};
use crate::model::balance::BalanceKey;
use crate::model::game_server::{GameServer, GameServerPrice, GameServerState};
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::spend::BurnerOwner;
use crate::model::time::Timestamp;
use crate::providers::dathost::DathostClient;
use crate::providers::transport::Priority;

/// One DatHost account.
pub struct DathostAccount {
    client: DathostClient,
    keeper: Arc<Keeper>,
    /// Whether subscriptions are paid from the balance, as last read.
    pays_subscriptions: AtomicBool,
}

impl DathostAccount {
    /// Reads through `client` into the books of `keeper`.
    #[must_use]
    pub fn new(client: DathostClient, keeper: Arc<Keeper>) -> Arc<Self> {
        Arc::new(Self { client, keeper, pays_subscriptions: AtomicBool::new(true) })
    }

    async fn read_balance(&self) -> Result<(), Problem> {
        let account = self.client.game_server_account(Priority::Poll).await?;
        self.pays_subscriptions.store(account.pays_subscriptions, Ordering::Relaxed);
        self.keeper.balances(self.client.account(), vec![account.to_balance()]).await
    }

    async fn read_servers(&self) -> Result<Vec<GameServer>, Problem> {
        let mut servers = self.client.servers(Priority::Poll).await?;
        for server in &mut servers {
            self.look_again(server).await?;
        }
        let pays = self.pays_subscriptions.load(Ordering::Relaxed);
        let billed = servers.iter().map(|server| billed(server, pays)).collect();
        self.keeper.servers(self.client.account(), billed).await?;
        Ok(servers)
    }

    /// A list does not notice that a boot is over: one that boots is read on its own (`providers/dathost.md` §3.1).
    async fn look_again(&self, server: &mut GameServer) -> Result<(), Problem> {
        if server.state != GameServerState::Booting {
            return Ok(());
        }
        match self.client.server(&server.key.id, Priority::Poll).await {
            Ok(seen) => *server = seen,
            // Gone meanwhile: the next list says so.
            Err(problem) if problem.kind == crate::model::problem::ProblemKind::NotFound => {}
            Err(problem) => return Err(problem),
        }
        Ok(())
    }
}

/// What a server costs: minutes while it is on, up to its month's price, or a flat price.
fn billed(server: &GameServer, pays_subscriptions: bool) -> BilledServer {
    BilledServer {
        key: server.key.clone(),
        name: server.name.clone(),
        state: server.state.to_string(),
        ram_gib: None,
        is_running: server.is_billed_by_hour(),
        payer: Some(BalanceKey::account(server.key.account.clone())),
        per_hour: server.price.per_hour.or(server.price.most_per_hour),
        cap: cap(&server.price, server.observed_at),
        committed: if pays_subscriptions { flat(&server.price) } else { Committed::Nothing },
        owner: BurnerOwner::Unowned,
    }
}

/// What the hours of its month may still cost.
fn cap(price: &GameServerPrice, listed_at: Timestamp) -> Option<MonthCap> {
    let left = price.most_per_month.filter(|most| *most > Decimal::ZERO)? - price.used_in_month?;
    Some(MonthCap { left: left.max(Decimal::ZERO), listed_at, month_ends_at: price.month_ends_at })
}

/// A subscription that will be renewed. When a renewal is due is told only after one failed; for a cycle of one month the
/// end of the server's month is taken for it.
fn flat(price: &GameServerPrice) -> Committed {
    let Some(per_month) = price.subscription_per_month().filter(|_| price.subscription.renews()) else {
        return Committed::Nothing;
    };
    let amount = per_month * Decimal::from(price.cycle_months.max(1));
    let at = price.renewal_tried_at.or(price.month_ends_at.filter(|_| price.cycle_months == 1));
    Committed::Flat { per_month, next: at.map(|at| FlatCharge { at, amount }) }
}

impl PrepaidAccount for DathostAccount {
    fn account(&self) -> &AccountId {
        self.client.account()
    }

    fn login(&self) -> &'static str {
        "login"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move { self.client.game_server_account(Priority::Run).await.map(drop) })
    }

    fn sources(self: Arc<Self>) -> [Arc<dyn Source>; 2] {
        [Arc::new(ServersSource(Arc::clone(&self))), Arc::new(BalanceSource(self))]
    }
}

/// The balance of the account.
struct BalanceSource(Arc<DathostAccount>);

impl Source for BalanceSource {
    fn account(&self) -> &AccountId {
        self.0.client.account()
    }

    fn provider(&self) -> Provider {
        Provider::Dathost
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Credits
    }

    fn read(&self, _: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move { self.0.read_balance().await.map(|()| Vec::new()) })
    }
}

/// Servers of the account.
struct ServersSource(Arc<DathostAccount>);

impl Source for ServersSource {
    fn account(&self) -> &AccountId {
        self.0.client.account()
    }

    fn provider(&self) -> Provider {
        Provider::Dathost
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Servers
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move {
            let servers = self.0.read_servers().await?;
            let account = self.0.client.account().clone();
            Ok(vec![Observation::GameServers { account, asked_at, servers }])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::game_server::SubscriptionState;

    #[test]
    fn a_month_that_is_used_up_burns_nothing_and_an_unknown_cap_is_none() {
        let price = GameServerPrice {
            most_per_month: Some(Decimal::TEN),
            used_in_month: Some(Decimal::from(12)),
            ..GameServerPrice::default()
        };
        assert_eq!(cap(&price, Timestamp(5)).map(|cap| cap.left), Some(Decimal::ZERO));
        assert_eq!(cap(&GameServerPrice { used_in_month: None, ..price }, Timestamp(5)), None);
        let free = GameServerPrice { most_per_month: Some(Decimal::ZERO), ..GameServerPrice::default() };
        assert_eq!(cap(&free, Timestamp(5)), None, "zero is no cap but an unknown price");
    }

    #[test]
    fn a_subscription_is_flat_until_it_ends() {
        let price = GameServerPrice {
            most_per_month: Some(Decimal::TEN),
            month_ends_at: Some(Timestamp(9)),
            subscription: SubscriptionState::Active,
            cycle_months: 1,
            ..GameServerPrice::default()
        };
        let next = Some(FlatCharge { at: Timestamp(9), amount: Decimal::TEN });
        assert_eq!(flat(&price), Committed::Flat { per_month: Decimal::TEN, next });
        let ending = GameServerPrice { subscription: SubscriptionState::Canceling, ..price.clone() };
        assert_eq!(flat(&ending), Committed::Nothing);
        let Committed::Flat { next, .. } = flat(&GameServerPrice { cycle_months: 12, ..price }) else {
            panic!("flat");
        };
        assert_eq!(next, None, "when a year ends is not told");
    }
}
