//! Power, suspend, reinstall, destroy and keep on a server that a run made; identity changed under the plan.

use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::model::action::{ActionPlan, ActionRequest, CheckOutcome, Confirmation};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::server::{Ownership, PowerSignal, PowerState};
use quarterdeck::providers::pterodactyl::DetailsChange;
use quarterdeck::sim::panel::{DaemonMode, Fault, InstallPolicy, PanelSimOptions, ServerView};

use crate::site::{Engine, TestSite, operator, quick, until};

struct Stage {
    site: TestSite,
    engine: Engine,
    server: ServerView,
    key: ServerKey,
}

/// A provisioned server in a world that moves fast: boots and the panel's cache of 20 s pass in moments.
async fn stage() -> Stage {
    let site = TestSite::with(PanelSimOptions { speed: 200.0, ..PanelSimOptions::default() }).await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    engine.provisioned("o1").await;
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    let key = ServerKey { account: "panel".into(), id: server.id.to_string() };
    Stage { site, engine, server, key }
}

impl Stage {
    async fn run(&self, request: ActionRequest) -> Run {
        let run = self.engine.run(request).await.expect("a run");
        self.engine.ended(&run).await
    }

    async fn succeed(&self, request: ActionRequest) {
        let name = request.name();
        let run = self.run(request).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{name}: {:#?}", run.problem);
    }

    fn power(&self, signal: PowerSignal) -> ActionRequest {
        ActionRequest::Power { server: self.key.clone(), signal }
    }

    fn destroy(&self, is_forced: bool) -> ActionRequest {
        ActionRequest::Destroy { server: self.key.clone(), is_forced }
    }

    fn now(&self) -> Option<ServerView> {
        self.site.sim.world().server(self.server.id)
    }

    async fn plan(&self, request: ActionRequest) -> ActionPlan {
        self.engine.plan(request).await.expect("a plan")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_watched_until_it_is_so() {
    let stage = stage().await;
    for (signal, state) in [
        (PowerSignal::Start, PowerState::Running),
        (PowerSignal::Restart, PowerState::Running),
        (PowerSignal::Stop, PowerState::Offline),
        (PowerSignal::Start, PowerState::Running),
        (PowerSignal::Kill, PowerState::Offline),
    ] {
        stage.succeed(stage.power(signal)).await;
        assert_eq!(stage.now().expect("there").power, state, "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirmations_are_in_proportion() {
    let stage = stage().await;
    let typed = Confirmation::TypeName(stage.server.name.clone());
    for (request, expected) in [
        (stage.power(PowerSignal::Stop), Confirmation::YesNo),
        (stage.power(PowerSignal::Kill), typed.clone()),
        (ActionRequest::Suspend { server: stage.key.clone() }, Confirmation::YesNo),
        (ActionRequest::Reinstall { server: stage.key.clone() }, typed.clone()),
        (stage.destroy(false), typed),
    ] {
        assert_eq!(stage.plan(request.clone()).await.confirmation, expected, "{}", request.name());
    }
    let plan = stage.plan(stage.destroy(false)).await;
    let order = plan.checks.iter().find(|check| check.title == "order").expect("an order check");
    assert_eq!(order.outcome, CheckOutcome::Warn);
    assert!(order.detail.contains("o1 is provisioned"), "{}", order.detail);
    for typed in [None, Some(""), Some("another name")] {
        let problem =
            stage.engine.runner.execute(&operator(), &plan.id, typed).await.expect_err("not confirmed");
        assert_eq!(problem.kind, ProblemKind::Refused);
    }
    assert!(stage.now().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspend_and_unsuspend_are_seen_and_repeatable() {
    let stage = stage().await;
    let suspend = ActionRequest::Suspend { server: stage.key.clone() };
    let lift = ActionRequest::Unsuspend { server: stage.key.clone() };
    for (request, status) in
        [(&suspend, Some("suspended")), (&suspend, Some("suspended")), (&lift, None), (&lift, None)]
    {
        stage.succeed(request.clone()).await;
        assert_eq!(stage.now().expect("there").status, status);
    }
    stage.site.sim.faults().next("POST", "/suspend$", Fault::CommitThenDrop);
    stage.succeed(suspend).await;
    assert_eq!(stage.now().expect("there").status, Some("suspended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reinstall_is_waited_for_and_never_guessed_at() {
    let stage = stage().await;
    let reinstall = ActionRequest::Reinstall { server: stage.key.clone() };
    let route = "POST /api/application/servers/{id}/reinstall";
    stage.succeed(reinstall.clone()).await;
    assert_eq!(stage.site.sim.world().request_count(route), 1);
    // The answer is lost, but the install is seen to run.
    stage.site.sim.faults().set_installs(InstallPolicy {
        min_ms: 0,
        max_ms: 0,
        failure_rate: 0.0,
        is_held: true,
    });
    stage.site.sim.faults().next("POST", "/reinstall$", Fault::CommitThenDrop);
    let run = stage.engine.run(reinstall.clone()).await.expect("a run");
    stage.engine.saying(&run, "waiting for the install").await;
    stage.site.sim.world().finish_install(stage.server.id, true);
    assert_eq!(stage.engine.ended(&run).await.status, RunStatus::Succeeded);
    assert_eq!(stage.site.sim.world().request_count(route), 2);
    // The answer is lost and nothing is seen: nobody guesses.
    stage.site.sim.faults().next("POST", "/reinstall$", Fault::DropBefore);
    let run = stage.run(reinstall).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{:#?}", run.problem);
    assert_eq!(stage.site.sim.world().request_count(route), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destroyed_means_gone() {
    let stage = stage().await;
    stage.succeed(stage.destroy(false)).await;
    assert_eq!(stage.now(), None);
    assert!(stage.engine.fleet.read(|fleet| !fleet.servers.contains_key(&stage.key)));
    assert_eq!(stage.site.servers_of("o1"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroy_whose_reply_is_lost_succeeds_once() {
    let stage = stage().await;
    for fault in [Fault::CommitThenDrop, Fault::CommitThenStatus(504)] {
        stage.site.sim.faults().next("DELETE", "/api/application/servers/", fault);
    }
    stage.succeed(stage.destroy(false)).await;
    assert_eq!(stage.site.sim.world().servers_deleted_ever(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_daemon_keeps_the_server_unless_forced() {
    let stage = stage().await;
    stage.site.sim.faults().daemon(stage.server.node_id, DaemonMode::Refuse);
    let run = stage.run(stage.destroy(false)).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    assert!(run.problem.expect("why").advice.contains("force"));
    assert!(stage.now().is_some());
    stage.succeed(stage.destroy(true)).await;
    assert_eq!(stage.now(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_changed_under_the_plan_is_not_touched() {
    let stage = stage().await;
    let panel = stage.site.panel();
    let changes = [
        DetailsChange { name: Some("renamed".to_owned()), ..DetailsChange::default() },
        DetailsChange { external_id: Some(Some("another".to_owned())), ..DetailsChange::default() },
        DetailsChange { external_id: Some(None), ..DetailsChange::default() },
    ];
    for change in changes {
        let requests = [
            stage.destroy(false),
            stage.power(PowerSignal::Kill),
            ActionRequest::Suspend { server: stage.key.clone() },
            ActionRequest::Reinstall { server: stage.key.clone() },
            ActionRequest::Keep { server: stage.key.clone(), reason: "a reason".to_owned() },
        ];
        let mut plans = Vec::new();
        for request in requests {
            plans.push(stage.plan(request).await);
        }
        panel.update_details(stage.server.id, &change).await.expect("changed by another hand");
        let before = stage.now();
        for plan in plans {
            let run = stage.engine.execute(&plan).await.expect("a run");
            let run = stage.engine.ended(&run).await;
            assert_eq!(run.status, RunStatus::Failed, "{}: {:#?}", plan.title, run.problem);
            let problem = run.problem.expect("why");
            assert!(problem.message.contains("not the one that was planned for"), "{problem}");
        }
        assert_eq!(stage.now().map(|server| server.status), before.map(|server| server.status));
    }
    assert_eq!(stage.site.sim.world().servers_deleted_ever(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_does_not_happen_calls_an_operator() {
    let stage = stage().await;
    stage.succeed(stage.power(PowerSignal::Start)).await;
    let policy = RunPolicy { stop_deadline_ms: 150, ..quick() };
    let engine = stage.site.engine_with("b", policy, stage.site.database().await).await;
    // Accepted and silently not done.
    stage.site.sim.faults().next("POST", "/power$", Fault::Html);
    stage.site.sim.faults().daemon(stage.server.node_id, DaemonMode::Refuse);
    let run = engine.run(stage.power(PowerSignal::Stop)).await.expect("a run");
    let run = engine.ended(&run).await;
    assert!(matches!(run.status, RunStatus::NeedsOperator | RunStatus::Failed), "{:?}", run.status);
    assert!(run.problem.is_some_and(|problem| !problem.message.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_server_is_kept_over_restarts() {
    let stage = stage().await;
    let keep = |reason: &str| ActionRequest::Keep { server: stage.key.clone(), reason: reason.to_owned() };
    assert!(stage.plan(keep(" ")).await.is_refused());
    stage.succeed(keep("a gift")).await;
    let expected = Ownership::Kept { by: operator().operator, reason: "a gift".to_owned() };
    let Stage { site, engine, key, .. } = stage;
    engine.runner.shutdown().await;
    drop(engine);
    let engine = site.engine("a").await;
    let servers =
        site.panel().servers(quarterdeck::providers::transport::Priority::Run).await.expect("servers");
    // The shop knows no order that owns it any more.
    engine.fleet.observe(quarterdeck::engine::observation::Observation::Orders {
        account: "shop".into(),
        asked_at: crate::site::clock().now(),
        orders: Vec::new(),
        plans: Vec::new(),
        region_nodes: Vec::new(),
    });
    engine.fleet.observe(quarterdeck::engine::observation::Observation::Servers {
        account: "panel".into(),
        asked_at: crate::site::clock().now(),
        servers,
    });
    until("the server to be shown as kept", || {
        let ownership =
            engine.fleet.read(|fleet| fleet.servers.get(&key).map(|server| server.ownership.clone()));
        (ownership == Some(expected.clone())).then_some(())
    })
    .await;
}
