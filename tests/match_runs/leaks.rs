//! What bills compared with what matches own: orphans in the header, kept servers with an end, and what automation may take.

use quarterdeck::engine::handle::EngineHandle;
use quarterdeck::engine::matches::provider::MatchProvider;
use quarterdeck::engine::matches::setup::MatchSetup;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::engine::state::Observation;
use quarterdeck::engine::{EngineSetup, start};
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::game_server::DATHOST_CREDITS;
use quarterdeck::model::ids::{MatchId, ServerKey};
use quarterdeck::model::matches::{MatchPhase, RentedStanding, RentedView};
use quarterdeck::model::money::{Currency, Rates};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::run::RunStatus;
use quarterdeck::model::site::Site as SiteWords;
use quarterdeck::providers::dathost::ServerSettings;
use rust_decimal::Decimal;
use std::sync::Arc;

use crate::site::{Site, operator, quick, request, run_match, until};

/// What a poller does: reads every server and tells the fleet.
async fn poll(site: &Site, fleet: &SharedFleet) {
    let asked_at = site.clock_now();
    let servers = site.world.servers().await.expect("the servers");
    fleet.observe(Observation::GameServers { account: "dat".into(), asked_at, servers });
}

/// A server of a match that nobody knows.
async fn stray(site: &Site, id: &str) -> ServerKey {
    let id = MatchId::from(id);
    let settings = ServerSettings {
        name: Some(id.server_name()),
        user_data: Some(id.server_mark()),
        ..ServerSettings::default()
    };
    site.world.create(&settings).await.expect("a server").key
}

fn standing(fleet: &Fleet, key: &ServerKey) -> Option<RentedView> {
    fleet.rented.iter().find(|view| view.key == *key).cloned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_of_a_match_is_its_own_and_then_gone_and_a_stray_one_is_an_orphan() {
    let site = Site::start();
    let engine = site.engine("one").await;
    let orphan = stray(&site, "01STRAY").await;
    let theirs = site.world.add_template("somebody's", false);
    let run = engine.run(run_match(request(1))).await;
    let live =
        until("a live match", || engine.matches().into_iter().find(|one| one.phase == MatchPhase::Live));
    let live = site.let_time_pass(live).await;
    poll(&site, &engine.fleet).await;
    let server = live.rented.expect("a server").key;
    engine.fleet.read(|fleet| {
        let of = |key: &ServerKey| standing(fleet, key).expect("listed").standing;
        assert_eq!(of(&server), RentedStanding::Match(live.id.clone()));
        assert!(matches!(of(&orphan), RentedStanding::Orphan { of: Some(_), .. }));
        let theirs = ServerKey { account: "dat".into(), id: theirs.clone() };
        assert_eq!(of(&theirs), RentedStanding::Unknown);
        assert_eq!(fleet.summary.orphans, 1);
        let finding =
            fleet.findings.iter().find(|one| one.check == "orphan-match-servers").expect("a finding");
        assert!(finding.rows[0].contains("01STRAY"), "{:?}", finding.rows);
    });
    site.let_time_pass(engine.ended(&run)).await;
    // Without another poll: the run has seen it gone.
    assert!(engine.fleet.read(|fleet| standing(fleet, &server)).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_burning_is_counted_in_the_header_until_somebody_keeps_it_and_again_after_that() {
    let site = Site::start();
    let engine = site.engine_with("one", RunPolicy { match_delete_ms: 1, ..quick() }).await;
    let rates =
        Rates { per_unit: [(Currency(DATHOST_CREDITS.to_owned()), Decimal::ONE)].into(), ..Rates::default() };
    engine.fleet.observe(Observation::Site(Box::new(SiteWords { rates, ..SiteWords::default() })));
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(i64::MAX));
    let (_, shown) = site.play(&engine, request(1)).await;
    let server = shown.rented.expect("a server").key;
    // Somebody switched it on again.
    site.world.switch_on(&server.id);
    poll(&site, &engine.fleet).await;
    let orphans =
        || engine.fleet.read(|fleet| (fleet.summary.orphans, fleet.summary.orphan_burn_per_hour.clone()));
    let burn = quarterdeck::model::money::Money::new(Decimal::new(24, 2), "EUR");
    assert_eq!(orphans(), (1, Some(burn.clone())));
    let until_then = site.clock_now().plus_millis(60_000);
    engine.fleet.observe(Observation::Kept {
        server: server.clone(),
        by: "ann@desk".into(),
        reason: "a demo".to_owned(),
        until: Some(until_then),
    });
    assert_eq!(orphans().0, 0, "a person answers for it");
    site.clock.advance_millis(61_000);
    engine.fleet.observe(Observation::Tick);
    assert_eq!(orphans(), (1, Some(burn)), "its time is over");
}

async fn engine_that_reaps(site: &Site) -> (EngineHandle, quarterdeck::engine::EngineTask) {
    let provider: Arc<dyn MatchProvider> = Arc::new(site.world.clone());
    let setup = EngineSetup {
        site: SiteWords::default(),
        version: "0.1.0".to_owned(),
        data_dir: site.data("reaping"),
        clock: site.clock.clone(),
        panels: Vec::new(),
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: MatchSetup { is_reaping: true, ..MatchSetup::of([provider]) },
        policy: Policy { runs: RunPolicy { match_delete_ms: 1, ..quick() }, ..Policy::default() },
    };
    start(setup).await.expect("an engine")
}

/// A match whose server could not be deleted; its key.
async fn left_behind(site: &Site, handle: &EngineHandle) -> ServerKey {
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(i64::MAX));
    let request = Request::Plan(run_match(request(1)));
    let Reply::Plan(plan) = handle.request(&operator(), request).await.expect("a plan") else {
        panic!("no plan")
    };
    let execute = Request::Execute { plan: plan.id, typed: None, is_over_budget_accepted: false };
    handle.request(&operator(), execute).await.expect("a run");
    let over = until("a match that calls for a person", || {
        handle.fleet().read(|fleet| {
            let needs = fleet.runs.values().any(|run| run.status == RunStatus::NeedsOperator);
            needs.then(|| fleet.matches.values().next()?.rented.clone()).flatten()
        })
    });
    let server = site.let_time_pass(over).await.key;
    site.world.fail_deletes_until(quarterdeck::model::time::Timestamp(0));
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn automation_takes_what_is_surely_ours_after_two_reads_and_nothing_else() {
    let site = Site::start();
    let (handle, task) = engine_that_reaps(&site).await;
    let orphan = left_behind(&site, &handle).await;
    let unknown = stray(&site, "01OF_ANOTHER_ENGINE").await;
    let theirs = site.world.add_template("qd-match-by-name", false);
    poll(&site, handle.fleet()).await;
    poll(&site, handle.fleet()).await;
    let gone = until("the orphan to go", || site.world.gone_at(&orphan.id));
    site.let_time_pass(gone).await;
    poll(&site, handle.fleet()).await;
    let left = site.world.servers().await.expect("the servers");
    let left: Vec<&str> = left.iter().map(|server| server.key.id.as_str()).collect();
    assert_eq!(left, [unknown.id.as_str(), theirs.as_str()]);
    handle.shut_down();
    task.stopped().await;
}
