//! A month of a small site: seeded events at odd moments, polls that are asked for, and the bill beside what is shown.
//!
//! Time moves in steps of the cadence that the engine has while somebody looks. A poll that would find nothing changed is
//! left out as long as the readings stay closer than a gap: between them spend is even, so it would tell nothing new.

use std::collections::BTreeMap;
use std::sync::Arc;

use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::providers::exaroton::{ExarotonClient, ExarotonSettings};
use quarterdeck::sim::exaroton::{Charge, ChargeKind, ExarotonSim, ExarotonSimOptions, PayerId, ServerView};
use quarterdeck::sim::{DEFAULT_START, Fault};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::check::{Billed, Followed, Verdict};
use super::engine::{Engine, Start};
use crate::lab::{HOUR, MINUTE, account};

/// The cadence of a list that somebody looks at.
const STEP: i64 = 30_000;
/// The longest time between two polls that succeed: shorter than a gap.
const SLOWEST: i64 = 25 * MINUTE;
/// While polls are lost what is shown is held against the truth this often.
const LOOKED_AT_EVERY: i64 = 10 * MINUTE;
/// And the engine tries this often.
const TRIED_EVERY: i64 = 40 * MINUTE;
/// An account is topped up when it has less than this.
const TOP_UP_BELOW: i64 = 500;

/// What is lived.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub days: u32,
    /// What the engine believes a GiB and hour costs, hundredths of a credit; 100 is the truth.
    pub price_hundredths: i64,
    /// Whether the bill is falsified: one charge is left out of it.
    pub misses_a_charge: bool,
}

impl Plan {
    /// Two days as they are.
    pub fn of(seed: u64) -> Self {
        Self { seed, days: 2, price_hundredths: 100, misses_a_charge: false }
    }
}

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    Crash,
    StartFromOutside,
    MemoryChanged,
    TopUp,
    PoolTopUp,
    /// For so long.
    PollsLost(i64),
    EngineStopped(i64),
    EngineKilled(i64),
}

/// How often each happens, and for how long at most: hours of the month between two, on average; minutes.
const EVENTS: [(i64, i64, Event); 8] = [
    (20, 0, Event::Crash),
    (7, 0, Event::StartFromOutside),
    (30, 0, Event::MemoryChanged),
    (12, 0, Event::TopUp),
    (50, 0, Event::PoolTopUp),
    (40, 9 * 60, Event::PollsLost(0)),
    (60, 6 * 60, Event::EngineStopped(0)),
    (50, 3 * 60, Event::EngineKilled(0)),
];

/// Whether anybody reads.
enum Watch {
    /// The engine polls.
    On,
    /// Polls fail until then.
    Lost { until: Timestamp, tried_at: Timestamp },
    /// No engine runs until then.
    Off { until: Timestamp },
}

/// A life.
pub struct Life {
    plan: Plan,
    sim: ExarotonSim,
    clock: Arc<ManualClock>,
    client: ExarotonClient,
    dir: TempDir,
    random: SmallRng,
    engine: Option<Engine>,
    watch: Watch,
    events: Vec<(Timestamp, Event)>,
    followed: BTreeMap<BalanceKey, Followed>,
    read_at: Timestamp,
    /// What burnt when it was read last.
    burning: Vec<(String, u32)>,
    looked_at: Timestamp,
    verdict: Verdict,
}

