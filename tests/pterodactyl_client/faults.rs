//! Panels and proxies that misbehave: no panic, no double effect, an answer that says what happened.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use quarterdeck::providers::pterodactyl::PanelClient;
use quarterdeck::providers::transport::Priority;
use serde_json::json;

use crate::captures::new_server;
use crate::server::{KEY, Reply, Server, client, clock, settings};

const HUNDRED_MB: usize = 100 * 1024 * 1024;

/// A read and a creation against the same server.
async fn both(client: &PanelClient) -> (Problem, Problem) {
    let read = client.servers(Priority::Run).await.expect_err("a read that fails");
    let create = client.create_server(&new_server()).await.expect_err("a creation that fails");
    (read, create)
}

fn hurried(url: &str) -> PanelClient {
    let mut settings = settings(url);
    settings.timeouts.read = Duration::from_millis(300);
    settings.timeouts.create = Duration::from_millis(300);
    PanelClient::new(settings, clock()).expect("a client")
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_unread() {
    let announced = Server::start(|_| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {HUNDRED_MB}\r\n\r\n"
        );
        Reply::Flood(head.into_bytes(), HUNDRED_MB)
    })
    .await;
    let unannounced =
        Server::start(|_| Reply::Flood(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec(), HUNDRED_MB))
            .await;
    for server in [announced, unannounced] {
        let (read, create) = both(&client(&server.url)).await;
        assert_eq!((read.kind, read.effect), (ProblemKind::TooLarge, Effect::None));
        assert_eq!(
            (create.kind, create.effect),
            (ProblemKind::TooLarge, Effect::Possible),
            "it may have been made"
        );
        // Two requests, each with the cap of 8 MiB and what the sockets hold.
        assert!(server.written() < HUNDRED_MB, "{} bytes were taken", server.written());
        assert_eq!(server.seen().len(), 2, "not asked again");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_refused_by_its_decoded_size() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        encoder.write_all(&vec![b' '; 1024 * 1024]).expect("in memory");
    }
    let bomb = encoder.finish().expect("in memory");
    assert!(bomb.len() < 1024 * 1024, "small on the wire");
    let server = Server::start(move |request| {
        assert!(request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
        Reply::with(200, &[("Content-Encoding", "gzip")], &bomb)
    })
    .await;
    let problem = client(&server.url).servers(Priority::Run).await.expect_err("refused");
    assert_eq!(problem.kind, ProblemKind::TooLarge);
}

#[tokio::test]
async fn a_reset_in_the_body_is_a_lost_answer() {
    let head = b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"object\":".to_vec();
    let server = Server::start(move |_| Reply::Reset(head.clone())).await;
    let (read, create) = both(&client(&server.url)).await;
    assert_eq!(
        (read.kind, read.effect, read.fault),
        (ProblemKind::Unreachable, Effect::None, Fault::Network)
    );
    assert_eq!((create.kind, create.effect), (ProblemKind::Unreachable, Effect::Possible));
    let methods: Vec<String> = server.seen().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["GET", "GET", "GET", "POST"], "reads are tried three times, a creation once");
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_happened() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let (read, create) = both(&client(&url)).await;
    for problem in [read, create] {
        assert_eq!(
            (problem.kind, problem.effect, problem.fault),
            (ProblemKind::Unreachable, Effect::None, Fault::Network)
        );
    }
}

#[tokio::test]
async fn malformed_json_is_said_to_be_malformed() {
    for body in ["{\"object\":", "[]", "nonsense", "", "{\"object\":\"list\"}", "{\"data\":3}", "\u{0}\u{1}"]
    {
        let server = Server::start(move |_| {
            Reply::with(200, &[("Content-Type", "application/json")], body.as_bytes())
        })
        .await;
        let (read, create) = both(&client(&server.url)).await;
        assert_eq!((read.kind, read.effect), (ProblemKind::Malformed, Effect::None), "{body}");
        assert_eq!((create.kind, create.effect), (ProblemKind::Malformed, Effect::Possible), "{body}");
        assert_eq!(server.seen().len(), 2, "not asked again");
    }
}

#[tokio::test]
async fn a_429_is_obeyed_and_then_the_call_succeeds() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_| {
        if ASKED.fetch_add(1, Ordering::SeqCst) == 0 {
            let body = r#"{"errors":[{"code":"ThrottleRequestsException","status":"429","detail":"Too Many Attempts."}]}"#;
            let headers = [("Retry-After", "1"), ("X-RateLimit-Limit", "240"), ("X-RateLimit-Remaining", "0")];
            Reply::with(429, &headers, body.as_bytes())
        } else {
            Reply::with(
                200,
                &[("X-RateLimit-Limit", "240"), ("X-RateLimit-Remaining", "230")],
                br#"{"object":"list","data":[],"meta":{"pagination":{"total":0,"total_pages":1}}}"#,
            )
        }
    })
    .await;
    let client = client(&server.url);
    assert!(client.servers(Priority::Run).await.expect("after the pause").is_empty());
    assert_eq!(server.seen().len(), 2);
    let budget = client.budget().application;
    assert_eq!(budget.limit, Some(240));
    assert_eq!(client.budget().client.limit, None, "the client API is counted apart");
}

