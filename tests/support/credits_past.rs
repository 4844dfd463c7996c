//! A site of any size with a made-up past: servers that start and stop for months, paid by an account and four pools.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use quarterdeck::engine::money::billed::{BilledServer, Committed};
use quarterdeck::engine::money::bookkeeper::MoneyPolicy;
use quarterdeck::engine::money::keeper::Keeper;
use quarterdeck::engine::money::past::{Past, PastBalance};
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::{Balance, BalanceKey};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::money::Currency;
use quarterdeck::model::spend::BurnerOwner;
use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::store::Store;
use rust_decimal::Decimal;

/// When every past ends.
pub const END: Timestamp = Timestamp(1_795_190_400_000);

pub const DAY_MS: i64 = 24 * 3_600_000;

/// One in so many servers is paid by a pool.
const POOLS: usize = 5;

/// Digits of an amount that say how large a site is.
const PACK: i64 = 10_000;

/// A balance of the site: the account's, or that of a pool.
pub fn payer(number: usize) -> BalanceKey {
    match number % POOLS {
        0 => BalanceKey::account("exa".into()),
        pool => BalanceKey::pool("exa".into(), format!("pool{pool}")),
    }
}

fn server(number: usize) -> BilledServer {
    let ram_gib = u32::try_from(2 + number % 15).expect("small");
    BilledServer {
        key: ServerKey { account: "exa".into(), id: format!("aB3dE5gH7jK9{number:04}") },
        name: format!("server-{number:04}"),
        state: "offline".to_owned(),
        ram_gib: Some(ram_gib),
        is_running: false,
        payer: Some(payer(number)),
        per_hour: Some(ram_gib.into()),
        cap: None,
        committed: Committed::Storage { per_period: Decimal::TEN },
        owner: BurnerOwner::Unowned,
    }
}

fn balance(number: usize) -> PastBalance {
    let ends_at = Balance {
        key: payer(number),
        provider: Provider::Exaroton,
        name: format!("balance {number}"),
        amount: Decimal::new(1_234_567_891, 6),
        unit: Currency("credits".to_owned()),
        share: None,
        observed_at: END,
    };
    PastBalance { ends_at, top_up: Decimal::from(PACK), most: Decimal::from(2 * PACK) }
}

pub fn policy() -> MoneyPolicy {
    MoneyPolicy {
        zone: chrono_tz::Europe::Berlin,
        top_up_units: BTreeMap::from([(Provider::Exaroton, Decimal::from(PACK))]),
        ..MoneyPolicy::default()
    }
}

/// A past between two moments.
pub fn past(seed: u64, servers: usize, from: Timestamp, to: Timestamp) -> Past {
    Past {
        seed,
        from,
        to,
        account: "exa".into(),
        balances: (0..POOLS).map(balance).collect(),
        servers: (0..servers).map(server).collect(),
        policy: policy(),
    }
}

/// The store in a folder, at the end of its past.
pub fn open(folder: &Path) -> Store {
    Store::open(folder, Arc::new(ManualClock::at(END))).expect("the store opens").0
}

/// The keeper of what a store holds, and its clock.
pub fn keeper(store: &Store) -> (Keeper, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(END));
    let fleet = SharedFleet::new(ReconcilePolicy::default(), Arc::clone(&clock) as _);
    let providers = BTreeMap::from([("exa".into(), Provider::Exaroton)]);
    (Keeper::new(store.clone(), fleet, policy(), providers), clock)
}
