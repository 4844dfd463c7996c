//! A made-up past of balances, for the demo and for measurements: lived through hour by hour and kept by the keeper itself,
//! so that its records are those of an engine that was there.
//!
//! Everything follows from a seed, and it ends at the balances and servers given. Must not: be used beside a real account.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::Timelike;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;

use super::billed::BilledServer;
use super::bookkeeper::MoneyPolicy;
use super::keeper::Keeper;
use crate::engine::policy::ReconcilePolicy;
use crate::engine::shared::SharedFleet;
use crate::model::account::Provider;
use crate::model::balance::{Balance, BalanceKey};
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::spend::next_day;
use crate::model::time::{ManualClock, Timestamp};
use crate::store::{Disk, LogFile, RealDisk, Store, StoreOptions};

const HOUR_MS: u64 = 3_600_000;

/// It is looked at every hour.
const GAP_AFTER_MS: u64 = HOUR_MS * 3 / 2;

/// Digits of what providers charge.
const CHARGED_DIGITS: u32 = 6;

/// How long before midnight the end of a day is looked at, milliseconds.
const BEFORE_MIDNIGHT_MS: i64 = 30_000;

/// The night of the past in which nobody watched, counted back from its end, and its hours.
const MISSED_NIGHT_DAYS: u64 = 5;
const MISSED_HOURS: std::ops::Range<u32> = 2..5;

/// Percent of servers that never stop.
const ALWAYS_ON: u32 = 8;

/// Chances in percent that a stopped server starts in an hour by day and by night, and that a running one stops.
const STARTS_BY_DAY: u32 = 11;
const STARTS_BY_NIGHT: u32 = 2;
const STOPS: u32 = 22;

/// The hours that count as day.
const DAY_HOURS: std::ops::Range<u32> = 9..24;

/// A balance and where its past ends.
#[derive(Debug, Clone)]
pub struct PastBalance {
    /// What is left in the end.
    pub ends_at: Balance,
    /// What it is topped up with at a time.
    pub top_up: Decimal,
    /// It is not topped up while it has more than this.
    pub most: Decimal,
}

/// A past.
#[derive(Debug, Clone)]
pub struct Past {
    /// Everything random follows from it.
    pub seed: u64,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// The account.
    pub account: AccountId,
    /// Its balances.
    pub balances: Vec<PastBalance>,
    /// Its servers as they are in the end.
    pub servers: Vec<BilledServer>,
    /// How its books are kept.
    pub policy: MoneyPolicy,
}

/// One moment of a past.
struct Step {
    at: Timestamp,
    servers: Vec<BilledServer>,
    /// Left of each balance.
    left: BTreeMap<BalanceKey, Decimal>,
}

impl Past {
    /// Writes it into the folder of a store that no engine has open; the records are on the disk when this returns.
    ///
    /// # Errors
    /// `Unavailable`: the store is open; `Storage`: it cannot be written.
    pub async fn write(&self, folder: &Path) -> Result<(), Problem> {
        let clock = Arc::new(ManualClock::at(self.from));
        let options = StoreOptions { disk: Arc::new(Unsynced), ..StoreOptions::default() };
        let (store, _) = Store::open_with(folder, Arc::clone(&clock) as _, options)?;
        let fleet = SharedFleet::new(ReconcilePolicy::default(), Arc::clone(&clock) as _);
        let providers = BTreeMap::from([(self.account.clone(), Provider::Exaroton)]);
        let policy = MoneyPolicy { gap_after_ms: GAP_AFTER_MS, ..self.policy.clone() };
        let keeper = Keeper::new(store.clone(), fleet, policy, providers);
        for step in self.steps() {
            let now = clock.as_ref();
            now.advance_millis(step.at.0 - crate::model::time::Clock::now(now).0);
            keeper.servers(&self.account, step.servers).await?;
            let balances = self.balances.iter().map(|past| Balance {
                amount: step.left.get(&past.ends_at.key).copied().unwrap_or_default(),
                observed_at: step.at,
                ..past.ends_at.clone()
            });
            keeper.balances(&self.account, balances.collect()).await?;
            keeper.look().await?;
        }
        keeper.keep_meter().await?;
        store.flush()
    }

