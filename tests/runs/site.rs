//! A site for one test: a simulated panel, a shop in SQLite, and engines made of the real runner and store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quarterdeck::engine::handle::Caller;
use quarterdeck::engine::money::CreditAccounts;
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::engine::runs::{RunContext, RunPolicy, Runner};
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::model::action::{ActionPlan, ActionRequest};
use quarterdeck::model::ids::{OrderId, RunId};
use quarterdeck::model::order::Order;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::providers::orders::{self, OrdersDatabase, OrdersSettings, OrdersSource};
use quarterdeck::providers::pterodactyl::{PanelClient, PanelSettings};
use quarterdeck::sim::panel::{InstallPolicy, PanelSim, PanelSimOptions, WorldKind};
use quarterdeck::store::Store;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tempfile::TempDir;

/// How long a test waits for a condition before it fails.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// The egg of the test shop's plans: `Vanilla Minecraft` of a stock panel.
pub const EGG_NAME: &str = "Vanilla Minecraft";

/// The system's time; the library's own real clock lives with the command line.
#[derive(Debug)]
pub struct TestClock;

impl Clock for TestClock {
    #[expect(clippy::disallowed_methods, reason = "this is a test's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        Timestamp(i64::try_from(since.as_millis()).expect("a clock before the year 292 million"))
    }
}

/// The clock of every part.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(TestClock)
}

