//! An engine in a process of its own that is told what time it is: it can be stopped in order, or really killed.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use quarterdeck::engine::handle::{Caller, EngineHandle};
use quarterdeck::engine::policy::Cadence;
use quarterdeck::engine::start;
use quarterdeck::engine::subscription::Subscription;
use quarterdeck::model::account::FeedKind;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::balance_view::BalanceView;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::request::{CreditsHistory, Reply, Request};
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::lab::{DEADLINE, a_cent, setup};

/// Set in the child only: what it is started with, as JSON.
const ORDERS: &str = "QUARTERDECK_TEST_MONTH_ENGINE";

/// Answers stand in lines that begin so; everything else is the test harness's.
const ANSWER: &str = "answer ";

/// Longer than any test: polls happen when they are asked for.
const NEVER_MS: u64 = 3_600_000;

/// Readings further apart are a gap. Longer than an engine's own, so that a month needs fewer polls; the rules are the same.
pub const GAP_AFTER_MS: u64 = 30 * 60_000;

/// Between two looks at what depends on the clock, milliseconds of the process: some in every simulated hour.
const TICK_MS: u64 = 20;

/// What an engine is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    pub folder: String,
    pub url: String,
    pub token: String,
    /// What the engine believes a GiB and hour costs, in hundredths of a credit.
    pub price_hundredths: i64,
    pub now: Timestamp,
}

/// What it is asked.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    /// It is so late: poll, and show the balances.
    Read(Timestamp),
    /// It is so late: poll in vain.
    Fail(Timestamp),
    /// Spend of a balance.
    History { balance: BalanceKey, from: Timestamp, to: Timestamp, points: u32 },
    /// End in order.
    Stop,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Views(Vec<BalanceView>),
    History(Box<CreditsHistory>),
    Done,
}

/// The process.
pub struct Engine {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Engine {
    /// Starts one over a folder.
    pub fn start(start: &Start) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("the test binary"))
            .args(["--exact", "month::engine::child_engine_that_is_told_the_time", "--nocapture"])
            .env(ORDERS, serde_json::to_string(start).expect("JSON"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, orders, answers }
    }

    fn ask(&mut self, order: &Order) -> Answer {
        let order = serde_json::to_string(order).expect("JSON");
        self.orders.write_all(format!("{order}\n").as_bytes()).expect("the engine listens");
        loop {
            let line = self.answers.next().expect("an answer before its end").expect("text");
            if let Some(answer) = line.strip_prefix(ANSWER) {
                return serde_json::from_str(answer).expect("an answer");
            }
        }
    }

    /// Polls now and returns what is shown.
    pub fn read(&mut self, now: Timestamp) -> Vec<BalanceView> {
        match self.ask(&Order::Read(now)) {
            Answer::Views(views) => views,
            other => panic!("{other:?}"),
        }
    }

    /// Polls now; every request fails.
    pub fn fail(&mut self, now: Timestamp) {
        self.ask(&Order::Fail(now));
    }

    /// Spend of a balance.
    pub fn history(
        &mut self,
        balance: BalanceKey,
        from: Timestamp,
        to: Timestamp,
        points: u32,
    ) -> CreditsHistory {
        match self.ask(&Order::History { balance, from, to, points }) {
            Answer::History(history) => *history,
            other => panic!("{other:?}"),
        }
    }

    /// Ends it in order.
    pub fn stop(mut self) {
        self.ask(&Order::Stop);
        assert!(self.child.wait().expect("it ended").success());
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ended");
    }
}

/// The child. Does nothing in an ordinary test run. One thread: while it waits for an order the engine stands still, too.
#[tokio::test(flavor = "current_thread")]
async fn child_engine_that_is_told_the_time() {
    let Ok(start) = std::env::var(ORDERS) else { return };
    obey(serde_json::from_str(&start).expect("orders")).await;
}

