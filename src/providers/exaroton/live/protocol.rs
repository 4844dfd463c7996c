//! The websocket's frames: JSON text both ways (`providers/exaroton.md` §5.1).

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::model::credits::CreditServerStatus;
use crate::model::sanitise::sanitise;
use crate::providers::console_text::lines;
use crate::providers::exaroton::wire;

/// Ticks per second of a healthy server.
const FULL_TICKS: f64 = 20.0;

/// A stream that must be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Lines of the console, and commands.
    Console,
    /// How long the game needs for a tick.
    Tick,
    /// Memory and processor of the machine.
    Stats,
    /// Memory that the game really uses.
    Heap,
    /// The game's own management protocol: requests, responses, notifications. Minecraft 1.21.9 and later.
    Management,
}

impl Stream {
    /// All streams.
    pub const ALL: [Self; 5] = [Self::Console, Self::Tick, Self::Stats, Self::Heap, Self::Management];

    /// The wire word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Tick => "tick",
            Self::Stats => "stats",
            Self::Heap => "heap",
            Self::Management => "management",
        }
    }

    /// Whether it may be started in this state (§5.1).
    #[must_use]
    pub fn is_allowed_in(self, status: CreditServerStatus) -> bool {
        use CreditServerStatus as S;
        match self {
            Self::Console => matches!(status, S::Online | S::Starting | S::Stopping | S::Restarting),
            Self::Tick | Self::Stats | Self::Heap | Self::Management => status == S::Online,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.word() == word)
    }
}

/// One frame of the provider, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// From now on something may be said.
    Ready,
    /// The link to the running game is up.
    GameConnected,
    /// The link to the running game is down, and the provider's word for why.
    GameDisconnected(String),
    /// The server, whole.
    Status(Box<wire::Server>),
    /// A stream began.
    Started(Stream),
    /// A stream ended.
    Stopped(Stream),
    /// Console lines, sanitised.
    Lines(Vec<String>),
    /// Milliseconds that a tick takes on average.
    Tick(f64),
    /// Memory and processor.
    Stats(Stats),
    /// Bytes that the game uses.
    Heap(u64),
    /// The answer to a request of the management protocol.
    Answered {
        /// The request's id.
        id: String,
        /// As the game says it: texts in it are not sanitised.
        data: Value,
    },
    /// The game notifies.
    Notified {
        /// `minecraft:notification/players/joined`, sanitised.
        name: String,
        /// As the game says it: texts in it are not sanitised.
        data: Value,
    },
    /// Filler, or a frame that is of no interest.
    Other,
    /// Not a frame.
    Unreadable,
}

/// What the machine uses for a server.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stats {
    /// Percent of its memory.
    pub memory_percent: f64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Percent of its processor share, where told.
    pub cpu_percent: Option<f64>,
}

/// Ticks per second for an average tick of so many milliseconds.
#[must_use]
pub fn ticks_per_second(average_ms: f64) -> f64 {
    if average_ms > 0.0 { (1_000.0 / average_ms).min(FULL_TICKS) } else { FULL_TICKS }
}

/// What is said to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// Begin a stream; the console with so many old lines.
    Start {
        /// Which.
        stream: Stream,
        /// Old lines first, for the console.
        tail: u32,
    },
    /// A line for the server.
    Command(String),
    /// A request of the management protocol.
    Ask {
        /// Its id: no other request has it.
        id: String,
        /// `minecraft:players`.
        method: String,
        /// What the method takes.
        params: Value,
    },
}

impl Say {
    /// The frame.
    #[must_use]
    pub fn frame(&self) -> String {
        match self {
            Self::Start { stream: Stream::Console, tail } => {
                json!({ "stream": "console", "type": "start", "data": { "tail": tail } })
            }
            Self::Start { stream, .. } => json!({ "stream": stream.word(), "type": "start" }),
            Self::Command(line) => json!({ "stream": "console", "type": "command", "data": line }),
            Self::Ask { id, method, params } => {
                let data = json!({ "id": id, "method": method, "params": params });
                json!({ "stream": "management", "type": "request", "data": data })
            }
        }
        .to_string()
    }
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(default)]
    stream: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TickData {
    average_tick_time: f64,
}

#[derive(Deserialize)]
struct StatsData {
    memory: MemoryData,
    #[serde(default)]
    cpu: Option<ProcessorData>,
}

#[derive(Deserialize)]
struct MemoryData {
    #[serde(default)]
    percent: f64,
    #[serde(default)]
    usage: f64,
}

#[derive(Deserialize)]
struct ProcessorData {
    #[serde(default)]
    percent: f64,
}

