//! A good match from the request to the destroyed server, and what a plan says before.

use quarterdeck::model::action::{CheckOutcome, Parameters};
use quarterdeck::model::matches::{HookState, MatchEnd, MatchPhase, MatchServer, Score, ServerSource};
use quarterdeck::model::run::RunStatus;
use rust_decimal::Decimal;

use crate::site::{Site, quick, request, run_match};
use crate::world::{Fate, Strike};

const SCORE: Score = Score { team1: 13, team2: 7 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_is_rented_played_settled_and_gone_to_the_last_unit() {
    let site = Site::start();
    site.world.next_fate(Fate::Played { score: SCORE, round_s: 10 });
    let engine = site.engine("one").await;
    let (run, shown) = site.play(&engine, request(1)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!((shown.phase, &shown.end), (MatchPhase::Finished, &Some(MatchEnd::Finished(SCORE))));
    assert_eq!((shown.server, shown.burn_per_hour.clone()), (MatchServer::Destroyed, None));
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill());
    assert!(site.world.bill() > Decimal::ZERO);
    assert_eq!(engine.settled().await, std::slice::from_ref(&shown.id));
    assert_eq!(shown.settlement.map(|settled| settled.score), Some(SCORE));
    assert_eq!((engine.rating(1).await, engine.rating(3).await), (1_025, 975));
    assert_eq!(
        (site.world.servers_made(), site.world.calls("create_match"), site.world.calls("delete")),
        (1, 1, 1)
    );
}

/// From the end of a match to its server gone: one poll, one settlement, off, deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_goes_as_soon_as_the_end_is_seen() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let (run, shown) = site.play(&engine, request(1)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    let server = shown.rented.expect("a server").key.id;
    let ended = site.world.match_ended_at(&server).expect("it ended");
    let gone = site.world.gone_at(&server).expect("it is gone");
    // The world moves half a second in every turn of a few milliseconds: the calls take a handful of turns.
    println!("from the end of the match to its server gone: {} ms of the world", gone.millis_since(ended));
    let seen = shown.reading.expect("a reading").observed_at;
    assert!(gone >= seen && seen >= ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_protected_template_breeds_no_server_that_stays() {
    let site = Site::start();
    let template = site.world.add_template("prepared", true);
    let engine = site.engine("one").await;
    let source = ServerSource::Template { server: template, location: None };
    let wanted = quarterdeck::model::matches::MatchRequest { source, ..request(1) };
    let plan = engine.plan(run_match(wanted.clone())).await.expect("a plan");
    assert!(
        plan.checks.iter().any(|check| check.title == "protection" && check.outcome == CheckOutcome::Pass)
    );
    let (run, shown) = site.play(&engine, wanted).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(shown.rented.expect("a server").name, shown.id.server_name());
    site.assert_nothing_left();
    assert_eq!(engine.cost(), site.world.bill());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_tells_the_price_and_changes_nothing() {
    let site = Site::start();
    site.world.add_template("prepared", false);
    let engine = site.engine("one").await;
    let plan = engine.plan(run_match(request(1))).await.expect("a plan");
    assert!(!plan.is_refused(), "{:#?}", plan.checks);
    let Parameters::Match(decided) = &plan.parameters else { panic!("{:?}", plan.parameters) };
    assert_eq!(decided.server_name, decided.match_id.server_name());
    assert!(decided.has_hooks && decided.price_per_hour.is_some());
    let mut wrong = request(1);
    wrong.team2.players.pop();
    wrong.account = "nobody".into();
    let refused = engine.plan(run_match(wrong)).await.expect("a plan");
    assert!(refused.is_refused());
    assert_eq!(site.world.servers_made(), 0);
}

/// A call of the provider leads to a look at once; one that is forged leads to none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_the_provider_wakes_who_watches() {
    let site = Site::start();
    // Without a call nobody would look for an hour.
    let policy = quarterdeck::engine::runs::RunPolicy { match_poll_ms: 3_600_000, ..quick() };
    let engine = site.engine_with("one", policy).await;
    let run = engine.run(run_match(request(1))).await;
    let looked = || (site.world.calls("match") > 0).then_some(());
    crate::site::until("the first look", looked).await;
    let shown = engine.matches().remove(0);
    let provider_match = crate::site::until("a reading", || engine.matches().remove(0).reading).await.id;
    site.clock.advance_millis(3_600_000);
    let body = serde_json::json!({ "id": provider_match, "events": [1, 2, 3], "finished": true }).to_string();
    let forged = engine.runner.judge_hook(&shown.id, Some(b"guessed"), body.as_bytes());
    assert_eq!(forged, quarterdeck::engine::matches::hooks::HookVerdict::Forged);
    let secret = site.world.secrets().pop().expect("the secret of the calls");
    engine.runner.judge_hook(&shown.id, Some(secret.as_bytes()), body.as_bytes());
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert!(matches!(engine.matches().remove(0).hooks, HookState::Heard(_) | HookState::Waiting));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_the_journal_the_audit_or_the_screen() {
    let site = Site::start();
    let engine = site.engine("one").await;
    site.world.strike("create_match", Strike::Refused);
    let run = engine.run(run_match(request(1))).await;
    let connect = async {
        let shown = crate::site::until("a live match", || {
            engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live)
        })
        .await;
        let connect = engine.runner.connect_string(&shown.id).await.expect("how to join");
        (site.world.secrets(), connect)
    };
    let (secrets, connect) = site.let_time_pass(connect).await;
    let joins = secrets.iter().filter(|secret| connect.expose().contains(secret.as_str())).count();
    assert_eq!((secrets.len(), joins), (2, 1), "a join password and the secret of the calls");
    let run = site.let_time_pass(engine.ended(&run)).await;
    let shown = format!("{run:?}{:?}", engine.matches());
    let mut written = String::new();
    for entry in walk(&site.data("one")) {
        written.push_str(&String::from_utf8_lossy(&std::fs::read(entry).expect("a file")));
    }
    for secret in secrets {
        assert!(!shown.contains(&secret) && !written.contains(&secret), "a secret got out");
    }
    assert!(written.contains("run_match"), "the journal was read");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
