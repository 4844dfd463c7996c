//! What to do on one open socket: pure, `(state, event) -> effects`; the task beside it does the waiting.
//!
//! The rules of the official clients (`providers/exaroton.md` §5): nothing is said before `ready`; streams are not
//! remembered by the provider, so they are started anew on each socket, again and again while the state allows them; states
//! are not replayed, so the server is read once after each connection.

use std::collections::BTreeMap;

use serde_json::Value;

use super::item::{LiveItem, LiveUsage};
use super::protocol::{Heard, Say, Stream};
use crate::model::credits::{CreditServer, CreditServerStatus};
use crate::model::ids::AccountId;
use crate::model::problem::{Effect as Possible, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;
use crate::providers::exaroton::map;

/// How long the provider may take to say `ready`.
const READY_TIMEOUT_MS: u64 = 15_000;
/// Without any frame for this long the socket is dead: keep-alives come more often.
const SILENCE_MS: u64 = 90_000;
/// A stream that was asked for and did not start is asked for again after this.
const ASK_AGAIN_MS: u64 = 15_000;
/// How long the game may take to answer a request of the management protocol.
const ANSWER_TIMEOUT_MS: u64 = 15_000;
/// Requests that wait for an answer at most; one more is refused.
const WAITING_MAX: usize = 32;
/// After the link to the game was lost, streams are asked for again after this.
const AFTER_DISCONNECT_MS: u64 = 3_000;

/// Which streams are wanted beside the state, which always comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a set of five")]
pub struct Streams {
    /// Console lines and commands.
    pub console: bool,
    /// Old lines shown first, at most 500.
    pub tail: u32,
    /// Tick times.
    pub tick: bool,
    /// Memory and processor.
    pub stats: bool,
    /// The game's own memory.
    pub heap: bool,
    /// The game's management protocol.
    pub management: bool,
}

/// The largest tail that third-party clients ask for.
const MAX_TAIL: u32 = 500;

impl Streams {
    /// The state alone.
    pub const STATUS: Self =
        Self { console: false, tail: 0, tick: false, stats: false, heap: false, management: false };
    /// What an attached console shows.
    pub const CONSOLE: Self =
        Self { console: true, tail: 200, tick: true, stats: true, heap: true, management: false };
    /// The management protocol alone.
    pub const MANAGEMENT: Self = Self { management: true, ..Self::STATUS };

    fn wants(self, stream: Stream) -> bool {
        match stream {
            Stream::Console => self.console,
            Stream::Tick => self.tick,
            Stream::Stats => self.stats,
            Stream::Heap => self.heap,
            Stream::Management => self.management,
        }
    }
}

/// What happens to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The provider said something.
    Heard(Heard),
    /// Any other frame came: the socket lives.
    Alive,
    /// The server was read.
    Read(Box<CreditServer>),
    /// The server could not be read; it may be later.
    Unread,
    /// The provider refuses to tell about the server: it is gone, or not ours.
    ReadRefused(String),
    /// Somebody typed a command.
    Typed(String),
    /// Somebody asks the game over its management protocol.
    Asked {
        /// The request's id: no other request has it.
        id: String,
        /// `minecraft:players`.
        method: String,
        /// What the method takes.
        params: Value,
    },
    /// Time passed.
    Tick,
    /// The provider closed the socket.
    Closed(Option<u16>),
    /// The socket broke.
    Broke(String),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a frame.
    Say(Say),
    /// Read the server over HTTP, beside everything else.
    Read,
    /// Tell the reader.
    Emit(LiveItem),
    /// Tell who asked the game.
    Answer {
        /// The request's id.
        id: String,
        /// What it said, or why it said nothing.
        answer: Result<Value, Problem>,
    },
    /// Leave the socket.
    End(Ending),
}

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// For good, and why.
    Over(String),
    /// By accident: connect again, and why.
    Lost(String),
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Not asked for, or not any more; may be asked for at this time.
    Off { not_before_ms: u64 },
    /// Asked for at this time.
    Asked { at_ms: u64 },
    /// Running.
    On,
}

/// One open socket.
#[derive(Debug, Clone)]
pub struct Session {
    account: AccountId,
    id: String,
    tail: u32,
    is_ready: bool,
    /// Whether a status frame came, which is newer than any reading asked for before it.
    has_heard_status: bool,
    is_reading: bool,
    read_due_ms: Option<u64>,
    status: Option<CreditServerStatus>,
    streams: BTreeMap<Stream, Progress>,
    /// Requests without an answer yet, and until when it may come.
    waiting: BTreeMap<String, u64>,
    ready_due_ms: u64,
    heard_at_ms: u64,
}