#[derive(Deserialize)]
struct AnswerData {
    id: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct NotificationData {
    name: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct HeapData {
    usage: f64,
}

/// Reads one text frame; never fails, what cannot be read is [`Heard::Unreadable`].
#[must_use]
pub fn hear(text: &str) -> Heard {
    let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else { return Heard::Unreadable };
    let kind = frame.kind.as_deref().unwrap_or_default();
    let data = frame.data.map_or("null", RawValue::get);
    let Some(stream) = frame.stream.as_deref() else { return of_connection(kind, data) };
    match (stream, kind) {
        ("status", "status") => {
            read(data).map_or(Heard::Unreadable, |server| Heard::Status(Box::new(server)))
        }
        ("console", "line") => {
            read::<String>(data).map_or(Heard::Unreadable, |line| Heard::Lines(lines(&line)))
        }
        ("tick", "tick") => {
            read(data).map_or(Heard::Unreadable, |tick: TickData| Heard::Tick(tick.average_tick_time))
        }
        ("stats", "stats") => read(data).map_or(Heard::Unreadable, |stats| Heard::Stats(stats_of(&stats))),
        ("heap", "heap") => {
            read(data).map_or(Heard::Unreadable, |heap: HeapData| Heard::Heap(bytes(heap.usage)))
        }
        ("management", "response") => {
            read(data).map_or(Heard::Unreadable, |AnswerData { id, data }| Heard::Answered { id, data })
        }
        ("management", "notification") => {
            read(data).map_or(Heard::Unreadable, |NotificationData { name, data }| Heard::Notified {
                name: sanitise(&name),
                data,
            })
        }
        (stream, "started") => Stream::from_word(stream).map_or(Heard::Other, Heard::Started),
        (stream, "stopped") => Stream::from_word(stream).map_or(Heard::Other, Heard::Stopped),
        _ => Heard::Other,
    }
}

fn of_connection(kind: &str, data: &str) -> Heard {
    match kind {
        "ready" => Heard::Ready,
        "connected" => Heard::GameConnected,
        "disconnected" => Heard::GameDisconnected(sanitise(&read::<String>(data).unwrap_or_default())),
        _ => Heard::Other,
    }
}

fn read<'de, T: Deserialize<'de>>(data: &'de str) -> Option<T> {
    serde_json::from_str(data).ok()
}

fn stats_of(data: &StatsData) -> Stats {
    Stats {
        memory_percent: data.memory.percent,
        memory_bytes: bytes(data.memory.usage),
        cpu_percent: data.cpu.as_ref().map(|cpu| cpu.percent),
    }
}

/// Some servers write bytes with a fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u64 first"
)]
fn bytes(number: f64) -> u64 {
    number.clamp(0.0, 9.0e18) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_of_the_sheet_are_understood() {
        assert_eq!(hear(r#"{"type":"ready","data":"Ab12Cd34Ef56Gh78"}"#), Heard::Ready);
        assert_eq!(hear(r#"{"type":"connected"}"#), Heard::GameConnected);
        assert_eq!(
            hear(r#"{"type":"disconnected","data":"invalid-status"}"#),
            Heard::GameDisconnected("invalid-status".to_owned())
        );
        assert_eq!(hear(r#"{"type":"keep-alive"}"#), Heard::Other);
        assert_eq!(hear(r#"{"stream":"tick","type":"started"}"#), Heard::Started(Stream::Tick));
        assert_eq!(
            hear(r#"{"stream":"tick","type":"tick","data":{"averageTickTime":8.5}}"#),
            Heard::Tick(8.5)
        );
        assert_eq!(hear(r#"{"stream":"heap","type":"heap","data":{"usage":1024}}"#), Heard::Heap(1_024));
        let stats = r#"{"stream":"stats","type":"stats","data":{"memory":{"percent":12.5,"usage":2048}}}"#;
        let expected = Stats { memory_percent: 12.5, memory_bytes: 2_048, cpu_percent: None };
        assert_eq!(hear(stats), Heard::Stats(expected));
        let line = r#"{"stream":"console","type":"line","data":"\u001b[32mhi\r"}"#;
        assert_eq!(hear(line), Heard::Lines(vec!["hi".to_owned()]));
        let started = hear(r#"{"stream":"management","type":"started"}"#);
        assert_eq!(started, Heard::Started(Stream::Management));
        assert_eq!(
            hear(r#"{"stream":"management","type":"response","data":{"id":"a","data":[1]}}"#),
            Heard::Answered { id: "a".to_owned(), data: json!([1]) }
        );
        assert_eq!(
            hear(r#"{"stream":"management","type":"notification","data":{"name":"n"}}"#),
            Heard::Notified { name: "n".to_owned(), data: Value::Null }
        );
        assert_eq!(hear(r#"{"stream":"management","type":"response","data":7}"#), Heard::Unreadable);
        assert_eq!(hear(r#"{"stream":"news","type":"started"}"#), Heard::Other);
        assert_eq!(hear("nonsense"), Heard::Unreadable);
    }

    #[test]
    fn what_is_said_is_what_the_sheet_says() {
        let start = Say::Start { stream: Stream::Console, tail: 0 }.frame();
        assert_eq!(start, r#"{"data":{"tail":0},"stream":"console","type":"start"}"#);
        assert_eq!(
            Say::Start { stream: Stream::Tick, tail: 9 }.frame(),
            r#"{"stream":"tick","type":"start"}"#
        );
        let asked = Say::Ask { id: "a".to_owned(), method: "m".to_owned(), params: json!([]) }.frame();
        assert_eq!(
            asked,
            r#"{"data":{"id":"a","method":"m","params":[]},"stream":"management","type":"request"}"#
        );
        assert!((ticks_per_second(8.5) - 20.0).abs() < 1e-9 && (ticks_per_second(100.0) - 10.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_text_is_heard_without_panic_and_safe_to_draw(text in any::<String>()) {
            let _ = hear(&text);
            for (stream, kind) in [("management", "response"), ("management", "notification"), ("console", "line"), ("status", "status"), ("tick", "tick"), ("heap", "heap")] {
                let heard = hear(&json!({"stream": stream, "type": kind, "data": text}).to_string());
                if let Heard::Lines(lines) = heard {
                    prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
                }
            }
        }
    }
}
