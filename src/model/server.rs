//! Servers: what runs on a node, who owns it and what it uses.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{NodeKey, OperatorName, OrderKey, ServerKey};
use super::money::Money;
use super::order::OrderStatus;
use super::time::Timestamp;

/// The panel's word for a server's life, without its process (`providers/pterodactyl.md` §6.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStatus {
    /// Installed; says nothing about running.
    Ready,
    /// The install script runs, or hangs.
    Installing,
    /// The first install failed; the client API is blocked.
    InstallFailed,
    /// A reinstall failed; the client API works.
    ReinstallFailed,
    /// Suspended by an admin.
    Suspended,
    /// A backup is being restored.
    RestoringBackup,
    /// A word this version does not know.
    Other(String),
}

impl ServerStatus {
    /// Reads the panel's status; null is `Ready`.
    #[must_use]
    pub fn from_word(word: Option<&str>) -> Self {
        match word {
            None => Self::Ready,
            Some("installing") => Self::Installing,
            Some("install_failed") => Self::InstallFailed,
            Some("reinstall_failed") => Self::ReinstallFailed,
            Some("suspended") => Self::Suspended,
            Some("restoring_backup") => Self::RestoringBackup,
            Some(other) => Self::Other(other.to_owned()),
        }
    }

    /// The word for screens.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Ready => "ready",
            Self::Installing => "installing",
            Self::InstallFailed => "install failed",
            Self::ReinstallFailed => "reinstall failed",
            Self::Suspended => "suspended",
            Self::RestoringBackup => "restoring",
            Self::Other(word) => word,
        }
    }
}

/// The process state, known only to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerState {
    /// Not asked yet, or the daemon did not answer.
    Unknown,
    /// Stopped.
    Offline,
    /// Booting.
    Starting,
    /// Up.
    Running,
    /// Going down.
    Stopping,
}

impl PowerState {
    /// Reads the daemon's word; unknown ones are `Unknown`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "offline" | "stopped" => Self::Offline,
            "starting" => Self::Starting,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            _ => Self::Unknown,
        }
    }

    /// The word for screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Offline => "offline",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }
}

/// What to do to a server's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerSignal {
    /// Start it.
    Start,
    /// Stop it gracefully.
    Stop,
    /// Stop, then start.
    Restart,
    /// End it now.
    Kill,
}

impl PowerSignal {
    /// The wire word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Kill => "kill",
        }
    }
}

impl fmt::Display for PowerSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a server may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Memory, MiB; 0 = unlimited.
    pub memory_mib: i64,
    /// Swap, MiB; 0 = none, -1 = unlimited.
    pub swap_mib: i64,
    /// Disk, MiB; 0 = unlimited.
    pub disk_mib: i64,
    /// CPU, percent of one core; 0 = unlimited.
    pub cpu_percent: i64,
}

/// What a server uses at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Percent of one core: 200 = two cores.
    pub cpu_percent: f32,
    /// Bytes of memory without page cache.
    pub memory_bytes: u64,
    /// Bytes on disk, as last measured by the daemon.
    pub disk_bytes: u64,
    /// Bytes received since the process started; resets on restart.
    pub network_rx_bytes: u64,
    /// Bytes sent since the process started; resets on restart.
    pub network_tx_bytes: u64,
    /// Milliseconds since the process started; 0 offline.
    pub uptime_ms: u64,
    /// When this was observed.
    pub observed_at: Timestamp,
}

/// Why nothing owns a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanReason {
    /// It carries no external id and no order points at it.
    NoOwner,
    /// Its external id, this one, names an order that does not exist.
    OrderMissing(String),
    /// Its order no longer owns a server (canceled, pending).
    OrderNotLive(OrderKey, OrderStatus),
    /// Its order has another server.
    OrderHasAnother(OrderKey),
}

/// Who answers for a server's cost.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// Not decided yet: orders or servers were not both read since start.
    Undecided,
    /// No orders database is configured for its panel: no order can own it, and it is no orphan either.
    NoShop,
    /// An order.
    Order(OrderKey),
    /// Several shops sell on its panel, no order points at it, and its external id does not say whose order it means: one
    /// of these may own it. It is no orphan, and no order adopts it.
    Ambiguous(Vec<OrderKey>),
    /// A person said to keep it.
    Kept {
        /// Who.
        by: OperatorName,
        /// Why.
        reason: String,
    },
    /// Nothing: it is an orphan.
    Orphan {
        /// Why nothing owns it.
        reason: OrphanReason,
        /// Since when it is known.
        since: Timestamp,
    },
}

/// A server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Account and the provider's own id.
    pub key: ServerKey,
    /// The caller-chosen id: the order's, for servers of ours.
    pub external_id: Option<String>,
    /// The panel's 36-character id; use this in client paths.
    pub uuid: String,
    /// The panel's short id, for people.
    pub identifier: String,
    /// Its name.
    pub name: String,
    /// The node it stands on.
    pub node: NodeKey,
    /// The panel user that has it.
    pub panel_user_id: i64,
    /// The egg it is made from.
    pub egg_id: i64,
    /// The panel's word.
    pub status: ServerStatus,
    /// The daemon's word.
    pub power: PowerState,
    /// Its limits.
    pub limits: Limits,
    /// `ip:port` of its primary allocation, where known.
    pub address: Option<String>,
    /// What it last used.
    pub usage: Option<Usage>,
    /// Who answers for it.
    pub ownership: Ownership,
    /// What it burns per hour, where its owner's plan says.
    pub burn_per_hour: Option<Money>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was last observed.
    pub observed_at: Timestamp,
}
