//! Pollers under a paused clock: cadence, back-off, refresh, push, and one that hangs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use quarterdeck::engine::policy::{PollPolicy, ReconcilePolicy};
use quarterdeck::engine::poll::{Poller, Source};
use quarterdeck::engine::state::{Observation, SharedFleet};
use quarterdeck::model::account::{Feed, FeedKind, Freshness, Provider};
use quarterdeck::model::ids::AccountId;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{Focus, Tab};
use quarterdeck::model::time::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::things::{START, server};

/// A clock that goes with the runtime's paused time.
pub struct RuntimeClock(Instant);

impl RuntimeClock {
    pub fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        START.plus_millis(u64::try_from(self.0.elapsed().as_millis()).expect("a short test"))
    }
}

/// How a fake answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Good,
    Failing,
    Hanging,
    /// Good, after ten seconds.
    Slow,
    /// A bug of ours.
    Panicking,
}

struct Fake {
    account: AccountId,
    kind: FeedKind,
    mood: Mutex<Mood>,
    asked: Mutex<Vec<Instant>>,
    under_way: AtomicU32,
    pushed: Notify,
}

impl Fake {
    fn new(account: &str, kind: FeedKind, mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            account: account.into(),
            kind,
            mood: Mutex::new(mood),
            asked: Mutex::default(),
            under_way: AtomicU32::new(0),
            pushed: Notify::new(),
        })
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("whole").len()
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().expect("whole") = mood;
    }
}

impl Source for Fake {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn provider(&self) -> Provider {
        Provider::Pterodactyl
    }

    fn kind(&self) -> FeedKind {
        self.kind
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        assert_eq!(self.under_way.fetch_add(1, Ordering::SeqCst), 0, "refreshes never overlap");
        self.asked.lock().expect("whole").push(Instant::now());
        let mood = *self.mood.lock().expect("whole");
        Box::pin(async move {
            if mood == Mood::Slow {
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            let result = match mood {
                Mood::Good | Mood::Slow => {
                    let servers = vec![server(1, None, asked_at)];
                    Ok(vec![Observation::Servers { account: self.account.clone(), asked_at, servers }])
                }
                Mood::Panicking => {
                    self.under_way.fetch_sub(1, Ordering::SeqCst);
                    assert_ne!(mood, Mood::Panicking, "provoked");
                    Ok(Vec::new())
                }
                Mood::Failing => Err(Problem::not_found("the panel is away")),
                Mood::Hanging => {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                    Err(Problem::not_found("it hung"))
                }
            };
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            result
        })
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async {
            self.pushed.notified().await;
            Ok(())
        })
    }
}

struct Stage {
    fleet: Arc<SharedFleet>,
    refresh: Arc<Notify>,
    shutdown: CancellationToken,
    policy: PollPolicy,
}

impl Stage {
    fn new() -> Self {
        let policy = PollPolicy { jitter_percent: 0, ..PollPolicy::default() };
        Self {
            fleet: SharedFleet::new(ReconcilePolicy::default(), RuntimeClock::start()),
            refresh: Arc::new(Notify::new()),
            shutdown: CancellationToken::new(),
            policy,
        }
    }

    fn poll(&self, source: &Arc<Fake>) -> tokio::task::JoinHandle<()> {
        let source: Arc<dyn Source> = Arc::clone(source) as Arc<dyn Source>;
        let poller =
            Poller::new(source, Arc::clone(&self.fleet), self.policy.clone(), Arc::clone(&self.refresh));
        tokio::spawn(poller.run(Duration::ZERO, self.shutdown.clone()))
    }

    fn look_at(&self, tab: Tab) {
        self.fleet.set_focus(1, Focus { tab, ..Focus::default() });
    }

    fn feed(&self, fake: &Fake) -> Feed {
        self.fleet.read(|fleet| fleet.feeds[&(fake.account.clone(), fake.kind)].clone())
    }
}

/// Lets the paused clock go on; nothing really waits.
pub async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_at_is_asked_faster_and_the_change_counts_at_once() {
    let stage = Stage::new();
    let fake = Fake::new("panel", FeedKind::Servers, Mood::Good);
    stage.poll(&fake);
    pass(600_001).await;
    assert_eq!(fake.asked(), 6, "nobody is attached: at 0 s and every 120 s");
    stage.look_at(Tab::Orders);
    pass(300_000).await;
    let background = fake.asked() - 6;
    assert!((10..=11).contains(&background), "another tab: every 30 s, not {background}");
    stage.look_at(Tab::Nodes);
    let before = fake.asked();
    pass(300_000).await;
    let visible = fake.asked() - before;
    assert!((20..=21).contains(&visible), "on screen: every 15 s, not {visible}");
    assert_eq!(stage.feed(&fake).interval_ms, 15_000);
    stage.fleet.forget_client(1);
    let before = fake.asked();
    pass(300_000).await;
    let idle = fake.asked() - before;
    assert!((2..=3).contains(&idle), "gone again: every 120 s, not {idle}");
}

