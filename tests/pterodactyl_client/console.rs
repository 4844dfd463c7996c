//! Consoles against a scripted daemon over real websockets.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use quarterdeck::model::request::ConsoleItem;
use quarterdeck::model::server::{PowerSignal, PowerState};
use quarterdeck::providers::pterodactyl::{ConsoleConnection, PanelClient};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::server::{Reply, Server, client};

const UUID: &str = "88c40aa0-7247-461f-8414-2bab8e2a5794";
/// Longer than anything here takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_secs(30);

/// The panel and one node: tokens are numbered, sockets are handed to the test.
struct Stage {
    panel: Server,
    sockets: mpsc::Receiver<(WebSocketStream<TcpStream>, String)>,
}

impl Stage {
    async fn start(refuse_with: Option<StatusCode>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let socket = format!("ws://{}/api/servers/{UUID}/ws", listener.local_addr().expect("an address"));
        let (sender, sockets) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut origin = String::new();
                #[expect(clippy::result_large_err, reason = "the signature of the library")]
                let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
                    let sent = request.headers().get("origin").and_then(|value| value.to_str().ok());
                    sent.unwrap_or_default().clone_into(&mut origin);
                    match refuse_with {
                        Some(status) => {
                            let mut refusal = ErrorResponse::new(None);
                            *refusal.status_mut() = status;
                            Err(refusal)
                        }
                        None => Ok(response),
                    }
                };
                if let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, check).await {
                    drop(sender.send((socket, origin)).await);
                }
            }
        });
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let panel = Server::start(move |_| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            Reply::json(200, &json!({"data": {"token": format!("token-{number}"), "socket": socket}}))
        })
        .await;
        Self { panel, sockets }
    }

    async fn socket(&mut self) -> (Daemon, String) {
        let (socket, origin) = tokio::time::timeout(DEADLINE, self.sockets.recv())
            .await
            .expect("a connection in time")
            .expect("a connection");
        (Daemon(socket), origin)
    }

    /// A console that is logged in, and its daemon's end.
    async fn live(&mut self) -> (PanelClient, ConsoleConnection, Daemon) {
        let client = client(&self.panel.url);
        let mut console = client.console(UUID);
        let (mut daemon, origin) = self.socket().await;
        assert_eq!(origin, self.panel.url, "the node wants the panel's address");
        assert_eq!(daemon.heard().await, ("auth".to_owned(), "token-1".to_owned()), "the token comes first");
        daemon.say("auth success", None).await;
        assert_eq!(daemon.heard().await.0, "send logs");
        assert_eq!(daemon.heard().await.0, "send stats");
        assert_eq!(next(&mut console).await, ConsoleItem::Connected);
        (client, console, daemon)
    }
}

/// The daemon's end of a socket.
struct Daemon(WebSocketStream<TcpStream>);

impl Daemon {
    async fn say(&mut self, event: &str, argument: Option<&str>) {
        let frame =
            argument.map_or_else(|| json!({"event": event}), |text| json!({"event": event, "args": [text]}));
        self.0.send(Message::text(frame.to_string())).await.expect("said");
    }

    /// The next frame: its event and argument.
    async fn heard(&mut self) -> (String, String) {
        loop {
            match tokio::time::timeout(DEADLINE, self.0.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    return (text(&frame["event"]), text(&frame["args"][0]));
                }
                Some(Ok(_)) => {}
                other => panic!("the console went away: {other:?}"),
            }
        }
    }

    async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.0.send(Message::Close(Some(frame))).await.expect("closed");
        // Read the answer, or the connection is reset before the close arrives.
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

async fn next(console: &mut ConsoleConnection) -> ConsoleItem {
    tokio::time::timeout(DEADLINE, console.next()).await.expect("an item in time").expect("an item")
}

#[tokio::test]
async fn output_state_and_use_arrive_clean_and_input_is_sent() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, mut daemon) = stage.live().await;
    daemon.say("status", Some("running")).await;
    daemon.say("console output", Some("\u{1b}[31m[12:00] \u{1b}]0;title\u{7}hello\u{202e}\r\n")).await;
    let stats = json!({"memory_bytes": 5, "cpu_absolute": 1.5, "network": {"rx_bytes": 1, "tx_bytes": 2}, "uptime": 9,
                       "state": "running", "disk_bytes": 7});
    daemon.say("stats", Some(&stats.to_string())).await;
    daemon.say("daemon message", Some("pulling image")).await;
    daemon.say("a newer event", Some("x")).await;
    assert_eq!(next(&mut console).await, ConsoleItem::Power(PowerState::Running));
    assert_eq!(next(&mut console).await, ConsoleItem::Line("[12:00] hello".to_owned()));
    let ConsoleItem::Usage(usage) = next(&mut console).await else { panic!("use") };
    assert_eq!((usage.memory_bytes, usage.disk_bytes, usage.network_tx_bytes), (5, 7, 2));
    assert_eq!(next(&mut console).await, ConsoleItem::Daemon("pulling image".to_owned()));
    let input = console.input();
    input.command("say hi\n").expect("sent");
    assert_eq!(daemon.heard().await, ("send command".to_owned(), "say hi".to_owned()));
    input.signal(PowerSignal::Restart).expect("sent");
    assert_eq!(daemon.heard().await, ("set state".to_owned(), "restart".to_owned()));
    assert_eq!(next(&mut console).await, ConsoleItem::Signal(PowerSignal::Restart));
    assert!(input.command("two\nlines").is_err());
    assert!(input.command(&"x".repeat(5_000)).is_err(), "the daemon would close the socket");
}