impl Life {
    /// The small world, an engine over it, and everything that will happen.
    pub async fn begin(plan: Plan) -> Self {
        let clock = Arc::new(ManualClock::at(DEFAULT_START));
        let shared: Arc<dyn Clock> = clock.clone();
        let options = ExarotonSimOptions {
            seed: plan.seed,
            clock: Some(Arc::clone(&shared)),
            is_eventful: true,
            ..ExarotonSimOptions::default()
        };
        let sim = ExarotonSim::start(options).await.expect("a simulator");
        let settings = ExarotonSettings::new("exa".into(), sim.url(), sim.token().to_owned().into());
        let client = ExarotonClient::new(settings, shared).expect("a client");
        let mut random = SmallRng::seed_from_u64(plan.seed);
        let events = events(&mut random, plan.days);
        let mut life = Self {
            plan,
            sim,
            clock,
            client,
            dir: tempfile::tempdir().expect("a folder"),
            random,
            engine: None,
            watch: Watch::On,
            events,
            followed: BTreeMap::new(),
            read_at: DEFAULT_START,
            burning: Vec::new(),
            looked_at: DEFAULT_START,
            verdict: Verdict::default(),
        };
        // One that never stops by itself: most of what is spent.
        if let Some(server) = life.sim.world().server("hardcore") {
            life.sim.world().set_auto_stop(&server.id, None);
            life.sim.world().start_from_outside(&server.id);
        }
        // Two that never run: their storage is charged whole, to the account and to the pool.
        let (world, account) = (life.sim.world(), life.sim.account_id().to_owned());
        let pool = world.pools().into_iter().next().map(|(id, _)| id);
        for (pool, name) in [(None, "archive"), (pool, "club-archive")] {
            world.add_server(name, 2, &account, pool, 8);
        }
        life.start_engine();
        life
    }

    /// Lives it to its end.
    pub async fn live(mut self) -> Verdict {
        let end = DEFAULT_START.plus_millis(u64::from(self.plan.days) * 24 * 3_600_000);
        self.read(false);
        while self.clock.now() < end {
            let next = Timestamp(self.clock.now().0 + STEP);
            while let Some((at, event)) = self.events.pop_if(|(at, _)| *at <= next) {
                self.clock.advance_millis((at.0 - self.clock.now().0).max(0));
                self.happen(event).await;
            }
            self.clock.advance_millis((next.0 - self.clock.now().0).max(0));
            self.watch();
        }
        self.finish()
    }

    /// One step of whoever watches.
    fn watch(&mut self) {
        let now = self.clock.now();
        let servers = self.sim.world().servers();
        let stops = |server: &&ServerView| server.auto_stop_at.is_some_and(|at| at.0 < now.0 + STEP);
        servers.iter().filter(stops).for_each(|_| self.verdict.count("auto-stop"));
        match self.watch {
            Watch::On => {
                let is_due = now.0 - self.read_at.0 >= SLOWEST;
                if is_due || self.burning != burning(&servers) {
                    self.read(true);
                }
            }
            Watch::Lost { until, .. } if now >= until => {
                // The engine's clock comes first: what it reads when polls succeed again is of this moment.
                self.fail();
                self.sim.faults().clear();
                self.read(false);
            }
            Watch::Lost { tried_at, .. } if now.0 - tried_at.0 >= TRIED_EVERY => self.fail(),
            Watch::Off { until } if now >= until => {
                self.start_engine();
                self.read(false);
            }
            Watch::Lost { .. } | Watch::Off { .. } => {}
        }
        if !matches!(self.watch, Watch::On) && now.0 - self.looked_at.0 >= LOOKED_AT_EVERY {
            self.looked_at = now;
            for (key, followed) in &self.followed {
                let billed = billed(&self.sim, self.plan, key);
                self.verdict.must(followed.is_within_bounds(billed, now));
            }
        }
    }

    fn start_engine(&mut self) {
        self.engine = Some(Engine::start(&Start {
            folder: self.dir.path().display().to_string(),
            url: self.sim.url(),
            token: self.sim.token().to_owned(),
            price_hundredths: self.plan.price_hundredths,
            now: self.clock.now(),
        }));
    }

    /// A poll that succeeds, held against the bill.
    fn read(&mut self, is_healthy: bool) {
        let now = self.clock.now();
        let Some(engine) = &mut self.engine else { return };
        let views = engine.read(now);
        self.verdict.count("read");
        for view in views {
            let key = view.balance.key.clone();
            let billed = billed(&self.sim, self.plan, &key);
            match self.followed.get_mut(&key) {
                Some(followed) => self.verdict.must(followed.read(view, billed, is_healthy)),
                None => drop(self.followed.insert(key, Followed::new(view, billed))),
            }
        }
        self.watch = Watch::On;
        self.read_at = now;
        self.burning = burning(&self.sim.world().servers());
    }

