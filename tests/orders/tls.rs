//! PostgreSQL and MariaDB over TLS: with the authority named, without it, under a wrong name, and where there is none.

use std::path::PathBuf;

use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use quarterdeck::providers::orders::{OrdersSource, connect};
use secrecy::SecretString;
use sqlx::{Connection, PgConnection, Row};

use crate::on;
use crate::shop::{Backend, Shop, clock};

/// The authority that `tests/run` made, or nothing (said aloud).
fn authority() -> Option<PathBuf> {
    let file = std::env::var_os("QUARTERDECK_TEST_CA").map(Into::into);
    if file.is_none() {
        let is_required = std::env::var("QUARTERDECK_TEST_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(
            !is_required,
            "an authority is required here, but QUARTERDECK_TEST_CA is not set: use tests/run"
        );
        eprintln!("!! SKIPPED: no authority (QUARTERDECK_TEST_CA is not set): use tests/run");
    }
    file
}

/// Reads the shop with another host and query in its URL; how many orders there are.
async fn read(shop: &Shop, host: &str, query: &str, ca_file: Option<PathBuf>) -> Result<usize, Problem> {
    let url = &shop.database.as_ref().expect("a database").url;
    let url = url.split('?').next().unwrap_or_default().replace("@127.0.0.1:", &format!("@{host}:"));
    let url = SecretString::from(format!("{url}?{query}"));
    let mut settings = shop.settings();
    settings.source = match shop.backend {
        Backend::MariaDb => OrdersSource::MariaDb { url },
        _ => OrdersSource::Postgres { url },
    };
    settings.ca_file = ca_file;
    let orders = connect(&settings, clock()).await?;
    let snapshot = orders.read_all().await?;
    if shop.backend == Backend::Postgres && !query.contains("disable") {
        assert!(is_encrypted(shop).await, "the connection is encrypted");
    }
    Ok(snapshot.orders.len())
}

async fn is_encrypted(shop: &Shop) -> bool {
    let url = shop.database.as_ref().expect("a database").direct_url();
    let mut admin = PgConnection::connect(&url).await.expect("PostgreSQL");
    let query = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                 WHERE application_name = 'quarterdeck' AND datname = current_database()";
    sqlx::query(query).fetch_one(&mut admin).await.expect("a row").get::<Option<bool>, _>(0) == Some(true)
}

/// Nothing was sent, the reason is named, and asking again is left to a person.
fn assert_refused(problem: &Problem, words: &[&str]) {
    assert_eq!(
        (problem.kind, problem.fault, problem.retry, problem.effect),
        (ProblemKind::Unreachable, Fault::Configuration, Retry::Never, Effect::None),
        "{problem}"
    );
    let text = problem.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// What each database calls: encrypted only, and fully checked.
const MODES: [(Backend, &str, &str); 2] = [
    (Backend::Postgres, "sslmode=require", "sslmode=verify-full"),
    (Backend::MariaDb, "ssl-mode=REQUIRED", "ssl-mode=VERIFY_IDENTITY"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_connections_work_and_are_checked_as_the_url_says() {
    let Some(file) = authority() else { return };
    for (backend, encrypted, checked) in MODES {
        on(backend, async |shop: &Shop| {
            assert_eq!(read(shop, "127.0.0.1", encrypted, None).await, Ok(7));
            let problem = read(shop, "127.0.0.1", checked, None).await.expect_err("refused");
            assert_refused(&problem, &["its server", "not trusted", "ca_file"]);
            assert_eq!(read(shop, "127.0.0.1", checked, Some(file.clone())).await, Ok(7));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_authority_is_always_asked() {
    let Some(file) = authority() else { return };
    for (backend, encrypted, _) in MODES {
        on(backend, async |shop: &Shop| {
            let problem = read(shop, "localhost", encrypted, Some(file.clone())).await.expect_err("refused");
            assert_refused(&problem, &["another name: 127.0.0.1", "address"]);
            let missing = file.with_file_name("missing.pem");
            let problem = read(shop, "127.0.0.1", encrypted, Some(missing)).await.expect_err("refused");
            assert_eq!(problem.kind, ProblemKind::Invalid, "{problem}");
            assert!(problem.message.contains("missing.pem"), "{problem}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_tls_is_said_to_be_one() {
    // The pooler of tests/run has no certificate.
    on(Backend::PgBouncer, async |shop: &Shop| {
        let problem = read(shop, "127.0.0.1", "sslmode=require", None).await.expect_err("refused");
        assert_refused(&problem, &["does not support TLS", "sslmode=disable"]);
    })
    .await;
}
