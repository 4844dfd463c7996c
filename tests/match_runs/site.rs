//! A provider in memory whose time the test moves, and engines of the real runner, store and ledger over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::engine::handle::Caller;
use quarterdeck::engine::matches::provider::MatchProvider;
use quarterdeck::engine::matches::setup::MatchSetup;
use quarterdeck::engine::money::CreditAccounts;
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::engine::runs::{RunContext, RunPolicy, Runner};
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::model::action::{ActionPlan, ActionRequest, Confirmation};
use quarterdeck::model::ids::{MatchId, RunId};
use quarterdeck::model::matches::{
    LedgerRecord, Match, MatchRequest, RosterPlayer, ServerSource, SettlementPolicy, SteamId, TeamRequest,
};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::run::Run;
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::store::Store;
use rust_decimal::Decimal;
use tempfile::TempDir;

use crate::world::World;

/// How long a test waits for a condition before it fails.
pub const DEADLINE: Duration = Duration::from_mins(2);
/// How long one turn of the world takes.
const TURN: Duration = Duration::from_millis(2);
/// What the world moves on in one turn, milliseconds.
const TURN_MS: i64 = 500;
/// 1 January 2026.
const START: quarterdeck::model::time::Timestamp = quarterdeck::model::time::Timestamp(1_767_225_600_000);

/// The operator of every test.
pub fn operator() -> Caller {
    Caller { operator: "ann@desk".into(), origin: "console".to_owned(), is_read_only: false, client: 1 }
}

/// The patience of real runs, but looks follow each other at once.
pub fn quick() -> RunPolicy {
    RunPolicy {
        retry_first_ms: 4,
        retry_longest_ms: 40,
        settle_poll_ms: 4,
        match_poll_ms: 4,
        match_server_poll_ms: 30_000,
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

/// Two against two, from this player's number on.
pub fn request(first: u32) -> MatchRequest {
    let team = |name: &str, first: u32| TeamRequest {
        name: name.to_owned(),
        flag: String::new(),
        players: (first..first + 2)
            .map(|number| RosterPlayer {
                steam_id: SteamId::of_account(number),
                name: format!("p{number}"),
                is_substitute: false,
            })
            .collect(),
    };
    MatchRequest {
        account: "dat".into(),
        source: ServerSource::Fresh { location: "stockholm".to_owned() },
        map: "de_mirage".to_owned(),
        team1: team("Red", first),
        team2: team("Blue", first + 2),
        spectators: Vec::new(),
        connect_time_s: 120,
        countdown_s: 10,
        is_demo_kept: false,
    }
}

pub fn run_match(request: MatchRequest) -> ActionRequest {
    ActionRequest::RunMatch { request: Box::new(request) }
}

/// The provider, its clock and folders for engines.
pub struct Site {
    pub world: World,
    pub clock: Arc<ManualClock>,
    folder: TempDir,
}

impl Site {
    pub fn start() -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let world = World::new(clock.clone());
        Self { world, clock, folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn clock_now(&self) -> quarterdeck::model::time::Timestamp {
        self.clock.now()
    }

    pub async fn engine(&self, name: &str) -> Engine {
        self.engine_with(name, quick()).await
    }

    pub async fn engine_with(&self, name: &str, policy: RunPolicy) -> Engine {
        let store = open_store(&self.data(name), self.clock.clone()).await;
        let log: Arc<dyn RunLog> = Arc::new(store.clone());
        Engine::start(store, log, Arc::new(self.world.clone()), self.clock.clone(), policy).await
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

    /// Carries a match out; the run and the match at their ends.
    pub async fn play(&self, engine: &Engine, request: MatchRequest) -> (Run, Match) {
        let run = engine.run(run_match(request)).await;
        let run = self.let_time_pass(engine.ended(&run)).await;
        let shown = engine.match_of(&run).expect("the match is shown");
        (run, shown)
    }

    /// Nothing stands, nothing was paid twice, and what is shown to have been paid is the bill.
    pub fn assert_nothing_left(&self) {
        assert_eq!(self.world.rented(), Vec::<String>::new(), "servers are left");
        assert_eq!(
            self.world.paid_twice(),
            Vec::<String>::new(),
            "two servers of one match were paid at once"
        );
    }
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

/// A runner over its own store.
pub struct Engine {
    pub runner: Runner,
    pub fleet: Arc<SharedFleet>,
}

impl Engine {
    pub async fn start(
        store: Store,
        log: Arc<dyn RunLog>,
        provider: Arc<dyn MatchProvider>,
        clock: Arc<dyn Clock>,
        policy: RunPolicy,
    ) -> Self {
        let fleet = SharedFleet::new(
            ReconcilePolicy { ended_runs_kept: 2_000, ..ReconcilePolicy::default() },
            Arc::clone(&clock),
        );
        let context = RunContext {
            store,
            panels: std::collections::BTreeMap::new(),
            orders: std::collections::BTreeMap::new(),
            credits: CreditAccounts::default(),
            matches: MatchSetup {
                settlement: SettlementPolicy { reward: Decimal::from(50), ..SettlementPolicy::default() },
                public_url: Some("https://ops.example.net".to_owned()),
                ..MatchSetup::of([provider])
            },
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

    /// Waits for the end of a run.
    pub async fn ended(&self, run: &RunId) -> Run {
        let view = || self.fleet.read(|fleet| fleet.runs.get(run).cloned());
        until("the end of a run", || view().filter(|run| run.status.is_ended())).await
    }

    /// Every run shown, oldest first, once all have ended.
    pub async fn idle(&self) -> Vec<Run> {
        until("every run to end", || {
            let runs: Vec<Run> = self.fleet.read(|fleet| fleet.runs.values().cloned().collect());
            runs.iter().all(|run| run.status.is_ended()).then_some(runs)
        })
        .await
    }

    pub fn matches(&self) -> Vec<Match> {
        self.fleet.read(|fleet| fleet.matches.values().cloned().collect())
    }

    pub fn match_of(&self, run: &Run) -> Option<Match> {
        self.matches().into_iter().find(|one| one.run == run.id)
    }

    /// How often each match was settled.
    pub async fn settled(&self) -> Vec<MatchId> {
        let records = self.runner.settlements().last_records(usize::MAX).await.expect("the ledger");
        records
            .iter()
            .filter(|record| matches!(record, LedgerRecord::Settled(_)))
            .map(|record| record.match_id().clone())
            .collect()
    }

    pub async fn rating(&self, number: u32) -> i32 {
        self.runner
            .settlements()
            .read(|ledger| ledger.rating(SteamId::of_account(number)))
            .await
            .expect("the ledger")
    }

    /// What all matches are shown to have cost.
    pub fn cost(&self) -> Decimal {
        self.matches().iter().filter_map(|one| one.cost.as_ref()).map(|cost| cost.amount).sum()
    }
}