impl Session {
    /// A session whose socket was opened at `now_ms`, for a server of an account.
    #[must_use]
    pub fn new(account: AccountId, id: &str, streams: Streams, now_ms: u64) -> Self {
        Self {
            account,
            id: id.to_owned(),
            tail: streams.tail.min(MAX_TAIL),
            is_ready: false,
            has_heard_status: false,
            is_reading: false,
            read_due_ms: None,
            status: None,
            streams: Stream::ALL
                .into_iter()
                .filter(|stream| streams.wants(*stream))
                .map(|stream| (stream, Progress::Off { not_before_ms: 0 }))
                .collect(),
            waiting: BTreeMap::new(),
            ready_due_ms: now_ms + READY_TIMEOUT_MS,
            heard_at_ms: now_ms,
        }
    }

    /// Whether a command typed now reaches the server.
    #[must_use]
    pub fn takes_commands(&self) -> bool {
        self.streams.get(&Stream::Console) == Some(&Progress::On)
    }

    /// Sends a request to the game, where its protocol is spoken now.
    fn ask_game(&mut self, id: String, method: String, params: Value, now_ms: u64) -> Vec<Effect> {
        let is_on = self.streams.get(&Stream::Management) == Some(&Progress::On);
        if !is_on || self.waiting.len() >= WAITING_MAX {
            let answer = Err(unanswered("the game's management protocol is not connected", Possible::None));
            return vec![Effect::Answer { id, answer }];
        }
        self.waiting.insert(id.clone(), now_ms + ANSWER_TIMEOUT_MS);
        vec![Effect::Say(Say::Ask { id, method, params })]
    }

    /// Gives up on answers that are overdue.
    fn give_up(&mut self, now_ms: u64) -> Vec<Effect> {
        let overdue: Vec<String> =
            self.waiting.iter().filter(|(_, due_ms)| **due_ms <= now_ms).map(|(id, _)| id.clone()).collect();
        overdue
            .into_iter()
            .map(|id| {
                self.waiting.remove(&id);
                Effect::Answer {
                    id,
                    answer: Err(unanswered("the game did not answer in time", Possible::Possible)),
                }
            })
            .collect()
    }

    /// When a `Tick` is due.
    #[must_use]
    pub fn next_tick_ms(&self) -> u64 {
        let silence = self.heard_at_ms + SILENCE_MS;
        if !self.is_ready {
            return self.ready_due_ms.min(silence);
        }
        let streams =
            self.streams.iter().filter(|(stream, _)| self.is_allowed(**stream)).filter_map(|(_, p)| due(*p));
        let answers = self.waiting.values().copied();
        streams.chain(self.read_due_ms).chain(answers).fold(silence, u64::min)
    }

