//! The past of the demo's credits: five weeks in which its servers ran, ending at what the simulator says now.

use std::path::Path;

use rust_decimal::Decimal;

use super::simulation::{EXAROTON, Simulation, TOP_UP_UNIT, money_policy};
use crate::engine::money::billed::{BilledServer, Committed};
use crate::engine::money::past::{Past, PastBalance};
use crate::model::account::Provider;
use crate::model::balance::{Balance, BalanceKey};
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CREDITS, CreditServerStatus};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::money::Currency;
use crate::model::problem::Problem;
use crate::model::spend::BurnerOwner;
use crate::model::time::{Clock, Timestamp};
use crate::sim::exaroton::{PayerId, ServerView};

/// As long as the longest window of the tab, and a little.
const DAYS: i64 = 35;
const DAY_MS: i64 = 24 * 3_600_000;

/// What a pool is topped up with at a time, credits.
const POOL_TOP_UP: i64 = 250;

/// The account is not topped up while it has more than so many credits; its present balance lies below.
const MOST: i64 = 2_500;

impl Simulation {
    /// Writes the past into the folder of a store that no engine has open.
    ///
    /// # Errors
    /// `Storage`: it cannot be written.
    pub async fn write_past(&self, folder: &Path, clock: &dyn Clock) -> Result<(), Problem> {
        let now = clock.now();
        let past = Past {
            seed: self.seed,
            from: Timestamp(now.0 - DAYS * DAY_MS),
            to: now,
            account: AccountId::from(EXAROTON),
            balances: self.balances(now),
            servers: self.servers(),
            policy: money_policy(),
        };
        past.write(folder).await
    }

    fn balances(&self, now: Timestamp) -> Vec<PastBalance> {
        let world = self.site.exaroton_world();
        let account = (key(None), PayerId::Account(self.site.exaroton_account().to_owned()));
        let pools = world.pools().into_iter().map(|(id, _)| (key(Some(&id)), PayerId::Pool(id)));
        let past = |(key, payer): (BalanceKey, PayerId)| {
            let top_up = Decimal::from(if key.pool.is_some() { POOL_TOP_UP } else { TOP_UP_UNIT * 10 });
            let ends_at = Balance {
                name: key.to_string(),
                key,
                provider: Provider::Exaroton,
                amount: world.balance(&payer),
                unit: Currency(CREDITS.to_owned()),
                share: None,
                observed_at: now,
            };
            PastBalance { most: Decimal::from(MOST).max(ends_at.amount), ends_at, top_up }
        };
        std::iter::once(account).chain(pools).map(past).collect()
    }

    /// The servers that the account pays for, or a pool of it.
    fn servers(&self) -> Vec<BilledServer> {
        let pricing = CreditPricing::default();
        let own = self.site.exaroton_account();
        let billed = |server: ServerView| {
            let status = CreditServerStatus::from_number(server.status);
            BilledServer {
                key: ServerKey { account: AccountId::from(EXAROTON), id: server.id },
                name: server.name,
                state: status.to_string(),
                ram_gib: Some(server.ram_gib),
                is_running: pricing.burns_in(status),
                payer: Some(key(server.pool.as_deref())),
                per_hour: Some(pricing.per_hour(server.ram_gib).amount),
                cap: None,
                committed: Committed::Storage { per_period: pricing.storage_per_period },
                owner: BurnerOwner::Unowned,
            }
        };
        let servers = self.site.exaroton_world().servers().into_iter();
        servers.filter(|server| server.owner == own).map(billed).collect()
    }
}

/// The account's balance, or that of a pool.
fn key(pool: Option<&str>) -> BalanceKey {
    let account = AccountId::from(EXAROTON);
    match pool {
        None => BalanceKey::account(account),
        Some(pool) => BalanceKey::pool(account, pool),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cli::args::SimulationArguments;
    use crate::engine::money::condensed;
    use crate::model::time::ManualClock;
    use crate::sim::DEFAULT_START;
    use crate::sim::panel::ANY_LOOPBACK_PORT;
    use crate::store::Store;

    #[tokio::test]
    async fn the_past_ends_at_what_the_simulator_says_and_is_as_long_as_every_window() {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(DEFAULT_START));
        let arguments = SimulationArguments { seed: 7, speed: 1.0, faults: None, servers: None };
        let simulation = Simulation::start(&arguments, ANY_LOOPBACK_PORT, dir.path(), &clock).await.unwrap();
        simulation.write_past(dir.path(), clock.as_ref()).await.unwrap();
        let (store, _) = Store::open(dir.path(), Arc::clone(&clock)).unwrap();
        let books = condensed::read(&store).unwrap().books;
        let expected = simulation.balances(clock.now());
        assert_eq!((books.len(), expected.len()), (3, 3));
        for past in expected {
            let book = books.get(&past.ends_at.key).unwrap();
            let last = &book.last().unwrap().reading;
            assert_eq!((last.at, last.balance), (clock.now(), past.ends_at.amount));
            let (first, last) = book.curve().known().unwrap();
            assert!(last.millis_since(first) > 34 * DAY_MS.unsigned_abs());
            assert!(book.curve().total() > Decimal::ZERO);
            let lowest = (0..35).filter_map(|day| book.balance_at(Timestamp(last.0 - day * DAY_MS))).min();
            assert!(lowest.unwrap() >= Decimal::ZERO);
        }
        simulation.site.stop().await;
    }
}
