//! A new engine starts with what the last one knew, marked with its age, before anybody was asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::state::Observation;
use quarterdeck::engine::{EngineSetup, start};
use quarterdeck::model::account::{Feed, FeedKind, Freshness, Provider};
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::server::PowerState;
use quarterdeck::model::site::Site;
use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::providers::pterodactyl::{PanelClient, PanelSettings};

use crate::things::{START, node, server, server_key};

const HOUR_MS: u64 = 3_600_000;

/// A panel whose address accepts connections and never answers.
async fn hanging_panel(clock: &Arc<ManualClock>) -> (PanelClient, tokio::net::TcpListener) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let settings = PanelSettings::new("panel".into(), url, "ptla_test".to_owned().into());
    (PanelClient::new(settings, Arc::clone(clock) as _).expect("a client"), listener)
}

async fn setup(dir: &Path, now: Timestamp) -> (EngineSetup, tokio::net::TcpListener) {
    let clock = Arc::new(ManualClock::at(now));
    let (panel, listener) = hanging_panel(&clock).await;
    let setup = EngineSetup {
        site: Site::default(),
        version: "0.1.0".to_owned(),
        data_dir: dir.to_owned(),
        clock,
        panels: vec![panel],
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        policy: Policy::default(),
    };
    (setup, listener)
}

fn good_feed(now: Timestamp) -> Feed {
    Feed {
        account: "panel".into(),
        provider: Provider::Pterodactyl,
        kind: FeedKind::Servers,
        succeeded_at: Some(now),
        attempted_at: Some(now),
        next_at: None,
        interval_ms: 15_000,
        problem: None,
        failures: 0,
        budget_remaining: None,
        is_late: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_shows_the_last_known_rows_with_their_age_while_the_panel_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, _listener) = setup(dir.path(), START).await;
    // Without pollers: the test observes in their place.
    first.panels.clear();
    let (engine, task) = start(first).await.unwrap();
    let fleet = engine.fleet();
    let servers = (0..50).map(|id| server(id, None, START)).collect();
    fleet.observe(Observation::Servers { account: "panel".into(), asked_at: START, servers });
    fleet.observe(Observation::Nodes {
        account: "panel".into(),
        asked_at: START,
        nodes: vec![node(1, START)],
    });
    fleet.observe(Observation::Usage { key: server_key(7), power: PowerState::Running, usage: None });
    fleet.observe(Observation::Feed(Box::new(good_feed(START))));
    let known = fleet.read(|fleet| (fleet.servers.clone(), fleet.nodes.clone()));
    engine.shut_down();
    drop(engine);
    tokio::time::timeout(Duration::from_mins(1), task.stopped()).await.expect("the engine ends");

    let (second, _listener) = setup(dir.path(), START.plus_millis(HOUR_MS)).await;
    let (engine, _task) = start(second).await.unwrap();
    let now = engine.fleet().now();
    engine.fleet().read(|fleet| {
        assert_eq!((fleet.servers.clone(), fleet.nodes.clone()), known);
        let feed = &fleet.feeds[&("panel".into(), FeedKind::Servers)];
        assert_eq!(feed.succeeded_at, Some(START), "as old as it is");
        assert_eq!(feed.freshness(now), Freshness::Stale);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_an_account_that_is_not_configured_any_more_do_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _listener) = setup(dir.path(), START).await;
    let (engine, task) = start(first).await.unwrap();
    let servers = vec![server(1, None, START)];
    engine.fleet().observe(Observation::Servers { account: "panel".into(), asked_at: START, servers });
    engine.shut_down();
    drop(engine);
    tokio::time::timeout(Duration::from_mins(1), task.stopped()).await.expect("the engine ends");
    let (mut second, _listener) = setup(dir.path(), START).await;
    second.panels.clear();
    let (engine, _task) = start(second).await.unwrap();
    assert!(engine.fleet().read(|fleet| fleet.servers.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_never_share_a_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _listener) = setup(dir.path(), START).await;
    let (second, _other_listener) = setup(dir.path(), START).await;
    let (_engine, _task) = start(first).await.unwrap();
    let problem = start(second).await.err().expect("refused");
    assert_eq!(problem.kind, ProblemKind::Unavailable);
}
