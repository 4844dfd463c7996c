//! Records and their one-line form in the log.
//!
//! Must not: touch files.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::problem::Problem;
use crate::model::time::Timestamp;

/// The version that new records carry: of the line's fields and of the bodies together.
pub const RECORD_VERSION: u16 = 1;

/// The largest line accepted, bytes. A plan with all its steps takes some KiB; more is a mistake of the caller.
pub const RECORD_MAX_BYTES: usize = 1 << 20;

/// The end of a line before its newline: `,"crc":"0123abcd"}`.
const CHECKSUM_OPENING: &[u8] = b",\"crc\":\"";
const CHECKSUM_CLOSING: &[u8] = b"\"}";
const CHECKSUM_DIGITS: usize = 8;
const CHECKSUM_BYTES: usize = CHECKSUM_OPENING.len() + CHECKSUM_DIGITS + CHECKSUM_CLOSING.len();
const SEQUENCE_OPENING: &[u8] = b"{\"sequence\":";

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Plans, intents and outcomes of runs; the key is the run's id.
    Journal,
    /// Who did what, when, from where, with which outcome.
    Audit,
    /// Money: what was observed to be spent or earned.
    Ledger,
    /// A credits reading, kept for ever.
    Snapshot,
    /// What was settled with a customer.
    Settlement,
    /// The state of an alert.
    Alert,
    /// An operator's note.
    Note,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Journal, Self::Audit, Self::Ledger, Self::Snapshot, Self::Settlement, Self::Alert, Self::Note];

    /// The kind's word in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Audit => "audit",
            Self::Ledger => "ledger",
            Self::Snapshot => "snapshot",
            Self::Settlement => "settlement",
            Self::Alert => "alert",
            Self::Note => "note",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One entry of the record log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the log: 1, 2, 3 … without gaps while nothing is damaged.
    pub sequence: u64,
    /// What it is about.
    pub kind: RecordKind,
    /// [`RECORD_VERSION`] of the program that wrote it.
    pub version: u16,
    /// When it was written.
    pub at: Timestamp,
    /// Which thing of its kind, e.g. a run's id; "" when there is none.
    pub key: String,
    /// The rest, as the caller gave it.
    pub body: Value,
}

/// A record as it stands in the log: its body is read by whoever needs it, and as much of it.
#[derive(Debug, Deserialize)]
pub struct RecordText<'a> {
    /// As [`Record::sequence`].
    pub sequence: u64,
    /// As [`Record::at`].
    pub at: Timestamp,
    /// As [`Record::key`].
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl<'a> RecordText<'a> {
    /// The body's JSON.
    #[must_use]
    pub fn body_text(&self) -> &'a str {
        self.body.get()
    }

    /// The body as the caller's own type.
    ///
    /// # Errors
    /// It is of another shape.
    pub fn body<T: Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.body.get())
    }
}

/// What the index needs of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Nothing when a newer program wrote a kind that this one does not know.
    pub kind: Option<RecordKind>,
    pub key: String,
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct HeadLine<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    at: Timestamp,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(rename = "body")]
    _body: IgnoredAny,
}

/// The sequence number and checksum of a line that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked {
    pub sequence: u64,
    pub checksum: u32,
}

/// Writes a record's line, newline included.
pub(super) fn encode_line(sequence: u64, kind: RecordKind, at: Timestamp, key: &str, body: &str) -> Vec<u8> {
    let key = Value::from(key);
    let kind = kind.name();
    let mut line = format!(
        r#"{{"sequence":{sequence},"kind":"{kind}","version":{RECORD_VERSION},"at":"{at}","key":{key},"body":{body}"#
    )
    .into_bytes();
    let checksum = checksum_of(&line);
    line.extend_from_slice(CHECKSUM_OPENING);
    line.extend_from_slice(format!("{checksum:08x}").as_bytes());
    line.extend_from_slice(CHECKSUM_CLOSING);
    line.push(b'\n');
    line
}

/// The checksum of a line: crc32 of its text as it would read without the checksum field.
fn checksum_of(without_closing_brace: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(without_closing_brace);
    hasher.update(b"}");
    hasher.finalize()
}

