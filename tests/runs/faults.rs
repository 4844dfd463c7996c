//! Lost replies, 429, 500, 504, resets, malformed and oversized answers, daemons that fail, a database that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use quarterdeck::model::finding::Finding;
use quarterdeck::model::ids::{AccountId, OrderId, ShopPlanId};
use quarterdeck::model::order::Order;
use quarterdeck::model::problem::{Effect, Fault as Whose, Problem, ProblemKind, Retry};
use quarterdeck::model::run::RunStatus;
use quarterdeck::providers::orders::{
    ClaimOutcome, Offer, OrdersDatabase, OrdersSnapshot, ProvisionedServer, Release,
};
use quarterdeck::sim::panel::{DaemonMode, Fault, FaultRates, InstallPolicy, PanelSimOptions};

use crate::site::{TestSite, quick, until};

const CREATE_SERVER: &str = "/api/application/servers$";
const CREATE_USER: &str = "/api/application/users$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_answer_to_the_create_ends_in_one_server() {
    let site = TestSite::start().await;
    let engine = site.engine("a").await;
    let faults = [
        Fault::CommitThenDrop,
        Fault::CommitThenStatus(500),
        Fault::CommitThenStatus(502),
        Fault::CommitThenStatus(504),
        Fault::FailBefore(500),
        Fault::FailBefore(503),
        Fault::FailBefore(504),
        Fault::DropBefore,
        Fault::MalformedJson,
        Fault::Html,
        Fault::Oversized { bytes: 100_000_000 },
        Fault::Hang { millis: 80 },
        Fault::TooMany { retry_after_s: 1 },
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        for (kind, path) in [("s", CREATE_SERVER), ("u", CREATE_USER)] {
            let order = format!("o{kind}{number}");
            site.add_order(&order, "small").await;
            site.sim.faults().next("POST", path, fault);
            let run = engine.ended(&engine.provision(&order).await).await;
            assert_eq!(run.status, RunStatus::Succeeded, "{fault:?} on {path}: {:#?}", run.problem);
            assert_eq!(site.sim.faults().left(), 0, "{fault:?} struck");
            site.assert_provisioned_once(&order).await;
            assert_eq!(site.sim.world().users_with_external_id(&format!("customer-{order}")).len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_lost_again_and_again_still_makes_no_second_server() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().times("POST", CREATE_SERVER, Fault::CommitThenDrop, 3);
    // The lookups fail too at first.
    site.sim.faults().times("GET", "/servers/external/", Fault::FailBefore(500), 2);
    let engine = site.engine("a").await;
    engine.provisioned("o1").await;
    site.assert_provisioned_once("o1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_that_refuses_every_create_leaves_nothing_and_says_why() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().times("POST", CREATE_SERVER, Fault::FailBefore(500), 900);
    let engine = site.engine("a").await;
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    site.assert_nothing_left("o1", "error").await;
    assert!(site.order("o1").await.error_message.is_some_and(|text| text.contains("500")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_faults_at_once_never_double_nor_forget() {
    let rates = FaultRates {
        internal: 0.05,
        gateway: 0.08,
        reset: 0.05,
        lost: 0.08,
        malformed: 0.04,
        ..FaultRates::default()
    };
    let site = TestSite::with(PanelSimOptions { seed: 7, ..PanelSimOptions::default() }).await;
    let engine = site.engine("a").await;
    let mut runs = Vec::new();
    for number in 0..12 {
        let order = format!("o{number}");
        site.add_order(&order, "small").await;
        runs.push((order.clone(), engine.plan_order(&order).await.expect("a plan")));
    }
    site.sim.faults().set_rates(rates);
    let mut started = Vec::new();
    for (order, plan) in runs {
        started.push((order, engine.execute(&plan).await.expect("a run")));
    }
    for (_, run) in &started {
        engine.ended(run).await;
    }
    site.sim.faults().clear();
    for (order, run) in started {
        let run = engine.view(&run).expect("shown");
        match run.status {
            RunStatus::Succeeded => site.assert_provisioned_once(&order).await,
            RunStatus::Failed => {
                assert_eq!(site.servers_of(&order), 0, "{order}");
                assert_eq!(site.order(&order).await.status.word(), "error");
            }
            // Something may be left, and then the run and the order say so; trying again cleans it up.
            RunStatus::NeedsOperator => {
                assert!(run.problem.is_some_and(|problem| !problem.advice.is_empty()));
                engine.provisioned(&order).await;
                assert_eq!(site.servers_of(&order), 1);
            }
            other => panic!("{order}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_429_is_waited_out() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    site.sim.faults().times("*", "/api/application/", Fault::TooMany { retry_after_s: 1 }, 3);
    let run = engine.ended(&engine.execute(&plan).await.expect("a run")).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    site.assert_provisioned_once("o1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_that_race_for_one_allocation_both_get_a_server() {
    let site = TestSite::start().await;
    let (first, second) = (site.engine("a").await, site.engine("b").await);
    for number in 0..4 {
        let orders = [format!("a{number}"), format!("b{number}")];
        for order in &orders {
            site.add_order(order, "small").await;
        }
        site.sim.faults().race_next_creates(2);
        let (one, two) = tokio::join!(first.provisioned(&orders[0]), second.provisioned(&orders[1]));
        assert_ne!(one.result, two.result);
        for order in &orders {
            site.assert_provisioned_once(order).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_daemon_sends_the_server_to_another_node() {
    let site = TestSite::start().await;
    let engine = site.engine("a").await;
    for (number, mode) in
        [DaemonMode::Refuse, DaemonMode::Hang, DaemonMode::Status(500), DaemonMode::Status(422)]
            .into_iter()
            .enumerate()
    {
        let order = format!("o{number}");
        site.add_order(&order, "small").await;
        let plan = engine.plan_order(&order).await.expect("a plan");
        let quarterdeck::model::action::Parameters::Provision(decided) = &plan.parameters else {
            panic!("decided")
        };
        let node: i64 = decided.node.id.parse().expect("a number");
        site.sim.faults().daemon(node, mode);
        let run = engine.ended(&engine.execute(&plan).await.expect("a run")).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{mode:?}: {:#?}", run.problem);
        let server = site.sim.world().servers_with_external_id(&order)[0].clone();
        assert_ne!(server.node_id, node, "{mode:?}");
        assert_eq!(site.order(&order).await.panel_server_id, Some(server.id));
        site.sim.faults().daemon(node, DaemonMode::Up);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_daemons_dead_fails_with_nothing_left() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    for node in [1, 2] {
        site.sim.faults().daemon(node, DaemonMode::Refuse);
    }
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    assert_eq!(run.problem.expect("why").kind, ProblemKind::Daemon);
    site.assert_nothing_left("o1", "error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_that_fails_calls_an_operator_and_names_the_server() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(InstallPolicy {
        min_ms: 5,
        max_ms: 10,
        failure_rate: 1.0,
        is_held: false,
    });
    site.sim.faults().times("DELETE", "/api/application/servers/", Fault::FailBefore(500), 900);
    let engine = site.engine("a").await;
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{:#?}", run.problem);
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    let problem = run.problem.expect("why");
    assert!(problem.advice.contains(&format!("panel/{}", server.id)), "{}", problem.advice);
    let order = site.order("o1").await;
    assert_eq!(order.status.word(), "error");
    assert!(order.error_message.expect("why").contains("left on the panel"));
}

/// An orders database that can go away and come back.
struct Flaky {
    inner: Arc<dyn OrdersDatabase>,
    is_down: Arc<AtomicBool>,
}

impl Flaky {
    fn answer<'a, T: Send + 'a>(
        &'a self,
        call: BoxFuture<'a, Result<T, Problem>>,
    ) -> BoxFuture<'a, Result<T, Problem>> {
        Box::pin(async move {
            if self.is_down.load(Ordering::SeqCst) {
                return Err(Problem {
                    kind: ProblemKind::Unreachable,
                    fault: Whose::Network,
                    retry: Retry::Backoff,
                    effect: Effect::None,
                    message: "the orders database is away".to_owned(),
                    advice: String::new(),
                });
            }
            call.await
        })
    }
}

impl OrdersDatabase for Flaky {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn read_all(&self) -> BoxFuture<'_, Result<OrdersSnapshot, Problem>> {
        self.answer(self.inner.read_all())
    }
    fn read_order<'a>(&'a self, id: &'a OrderId) -> BoxFuture<'a, Result<Option<Order>, Problem>> {
        self.answer(self.inner.read_order(id))
    }
    fn read_offer<'a>(&'a self, plan: &'a ShopPlanId) -> BoxFuture<'a, Result<Offer, Problem>> {
        self.answer(self.inner.read_offer(plan))
    }
    fn claim<'a>(&'a self, id: &'a OrderId, token: &'a str) -> BoxFuture<'a, Result<ClaimOutcome, Problem>> {
        self.answer(self.inner.claim(id, token))
    }
    fn take_over<'a>(
        &'a self,
        id: &'a OrderId,
        from: Option<&'a str>,
        token: &'a str,
    ) -> BoxFuture<'a, Result<ClaimOutcome, Problem>> {
        self.answer(self.inner.take_over(id, from, token))
    }
    fn release<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        to: Release,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        self.answer(self.inner.release(id, token, to))
    }
    fn complete<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        server: &'a ProvisionedServer,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        self.answer(self.inner.complete(id, token, server))
    }
    fn link_customer<'a>(&'a self, user_id: &'a str, user: i64) -> BoxFuture<'a, Result<(), Problem>> {
        self.answer(self.inner.link_customer(user_id, user))
    }
    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        self.inner.wait_for_change()
    }
    fn problems_of_configuration(&self) -> BoxFuture<'_, Result<Vec<Finding>, Problem>> {
        self.inner.problems_of_configuration()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orders_database_that_goes_away_in_mid_run_costs_no_server() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(InstallPolicy { min_ms: 0, max_ms: 0, failure_rate: 0.0, is_held: true });
    let is_down = Arc::new(AtomicBool::new(false));
    let database = Arc::new(Flaky { inner: site.database().await, is_down: Arc::clone(&is_down) });
    let engine = site.engine_with("a", quick(), database).await;
    let run = engine.provision("o1").await;
    engine.saying(&run, "waiting for the install").await;
    is_down.store(true, Ordering::SeqCst);
    engine.saying(&run, "the orders database is away").await;
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    site.sim.world().finish_install(server.id, true);
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{:#?}", run.problem);
    assert!(run.problem.expect("why").advice.contains("taken over"));
    assert_eq!(site.servers_of("o1"), 1, "a paid server is not taken back because a database is away");
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(site.order("o1").await.status.word(), "provisioning");
    engine.provisioned("o1").await;
    site.assert_provisioned_once("o1").await;
    assert_eq!(site.sim.world().servers_with_external_id("o1")[0].id, server.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orders_database_that_comes_back_in_time_is_waited_for() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let is_down = Arc::new(AtomicBool::new(false));
    let database = Arc::new(Flaky { inner: site.database().await, is_down: Arc::clone(&is_down) });
    let policy = quarterdeck::engine::runs::RunPolicy { attempts: 1000, ..quick() };
    let engine = site.engine_with("a", policy, database).await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    is_down.store(true, Ordering::SeqCst);
    let run = engine.execute(&plan).await.expect("a run");
    until("a second attempt", || {
        engine
            .view(&run)
            .and_then(|run| run.acting().map(|step| step.attempts))
            .filter(|attempts| *attempts > 2)
    })
    .await;
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(engine.ended(&run).await.status, RunStatus::Succeeded);
    site.assert_provisioned_once("o1").await;
}
