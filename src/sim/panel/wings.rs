//! The websocket of a node's daemon (`providers/pterodactyl.md` §4.6).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::extract::{ConnectInfo, Path, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{broadcast, watch};

use super::daemon::DaemonMode;
use super::session::{Out, Session};
use super::shared::Shared;
use super::world::Notice;
use crate::sim::listener::{CutListener, Scissors};

/// A client that does not take a message for this long is dropped.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// The largest message that is read.
const MOST_MESSAGE_BYTES: usize = 64 * 1024;
/// The close code for a server that is gone.
const GOING_AWAY: u16 = 1001;

#[derive(Clone)]
struct Node {
    id: i64,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

/// Serves a node's daemon until stopped.
pub(super) async fn serve(socket: CutListener, id: i64, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let mut until = stopped.clone();
    let app =
        Router::new().route("/api/servers/{uuid}/ws", get(connect)).with_state(Node { id, shared, stopped });
    let service = app.into_make_service_with_connect_info::<Scissors>();
    let served = axum::serve(socket, service).with_graceful_shutdown(async move {
        drop(until.wait_for(|is_stopped| *is_stopped).await);
    });
    drop(served.await);
}

fn mode_of(node: &Node) -> DaemonMode {
    node.shared.with(|world| world.nodes.get(&node.id).map_or(DaemonMode::Refuse, |row| row.daemon))
}

/// The handshake: a daemon that is up, the panel as origin, a server of this node.
async fn connect(
    State(mut node): State<Node>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    match mode_of(&node) {
        DaemonMode::Refuse => scissors.cut(),
        DaemonMode::Hang | DaemonMode::Late => {
            drop(node.stopped.wait_for(|is_stopped| *is_stopped).await);
            scissors.cut();
        }
        DaemonMode::Status(status) => {
            return StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        }
        DaemonMode::Up => {}
    }
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or("");
    let found = node.shared.with(|world| {
        let server = world.server_by_word(&uuid).filter(|server| server.node_id == node.id)?;
        Some((server.id, world.url == origin))
    });
    match found {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((_, false)) => StatusCode::FORBIDDEN.into_response(),
        Some((server_id, true)) => upgrade
            .max_message_size(MOST_MESSAGE_BYTES)
            .on_upgrade(move |socket| run(socket, node, scissors, server_id)),
    }
}

/// What a connection waits for.
enum Happening {
    Stopped,
    Incoming(Option<Result<Message, axum::Error>>),
    Notice(Result<Notice, broadcast::error::RecvError>),
    Second,
}

/// One connection until either side ends it.
async fn run(mut socket: WebSocket, node: Node, scissors: Scissors, server_id: i64) {
    let mut stopped = node.stopped.clone();
    let mut notices = node.shared.with(|world| world.listen(server_id));
    let mut session = node.shared.with(|world| Session::new(world, node.id, server_id));
    let mut second = tokio::time::interval(Duration::from_millis(node.shared.clock.second_ms()));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let happening = tokio::select! {
            biased;
            _ = stopped.wait_for(|is_stopped| *is_stopped) => Happening::Stopped,
            incoming = socket.recv() => Happening::Incoming(incoming),
            notice = notices.recv() => Happening::Notice(notice),
            _ = second.tick() => Happening::Second,
        };
        let out = match happening {
            Happening::Stopped | Happening::Incoming(None | Some(Err(_) | Ok(Message::Close(_)))) => return,
            Happening::Incoming(Some(Ok(Message::Text(text)))) => {
                node.shared.with(|world| session.frame(world, text.as_str()))
            }
            Happening::Notice(Ok(notice)) => node.shared.with(|world| session.notice(world, notice)),
            // Pings need no answer of ours. A socket that was too slow has lost its oldest notices, as the daemon loses them.
            Happening::Incoming(Some(Ok(_)))
            | Happening::Notice(Err(broadcast::error::RecvError::Lagged(_))) => continue,
            Happening::Notice(Err(broadcast::error::RecvError::Closed)) => vec![Out::close()],
            Happening::Second => {
                if mode_of(&node) == DaemonMode::Refuse {
                    scissors.cut();
                    return;
                }
                node.shared.with(|world| session.second(world))
            }
        };
        if !send_all(&mut socket, out).await {
            return;
        }
    }
}

/// Sends what there is; `false` ends the connection.
async fn send_all(socket: &mut WebSocket, out: Vec<Out>) -> bool {
    for item in out {
        let (message, is_last) = match item {
            Out::Event(text) => (Message::Text(text.into()), false),
            Out::Close => (Message::Close(Some(CloseFrame { code: GOING_AWAY, reason: "".into() })), true),
        };
        let sent = tokio::time::timeout(SEND_PATIENCE, socket.send(message)).await;
        if is_last || !matches!(sent, Ok(Ok(()))) {
            return false;
        }
    }
    true
}
