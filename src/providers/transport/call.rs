//! One call: what is asked, how urgent, how long it may take; and one answer.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use super::budget::Priority;

/// Whether a call changes anything, which decides retries and what a lost answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Reads: may be repeated.
    Read,
    /// Changes something: repeated by nobody but its caller, who looks first.
    Change,
}

/// What a call carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A JSON value.
    Json(Value),
    /// Bytes as they are.
    Raw {
        /// Their content type.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
}

/// One call to a provider.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path below the account's address, already percent-encoded; never holds a secret.
    pub path: String,
    /// Query parameters, not encoded.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<Payload>,
    /// Reading or changing.
    pub class: Class,
    /// How urgent.
    pub priority: Priority,
    /// From sending to the last byte of the answer, for one attempt.
    pub deadline: Duration,
    /// Whether the answer's rate headers speak of the account's budget. Not so where an endpoint has a limit of its own:
    /// its headers tell the tightest one (`providers/pterodactyl.md` §5.5).
    pub has_own_limit: bool,
    /// Never sent again here, not even when the provider says that nothing happened: its caller looks first.
    pub is_sent_once: bool,
}

impl Call {
    /// `GET /api/application/servers`, for messages: without the query.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer of any status but 3xx, within the size cap.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What `Retry-After` asks for.
    pub retry_after_ms: Option<u64>,
    /// The decoded body.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
