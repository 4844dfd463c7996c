//! A simulated exaroton, a clock that it shares with an engine, and a console that follows the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::engine::handle::EngineHandle;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::money::bookkeeper::MoneyPolicy;
use quarterdeck::engine::policy::{Cadence, Policy};
use quarterdeck::engine::{EngineSetup, EngineTask, start};
use quarterdeck::link::transport::InProcessTransport;
use quarterdeck::link::wire::Hello;
use quarterdeck::link::{LinkClient, LinkEvent, LinkOptions, connect};
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::balance_view::BalanceView;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::money::{Currency, Rates};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{CreditsHistory, Reply, Request};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::providers::exaroton::{ExarotonClient, ExarotonSettings};
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::exaroton::{ExarotonSim, ExarotonSimOptions, PayerId};
use quarterdeck::store::{RecordKind, Store};
use rust_decimal::Decimal;
use tempfile::TempDir;

/// Longer than anything here takes; reached only by a failure.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// More than a start takes, in milliseconds of the world.
pub const A_START: i64 = 60_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

/// The engine's account.
pub fn account() -> BalanceKey {
    BalanceKey::account("exa".into())
}

/// What an engine with one exaroton account is started with: it asks and looks often.
pub fn setup(dir: &Path, url: &str, token: &str, clock: Arc<dyn Clock>, rates: Rates) -> EngineSetup {
    let often = Cadence { running_ms: 50, visible_ms: 50, background_ms: 50, idle_ms: 50 };
    let mut policy = Policy::default();
    policy.polling.credits = often;
    policy.polling.servers = often;
    policy.polling.backoff_ceiling_ms = 100;
    policy.polling.stagger_ms = 10;
    let settings = ExarotonSettings::new("exa".into(), url, token.to_owned().into());
    EngineSetup {
        site: Site { is_simulated: true, rates: rates.clone(), ..Site::default() },
        version: "0.1.0".to_owned(),
        data_dir: dir.to_owned(),
        panels: Vec::new(),
        orders: Vec::new(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        money: MoneySetup {
            exaroton: vec![ExarotonClient::new(settings, Arc::clone(&clock)).expect("a client")],
            policy: MoneyPolicy {
                tick_ms: 10,
                top_up_units: [(Provider::Exaroton, Decimal::from(1_000))].into(),
                rates,
                ..MoneyPolicy::default()
            },
            ..MoneySetup::default()
        },
        clock,
        policy,
    }
}

/// A credit is a cent.
pub fn a_cent() -> Rates {
    let per_unit = [(Currency("credits".to_owned()), Decimal::new(1, 2))].into();
    Rates { per_unit, ..Rates::default() }
}

/// The small world, whose time moves only when the test says so.
pub struct Lab {
    pub sim: ExarotonSim,
    pub clock: Arc<ManualClock>,
    pub rates: Rates,
    pub dir: TempDir,
}

impl Lab {
    /// A world in which these servers run and never stop by themselves.
    pub async fn with(running: &[&str]) -> Self {
        Self::at(DEFAULT_START, running).await
    }

    /// The same at another moment.
    pub async fn at(start: Timestamp, running: &[&str]) -> Self {
        let clock = Arc::new(ManualClock::at(start));
        let shared: Arc<dyn Clock> = clock.clone();
        let options = ExarotonSimOptions { clock: Some(shared), ..ExarotonSimOptions::default() };
        let sim = ExarotonSim::start(options).await.expect("a simulator");
        let lab = Self { sim, clock, rates: a_cent(), dir: tempfile::tempdir().expect("a folder") };
        for name in running {
            let id = lab.sim.world().server(name).expect("a server of this name").id;
            lab.sim.world().set_auto_stop(&id, None);
            assert!(lab.sim.world().start_from_outside(&id), "{name} starts");
        }
        lab.clock.advance_millis(A_START);
        lab
    }

    /// Starts an engine over the lab's folder and waits for its first reading.
    pub async fn engine(&self) -> Running {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let setup = setup(self.dir.path(), &self.sim.url(), self.sim.token(), clock, self.rates.clone());
        let (handle, task) = start(setup).await.expect("an engine");
        let mut console = Console::attach(InProcessTransport(handle.clone())).await;
        console.read(self).await;
        Running { handle, task, console }
    }

    /// What the provider would say of the account now.
    pub fn truth(&self) -> Decimal {
        self.sim.world().balance(&PayerId::Account(self.sim.account_id().to_owned()))
    }

    /// Kept snapshots as kind, slot and who asked, in their order; no engine may run.
    pub fn snapshots(&self) -> Vec<(String, Timestamp, Option<String>)> {
        snapshots_in(self.dir.path(), self.clock.clone())
    }
}

/// As [`Lab::snapshots`].
pub fn snapshots_in(dir: &Path, clock: Arc<dyn Clock>) -> Vec<(String, Timestamp, Option<String>)> {
    let (store, _) = Store::open(dir, clock).expect("the store opens");
    let records = store.records(RecordKind::Snapshot).expect("readable");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    records
        .iter()
        .map(|record| {
            let slot = text(&record.body["slot"]).expect("a slot");
            let slot = Timestamp::parse(&slot).expect("a moment");
            (text(&record.body["kind"]).expect("a kind"), slot, text(&record.body["by"]))
        })
        .collect()
}

/// A console: a client and its mirror.
pub struct Console {
    pub client: LinkClient,
    pub fleet: Fleet,
}

impl Console {
    /// Attaches to an engine of this process.
    pub async fn attach(transport: InProcessTransport) -> Self {
        let hello = Hello {
            operator: "ann@bastion".into(),
            origin: "console".to_owned(),
            is_read_only: false,
            wants_fleet: true,
        };
        let options = LinkOptions { hello, version: "0.1.0".to_owned() };
        Self::over(connect(transport, options).await.expect("a client"))
    }

    /// A console over a client that is connected.
    pub fn over(client: LinkClient) -> Self {
        Self { client, fleet: Fleet::default() }
    }

    /// Waits until both balances were read at the lab's present.
    pub async fn read(&mut self, lab: &Lab) {
        let now = lab.clock.now();
        let are_read = |fleet: &Fleet| {
            fleet.balances.len() == 2
                && fleet.credit_servers.len() == 4
                && fleet.balances.values().all(|view| view.balance.observed_at >= now)
        };
        self.until("both balances", are_read).await;
    }

    /// Asks the engine.
    pub async fn ask(&self, request: Request) -> Reply {
        self.client.ask(request).await.expect("an answer")
    }

    /// The account's history from the world's beginning until now.
    pub async fn history(&self, lab: &Lab, points: u32) -> CreditsHistory {
        self.history_between(DEFAULT_START, lab.clock.now(), points).await
    }

    /// The account's history of a span.
    pub async fn history_between(&self, from: Timestamp, to: Timestamp, points: u32) -> CreditsHistory {
        let request = Request::CreditsHistory { balance: account(), from, to, points };
        let Reply::CreditsHistory(history) = self.ask(request).await else { panic!("no history") };
        *history
    }

    /// Waits until the present hour has its snapshot.
    pub async fn hour_is_kept(&self, lab: &Lab) {
        let now = lab.clock.now();
        let hour = Timestamp(now.0 - now.0.rem_euclid(HOUR));
        let kept = async {
            loop {
                let last = self.history(lab, 1).await.last_snapshot;
                if last.is_some_and(|last| last.taken_at >= hour) {
                    break;
                }
            }
        };
        tokio::time::timeout(DEADLINE, kept).await.expect("the hour's snapshot");
    }

    /// Follows the engine until something is so.
    pub async fn until(&mut self, what: &str, is_enough: impl Fn(&Fleet) -> bool) {
        let reading = async {
            while !is_enough(&self.fleet) {
                self.next().await;
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.expect(what);
    }

    /// Takes the next event in; gives the answer to a request, where it is one.
    async fn next(&mut self) -> Option<(u64, Result<Reply, Problem>)> {
        match self.client.next_event().await {
            LinkEvent::Snapshot => self.fleet = Fleet::default(),
            LinkEvent::Changes { changes, .. } => {
                for change in changes {
                    self.fleet.apply(change);
                }
            }
            LinkEvent::Reply { id, result } => return Some((id, result)),
            _ => {}
        }
        None
    }

    /// Asks the engine and follows it until it answers: needed where it has much to tell meanwhile.
    pub async fn ask_following(&mut self, request: Request) -> Result<Reply, Problem> {
        let asked = self.client.send(request).await;
        let answered = async {
            loop {
                match self.next().await {
                    Some((id, result)) if id == asked => break result,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, answered).await.expect("an answer")
    }
}

/// An engine with a console.
pub struct Running {
    pub handle: EngineHandle,
    task: EngineTask,
    pub console: Console,
}

impl Running {
    /// Lets time pass and waits for a reading.
    pub async fn pass(&mut self, lab: &Lab, millis: i64) {
        lab.clock.advance_millis(millis);
        self.console.read(lab).await;
    }

    /// Asks the engine.
    pub async fn ask(&self, request: Request) -> Reply {
        self.console.ask(request).await
    }

    /// The account's balance as it is shown.
    pub fn view(&self) -> &BalanceView {
        self.console.fleet.balances.get(&account()).expect("the account's balance")
    }

    /// The account's history from the world's beginning until now.
    pub async fn history(&self, lab: &Lab, points: u32) -> CreditsHistory {
        self.console.history(lab, points).await
    }

    /// Waits until the present hour has its snapshot.
    pub async fn hour_is_kept(&self, lab: &Lab) {
        self.console.hour_is_kept(lab).await;
    }

    /// Ends the engine in order.
    pub async fn stop(self) {
        self.handle.shut_down();
        self.task.stopped().await;
    }
}
