//! An order whose claimant died for good is taken over by another engine with its own memory; should the first one wake up,
//! it does nothing more.

use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::model::action::{ActionRequest, CheckOutcome};
use quarterdeck::model::ids::OrderKey;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::sim::panel::InstallPolicy;

use crate::crash::run_until_killed;
use crate::scripted::Turn;
use crate::site::{Engine, TestSite, quick};

const HELD: InstallPolicy = InstallPolicy { min_ms: 0, max_ms: 0, failure_rate: 0.0, is_held: true };

fn take_over(order: &str) -> ActionRequest {
    ActionRequest::TakeOverOrder { order: OrderKey { account: "shop".into(), id: order.into() } }
}

/// An engine for which every claim is old.
async fn impatient(site: &TestSite, name: &str) -> Engine {
    let policy = RunPolicy { claim_stuck_ms: 0, ..quick() };
    site.engine_with(name, policy, site.database().await).await
}

async fn taken_over(engine: &Engine, order: &str) -> Run {
    let run = engine.run(take_over(order)).await.expect("the take-over starts");
    engine.ended(&run).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_died_at_any_position_is_taken_over_and_does_nothing_when_it_wakes() {
    let site = TestSite::start().await;
    let mut taken = 0;
    for position in 1..16 {
        for how in [Turn::Die, Turn::WriteAndDie] {
            let order = format!("t-{position}-{}", if how == Turn::Die { "before" } else { "after" });
            site.add_order(&order, "small").await;
            assert!(run_until_killed(&site, &order, position, how).await);
            let second = impatient(&site, &format!("second of {order}")).await;
            match site.order(&order).await.status.word() {
                "paid" => drop(second.provisioned(&order).await),
                "provisioning" => {
                    let run = taken_over(&second, &order).await;
                    assert_eq!(run.status, RunStatus::Succeeded, "{order}: {:#?}", run.problem);
                    taken += 1;
                }
                other => assert_eq!(other, "provisioned", "{order}"),
            }
            site.assert_provisioned_once(&order).await;
            let first = site.engine(&order).await;
            first.idle().await;
            site.assert_provisioned_once(&order).await;
        }
    }
    assert!(taken >= 20, "only {taken} positions left a claim behind");
    assert_eq!(site.sim.world().servers_deleted_ever(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimant_that_lives_after_all_stops_at_its_next_step_and_takes_nothing_back() {
    let site = TestSite::start().await;
    site.sim.faults().set_installs(HELD);
    site.add_order("o1", "small").await;
    let first = site.engine("first").await;
    let slow = first.provision("o1").await;
    first.saying(&slow, "waiting for the install").await;
    let second = impatient(&site, "second").await;
    let plan = second.plan(take_over("o1")).await.expect("a plan");
    let claim = plan.checks.iter().find(|check| check.title == "claim").expect("the claim is looked at");
    assert_eq!(claim.outcome, CheckOutcome::Warn);
    assert!(claim.detail.contains(slow.as_str()), "{}", claim.detail);
    assert!(second.runner.execute(&crate::site::operator(), &plan.id, Some("y")).await.is_err());
    let run = second.execute(&plan).await.expect("a run");
    let ended = first.ended(&slow).await;
    assert_eq!(ended.status, RunStatus::Failed, "{:#?}", ended.problem);
    assert!(ended.problem.expect("why").message.contains(run.as_str()));
    assert_eq!(site.servers_of("o1"), 1, "the server is the second run's now");
    let server = site.sim.world().servers_with_external_id("o1")[0].id;
    second.saying(&run, "waiting for the install").await;
    site.sim.world().finish_install(server, true);
    assert_eq!(second.ended(&run).await.status, RunStatus::Succeeded);
    site.assert_provisioned_once("o1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_claim_an_own_run_and_a_changed_claim_are_not_taken_over() {
    let site = TestSite::start().await;
    site.sim.faults().set_installs(HELD);
    site.add_order("o1", "small").await;
    let first = impatient(&site, "first").await;
    let run = first.provision("o1").await;
    first.saying(&run, "waiting for the install").await;
    let refused = |plan: quarterdeck::model::action::ActionPlan, words: &str| {
        let refusal = plan.checks.iter().find(|check| check.outcome == CheckOutcome::Refuse);
        let detail = &refusal.expect("a refusal").detail;
        assert!(detail.contains(words), "{detail}");
    };
    let second = site.engine("second").await;
    refused(second.plan(take_over("o1")).await.expect("a plan"), "may be working");
    refused(first.plan(take_over("o1")).await.expect("a plan"), "cancel that run");
    refused(second.plan_order("o1").await.expect("a plan"), "can be taken over");

    let third = impatient(&site, "third").await;
    let plan = third.plan(take_over("o1")).await.expect("a plan");
    site.sql("UPDATE orders SET claim_token = 'another' WHERE id = 'o1';").await;
    let late = third.execute(&plan).await.expect("a run");
    assert_eq!(third.ended(&late).await.status, RunStatus::Failed, "the claim is not the one that was seen");
    assert_eq!(site.order("o1").await.claim_token.as_deref(), Some("another"));
    assert_eq!(site.servers_of("o1"), 1);
}
