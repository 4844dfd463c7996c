//! The engine's end of one connection: greet, then answer, stream and push until either side goes.
//!
//! Reading and writing are separate, so a client that stops reading stops only itself: its writer waits, its
//! subscription's queue fills, the fleet cuts it off, and it gets a fresh snapshot when it reads again.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::wire::{self, ClientMessage, Greeting, Hello, PROTOCOL, ServerMessage, Welcome};
use crate::engine::handle::{Caller, EngineHandle};
use crate::engine::state::{Subscription, SubscriptionEvent};
use crate::model::ids::ServerKey;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{ConsoleItem, Reply, Request};

/// Replies and console items that may wait for one client. Full: the tasks that bring them wait; nobody else does.
const OUT_QUEUED: usize = 64;

/// Requests of one client that may be worked on at once; more are answered `Unavailable`.
const REQUESTS_AT_ONCE: usize = 64;

/// Console streams that one client may have open; more are answered `Unavailable`.
const STREAMS_AT_ONCE: usize = 16;

/// A client that has not said hello by then is dropped.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

type Reader<R> = FramedRead<R, LengthDelimitedCodec>;
type Writer<W> = FramedWrite<W, LengthDelimitedCodec>;

/// Serves one connection until the client goes, misbehaves, or the future is dropped.
///
/// # Errors
/// Why the connection ended, when it was not the client's orderly end.
pub async fn serve<R, W>(reader: R, writer: W, engine: EngineHandle, version: &str) -> Result<(), Problem>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let mut reader = FramedRead::new(reader, wire::codec(wire::MAX_CLIENT_FRAME));
    let mut writer = FramedWrite::new(writer, wire::codec(wire::MAX_SERVER_FRAME));
    let hello = greet(&mut reader, &mut writer, version).await?;
    let caller = Caller {
        operator: hello.operator,
        origin: hello.origin,
        is_read_only: hello.is_read_only,
        client: engine.next_client(),
    };
    let _attached = engine.attach(&caller);
    let subscription = hello.wants_fleet.then(|| engine.subscribe(&caller));
    let (out, frames) = mpsc::channel(OUT_QUEUED);
    let mut incoming = Incoming { engine, caller, out, requests: JoinSet::new(), streams: BTreeMap::new() };
    tokio::select! {
        result = incoming.run(&mut reader) => result,
        result = write(&mut writer, subscription, frames) => result,
    }
}

/// Exchanges greetings; a client of another protocol is answered, so that it can say which side is older.
async fn greet<R, W>(reader: &mut Reader<R>, writer: &mut Writer<W>, version: &str) -> Result<Hello, Problem>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let first = tokio::time::timeout(HELLO_WITHIN, reader.next()).await;
    let frame = match first {
        Ok(Some(frame)) => frame.map_err(|error| broken(&error))?,
        Ok(None) => return Err(wire::malformed("the client went before its greeting")),
        Err(_) => return Err(wire::malformed("the client did not greet in time")),
    };
    let greeting: Greeting<Hello> = wire::decode_greeting(&frame)?;
    let welcome = Welcome { pid: std::process::id() };
    let answer = wire::encode_greeting(PROTOCOL, version, &welcome)?;
    writer.send(answer).await.map_err(|error| broken(&error))?;
    let theirs = (greeting.protocol, greeting.version.as_str());
    greeting.body.ok_or_else(|| wire::version_problem((PROTOCOL, version), theirs))
}

/// What the client says, and the work it started.
struct Incoming {
    engine: EngineHandle,
    caller: Caller,
    out: mpsc::Sender<Bytes>,
    requests: JoinSet<()>,
    streams: BTreeMap<u64, AbortHandle>,
}

impl Incoming {
    async fn run<R: AsyncRead + Unpin>(&mut self, reader: &mut Reader<R>) -> Result<(), Problem> {
        while let Some(frame) = reader.next().await {
            let frame = frame.map_err(|error| broken(&error))?;
            while self.requests.try_join_next().is_some() {}
            match wire::decode(&frame)? {
                ClientMessage::Focus(focus) => self.engine.set_focus(self.caller.client, focus),
                ClientMessage::Request { id, request } => self.request(id, request).await,
            }
        }
        Ok(())
    }

