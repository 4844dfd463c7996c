//! Memory and the auto-stop.

use quarterdeck::model::action::{ActionPlan, ActionRequest, CheckOutcome};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::run::RunStatus;
use quarterdeck::sim::Fault;
use quarterdeck::sim::exaroton::ExarotonSimOptions;

use crate::site::{Site, until};

fn ram(server: &ServerKey, ram_gib: u32) -> ActionRequest {
    ActionRequest::SetCreditServerRam { server: server.clone(), ram_gib }
}

fn extend(server: &ServerKey, seconds: u32) -> ActionRequest {
    ActionRequest::ExtendCreditServer { server: server.clone(), seconds }
}

fn outcome(plan: &ActionPlan, title: &str) -> Option<(CheckOutcome, String)> {
    let check = plan.checks.iter().find(|check| check.title == title)?;
    Some((check.outcome, check.detail.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_set_within_its_bounds_and_everybody_sees_it() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    for wrong in [0, 1, 4, 17, u32::MAX] {
        assert!(engine.plan(ram(&server, wrong)).await.expect("a plan").is_refused(), "{wrong} GiB");
    }
    let run = engine.run(ram(&server, 16)).await;
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    let shown =
        engine.fleet.read(|fleet| fleet.credit_servers.get(&server).and_then(|server| server.ram_gib));
    assert_eq!((shown, site.sim.world().server("weekend").expect("there").ram_gib), (Some(16), 16));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_running_server_memory_holds_from_the_next_start_or_is_refused() {
    for refuses in [true, false] {
        let site =
            Site::with(ExarotonSimOptions { refuses_ram_while_running: refuses, ..Default::default() }).await;
        let (engine, server) = (site.runner("a").await, site.key("weekend"));
        site.bring_up(&server);
        let plan = engine.plan(ram(&server, 8)).await.expect("a plan");
        let (state, words) = outcome(&plan, "state").expect("a check");
        assert!(state == CheckOutcome::Warn && words.contains("next start"), "{words}");
        let run = engine.execute(&plan).await.expect("a run");
        let run = site.let_time_pass(engine.ended(&run)).await;
        if refuses {
            assert_eq!(run.status, RunStatus::Failed);
            assert!(run.problem.expect("why").advice.contains("stop the server first"));
        } else {
            assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
        }
    }
}

/// The list of servers does not tell the memory, and what was asked before is kept: what a run set is not undone by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_does_not_bring_the_old_memory_back() {
    let site = Site::start().await;
    let engine = site.engine("a").await;
    let server = site.key("weekend");
    let runner = site.runner("b").await;
    let run = runner.run(ram(&server, 12)).await;
    assert_eq!(site.let_time_pass(runner.ended(&run)).await.status, RunStatus::Succeeded);
    // Another engine set it: this one learns of it when it looks at the server's memory next.
    let caller = crate::site::operator();
    let plan =
        engine.handle.request(&caller, quarterdeck::model::request::Request::Plan(ram(&server, 13))).await;
    assert!(plan.is_ok(), "{plan:?}");
    let polls = || site.sim.world().request_count("GET", "/v1/servers/");
    let before = polls();
    until("some polls", || (polls() > before + 4).then_some(())).await;
    engine
        .until("the new memory, as the list and the books have it", |fleet| {
            let shown = fleet.credit_servers.get(&server)?.ram_gib;
            (shown == Some(12)).then_some(())
        })
        .await;
    engine.stop().await;
}

/// The provider charges a run for the memory it began with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_burns_for_the_memory_it_began_with() {
    let site =
        Site::with(ExarotonSimOptions { refuses_ram_while_running: false, ..Default::default() }).await;
    let engine = site.engine("a").await;
    let server = site.key("weekend");
    site.bring_up(&server);
    let burns = |fleet: &quarterdeck::model::fleet::Fleet| {
        let burner = fleet.burners.values().flatten().find(|burner| {
            burner.server == server && burner.kind == quarterdeck::model::spend::BurnerKind::Running
        })?;
        Some(burner.per_hour)
    };
    engine.until("what it burns", |fleet| (burns(fleet)? == 4.into()).then_some(())).await;
    let runner = site.runner("b").await;
    let run = runner.run(ram(&server, 8)).await;
    assert_eq!(site.let_time_pass(runner.ended(&run)).await.status, RunStatus::Succeeded);
    let caller = crate::site::operator();
    let request = quarterdeck::model::request::Request::Plan(ram(&server, 9));
    assert!(engine.handle.request(&caller, request).await.is_ok(), "it looks at the memory");
    let polls = || site.sim.world().request_count("GET", "/v1/servers/");
    let before = polls();
    until("some polls", || (polls() > before + 4).then_some(())).await;
    engine
        .until("the memory it is set to, and what it burns until it stops", |fleet| {
            let set = fleet.credit_servers.get(&server)?.ram_gib;
            (set == Some(8) && burns(fleet)? == 4.into()).then_some(())
        })
        .await;
    site.client().stop(&server.id).await.expect("stopped");
    site.clock.advance_millis(60_000);
    engine.until("it to be off", |fleet| burns(fleet).is_none().then_some(())).await;
    site.bring_up(&server);
    engine.until("what it burns now", |fleet| (burns(fleet)? == 8.into()).then_some(())).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_auto_stop_is_put_off_once() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    let plan = engine.plan(extend(&server, 600)).await.expect("a plan");
    assert!(plan.is_refused(), "it does not run");
    site.bring_up(&server);
    site.sim.world().set_auto_stop(&server.id, Some(240_000));
    let stops_at = || site.sim.world().server("weekend").expect("there").auto_stop_at.expect("a timer");
    for wrong in [0, 86_401] {
        assert!(engine.plan(extend(&server, wrong)).await.expect("a plan").is_refused(), "{wrong} s");
    }
    let before = stops_at();
    let run = engine.run(extend(&server, 600)).await;
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(stops_at(), before.plus_millis(600_000));
    // The answer is lost: it took effect, and is not asked for again.
    site.sim.faults().next("POST", "/extend-time/", Fault::CommitThenDrop);
    let run = engine.run(extend(&server, 600)).await;
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{run:#?}");
    assert!(run.problem.expect("why").message.contains("nobody can say"));
    assert_eq!(stops_at(), before.plus_millis(1_200_000));
    assert_eq!(site.asked(&server, "extend-time"), 2);
}
