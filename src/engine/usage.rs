//! Live resource use of the servers on somebody's screen, in turn, within the account's budget.
//!
//! Only what is looked at is asked for: the panel forwards each question to a node's daemon and caches the answer for
//! 20 seconds (`providers/pterodactyl.md` §5.2).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::focus::Attended;
use super::observation::Observation;
use super::panics::caught;
use super::policy::PollPolicy;
use super::shared::SharedFleet;
use crate::model::account::{Feed, FeedKind, Provider};
use crate::model::fleet::{Metric, Sample, SeriesKey, SeriesOwner};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::server::{PowerState, ServerStatus, Usage};
use crate::providers::pterodactyl::PanelClient;
use crate::providers::transport::Priority;
use crate::store::Store;

/// Questions of one account under way at once: a daemon that hangs holds up only its own.
const AT_ONCE: usize = 4;

/// A screen that scrolls changes its focus many times a second: only where it comes to rest is asked about. It also lets
/// the history of a series reach the screen before its first new point.
const SETTLE: Duration = Duration::from_millis(250);

/// The feed's condition is published at most this often while nothing but its times changes.
const FEED_EVERY_MS: u64 = 15_000;

/// Where the use of a server can be asked for.
pub trait UsageSource: Send + Sync + 'static {
    /// The account asked.
    fn account(&self) -> &AccountId;

    /// State and use of one server, by its uuid. Cancel-safe.
    fn resources<'a>(&'a self, uuid: &'a str) -> BoxFuture<'a, Result<(PowerState, Option<Usage>), Problem>>;

    /// Requests left in the budget, where the provider says.
    fn budget_remaining(&self) -> Option<u32>;
}

impl UsageSource for PanelClient {
    fn account(&self) -> &AccountId {
        self.account()
    }

    fn resources<'a>(&'a self, uuid: &'a str) -> BoxFuture<'a, Result<(PowerState, Option<Usage>), Problem>> {
        Box::pin(self.resources(uuid, Priority::Poll))
    }

    fn budget_remaining(&self) -> Option<u32> {
        self.budget().client.remaining
    }
}

/// What was asked about a server before.
#[derive(Debug, Clone, Copy)]
struct Asked {
    due: Instant,
    failures: u32,
    usage: Option<Usage>,
    is_under_way: bool,
}

type Outcome = (ServerKey, Result<(PowerState, Option<Usage>), Problem>);

/// The usage poller of one account.
pub struct UsagePoller {
    source: Arc<dyn UsageSource>,
    fleet: Arc<SharedFleet>,
    store: Option<Store>,
    policy: PollPolicy,
    attended: watch::Receiver<Attended>,
    asked: BTreeMap<ServerKey, Asked>,
    feed: Feed,
}

impl UsagePoller {
    /// A poller that pushes samples to `store` and to the screens.
    #[must_use]
    pub fn new(
        source: Arc<dyn UsageSource>,
        fleet: Arc<SharedFleet>,
        store: Option<Store>,
        policy: PollPolicy,
    ) -> Self {
        let feed = Feed {
            account: source.account().clone(),
            provider: Provider::Pterodactyl,
            kind: FeedKind::Usage,
            succeeded_at: None,
            attempted_at: None,
            next_at: None,
            interval_ms: policy.usage_per_server_ms,
            problem: None,
            failures: 0,
            budget_remaining: None,
            is_late: true,
        };
        let attended = fleet.attended();
        Self { source, fleet, store, policy, attended, asked: BTreeMap::new(), feed }
    }

