//! What travels: greetings, messages, frames and their limits.
//!
//! ```text
//! frame    = length (u32, big endian) payload
//! first    = "QDCK" protocol (u16, big endian) version-length (u8) version postcard(Hello | Welcome)
//! others   = postcard(ClientMessage | ServerMessage)
//! ```
//!
//! The first frame of each side can be read by every past and future version: the protocol's number and the program's
//! version come before anything that may change.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::codec::LengthDelimitedCodec;

use crate::model::fleet::Change;
use crate::model::ids::OperatorName;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{ConsoleItem, Focus, Reply, Request};
use crate::model::time::Timestamp;

/// The number of this protocol; it rises with every change of a message that the golden bytes show.
pub const PROTOCOL: u16 = 3;

/// Largest frame an engine reads. Requests are small; the largest is a focus of some thousand keys.
pub const MAX_CLIENT_FRAME: usize = 1024 * 1024;

/// Largest frame a client reads.
pub const MAX_SERVER_FRAME: usize = 4 * 1024 * 1024;

/// Changes are split into frames of at most this many bytes, so that a reply never waits behind megabytes of snapshot.
pub const CHANGES_FRAME: usize = 256 * 1024;

const MAGIC: &[u8; 4] = b"QDCK";

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Who sits there: `user@host`.
    pub operator: OperatorName,
    /// `console` or `cli`, for the audit log.
    pub origin: String,
    /// Whether this client may only look.
    pub is_read_only: bool,
    /// Whether it wants the fleet: a snapshot and deltas.
    pub wants_fleet: bool,
}

/// What an engine answers first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Its process.
    pub pid: u32,
}

/// Either side's first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting<T> {
    /// The protocol it speaks.
    pub protocol: u16,
    /// Its program's version.
    pub version: String,
    /// The rest; nothing when it speaks another protocol.
    pub body: Option<T>,
}

/// What a client says after its greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// A request.
    Request {
        /// Its id, chosen by the client.
        id: u64,
        /// The request.
        request: Request,
    },
    /// What is on screen now.
    Focus(Focus),
}

/// What an engine says after its greeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ServerMessage<'a> {
    /// A snapshot begins.
    Snapshot,
    /// Changes, in order.
    Changes {
        /// The fleet's number after them.
        sequence: u64,
        /// The changes.
        changes: Cow<'a, [Change]>,
    },
    /// The snapshot is complete.
    SnapshotEnd,
    /// The answer to a request.
    Reply {
        /// The request's id.
        id: u64,
        /// The answer.
        result: Result<Reply, Problem>,
    },
    /// An item of a console stream.
    Console {
        /// The id of the `ConsoleOpen` request.
        id: u64,
        /// The item.
        item: ConsoleItem,
    },
}

/// A codec for frames of at most `max` bytes; a longer length is refused before anything is allocated for it.
#[must_use]
pub fn codec(max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_type::<u32>().max_frame_length(max).new_codec()
}

/// Encodes a first frame.
///
/// # Errors
/// `Malformed`: the body cannot be encoded, which only a bug can bring about.
pub fn encode_greeting(protocol: u16, version: &str, body: &impl Serialize) -> Result<Bytes, Problem> {
    let version = version.as_bytes();
    let length = u8::try_from(version.len()).unwrap_or(u8::MAX);
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&protocol.to_be_bytes());
    bytes.push(length);
    bytes.extend_from_slice(version.get(..usize::from(length)).unwrap_or(version));
    postcard::to_extend(body, bytes)
        .map(Bytes::from)
        .map_err(|error| malformed(&format!("encoding: {error}")))
}

/// Reads a first frame; of another protocol only its number and version.
///
/// # Errors
/// `Malformed`: this is not a Quarterdeck at the other end.
pub fn decode_greeting<T: DeserializeOwned>(frame: &[u8]) -> Result<Greeting<T>, Problem> {
    let not_ours = || malformed("the other end is not a Quarterdeck");
    let rest = frame.strip_prefix(MAGIC.as_slice()).ok_or_else(not_ours)?;
    let (protocol, rest) = rest.split_first_chunk::<2>().ok_or_else(not_ours)?;
    let (length, rest) = rest.split_first().ok_or_else(not_ours)?;
    let (version, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(not_ours)?;
    let protocol = u16::from_be_bytes(*protocol);
    let version = crate::model::sanitise::sanitise(&String::from_utf8_lossy(version));
    let body = if protocol == PROTOCOL { Some(decode(rest)?) } else { None };
    Ok(Greeting { protocol, version, body })
}

/// Encodes one message.
///
/// # Errors
/// `Malformed`: it cannot be encoded, which only a bug can bring about.
pub fn encode(message: &impl Serialize) -> Result<Bytes, Problem> {
    postcard::to_stdvec(message).map(Bytes::from).map_err(|error| malformed(&format!("encoding: {error}")))
}

/// Reads one message; bytes left over are an error too.
///
/// # Errors
/// `Malformed`: the bytes are not this message.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, Problem> {
    match postcard::take_from_bytes(frame) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(malformed(&format!("{} bytes too many", rest.len()))),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

/// Encodes changes into as many frames as their size needs.
///
/// # Errors
/// `Malformed`: they cannot be encoded, which only a bug can bring about.
pub fn encode_changes(sequence: u64, changes: &[Change], frames: &mut Vec<Bytes>) -> Result<(), Problem> {
    let frame = encode(&ServerMessage::Changes { sequence, changes: Cow::Borrowed(changes) })?;
    if frame.len() <= CHANGES_FRAME || (changes.len() < 2 && frame.len() <= MAX_SERVER_FRAME) {
        frames.push(frame);
        return Ok(());
    }
    if changes.len() < 2 {
        return encode_changes(sequence, &[too_large_to_send(frame.len())], frames);
    }
    let (first, second) = changes.split_at(changes.len() / 2);
    encode_changes(sequence, first, frames)?;
    encode_changes(sequence, second, frames)
}

/// Says that something was left out: never in silence.
fn too_large_to_send(bytes: usize) -> Change {
    Change::Notice {
        at: Timestamp::default(),
        text: format!("one row of {bytes} bytes is too large to be shown"),
    }
}

/// Encodes a reply; one over the limit becomes a problem that says so.
///
/// # Errors
/// `Malformed`: it cannot be encoded, which only a bug can bring about.
pub fn encode_reply(id: u64, result: Result<Reply, Problem>) -> Result<Bytes, Problem> {
    let frame = encode(&ServerMessage::Reply { id, result })?;
    if frame.len() <= MAX_SERVER_FRAME {
        return Ok(frame);
    }
    let problem = Problem { kind: ProblemKind::TooLarge, ..malformed("the answer is too large to be sent") };
    encode(&ServerMessage::Reply { id, result: Err(problem) })
}

/// The other side speaks another protocol: which side is older, and what to do.
#[must_use]
pub fn version_problem(engine: (u16, &str), client: (u16, &str)) -> Problem {
    let (engine_protocol, engine_version) = engine;
    let (client_protocol, client_version) = client;
    let (who, advice) = if engine_protocol < client_protocol {
        (
            "the engine is older than this program",
            "run `quarterdeck engine stop`, then start again: runs go on",
        )
    } else {
        ("this program is older than the engine", "use the newer program that started the engine")
    };
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!(
            "{who} (engine {engine_version}, protocol {engine_protocol}; this {client_version}, protocol {client_protocol})"
        ),
        advice: advice.to_owned(),
    }
}

/// Bytes that are not what the protocol says.
pub(super) fn malformed(message: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::Possible,
        message: format!("link: {message}"),
        advice: String::new(),
    }
}
