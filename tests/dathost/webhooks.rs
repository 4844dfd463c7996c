//! Calls about matches, received by a listener of the test: what they carry, and what faults make of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use quarterdeck::model::matches::MatchEventKind;
use quarterdeck::model::time::Timestamp;
use quarterdeck::providers::dathost::NewMatch;
use quarterdeck::providers::dathost::webhook::{HookPayload, payload};
use quarterdeck::sim::dathost::{HookOutcome, HookRates, MatchFate};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::lab::{HOUR, Lab};
use crate::matches::request;

/// Longer than anything here takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_mins(1);
const SECRET: &str = "a-secret-of-one-match";

type Heard = Arc<Mutex<Vec<(Option<String>, Vec<u8>)>>>;

async fn hear(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    heard.lock().expect("not poisoned").push((authorization, body.to_vec()));
}

/// Plays a whole match whose calls meet these faults; returns what was heard and what came of every call.
async fn played(rates: HookRates) -> (Vec<(Option<String>, Vec<u8>)>, Vec<HookOutcome>) {
    let heard = Heard::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let app = Router::new().route("/hook", post(hear)).with_state(Arc::clone(&heard));
    let served = tokio::spawn(async move { axum::serve(listener, app).await });
    let lab = Lab::new().await;
    lab.sim.world().set_hook_rates(rates);
    lab.sim.world().set_next_match(MatchFate::Ends(13, 4));
    let (rented, secret) = (lab.id("scrim"), SecretString::from(SECRET.to_owned()));
    let new = NewMatch { server: &rented, request: &request(), hook: Some((&url, &secret)) };
    let begun = lab.client.create_match(new).await.expect("a match");
    lab.pass(2 * HOUR);
    let expected = lab.sim.world().matches()[0].events.len();
    let answered = async {
        while lab.sim.world().hooks().len() < expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, answered).await.expect("every call is made or lost");
    let told = lab.client.hook_secret(&begun.id, quarterdeck::providers::transport::Priority::Run).await;
    assert!(told.expect("read").is_some(), "the secret is echoed back");
    let outcomes = lab.sim.world().hooks().into_iter().map(|record| record.outcome).collect();
    lab.sim.stop().await;
    served.abort();
    let heard = heard.lock().expect("not poisoned").clone();
    (heard, outcomes)
}

fn events_of(body: &[u8]) -> Vec<MatchEventKind> {
    let HookPayload::Match(one) = payload(body, Timestamp(0)).expect("a match") else { panic!("a match") };
    one.events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn every_event_is_a_call_with_the_whole_match_and_its_secret() {
    let (heard, outcomes) = played(HookRates::default()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == HookOutcome::Answered(200)), "{outcomes:?}");
    assert!(heard.iter().all(|(authorization, _)| authorization.as_deref() == Some(SECRET)));
    let counts: Vec<usize> = heard.iter().map(|(_, body)| events_of(body).len()).collect();
    assert_eq!(counts, (1..=heard.len()).collect::<Vec<_>>(), "each tells of one more");
    assert_eq!(events_of(&heard.last().expect("the last").1).last(), Some(&MatchEventKind::GotvStopped));
}

#[tokio::test]
async fn calls_are_lost_doubled_and_come_in_another_order() {
    let rates = HookRates { lost: 0.3, duplicated: 0.3, reordered: 0.3, delay_ms: 0 };
    let (heard, outcomes) = played(rates).await;
    assert!(outcomes.contains(&HookOutcome::Lost), "{outcomes:?}");
    let counts: Vec<usize> = heard.iter().map(|(_, body)| events_of(body).len()).collect();
    assert!(counts.windows(2).any(|pair| pair[0] == pair[1]), "one came twice: {counts:?}");
    assert!(counts.windows(2).any(|pair| pair[0] > pair[1]), "one came late: {counts:?}");
}

#[tokio::test]
async fn only_this_machine_is_ever_called() {
    let lab = Lab::new().await;
    let (server, secret) = (lab.id("scrim"), SecretString::from(SECRET.to_owned()));
    let new = NewMatch {
        server: &server,
        request: &request(),
        hook: Some(("https://ops.example.org/hook", &secret)),
    };
    lab.client.create_match(new).await.expect("a match");
    let hooks = lab.sim.world().hooks();
    assert!(hooks.iter().all(|record| record.outcome == HookOutcome::NotLoopback) && !hooks.is_empty());
    lab.sim.stop().await;
}
