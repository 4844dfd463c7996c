//! A crash at every journal position, the provider's effect done or not: one server is ever paid for at a time, the match ends,
//! its result counts once, and nothing is left.

use std::sync::Arc;

use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::model::matches::{Match, MatchRequest, ServerSource};
use quarterdeck::model::run::{Run, RunStatus};

use crate::scripted::{ScriptedLog, Turn};
use crate::site::{DEADLINE, Engine, Site, open_store, operator, quick, request, run_match};
use crate::world::{Fate, SECOND};

/// Carries a match out in a runtime of its own and kills that at append `position`; false when the run ended first.
async fn run_until_killed(
    site: &Site,
    request: MatchRequest,
    name: &str,
    position: usize,
    how: Turn,
    is_canceled: bool,
) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (folder, world, clock) = (site.data(name), site.world.clone(), site.clock.clone());
    let work = runtime.spawn(async move {
        let store = open_store(&folder, clock.clone()).await;
        let script = move |number, _: &_, _: &_| if number == position { how } else { Turn::Write };
        let log = Arc::new(ScriptedLog::new(store.clone(), script));
        let died = Arc::clone(&log.died);
        let log: Arc<dyn RunLog> = log;
        let engine = Engine::start(store, log, Arc::new(world), clock, quick()).await;
        let run = async {
            let plan = engine.plan(run_match(request)).await.expect("a plan");
            let run = engine.execute(&plan).await.expect("a run");
            if is_canceled {
                let is_live = |one: &Match| one.phase == quarterdeck::model::matches::MatchPhase::Live;
                crate::site::until("a live match", || engine.matches().into_iter().find(is_live)).await;
                drop(engine.runner.cancel(&operator(), &run).await);
            }
            engine.ended(&run).await;
        };
        tokio::select! {
            () = died.notified() => true,
            () = run => false,
        }
    });
    let work = async { tokio::time::timeout(DEADLINE, work).await.expect("in time").expect("no panic") };
    let was_killed = site.let_time_pass(work).await;
    // Every task is dropped where it stands; nothing of it acts any more.
    runtime.shutdown_background();
    was_killed
}

/// Crashes at every position in both ways, each followed by a start; gives how many positions there are.
async fn crash_everywhere(
    fate: Fate,
    is_canceled: bool,
    wanted: impl Fn(&Site) -> MatchRequest,
    judge: impl Fn(&Run, &Match, usize, &str),
) -> usize {
    for position in 0.. {
        let mut was_killed = false;
        for how in [Turn::Die, Turn::WriteAndDie] {
            let name = format!("{position}-{how:?}");
            let site = Site::start();
            site.world.next_fate(fate);
            let request = wanted(&site);
            was_killed |= run_until_killed(&site, request, &name, position, how, is_canceled).await;
            // The engine is gone for a while: the match goes on without it.
            site.clock.advance_millis(40 * SECOND);
            let engine = site.engine(&name).await;
            let runs = site.let_time_pass(engine.idle()).await;
            site.assert_nothing_left();
            let settled = engine.settled().await;
            let Some(run) = runs.first() else {
                // Died before the start was on disk: nothing happened, and the operator may ask again.
                assert_eq!((position, how, site.world.servers_made()), (0, Turn::Die, 0));
                continue;
            };
            assert_eq!(runs.len(), 1);
            assert!(
                site.world.servers_made() <= 1,
                "{name}: {} servers were made",
                site.world.servers_made()
            );
            assert!(site.world.calls("create_match") <= 1, "{name}: a second match cancels the first");
            let shown = engine.match_of(run).expect("the match is shown again");
            judge(run, &shown, settled.len(), &name);
        }
        if !was_killed {
            return position;
        }
    }
    0
}

const PLAYED: Fate =
    Fate::Played { score: quarterdeck::model::matches::Score { team1: 13, team2: 2 }, round_s: 4 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_of_a_good_match_ends_with_one_result_and_no_server() {
    let positions = crash_everywhere(
        PLAYED,
        false,
        |_| request(1),
        |run, shown, settled, name| {
            assert_eq!(run.status, RunStatus::Succeeded, "{name}: {run:#?}");
            assert_eq!(settled, 1, "{name}");
            assert!(shown.settlement.is_some() && shown.end.is_some(), "{name}: {shown:#?}");
        },
    )
    .await;
    // The start, an intent and an outcome for each of seven steps, the end.
    assert_eq!(positions, 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_of_a_match_on_a_copy_leaves_no_copy() {
    let copy = |site: &Site| {
        let source =
            ServerSource::Template { server: site.world.add_template("prepared", true), location: None };
        MatchRequest { source, ..request(1) }
    };
    let positions = crash_everywhere(PLAYED, false, copy, |run, _, settled, name| {
        assert_eq!(run.status, RunStatus::Succeeded, "{name}: {run:#?}");
        assert_eq!(settled, 1, "{name}");
    })
    .await;
    assert_eq!(positions, 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_of_a_canceled_match_leaves_nothing() {
    let long =
        Fate::Played { score: quarterdeck::model::matches::Score { team1: 13, team2: 2 }, round_s: 20 };
    let positions = crash_everywhere(
        long,
        true,
        |_| request(1),
        |run, _, settled, name| {
            // Died before the cancel was on disk: then it was never asked for, and the match is played to its end.
            let is_canceled = run.is_cancel_requested;
            let expected = if is_canceled { RunStatus::Canceled } else { RunStatus::Succeeded };
            assert_eq!(run.status, expected, "{name}: {run:#?}");
            assert_eq!(settled, usize::from(!is_canceled), "{name}");
        },
    )
    .await;
    assert!(positions > 16, "{positions}: the cancel and the undo of four steps come with it");
}
