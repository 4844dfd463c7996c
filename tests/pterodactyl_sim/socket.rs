//! The daemon's websocket: handshake, login, console, power, tokens, end.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use quarterdeck::model::server::PowerSignal;
use quarterdeck::model::time::ManualClock;
use quarterdeck::sim::panel::PanelSim;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::behaviour::{application, client, create_body, small};

/// Longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A panel with one installed server.
async fn one_server() -> (PanelSim, Arc<ManualClock>) {
    let (sim, clock) = small(|_| {}).await;
    application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    clock.advance_millis(3_000);
    (sim, clock)
}

async fn token(sim: &PanelSim) -> (String, String) {
    let uuid = sim.world().server(1).expect("it exists").uuid;
    let data = client(sim, "GET", &format!("servers/{uuid}/websocket"), None).await.json();
    let word = |name: &str| data["data"][name].as_str().expect("a word").to_owned();
    (word("token"), word("socket"))
}

async fn connect(url: &str, origin: &str) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("Origin", origin.parse().expect("a header"));
    tokio_tungstenite::connect_async(request).await.map(|(socket, _)| socket)
}

async fn say(socket: &mut Socket, event: &str, args: &[&str]) {
    let frame = json!({"event": event, "args": args}).to_string();
    socket.send(Message::Text(frame.into())).await.expect("it takes a frame");
}

/// The next event that is wanted, with its first argument; others are passed over.
async fn hear(socket: &mut Socket, wanted: &str) -> String {
    let listening = async {
        loop {
            let message = socket.next().await.expect("an open socket").expect("a message");
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            if frame["event"] == wanted {
                return frame["args"][0].as_str().unwrap_or_default().to_owned();
            }
        }
    };
    tokio::time::timeout(DEADLINE, listening).await.unwrap_or_else(|_| format!("never heard {wanted}"))
}

#[tokio::test]
async fn a_session_from_login_to_the_end_of_the_server() {
    let (sim, clock) = one_server().await;
    let (token, url) = token(&sim).await;
    let mut socket = connect(&url, &sim.url()).await.expect("a socket");
    say(&mut socket, "send stats", &[]).await;
    assert_eq!(hear(&mut socket, "jwt error").await, "no jwt present");
    say(&mut socket, "auth", &[&token]).await;
    hear(&mut socket, "auth success").await;
    assert_eq!(hear(&mut socket, "status").await, "offline");
    let stats: Value = serde_json::from_str(&hear(&mut socket, "stats").await).expect("JSON in a string");
    assert_eq!(stats["state"], "offline");
    say(&mut socket, "set state", &["start"]).await;
    assert_eq!(hear(&mut socket, "status").await, "starting");
    assert!(hear(&mut socket, "console output").await.contains("\u{1b}[33m"));
    clock.advance_millis(60_000);
    assert_eq!(hear(&mut socket, "status").await, "running");
    let stats: Value = serde_json::from_str(&hear(&mut socket, "stats").await).expect("JSON in a string");
    assert!(stats["network"]["rx_bytes"].is_number() && stats["memory_limit_bytes"].is_number());
    say(&mut socket, "send command", &["say hello"]).await;
    assert_eq!(hear(&mut socket, "console output").await, "> say hello");
    say(&mut socket, "send logs", &[]).await;
    hear(&mut socket, "console output").await;
    assert_eq!(application(&sim, "DELETE", "servers/1", None).await.status, 204);
    assert_eq!(hear(&mut socket, "deleted").await, "null");
    let end = tokio::time::timeout(DEADLINE, socket.next())
        .await
        .expect("an end")
        .expect("a frame")
        .expect("a close");
    assert!(matches!(end, Message::Close(Some(frame)) if u16::from(frame.code) == 1001));
    sim.stop().await;
}

#[tokio::test]
async fn origin_server_and_token_are_checked() {
    let (sim, _clock) = one_server().await;
    let (token, url) = token(&sim).await;
    for (url, origin, status) in [
        (url.clone(), "http://elsewhere.example", 403),
        (url.replace(&sim.world().server(1).expect("it exists").uuid, "0000"), sim.url().as_str(), 404),
    ] {
        match connect(&url, origin).await {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), status),
            other => panic!("{other:?}"),
        }
    }
    let mut socket = connect(&url, &sim.url()).await.expect("a socket");
    let forged = format!("{}x", token.get(..token.len() - 1).expect("long"));
    say(&mut socket, "auth", &[&forged]).await;
    hear(&mut socket, "daemon error").await;
    sim.stop().await;
}

#[tokio::test]
async fn a_token_is_announced_then_refused_then_renewed() {
    let (sim, clock) = one_server().await;
    sim.world().power(1, PowerSignal::Start);
    clock.advance_millis(60_000);
    let (first, url) = token(&sim).await;
    let mut socket = connect(&url, &sim.url()).await.expect("a socket");
    say(&mut socket, "auth", &[&first]).await;
    assert_eq!(hear(&mut socket, "status").await, "running");
    clock.advance_millis(9 * 60_000 + 5_000);
    hear(&mut socket, "token expiring").await;
    clock.advance_millis(60_000);
    assert_eq!(hear(&mut socket, "jwt error").await, "jwt: exp claim is invalid");
    let (second, _) = token(&sim).await;
    say(&mut socket, "auth", &[&second]).await;
    hear(&mut socket, "auth success").await;
    hear(&mut socket, "stats").await;
    clock.advance_millis(5_000);
    sim.world().restart_daemon(1);
    assert!(hear(&mut socket, "jwt error").await.contains("created too far in past"));
    sim.stop().await;
}

#[tokio::test]
async fn an_admin_watches_an_install() {
    let (sim, clock) = one_server().await;
    let (token, url) = token(&sim).await;
    let mut socket = connect(&url, &sim.url()).await.expect("a socket");
    say(&mut socket, "auth", &[&token]).await;
    hear(&mut socket, "auth success").await;
    assert_eq!(application(&sim, "POST", "servers/1/reinstall", None).await.status, 204);
    hear(&mut socket, "install started").await;
    clock.advance_millis(3_000);
    assert!(!hear(&mut socket, "install output").await.is_empty());
    hear(&mut socket, "install completed").await;
    assert_eq!(sim.world().server(1).expect("it exists").status, None);
    sim.stop().await;
}
