//! Every step run twice shows one effect, and every undo run twice too.

use std::sync::Arc;

use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::runs::actions;
use quarterdeck::engine::runs::attempts::{perform, perform_undo};
use quarterdeck::engine::runs::events::Facts;
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::engine::runs::services::Services;
use quarterdeck::engine::runs::step::{Learned, Orders, Progress, Scene, UndoReason};
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::model::action::{ActionPlan, ActionRequest};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::run::{Run, RunStatus};
use tokio::sync::watch;

use crate::site::{TestSite, clock, context, open_store, operator, quick};

/// A run that nobody drives.
fn run_of(plan: ActionPlan) -> Run {
    Run {
        id: "01J8ZABCDEFGHJKMNPQRSTVWXY".into(),
        plan,
        by: operator().operator,
        status: RunStatus::Running,
        steps: Vec::new(),
        started_at: clock().now(),
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }
}

fn scene<'a>(
    services: &'a Services,
    run: &'a Run,
    facts: &'a Facts,
    learned: &'a Learned,
    progress: &'a Progress,
    orders: &watch::Sender<Orders>,
    is_unsure: bool,
) -> Scene<'a> {
    let now = services.now();
    Scene {
        services,
        run,
        step: 0,
        facts,
        intent_at: now,
        unsure_since: is_unsure.then_some(now),
        learned,
        reason: UndoReason { problem: Some(Problem::refused("a test", "")), is_clean: true },
        progress,
        orders: orders.subscribe(),
        heeds_cancel: false,
    }
}

/// What the panel was told to change so far.
fn effects(site: &TestSite) -> (u64, u64, usize) {
    let world = site.sim.world();
    (world.servers_created_ever(), world.servers_deleted_ever(), world.user_count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_and_every_undo_run_twice_shows_one_effect() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("planner").await;
    let request = ActionRequest::ProvisionOrder {
        order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "o1".into() },
    };
    let run = run_of(engine.plan(request.clone()).await.expect("a plan"));
    let store = open_store(&site.data("steps")).await;
    let log: Arc<dyn RunLog> = Arc::new(store.clone());
    let fleet = SharedFleet::new(ReconcilePolicy::default(), clock());
    let services =
        Services::new(context(&store, Arc::clone(&fleet), site.panel(), site.database().await, quick()), log);
    let progress = Progress::new(run.clone(), fleet);
    let learned = Learned::default();
    let orders = watch::Sender::new(Orders::default());
    let mut facts = Facts::default();
    let before = effects(&site);
    let steps = actions::of(&request).steps(&request);
    for definition in steps.iter().take(steps.len() - 1) {
        let mut known = facts.clone();
        for is_unsure in [false, true, false] {
            let mut scene = scene(&services, &run, &facts, &learned, &progress, &orders, is_unsure);
            let (_, made) = perform(definition.step.as_ref(), &mut scene).await;
            let made = made.unwrap_or_else(|failure| panic!("{}: {failure:?}", definition.name));
            let mut facts = facts.clone();
            facts.merge(&made.facts);
            // The pick of a free allocation is free until the create; everything else must come out the same.
            if is_unsure && definition.name != "place_server" {
                assert_eq!(facts, known, "{} again", definition.name);
            }
            known = facts;
        }
        facts = known;
    }
    assert_eq!(effects(&site), (before.0 + 1, before.1, before.2 + 1));
    assert_eq!(site.servers_of("o1"), 1);
    for definition in steps.iter().rev() {
        for is_unsure in [false, true] {
            let mut scene = scene(&services, &run, &facts, &learned, &progress, &orders, is_unsure);
            let undone = perform_undo(definition.step.as_ref(), &mut scene).await;
            assert!(undone.is_ok(), "{}: {undone:?}", definition.name);
        }
    }
    assert_eq!(effects(&site), (before.0 + 1, before.1 + 1, before.2));
    site.assert_nothing_left("o1", "error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_never_deletes_what_the_run_did_not_make() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    engine.provisioned("o1").await;
    let server = site.sim.world().servers_with_external_id("o1")[0].clone();
    // The shop forgets; the install then fails under the retry.
    site.sql(
        "UPDATE orders SET status = 'error', claim_token = NULL, panel_server_id = NULL WHERE id = 'o1'",
    )
    .await;
    site.sim.world().report_install(server.id, false, false);
    let run = engine.ended(&engine.provision("o1").await).await;
    assert_eq!(run.status, RunStatus::Failed, "{:#?}", run.problem);
    assert_eq!(site.sim.world().servers_with_external_id("o1")[0].id, server.id);
    assert_eq!(site.sim.world().users_with_external_id("customer-o1").len(), 1);
    let message = site.order("o1").await.error_message.expect("why");
    assert!(message.contains("reinstall or destroy it"), "{message}");
}
