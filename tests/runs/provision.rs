//! A paid order becomes a running server; plans, confirmations, cancel, retries.

use std::sync::{Arc, Mutex};

use quarterdeck::engine::handle::Caller;
use quarterdeck::engine::runs::events::JournalEvent;
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::model::action::CheckOutcome;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::run::{RunStatus, StepStatus};
use quarterdeck::sim::panel::InstallPolicy;
use quarterdeck::store::RecordKind;
use tokio::sync::mpsc;

use crate::scripted::{ScriptedLog, Turn};
use crate::site::{Engine, TestSite, open_store, operator, quick, until};

const HELD: InstallPolicy = InstallPolicy { min_ms: 0, max_ms: 0, failure_rate: 0.0, is_held: true };
const FAILING: InstallPolicy = InstallPolicy { min_ms: 5, max_ms: 10, failure_rate: 1.0, is_held: false };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_becomes_a_running_server() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    assert!(!plan.is_refused(), "{:#?}", plan.checks);
    assert!(plan.title.contains("c-o1@example.test") && plan.title.contains("node-eu"), "{}", plan.title);
    assert_eq!(plan.burn_after.as_ref().map(ToString::to_string).as_deref(), Some("0.01 EUR"));
    let node = plan.checks.iter().find(|check| check.title == "node").expect("a node check");
    assert!(node.detail.contains("has most room") && node.detail.contains("node-us"), "{}", node.detail);
    let run = engine.execute(&plan).await.expect("a run");
    assert_eq!(engine.execute(&plan).await.expect("the same run"), run);
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    assert!(
        run.steps.iter().all(|step| step.status == StepStatus::Done && step.attempts == 1),
        "{:#?}",
        run.steps
    );
    let server = &site.sim.world().servers_with_external_id("o1")[0];
    assert_eq!(run.result.as_deref(), Some(server.addresses[0].as_str()));
    assert_eq!(
        server.environment,
        site.sim.world().eggs().iter().find(|egg| egg.id == server.egg_id).expect("egg").defaults
    );
    site.assert_provisioned_once("o1").await;
    assert_eq!(engine.execute(&plan).await.expect("the same run, though it is over"), run.id);
    let audit = engine.store.records(RecordKind::Audit).expect("the audit log");
    let outcomes: Vec<_> = audit.iter().map(|record| record.body["outcome"].clone()).collect();
    assert_eq!(outcomes, ["started", "succeeded"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_are_refused_with_reasons() {
    let site = TestSite::start().await;
    for id in ["pending", "nomail", "noplan", "noegg", "far", "huge", "taken"] {
        site.add_order(id, "small").await;
    }
    site.sql(
        "INSERT INTO plans (id, name, ram_mib, disk_mib, panel_egg_id) VALUES ('eggless', 'E', 1, 1, NULL), \
         ('huge', 'H', 999999, 1, 1); \
         UPDATE orders SET status = 'pending' WHERE id = 'pending'; \
         UPDATE customers SET email = NULL WHERE id = 'customer-nomail'; \
         UPDATE orders SET plan_id = 'eggless' WHERE id = 'noegg'; \
         UPDATE orders SET region = 'moon' WHERE id = 'far'; \
         UPDATE orders SET plan_id = 'huge' WHERE id = 'huge'; \
         UPDATE orders SET status = 'provisioning', claim_token = 'shop-worker-7' WHERE id = 'taken';",
    )
    .await;
    let engine = site.engine("a").await;
    for (order, check, words) in [
        ("pending", "order", "pending"),
        ("nomail", "customer", "e-mail"),
        ("noegg", "egg", "names no egg"),
        ("far", "node", "moon"),
        ("huge", "node", "MiB memory free"),
        ("taken", "order", "shop-worker-7"),
    ] {
        let plan = engine.plan_order(order).await.expect("a plan, though refused");
        let refusal = plan.checks.iter().find(|check| check.outcome == CheckOutcome::Refuse).expect(order);
        assert_eq!(refusal.title, check, "{order}");
        assert!(refusal.detail.contains(words), "{order}: {}", refusal.detail);
        let problem = engine.execute(&plan).await.expect_err("a refused plan does not run");
        assert_eq!(problem.kind, ProblemKind::Refused);
    }
    assert_eq!(engine.plan_order("nobody").await.expect_err("no such order").kind, ProblemKind::NotFound);
    let reader = Caller { is_read_only: true, ..operator() };
    let request = quarterdeck::model::action::ActionRequest::ProvisionOrder {
        order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "noplan".into() },
    };
    assert_eq!(engine.runner.plan(&reader, request).await.expect_err("read-only").kind, ProblemKind::Refused);
    assert_eq!(site.sim.world().servers_created_ever(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_too_old_is_refused() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let policy = quarterdeck::engine::runs::RunPolicy { plan_valid_ms: 0, ..quick() };
    let engine = site.engine_with("a", policy, site.database().await).await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    until("the plan to be too old", || (crate::site::clock().now() > plan.valid_until).then_some(())).await;
    let problem = engine.execute(&plan).await.expect_err("too old");
    assert!(problem.message.contains("too old"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_run_per_target_and_the_second_is_told_which() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(HELD);
    let engine = site.engine("a").await;
    let second = engine.plan_order("o1").await.expect("a plan");
    let run = engine.provision("o1").await;
    let problem = engine.execute(&second).await.expect_err("one at a time");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains(run.as_str()), "{problem}");
    engine.saying(&run, "waiting for the install to end since").await;
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    let key = quarterdeck::model::ids::ServerKey { account: "panel".into(), id: server.id.to_string() };
    let destroy = quarterdeck::model::action::ActionRequest::Destroy { server: key, is_forced: false };
    let problem = engine.run(destroy).await.expect_err("its order's run goes on");
    assert!(problem.message.contains(run.as_str()), "{problem}");
    site.sim.world().finish_install(server.id, true);
    assert_eq!(engine.ended(&run).await.status, RunStatus::Succeeded);
    site.assert_provisioned_once("o1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_install_is_undone_and_a_retry_succeeds() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(FAILING);
    let engine = site.engine("a").await;
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::Failed);
    site.assert_nothing_left("o1", "error").await;
    let message = site.order("o1").await.error_message.expect("why");
    assert!(message.contains("install script") && message.contains("log"), "{message}");
    site.sim.faults().set_installs(InstallPolicy { min_ms: 5, max_ms: 10, ..InstallPolicy::default() });
    let plan = engine.plan_order("o1").await.expect("a plan");
    let order = plan.checks.iter().find(|check| check.title == "order").expect("an order check");
    assert_eq!(order.outcome, CheckOutcome::Warn, "{}", order.detail);
    let run = engine.ended(&engine.execute(&plan).await.expect("a run")).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    assert_eq!(site.servers_of("o1"), 1);
    assert_eq!(site.order("o1").await.status.word(), "provisioned");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_never_ends_calls_an_operator_and_a_retry_adopts_the_server() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(HELD);
    let policy = quarterdeck::engine::runs::RunPolicy { install_deadline_ms: 300, ..quick() };
    let engine = site.engine_with("a", policy, site.database().await).await;
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{:#?}", run.problem);
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    let order = site.order("o1").await;
    assert_eq!(order.status.word(), "error");
    assert!(order.error_message.expect("why").contains("install did not end"));
    site.sim.world().finish_install(server.id, true);
    engine.provisioned("o1").await;
    site.assert_provisioned_once("o1").await;
    assert_eq!(site.sim.world().servers_with_external_id("o1")[0].id, server.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_never_ends_can_be_undone_by_policy() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(HELD);
    let policy = quarterdeck::engine::runs::RunPolicy {
        install_deadline_ms: 200,
        install_deadline: quarterdeck::engine::runs::InstallDeadline::Undo,
        ..quick()
    };
    let engine = site.engine_with("a", policy, site.database().await).await;
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    site.assert_nothing_left("o1", "error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_canceled_by_the_shop_in_mid_run_leaves_nothing() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(HELD);
    let engine = site.engine("a").await;
    let run = engine.provision("o1").await;
    engine.saying(&run, "waiting for the install").await;
    site.sql("UPDATE orders SET status = 'canceled' WHERE id = 'o1'").await;
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    assert!(run.problem.expect("why").message.contains("canceled"));
    site.assert_nothing_left("o1", "canceled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_filled_up_since_the_plan_is_replaced() {
    let site = TestSite::start().await;
    site.add_order("big1", "whole").await;
    site.add_order("big2", "whole").await;
    site.add_order("big3", "whole").await;
    let engine = site.engine("a").await;
    let late = engine.plan_order("big2").await.expect("a plan while node 1 is free");
    let too_late = engine.plan_order("big3").await.expect("a plan while node 1 is free");
    engine.provisioned("big1").await;
    let run = engine.ended(&engine.execute(&late).await.expect("a run")).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    let nodes: Vec<i64> = site.sim.world().servers().iter().map(|server| server.node_id).collect();
    assert_eq!(nodes, [1, 2]);
    assert_eq!(site.order("big2").await.panel_node_id, Some(2));
    let run = engine.ended(&engine.execute(&too_late).await.expect("a run")).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    site.assert_nothing_left("big3", "error").await;
    let message = site.order("big3").await.error_message.expect("why");
    assert!(message.contains("no room"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_at_each_step_leaves_nothing() {
    let site = TestSite::start().await;
    for step in 0..7 {
        let order = format!("o{step}");
        site.add_order(&order, "small").await;
        let store = open_store(&site.data(&order)).await;
        let (intents, mut intended) = mpsc::channel(1);
        let script = move |_: usize, run: &_, event: &JournalEvent| {
            if matches!(event, JournalEvent::StepIntent { step: begun, .. } if *begun == step) {
                // The step acts while the test cancels.
                intents.try_send(Clone::clone(run)).expect("one intent");
            }
            Turn::Write
        };
        let log: Arc<dyn RunLog> = Arc::new(ScriptedLog::new(store.clone(), script));
        let engine = Engine::start(store, log, site.panel(), site.database().await, quick()).await;
        let run = engine.provision(&order).await;
        assert_eq!(intended.recv().await.as_ref(), Some(&run));
        let canceled = engine.runner.cancel(&operator(), &run).await;
        let run = engine.ended(&run).await;
        match (canceled, run.status) {
            (Ok(()), RunStatus::Canceled) => {
                assert!(run.is_cancel_requested);
                site.assert_nothing_left(&order, "paid").await;
            }
            // The cancel came when the last step was already acting, or over.
            (_, RunStatus::Succeeded) if step >= 5 => site.assert_provisioned_once(&order).await,
            (answer, status) => panic!("step {step}: {answer:?}, {status:?}, {:#?}", run.problem),
        }
        assert!(engine.runner.cancel(&operator(), &run.id).await.is_err(), "a run that is over");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acts_when_the_journal_cannot_be_written() {
    let site = TestSite::start().await;
    for position in 0..8 {
        let order = format!("o{position}");
        site.add_order(&order, "small").await;
        let store = open_store(&site.data(&order)).await;
        let seen: Arc<Mutex<Vec<&'static str>>> = Arc::default();
        let heard = Arc::clone(&seen);
        let script = move |number: usize, _: &_, event: &JournalEvent| {
            heard.lock().expect("not poisoned").push(event.name());
            if number >= position { Turn::Fail } else { Turn::Write }
        };
        let log: Arc<dyn RunLog> = Arc::new(ScriptedLog::new(store.clone(), script));
        let engine = Engine::start(store, log, site.panel(), site.database().await, quick()).await;
        let plan = engine.plan_order(&order).await.expect("a plan");
        site.sim.world().forget_requests();
        let started = engine.execute(&plan).await;
        if position == 0 {
            assert_eq!(started.expect_err("the start is not journaled").kind, ProblemKind::Storage);
            assert_eq!(site.order(&order).await.status.word(), "paid");
            continue;
        }
        let run = engine.ended(&started.expect("a run")).await;
        assert_eq!(run.status, RunStatus::NeedsOperator);
        assert_eq!(run.problem.expect("why").kind, ProblemKind::Storage);
        // The last thing tried was the append that failed: nothing came after it.
        assert_eq!(seen.lock().expect("not poisoned").len(), position + 1);
        // Append 7 is the intent of the create: with it missing nothing was created.
        assert_eq!(site.servers_of(&order), 0, "position {position}");
        drop(engine);
        let engine = site.engine(&order).await;
        let runs = engine.idle().await;
        assert_eq!(runs[0].status, RunStatus::Succeeded, "{:#?}", runs[0].problem);
        site.assert_provisioned_once(&order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_stops_between_steps_and_the_next_start_goes_on() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    site.sim.faults().set_installs(HELD);
    let engine = site.engine("a").await;
    let run = engine.provision("o1").await;
    engine.saying(&run, "waiting for the install").await;
    engine.runner.shutdown().await;
    assert!(!engine.view(&run).expect("shown").status.is_ended());
    drop(engine);
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    site.sim.world().finish_install(server.id, true);
    let engine = site.engine("a").await;
    assert_eq!(engine.ended(&run).await.status, RunStatus::Succeeded);
    site.assert_provisioned_once("o1").await;
    drop(engine);
    let engine = site.engine("a").await;
    assert_eq!(engine.view(&run).expect("past runs are shown").status, RunStatus::Succeeded);
}
