//! Putting an engine together, and taking it apart in reverse order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use super::cache::Remembered;
use super::consoles::Consoles;
use super::handle::{Engine, EngineHandle};
use super::housekeeping;
use super::matches::reaper;
use super::matches::setup::MatchSetup;
use super::money::MoneySetup;
use super::money::registrar::Registrar;
use super::observation::Observation;
use super::policy::Policy;
use super::poll::{Poller, Source};
use super::reports::Reports;
use super::runs::{RunContext, Runner};
use super::shared::SharedFleet;
use super::sources::{NodesSource, OrdersSource, ServersSource};
use super::usage::UsagePoller;
use crate::model::account::{Feed, FeedKind};
use crate::model::fleet::SERIES_POINTS_KEPT;
use crate::model::ids::AccountId;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::site::Site;
use crate::model::time::Clock;
use crate::providers::orders::OrdersDatabase;
use crate::providers::pterodactyl::PanelClient;
use crate::store::Store;

/// What an engine is made from.
pub struct EngineSetup {
    /// The site's description.
    pub site: Site,
    /// The program's version, as `status` and the link tell it.
    pub version: String,
    /// The folder of the store; only one engine can have it open.
    pub data_dir: PathBuf,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Panels.
    pub panels: Vec<PanelClient>,
    /// Orders databases, each with the account of the panel that its orders are provisioned on.
    pub orders: Vec<(Arc<dyn OrdersDatabase>, AccountId)>,
    /// Accounts with prepaid money.
    pub money: MoneySetup,
    /// Accounts that rent servers for matches.
    pub matches: MatchSetup,
    /// Tunable numbers. `policy.reconcile.sells` is filled in from `orders`.
    pub policy: Policy,
}

/// The tasks of a running engine.
pub struct EngineTask {
    handle: EngineHandle,
    tasks: Parts,
}

/// What runs, by name.
#[derive(Default)]
struct Parts {
    tasks: JoinSet<()>,
    names: HashMap<task::Id, Part>,
}

/// A task and the feed that stands still without it.
struct Part {
    name: String,
    feed: Option<(AccountId, FeedKind)>,
}

impl Parts {
    fn spawn(
        &mut self,
        name: impl Into<String>,
        feed: Option<(AccountId, FeedKind)>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.tasks.spawn(work).id();
        self.names.insert(id, Part { name: name.into(), feed });
    }
}

impl EngineTask {
    /// Waits until the engine was asked to end (`Request::Shutdown`, idle for too long, [`EngineHandle::shut_down`]),
    /// then ends it in order: pollers, runs between their steps, cache and store.
    pub async fn stopped(mut self) {
        let engine = &self.handle.engine;
        loop {
            tokio::select! {
                () = engine.shutdown.cancelled() => break,
                // A part that ended well (nothing to leave for, nothing to rebuild) must not end the watch over the others.
                Some(ended) = self.tasks.tasks.join_next() => {
                    let part = ended.err().and_then(|panicked| self.tasks.names.get(&panicked.id()));
                    if let Some(part) = part {
                        say_that_it_failed(engine, part);
                    }
                }
            }
        }
        while self.tasks.tasks.join_next().await.is_some() {}
        engine.runner.shutdown().await;
        housekeeping::save(&engine.fleet, &engine.store).await;
    }
}

/// A task that panicked is a bug, and what it did is not done any more: everybody is told, and its feed is shown as failed.
fn say_that_it_failed(engine: &Engine, part: &Part) {
    let Part { name, feed } = part;
    tracing::error!(part = name, "a task of the engine ended in a panic");
    let text =
        format!("{name} failed and does not work any more: restart the engine (`quarterdeck engine stop`)");
    let feed = feed.as_ref().and_then(|place| engine.fleet.read(|fleet| fleet.feeds.get(place).cloned()));
    if let Some(feed) = feed {
        let problem = Problem {
            kind: ProblemKind::Unavailable,
            fault: Fault::Internal,
            retry: Retry::Never,
            effect: Effect::None,
            message: format!("{name} failed inside Quarterdeck (a panic)"),
            advice: "restart the engine; its log tells the place".to_owned(),
        };
        let failures = feed.failures.saturating_add(1);
        let feed = Feed { problem: Some(problem), failures, next_at: None, ..feed };
        engine.fleet.observe(Observation::Feed(Box::new(feed)));
    }
    engine.fleet.observe(Observation::PartFailed { part: name.clone() });
    engine.fleet.observe(Observation::Notice { text });
}

