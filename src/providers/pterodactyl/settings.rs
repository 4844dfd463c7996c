//! What a panel client needs to know before its first request.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::ids::AccountId;

/// Where a panel is and with which keys it is asked.
#[derive(Clone)]
pub struct PanelSettings {
    /// The account's configured name.
    pub account: AccountId,
    /// The panel's address: scheme, host, optional port and path; `https://panel.example.net`.
    pub url: String,
    /// Key for the application API: `ptla_…`, or the `ptlc_…` of a root admin (`providers/pterodactyl.md` §1).
    pub application_key: SecretString,
    /// Key for the client API: `ptlc_…`. Without it an application key that is itself a `ptlc_…` serves both.
    pub client_key: Option<SecretString>,
    /// The `Origin` of the console socket where it is not the panel's address (§4.6).
    pub origin: Option<String>,
    /// A PEM file with authorities that the panel's and the nodes' certificates may come from, beside the machine's.
    pub ca_file: Option<PathBuf>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The largest answer read, in decoded bytes; a larger one is refused unread.
    pub body_cap_bytes: usize,
}

impl PanelSettings {
    /// Settings with the default deadlines and size cap, without a client key.
    #[must_use]
    pub fn new(account: AccountId, url: impl Into<String>, application_key: SecretString) -> Self {
        Self {
            account,
            url: url.into(),
            application_key,
            client_key: None,
            origin: None,
            ca_file: None,
            timeouts: Timeouts::default(),
            body_cap_bytes: crate::providers::transport::DEFAULT_BODY_CAP_BYTES,
        }
    }
}

impl fmt::Debug for PanelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelSettings")
            .field("account", &self.account)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How long an answer may take, from sending to its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Reaching the panel at all: DNS, TCP, TLS.
    pub connect: Duration,
    /// Reading.
    pub read: Duration,
    /// Changing something; the panel itself waits 15 s for a daemon (§5.3).
    pub change: Duration,
    /// Creating or deleting a server: the panel may wait twice for a daemon, so at least 45 s (§5.6).
    pub create: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            change: Duration::from_secs(30),
            create: Duration::from_mins(1),
        }
    }
}