/// Patience for tests: everything takes milliseconds.
pub fn quick() -> RunPolicy {
    RunPolicy {
        attempts: 6,
        retry_first_ms: 5,
        retry_longest_ms: 50,
        create_settle_ms: 120,
        settle_poll_ms: 15,
        install_poll_first_ms: 10,
        install_poll_longest_ms: 30,
        install_deadline_ms: 20_000,
        power_poll_ms: 15,
        start_deadline_ms: 20_000,
        stop_deadline_ms: 20_000,
        kill_deadline_ms: 20_000,
        gone_deadline_ms: 10_000,
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
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The operator of every test.
pub fn operator() -> Caller {
    Caller { operator: "ann@desk".into(), origin: "console".to_owned(), is_read_only: false, client: 1 }
}

/// A panel and a shop.
pub struct TestSite {
    pub sim: PanelSim,
    pub folder: TempDir,
    pub shop: PathBuf,
}

impl TestSite {
    /// A quiet panel of two nodes, both serving region `eu`; installs take milliseconds.
    pub async fn start() -> Self {
        Self::with(PanelSimOptions::default()).await
    }

    pub async fn with(options: PanelSimOptions) -> Self {
        let options = PanelSimOptions {
            world: WorldKind::Small,
            installs: InstallPolicy { min_ms: 20, max_ms: 60, ..options.installs },
            daemon_timeout_ms: 150,
            ..options
        };
        let sim = PanelSim::start(options).await.expect("the simulator starts");
        let folder = tempfile::tempdir().expect("a folder");
        let shop = folder.path().join("shop.sqlite");
        orders::create_embedded(&shop).await.expect("the embedded schema");
        let site = Self { sim, folder, shop };
        let egg = site.egg();
        let nodes: Vec<i64> = site.sim.world().nodes().iter().map(|node| node.id).collect();
        let mut script = format!(
            "INSERT INTO plans (id, name, price_minor, ram_mib, disk_mib, panel_egg_id) \
             VALUES ('small', 'Small', 730, 1024, 2048, {egg}), ('whole', 'Whole node', 73000, 65536, 2048, {egg});"
        );
        for node in nodes {
            use std::fmt::Write as _;
            write!(script, "INSERT INTO region_nodes (region, panel_node_id) VALUES ('eu', {node});")
                .expect("text");
        }
        site.sql(&script).await;
        site
    }

    pub fn egg(&self) -> i64 {
        let eggs = self.sim.world().eggs();
        eggs.iter().find(|egg| egg.name == EGG_NAME).unwrap_or(&eggs[0]).id
    }

    /// Runs a script on the shop's database, as the shop would.
    pub async fn sql(&self, script: &str) {
        Self::sql_at(&self.shop, script).await;
    }

    /// Runs a script on a shop's file.
    pub async fn sql_at(shop: &Path, script: &str) {
        let url = format!("sqlite://{}", shop.display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the shop's file");
        connection.execute("PRAGMA busy_timeout = 10000").await.expect("a timeout");
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(script.to_owned())))
            .await
            .unwrap_or_else(|error| panic!("{error}\n{script}"));
        connection.close().await.expect("closed");
    }

    /// Adds a paid order of a customer of its own.
    pub async fn add_order(&self, id: &str, plan: &str) {
        self.sql(&format!(
            "INSERT INTO customers (id, email, name) VALUES ('customer-{id}', 'c-{id}@example.test', 'Cleo {id}');
             INSERT INTO orders (id, status, customer_id, plan_id, region, server_name, amount_minor)
             VALUES ('{id}', 'paid', 'customer-{id}', '{plan}', 'eu', 'server of {id}', 730);"
        ))
        .await;
    }

    pub fn shop_settings(&self) -> OrdersSettings {
        OrdersSettings::new("shop".into(), "panel".into(), OrdersSource::Sqlite { path: self.shop.clone() })
    }

    pub async fn database(&self) -> Arc<dyn OrdersDatabase> {
        orders::connect(&self.shop_settings(), clock()).await.expect("the shop opens")
    }

    /// The order as the shop has it.
    pub async fn order(&self, id: &str) -> Order {
        let database = self.database().await;
        database.read_order(&OrderId::from(id)).await.expect("the shop answers").expect("the order exists")
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Servers that carry an order's id, now.
    pub fn servers_of(&self, order: &str) -> usize {
        self.sim.world().servers_with_external_id(order).len()
    }

    /// The order is provisioned with the one server that was ever created for it.
    pub async fn assert_provisioned_once(&self, id: &str) {
        let world = self.sim.world();
        let servers = world.servers_with_external_id(id);
        assert_eq!(servers.len(), 1, "servers of order {id}");
        assert_eq!(world.created_with_external_id(id), 1, "creates of order {id}, ever");
        assert!(world.orphans_on_nodes().is_empty(), "orphans: {:?}", world.orphans_on_nodes());
        let order = self.order(id).await;
        assert_eq!(order.status.word(), "provisioned", "{:?}", order.error_message);
        assert_eq!(order.panel_server_id, Some(servers[0].id));
        assert_eq!(order.panel_node_id, Some(servers[0].node_id));
        assert!(order.panel_identifier.is_some_and(|short| servers[0].uuid.starts_with(&short)));
        assert_eq!(order.customer.panel_user_id, Some(servers[0].user_id));
    }

    /// Nothing is left of an attempt.
    pub async fn assert_nothing_left(&self, id: &str, status: &str) {
        let world = self.sim.world();
        assert_eq!(self.servers_of(id), 0, "a server of order {id} was forgotten");
        assert_eq!(world.users_with_external_id(&format!("customer-{id}")), Vec::<i64>::new());
        let order = self.order(id).await;
        assert_eq!(order.status.word(), status, "{:?}", order.error_message);
    }

    pub fn panel(&self) -> PanelClient {
        panel_client(&self.sim.url(), self.sim.application_key(), self.sim.client_key())
    }

    /// An engine with its own data folder.
    pub async fn engine(&self, name: &str) -> Engine {
        self.engine_with(name, quick(), self.database().await).await
    }

    pub async fn engine_with(
        &self,
        name: &str,
        policy: RunPolicy,
        database: Arc<dyn OrdersDatabase>,
    ) -> Engine {
        let store = open_store(&self.data(name)).await;
        let log: Arc<dyn RunLog> = Arc::new(store.clone());
        Engine::start(store, log, self.panel(), database, policy).await
    }
}

pub fn panel_client(url: &str, application_key: &str, client_key: &str) -> PanelClient {
    let mut settings = PanelSettings::new("panel".into(), url, application_key.to_owned().into());
    settings.client_key = Some(client_key.to_owned().into());
    PanelClient::new(settings, clock()).expect("a panel client")
}

/// Opens a store, waiting while a killed engine's tasks still hold it.
pub async fn open_store(folder: &Path) -> Store {
    let begun = tokio::time::Instant::now();
    loop {
        match Store::open(folder, clock()) {
            Ok((store, _)) => return store,
            Err(problem) => assert!(begun.elapsed() < DEADLINE, "the store does not open: {problem}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A runner over its own store.
pub struct Engine {
    pub runner: Runner,
    pub fleet: Arc<SharedFleet>,
    pub store: Store,
}

impl Engine {
    pub async fn start(
        store: Store,
        log: Arc<dyn RunLog>,
        panel: PanelClient,
        database: Arc<dyn OrdersDatabase>,
        policy: RunPolicy,
    ) -> Self {
        let fleet = SharedFleet::new(
            ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() },
            clock(),
        );
        let context = context(&store, Arc::clone(&fleet), panel, database, policy);
        let runner = Runner::start_with_log(context, log).await.expect("the journal loads");
        Self { runner, fleet, store }
    }

    pub async fn plan(&self, request: ActionRequest) -> Result<ActionPlan, Problem> {
        self.runner.plan(&operator(), request).await
    }

    pub async fn plan_order(&self, order: &str) -> Result<ActionPlan, Problem> {
        self.plan(ActionRequest::ProvisionOrder {
            order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: order.into() },
        })
        .await
    }

    /// Plans and executes, typing the name where the plan asks for it.
    pub async fn run(&self, request: ActionRequest) -> Result<RunId, Problem> {
        let plan = self.plan(request).await?;
        assert!(!plan.is_refused(), "{:#?}", plan.checks);
        self.execute(&plan).await
    }

    pub async fn execute(&self, plan: &ActionPlan) -> Result<RunId, Problem> {
        let typed = match &plan.confirmation {
            quarterdeck::model::action::Confirmation::TypeName(name) => Some(name.as_str()),
            quarterdeck::model::action::Confirmation::YesNo => None,
        };
        self.runner.execute(&operator(), &plan.id, typed).await
    }

    pub async fn provision(&self, order: &str) -> RunId {
        self.run(ActionRequest::ProvisionOrder {
            order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: order.into() },
        })
        .await
        .expect("the run starts")
    }

    pub async fn provisioned(&self, order: &str) -> Run {
        let run = self.provision(order).await;
        let run = self.ended(&run).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
        run
    }

    pub fn view(&self, run: &RunId) -> Option<Run> {
        self.fleet.read(|fleet| fleet.runs.get(run).cloned())
    }

    /// Waits for the end of a run.
    pub async fn ended(&self, run: &RunId) -> Run {
        until("the end of a run", || self.view(run).filter(|run| run.status.is_ended())).await
    }

    /// Waits until a run's step acts and says something that contains `words`.
    pub async fn saying(&self, run: &RunId, words: &str) {
        until(words, || {
            self.view(run)
                .and_then(|run| run.acting().map(|step| step.detail.contains(words)))
                .filter(|is| *is)
        })
        .await;
    }

    /// Every run shown, oldest first.
    pub fn runs(&self) -> Vec<Run> {
        self.fleet.read(|fleet| fleet.runs.values().cloned().collect())
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

pub fn context(
    store: &Store,
    fleet: Arc<SharedFleet>,
    panel: PanelClient,
    database: Arc<dyn OrdersDatabase>,
    policy: RunPolicy,
) -> RunContext {
    RunContext {
        store: store.clone(),
        panels: BTreeMap::from([(panel.account().clone(), panel)]),
        orders: BTreeMap::from([(database.account().clone(), (database, "panel".into()))]),
        credits: CreditAccounts::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        fleet,
        clock: clock(),
        policy,
    }
}