    /// A poll that fails.
    fn fail(&mut self) {
        let now = self.clock.now();
        if let Some(engine) = &mut self.engine {
            engine.fail(now);
        }
        if let Watch::Lost { tried_at, .. } = &mut self.watch {
            *tried_at = now;
        }
    }

    async fn happen(&mut self, event: Event) {
        let world = self.sim.world();
        match event {
            Event::Crash => {
                let online: Vec<ServerView> =
                    world.servers().into_iter().filter(|server| server.status == 1).collect();
                if let Some(server) = self.one_of(&online) {
                    world.crash(&server.id);
                    self.verdict.count("crash");
                }
            }
            Event::StartFromOutside => {
                let stopped = self.stopped();
                if let Some(server) = self.one_of(&stopped)
                    && world.start_from_outside(&server.id)
                {
                    self.verdict.count("started from outside");
                }
            }
            // Somebody else's change while nobody can read is beyond what anybody can show.
            Event::MemoryChanged if matches!(self.watch, Watch::On) => self.change_memory().await,
            Event::MemoryChanged => {}
            Event::TopUp => {
                let payer = PayerId::Account(self.sim.account_id().to_owned());
                let is_seen = matches!(self.watch, Watch::On);
                let is_first = is_seen && !self.verdict.has_seen("topped up");
                if !is_seen || is_first || world.balance(&payer) < Decimal::from(TOP_UP_BELOW) {
                    world.top_up(&payer, 1_000 * self.random.random_range(1..=2));
                    self.verdict.count(if is_seen { "topped up" } else { "topped up unseen" });
                }
            }
            Event::PoolTopUp => {
                if let Some((pool, _)) = world.pools().into_iter().next() {
                    world.top_up(&PayerId::Pool(pool), self.random.random_range(40..200));
                    self.verdict.count("pool topped up");
                }
            }
            Event::PollsLost(for_ms) => self.lose_polls(for_ms),
            Event::EngineStopped(for_ms) => self.end_engine(for_ms, false),
            Event::EngineKilled(for_ms) => self.end_engine(for_ms, true),
        }
    }

    /// Ours only: what others share is not ours to pay.
    fn stopped(&self) -> Vec<ServerView> {
        let own = self.sim.account_id().to_owned();
        let is_ours = |server: &ServerView| server.owner == own && !server.name.contains("archive");
        let is_stopped = |server: &ServerView| matches!(server.status, 0 | 7);
        self.sim
            .world()
            .servers()
            .into_iter()
            .filter(|server| is_ours(server) && is_stopped(server))
            .collect()
    }

