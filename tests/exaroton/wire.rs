//! The simulator's quirks that the client never shows, asked byte by byte.

use quarterdeck::sim::exaroton::{ExarotonSimOptions, Language, PayerId};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::{A_START, Lab};

/// An answer: status, head, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends one request with these header lines and nothing else.
async fn ask(lab: &Lab, request: &str, headers: &[String], body: &str) -> Answer {
    let url = lab.sim.url();
    let host = url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(host).await.expect("connected");
    let headers: String = headers.iter().map(|line| line.clone() + "\r\n").collect();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("answered");
    let (head, body) = said.split_once("\r\n\r\n").expect("a head");
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a status");
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// The headers of a proper client.
fn proper(lab: &Lab) -> Vec<String> {
    vec![format!("Authorization: Bearer {}", lab.sim.token()), "User-Agent: test".to_owned()]
}

#[tokio::test]
async fn a_client_without_a_name_is_refused_before_the_api() {
    let lab = Lab::new().await;
    let token = format!("Authorization: Bearer {}", lab.sim.token());
    let nameless = ask(&lab, "GET /v1/account/", &[token], "").await;
    assert_eq!((nameless.status, nameless.body.as_str()), (403, "error code: 1010"));
    let stranger = ask(&lab, "GET /v1/account/", &["User-Agent: test".to_owned()], "").await;
    assert_eq!((stranger.status, stranger.error().as_str()), (403, "Invalid API token"));
    lab.sim.stop().await;
}

#[tokio::test]
async fn both_forms_of_a_path_and_both_methods_of_a_start() {
    let lab = Lab::new().await;
    let (headers, id) = (proper(&lab), lab.id("weekend"));
    for path in ["/v1/account", "/v1/account/", "/v1/servers", "/v1/servers/", "/v1/billing/pools"] {
        assert_eq!(ask(&lab, &format!("GET {path}"), &headers, "").await.status, 200, "{path}");
    }
    assert_eq!(ask(&lab, "GET /v1/nothing/", &headers, "").await.status, 404);
    assert_eq!(ask(&lab, &format!("GET /v1/servers/{id}/start/"), &headers, "").await.status, 200);
    let again = ask(&lab, &format!("POST /v1/servers/{id}/start"), &headers, "").await;
    assert_eq!((again.status, again.json()["success"].clone()), (208, Value::Bool(false)));
    lab.pass(A_START);
    assert_eq!(ask(&lab, &format!("POST /v1/servers/{id}/stop"), &headers, "").await.status, 200);
    lab.sim.stop().await;
}

#[tokio::test]
async fn bodies_are_json_whatever_they_say_they_are() {
    let lab = Lab::new().await;
    let id = lab.id("club");
    let mut headers = proper(&lab);
    headers.push("Content-Type: text/plain;charset=UTF-8".to_owned());
    let body = r#"{"useOwnCredits":true}"#;
    assert_eq!(ask(&lab, &format!("POST /v1/servers/{id}/start"), &headers, body).await.status, 200);
    lab.pass(A_START);
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    assert_eq!(lab.sim.world().server("club").expect("there").paid_by, Some(own));
    lab.sim.stop().await;
}

#[tokio::test]
async fn refusals_speak_the_accounts_language_and_limits_are_told() {
    let options =
        ExarotonSimOptions { language: Language::German, requests_per_minute: Some(3), ..Default::default() };
    let lab = Lab::with(options).await;
    let (headers, id) = (proper(&lab), lab.id("weekend"));
    let off = ask(&lab, &format!("GET /v1/servers/{id}/stop/"), &headers, "").await;
    assert_eq!((off.status, off.error().as_str()), (400, "Server ist nicht online"));
    for body in [r#"{"ram":1}"#, r#"{"ram":17}"#] {
        let refused = ask(&lab, &format!("POST /v1/servers/{id}/options/ram/"), &headers, body).await;
        assert_eq!(refused.status, 400, "{body}");
    }
    let many = ask(&lab, "GET /v1/account/", &headers, "").await;
    assert!(many.status == 429 && many.head.contains("retry-after: 60"), "{}", many.head);
    lab.pass(60_000);
    assert_eq!(ask(&lab, "GET /v1/account/", &headers, "").await.status, 200);
    lab.sim.stop().await;
}