/// Starts an engine: opens the store, shows what it remembers, resumes runs, begins to poll. Returns before any provider
/// was asked.
///
/// # Errors
/// `Unavailable`: another process has the data folder; `Storage`: it cannot be read or written.
pub async fn start(setup: EngineSetup) -> Result<(EngineHandle, EngineTask), Problem> {
    let EngineSetup { site, version, data_dir, clock, panels, orders, money, matches, mut policy } = setup;
    policy.reconcile.sells =
        orders.iter().map(|(database, panel)| (database.account().clone(), panel.clone())).collect();
    let accounts: BTreeSet<AccountId> = panels
        .iter()
        .map(|panel| panel.account().clone())
        .chain(orders.iter().map(|(database, _)| database.account().clone()))
        .chain(money.providers().into_keys())
        .collect();
    let fleet = SharedFleet::new(policy.reconcile.clone(), Arc::clone(&clock));
    fleet.observe(Observation::Site(Box::new(site)));
    let store = open(&fleet, data_dir.clone(), Arc::clone(&clock), accounts).await?;
    let panels: BTreeMap<AccountId, PanelClient> =
        panels.into_iter().map(|panel| (panel.account().clone(), panel)).collect();
    let credits = money.credit_accounts();
    let matches = matches.with_accounts(&money.dathost);
    let is_reaping = matches.is_reaping;
    let runner = Runner::start(RunContext {
        store: store.clone(),
        panels: panels.clone(),
        orders: orders.iter().map(|pair| (pair.0.account().clone(), pair.clone())).collect(),
        credits: credits.clone(),
        matches,
        fleet: Arc::clone(&fleet),
        clock,
        policy: policy.runs.clone(),
    })
    .await?;
    let (keeper, accounts) = money.open(&store, &fleet);
    if !accounts.is_empty() {
        runner.keep_to_budget(Arc::clone(&keeper));
    }
    let money = accounts.iter().flat_map(|account| Arc::clone(account).sources());
    let sources = sources(&panels, &orders).into_iter().chain(money).collect::<Vec<_>>();
    let engine = Arc::new(Engine {
        settlements: runner.settlements(),
        runner,
        keeper,
        registrar: Arc::new(Registrar::new(store.clone(), Arc::clone(&fleet))),
        reports: Reports::default(),
        credits: accounts,
        consoles: Consoles::new(panels.clone(), credits, Arc::clone(&fleet)),
        refresh: sources.iter().map(|_| Arc::new(Notify::new())).collect(),
        shutdown: CancellationToken::new(),
        version,
        data_dir,
        started_at: fleet.now(),
        clients: watch::channel(0).0,
        next_client: AtomicU64::new(1),
        history_ms: policy.polling.usage_per_server_ms.saturating_mul(SERIES_POINTS_KEPT as u64),
        fleet,
        store,
        panels,
        orders,
    });
    let mut tasks = spawn(&engine, sources, &policy);
    if is_reaping {
        let reaping = reaper::run(Arc::clone(&engine.fleet), engine.runner.clone(), engine.shutdown.clone());
        tasks.spawn("destroying orphans", None, reaping);
    }
    let handle = EngineHandle { engine };
    Ok((handle.clone(), EngineTask { handle, tasks }))
}

