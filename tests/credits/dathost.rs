//! A DatHost account in the books: its balance, what is on, what is capped, what is flat; over a restart too.

use std::sync::Arc;

use quarterdeck::engine::handle::EngineHandle;
use quarterdeck::engine::{EngineTask, start};
use quarterdeck::link::transport::InProcessTransport;
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::game_server::{DATHOST_CREDITS, GameServerState};
use quarterdeck::model::money::{Currency, Rates};
use quarterdeck::model::request::{CreditsHistory, Reply, Request};
use quarterdeck::model::spend::{Burner, BurnerKind};
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::providers::dathost::{DathostClient, DathostSettings};
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::dathost::{DathostSim, DathostSimOptions};
use rust_decimal::Decimal;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::lab::{Console, HOUR, MINUTE, setup};

fn account() -> BalanceKey {
    BalanceKey::account("dat".into())
}

/// The small world: two servers by the minute, one by subscription, all off; its time moves only when the test says so.
struct Rented {
    sim: DathostSim,
    clock: Arc<ManualClock>,
    password: SecretString,
    dir: TempDir,
}

impl Rented {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(DEFAULT_START));
        let shared: Arc<dyn Clock> = clock.clone();
        let options = DathostSimOptions { clock: Some(shared), ..DathostSimOptions::default() };
        let sim = DathostSim::start(options).await.expect("a simulator");
        let password = SecretString::from(sim.password().to_owned());
        Self { sim, clock, password, dir: tempfile::tempdir().expect("a folder") }
    }

    fn switch(&self, name: &str, is_on: bool) {
        let id = self.sim.world().server(name).expect("a server of this name").id;
        self.sim.world().switch_from_outside(&id, is_on);
    }

    async fn start(&self) -> (EngineHandle, EngineTask) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let rates = Rates {
            per_unit: [(Currency(DATHOST_CREDITS.to_owned()), Decimal::ONE)].into(),
            ..Rates::default()
        };
        let settings =
            DathostSettings::new("dat".into(), self.sim.url(), self.sim.email(), self.password.clone());
        let mut setup = setup(self.dir.path(), "http://127.0.0.1:1", "none", Arc::clone(&clock), rates);
        setup.money.exaroton = Vec::new();
        setup.money.dathost = vec![DathostClient::new(settings, clock).expect("a client")];
        setup.money.policy.top_up_units = [(Provider::Dathost, Decimal::TEN)].into();
        start(setup).await.expect("an engine")
    }

    /// Starts an engine over the lab's folder and waits for its first reading.
    async fn engine(&self) -> Running {
        let (handle, task) = self.start().await;
        let console = Console::attach(InProcessTransport(handle.clone())).await;
        let mut running = Running { handle, task, console };
        running.read(self, 0).await;
        running
    }

    /// What minutes cost so far; the subscription was charged before anybody looked.
    fn billed(&self) -> Decimal {
        self.sim.world().bill().of_kind(quarterdeck::sim::dathost::ChargeKind::Minutes)
    }
}

struct Running {
    handle: EngineHandle,
    task: EngineTask,
    console: Console,
}

fn running(fleet: &Fleet) -> Vec<&Burner> {
    fleet.burners.values().flatten().filter(|burner| burner.kind == BurnerKind::Running).collect()
}

impl Running {
    /// Waits until the balance was read at the lab's present, and so many servers are known to be on.
    async fn read(&mut self, lab: &Rented, on: usize) {
        let now = lab.clock.now();
        let is_read = |fleet: &Fleet| {
            fleet.balances.get(&account()).is_some_and(|view| view.balance.observed_at >= now)
                && fleet.game_servers.len() == 3
                && running(fleet).len() == on
        };
        self.console.until("a reading", is_read).await;
    }

    async fn pass(&mut self, lab: &Rented, millis: i64, on: usize) {
        lab.clock.advance_millis(millis);
        self.read(lab, on).await;
    }

    async fn history(&self, lab: &Rented) -> CreditsHistory {
        let request = Request::CreditsHistory {
            balance: account(),
            from: DEFAULT_START,
            to: lab.clock.now(),
            points: 50,
        };
        let reply = self.console.client.ask(request).await.expect("an answer");
        let Reply::CreditsHistory(history) = reply else { panic!("no history") };
        *history
    }

    async fn stop(self) {
        self.handle.shut_down();
        self.task.stopped().await;
    }
}

