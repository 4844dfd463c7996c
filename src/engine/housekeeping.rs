//! What the engine does by the clock: cache, samples of nodes and burn, stuck orders, leaving when idle.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::prelude::ToPrimitive;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cache::Remembered;
use super::observation::Observation;
use super::policy::LifetimePolicy;
use super::shared::SharedFleet;
use super::usage::record;
use crate::model::account::FeedKind;
use crate::model::balance::BalanceKey;
use crate::model::condition::IndexRebuild;
use crate::model::fleet::{Fleet, Metric, Sample, SeriesKey, SeriesOwner};
use crate::model::problem::Problem;
use crate::store::Store;

/// How often nodes and burn are sampled, and time-dependent troubles looked at again.
const EVERY: Duration = Duration::from_mins(1);

/// How often a rebuild is looked at: often enough for a percentage to move.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Keeps the cache behind the fleet, at most every `every`, while something changes.
pub async fn keep_cache(fleet: Arc<SharedFleet>, store: Store, every: Duration, shutdown: CancellationToken) {
    let mut kept = None;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let revision = fleet.revision();
        if kept.replace(revision) == Some(revision) {
            save_feeds(&fleet, &store).await;
        } else {
            save(&fleet, &store).await;
        }
        for text in store.take_notices() {
            fleet.observe(Observation::Notice { text });
        }
    }
}

/// Tells how far the rebuild of the store's index is until it is done, and what the store says at its end.
pub async fn follow_rebuild(fleet: Arc<SharedFleet>, store: Store, shutdown: CancellationToken) {
    while observe_rebuild(&fleet, &store) {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(FOLLOW_EVERY) => {}
        }
    }
    for text in store.take_notices() {
        fleet.observe(Observation::Notice { text });
    }
}

/// Takes over how far the rebuild is; false when none goes on.
pub fn observe_rebuild(fleet: &SharedFleet, store: &Store) -> bool {
    let rebuild = store
        .rebuild_progress()
        .map(|progress| IndexRebuild { indexed: progress.indexed, records: progress.records });
    fleet.observe(Observation::Rebuild(rebuild));
    rebuild.is_some()
}

/// Writes the whole cache and flushes the store.
pub async fn save(fleet: &SharedFleet, store: &Store) {
    let remembered = fleet.read(Remembered::of);
    let store = store.clone();
    blocking(move || remembered.save(&store).and_then(|()| store.flush())).await;
}

/// Writes only how old everything is, while nothing else changes.
async fn save_feeds(fleet: &SharedFleet, store: &Store) {
    let remembered = fleet.read(Remembered::feeds_of);
    let store = store.clone();
    blocking(move || remembered.save_feeds(&store).and_then(|()| store.flush())).await;
}

async fn blocking(work: impl FnOnce() -> Result<(), Problem> + Send + 'static) {
    let saved = tokio::task::spawn_blocking(work).await;
    match saved {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => tracing::warn!(%problem, "the cache was not written"),
        Err(error) => tracing::warn!(%error, "writing the cache failed"),
    }
}

/// Samples what changes slowly and looks again at what depends on time.
pub async fn sample(fleet: Arc<SharedFleet>, store: Store, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        fleet.observe(Observation::Tick);
        let at = fleet.now();
        for (series, value) in fleet.read(slow_series) {
            record(&fleet, Some(&store), series, Sample { at, value });
        }
    }
}

/// Present values of the slow series.
fn slow_series(fleet: &Fleet) -> Vec<(SeriesKey, f32)> {
    let nodes = fleet.nodes.values().flat_map(|node| {
        let series = |metric| SeriesKey { owner: SeriesOwner::Node(node.key.clone()), metric };
        [
            (series(Metric::NodeMemoryPercent), percent(node.memory.used_percent())),
            (series(Metric::NodeDiskPercent), percent(node.disk.used_percent())),
        ]
    });
    let burn = fleet.summary.burn_per_hour.as_ref().and_then(|burn| burn.amount.to_f32());
    let burn = burn.map(|value| (SeriesKey { owner: SeriesOwner::Site, metric: Metric::BurnPerHour }, value));
    nodes.chain(burn).chain(balances(fleet)).collect()
}