    /// Every moment, oldest first.
    fn steps(&self) -> Vec<Step> {
        let mut random = SmallRng::seed_from_u64(self.seed);
        let moments = self.moments();
        let mut running: Vec<bool> =
            self.servers.iter().map(|_| random.random_ratio(STOPS.min(100), 100)).collect();
        let always: Vec<bool> =
            self.servers.iter().map(|_| random.random_ratio(ALWAYS_ON.min(100), 100)).collect();
        let mut steps = Vec::with_capacity(moments.len());
        for at in &moments {
            let hour = at.to_datetime().with_timezone(&self.policy.zone).hour();
            for (is_running, is_always) in running.iter_mut().zip(&always) {
                let starts = if DAY_HOURS.contains(&hour) { STARTS_BY_DAY } else { STARTS_BY_NIGHT };
                let changes = random.random_ratio(if *is_running { STOPS } else { starts }, 100);
                *is_running = *is_always || (*is_running != changes);
            }
            let servers = self.servers.iter().zip(&running).map(|(server, is_running)| BilledServer {
                is_running: *is_running,
                state: if *is_running { "online" } else { "offline" }.to_owned(),
                ..server.clone()
            });
            steps.push(Step { at: *at, servers: servers.collect(), left: BTreeMap::new() });
        }
        // It ends as things are.
        if let Some(last) = steps.last_mut() {
            last.servers.clone_from(&self.servers);
        }
        self.fill_in(&mut steps);
        steps
    }

    /// What was left at each step, counted back from the end.
    fn fill_in(&self, steps: &mut [Step]) {
        for past in &self.balances {
            let key = &past.ends_at.key;
            let mut left = past.ends_at.amount;
            let mut later: Option<Timestamp> = None;
            for step in steps.iter_mut().rev() {
                if let Some(later) = later {
                    left += spent(&step.servers, key, later.millis_since(step.at));
                    if left > past.most + past.top_up {
                        left -= past.top_up;
                    }
                }
                step.left.insert(key.clone(), left);
                later = Some(step.at);
            }
        }
    }

    /// Every hour but for the night that nobody watched, the end of every day, and the end.
    fn moments(&self) -> Vec<Timestamp> {
        let missed_day = self.to.0 - i64::try_from(MISSED_NIGHT_DAYS * 24 * HOUR_MS).unwrap_or(0);
        let is_missed = |at: Timestamp| {
            let local = |at: Timestamp| at.to_datetime().with_timezone(&self.policy.zone);
            local(at).date_naive() == local(Timestamp(missed_day)).date_naive()
                && MISSED_HOURS.contains(&local(at).hour())
        };
        let mut moments: Vec<Timestamp> = Vec::new();
        let mut at = self.to;
        while at > self.from {
            moments.push(at);
            at = Timestamp(at.0.saturating_sub_unsigned(HOUR_MS));
        }
        let mut midnight = next_day(self.from, self.policy.zone);
        while midnight < self.to {
            moments.push(Timestamp(midnight.0 - BEFORE_MIDNIGHT_MS));
            midnight = next_day(midnight, self.policy.zone);
        }
        moments.retain(|at| !is_missed(*at));
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

/// What servers cost a balance in so many milliseconds.
fn spent(servers: &[BilledServer], payer: &BalanceKey, passed_ms: u64) -> Decimal {
    let paid = servers.iter().filter(|server| server.is_running && server.payer.as_ref() == Some(payer));
    let per_hour: Decimal = paid.filter_map(|server| server.per_hour).sum();
    (per_hour * Decimal::from(passed_ms) / Decimal::from(HOUR_MS)).round_dp(CHARGED_DIGITS)
}

/// A past is made up: a crash while it is written loses nothing that was.
struct Unsynced;

struct UnsyncedFile(Box<dyn LogFile>);

impl Disk for Unsynced {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(UnsyncedFile(RealDisk.open_append(path)?)))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl LogFile for UnsyncedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }
}
