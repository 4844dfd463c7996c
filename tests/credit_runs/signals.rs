//! Start, stop, restart: what is accepted is watched, and what comes of it is told.

use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::model::credits::{CreditServerSignal, CreditServerStatus};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::sim::Fault;
use quarterdeck::sim::exaroton::{PayerId, StartFate, Timings};

use crate::site::{Engine, START, Site, operator, quick, signal, until};

async fn ended(site: &Site, engine: &Engine, server: &ServerKey, what: CreditServerSignal) -> Run {
    let run = engine.run(signal(server, what)).await;
    site.let_time_pass(engine.ended(&run)).await
}

fn shown(engine: &Engine, server: &ServerKey) -> Option<CreditServerStatus> {
    engine.fleet.read(|fleet| fleet.credit_servers.get(server).map(|server| server.status))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_signal_is_watched_until_it_is_so() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    for (what, status, result) in [
        (START, CreditServerStatus::Online, Some("weekend.exaroton.me")),
        (CreditServerSignal::Restart, CreditServerStatus::Online, Some("weekend.exaroton.me")),
        (CreditServerSignal::Stop, CreditServerStatus::Offline, None),
        (START, CreditServerStatus::Online, Some("weekend.exaroton.me")),
    ] {
        let run = ended(&site, &engine, &server, what).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{what:?}: {:#?}", run.problem);
        assert_eq!(run.result.as_deref(), result, "{what:?}");
        assert_eq!(site.status(&server), status.number(), "{what:?}");
        assert_eq!(shown(&engine, &server), Some(status), "everybody sees what the run saw");
    }
    assert_eq!(
        [site.asked(&server, "start"), site.asked(&server, "stop"), site.asked(&server, "restart")],
        [2, 1, 1]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_credits_pay_where_they_are_asked_for() {
    let site = Site::start().await;
    let (engine, club) = (site.runner("a").await, site.key("club"));
    let own = CreditServerSignal::Start { with_own_credits: true };
    assert_eq!(ended(&site, &engine, &club, own).await.status, RunStatus::Succeeded);
    let payer = site.sim.world().server("club").expect("there").paid_by;
    assert_eq!(payer, Some(PayerId::Account(site.sim.account_id().to_owned())), "not the pool");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_falls_back_or_crashes_is_told() {
    let site = Site::start().await;
    let engine = site.runner("a").await;
    for (name, fate, words) in [
        ("weekend", StartFate::BackToOffline, "fell back to offline"),
        ("hardcore", StartFate::Crash, "crashed"),
    ] {
        let server = site.key(name);
        site.sim.world().set_fate(&server.id, fate);
        let run = ended(&site, &engine, &server, START).await;
        assert_eq!(run.status, RunStatus::Failed, "{fate:?}");
        let problem = run.problem.expect("why");
        assert!(problem.message.contains(words) && problem.advice.contains("burns nothing now"), "{problem}");
        assert_eq!(site.asked(&server, "start"), 1, "it is not started again by itself");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_hangs_calls_an_operator_and_says_what_it_burns() {
    let site = Site::start().await;
    let policy = RunPolicy { credit_start_deadline_ms: 90_000, ..quick() };
    let (engine, server) = (site.runner_with("a", policy).await, site.key("weekend"));
    site.sim.world().set_fate(&server.id, StartFate::Stuck);
    let run = ended(&site, &engine, &server, START).await;
    assert_eq!(run.status, RunStatus::NeedsOperator);
    let problem = run.problem.expect("why");
    assert!(problem.message.contains("starting and burns 4 credits/h"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_was_faster_is_no_failure() {
    let site = Site::start().await;
    let engine = site.runner("a").await;
    // Between the plan and the run.
    let server = site.key("weekend");
    let plan = engine.plan(signal(&server, START)).await.expect("a plan");
    assert!(site.sim.world().start_from_outside(&server.id));
    let run = engine.execute(&plan).await.expect("a run");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    assert!(run.steps[0].detail.contains("nothing had to be sent"), "{}", run.steps[0].detail);
    assert_eq!(site.sim.world().request_count("POST", "/start"), 0);
    // Between the look and the call: the provider answers 208.
    let server = site.key("hardcore");
    site.sim.faults().next("POST", "/start", Fault::Hang { millis: 150 });
    let run = engine.run(signal(&server, START)).await;
    until("the call to be on its way", || (site.sim.faults().left() == 0).then_some(())).await;
    assert!(site.sim.world().start_from_outside(&server.id));
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    assert!(run.steps[0].detail.contains("under way already"), "{}", run.steps[0].detail);
    let said: Vec<u16> =
        site.sim.world().requests().iter().filter(|r| r.path.contains("/start")).map(|r| r.status).collect();
    assert_eq!(said, [208]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_until_what_starts_can_be_stopped() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    assert!(site.sim.world().start_from_outside(&server.id));
    let plan = engine.plan(signal(&server, CreditServerSignal::Stop)).await.expect("a plan");
    let state = plan.checks.iter().find(|check| check.title == "state").expect("a check");
    assert!(state.detail.contains("waits until"), "{state:?}");
    let run = engine.execute(&plan).await.expect("a run");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!((run.status, site.status(&server)), (RunStatus::Succeeded, 0), "{:#?}", run.problem);
    assert_eq!(site.asked(&server, "stop"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_the_state_does_not_explain_is_told_once() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("hardcore"));
    // 420 credits at 8 an hour.
    site.bring_up(&server);
    site.clock.advance_millis(53 * 3_600_000);
    assert_eq!(site.status(&server), 0, "it ran until nothing was left");
    let run = ended(&site, &engine, &server, START).await;
    assert_eq!(run.status, RunStatus::Failed);
    let problem = run.problem.expect("why");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(
        problem.message.contains("although the server is offline") && problem.advice.contains("credits"),
        "{problem}"
    );
    assert_eq!(site.sim.world().request_count("POST", "/start"), 1, "it is not tried in vain again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_state_is_waited_for_and_never_taken_for_stopped() {
    let site = Site::start().await;
    let policy = RunPolicy { credit_start_deadline_ms: 20_000, ..quick() };
    let (engine, server) = (site.runner_with("a", policy).await, site.key("weekend"));
    site.sim.world().set_odd_status(&server.id, Some(99));
    let run = ended(&site, &engine, &server, START).await;
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.problem.expect("why").message.contains("unknown(99)"));
    assert_eq!(site.sim.world().request_count("POST", "/start"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_run_works_on_a_server_at_a_time() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    site.bring_up(&server);
    let (one, other) = (
        engine.plan(signal(&server, CreditServerSignal::Stop)).await.expect("a plan"),
        engine.plan(signal(&server, CreditServerSignal::Restart)).await.expect("a plan"),
    );
    let first = engine.execute(&one).await.expect("a run");
    let busy = engine.execute(&other).await.expect_err("the server is taken");
    assert_eq!(busy.kind, ProblemKind::Conflict);
    let mut reader = operator();
    reader.is_read_only = true;
    let refused = engine.runner.plan(&reader, signal(&server, START)).await.expect_err("read-only");
    assert_eq!(refused.kind, ProblemKind::Refused);
    site.let_time_pass(engine.ended(&first)).await;
    // What it waited for is over: the server does not run, so there is nothing to restart.
    let late = engine.execute(&other).await.expect("a run");
    let late = site.let_time_pass(engine.ended(&late)).await;
    assert_eq!(late.status, RunStatus::Failed, "{late:#?}");
    assert_eq!(site.asked(&server, "restart"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_told() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.add("short-lived"));
    let plan = engine.plan(signal(&server, START)).await.expect("a plan");
    site.sim.world().remove_server(&server.id);
    let run = engine.execute(&plan).await.expect("a run");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.problem.expect("why").message.contains("gone"));
    let gone = engine.plan(signal(&server, START)).await.expect_err("no plan");
    assert_eq!(gone.kind, ProblemKind::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_before_the_start_is_waited_for() {
    let timings = Timings { pending_ms: (30_000, 30_000), ..Timings::default() };
    let site =
        Site::with(quarterdeck::sim::exaroton::ExarotonSimOptions { timings, ..Default::default() }).await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    let run = ended(&site, &engine, &server, START).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
}