    /// Asks until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut under_way: JoinSet<Outcome> = JoinSet::new();
        let mut not_before = Instant::now();
        loop {
            let next = if under_way.len() < AT_ONCE { self.next() } else { None };
            let due = next.as_ref().map(|(due, ..)| (*due).max(not_before));
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(outcome) = under_way.join_next() => {
                    if let Ok((key, result)) = outcome {
                        not_before = not_before.max(self.take_in(&key, result));
                    }
                }
                changed = self.attended.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    not_before = not_before.max(Instant::now() + SETTLE);
                }
                () = until(due) => {
                    if let Some((_, key, uuid)) = next {
                        self.mark(&key);
                        under_way.spawn(ask(Arc::clone(&self.source), key, uuid));
                        not_before = Instant::now() + self.gap();
                    }
                }
            }
        }
    }

    /// The server on screen that waits longest, when it is due, and its uuid.
    fn next(&mut self) -> Option<(Instant, ServerKey, String)> {
        let now = Instant::now();
        let shown = self.attended.borrow_and_update().servers();
        self.asked.retain(|key, asked| shown.contains(key) || asked.due > now);
        if !shown.iter().any(|key| key.account == *self.source.account()) {
            self.rest();
        }
        let account = self.source.account();
        let waiting = shown.iter().filter(|key| key.account == *account).filter_map(|key| {
            let asked = self.asked.get(key);
            (!asked.is_some_and(|asked| asked.is_under_way))
                .then(|| (asked.map_or(now, |asked| asked.due), key))
        });
        let mut waiting: Vec<(Instant, &ServerKey)> = waiting.collect();
        waiting.sort();
        self.fleet.read(|fleet| {
            waiting.into_iter().find_map(|(due, key)| {
                let server = fleet.servers.get(key)?;
                let is_maintenance = fleet.nodes.get(&server.node).is_some_and(|node| node.is_maintenance);
                // Elsewhere the client API answers 409 (`providers/pterodactyl.md` §5.1).
                let can_answer = matches!(server.status, ServerStatus::Ready | ServerStatus::ReinstallFailed);
                (can_answer && !is_maintenance).then(|| (due, key.clone(), server.uuid.clone()))
            })
        })
    }

    /// Nobody looks at a server here: nothing is asked, so nothing fails.
    fn rest(&mut self) {
        if self.feed.problem.take().is_some() {
            self.feed.failures = 0;
            self.fleet.observe(Observation::Feed(Box::new(self.feed.clone())));
        }
    }

    fn mark(&mut self, key: &ServerKey) {
        let due = Instant::now() + Duration::from_millis(self.policy.usage_per_server_ms);
        let before = self.asked.get(key);
        let asked = Asked {
            due,
            failures: before.map_or(0, |asked| asked.failures),
            usage: before.and_then(|asked| asked.usage),
            is_under_way: true,
        };
        self.asked.insert(key.clone(), asked);
    }

    /// The gap between two questions: wider when little of the budget is left, which others need more.
    fn gap(&self) -> Duration {
        /// Below this many requests left in the window, usage steps back.
        const SCARCE: u32 = 60;
        let is_scarce = self.source.budget_remaining().is_some_and(|left| left < SCARCE);
        Duration::from_millis(self.policy.usage_gap_ms * if is_scarce { 10 } else { 1 })
    }

    /// Takes an answer in; returns before when the account shall not be asked again.
    fn take_in(&mut self, key: &ServerKey, result: Result<(PowerState, Option<Usage>), Problem>) -> Instant {
        let now = Instant::now();
        let per_server_ms = self.policy.usage_per_server_ms;
        let Some(asked) = self.asked.get_mut(key) else { return now };
        asked.is_under_way = false;
        match result {
            Ok((power, usage)) => {
                asked.failures = 0;
                let before = std::mem::replace(&mut asked.usage, usage);
                self.fleet.observe(Observation::Usage { key: key.clone(), power, usage });
                if let Some(usage) = usage {
                    self.sample(key, before, usage);
                }
                self.report(None);
                now
            }
            Err(problem) => {
                asked.failures = asked.failures.saturating_add(1);
                let wait =
                    super::cadence::wait_ms(&self.policy, per_server_ms, asked.failures, Some(&problem), 0.0);
                asked.due = now + Duration::from_millis(wait);
                if !concerns_the_account(&problem) {
                    return now;
                }
                self.report(Some(problem));
                let wait = super::cadence::wait_ms(
                    &self.policy,
                    self.policy.usage_gap_ms,
                    self.feed.failures,
                    self.feed.problem.as_ref(),
                    0.0,
                );
                now + Duration::from_millis(wait)
            }
        }
    }

    /// Publishes the feed's condition: at once when it changed, now and then otherwise.
    fn report(&mut self, problem: Option<Problem>) {
        let now = self.fleet.now();
        let is_as_before = self.feed.problem == problem;
        let is_recent = self.feed.attempted_at.is_some_and(|at| now.millis_since(at) < FEED_EVERY_MS);
        self.feed.failures = if problem.is_some() { self.feed.failures.saturating_add(1) } else { 0 };
        self.feed.problem = problem;
        if is_as_before && is_recent {
            return;
        }
        self.feed.attempted_at = Some(now);
        if self.feed.problem.is_none() {
            self.feed.succeeded_at = Some(now);
        }
        self.feed.budget_remaining = self.source.budget_remaining();
        self.fleet.observe(Observation::Feed(Box::new(self.feed.clone())));
    }

    fn sample(&self, key: &ServerKey, before: Option<Usage>, usage: Usage) {
        let mut points = vec![(Metric::CpuPercent, usage.cpu_percent)];
        points.push((Metric::MemoryBytes, lossy(usage.memory_bytes)));
        if let Some(rate) = before.and_then(|before| network_rate(&before, &usage)) {
            points.push((Metric::NetworkBytesPerSecond, rate));
        }
        for (metric, value) in points {
            let series = SeriesKey { owner: SeriesOwner::Server(key.clone()), metric };
            record(&self.fleet, self.store.as_ref(), series, Sample { at: usage.observed_at, value });
        }
    }
}

/// Keeps a point in the store and shows it to those who have its series on screen.
pub(super) fn record(fleet: &SharedFleet, store: Option<&Store>, series: SeriesKey, point: Sample) {
    if let Some(problem) = store.and_then(|store| store.push_samples(&series, &[point]).err()) {
        tracing::warn!(%problem, "a sample was not kept");
    }
    fleet.observe(Observation::Samples { series, points: vec![point] });
}

async fn ask(source: Arc<dyn UsageSource>, key: ServerKey, uuid: String) -> Outcome {
    let result = caught("reading a server's use", source.resources(&uuid)).await.flatten();
    (key, result)
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Whether a failure is about the whole account, not about one server or its daemon.
fn concerns_the_account(problem: &Problem) -> bool {
    matches!(
        problem.kind,
        ProblemKind::Unreachable
            | ProblemKind::Timeout
            | ProblemKind::RateLimited
            | ProblemKind::Unauthenticated
            | ProblemKind::Unavailable
            | ProblemKind::Refused
    )
}

/// Bytes per second, both ways, between two readings; nothing across a restart of the process, which resets the counters.
fn network_rate(before: &Usage, now: &Usage) -> Option<f32> {
    let received = now.network_rx_bytes.checked_sub(before.network_rx_bytes)?;
    let sent = now.network_tx_bytes.checked_sub(before.network_tx_bytes)?;
    let elapsed_ms = now.observed_at.millis_since(before.observed_at);
    if elapsed_ms == 0 || now.uptime_ms < before.uptime_ms {
        return None;
    }
    Some(lossy(received.saturating_add(sent).saturating_mul(1000) / elapsed_ms))
}

#[expect(clippy::cast_precision_loss, reason = "a sparkline has eight steps")]
fn lossy(value: u64) -> f32 {
    value as f32
}