    async fn request(&mut self, id: u64, request: Request) {
        self.streams.retain(|_, stream| !stream.is_finished());
        match request {
            Request::ConsoleClose { stream } => {
                if let Some(stream) = self.streams.remove(&stream) {
                    stream.abort();
                }
                reply(&self.out, id, Ok(Reply::Done)).await;
            }
            Request::ConsoleOpen(_) if self.streams.len() >= STREAMS_AT_ONCE => {
                reply(&self.out, id, Err(busy("too many consoles are open"))).await;
            }
            Request::ConsoleOpen(server) => {
                let stream = stream(self.engine.clone(), self.caller.clone(), self.out.clone(), id, server);
                self.streams.insert(id, self.requests.spawn(stream));
            }
            _ if self.requests.len() - self.streams.len() >= REQUESTS_AT_ONCE => {
                reply(&self.out, id, Err(busy("too many requests wait for their answer"))).await;
            }
            request => {
                let (engine, caller, out) = (self.engine.clone(), self.caller.clone(), self.out.clone());
                self.requests.spawn(async move {
                    let result = engine.request(&caller, request).await;
                    reply(&out, id, result).await;
                });
            }
        }
    }
}

/// Opens a console and passes its items on.
async fn stream(engine: EngineHandle, caller: Caller, out: mpsc::Sender<Bytes>, id: u64, server: ServerKey) {
    let mut items = match engine.open_console(&caller, server).await {
        Ok(items) => items,
        Err(problem) => return reply(&out, id, Err(problem)).await,
    };
    reply(&out, id, Ok(Reply::Done)).await;
    while let Some(item) = items.recv().await {
        let is_last = matches!(item, ConsoleItem::Closed(_));
        let Ok(frame) = wire::encode(&ServerMessage::Console { id, item }) else { return };
        if out.send(frame).await.is_err() || is_last {
            return;
        }
    }
}

async fn reply(out: &mpsc::Sender<Bytes>, id: u64, result: Result<Reply, Problem>) {
    if let Ok(frame) = wire::encode_reply(id, result) {
        // A closed queue means that the client is gone.
        let _sent = out.send(frame).await;
    }
}

/// Writes what is ready: replies, console items, the fleet.
async fn write<W: AsyncWrite + Unpin>(
    writer: &mut Writer<W>,
    mut subscription: Option<Subscription>,
    mut frames: mpsc::Receiver<Bytes>,
) -> Result<(), Problem> {
    let mut encoded = Vec::new();
    loop {
        tokio::select! {
            frame = frames.recv() => encoded.extend(frame),
            event = next(&mut subscription) => encode_event(&event, &mut encoded)?,
        }
        for frame in encoded.drain(..) {
            writer.send(frame).await.map_err(|error| broken(&error))?;
        }
    }
}

async fn next(subscription: &mut Option<Subscription>) -> SubscriptionEvent {
    match subscription {
        Some(subscription) => subscription.next().await,
        None => std::future::pending().await,
    }
}

fn encode_event(event: &SubscriptionEvent, frames: &mut Vec<Bytes>) -> Result<(), Problem> {
    match event {
        SubscriptionEvent::Snapshot => frames.push(wire::encode(&ServerMessage::Snapshot)?),
        SubscriptionEvent::SnapshotEnd => frames.push(wire::encode(&ServerMessage::SnapshotEnd)?),
        SubscriptionEvent::Changes { sequence, changes } => wire::encode_changes(*sequence, changes, frames)?,
    }
    Ok(())
}

fn busy(message: &str) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Request,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: message.to_owned(),
        advice: "wait for an answer, or close a console".to_owned(),
    }
}

/// The connection failed, or a frame was too long.
pub(super) fn broken(error: &std::io::Error) -> Problem {
    Problem { kind: ProblemKind::Unreachable, ..wire::malformed(&error.to_string()) }
}
