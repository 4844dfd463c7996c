//! One poller per account and kind of feed: asks when due, never twice at once, and says how it went every time.
//!
//! ```text
//!            due, refresh, push                    answer or deadline
//! waiting ───────────────────────► asking ─────────────────────────► waiting (interval or back-off)
//! ```
//!
//! Each poller is a task of its own, so a provider that hangs holds up nobody else. Must not: interpret what it reads.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rand::Rng;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cadence;
use super::focus::Attended;
use super::observation::Observation;
use super::panics::caught;
use super::policy::PollPolicy;
use super::shared::SharedFleet;
use crate::model::account::{Feed, FeedKind, Provider};
use crate::model::ids::AccountId;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;

/// Least time between two reads that pushes ask for: a database that changes all the time is read at this pace.
const PUSH_GAP: Duration = Duration::from_millis(500);

/// A read that took long is repeated no sooner than after this many times its duration: a panel with 10,000 servers is a
/// hundred requests, and polls must not eat the budget that runs need.
const REST_PER_READ: u32 = 4;

/// Something that can be asked again and again.
pub trait Source: Send + Sync + 'static {
    /// The account asked.
    fn account(&self) -> &AccountId;

    /// Its provider.
    fn provider(&self) -> Provider;

    /// What it is asked for.
    fn kind(&self) -> FeedKind;

    /// Reads everything once; `asked_at` is when the read began. Cancel-safe.
    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>>;

    /// Returns when something may have changed; waits for ever where the provider cannot tell. Cancel-safe.
    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(std::future::pending())
    }

    /// Requests left in the account's budget, where the provider says.
    fn budget_remaining(&self) -> Option<u32> {
        None
    }
}

/// One poller.
pub struct Poller {
    source: Arc<dyn Source>,
    fleet: Arc<SharedFleet>,
    policy: PollPolicy,
    attended: watch::Receiver<Attended>,
    refresh: Arc<Notify>,
    feed: Feed,
}

/// Where a poller's waiting stands.
struct Waiting {
    ended: Instant,
    due: Instant,
    /// Whether a push may still shorten this wait.
    is_listening: bool,
    /// Nothing was asked yet by this engine: what is remembered is of another one, and the first read is not put off.
    is_first: bool,
}

impl Poller {
    /// A poller that continues where `fleet` remembers this feed; `refresh` makes it ask at once.
    #[must_use]
    pub fn new(
        source: Arc<dyn Source>,
        fleet: Arc<SharedFleet>,
        policy: PollPolicy,
        refresh: Arc<Notify>,
    ) -> Self {
        let place = (source.account().clone(), source.kind());
        let remembered = fleet.read(|fleet| fleet.feeds.get(&place).cloned());
        let feed = remembered.unwrap_or_else(|| Feed {
            account: source.account().clone(),
            provider: source.provider(),
            kind: source.kind(),
            succeeded_at: None,
            attempted_at: None,
            next_at: None,
            interval_ms: 0,
            problem: None,
            failures: 0,
            budget_remaining: None,
            is_late: true,
        });
        let attended = fleet.attended();
        let poller = Self { source, fleet, policy, attended, refresh, feed };
        // Known from the start, so that whoever attaches first can wait for it.
        poller.publish();
        poller
    }

