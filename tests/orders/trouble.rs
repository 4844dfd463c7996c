//! What a person reads when a database cannot be used; and that no secret is in it.

use quarterdeck::model::ids::OrderId;
use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind};
use quarterdeck::providers::orders::{OrdersSettings, OrdersSource, connect};
use secrecy::SecretString;

use crate::on;
use crate::services::{self, Service};
use crate::shop::{Backend, Shop, clock};

const SECRET: &str = "hunter2-is-secret";

fn source(scheme: &str, rest: &str) -> OrdersSource {
    let url = SecretString::from(format!("{scheme}://quarterdeck:{SECRET}@{rest}"));
    if scheme == "mysql" { OrdersSource::MariaDb { url } } else { OrdersSource::Postgres { url } }
}

async fn problem_of(source: OrdersSource) -> Problem {
    problem_within(source, 300).await
}

async fn problem_within(source: OrdersSource, connect_timeout_ms: u64) -> Problem {
    let mut settings = OrdersSettings::new("shop".into(), "panel".into(), source);
    settings.connect_timeout_ms = connect_timeout_ms;
    let shown = format!("{settings:?}");
    let problem = match connect(&settings, clock()).await {
        Err(problem) => problem,
        Ok(orders) => orders.claim(&OrderId::from("1"), "run").await.expect_err("it cannot work"),
    };
    for text in [shown, format!("{problem}"), format!("{problem:?}")] {
        assert!(!text.contains(SECRET), "the password is shown: {text}");
    }
    problem
}

/// A loopback port that nobody listens on.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_refused_connection_is_not_hidden_behind_the_pools_timeout() {
    for scheme in ["postgres", "mysql"] {
        let problem = problem_of(source(scheme, &format!("127.0.0.1:{}/shop", closed_port()))).await;
        assert_eq!(
            (problem.kind, problem.fault, problem.effect),
            (ProblemKind::Unreachable, Fault::Network, Effect::None),
            "{problem}"
        );
        assert!(problem.message.contains("refused"), "{problem}");
    }
}

/// However long the pool would go on trying: the poller decides when to ask again.
#[tokio::test]
async fn a_refused_connection_is_reported_without_waiting_for_the_pool() {
    const LONGER_THAN_ANY_TEST_MS: u64 = 3_600_000;
    for scheme in ["postgres", "mysql"] {
        let source = source(scheme, &format!("127.0.0.1:{}/shop", closed_port()));
        let asked = problem_within(source, LONGER_THAN_ANY_TEST_MS);
        let deadline = std::time::Duration::from_mins(1);
        let problem =
            tokio::time::timeout(deadline, asked).await.expect("at once, not at the pool's deadline");
        assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem}");
        assert!(problem.message.contains("refused"), "{problem}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout() {
    for scheme in ["postgres", "mysql"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let problem = problem_of(source(scheme, &format!("127.0.0.1:{port}/shop"))).await;
        assert_eq!((problem.kind, problem.effect), (ProblemKind::Timeout, Effect::None), "{problem}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_to_be_one() {
    for (service, scheme) in [(Service::Postgres, "postgres"), (Service::MariaDb, "mysql")] {
        let Some(url) = services::url_of(service) else { continue };
        let server = url.split_once('@').expect("user@host").1;
        let problem = problem_of(source(scheme, server)).await;
        assert_eq!(
            (problem.kind, problem.fault),
            (ProblemKind::Unauthenticated, Fault::Configuration),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_being_shown() {
    for scheme in ["postgres", "mysql"] {
        let problem = problem_of(source(scheme, "host:not-a-port/shop")).await;
        assert_eq!((problem.kind, problem.fault), (ProblemKind::Invalid, Fault::Configuration), "{problem}");
    }
}

#[tokio::test]
async fn a_missing_or_damaged_file_is_said_to_be_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = problem_of(OrdersSource::Sqlite { path: folder.path().join("none.sqlite") }).await;
    assert_eq!(missing.kind, ProblemKind::NotFound, "{missing}");
    let path = folder.path().join("text.sqlite");
    std::fs::write(&path, "this is no database, but it is long enough to be read as one by mistake")
        .expect("a file");
    let damaged = problem_of(OrdersSource::Sqlite { path }).await;
    assert_eq!(damaged.kind, ProblemKind::Storage, "{damaged}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_could_carry_sql_are_refused() {
    on(Backend::Sqlite, async |shop: &Shop| {
        let mut settings = shop.settings();
        settings.overrides.insert("orders.status".to_owned(), "status\" = 'paid'; --".to_owned());
        let problem = connect(&settings, clock()).await.err().expect("refused");
        assert_eq!(problem.kind, ProblemKind::Invalid);
    })
    .await;
}
