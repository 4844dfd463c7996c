//! Many matches at once while every tenth call of each kind of fault is struck: no orphan, each result once, the bill to the unit.

use std::collections::BTreeSet;

use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::model::matches::{MatchEnd, MatchPhase, Score};
use quarterdeck::model::run::RunStatus;

use crate::site::{Site, quick, request, run_match};
use crate::world::{Fate, SECOND};

/// Matches of the storm; `QUARTERDECK_TEST_MATCHES` asks for another number.
const MATCHES: u32 = 300;
/// So many at once.
const AT_ONCE: usize = 60;

fn fate(number: u32) -> Fate {
    match number % 10 {
        0 => Fate::NoBoot,
        1 => Fate::NobodyJoins,
        2 => Fate::Crashes { rounds: 3 },
        3 => Fate::Played { score: Score { team1: 12, team2: 12 }, round_s: 5 },
        _ => Fate::Played { score: Score { team1: 13, team2: number % 12 }, round_s: 5 },
    }
}

fn patient() -> RunPolicy {
    RunPolicy {
        attempts: 30,
        rate_limited_attempts: 200,
        match_poll_ms: 20,
        match_stop_ms: 3_600_000,
        ..quick()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_faults_leaves_no_orphan_and_every_unit_is_accounted_for() {
    let wanted = std::env::var("QUARTERDECK_TEST_MATCHES").ok().and_then(|text| text.parse().ok());
    let matches: u32 = wanted.unwrap_or(MATCHES);
    let site = Site::start();
    site.world.strike_at_random(7, 0.1);
    let engine = site.engine_with("storm", patient()).await;
    for number in 0..matches {
        site.world.next_fate(fate(number));
    }
    let work = async {
        let mut going_on: Vec<_> = Vec::new();
        for number in 0..matches {
            let request = run_match(request(number * 4 + 1));
            // A plan asks the provider too, and is struck like everything else.
            let plan = loop {
                match engine.plan(request.clone()).await {
                    Ok(plan) => break plan,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            going_on.push(engine.execute(&plan).await.expect("a run"));
            if going_on.len() >= AT_ONCE {
                engine.ended(&going_on.remove(0)).await;
            }
        }
        engine.idle().await
    };
    let runs = site.let_time_pass(work).await;
    assert_eq!(runs.len(), matches as usize);
    for run in &runs {
        assert_ne!(run.status, RunStatus::NeedsOperator, "{run:#?}");
    }
    site.assert_nothing_left();
    let shown = engine.matches();
    let finished: Vec<_> = shown.iter().filter(|one| one.phase == MatchPhase::Finished).collect();
    let settled = engine.settled().await;
    let once: BTreeSet<_> = settled.iter().collect();
    assert_eq!((settled.len(), once.len()), (finished.len(), finished.len()), "each result once");
    assert!(finished.len() > matches as usize / 2, "{} of {matches} were played", finished.len());
    for one in &finished {
        let (winner, loser) = (one.request.team1.players[0].steam_id, one.request.team2.players[0].steam_id);
        let ratings = engine
            .runner
            .settlements()
            .read(|ledger| (ledger.rating(winner), ledger.rating(loser)))
            .await
            .expect("the ledger");
        let Some(MatchEnd::Finished(score)) = &one.end else { panic!("{one:#?}") };
        let expected = if score.team1 == score.team2 { (1_000, 1_000) } else { (1_025, 975) };
        assert_eq!(ratings, expected, "{}", one.id);
    }
    assert_eq!(engine.cost(), site.world.bill(), "what is shown to have been paid is the bill");
    report_teardown(&site, &shown);
}

/// How long after its end each server was gone, for the log.
fn report_teardown(site: &Site, shown: &[quarterdeck::model::matches::Match]) {
    let mut took: Vec<u64> = shown
        .iter()
        .filter(|one| one.phase == MatchPhase::Finished)
        .filter_map(|one| {
            let server = &one.rented.as_ref()?.key.id;
            Some(site.world.gone_at(server)?.millis_since(site.world.match_ended_at(server)?))
        })
        .collect();
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(0) / SECOND.unsigned_abs();
    println!(
        "from a match's end to its server gone, s of the world: median {}, 90 %: {}, most {}",
        at(50),
        at(90),
        at(99)
    );
}