    fn one_of<'a>(&mut self, servers: &'a [ServerView]) -> Option<&'a ServerView> {
        if servers.is_empty() { None } else { servers.get(self.random.random_range(0..servers.len())) }
    }

    /// A stopped server gets other memory and is started, as an operator does it.
    async fn change_memory(&mut self) {
        let stopped = self.stopped();
        let Some(server) = self.one_of(&stopped) else { return };
        let ram_gib = self.random.random_range(2..=10);
        self.client.set_ram(&server.id, ram_gib).await.expect("changed");
        self.sim.world().start_from_outside(&server.id);
        self.verdict.count("memory changed");
    }

    fn lose_polls(&mut self, for_ms: i64) {
        if !matches!(self.watch, Watch::On) {
            return;
        }
        let faults = [
            Fault::FailBefore(500),
            Fault::DropBefore,
            Fault::Html,
            Fault::MalformedJson,
            Fault::TooMany { retry_after_s: 1 },
        ];
        let fault = faults[self.random.random_range(0..faults.len())];
        self.sim.faults().times("*", "/", fault, u32::MAX);
        let now = self.clock.now();
        self.watch = Watch::Lost { until: Timestamp(now.0 + for_ms), tried_at: now };
        self.verdict.count("polls lost");
        self.top_up_within(for_ms);
    }

    /// Every third time that nobody can read somebody tops up.
    fn top_up_within(&mut self, for_ms: i64) {
        if self.random.random_ratio(1, 3) {
            self.events.push((Timestamp(self.clock.now().0 + for_ms / 2), Event::TopUp));
            self.events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        }
    }

    fn end_engine(&mut self, for_ms: i64, is_killed: bool) {
        let Some(engine) = self.engine.take() else { return };
        self.sim.faults().clear();
        if is_killed {
            engine.kill();
        } else {
            engine.stop();
        }
        self.watch = Watch::Off { until: Timestamp(self.clock.now().0 + for_ms) };
        self.verdict.count(if is_killed { "engine killed" } else { "engine stopped" });
        self.top_up_within(for_ms);
    }

    fn finish(mut self) -> Verdict {
        self.sim.faults().clear();
        if self.engine.is_none() {
            self.start_engine();
        }
        self.read(false);
        let bill = self.sim.world().bill();
        let is_storage = |kind: ChargeKind| kind == ChargeKind::Storage;
        if bill.charges.iter().any(|charge| is_storage(charge.kind)) {
            self.verdict.count("storage charged");
        }
        for followed in self.followed.values() {
            followed.finish(&mut self.verdict);
        }
        self.hold_history();
        if let Some(engine) = self.engine.take() {
            engine.stop();
        }
        self.verdict
    }

    /// The chart's points and the days come to what was observed.
    fn hold_history(&mut self) {
        let (now, Some(engine)) = (self.clock.now(), &mut self.engine) else { return };
        for (key, followed) in &self.followed {
            for points in [1, 30, 700] {
                let history = engine.history(key.clone(), DEFAULT_START, now, points);
                self.verdict.must(followed.is_history_of(&history));
            }
        }
    }
}

/// Everything that will happen, latest first.
fn events(random: &mut SmallRng, days: u32) -> Vec<(Timestamp, Event)> {
    let end = i64::from(days) * 24 * HOUR;
    let mut events = Vec::new();
    for (every_hours, minutes, event) in EVENTS {
        let mut at = random.random_range(0..2 * every_hours * HOUR);
        while at < end {
            let for_ms = if minutes > 0 { random.random_range(MINUTE..minutes * MINUTE) } else { 0 };
            let event = match event {
                Event::PollsLost(_) => Event::PollsLost(for_ms),
                Event::EngineStopped(_) => Event::EngineStopped(for_ms),
                Event::EngineKilled(_) => Event::EngineKilled(for_ms),
                other => other,
            };
            events.push((Timestamp(DEFAULT_START.0 + at), event));
            at += random.random_range(MINUTE..2 * every_hours * HOUR);
        }
    }
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    events
}

/// What the bill says a balance paid until now.
fn billed(sim: &ExarotonSim, plan: Plan, key: &BalanceKey) -> Billed {
    let payer = match &key.pool {
        _ if *key == account() => PayerId::Account(sim.account_id().to_owned()),
        Some(pool) => PayerId::Pool(pool.clone()),
        None => panic!("an account that is not simulated: {key}"),
    };
    let (bill, now) = (sim.world().bill(), sim.world().now());
    let of = |kind| bill.of_payer_and_kind(&payer, kind);
    let mut billed = Billed { running: of(ChargeKind::Runtime), storage: of(ChargeKind::Storage) };
    let is_ended = |charge: &&Charge| charge.kind == ChargeKind::Runtime && charge.at < now;
    if plan.misses_a_charge
        && let Some(charge) = bill.charges.iter().filter(is_ended).find(|charge| charge.payer == payer)
    {
        billed.storage -= Decimal::from_i128_with_scale(charge.micro.into(), 6);
    }
    billed
}

/// What burns, and how much: what a poll would find changed.
fn burning(servers: &[ServerView]) -> Vec<(String, u32)> {
    let burning = servers.iter().filter(|server| server.paid_by.is_some());
    burning.map(|server| (server.id.clone(), server.ram_gib)).collect()
}
