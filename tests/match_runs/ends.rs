//! Every other end of a match: nothing is settled, and the server is gone all the same.

use quarterdeck::model::matches::{CancelReason, Match, MatchEnd, MatchPhase, Score};
use quarterdeck::model::run::{Run, RunStatus};

use crate::site::{Engine, Site, quick, request, run_match, until};
use crate::world::{Fate, MINUTE};

async fn played(fate: Fate) -> (Site, Engine, Run, Match) {
    let site = Site::start();
    site.world.next_fate(fate);
    let engine = site.engine("one").await;
    let (run, shown) = site.play(&engine, request(1)).await;
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill());
    (site, engine, run, shown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draw_settles_as_a_draw() {
    let score = Score { team1: 12, team2: 12 };
    let (_site, engine, run, _) = played(Fate::Played { score, round_s: 5 }).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(engine.settled().await.len(), 1);
    assert_eq!((engine.rating(1).await, engine.rating(3).await), (1_000, 1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_nobody_joins_settles_nothing_and_succeeds_in_what_it_must_do() {
    let (_site, engine, run, shown) = played(Fate::NobodyJoins).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert!(matches!(shown.end, Some(MatchEnd::Canceled(CancelReason::MissingPlayers(_)))), "{shown:#?}");
    assert_eq!(engine.settled().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_boot_is_given_up_in_time() {
    let (_site, engine, run, shown) = played(Fate::NoBoot).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(shown.end, Some(MatchEnd::Overdue(MatchPhase::Booting)));
    assert_eq!(engine.settled().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_without_a_word_is_seen_at_the_server_and_not_waited_for_six_hours() {
    let (site, engine, run, shown) = played(Fate::Crashes { rounds: 3 }).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    let Some(MatchEnd::Canceled(CancelReason::Other(why))) = &shown.end else { panic!("{shown:#?}") };
    assert!(why.contains("crashed"), "{why}");
    assert_eq!(engine.settled().await, [], "what was not played to its end is not settled");
    assert!(site.world.bill() < rust_decimal::Decimal::new(1, 1), "a quarter of an hour, not six hours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operators_cancel_calls_the_match_off_and_destroys_the_server() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    site.let_time_pass(live).await;
    engine.runner.cancel(&crate::site::operator(), &run).await.expect("it is canceled");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Canceled, "{run:#?}");
    let shown = engine.match_of(&run).expect("the match");
    assert_eq!(shown.end, Some(MatchEnd::Canceled(CancelReason::Asked)));
    assert_eq!(site.world.calls("cancel_match"), 1);
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill());
    assert_eq!(engine.settled().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_down_at_the_end_loses_no_result() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    site.let_time_pass(live).await;
    site.world.set_down(true);
    // Longer than a match may take, shorter than the provider is waited for.
    site.clock.advance_millis(149 * MINUTE);
    let said = until("that it is waited for", || {
        let run = engine.fleet.read(|fleet| fleet.runs.get(&run).cloned())?;
        run.acting().filter(|step| step.detail.contains("provider")).map(|step| step.detail.clone())
    });
    site.let_time_pass(said).await;
    site.world.set_down(false);
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(engine.settled().await.len(), 1);
    site.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_that_fails_for_an_hour_is_tried_until_it_works_and_costs_nothing() {
    let site = Site::start();
    let engine = site.engine("one").await;
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(site.clock_now().0 + 70 * MINUTE));
    let (run, _) = site.play(&engine, request(1)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill(), "it was off while the delete failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_that_never_works_calls_a_person() {
    let site = Site::start();
    let policy = quarterdeck::engine::runs::RunPolicy { match_delete_ms: 60_000, ..quick() };
    let engine = site.engine_with("one", policy).await;
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(i64::MAX));
    let (run, shown) = site.play(&engine, request(1)).await;
    assert_eq!(run.status, RunStatus::NeedsOperator, "{run:#?}");
    let problem = run.problem.expect("why");
    assert!(problem.message.contains("could not be deleted"), "{problem}");
    assert!(shown.is_billing() && shown.is_lingering(), "it is not shown as gone");
    assert_eq!(engine.settled().await.len(), 1, "the result is not lost with it");
}
