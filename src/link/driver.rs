//! The task behind a [`LinkClient`]: owns the connection, greets, passes both queues on, and connects again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use rand::Rng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::client::{EngineIdentity, LinkClient, LinkCommand, LinkEvent, LinkPeer, gone};
use super::transport::{Companion, Connection, Transport, lost};
use super::wire::{self, ClientMessage, Greeting, Hello, PROTOCOL, ServerMessage, Welcome};
use crate::model::problem::{Effect, Problem, ProblemKind};
use crate::model::request::{Focus, Reply, Request};

/// First wait before connecting again.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);

/// Longest wait before connecting again: an engine that comes back is seen within this time.
const BACKOFF_CEILING: Duration = Duration::from_secs(5);

/// An engine that has not answered the greeting by then is not one.
const WELCOME_WITHIN: Duration = Duration::from_secs(20);

type Frames<T> = FramedRead<T, LengthDelimitedCodec>;
type FrameSink<T> = FramedWrite<T, LengthDelimitedCodec>;

/// Who connects.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// What is said in the greeting.
    pub hello: Hello,
    /// This program's version.
    pub version: String,
}

/// Connects, greets and starts the driver.
///
/// # Errors
/// The engine is not reachable or speaks another protocol (`Conflict`, saying which side is older).
pub async fn connect(transport: impl Transport, options: LinkOptions) -> Result<LinkClient, Problem> {
    let session = open(&transport, &options).await?;
    let (client, peer) = LinkClient::pair();
    client.engine_is(session.engine.clone());
    let shared = client.identity();
    let driver = Driver { transport, options, peer, identity: shared, focus: None };
    tokio::spawn(driver.run(session));
    Ok(client)
}

/// A greeted connection.
struct Session {
    frames: Frames<Box<dyn AsyncRead + Send + Unpin>>,
    sink: FrameSink<Box<dyn AsyncWrite + Send + Unpin>>,
    companion: Companion,
    engine: EngineIdentity,
}

async fn open(transport: &impl Transport, options: &LinkOptions) -> Result<Session, Problem> {
    let Connection { reader, writer, mut companion } = transport.connect().await?;
    let mut frames = FramedRead::new(reader, wire::codec(wire::MAX_SERVER_FRAME));
    let mut sink = FramedWrite::new(writer, wire::codec(wire::MAX_CLIENT_FRAME));
    let greeting = wire::encode_greeting(PROTOCOL, &options.version, &options.hello)?;
    let answer = match exchange(&mut frames, &mut sink, greeting).await {
        Ok(answer) => answer,
        Err(error) => {
            companion.settle().await;
            return Err(lost(&companion, &error));
        }
    };
    let greeting: Greeting<Welcome> = wire::decode_greeting(&answer)?;
    let theirs = (greeting.protocol, greeting.version.as_str());
    let welcome = greeting.body.ok_or_else(|| wire::version_problem(theirs, (PROTOCOL, &options.version)))?;
    let engine = EngineIdentity { version: greeting.version, pid: welcome.pid };
    Ok(Session { frames, sink, companion, engine })
}

/// Says hello and waits for the answer.
async fn exchange<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    frames: &mut Frames<R>,
    sink: &mut FrameSink<W>,
    greeting: Bytes,
) -> std::io::Result<BytesMut> {
    sink.send(greeting).await?;
    let answer = tokio::time::timeout(WELCOME_WITHIN, frames.next()).await;
    let answer = answer.map_err(|_| std::io::Error::other("the greeting was not answered"))?;
    answer.unwrap_or_else(|| Err(std::io::Error::other("closed before the greeting was answered")))
}

/// Who waits for the answer of an `ask`.
type Asker = oneshot::Sender<Result<Reply, Problem>>;

/// Requests sent and not answered, by id.
type Unanswered = BTreeMap<u64, Option<Asker>>;

/// Requests sent and not answered; those of `ask` know who waits.
#[derive(Default)]
struct Waiting(Mutex<Unanswered>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Unanswered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an answer to whoever asked; returns the event where nobody waits.
    fn answer(&self, id: u64, result: Result<Reply, Problem>) -> Option<LinkEvent> {
        match self.lock().remove(&id) {
            Some(Some(asker)) => {
                // An asker that gave up is no problem.
                let _heard = asker.send(result);
                None
            }
            _ => Some(LinkEvent::Reply { id, result }),
        }
    }

    fn ids(&self) -> Vec<u64> {
        self.lock().keys().copied().collect()
    }
}

/// How a session ended.
enum End {
    /// The client was dropped: nothing left to do.
    Detached,
    /// The connection broke.
    Lost(Problem),
}

struct Driver<T> {
    transport: T,
    options: LinkOptions,
    peer: LinkPeer,
    identity: Arc<Mutex<Option<EngineIdentity>>>,
    focus: Option<Focus>,
}

