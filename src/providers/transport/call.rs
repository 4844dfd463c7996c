//! One call: what is asked, how urgent, how long it may take; and one answer.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
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

/// What a call carries. It may hold secrets, so it is never printed.
#[derive(Clone)]
pub enum Payload {
    /// A JSON value.
    Json(Value),
    /// The fields of a form, sent as `multipart/form-data`.
    Form(Vec<Field>),
    /// Bytes as they are.
    Raw {
        /// Their content type.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json(…)",
            Self::Form(_) => "Form(…)",
            Self::Raw { .. } => "Raw(…)",
        })
    }
}

/// One field of a form.
#[derive(Clone)]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Every value is kept as one that cannot be printed: some are.
    value: SecretString,
}

impl Field {
    /// A field with this value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: SecretString::from(value.into()) }
    }

    /// A field with a secret as its value.
    pub fn secret(name: impl Into<String>, value: &SecretString) -> Self {
        Self { name: name.into(), value: value.clone() }
    }

    /// The value, for sending it.
    pub(super) fn value(&self) -> &str {
        self.value.expose_secret()
    }
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
    /// Secrets in the body, to be taken out of what is said about it.
    pub secrets: Vec<SecretString>,
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
