//! A simulated exaroton whose time the test moves, and engines of the real runner, store and books over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::engine::handle::{Caller, EngineHandle};
use quarterdeck::engine::money::{CreditAccounts, MoneySetup};
use quarterdeck::engine::policy::{Cadence, Policy, ReconcilePolicy};
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::engine::runs::{RunContext, RunPolicy, Runner};
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::engine::{EngineSetup, EngineTask, start};
use quarterdeck::model::action::{ActionPlan, ActionRequest, Confirmation};
use quarterdeck::model::credits::CreditServerSignal;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::ids::{RunId, ServerKey};
use quarterdeck::model::money::{Currency, Rates};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::run::Run;
use quarterdeck::model::site::Site as SiteWords;
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::providers::exaroton::{ExarotonClient, ExarotonSettings};
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::exaroton::{ExarotonSim, ExarotonSimOptions, Timings};
use quarterdeck::store::Store;
use rust_decimal::Decimal;
use tempfile::TempDir;

/// How long a test waits for a condition before it fails.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// What the world moves on in one turn of [`Site::let_time_pass`], milliseconds.
const TURN_MS: i64 = 250;
/// How long such a turn takes.
const TURN: Duration = Duration::from_millis(2);
/// More than a start takes, in milliseconds of the world.
pub const A_START: i64 = 60_000;

pub const START: CreditServerSignal = CreditServerSignal::Start { with_own_credits: false };

/// The operator of every test.
pub fn operator() -> Caller {
    Caller { operator: "ann@desk".into(), origin: "console".to_owned(), is_read_only: false, client: 1 }
}

/// The patience of real runs, but looks follow each other at once.
pub fn quick() -> RunPolicy {
    RunPolicy {
        attempts: 6,
        retry_first_ms: 4,
        retry_longest_ms: 40,
        power_poll_ms: 4,
        ..RunPolicy::default()
    }
}

/// Waits until `condition` gives a value.
pub async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
        tokio::time::sleep(TURN).await;
    }
}

/// The small world: `weekend` 4 GiB, `hardcore` 8, `club` 6 paid by a pool, `friends` shared with us; none stops by itself.
pub struct Site {
    pub sim: ExarotonSim,
    pub clock: Arc<ManualClock>,
    folder: TempDir,
}

impl Site {
    pub async fn start() -> Self {
        Self::with(ExarotonSimOptions::default()).await
    }

    pub async fn with(options: ExarotonSimOptions) -> Self {
        let clock = Arc::new(ManualClock::at(DEFAULT_START));
        let shared: Arc<dyn Clock> = clock.clone();
        let timings = Timings { auto_stop_ms: 0, ..options.timings };
        let options = ExarotonSimOptions { clock: Some(shared), timings, ..options };
        let sim = ExarotonSim::start(options).await.expect("a simulator");
        Self { sim, clock, folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn key(&self, name: &str) -> ServerKey {
        let server = self.sim.world().server(name).expect("a server of this name");
        ServerKey { account: "exa".into(), id: server.id }
    }

    /// A server of ours that no other part of the test touches.
    pub fn add(&self, name: &str) -> ServerKey {
        let id = self.sim.world().add_server(name, 4, self.sim.account_id(), None, 5);
        ServerKey { account: "exa".into(), id }
    }

    /// Its state as the simulator knows it, by the wire's number.
    pub fn status(&self, key: &ServerKey) -> u32 {
        let servers = self.sim.world().servers();
        servers.into_iter().find(|server| server.id == key.id).expect("the server").status
    }

    /// Brings it up by another hand.
    pub fn bring_up(&self, key: &ServerKey) {
        assert!(self.sim.world().start_from_outside(&key.id), "it starts");
        self.clock.advance_millis(A_START);
        assert_eq!(self.status(key), 1, "it is online");
    }

    /// How often the provider was asked for a change of a server: `start`, `options/ram`.
    pub fn asked(&self, key: &ServerKey, what: &str) -> usize {
        let path = format!("/servers/{}/{what}/", key.id);
        let requests = self.sim.world().requests();
        let is_reading = |method: &str| method == "GET" && what == "options/ram";
        requests.iter().filter(|record| record.path.ends_with(&path) && !is_reading(&record.method)).count()
    }

    pub fn client(&self) -> ExarotonClient {
        client(&self.sim.url(), self.sim.token(), self.clock.clone())
    }

    /// A runner with its own data folder.
    pub async fn runner(&self, name: &str) -> Engine {
        self.runner_with(name, quick()).await
    }

    pub async fn runner_with(&self, name: &str, policy: RunPolicy) -> Engine {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let store = open_store(&self.data(name), Arc::clone(&clock)).await;
        let log: Arc<dyn RunLog> = Arc::new(store.clone());
        Engine::start(store, log, self.client(), clock, policy).await
    }

    /// Moves the world on until the future is done.
    pub async fn let_time_pass<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(TURN) => self.clock.advance_millis(TURN_MS),
            }
        }
    }

    /// A whole engine with pollers and books.
    pub async fn engine(&self, name: &str) -> Whole {
        self.whole(name, 30).await
    }

    /// One that asks when it starts, and then when something tells it to.
    pub async fn engine_that_polls_rarely(&self, name: &str) -> Whole {
        self.whole(name, 3_600_000).await
    }

    async fn whole(&self, name: &str, poll_ms: u64) -> Whole {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let setup = setup(&self.data(name), self.client(), clock, poll_ms);
        let (handle, task) = start(setup).await.expect("an engine");
        let whole = Whole { handle, task };
        whole
            .until("servers and balances", |fleet| {
                let is_paid = |fleet: &Fleet| {
                    fleet
                        .credit_servers
                        .values()
                        .all(|server| server.payer != quarterdeck::model::credits::Payer::Undecided)
                };
                (fleet.balances.len() == 2 && fleet.credit_servers.len() >= 4 && is_paid(fleet)).then_some(())
            })
            .await;
        whole
    }
}