/// What burns each balance, in its own unit, as far as it is known now: of an account that does not answer there is no point,
/// which is a gap in its line.
fn balances(fleet: &Fleet) -> impl Iterator<Item = (SeriesKey, f32)> {
    let is_read = |key: &BalanceKey| {
        let feed = fleet.feeds.get(&(key.account.clone(), FeedKind::Servers));
        feed.is_some_and(|feed| feed.problem.is_none() && !feed.is_late)
    };
    let prepaid = fleet.balances.iter().map(|(key, view)| (key.clone(), view.per_hour()));
    let later = fleet.billed_later.iter();
    let later = later.filter_map(|(key, later)| Some((key.clone(), later.in_one_currency()?.amount)));
    prepaid.chain(later).filter(move |(key, _)| is_read(key)).filter_map(|(key, per_hour)| {
        let series = SeriesKey { owner: SeriesOwner::Balance(key), metric: Metric::BurnPerHour };
        Some((series, per_hour.to_f32()?))
    })
}

#[expect(clippy::cast_precision_loss, reason = "a percentage")]
fn percent(value: u32) -> f32 {
    value as f32
}

/// Ends an engine started on demand once it had no client, no unfinished run and no automation for long enough.
pub async fn leave_when_idle(
    fleet: Arc<SharedFleet>,
    mut clients: watch::Receiver<u32>,
    policy: LifetimePolicy,
    shutdown: CancellationToken,
) {
    let Some(idle_exit_ms) = policy.idle_exit_ms.filter(|_| !policy.has_automation) else { return };
    let mut attended = fleet.attended();
    loop {
        let is_idle = *clients.borrow_and_update() == 0 && attended.borrow_and_update().runs_active() == 0;
        let wait = async {
            if is_idle {
                tokio::time::sleep(Duration::from_millis(idle_exit_ms)).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = wait => {
                tracing::info!("nobody is attached and nothing runs: leaving");
                shutdown.cancel();
                return;
            }
            changed = clients.changed() => if changed.is_err() { return },
            changed = attended.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::model::account::{Feed, Provider};
    use crate::model::billed_later::BilledLater;
    use crate::model::fleet::Change;
    use crate::model::money::Money;

    fn feed(account: &str) -> Feed {
        Feed {
            account: account.into(),
            provider: Provider::Pterodactyl,
            kind: FeedKind::Servers,
            succeeded_at: None,
            attempted_at: None,
            next_at: None,
            interval_ms: 1_000,
            problem: None,
            failures: 0,
            budget_remaining: None,
            is_late: false,
        }
    }

    #[test]
    fn what_burns_is_sampled_per_account_while_it_answers() {
        let mut fleet = Fleet::default();
        let later = |account: &str, cents: i64| BilledLater {
            account: account.into(),
            provider: Provider::Pterodactyl,
            servers: 1,
            unpriced: 0,
            per_hour: vec![Money::new(Decimal::new(cents, 2), "EUR")],
        };
        fleet.apply(Change::BilledLater(vec![later("east", 25), later("west", 50), later("new", 75)]));
        fleet.apply(Change::Feed(Box::new(feed("east"))));
        fleet.apply(Change::Feed(Box::new(Feed {
            problem: Some(Problem::storage("not reachable")),
            ..feed("west")
        })));
        let sampled: Vec<(SeriesKey, f32)> = balances(&fleet).collect();
        let owner = SeriesOwner::Balance(BalanceKey::account("east".into()));
        assert_eq!(sampled, [(SeriesKey { owner, metric: Metric::BurnPerHour }, 0.25)]);
    }
}
