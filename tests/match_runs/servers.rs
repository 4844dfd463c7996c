//! What is done to rented servers by hand: destroyed, kept; and what may not be.

use quarterdeck::model::action::{ActionRequest, CheckOutcome, Confirmation};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::matches::{MatchPhase, MatchServer};
use quarterdeck::model::run::RunStatus;

use crate::site::{Engine, Site, quick, request, run_match, until};

fn key(id: &str) -> ServerKey {
    ServerKey { account: "dat".into(), id: id.to_owned() }
}

/// A server whose match is over and whose delete never worked.
async fn left_behind(site: &Site) -> (Engine, ServerKey) {
    let policy = quarterdeck::engine::runs::RunPolicy { match_delete_ms: 30_000, ..quick() };
    let engine = site.engine_with("one", policy).await;
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(i64::MAX));
    let (run, shown) = site.play(&engine, request(1)).await;
    assert_eq!(run.status, RunStatus::NeedsOperator);
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(0));
    (engine, shown.rented.expect("a server").key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_behind_is_destroyed_by_hand_after_its_name_was_typed() {
    let site = Site::start();
    let (engine, server) = left_behind(&site).await;
    let plan = engine.plan(ActionRequest::DestroyMatchServer { server }).await.expect("a plan");
    assert!(matches!(&plan.confirmation, Confirmation::TypeName(name) if name.starts_with("qd-match-")));
    assert!(engine.runner.execute(&crate::site::operator(), &plan.id, Some("y")).await.is_err());
    let run = engine.execute(&plan).await.expect("a run");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    site.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_of_a_match_that_goes_on_and_a_protected_one_are_refused() {
    let site = Site::start();
    let protected = site.world.add_template("prepared", true);
    let engine = site.engine("one").await;
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    let live = site.let_time_pass(live).await;
    for (server, check) in [(live.rented.expect("a server").key, "match"), (key(&protected), "protection")] {
        let plan = engine.plan(ActionRequest::DestroyMatchServer { server }).await.expect("a plan");
        let refused = plan.checks.iter().find(|one| one.outcome == CheckOutcome::Refuse);
        assert_eq!(refused.map(|one| one.title.as_str()), Some(check), "{:#?}", plan.checks);
    }
    site.let_time_pass(engine.ended(&run)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_a_person_keeps_outlives_its_match() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    let server = site.let_time_pass(live).await.rented.expect("a server").key;
    let keep = ActionRequest::KeepMatchServer {
        server: server.clone(),
        reason: "a second map".to_owned(),
        until: None,
    };
    let kept = engine.run(keep).await;
    engine.ended(&kept).await;
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert!(site.world.is_on(&server.id), "it was asked to stay");
    assert_eq!(engine.match_of(&run).expect("the match").server, MatchServer::Up);
    assert_eq!(engine.settled().await.len(), 1);
    let gone = engine.run(ActionRequest::DestroyMatchServer { server }).await;
    site.let_time_pass(engine.ended(&gone)).await;
    site.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_player_is_let_in_while_it_goes_on() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    let live = site.let_time_pass(live).await;
    let player = request(50).team1.players.remove(0);
    engine.runner.add_player(&live.id, &player, None).await.expect("let in");
    assert_eq!(site.world.calls("add_player"), 1);
    site.let_time_pass(engine.ended(&run)).await;
    assert!(engine.runner.add_player(&live.id, &player, None).await.is_err(), "it is over");
}
