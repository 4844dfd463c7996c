//! Answers that get lost: whatever was asked for happens once.

use quarterdeck::model::matches::ServerSource;
use quarterdeck::model::run::RunStatus;

use crate::site::{Site, request, run_match};
use crate::world::Strike;

/// Every change of a whole match, its answer lost twice in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_rents_no_second_server_and_plays_no_second_match() {
    for call in ["create", "create_match", "stop", "delete"] {
        for strike in [Strike::Lost, Strike::Refused, Strike::Limited, Strike::Unreachable] {
            let site = Site::start();
            let engine = site.engine("one").await;
            site.world.strike(call, strike);
            let (run, _) = site.play(&engine, request(1)).await;
            assert_eq!(run.status, RunStatus::Succeeded, "{call} {strike:?}: {run:#?}");
            assert_eq!(
                (site.world.servers_made(), site.world.calls("create_match")),
                (1, 1),
                "{call} {strike:?}"
            );
            assert_eq!(engine.settled().await.len(), 1, "{call} {strike:?}");
            site.assert_nothing_left();
            assert_eq!(engine.cost(), site.world.bill(), "{call} {strike:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_of_a_lost_answer_is_found_and_others_copies_are_left_alone() {
    let site = Site::start();
    let template = site.world.add_template("prepared", true);
    let engine = site.engine("one").await;
    let source = ServerSource::Template { server: template.clone(), location: None };
    let wanted =
        |first| quarterdeck::model::matches::MatchRequest { source: source.clone(), ..request(first) };
    let mut runs = Vec::new();
    for number in 0..4 {
        site.world.strike("duplicate", Strike::Lost);
        runs.push(engine.run(run_match(wanted(number * 10 + 1))).await);
    }
    for run in runs {
        let run = site.let_time_pass(engine.ended(&run)).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    }
    assert_eq!(site.world.servers_made(), 4, "one copy for each match");
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_settings_that_was_lost_is_looked_at_and_not_repeated() {
    let site = Site::start();
    let template = site.world.add_template("prepared", true);
    let engine = site.engine("one").await;
    site.world.strike("update", Strike::Lost);
    let source = ServerSource::Template { server: template, location: None };
    let wanted = quarterdeck::model::matches::MatchRequest { source, ..request(1) };
    let (run, _) = site.play(&engine, wanted).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(site.world.calls("update"), 1);
    site.assert_nothing_left();
}