fn spent(history: &CreditsHistory) -> Decimal {
    history.points.iter().map(|point| point.spent).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_observed_is_the_providers_bill_over_starts_stops_a_top_up_and_a_restart() {
    let lab = Rented::new().await;
    let mut engine = lab.engine().await;
    lab.switch("scrim", true);
    engine.read(&lab, 1).await;
    for _ in 0..6 {
        engine.pass(&lab, 5 * MINUTE, 1).await;
    }
    lab.switch("practice", true);
    engine.read(&lab, 2).await;
    engine.pass(&lab, 9 * MINUTE, 2).await;
    lab.sim.world().top_up(lab.sim.account_id(), 50);
    engine.pass(&lab, 4 * MINUTE, 2).await;
    lab.switch("scrim", false);
    engine.read(&lab, 1).await;
    let declared = engine.history(&lab).await.by_server;
    let scrim = declared.iter().find(|(_, name, _)| name == "scrim").expect("scrim burnt").2;
    let of_scrim = lab.sim.world().bill().of_server(&lab.sim.world().server("scrim").expect("there").id);
    assert!(
        (scrim - of_scrim).abs() <= of_scrim / Decimal::ONE_HUNDRED,
        "{scrim} declared, {of_scrim} billed"
    );
    engine.stop().await;
    lab.clock.advance_millis(7 * MINUTE);
    lab.switch("practice", false);
    let mut engine = lab.engine().await;
    lab.switch("scrim", true);
    engine.read(&lab, 1).await;
    engine.pass(&lab, HOUR, 1).await;
    let history = engine.history(&lab).await;
    assert_eq!(spent(&history), lab.billed(), "to the last unit");
    let view = engine.console.fleet.balances.get(&account()).expect("the balance");
    assert_eq!(view.topped_up_total, Decimal::from(50));
    assert_eq!(view.balance.amount, lab.sim.world().balance(lab.sim.account_id()));
    assert_eq!((view.balance.unit.0.as_str(), view.balance.provider), (DATHOST_CREDITS, Provider::Dathost));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_is_used_up_burns_nothing_until_it_begins_anew() {
    let lab = Rented::new().await;
    let mut engine = lab.engine().await;
    lab.switch("scrim", true);
    engine.read(&lab, 1).await;
    engine.pass(&lab, 74 * HOUR, 1).await;
    assert_eq!(running(&engine.console.fleet)[0].per_hour, Decimal::new(22, 2));
    engine.pass(&lab, 2 * HOUR, 1).await;
    let is_capped = |fleet: &Fleet| running(fleet).first().is_some_and(|burner| burner.per_hour.is_zero());
    engine.console.until("the cap", is_capped).await;
    assert_eq!(spent(&engine.history(&lab).await), Decimal::new(165, 1), "75 hours of 76");
    let day = 24 * HOUR;
    engine.pass(&lab, 27 * day, 1).await;
    let burns = |fleet: &Fleet| running(fleet).first().is_some_and(|burner| !burner.per_hour.is_zero());
    engine.console.until("a new month", burns).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_committed_whether_its_server_is_on_or_off_and_its_charge_is_foretold() {
    let lab = Rented::new().await;
    lab.switch("community", true);
    let mut engine = lab.engine().await;
    let fleet = &engine.console.fleet;
    let community = fleet.game_servers.values().find(|server| server.name == "community").expect("there");
    assert_ne!(community.state, GameServerState::Off);
    let burners: Vec<&Burner> = fleet.burners.values().flatten().collect();
    let [burner] = burners.as_slice() else { panic!("one: {burners:?}") };
    assert_eq!((burner.kind, burner.name.as_str()), (BurnerKind::Committed, "community"));
    let per_month = Decimal::new(525, 1);
    assert_eq!(burner.per_hour, (per_month / Decimal::from(730)).round_dp(8));
    let view = fleet.balances.get(&account()).expect("the balance");
    assert_eq!(
        (view.charges[0].amount, view.charges[0].what.as_str()),
        (per_month, "subscription of community")
    );
    engine.pass(&lab, HOUR, 0).await;
    assert_eq!(spent(&engine.history(&lab).await), Decimal::ZERO, "being on is paid for");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_whether_the_login_is_accepted() {
    let mut lab = Rented::new().await;
    for (is_right, title) in
        [(true, "dat: the login is accepted"), (false, "dat: the balance cannot be read")]
    {
        if !is_right {
            lab.password = "a password of nobody".into();
        }
        let (handle, task) = lab.start().await;
        let console = Console::attach(InProcessTransport(handle.clone())).await;
        let Reply::Findings(findings) = console.client.ask(Request::Doctor).await.expect("an answer") else {
            panic!("findings")
        };
        assert!(findings.iter().any(|finding| finding.title == title), "{findings:#?}");
        assert!(!format!("{findings:?}").contains("a password of nobody"));
        handle.shut_down();
        task.stopped().await;
    }
}
