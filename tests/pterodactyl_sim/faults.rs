//! Faults do what they say, and the effect they leave behind can be counted.

use quarterdeck::sim::panel::{DaemonMode, Fault, FaultRates};

use crate::behaviour::{application, create_body, small};
use crate::http::Request;

fn create(sim: &quarterdeck::sim::panel::PanelSim, external_id: &str, allocation: i64) -> Request {
    Request::new("POST", "/api/application/servers", sim.application_key())
        .json(&create_body(external_id, allocation))
}

#[tokio::test]
async fn a_lost_reply_leaves_a_server_behind() {
    let (sim, _clock) = small(|_| {}).await;
    sim.faults().next("POST", "/servers$", Fault::CommitThenDrop);
    assert!(create(&sim, "order-1", 1).send(&sim.url()).await.is_err(), "the connection was reset");
    assert_eq!(sim.world().servers_with_external_id("order-1").len(), 1);
    assert_eq!(sim.world().created_with_external_id("order-1"), 1);
    assert_eq!(sim.faults().left(), 0);
    let again = create(&sim, "order-1", 2).send(&sim.url()).await.expect("an answer");
    assert_eq!(again.status, 422);
    sim.stop().await;
}

#[tokio::test]
async fn errors_come_before_or_after_the_effect() {
    let (sim, _clock) = small(|_| {}).await;
    let url = sim.url();
    for (number, fault, status, servers) in [
        (1, Fault::FailBefore(504), Some(504), 0),
        (2, Fault::FailBefore(500), Some(500), 0),
        (3, Fault::DropBefore, None, 0),
        (4, Fault::CommitThenStatus(504), Some(504), 1),
        (5, Fault::MalformedJson, Some(201), 1),
        (6, Fault::Html, Some(200), 1),
        (7, Fault::Oversized { bytes: 1_000_000 }, Some(200), 1),
    ] {
        let external_id = format!("order-{number}");
        sim.faults().next("POST", "/servers$", fault);
        let answer = create(&sim, &external_id, number).send(&url).await.ok();
        assert_eq!(answer.as_ref().map(|answer| answer.status), status, "{fault:?}");
        assert_eq!(sim.world().servers_with_external_id(&external_id).len(), servers, "{fault:?}");
        match fault {
            Fault::MalformedJson | Fault::Html => {
                assert!(answer.is_some_and(|answer| answer.json().is_null()));
            }
            Fault::Oversized { .. } => assert!(answer.is_some_and(|answer| answer.body.len() > 900_000)),
            _ => {}
        }
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_storm_of_429_ends_after_its_requests_and_the_log_counts() {
    let (sim, _clock) = small(|_| {}).await;
    sim.faults().times("*", "/api/application", Fault::TooMany { retry_after_s: 7 }, 3);
    for _ in 0..3 {
        let answer = application(&sim, "GET", "nodes", None).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    }
    assert_eq!(application(&sim, "GET", "nodes?per_page=1", None).await.status, 200);
    let world = sim.world();
    assert_eq!(world.request_count("GET /api/application/nodes"), 4);
    let log = world.requests();
    assert_eq!(log.iter().map(|record| record.status).collect::<Vec<_>>(), [429, 429, 429, 200]);
    assert!(!format!("{log:?}").contains(sim.application_key()));
    sim.stop().await;
}

#[tokio::test]
async fn a_silent_daemon_leaves_nothing_and_a_late_one_an_orphan() {
    let (sim, _clock) = small(|_| {}).await;
    sim.faults().daemon(1, DaemonMode::Hang);
    let answer = application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "DaemonConnectionException"));
    assert!(sim.world().servers().is_empty() && sim.world().orphans_on_nodes().is_empty());
    sim.faults().daemon(1, DaemonMode::Late);
    assert_eq!(application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await.status, 504);
    assert_eq!(sim.world().orphans_on_nodes().len(), 1);
    sim.faults().daemon(1, DaemonMode::Up);
    assert_eq!(application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await.status, 201);
    sim.stop().await;
}

#[tokio::test]
async fn twenty_simultaneous_creates_make_one_server() {
    let (sim, _clock) = small(|_| {}).await;
    sim.faults().race_next_creates(20);
    let url = sim.url();
    let requests: Vec<Request> = (1..=20).map(|allocation| create(&sim, "order-1", allocation)).collect();
    let answers = futures::future::join_all(requests.iter().map(|request| request.send(&url))).await;
    let mut statuses: Vec<u16> =
        answers.into_iter().map(|answer| answer.expect("an answer").status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.first(), Some(&201));
    assert!(statuses.iter().skip(1).all(|status| *status == 500), "{statuses:?}");
    assert_eq!(sim.world().servers().len(), 1);
    sim.stop().await;
}

#[tokio::test]
async fn random_faults_strike_about_as_often_as_they_should() {
    let (sim, _clock) = small(|options| {
        options.faults = "500=0.2,429=0.1,lost=0.1".parse::<FaultRates>().expect("a known string");
    })
    .await;
    let url = sim.url();
    let (mut internal, mut too_many, mut lost) = (0, 0, 0);
    for _ in 0..200 {
        match Request::new("GET", "/api/application/nodes", sim.application_key()).send(&url).await {
            Err(_) => lost += 1,
            Ok(answer) if answer.status == 500 => internal += 1,
            Ok(answer) if answer.status == 429 => too_many += 1,
            Ok(answer) => assert_eq!(answer.status, 200),
        }
    }
    // The seed is fixed, so these are facts and not chances.
    assert!((20..=60).contains(&internal) && (8..=35).contains(&too_many) && (8..=35).contains(&lost));
    sim.faults().clear();
    assert_eq!(application(&sim, "GET", "nodes", None).await.status, 200);
    sim.stop().await;
}
