//! The task behind a live stream: connects, feeds the session, does what it says, connects again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt};
use rand::Rng;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use super::Input;
use super::item::LiveItem;
use super::protocol;
use super::session::{Effect, Ending, Event, Session, Streams};
use crate::model::credits::CreditServer;
use crate::model::problem::{Problem, ProblemKind};
use crate::providers::exaroton::client::ExarotonClient;
use crate::providers::live_queue::LiveQueue;
use crate::providers::transport::{Priority, Refusal, TlsUse, USER_AGENT, tls_client_config};

/// The largest message taken: a server object or a console line is a few KiB.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// What may wait to be written to a socket that does not take it.
const MAX_WRITE_BYTES: usize = 256 * 1024;
/// How long one frame may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before connecting again, and the shortest: less risks being blocked (`providers/exaroton.md` §1.2).
const FIRST_PAUSE_MS: u64 = 3_000;
/// The longest pause before connecting again, without jitter.
const MAX_PAUSE_MS: u64 = 60_000;
/// A connection that lived this long was a good one: the pauses start anew.
const GOOD_AFTER: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a stream connects to.
pub(in crate::providers::exaroton) struct LiveSource {
    pub(in crate::providers::exaroton) client: ExarotonClient,
    pub(in crate::providers::exaroton) id: String,
    pub(in crate::providers::exaroton) streams: Streams,
}

/// Ends the queue however the task ends, also by being aborted.
struct EndOfQueue(Arc<LiveQueue<LiveItem>>, Arc<AtomicBool>);

impl Drop for EndOfQueue {
    fn drop(&mut self) {
        self.1.store(false, Ordering::Release);
        self.0.end();
    }
}

/// Keeps a stream up until the provider says that there is no such server.
pub(super) async fn run(
    source: LiveSource,
    items: Arc<LiveQueue<LiveItem>>,
    mut inputs: mpsc::Receiver<Input>,
    takes_commands: Arc<AtomicBool>,
) {
    let _end = EndOfQueue(Arc::clone(&items), Arc::clone(&takes_commands));
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let ending = match open(&source).await {
            Ok(socket) => {
                let ending = Link::new(&source, &items, &takes_commands, socket).listen(&mut inputs).await;
                takes_commands.store(false, Ordering::Release);
                ending
            }
            Err(ending) => ending,
        };
        match ending {
            Ending::Over(why) => {
                items.push(LiveItem::Closed(source.client.clean(&why)));
                return;
            }
            Ending::Lost(reason) => items.push(LiveItem::Reconnecting(source.client.clean(&reason))),
        }
        failures = if began.elapsed() >= GOOD_AFTER { 1 } else { failures + 1 };
        tokio::time::sleep(pause_after(failures)).await;
        // What was typed while nothing listened is not executed now.
        while inputs.try_recv().is_ok() {}
    }
}

/// 3 s, 6 s … 60 s, each up to half as much again, never less.
fn pause_after(failures: u32) -> Duration {
    let base_ms = (FIRST_PAUSE_MS << failures.saturating_sub(1).min(10)).min(MAX_PAUSE_MS);
    Duration::from_millis(rand::rng().random_range(base_ms..=base_ms * 3 / 2))
}

async fn open(source: &LiveSource) -> Result<Socket, Ending> {
    let base = source.client.base();
    // http becomes ws, https wss.
    let address = format!("ws{}/servers/{}/websocket", base.trim_start_matches("http"), source.id);
    let host = base.split('/').nth(2).unwrap_or_default().to_owned();
    let wrong = || Ending::Over("the account's address or token fits in no websocket request".to_owned());
    let mut request = address.as_str().into_client_request().map_err(|_| wrong())?;
    let mut authorization =
        HeaderValue::from_str(&format!("Bearer {}", source.client.settings().token.expose_secret()))
            .map_err(|_| wrong())?;
    authorization.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, authorization);
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    let connector = if address.starts_with("wss:") {
        let config = tls_client_config(TlsUse::Socket, source.client.authorities())
            .map_err(|problem| Ending::Lost(problem.message))?;
        Connector::Rustls(Arc::new(config))
    } else {
        Connector::Plain
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BYTES);
    let connecting =
        tokio_tungstenite::connect_async_tls_with_config(request, Some(limits), true, Some(connector));
    // TCP, TLS and the upgrade, each a round trip or two.
    match tokio::time::timeout(source.client.settings().timeouts.connect * 2, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(refused_upgrade(&error, &host)),
        Err(_) => Err(Ending::Lost("exaroton does not answer".to_owned())),
    }
}

/// What a failed upgrade means. 403 may be the token or the service before the API, so it is tried again, slower and slower.
fn refused_upgrade(error: &SocketError, host: &str) -> Ending {
    match error {
        SocketError::Http(response) => match response.status() {
            StatusCode::UNAUTHORIZED => Ending::Over("exaroton refuses the token".to_owned()),
            StatusCode::NOT_FOUND => Ending::Over("exaroton does not know this server".to_owned()),
            status => Ending::Lost(format!("exaroton refuses the connection ({status})")),
        },
        error => match Refusal::of(error, host) {
            Some(Refusal { message, advice, is_final: true, .. }) => {
                Ending::Over(format!("{message} · {advice}"))
            }
            Some(refusal) => Ending::Lost(refusal.message),
            None => Ending::Lost(format!("exaroton was not reached: {error}")),
        },
    }
}

