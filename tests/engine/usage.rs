//! Live use: only what is on screen, in turn, spaced; samples reach the screens that show them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use quarterdeck::engine::policy::{PollPolicy, ReconcilePolicy};
use quarterdeck::engine::state::{Observation, SharedFleet, SubscriptionEvent};
use quarterdeck::engine::usage::{UsagePoller, UsageSource};
use quarterdeck::model::account::FeedKind;
use quarterdeck::model::fleet::{Change, Fleet, Metric, SeriesKey, SeriesOwner};
use quarterdeck::model::ids::AccountId;
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::request::{Focus, Tab};
use quarterdeck::model::server::{PowerState, Usage};
use quarterdeck::model::time::Clock;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::polling::{RuntimeClock, pass};
use crate::things::{START, server, server_key};

struct Daemons {
    account: AccountId,
    clock: Arc<RuntimeClock>,
    asked: Mutex<BTreeMap<String, Vec<Instant>>>,
    problem: Mutex<Option<Problem>>,
}

impl UsageSource for Daemons {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn resources<'a>(&'a self, uuid: &'a str) -> BoxFuture<'a, Result<(PowerState, Option<Usage>), Problem>> {
        let mut asked = self.asked.lock().expect("whole");
        let times = asked.entry(uuid.to_owned()).or_default();
        times.push(Instant::now());
        let bytes = times.len() as u64 * 20_000;
        let at = self.clock.now();
        let problem = self.problem.lock().expect("whole").clone();
        Box::pin(async move {
            // The daemon of server 9 never answers.
            if uuid.ends_with("09") {
                std::future::pending::<()>().await;
            }
            let usage = Usage {
                cpu_percent: 50.0,
                memory_bytes: 1_000,
                disk_bytes: 0,
                network_rx_bytes: bytes,
                network_tx_bytes: bytes,
                uptime_ms: at.millis_since(START) + 1,
                observed_at: at,
            };
            problem.map_or(Ok((PowerState::Running, Some(usage))), Err)
        })
    }

    fn budget_remaining(&self) -> Option<u32> {
        None
    }
}

struct Stage {
    fleet: Arc<SharedFleet>,
    daemons: Arc<Daemons>,
}

impl Stage {
    fn new(servers: u32) -> Self {
        let clock = RuntimeClock::start();
        let fleet = SharedFleet::new(ReconcilePolicy::default(), Arc::clone(&clock) as Arc<dyn Clock>);
        let servers = (0..servers).map(|id| server(id, None, START)).collect();
        fleet.observe(Observation::Servers { account: "panel".into(), asked_at: START, servers });
        let daemons = Arc::new(Daemons {
            account: "panel".into(),
            clock,
            asked: Mutex::default(),
            problem: Mutex::default(),
        });
        let source: Arc<dyn UsageSource> = Arc::clone(&daemons) as Arc<dyn UsageSource>;
        let poller = UsagePoller::new(source, Arc::clone(&fleet), None, PollPolicy::default());
        tokio::spawn(poller.run(CancellationToken::new()));
        Self { fleet, daemons }
    }

    fn look_at(&self, client: u64, servers: impl IntoIterator<Item = u32>) {
        let servers = servers.into_iter().map(server_key).collect();
        self.fleet.set_focus(client, Focus { tab: Tab::Nodes, servers, ..Focus::default() });
    }

    fn asked(&self) -> BTreeMap<String, Vec<Instant>> {
        self.daemons.asked.lock().expect("whole").clone()
    }
}

#[tokio::test(start_paused = true)]
async fn only_servers_on_screen_are_asked_and_each_at_most_every_twenty_seconds() {
    let stage = Stage::new(100);
    pass(60_000).await;
    assert!(stage.asked().is_empty(), "nobody looks");
    stage.look_at(1, 20..30);
    pass(61_000).await;
    let asked = stage.asked();
    assert_eq!(asked.len(), 10);
    for times in asked.values() {
        assert!(times.len() >= 3, "asked again and again: {times:?}");
        let gaps = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis());
        assert!(gaps.into_iter().all(|gap| gap >= 20_000), "{times:?}");
    }
    stage.look_at(1, []);
    pass(1_000).await;
    let before: usize = stage.asked().values().map(Vec::len).sum();
    pass(60_000).await;
    assert_eq!(stage.asked().values().map(Vec::len).sum::<usize>(), before);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_never_answers_holds_up_only_its_own_server() {
    let stage = Stage::new(20);
    stage.look_at(1, 5..12);
    pass(45_000).await;
    let asked = stage.asked();
    assert_eq!(asked.len(), 7);
    for (uuid, times) in asked {
        let expected = if uuid.ends_with("09") { 1..=1 } else { 2..=3 };
        assert!(expected.contains(&times.len()), "{uuid}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn samples_go_to_the_screens_that_show_them_and_usage_to_everyone() {
    let stage = Stage::new(3);
    stage.look_at(1, [1]);
    stage.look_at(2, [2]);
    let mut first = stage.fleet.subscribe(1);
    let mut mirror = Fleet::default();
    let reading = async {
        loop {
            if let SubscriptionEvent::Changes { changes, .. } = first.next().await {
                changes.iter().cloned().for_each(|change: Change| mirror.apply(change));
            }
        }
    };
    // The reader never ends by itself: the paused clock does it.
    let _elapsed = tokio::time::timeout(std::time::Duration::from_secs(50), reading).await;
    assert_eq!(mirror.servers[&server_key(2)].power, PowerState::Running);
    let owners: Vec<&SeriesOwner> = mirror.series.keys().map(|key| &key.owner).collect();
    assert!(owners.iter().all(|owner| **owner == SeriesOwner::Server(server_key(1))), "{owners:?}");
    let network =
        SeriesKey { owner: SeriesOwner::Server(server_key(1)), metric: Metric::NetworkBytesPerSecond };
    let rate = mirror.series[&network].last().expect("two readings give a rate").value;
    assert!((1_900.0..2_001.0).contains(&rate), "40 kB in a bit more than 20 s: {rate}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_makes_the_whole_feed_fail_and_slow_down() {
    let stage = Stage::new(10);
    let refused =
        Problem { kind: ProblemKind::Unauthenticated, ..Problem::refused("the key was refused", "") };
    *stage.daemons.problem.lock().expect("whole") = Some(refused);
    stage.look_at(1, 0..10);
    pass(60_000).await;
    let feed = stage.fleet.read(|fleet| fleet.feeds[&("panel".into(), FeedKind::Usage)].clone());
    assert!(feed.problem.is_some());
    let asked: usize = stage.asked().values().map(Vec::len).sum();
    assert!(asked < 15, "backed off, not {asked} questions in a minute");
}
