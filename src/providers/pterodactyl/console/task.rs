//! The task behind a console: connects, feeds the session, does what it says, connects again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt};
use rand::Rng;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use super::protocol::{self, Say};
use super::session::{Effect, Ending, Event, Session, Typed};
use super::tokens::Token;
use crate::model::problem::{Problem, ProblemKind, Retry};
use crate::model::request::ConsoleItem;
use crate::model::time::Clock;
use crate::providers::live_queue::LiveQueue;
use crate::providers::pterodactyl::client::PanelClient;
use crate::providers::transport::{Refusal, TlsUse, tls_client_config};

/// The largest message taken from a daemon; console lines are a few hundred bytes, install output a few KiB.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// What may wait to be written to a socket that does not take it.
const MAX_WRITE_BYTES: usize = 256 * 1024;
/// How long one frame may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before connecting again; doubles, with jitter.
const FIRST_PAUSE_MS: u64 = 1_000;
/// The longest pause before connecting again.
const MAX_PAUSE_MS: u64 = 60_000;
/// A connection that lived this long was a good one: the pauses start anew.
const GOOD_AFTER: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a console connects to.
pub(in crate::providers::pterodactyl) struct ConsoleSource {
    client: PanelClient,
    uuid: String,
    origin: String,
    clock: Arc<dyn Clock>,
}

impl ConsoleSource {
    pub(in crate::providers::pterodactyl) fn new(
        client: PanelClient,
        uuid: String,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // The daemon compares with the panel's configured address, which has no slash at its end.
        let origin = origin.trim_end_matches('/').to_owned();
        Self { client, uuid, origin, clock }
    }
}

/// Ends the queue however the task ends, also by being aborted.
struct EndOfQueue(Arc<LiveQueue<ConsoleItem>>, Arc<AtomicBool>);

impl Drop for EndOfQueue {
    fn drop(&mut self) {
        self.1.store(false, Ordering::Release);
        self.0.end();
    }
}

/// Keeps a console up until the panel or the daemon says that it is over.
pub(super) async fn run(
    source: ConsoleSource,
    items: Arc<LiveQueue<ConsoleItem>>,
    mut inputs: mpsc::Receiver<Typed>,
    is_live: Arc<AtomicBool>,
) {
    let _end = EndOfQueue(Arc::clone(&items), Arc::clone(&is_live));
    let mut refused: Option<Token> = None;
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let ending = match connect(&source, refused.as_ref()).await {
            Ok((socket, token)) => {
                let mut link = Link::new(&source, &items, &is_live, socket, token);
                let ending = link.listen(&mut inputs).await;
                is_live.store(false, Ordering::Release);
                if matches!(ending, Ending::Lost { is_token_refused: true, .. }) {
                    refused = Some(link.token);
                }
                ending
            }
            Err(ending) => ending,
        };
        match ending {
            Ending::Over(why) => {
                items.push(ConsoleItem::Closed(source.client.clean(&why)));
                return;
            }
            Ending::Lost { reason, .. } => {
                items.push(ConsoleItem::Reconnecting(source.client.clean(&reason)));
            }
        }
        failures = if began.elapsed() >= GOOD_AFTER { 1 } else { failures + 1 };
        tokio::time::sleep(pause_after(failures)).await;
        // What was typed while nothing listened is not executed now.
        while inputs.try_recv().is_ok() {}
    }
}

/// 1 s, 2 s … 60 s, each between half and one and a half times that.
fn pause_after(failures: u32) -> Duration {
    let base_ms = (FIRST_PAUSE_MS << failures.saturating_sub(1).min(10)).min(MAX_PAUSE_MS);
    Duration::from_millis(rand::rng().random_range(base_ms / 2..=base_ms * 3 / 2))
}

async fn connect(source: &ConsoleSource, refused: Option<&Token>) -> Result<(Socket, Token), Ending> {
    let token = source
        .client
        .tokens()
        .take(&source.client, &source.uuid, refused)
        .await
        .map_err(|problem| ending_of(&problem))?;
    let socket = open(source, &token.socket).await?;
    Ok((socket, token))
}

async fn open(source: &ConsoleSource, address: &str) -> Result<Socket, Ending> {
    let lost = |reason: String| Ending::Lost { reason, is_token_refused: false };
    let host = address.split('/').nth(2).unwrap_or_default().to_owned();
    let mut request = address.into_client_request().map_err(|_| {
        Ending::Over("the panel names a console address that is none: check the node's settings".to_owned())
    })?;
    let origin = HeaderValue::from_str(&source.origin)
        .map_err(|_| Ending::Over("the configured origin fits in no header".to_owned()))?;
    request.headers_mut().insert(header::ORIGIN, origin);
    let connector = if address.starts_with("wss:") {
        let config = tls_client_config(TlsUse::Socket, source.client.authorities())
            .map_err(|problem| lost(problem.message))?;
        Connector::Rustls(Arc::new(config))
    } else if source.client.is_over_tls() {
        // As a browser does: a token that came over TLS is not sent readable.
        return Err(Ending::Over(format!(
            "the node {host} offers its console without TLS: set its scheme to https in the panel"
        )));
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
    match tokio::time::timeout(source.client.connect_timeout() * 2, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(refused_upgrade(&error, &host, &source.origin)),
        Err(_) => Err(lost(format!("the node {host} does not answer"))),
    }
}

/// What a failed upgrade means (§4.6).
fn refused_upgrade(error: &SocketError, host: &str, origin: &str) -> Ending {
    let lost = |reason: String| Ending::Lost { reason, is_token_refused: false };
    match error {
        SocketError::Http(response) => match response.status() {
            StatusCode::FORBIDDEN => Ending::Over(format!(
                "the node {host} refuses the origin {origin}: set the account's origin to the panel address in the node's configuration (remote)"
            )),
            StatusCode::NOT_FOUND => Ending::Over(format!("the node {host} does not know this server")),
            StatusCode::BAD_REQUEST => lost(format!("the node {host} takes no more consoles of this server")),
            status => lost(format!("the node {host} refuses the console ({status})")),
        },
        error => match Refusal::of(error, host) {
            Some(Refusal { message, advice, is_final: true, .. }) => {
                Ending::Over(format!("{message} · {advice}"))
            }
            Some(refusal) => lost(refusal.message),
            None => lost(format!("the node {host} was not reached: {error}")),
        },
    }
}

/// Whether the panel's refusal of a token is for good.
fn ending_of(problem: &Problem) -> Ending {
    match problem.kind {
        ProblemKind::Conflict
        | ProblemKind::NotFound
        | ProblemKind::Forbidden
        | ProblemKind::Unauthenticated
        | ProblemKind::Refused => Ending::Over(problem.to_string()),
        // A certificate that is refused, an answer that is no panel's: asking again changes nothing.
        _ if problem.retry == Retry::Never => Ending::Over(problem.to_string()),
        _ => Ending::Lost { reason: problem.message.clone(), is_token_refused: false },
    }
}

/// One open socket with its session.
struct Link<'a> {
    source: &'a ConsoleSource,
    items: &'a LiveQueue<ConsoleItem>,
    is_live: &'a AtomicBool,
    socket: Socket,
    token: Token,
    session: Session,
    began: Instant,
    renewal: Option<BoxFuture<'a, Result<Token, Problem>>>,
}

