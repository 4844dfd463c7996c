//! What goes wrong on the way: lost answers, refusals for asking too much, broken and huge bodies.

use std::sync::Arc;

use quarterdeck::model::credits::CreditServerStatus as Status;
use quarterdeck::model::ids::AccountId;
use quarterdeck::model::problem::{Effect, Problem, ProblemKind, Retry};
use quarterdeck::providers::exaroton::{ExarotonClient, ExarotonSettings, Signalled};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::{Fault, OVERSIZED_BYTES};
use secrecy::SecretString;

use crate::lab::Lab;

#[tokio::test]
async fn a_lost_answer_to_a_start_is_looked_up_and_never_repeated() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    for fault in [Fault::CommitThenDrop, Fault::CommitThenStatus(524), Fault::MalformedJson, Fault::Html] {
        lab.sim.faults().next("POST", "/start/$", fault);
        let seen = lab.client.start(&id, false).await.expect("seen");
        assert!(
            matches!(&seen, Signalled::Seen(server) if server.status == Status::Preparing),
            "{fault:?}: {seen:?}"
        );
        lab.sim.world().crash(&id);
    }
    assert_eq!(lab.sim.world().request_count("POST", "/start"), 4, "each sent once");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_start_that_had_no_effect_is_told_as_unknown_and_not_repeated() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    for fault in [Fault::DropBefore, Fault::FailBefore(500), Fault::FailBefore(524)] {
        lab.sim.faults().next("POST", "/start/$", fault);
        let problem = lab.client.start(&id, false).await.expect_err("lost");
        assert_eq!(problem.effect, Effect::Possible, "{fault:?}: {problem}");
    }
    assert_eq!(lab.sim.world().request_count("POST", "/start"), 3);
    assert_eq!(lab.status(&id).await, Status::Offline);
    lab.sim.stop().await;
}

#[tokio::test]
async fn gets_that_change_something_are_sent_once() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    lab.sim.faults().next("GET", "/restart/$", Fault::CommitThenDrop);
    let seen = lab.client.restart(&id).await.expect("seen");
    assert!(matches!(&seen, Signalled::Seen(server) if server.status == Status::Restarting));
    lab.pass(60_000);
    lab.sim.faults().next("GET", "/stop/$", Fault::FailBefore(500));
    assert_eq!(lab.client.stop(&id).await.expect_err("lost").effect, Effect::Possible);
    lab.sim.faults().next("GET", "/stop/$", Fault::TooMany { retry_after_s: 1 });
    let limited = lab.client.stop(&id).await.expect_err("too many");
    assert_eq!((limited.kind, limited.effect), (ProblemKind::RateLimited, Effect::None));
    assert_eq!(limited.retry, Retry::AfterMs(1_000));
    let world = lab.sim.world();
    assert_eq!((world.request_count("GET", "/restart"), world.request_count("GET", "/stop")), (1, 2));
    lab.sim.stop().await;
}

#[tokio::test]
async fn reads_are_asked_again_and_limits_obeyed() {
    let lab = Lab::new().await;
    lab.sim.faults().times("GET", "/account/$", Fault::FailBefore(500), 2);
    lab.client.credit_account(Priority::Run).await.expect("the third time");
    assert_eq!(lab.sim.world().request_count("GET", "/account"), 3);
    lab.sim.faults().next("GET", "/servers/$", Fault::TooMany { retry_after_s: 1 });
    lab.client.servers(Priority::Run).await.expect("after the pause");
    assert_eq!(lab.sim.world().request_count("GET", "/servers/"), 2);
    lab.sim.stop().await;
}

#[tokio::test]
async fn the_service_before_the_api_stops_everything_for_a_while() {
    let lab = Lab::new().await;
    lab.sim.faults().next("GET", "/servers/$", Fault::FailBefore(403));
    let refused = lab.client.servers(Priority::Poll).await.expect_err("a challenge");
    assert_eq!((refused.kind, refused.effect), (ProblemKind::RateLimited, Effect::None));
    assert!(matches!(refused.retry, Retry::AfterMs(ms) if ms >= 30_000), "{:?}", refused.retry);
    let asked = lab.sim.world().requests().len();
    let waiting = lab.client.servers(Priority::Poll).await.expect_err("not now");
    assert_eq!(waiting.kind, ProblemKind::RateLimited);
    assert_eq!(lab.sim.world().requests().len(), asked, "nothing was sent");
    lab.sim.stop().await;
}

#[tokio::test]
async fn broken_and_huge_bodies_are_problems() {
    let lab = Lab::new().await;
    for (fault, kind) in [
        (Fault::MalformedJson, ProblemKind::Malformed),
        (Fault::Html, ProblemKind::Malformed),
        (Fault::Oversized { bytes: OVERSIZED_BYTES }, ProblemKind::TooLarge),
    ] {
        lab.sim.faults().next("GET", "/servers/$", fault);
        let problem = lab.client.servers(Priority::Run).await.expect_err("unusable");
        assert_eq!((problem.kind, problem.effect), (kind, Effect::None), "{fault:?}");
    }
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_and_never_shown() {
    let lab = Lab::new().await;
    let token = "wrongwrongwrongwrongwrong";
    let settings = ExarotonSettings::new(AccountId::from("main"), lab.sim.url(), SecretString::from(token));
    assert!(!format!("{settings:?}").contains(token));
    let client = ExarotonClient::new(settings, lab.clock.clone()).expect("a client");
    let problem: Problem = client.credit_account(Priority::Run).await.expect_err("refused");
    assert_eq!((problem.kind, problem.retry), (ProblemKind::Unauthenticated, Retry::Never));
    assert!(!problem.to_string().contains(token) && !format!("{client:?}").contains(token));
    drop(Arc::new(client));
    lab.sim.stop().await;
}