/// Checks a line (without its newline) against its own checksum and reads its sequence number.
///
/// # Errors
/// What is wrong with it, in words that hold nothing of its content.
pub(super) fn check_line(line: &[u8]) -> Result<Checked, &'static str> {
    let end = line.len().checked_sub(CHECKSUM_BYTES).ok_or("the line is too short to be a record")?;
    let (text, tail) = line.split_at(end);
    let digits = tail
        .strip_prefix(CHECKSUM_OPENING)
        .and_then(|rest| rest.strip_suffix(CHECKSUM_CLOSING))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .ok_or("the line does not end in a checksum")?;
    let checksum = u32::from_str_radix(digits, 16).map_err(|_| "the checksum is not a number")?;
    if checksum != checksum_of(text) {
        return Err("the checksum does not match");
    }
    let digits =
        text.strip_prefix(SEQUENCE_OPENING).ok_or("the line does not begin with a sequence number")?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sequence = std::str::from_utf8(&digits[..length])
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or("the sequence number is not a number")?;
    Ok(Checked { sequence, checksum })
}

/// Reads kind, time and key of a checked line.
pub(super) fn parse_head(line: &[u8]) -> Result<Head, &'static str> {
    let head: HeadLine<'_> = serde_json::from_slice(line).map_err(|_| "the line is not a record")?;
    Ok(Head { kind: RecordKind::from_name(&head.kind), key: head.key.into_owned(), at: head.at })
}

/// Reads a whole checked line.
pub(super) fn parse_record(line: &[u8]) -> Result<Record, &'static str> {
    serde_json::from_slice(line).map_err(|_| "the line is not a record of a known kind")
}

/// A record whose body is read as what the caller knows it to be: faster than by way of a [`Value`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TypedRecord<T> {
    /// Its place in the log.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Which thing of its kind.
    pub key: String,
    /// The rest.
    pub body: T,
}

/// Reads a whole checked line with a body of a known type; nothing where the body is of another shape.
pub(super) fn parse_typed<T: DeserializeOwned>(line: &[u8]) -> Option<TypedRecord<T>> {
    serde_json::from_slice(line).ok()
}

/// Reads a whole checked line but for its body.
pub(super) fn parse_text(line: &[u8]) -> Result<RecordText<'_>, &'static str> {
    serde_json::from_slice(line).map_err(|_| "the line is not a record")
}

/// Turns a caller's body into JSON text on one line.
pub(super) fn encode_body(kind: RecordKind, key: &str, body: &impl Serialize) -> Result<String, Problem> {
    let text = serde_json::to_string(body).map_err(|_| {
        // The error's text could quote the body, and bodies stay out of messages.
        Problem::refused(format!("a {} record could not be written as JSON", kind.name()), "")
    })?;
    if text.len() + key.len() > RECORD_MAX_BYTES {
        return Err(Problem::refused(
            format!(
                "a {} record of {} bytes is over the limit of {RECORD_MAX_BYTES}",
                kind.name(),
                text.len()
            ),
            "",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_json_with_its_checksum_last() {
        let line = encode_line(7, RecordKind::Audit, Timestamp(0), "r1", r#"{"a":1}"#);
        let text = String::from_utf8(line).unwrap();
        assert_eq!(
            text.split(",\"crc\"").next().unwrap(),
            r#"{"sequence":7,"kind":"audit","version":1,"at":"1970-01-01T00:00:00.000Z","key":"r1","body":{"a":1}"#
        );
        assert!(text.ends_with("\"}\n"));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(value["crc"].is_string());
    }

    #[test]
    fn a_kind_of_a_newer_program_is_told_apart_from_damage() {
        let line =
            br#"{"sequence":1,"kind":"omen","version":9,"at":"1970-01-01T00:00:00.000Z","key":"","body":1}"#;
        assert_eq!(parse_head(line).unwrap().kind, None);
    }

    proptest! {
        #[test]
        fn lines_come_back_and_any_changed_byte_is_noticed(
            sequence in 1_u64..u64::MAX, key in ".{0,20}", body in ".{0,60}", at in any::<usize>(), flip in 1_u8..=255,
        ) {
            let body = Value::from(body);
            let mut line = encode_line(sequence, RecordKind::Note, Timestamp(5), &key, &body.to_string());
            prop_assert_eq!(line.pop(), Some(b'\n'));
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(check_line(&line).unwrap().sequence, sequence);
            let record = parse_record(&line).unwrap();
            prop_assert_eq!((record.sequence, record.key, record.body), (sequence, key, body));
            let place = at % line.len();
            line[place] ^= flip;
            // A letter of the checksum in the other case is the same number, and no damage.
            let is_same_digit = line[place].is_ascii_alphabetic() && flip == 0x20;
            prop_assert!(is_same_digit || check_line(&line).is_err());
        }
    }
}