pub fn client(url: &str, token: &str, clock: Arc<dyn Clock>) -> ExarotonClient {
    let settings = ExarotonSettings::new("exa".into(), url, token.to_owned().into());
    ExarotonClient::new(settings, clock).expect("a client")
}

/// Opens a store, waiting while a killed engine's tasks still hold it.
pub async fn open_store(folder: &Path, clock: Arc<dyn Clock>) -> Store {
    let begun = tokio::time::Instant::now();
    loop {
        match Store::open(folder, Arc::clone(&clock)) {
            Ok((store, _)) => return store,
            Err(problem) => assert!(begun.elapsed() < DEADLINE, "the store does not open: {problem}"),
        }
        tokio::time::sleep(TURN).await;
    }
}

/// A credit is a cent.
fn a_cent() -> Rates {
    let per_unit = [(Currency("credits".to_owned()), Decimal::new(1, 2))].into();
    Rates { per_unit, ..Rates::default() }
}

fn setup(data_dir: &Path, client: ExarotonClient, clock: Arc<dyn Clock>, poll_ms: u64) -> EngineSetup {
    let often =
        Cadence { running_ms: poll_ms, visible_ms: poll_ms, background_ms: poll_ms, idle_ms: poll_ms };
    let mut policy = Policy { runs: quick(), ..Policy::default() };
    policy.polling.credits = often;
    policy.polling.servers = often;
    policy.polling.backoff_ceiling_ms = 60;
    policy.polling.stagger_ms = 5;
    let mut money = MoneySetup { exaroton: vec![client], ..MoneySetup::default() };
    money.policy.tick_ms = 10;
    money.policy.rates = a_cent();
    EngineSetup {
        site: SiteWords { is_simulated: true, rates: a_cent(), ..SiteWords::default() },
        version: "0.1.0".to_owned(),
        data_dir: data_dir.to_owned(),
        panels: Vec::new(),
        orders: Vec::new(),
        money,
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        clock,
        policy,
    }
}

/// A whole engine.
pub struct Whole {
    pub handle: EngineHandle,
    task: EngineTask,
}

impl Whole {
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&Fleet) -> Option<T>) -> T {
        until(what, || self.handle.fleet().read(&mut look)).await
    }

    pub async fn stop(self) {
        self.handle.shut_down();
        self.task.stopped().await;
    }
}

/// A runner over its own store, without pollers.
pub struct Engine {
    pub runner: Runner,
    pub fleet: Arc<SharedFleet>,
}

impl Engine {
    pub async fn start(
        store: Store,
        log: Arc<dyn RunLog>,
        client: ExarotonClient,
        clock: Arc<dyn Clock>,
        policy: RunPolicy,
    ) -> Self {
        let fleet = SharedFleet::new(ReconcilePolicy::default(), Arc::clone(&clock));
        let context = RunContext {
            store,
            panels: std::collections::BTreeMap::new(),
            orders: std::collections::BTreeMap::new(),
            credits: CreditAccounts {
                clients: [(client.account().clone(), client)].into(),
                ..CreditAccounts::default()
            },
            matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
            fleet: Arc::clone(&fleet),
            clock,
            policy,
        };
        let runner = Runner::start_with_log(context, log).await.expect("the journal loads");
        Self { runner, fleet }
    }

    pub async fn plan(&self, request: ActionRequest) -> Result<ActionPlan, Problem> {
        self.runner.plan(&operator(), request).await
    }

    pub async fn execute(&self, plan: &ActionPlan) -> Result<RunId, Problem> {
        let typed = match &plan.confirmation {
            Confirmation::TypeName(name) => Some(name.as_str()),
            Confirmation::YesNo => None,
        };
        self.runner.execute(&operator(), &plan.id, typed).await
    }

    pub async fn run(&self, request: ActionRequest) -> RunId {
        let plan = self.plan(request).await.expect("a plan");
        assert!(!plan.is_refused(), "{:#?}", plan.checks);
        self.execute(&plan).await.expect("a run")
    }

    pub fn view(&self, run: &RunId) -> Option<Run> {
        self.fleet.read(|fleet| fleet.runs.get(run).cloned())
    }

    /// Waits for the end of a run.
    pub async fn ended(&self, run: &RunId) -> Run {
        until("the end of a run", || self.view(run).filter(|run| run.status.is_ended())).await
    }

    /// Every run shown, oldest first.
    pub fn runs(&self) -> Vec<Run> {
        self.fleet.read(|fleet| fleet.runs.values().cloned().collect())
    }

    /// Waits until a resumed run's step has looked at the world: it says so, or is past it.
    pub async fn looked(&self) {
        until("a look at the world", || {
            let is_seen =
                |run: &Run| run.status.is_ended() || run.acting().is_none_or(|step| !step.detail.is_empty());
            self.runs().iter().all(is_seen).then_some(())
        })
        .await;
    }

    /// Every run has ended.
    pub async fn idle(&self) -> Vec<Run> {
        until("every run to end", || {
            let runs = self.runs();
            runs.iter().all(|run| run.status.is_ended()).then_some(runs)
        })
        .await
    }
}

/// The request for a signal.
pub fn signal(server: &ServerKey, signal: CreditServerSignal) -> ActionRequest {
    ActionRequest::SignalCreditServer { server: server.clone(), signal }
}