/// One open socket with its session.
struct Link<'a> {
    source: &'a LiveSource,
    items: &'a LiveQueue<LiveItem>,
    takes_commands: &'a AtomicBool,
    socket: Socket,
    session: Session,
    began: Instant,
    reading: Option<BoxFuture<'a, Result<CreditServer, Problem>>>,
    /// Who waits for an answer of the game; as many as the session lets wait.
    asked: HashMap<String, oneshot::Sender<Result<Value, Problem>>>,
}

impl<'a> Link<'a> {
    fn new(
        source: &'a LiveSource,
        items: &'a LiveQueue<LiveItem>,
        takes_commands: &'a AtomicBool,
        socket: Socket,
    ) -> Self {
        let session = Session::new(source.client.account().clone(), &source.id, source.streams, 0);
        Self {
            source,
            items,
            takes_commands,
            socket,
            session,
            began: Instant::now(),
            reading: None,
            asked: HashMap::new(),
        }
    }

    /// Runs until the socket ends.
    async fn listen(&mut self, inputs: &mut mpsc::Receiver<Input>) -> Ending {
        loop {
            let event = self.next_event(inputs).await;
            if let Some(ending) = self.take(event).await {
                return ending;
            }
            self.takes_commands.store(self.session.takes_commands(), Ordering::Release);
        }
    }

    async fn next_event(&mut self, inputs: &mut mpsc::Receiver<Input>) -> Event {
        let tick = self.began + Duration::from_millis(self.session.next_tick_ms());
        tokio::select! {
            message = self.socket.next() => event_of(message),
            Some(input) = inputs.recv() => self.was_given(input),
            read = async { match &mut self.reading {
                Some(reading) => reading.await,
                None => futures::future::pending().await,
            } } => self.was_read(read),
            () = tokio::time::sleep_until(tick) => Event::Tick,
        }
    }

    fn was_given(&mut self, input: Input) -> Event {
        match input {
            Input::Line(line) => Event::Typed(line),
            Input::Ask { method, params, answer } => {
                let id = fresh_id();
                self.asked.insert(id.clone(), answer);
                Event::Asked { id, method, params }
            }
        }
    }

    fn was_read(&mut self, outcome: Result<CreditServer, Problem>) -> Event {
        self.reading = None;
        match outcome {
            Ok(server) => Event::Read(Box::new(server)),
            Err(problem) if matches!(problem.kind, ProblemKind::NotFound | ProblemKind::Unauthenticated) => {
                Event::ReadRefused(problem.to_string())
            }
            Err(_) => Event::Unread,
        }
    }

    /// Lets the session take an event and does what it says.
    async fn take(&mut self, event: Event) -> Option<Ending> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        for effect in self.session.on(event, now_ms, self.source.client.now()) {
            match effect {
                Effect::Emit(item) => self.items.push(item),
                Effect::End(ending) => return Some(ending),
                Effect::Read => {
                    let source = self.source;
                    self.reading = Some(Box::pin(source.client.server(&source.id, Priority::Poll)));
                }
                Effect::Answer { id, answer } => {
                    if let Some(asker) = self.asked.remove(&id) {
                        // Whoever asked may have gone.
                        drop(asker.send(answer));
                    }
                }
                Effect::Say(say) => {
                    if let Err(reason) = self.send(Message::text(say.frame())).await {
                        return Some(Ending::Lost(reason));
                    }
                }
            }
        }
        None
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        match tokio::time::timeout(WRITE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the connection broke: {error}")),
            Err(_) => Err("exaroton takes no more data".to_owned()),
        }
    }
}

/// An id that no other request has: the protocol's are UUIDs of random bits (version 4).
fn fresh_id() -> String {
    let bits: u128 = rand::rng().random();
    let bits =
        (bits & !(0xf000_u128 << 64) & !(0xc000_u128 << 48)) | (0x4000_u128 << 64) | (0x8000_u128 << 48);
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn event_of(message: Option<Result<Message, SocketError>>) -> Event {
    match message {
        Some(Ok(Message::Text(text))) => Event::Heard(protocol::hear(&text)),
        Some(Ok(Message::Close(frame))) => Event::Closed(frame.map(|frame| frame.code.into())),
        Some(Ok(_)) => Event::Alive,
        Some(Err(error)) => Event::Broke(format!("the connection broke: {error}")),
        None => Event::Closed(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_four() {
        for id in (0..50).map(|_| fresh_id()) {
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }

    #[test]
    fn pauses_are_never_shorter_than_the_official_clients() {
        for failures in 0..200 {
            let pause = pause_after(failures);
            assert!(
                pause >= Duration::from_secs(3) && pause <= Duration::from_secs(90),
                "{failures}: {pause:?}"
            );
        }
    }
}