#[tokio::test]
async fn a_long_429_stops_polls_at_once_and_names_the_time() {
    let server = Server::start(|_| {
        let body = r#"{"errors":[{"code":"ThrottleRequestsException","status":"429","detail":"Too Many Attempts."}]}"#;
        Reply::with(429, &[("Retry-After", "300"), ("X-RateLimit-Limit", "240"), ("X-RateLimit-Remaining", "0")], body.as_bytes())
    })
    .await;
    let client = client(&server.url);
    for priority in [Priority::Poll, Priority::Run] {
        let problem = client.servers(priority).await.expect_err("limited");
        assert_eq!((problem.kind, problem.effect), (ProblemKind::RateLimited, Effect::None));
        assert!(
            matches!(problem.retry, Retry::AfterMs(ms) if (200_000..=300_000).contains(&ms)),
            "{problem:?}"
        );
    }
    assert_eq!(server.seen().len(), 1, "while the pause lasts nothing is sent");
}

#[tokio::test]
async fn polls_leave_their_reserve_to_runs() {
    let server = Server::start(|_| {
        Reply::with(
            200,
            &[("X-RateLimit-Limit", "240"), ("X-RateLimit-Remaining", "40")],
            br#"{"object":"list","data":[],"meta":{"pagination":{"total":0,"total_pages":1}}}"#,
        )
    })
    .await;
    let client = client(&server.url);
    client.servers(Priority::Poll).await.expect("the first tells the budget");
    let problem = client.servers(Priority::Poll).await.expect_err("the reserve is not for polls");
    assert_eq!(problem.kind, ProblemKind::RateLimited);
    client.servers(Priority::Run).await.expect("a run may use it");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_key_goes_nowhere_else() {
    let elsewhere = Server::always(200, json!({"object": "list", "data": []})).await;
    let target = format!("{}/login?token=abc", elsewhere.url);
    let server = Server::start(move |_| Reply::with(302, &[("Location", target.as_str())], b"")).await;
    let (read, create) = both(&client(&server.url)).await;
    for problem in [read, create] {
        assert_eq!(
            (problem.fault, problem.retry, problem.effect),
            (Fault::Configuration, Retry::Never, Effect::None)
        );
        assert!(problem.message.contains("/login") && !problem.message.contains("token=abc"), "{problem}");
        assert!(problem.advice.contains("url"), "{problem}");
    }
    assert!(elsewhere.seen().is_empty(), "nothing was asked there");
}

#[tokio::test]
async fn a_proxys_page_is_a_proxys_and_not_shown() {
    let server = Server::start(|_| {
        Reply::with(
            502,
            &[("Content-Type", "text/html")],
            b"<html><h1>502 Bad Gateway</h1><script>x</script></html>",
        )
    })
    .await;
    let (read, create) = both(&client(&server.url)).await;
    assert_eq!(
        (read.kind, read.fault, read.effect),
        (ProblemKind::ServerError, Fault::Network, Effect::None)
    );
    assert_eq!((create.kind, create.effect), (ProblemKind::ServerError, Effect::Possible));
    assert!(!read.message.contains('<') && read.message.contains("502"), "{read}");
    assert_eq!(server.seen().len(), 4, "three readings, one creation");
}

#[tokio::test]
async fn oversized_headers_are_refused() {
    let server = Server::start(|_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
        bytes.resize(4 * 1024 * 1024, b'x');
        bytes.extend_from_slice(b"\r\nContent-Length: 2\r\n\r\n{}");
        Reply::Bytes(bytes)
    })
    .await;
    let (read, create) = both(&client(&server.url)).await;
    assert_eq!((read.kind, read.effect), (ProblemKind::Malformed, Effect::None), "{read}");
    assert_eq!((create.kind, create.effect), (ProblemKind::Malformed, Effect::Possible), "{create}");
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let server = Server::start(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())).await;
    let read = client(&server.url).servers(Priority::Run).await.expect_err("no HTTP");
    assert_eq!(read.kind, ProblemKind::Malformed, "{read}");
}

#[tokio::test]
async fn silence_and_dripping_end_at_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{".to_vec();
    let replies: [fn(Vec<u8>) -> Reply; 3] = [|_| Reply::Hang(Vec::new()), Reply::Hang, Reply::Drip];
    for reply in replies {
        let head = head.clone();
        let server = Server::start(move |_| reply(head.clone())).await;
        let (read, create) = both(&hurried(&server.url)).await;
        assert_eq!((read.kind, read.effect), (ProblemKind::Timeout, Effect::None));
        assert_eq!((create.kind, create.effect), (ProblemKind::Timeout, Effect::Possible));
        assert_eq!(server.seen().len(), 2, "a timeout is not tried again here");
    }
}

#[tokio::test]
async fn an_application_key_on_the_client_api_is_explained_without_asking() {
    let server = Server::always(200, json!({})).await;
    let mut settings = settings(&server.url);
    settings.application_key = "ptla_ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQ".into();
    let client = PanelClient::new(settings, clock()).expect("a client");
    let problem =
        client.resources("88c40aa0-7247-461f-8414-2bab8e2a5794", Priority::Poll).await.expect_err("no key");
    assert_eq!((problem.kind, problem.fault), (ProblemKind::Forbidden, Fault::Configuration));
    assert!(problem.advice.contains("ptlc_"), "{problem}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_comes_back() {
    for status in [500, 502, 503, 504] {
        let body =
            json!({"errors": [{"code": "HttpException", "status": status.to_string(), "detail": "no"}]});
        let server = Server::always(status, body).await;
        let client = client(&server.url);
        client.create_server(&new_server()).await.expect_err("fails");
        client.suspend(1).await.expect_err("fails");
        client.delete_server(1, false).await.expect_err("fails");
        assert_eq!(server.seen().len(), 3, "{status}");
    }
    assert!(KEY.len() > 40, "a key of the panel's length");
}