impl<T: Transport> Driver<T> {
    async fn run(mut self, mut session: Session) {
        loop {
            let waiting = Waiting::default();
            let problem = match self.session(session, &waiting).await {
                End::Detached => return,
                End::Lost(problem) => problem,
            };
            if self.announce(&waiting, problem).await.is_none() {
                return;
            }
            session = match self.reconnect().await {
                Some(session) => session,
                None => return,
            };
            *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.engine.clone());
            if self.peer.events.send(LinkEvent::Reconnected).await.is_err() {
                return;
            }
        }
    }

    /// Passes both ways until the connection breaks or the client goes. Reading and writing do not wait for each other.
    async fn session(&mut self, session: Session, waiting: &Waiting) -> End {
        let Session { mut frames, mut sink, companion, .. } = session;
        let events = &self.peer.events;
        let commands = &mut self.peer.commands;
        let focus = &mut self.focus;
        tokio::select! {
            end = read(&mut frames, events, waiting, &companion) => end,
            end = write(&mut sink, commands, focus, waiting, &companion) => end,
        }
    }

    /// Says that the engine is away and answers what waited.
    async fn announce(&self, waiting: &Waiting, problem: Problem) -> Option<()> {
        self.peer.events.send(LinkEvent::Disconnected(problem)).await.ok()?;
        for id in waiting.ids() {
            if let Some(event) = waiting.answer(id, Err(gone())) {
                self.peer.events.send(event).await.ok()?;
            }
        }
        Some(())
    }

    /// Tries until the engine is back, answering what is asked meanwhile; nothing when the client went.
    async fn reconnect(&mut self) -> Option<Session> {
        let mut wait = BACKOFF_FIRST;
        let mut said = None;
        loop {
            let jittered = wait.mul_f64(rand::rng().random_range(0.75..1.25));
            self.away(tokio::time::sleep(jittered)).await?;
            let attempt = open(&self.transport, &self.options);
            tokio::pin!(attempt);
            let outcome = loop {
                tokio::select! {
                    outcome = &mut attempt => break outcome,
                    command = self.peer.commands.recv() => {
                        refuse(&self.peer.events, &mut self.focus, command?).await?;
                    }
                }
            };
            match outcome {
                Ok(session) => return Some(session),
                Err(problem) if said.as_ref() == Some(&problem) => {}
                Err(problem) => {
                    said = Some(problem.clone());
                    self.peer.events.send(LinkEvent::Disconnected(problem)).await.ok()?;
                }
            }
            wait = (wait * 2).min(BACKOFF_CEILING);
        }
    }

    /// Waits, answering what is asked meanwhile.
    async fn away(&mut self, wait: impl Future<Output = ()>) -> Option<()> {
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => return Some(()),
                command = self.peer.commands.recv() => {
                        refuse(&self.peer.events, &mut self.focus, command?).await?;
                    }
            }
        }
    }
}

/// Answers a command while the engine is away: nothing was sent.
async fn refuse(
    events: &mpsc::Sender<LinkEvent>,
    focus: &mut Option<Focus>,
    command: LinkCommand,
) -> Option<()> {
    let away = || Problem {
        kind: ProblemKind::Unavailable,
        effect: Effect::None,
        message: "the engine is not reachable now".to_owned(),
        advice: "wait until the connection is back".to_owned(),
        ..gone()
    };
    match command {
        LinkCommand::Focus(new) => *focus = Some(new),
        LinkCommand::Ask { reply, .. } => drop(reply.send(Err(away()))),
        LinkCommand::Send { id, .. } => {
            events.send(LinkEvent::Reply { id, result: Err(away()) }).await.ok()?;
        }
    }
    Some(())
}

async fn read<T: AsyncRead + Unpin>(
    frames: &mut Frames<T>,
    events: &mpsc::Sender<LinkEvent>,
    waiting: &Waiting,
    companion: &Companion,
) -> End {
    loop {
        let frame = match frames.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return End::Lost(lost(companion, &error)),
            None => {
                return End::Lost(lost(
                    companion,
                    &std::io::Error::other("the engine closed the connection"),
                ));
            }
        };
        let event = match wire::decode::<ServerMessage<'static>>(&frame) {
            Ok(ServerMessage::Snapshot) => Some(LinkEvent::Snapshot),
            Ok(ServerMessage::SnapshotEnd) => Some(LinkEvent::SnapshotEnd),
            Ok(ServerMessage::Changes { sequence, changes }) => {
                Some(LinkEvent::Changes { sequence, changes: changes.into_owned() })
            }
            Ok(ServerMessage::Reply { id, result }) => waiting.answer(id, result),
            Ok(ServerMessage::Console { id, item }) => Some(LinkEvent::Console { id, item }),
            Err(problem) => return End::Lost(problem),
        };
        if let Some(event) = event
            && events.send(event).await.is_err()
        {
            return End::Detached;
        }
    }
}

async fn write<T: AsyncWrite + Unpin>(
    sink: &mut FrameSink<T>,
    commands: &mut mpsc::Receiver<LinkCommand>,
    focus: &mut Option<Focus>,
    waiting: &Waiting,
    companion: &Companion,
) -> End {
    // After a reconnect the engine knows nothing of what is on screen.
    let mut message = focus.clone().map(ClientMessage::Focus);
    loop {
        if let Some(message) = message.take() {
            let frame = match wire::encode(&message) {
                Ok(frame) => frame,
                Err(problem) => return End::Lost(problem),
            };
            if let Err(error) = sink.send(frame).await {
                return End::Lost(lost(companion, &error));
            }
        }
        let Some(command) = commands.recv().await else { return End::Detached };
        message = Some(register(command, focus, waiting));
    }
}

/// Notes who waits for the answer, before the question leaves.
fn register(command: LinkCommand, focus: &mut Option<Focus>, waiting: &Waiting) -> ClientMessage {
    let note = |id: u64, request: Request, asker| {
        waiting.lock().insert(id, asker);
        ClientMessage::Request { id, request }
    };
    match command {
        LinkCommand::Focus(new) => {
            *focus = Some(new.clone());
            ClientMessage::Focus(new)
        }
        LinkCommand::Send { id, request } => note(id, request, None),
        LinkCommand::Ask { id, request, reply } => note(id, request, Some(reply)),
    }
}
