//! The websockets: one per server and client.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{ConnectInfo, Path, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast;
use tokio::time::{Instant, MissedTickBehavior};

use super::api::servers::is_visible;
use super::http::{Site, account_of, text_of};
use super::session::{self, Session};
use super::world::Notice;
use crate::sim::listener::Scissors;

/// A client that does not take a message for this long is dropped.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// The largest message that is read.
const MOST_MESSAGE_BYTES: usize = 64 * 1024;

/// The handshake: a client with a name, a good token, a server it may see.
pub(super) async fn connect(
    State(site): State<Site>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(id): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let is_named = !text_of(&headers, header::USER_AGENT).is_empty();
    let viewer = site.shared.with(|world| {
        let account = account_of(world, &headers)?;
        Some((world.servers.get(&id).map(|server| is_visible(server, &account)), account))
    });
    let has_websocket_fault =
        site.shared.faults().strikes.targets.take("GET", &format!("/v1/servers/{id}/websocket"));
    match viewer {
        _ if has_websocket_fault.is_some() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        // The official client sends no User-Agent of its own on the upgrade; only its token must be right.
        None | Some((Some(false), _)) => {
            tracing::debug!(is_named, "a websocket was refused");
            StatusCode::FORBIDDEN.into_response()
        }
        Some((None, _)) => StatusCode::NOT_FOUND.into_response(),
        Some((Some(true), viewer)) => upgrade
            .max_message_size(MOST_MESSAGE_BYTES)
            .on_upgrade(move |socket| run(socket, site, scissors, id, viewer)),
    }
}

/// What a connection waits for.
enum Happening {
    Stopped,
    Incoming(Option<Result<Message, axum::Error>>),
    Notice(Result<Notice, broadcast::error::RecvError>),
    Ready,
    Second,
    KeepAlive,
}

/// One connection until either side ends it.
async fn run(mut socket: WebSocket, site: Site, scissors: Scissors, id: String, viewer: String) {
    let mut stopped = site.stopped.clone();
    let mut notices = site.shared.with(|world| {
        world.sockets_opened += 1;
        world.listen(&id)
    });
    let mut session = Session::new(&id, &viewer);
    let mut second = tokio::time::interval(Duration::from_millis(site.shared.clock.second_ms()));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keep_alive = tokio::time::interval(site.shared.keep_alive);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ready_at = Instant::now() + site.shared.ready_delay;
    let mut is_ready = false;
    loop {
        let happening = tokio::select! {
            biased;
            _ = stopped.wait_for(|is_stopped| *is_stopped) => Happening::Stopped,
            incoming = socket.recv() => Happening::Incoming(incoming),
            () = tokio::time::sleep_until(ready_at), if !is_ready => Happening::Ready,
            notice = notices.recv() => Happening::Notice(notice),
            _ = second.tick(), if is_ready => Happening::Second,
            _ = keep_alive.tick(), if is_ready => Happening::KeepAlive,
        };
        let frames = match happening {
            Happening::Stopped | Happening::Incoming(None | Some(Err(_) | Ok(Message::Close(_)))) => return,
            Happening::Notice(Ok(Notice::Drop) | Err(broadcast::error::RecvError::Closed)) => {
                scissors.cut();
                return;
            }
            Happening::Incoming(Some(Ok(Message::Text(text)))) => {
                site.shared.with(|world| session.frame(world, text.as_str()))
            }
            // A socket that was too slow has lost its oldest notices.
            Happening::Incoming(Some(Ok(_)))
            | Happening::Notice(Err(broadcast::error::RecvError::Lagged(_))) => {
                continue;
            }
            Happening::Notice(Ok(notice)) => site.shared.with(|world| session.notice(world, &notice)),
            Happening::Ready => {
                is_ready = true;
                site.shared.with(|world| session.ready(world))
            }
            Happening::Second => site.shared.with(|world| session.second(world)),
            Happening::KeepAlive => vec![session::keep_alive()],
        };
        for text in frames {
            let sent = tokio::time::timeout(SEND_PATIENCE, socket.send(Message::Text(text.into()))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}