/// Opens the store, takes over what it remembers and says what it found.
async fn open(
    fleet: &Arc<SharedFleet>,
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
    accounts: BTreeSet<AccountId>,
) -> Result<Store, Problem> {
    let fleet = Arc::clone(fleet);
    let opening = tokio::task::spawn_blocking(move || {
        let (store, report) = Store::open(&data_dir, clock)?;
        match Remembered::load(&store) {
            Ok(remembered) => fleet.remember(remembered.into_changes(&accounts)),
            Err(problem) => {
                fleet.observe(Observation::Notice { text: format!("no cached lists: {problem}") });
            }
        }
        housekeeping::observe_rebuild(&fleet, &store);
        for text in report.notices {
            fleet.observe(Observation::Notice { text });
        }
        Ok(store)
    });
    opening.await.unwrap_or_else(|error| Err(Problem::storage(format!("opening the store failed: {error}"))))
}

fn sources(
    panels: &BTreeMap<AccountId, PanelClient>,
    orders: &[(Arc<dyn OrdersDatabase>, AccountId)],
) -> Vec<Arc<dyn Source>> {
    let orders = orders
        .iter()
        .map(|(database, _)| Arc::new(OrdersSource::new(Arc::clone(database))) as Arc<dyn Source>);
    let servers = panels.values().map(|panel| Arc::new(ServersSource(panel.clone())) as Arc<dyn Source>);
    let nodes = panels.values().map(|panel| Arc::new(NodesSource(panel.clone())) as Arc<dyn Source>);
    orders.chain(servers).chain(nodes).collect()
}

fn spawn(engine: &Arc<Engine>, sources: Vec<Arc<dyn Source>>, policy: &Policy) -> Parts {
    let mut parts = Parts::default();
    let (fleet, store, shutdown) = (&engine.fleet, &engine.store, &engine.shutdown);
    let mut first_after = Duration::ZERO;
    for (source, refresh) in sources.into_iter().zip(&engine.refresh) {
        let feed = (source.account().clone(), source.kind());
        let name = format!("the poller of {}'s {}", feed.0, feed.1.words());
        let poller = Poller::new(source, Arc::clone(fleet), policy.polling.clone(), Arc::clone(refresh));
        parts.spawn(name, Some(feed), poller.run(first_after, shutdown.clone()));
        first_after += Duration::from_millis(policy.polling.stagger_ms);
    }
    for panel in engine.panels.values() {
        let source = Arc::new(panel.clone());
        let poller = UsagePoller::new(source, Arc::clone(fleet), Some(store.clone()), policy.polling.clone());
        let feed = (panel.account().clone(), FeedKind::Usage);
        let name = format!("the poller of {}'s {}", feed.0, feed.1.words());
        parts.spawn(name, Some(feed), poller.run(shutdown.clone()));
    }
    let every = Duration::from_millis(policy.polling.cache_every_ms);
    let (fleet, store) = (|| Arc::clone(fleet), || store.clone());
    parts.spawn(
        "keeping the cache",
        None,
        housekeeping::keep_cache(fleet(), store(), every, shutdown.clone()),
    );
    let following = housekeeping::follow_rebuild(fleet(), store(), shutdown.clone());
    parts.spawn("following the rebuild", None, following);
    parts.spawn("sampling nodes and burn", None, housekeeping::sample(fleet(), store(), shutdown.clone()));
    if !engine.credits.is_empty() || !engine.panels.is_empty() {
        parts.spawn("keeping the books", None, Arc::clone(&engine.keeper).run(shutdown.clone()));
    }
    let every = Duration::from_millis(policy.polling.register_every_ms);
    parts.spawn("keeping the register", None, Arc::clone(&engine.registrar).run(every, shutdown.clone()));
    let clients = engine.clients.subscribe();
    let leaving = housekeeping::leave_when_idle(fleet(), clients, policy.lifetime, shutdown.clone());
    parts.spawn("leaving when idle", None, leaving);
    parts
}
