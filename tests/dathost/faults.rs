//! Lost replies, pages of proxies, limits, redirects: what a caller may conclude, and that nothing is sent twice.

use quarterdeck::model::problem::{Effect, Fault as Whose, ProblemKind, Retry};
use quarterdeck::providers::dathost::ServerSettings;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::Fault;

use crate::lab::{Lab, settings};

fn marked(user_data: &str) -> ServerSettings {
    ServerSettings { user_data: Some(user_data.to_owned()), ..ServerSettings::default() }
}

#[tokio::test]
async fn a_lost_create_is_sent_once_and_found_by_its_mark() {
    let lab = Lab::new().await;
    for (number, fault) in [
        Fault::CommitThenDrop,
        Fault::CommitThenStatus(504),
        Fault::MalformedJson,
        Fault::Html,
        Fault::Oversized { bytes: 20_000_000 },
    ]
    .into_iter()
    .enumerate()
    {
        let mark = format!("run:{number}");
        lab.sim.faults().next("POST", "/game-servers$", fault);
        let lost = lab.client.create("cs2", &marked(&mark)).await.expect_err("its answer is lost");
        assert_eq!(lost.effect, Effect::Possible, "{fault:?}: {lost}");
        let found = lab.client.servers_marked(&mark, Priority::Run).await.expect("listed");
        assert_eq!(found.len(), 1, "{fault:?}: exactly one was made");
    }
    assert_eq!(lab.sim.world().request_count("POST", "/game-servers"), 5);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_change_that_never_arrived_says_so_or_says_that_it_cannot_know() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    for (fault, kind, effect) in [
        (Fault::DropBefore, ProblemKind::Unreachable, Effect::Possible),
        (Fault::FailBefore(500), ProblemKind::ServerError, Effect::Possible),
        (Fault::FailBefore(402), ProblemKind::Conflict, Effect::None),
        (Fault::FailBefore(507), ProblemKind::NoCapacity, Effect::None),
        (Fault::TooMany { retry_after_s: 7 }, ProblemKind::RateLimited, Effect::None),
    ] {
        lab.sim.faults().next("POST", "/start", fault);
        let problem = lab.client.start(&id).await.expect_err("refused");
        assert_eq!((problem.kind, problem.effect), (kind, effect), "{fault:?}: {problem}");
        assert!(!lab.sim.world().server("scrim").expect("there").is_on, "{fault:?}");
    }
    assert_eq!(lab.sim.world().request_count("POST", "/start"), 5, "none was repeated");
    lab.sim.stop().await;
}

#[tokio::test]
async fn reads_are_repeated_and_pages_are_no_answers() {
    let lab = Lab::new().await;
    lab.sim.faults().times("GET", "/account", Fault::FailBefore(502), 2);
    lab.client.game_server_account(Priority::Poll).await.expect("the third time");
    lab.sim.faults().next("GET", "/game-servers", Fault::Html);
    let page = lab.client.servers(Priority::Poll).await.expect_err("a page");
    assert_eq!((page.kind, page.effect), (ProblemKind::Malformed, Effect::None));
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_limit_is_obeyed() {
    let lab = Lab::new().await;
    lab.sim.faults().set_requests_per_minute(Some(1));
    lab.client.game_server_account(Priority::Run).await.expect("the first");
    let id = lab.id("scrim");
    let limited = lab.client.start(&id).await.expect_err("one too many");
    assert_eq!((limited.kind, limited.effect), (ProblemKind::RateLimited, Effect::None));
    assert!(matches!(limited.retry, Retry::AfterMs(1..=60_000)), "{limited:?}");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_login_goes_nowhere() {
    let lab = Lab::new().await;
    let mut old = settings(&lab.sim);
    old.url = lab.sim.old_url();
    let redirected = lab.client(old).servers(Priority::Run).await.expect_err("not followed");
    assert_eq!((redirected.kind, redirected.fault), (ProblemKind::Malformed, Whose::Configuration));
    assert!(redirected.message.contains(&lab.sim.url()), "{redirected}");
    let asked: Vec<String> = lab.sim.world().requests().into_iter().map(|record| record.path).collect();
    assert_eq!(asked, ["/old/api/0.1/game-servers"]);
    lab.sim.stop().await;
}