    /// Takes one event.
    pub fn on(&mut self, event: Event, now_ms: u64, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Alive => {
                self.heard_at_ms = now_ms;
                Vec::new()
            }
            Event::Heard(heard) => {
                self.heard_at_ms = now_ms;
                self.hear(heard, now_ms, now)
            }
            Event::Read(server) => {
                self.is_reading = false;
                // A frame that came meanwhile is newer.
                if self.has_heard_status { Vec::new() } else { self.is_now(server, now_ms) }
            }
            Event::Unread => {
                self.is_reading = false;
                if !self.has_heard_status {
                    self.read_due_ms = Some(now_ms + ASK_AGAIN_MS);
                }
                Vec::new()
            }
            Event::ReadRefused(why) => vec![Effect::End(Ending::Over(why))],
            Event::Typed(line) if self.takes_commands() => vec![Effect::Say(Say::Command(line))],
            Event::Typed(_) => Vec::new(),
            Event::Asked { id, method, params } => self.ask_game(id, method, params, now_ms),
            Event::Tick => self.tick(now_ms),
            Event::Closed(code) => vec![lost(match code {
                Some(code) => format!("exaroton closed the connection ({code})"),
                None => "exaroton closed the connection".to_owned(),
            })],
            Event::Broke(why) => vec![lost(why)],
        }
    }

    fn hear(&mut self, heard: Heard, now_ms: u64, now: Timestamp) -> Vec<Effect> {
        match heard {
            Heard::Ready => self.ready(),
            Heard::Status(server) if server.id == self.id => {
                self.has_heard_status = true;
                self.read_due_ms = None;
                let server = map::server(*server, &self.account, now);
                self.is_now(Box::new(server), now_ms)
            }
            Heard::Started(stream) => self.started(stream),
            Heard::Stopped(stream) => {
                self.set(stream, Progress::Off { not_before_ms: now_ms + ASK_AGAIN_MS });
                Vec::new()
            }
            Heard::GameConnected => {
                let mut effects = vec![Effect::Emit(LiveItem::GameConnected)];
                self.forget_pauses();
                effects.extend(self.ask_for_streams(now_ms));
                effects
            }
            Heard::GameDisconnected(reason) => {
                for progress in self.streams.values_mut() {
                    *progress = Progress::Off { not_before_ms: now_ms + AFTER_DISCONNECT_MS };
                }
                vec![Effect::Emit(LiveItem::GameDisconnected(reason))]
            }
            Heard::Lines(lines) => lines.into_iter().map(|line| Effect::Emit(LiveItem::Line(line))).collect(),
            Heard::Tick(average_ms) => vec![Effect::Emit(LiveItem::Tick { average_ms, observed_at: now })],
            Heard::Heap(bytes) => vec![Effect::Emit(LiveItem::Heap { bytes, observed_at: now })],
            Heard::Stats(stats) => {
                vec![Effect::Emit(LiveItem::Usage(LiveUsage {
                    memory_percent: stats.memory_percent,
                    memory_bytes: stats.memory_bytes,
                    cpu_percent: stats.cpu_percent,
                    observed_at: now,
                }))]
            }
            // An answer that nobody waits for any more is none.
            Heard::Answered { id, data } => match self.waiting.remove(&id) {
                Some(_) => vec![Effect::Answer { id, answer: Ok(data) }],
                None => Vec::new(),
            },
            Heard::Notified { name, data } => vec![Effect::Emit(LiveItem::Notified { name, data })],
            Heard::Status(_) | Heard::Other | Heard::Unreadable => Vec::new(),
        }
    }

    fn ready(&mut self) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_ready, true) {
            return Vec::new();
        }
        self.is_reading = true;
        vec![Effect::Emit(LiveItem::Connected), Effect::Read]
    }

    /// Frames repeat for every player who comes or goes: only a change of state moves streams.
    fn is_now(&mut self, server: Box<CreditServer>, now_ms: u64) -> Vec<Effect> {
        let has_changed = self.status.replace(server.status) != Some(server.status);
        let mut effects = vec![Effect::Emit(LiveItem::Server(server))];
        if has_changed {
            self.forget_forbidden();
            effects.extend(self.ask_for_streams(now_ms));
        }
        effects
    }

    /// A stream ends with the state that allowed it; nobody says so.
    fn forget_forbidden(&mut self) {
        let Some(status) = self.status else { return };
        for (stream, progress) in &mut self.streams {
            if !stream.is_allowed_in(status) {
                *progress = Progress::Off { not_before_ms: 0 };
            }
        }
    }

    fn forget_pauses(&mut self) {
        for progress in self.streams.values_mut() {
            if matches!(progress, Progress::Off { .. }) {
                *progress = Progress::Off { not_before_ms: 0 };
            }
        }
    }

    fn started(&mut self, stream: Stream) -> Vec<Effect> {
        self.set(stream, Progress::On);
        if stream == Stream::Console { vec![Effect::Emit(LiveItem::ConsoleOpen)] } else { Vec::new() }
    }

    fn set(&mut self, stream: Stream, to: Progress) {
        if let Some(progress) = self.streams.get_mut(&stream) {
            *progress = to;
        }
    }

    fn is_allowed(&self, stream: Stream) -> bool {
        self.status.is_some_and(|status| stream.is_allowed_in(status))
    }

    /// Asks for every wanted stream that the state allows, does not run, and was not asked for just now.
    fn ask_for_streams(&mut self, now_ms: u64) -> Vec<Effect> {
        if !self.is_ready {
            return Vec::new();
        }
        let (tail, status) = (self.tail, self.status);
        let mut effects = Vec::new();
        for (stream, progress) in &mut self.streams {
            let is_due = due(*progress).is_some_and(|due_ms| due_ms <= now_ms);
            if is_due && status.is_some_and(|status| stream.is_allowed_in(status)) {
                *progress = Progress::Asked { at_ms: now_ms };
                effects.push(Effect::Say(Say::Start { stream: *stream, tail }));
            }
        }
        effects
    }

    fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        if !self.is_ready && now_ms >= self.ready_due_ms {
            return vec![lost("exaroton did not say that it is ready".to_owned())];
        }
        if now_ms >= self.heard_at_ms + SILENCE_MS {
            return vec![lost("exaroton gave no sign of life".to_owned())];
        }
        let mut effects = self.give_up(now_ms);
        effects.extend(self.ask_for_streams(now_ms));
        if self.read_due_ms.is_some_and(|due_ms| now_ms >= due_ms) {
            self.read_due_ms = None;
            if !std::mem::replace(&mut self.is_reading, true) {
                effects.push(Effect::Read);
            }
        }
        effects
    }
}

/// Why a request of the management protocol has no answer, and whether it may have had its effect.
pub(super) fn unanswered(message: &str, effect: Possible) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Network,
        retry: Retry::Backoff,
        effect,
        message: message.to_owned(),
        advice: "it is spoken by Minecraft 1.21.9 and later, while the server is online".to_owned(),
    }
}

/// When a stream is to be asked for; nothing while it runs.
fn due(progress: Progress) -> Option<u64> {
    match progress {
        Progress::Off { not_before_ms } => Some(not_before_ms),
        Progress::Asked { at_ms } => Some(at_ms + ASK_AGAIN_MS),
        Progress::On => None,
    }
}

fn lost(reason: String) -> Effect {
    Effect::End(Ending::Lost(reason))
}
