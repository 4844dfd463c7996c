//! What a DatHost client needs to know before its first request.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::ids::AccountId;

/// Where the API is (`providers/dathost.md` §1). The older `dathost.net` only redirects there.
pub const DEFAULT_URL: &str = "https://dathost.com/api/0.1";

/// Where the API is and with which login it is asked.
#[derive(Clone)]
pub struct DathostSettings {
    /// The account's configured name.
    pub account: AccountId,
    /// The API's address with its version: [`DEFAULT_URL`], or a simulator's.
    pub url: String,
    /// The address that the account logs in with.
    pub email: String,
    /// Its password: there are no API keys, so this may spend money.
    pub password: SecretString,
    /// Acts on this other account, which has invited ours.
    pub account_email: Option<String>,
    /// A PEM file with authorities that the API's certificate may come from, beside the machine's.
    pub ca_file: Option<PathBuf>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The largest answer read into memory, in decoded bytes; a larger one is refused unread.
    pub body_cap_bytes: usize,
}

impl DathostSettings {
    /// Settings with the default deadlines and size cap.
    #[must_use]
    pub fn new(
        account: AccountId,
        url: impl Into<String>,
        email: impl Into<String>,
        password: SecretString,
    ) -> Self {
        Self {
            account,
            url: url.into(),
            email: email.into(),
            password,
            account_email: None,
            ca_file: None,
            timeouts: Timeouts::default(),
            body_cap_bytes: crate::providers::transport::DEFAULT_BODY_CAP_BYTES,
        }
    }
}

impl fmt::Debug for DathostSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DathostSettings")
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
    /// Making, duplicating and resetting servers, and making matches: files are laid out and a server is started.
    pub create: Duration,
    /// A file's bytes: a demo of a long match is some hundred megabytes.
    pub transfer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            change: Duration::from_secs(30),
            create: Duration::from_mins(2),
            transfer: Duration::from_mins(15),
        }
    }
}