impl<'a> Link<'a> {
    fn new(
        source: &'a ConsoleSource,
        items: &'a LiveQueue<ConsoleItem>,
        is_live: &'a AtomicBool,
        socket: Socket,
        token: Token,
    ) -> Self {
        let (session, began) = (Session::new(0), Instant::now());
        Self { source, items, is_live, socket, token, session, began, renewal: None }
    }

    /// Runs until the socket ends.
    async fn listen(&mut self, inputs: &mut mpsc::Receiver<Typed>) -> Ending {
        let mut event = Event::Opened { token_age_ms: self.token.age_ms() };
        loop {
            if let Some(ending) = self.take(event).await {
                return ending;
            }
            self.is_live.store(self.session.is_live(), Ordering::Release);
            event = self.next_event(inputs).await;
        }
    }

    async fn next_event(&mut self, inputs: &mut mpsc::Receiver<Typed>) -> Event {
        let tick = self.began + Duration::from_millis(self.session.next_tick_ms());
        tokio::select! {
            message = self.socket.next() => event_of(message),
            Some(typed) = inputs.recv() => Event::Typed(typed),
            renewed = async { match &mut self.renewal {
                Some(renewal) => renewal.await,
                None => futures::future::pending().await,
            } } => self.renewed(renewed),
            () = tokio::time::sleep_until(tick) => Event::Tick,
        }
    }

    fn renewed(&mut self, outcome: Result<Token, Problem>) -> Event {
        self.renewal = None;
        match outcome {
            Ok(token) => {
                self.token = token;
                Event::Renewed { token_age_ms: self.token.age_ms() }
            }
            Err(problem) => match ending_of(&problem) {
                Ending::Over(why) => Event::RenewalRefused(why),
                Ending::Lost { .. } => Event::RenewalFailed,
            },
        }
    }

    /// Lets the session take an event and does what it says.
    async fn take(&mut self, event: Event) -> Option<Ending> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        for effect in self.session.on(event, now_ms, self.source.clock.now()) {
            let sent = match effect {
                Effect::Emit(item) => {
                    self.items.push(item);
                    Ok(())
                }
                Effect::End(ending) => return Some(ending),
                Effect::Renew => {
                    self.renew();
                    Ok(())
                }
                Effect::Authenticate => {
                    let frame = Say::Auth(self.token.secret.expose_secret()).frame();
                    self.send(Message::text(frame)).await
                }
                Effect::AskForLogs => match self.send(Message::text(Say::SendLogs.frame())).await {
                    Ok(()) => self.send(Message::text(Say::SendStats.frame())).await,
                    broken => broken,
                },
                Effect::Type(Typed::Command(line)) => {
                    self.send(Message::text(Say::Command(&line).frame())).await
                }
                Effect::Type(Typed::Signal(signal)) => {
                    self.send(Message::text(Say::SetState(signal).frame())).await
                }
                Effect::Ping => self.send(Message::Ping(bytes::Bytes::new())).await,
            };
            if let Err(reason) = sent {
                return Some(Ending::Lost { reason, is_token_refused: false });
            }
        }
        None
    }

    fn renew(&mut self) {
        let (source, held) = (self.source, self.token.clone());
        self.renewal = Some(Box::pin(async move {
            source.client.tokens().take(&source.client, &source.uuid, Some(&held)).await
        }));
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        match tokio::time::timeout(WRITE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the console broke: {error}")),
            Err(_) => Err("the node takes no more data".to_owned()),
        }
    }
}

fn event_of(message: Option<Result<Message, SocketError>>) -> Event {
    match message {
        Some(Ok(Message::Text(text))) => Event::Heard(protocol::hear(&text)),
        Some(Ok(Message::Close(frame))) => Event::Closed(frame.map(|frame| frame.code.into())),
        Some(Ok(_)) => Event::Alive,
        Some(Err(error)) => Event::Broke(format!("the console broke: {error}")),
        None => Event::Closed(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_no_further() {
        for failures in 0..200 {
            let pause = pause_after(failures);
            assert!(
                pause >= Duration::from_millis(500) && pause <= Duration::from_secs(90),
                "{failures}: {pause:?}"
            );
        }
    }
}