#[tokio::test]
async fn a_token_is_renewed_on_the_same_socket() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, mut daemon) = stage.live().await;
    daemon.say("token expiring", None).await;
    daemon.say("token expiring", None).await;
    assert_eq!(daemon.heard().await, ("auth".to_owned(), "token-2".to_owned()));
    daemon.say("auth success", None).await;
    daemon.say("console output", Some("still here")).await;
    assert_eq!(
        next(&mut console).await,
        ConsoleItem::Line("still here".to_owned()),
        "nothing was said about it"
    );
    assert_eq!(stage.panel.seen().len(), 2, "one token for two warnings");
}

#[tokio::test]
async fn a_broken_socket_is_made_again_with_the_same_token() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, daemon) = stage.live().await;
    drop(daemon);
    assert!(matches!(next(&mut console).await, ConsoleItem::Reconnecting(_)));
    assert!(console.input().command("stop").is_err(), "nothing typed now may be executed later");
    let (mut daemon, _) = stage.socket().await;
    assert_eq!(daemon.heard().await, ("auth".to_owned(), "token-1".to_owned()));
    daemon.say("auth success", None).await;
    assert_eq!(next(&mut console).await, ConsoleItem::Connected);
    assert_eq!(stage.panel.seen().len(), 1, "no token per attempt");
}

#[tokio::test]
async fn an_old_token_refused_at_login_is_replaced() {
    let mut stage = Stage::start(None).await;
    let client = client(&stage.panel.url);
    let mut console = client.console(UUID);
    let (mut daemon, _) = stage.socket().await;
    daemon.heard().await;
    daemon.say("jwt error", Some("jwt: created too far in past (denylist)")).await;
    assert!(matches!(next(&mut console).await, ConsoleItem::Reconnecting(_)));
    let (mut daemon, _) = stage.socket().await;
    assert_eq!(daemon.heard().await, ("auth".to_owned(), "token-2".to_owned()));
}

#[tokio::test]
async fn two_consoles_of_one_server_share_a_token() {
    let mut stage = Stage::start(None).await;
    let (client, _first, _daemon) = stage.live().await;
    let _second = client.console(UUID);
    let (mut daemon, _) = stage.socket().await;
    assert_eq!(daemon.heard().await.1, "token-1");
    assert_eq!(stage.panel.seen().len(), 1);
}

#[tokio::test]
async fn a_close_for_good_ends_the_stream() {
    for code in [1001, 4400, 4409] {
        let mut stage = Stage::start(None).await;
        let (_client, mut console, daemon) = stage.live().await;
        daemon.close(code).await;
        assert!(matches!(next(&mut console).await, ConsoleItem::Closed(_)), "{code}");
        assert_eq!(tokio::time::timeout(DEADLINE, console.next()).await.expect("in time"), None);
    }
}

#[tokio::test]
async fn a_deleted_server_ends_the_stream() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, mut daemon) = stage.live().await;
    daemon.say("deleted", Some("null")).await;
    let ConsoleItem::Closed(why) = next(&mut console).await else { panic!("closed") };
    assert!(why.contains("deleted"), "{why}");
}

#[tokio::test]
async fn a_refused_origin_is_explained() {
    let stage = Stage::start(Some(StatusCode::FORBIDDEN)).await;
    let mut console = client(&stage.panel.url).console(UUID);
    let ConsoleItem::Closed(why) = next(&mut console).await else { panic!("closed") };
    assert!(why.contains("origin") && why.contains(&stage.panel.url), "{why}");
}

#[tokio::test]
async fn a_suspended_server_has_no_console() {
    let body =
        json!({"errors": [{"code": "ServerStateConflictException", "status": "409", "detail": "suspended"}]});
    let panel = Server::always(409, body).await;
    let mut console = client(&panel.url).console(UUID);
    assert!(matches!(next(&mut console).await, ConsoleItem::Closed(_)));
    assert_eq!(panel.seen().len(), 1);
}

#[tokio::test]
async fn dropping_the_console_closes_the_socket() {
    let mut stage = Stage::start(None).await;
    let (_client, console, mut daemon) = stage.live().await;
    let input = console.input();
    drop(console);
    let end =
        tokio::time::timeout(DEADLINE, async { while let Some(Ok(_)) = daemon.0.next().await {} }).await;
    end.expect("the socket ends");
    assert!(input.command("stop").is_err());
}

#[tokio::test]
async fn a_flood_reaches_a_slow_reader_with_its_losses_counted() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, mut daemon) = stage.live().await;
    for number in 0..5_000 {
        daemon.say("console output", Some(&format!("line {number}"))).await;
    }
    daemon.say("status", Some("offline")).await;
    let (mut lines, mut lost) = (0, 0);
    loop {
        match next(&mut console).await {
            ConsoleItem::Line(_) => lines += 1,
            ConsoleItem::Lost(count) => lost += count,
            ConsoleItem::Power(PowerState::Offline) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lines + lost, 5_000, "each line is read or counted");
}

#[tokio::test]
async fn a_message_over_the_cap_breaks_the_socket_and_not_the_program() {
    let mut stage = Stage::start(None).await;
    let (_client, mut console, mut daemon) = stage.live().await;
    let huge = "x".repeat(3 * 1024 * 1024);
    // The console may hang up while this is still being written.
    drop(daemon.0.send(Message::text(huge)).await);
    assert!(matches!(next(&mut console).await, ConsoleItem::Reconnecting(_)));
}
