//! What an exaroton client needs to know before its first request.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::ids::AccountId;

/// Where the API is (`providers/exaroton.md` §1).
pub const DEFAULT_URL: &str = "https://api.exaroton.com/v1";

/// Where the API is and with which token it is asked.
#[derive(Clone)]
pub struct ExarotonSettings {
    /// The account's configured name.
    pub account: AccountId,
    /// The API's address with its version: [`DEFAULT_URL`], or a simulator's.
    pub url: String,
    /// The account's API token.
    pub token: SecretString,
    /// A PEM file with authorities that the API's certificate may come from, beside the machine's.
    pub ca_file: Option<PathBuf>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The largest answer read, in decoded bytes; a larger one is refused unread.
    pub body_cap_bytes: usize,
}

impl ExarotonSettings {
    /// Settings with the default deadlines and size cap.
    #[must_use]
    pub fn new(account: AccountId, url: impl Into<String>, token: SecretString) -> Self {
        Self {
            account,
            url: url.into(),
            token,
            ca_file: None,
            timeouts: Timeouts::default(),
            body_cap_bytes: crate::providers::transport::DEFAULT_BODY_CAP_BYTES,
        }
    }
}

impl fmt::Debug for ExarotonSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExarotonSettings")
            .field("account", &self.account)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How long an answer may take, from sending to its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Reaching the API at all: DNS, TCP, TLS.
    pub connect: Duration,
    /// Reading.
    pub read: Duration,
    /// Changing something.
    pub change: Duration,
    /// Files and player lists, which are slow storage operations (§3.1).
    pub storage: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            change: Duration::from_secs(30),
            storage: Duration::from_mins(1),
        }
    }
}