#[tokio::test(start_paused = true)]
async fn what_another_engine_read_does_not_put_off_the_first_read() {
    let stage = Stage::new();
    let fake = Fake::new("panel", FeedKind::Nodes, Mood::Good);
    stage.fleet.observe(Observation::Feed(Box::new(Feed {
        account: fake.account.clone(),
        provider: Provider::Pterodactyl,
        kind: fake.kind,
        succeeded_at: Some(START),
        attempted_at: Some(START),
        next_at: None,
        interval_ms: 300_000,
        problem: None,
        failures: 0,
        budget_remaining: None,
        is_late: true,
    })));
    let poller = Poller::new(
        Arc::clone(&fake) as Arc<dyn Source>,
        Arc::clone(&stage.fleet),
        stage.policy.clone(),
        Arc::clone(&stage.refresh),
    );
    tokio::spawn(poller.run(Duration::from_millis(500), stage.shutdown.clone()));
    pass(100).await;
    stage.look_at(Tab::Orders);
    pass(500).await;
    assert_eq!(
        fake.asked(),
        1,
        "a console that comes during the stagger changes nothing about the first read"
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_that_panics_is_a_failed_feed_and_the_poller_goes_on() {
    let stage = Stage::new();
    let fake = Fake::new("panel", FeedKind::Servers, Mood::Good);
    let poller = stage.poll(&fake);
    pass(1).await;
    fake.set(Mood::Panicking);
    stage.refresh.notify_one();
    pass(1).await;
    let feed = stage.feed(&fake);
    assert_eq!(feed.freshness(stage.fleet.now()), Freshness::Failed);
    let problem = feed.problem.expect("a problem");
    assert!(problem.message.contains("panic") && !problem.message.contains("provoked"), "{problem}");
    assert_eq!(stage.fleet.read(|fleet| fleet.servers.len()), 1, "what was read stays");
    fake.set(Mood::Good);
    pass(600_000).await;
    assert_eq!(stage.feed(&fake).problem, None, "the next good read ends it");
    assert!(!poller.is_finished());
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_to_the_ceiling_keep_the_rows_and_say_so_every_time() {
    let stage = Stage::new();
    let fake = Fake::new("panel", FeedKind::Servers, Mood::Good);
    stage.look_at(Tab::Nodes);
    stage.poll(&fake);
    pass(1).await;
    fake.set(Mood::Failing);
    let mut failures = Vec::new();
    while failures.len() < 8 {
        let before = fake.asked();
        while fake.asked() == before {
            pass(500).await;
        }
        pass(1).await;
        let feed = stage.feed(&fake);
        assert_eq!(stage.fleet.read(|fleet| fleet.servers.len()), 1, "a failed poll removes nothing");
        assert_eq!(feed.freshness(stage.fleet.now()), Freshness::Failed);
        assert_eq!(feed.succeeded_at, Some(START), "the last good answer keeps its time");
        failures.push(feed.failures);
    }
    assert_eq!(failures, [1, 2, 3, 4, 5, 6, 7, 8]);
    let asked = fake.asked.lock().expect("whole").clone();
    let waits: Vec<u64> = asked.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert_eq!(waits, [15, 15, 30, 60, 120, 240, 300, 300], "doubling, then the ceiling, never giving up");
    fake.set(Mood::Good);
    stage.refresh.notify_one();
    pass(1).await;
    let feed = stage.feed(&fake);
    assert_eq!((feed.failures, feed.problem), (0, None));
}

#[tokio::test(start_paused = true)]
async fn refresh_asks_now_and_a_push_wakes_the_poller_but_not_more_often_than_sense() {
    let stage = Stage::new();
    let fake = Fake::new("shop", FeedKind::Orders, Mood::Good);
    stage.poll(&fake);
    pass(1_000).await;
    assert_eq!(fake.asked(), 1);
    stage.refresh.notify_one();
    pass(1).await;
    assert_eq!(fake.asked(), 2);
    fake.pushed.notify_one();
    pass(600).await;
    assert_eq!(fake.asked(), 3, "the database said that something changed");
    for _ in 0..100 {
        fake.pushed.notify_one();
        pass(10).await;
    }
    let asked = fake.asked();
    assert!((4..=6).contains(&asked), "a hundred pushes in a second are read about twice, not {asked}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_for_a_minute_holds_up_nobody_else() {
    let stage = Stage::new();
    stage.look_at(Tab::Nodes);
    let hanging = Fake::new("dead", FeedKind::Servers, Mood::Hanging);
    let good = Fake::new("panel", FeedKind::Servers, Mood::Good);
    stage.poll(&hanging);
    stage.poll(&good);
    pass(59_000).await;
    assert_eq!(hanging.asked(), 1, "still waiting for its first answer");
    assert_eq!(good.asked(), 4, "0, 15, 30 and 45 s");
    assert_eq!(stage.feed(&hanging).freshness(stage.fleet.now()), Freshness::Never);
    assert_eq!(stage.feed(&good).freshness(stage.fleet.now()), Freshness::Fresh);
    pass(2_000).await;
    assert_eq!(stage.feed(&hanging).freshness(stage.fleet.now()), Freshness::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_takes_long_is_repeated_less_often() {
    let stage = Stage::new();
    stage.look_at(Tab::Nodes);
    let slow = Fake::new("panel", FeedKind::Servers, Mood::Slow);
    stage.poll(&slow);
    pass(101_000).await;
    assert_eq!(slow.asked(), 3, "at 0, 50 and 100 s: 10 s of reading, then 40 s of rest");
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_a_poller_in_the_middle_of_a_question() {
    let stage = Stage::new();
    let hanging = Fake::new("dead", FeedKind::Servers, Mood::Hanging);
    let poller = stage.poll(&hanging);
    pass(10).await;
    stage.shutdown.cancel();
    poller.await.expect("ends");
    assert_eq!(hanging.asked(), 1);
}