async fn obey(told: Start) {
    let clock = Arc::new(ManualClock::at(told.now));
    let shared: Arc<dyn Clock> = clock.clone();
    let mut setup = setup(Path::new(&told.folder), &told.url, &told.token, shared, a_cent());
    let never =
        Cadence { running_ms: NEVER_MS, visible_ms: NEVER_MS, background_ms: NEVER_MS, idle_ms: NEVER_MS };
    setup.policy.polling.credits = never;
    setup.policy.polling.servers = never;
    setup.policy.polling.jitter_percent = 0;
    setup.money.policy.tick_ms = TICK_MS;
    setup.money.policy.gap_after_ms = GAP_AFTER_MS;
    setup.money.pricing.per_gib_hour = Decimal::new(told.price_hundredths, 2);
    let (handle, task) = start(setup).await.expect("an engine");
    let caller =
        Caller { operator: "ann@bastion".into(), origin: "cli".to_owned(), is_read_only: true, client: 1 };
    let mut changes = handle.subscribe(&caller);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let order: Order = serde_json::from_str(&line).expect("an order");
        if let Order::Read(now) | Order::Fail(now) = &order {
            clock.advance_millis(now.0 - clock.now().0);
            handle.request(&caller, Request::Refresh).await.expect("asked");
        }
        match order {
            Order::Read(now) => {
                balances_are_read(&handle, &mut changes, now).await;
                until("a reading", &handle, |fleet| is_read(fleet, now)).await;
                answer(&Answer::Views(
                    handle.fleet().read(|fleet| fleet.balances.values().cloned().collect()),
                ));
            }
            Order::Fail(now) => {
                until("a failure", &handle, |fleet| is_failed(fleet, now)).await;
                answer(&Answer::Done);
            }
            Order::History { balance, from, to, points } => {
                let request = Request::CreditsHistory { balance, from, to, points };
                let Ok(Reply::CreditsHistory(history)) = handle.request(&caller, request).await else {
                    panic!("no history")
                };
                answer(&Answer::History(history));
            }
            Order::Stop => break,
        }
    }
    handle.shut_down();
    task.stopped().await;
    answer(&Answer::Done);
}

/// Waits until the balances were told anew: every reading is.
async fn balances_are_read(handle: &EngineHandle, changes: &mut Subscription, now: Timestamp) {
    let reading = async {
        while !handle.fleet().read(|fleet| are_balances_of(fleet, now)) {
            changes.next().await;
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("balances");
}

fn are_balances_of(fleet: &Fleet, now: Timestamp) -> bool {
    !fleet.balances.is_empty() && fleet.balances.values().all(|view| view.balance.observed_at >= now)
}

/// Looks at the engine until something is so: a poll that finds nothing changed is not told to consoles.
async fn until(what: &str, handle: &EngineHandle, is_enough: impl Fn(&Fleet) -> bool) {
    let asking = async {
        while !handle.fleet().read(&is_enough) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect(what);
}

fn feeds_are(fleet: &Fleet, is_so: impl Fn(&quarterdeck::model::account::Feed) -> bool) -> bool {
    [FeedKind::Credits, FeedKind::Servers]
        .into_iter()
        .all(|kind| fleet.feeds.get(&("exa".into(), kind)).is_some_and(&is_so))
}

fn is_read(fleet: &Fleet, now: Timestamp) -> bool {
    are_balances_of(fleet, now)
        && feeds_are(fleet, |feed| feed.problem.is_none() && feed.succeeded_at >= Some(now))
}

fn is_failed(fleet: &Fleet, now: Timestamp) -> bool {
    feeds_are(fleet, |feed| feed.problem.is_some() && feed.attempted_at >= Some(now))
}

fn answer(answer: &Answer) {
    let answer = serde_json::to_string(answer).expect("JSON");
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{ANSWER}{answer}\n").as_bytes()).expect("a listener");
    out.flush().expect("a listener");
}