    /// Polls until `shutdown`; the first time after `first_after`.
    pub async fn run(mut self, first_after: Duration, shutdown: CancellationToken) {
        let now = Instant::now();
        let mut waiting = Waiting { ended: now, due: now + first_after, is_listening: false, is_first: true };
        self.feed.next_at = Some(self.fleet.now().plus_millis(millis(first_after)));
        self.feed.interval_ms = self.interval_ms();
        self.publish();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.wait(&mut waiting) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                wait = self.attempt() => {
                    let ended = Instant::now();
                    waiting = Waiting { ended, due: ended + wait, is_listening: true, is_first: false };
                }
            }
        }
    }

    /// Waits until it is time: due, asked to, pushed, or looked at.
    async fn wait(&mut self, waiting: &mut Waiting) {
        let source = Arc::clone(&self.source);
        let change = async { caught("listening", source.wait_for_change()).await.flatten() };
        tokio::pin!(change);
        let refresh = Arc::clone(&self.refresh);
        let overdue = self.until_overdue();
        tokio::pin!(overdue);
        let mut is_in_time = true;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(waiting.due) => return,
                () = &mut overdue, if is_in_time => {
                    is_in_time = false;
                    self.publish();
                }
                () = refresh.notified() => return,
                pushed = &mut change, if waiting.is_listening => {
                    waiting.is_listening = false;
                    // A push that broke is no reason to ask more often: polling stays the source of truth.
                    if pushed.is_ok() && self.feed.failures == 0 {
                        waiting.due = waiting.due.min(waiting.ended + PUSH_GAP);
                    }
                }
                changed = self.attended.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                    self.reschedule(waiting);
                }
            }
        }
    }

    /// The screens changed: the interval follows at once, also to the slower side. A back-off stays.
    fn reschedule(&mut self, waiting: &mut Waiting) {
        let interval_ms = self.interval_ms();
        if interval_ms == self.feed.interval_ms {
            return;
        }
        self.feed.interval_ms = interval_ms;
        if self.feed.failures == 0 && !waiting.is_first {
            waiting.due = waiting.ended + Duration::from_millis(self.wait_ms());
            let left = waiting.due.saturating_duration_since(Instant::now());
            self.feed.next_at = Some(self.fleet.now().plus_millis(millis(left)));
        }
        self.publish();
    }

    /// Asks once, publishes what came and how it went; returns how long to wait.
    async fn attempt(&mut self) -> Duration {
        let began = Instant::now();
        let deadline = Duration::from_millis(self.policy.attempt_deadline_ms);
        let (source, asked_at) = (Arc::clone(&self.source), self.fleet.now());
        // Called inside too: a source may panic before it returns its future.
        let read = caught("reading", async { source.read(asked_at).await });
        let read = tokio::time::timeout(deadline, read);
        tokio::pin!(read);
        let result = tokio::select! {
            result = &mut read => result,
            () = self.until_overdue() => {
                self.publish();
                read.await
            }
        };
        let result = result.unwrap_or_else(|_| Ok(Err(self.too_late()))).flatten();
        let now = self.fleet.now();
        let mut rest_ms = 0;
        match result {
            Ok(observations) => {
                rest_ms = millis(began.elapsed().saturating_mul(REST_PER_READ));
                self.feed.succeeded_at = Some(now);
                self.feed.failures = 0;
                self.feed.problem = None;
                for observation in observations {
                    self.fleet.observe(observation);
                }
            }
            Err(problem) => {
                tracing::warn!(account = %self.feed.account, kind = ?self.feed.kind, %problem, "a poll failed");
                self.feed.failures = self.feed.failures.saturating_add(1);
                self.feed.problem = Some(problem);
            }
        }
        self.feed.attempted_at = Some(now);
        self.feed.budget_remaining = self.source.budget_remaining();
        self.feed.interval_ms = self.interval_ms();
        let wait_ms = self.wait_ms().max(rest_ms);
        self.feed.next_at = Some(now.plus_millis(wait_ms));
        self.publish();
        Duration::from_millis(wait_ms)
    }

    /// Waits until the last good answer is overdue, which screens must hear of; for ever where they know, or see why.
    fn until_overdue(&self) -> impl Future<Output = ()> + use<> {
        let now = self.fleet.now();
        let is_known = self.feed.problem.is_some() || self.feed.is_overdue(now);
        let after = self.feed.interval_ms.saturating_mul(2).saturating_add(1);
        let at = self.feed.succeeded_at.filter(|_| !is_known).map(|at| at.plus_millis(after));
        let wait = at.map(|at| Duration::from_millis(at.millis_since(now)));
        async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        }
    }

    fn too_late(&self) -> Problem {
        Problem {
            kind: ProblemKind::Timeout,
            fault: Fault::Provider,
            retry: Retry::Backoff,
            effect: Effect::None,
            message: format!("{} gave no complete answer in time", self.feed.account),
            advice: String::new(),
        }
    }

    fn interval_ms(&mut self) -> u64 {
        let attention = self.attended.borrow_and_update().attention(self.feed.provider, self.feed.kind);
        cadence::interval_ms(&self.policy, self.feed.kind, attention)
    }

    fn wait_ms(&self) -> u64 {
        let Feed { interval_ms, failures, problem, .. } = &self.feed;
        cadence::wait_ms(&self.policy, *interval_ms, *failures, problem.as_ref(), rand::rng().random())
    }

    fn publish(&self) {
        self.fleet.observe(Observation::Feed(Box::new(self.feed.clone())));
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
