//! The rows of the panel's tables, as far as its API shows them.

use std::collections::{BTreeMap, VecDeque};

use super::bill::Meter;
use super::daemon::DaemonMode;
use super::life::Process;
use crate::model::time::Timestamp;

/// A location.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) id: i64,
    pub(super) short: String,
    pub(super) long: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A node, with the state of its daemon.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) is_public: bool,
    pub(super) name: String,
    pub(super) location_id: i64,
    pub(super) fqdn: String,
    pub(super) scheme: String,
    pub(super) is_behind_proxy: bool,
    pub(super) is_in_maintenance: bool,
    pub(super) memory_mib: i64,
    pub(super) memory_overallocate: i64,
    pub(super) disk_mib: i64,
    pub(super) disk_overallocate: i64,
    pub(super) upload_size: i64,
    pub(super) daemon_listen: i64,
    pub(super) daemon_sftp: i64,
    pub(super) daemon_base: String,
    pub(super) token_id: String,
    pub(super) token: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) daemon: DaemonMode,
    /// The port on which the simulated daemon's websocket listens; `None`: it has none.
    pub(super) socket_port: Option<u16>,
    /// Tokens issued before this moment are refused: the daemon restarted.
    pub(super) booted_at: Timestamp,
}

/// An address that a server may have.
#[derive(Debug, Clone)]
pub(super) struct Allocation {
    pub(super) id: i64,
    pub(super) node_id: i64,
    pub(super) ip: String,
    pub(super) alias: Option<String>,
    pub(super) port: u16,
    pub(super) notes: Option<String>,
    pub(super) server_id: Option<i64>,
}

/// A group of eggs.
#[derive(Debug, Clone)]
pub(super) struct Nest {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) description: String,
}

/// A template of servers.
#[derive(Debug, Clone)]
pub(super) struct Egg {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) nest_id: i64,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) images: Vec<(String, String)>,
    pub(super) features: Vec<String>,
    pub(super) startup: String,
    pub(super) done: String,
    pub(super) stop: String,
    pub(super) config_file: Option<String>,
    pub(super) variables: Vec<EggVariable>,
    /// What its servers behave like.
    pub(super) game: Game,
}

/// How servers of an egg behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Game {
    /// Java Edition servers.
    Minecraft,
    /// Proxies: little memory, much traffic.
    Proxy,
    /// Source engine.
    CounterStrike,
    /// Unity survival.
    Valheim,
    /// Large worlds that are wiped.
    Rust,
    /// Anything else.
    Other,
}

/// A variable of an egg.
#[derive(Debug, Clone)]
pub(super) struct EggVariable {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) env_variable: String,
    pub(super) default_value: String,
    pub(super) is_user_viewable: bool,
    pub(super) is_user_editable: bool,
    pub(super) rules: String,
}

/// An account of the panel.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) external_id: Option<String>,
    pub(super) uuid: String,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) language: String,
    pub(super) is_root_admin: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Which API a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `ptla_`: made in the admin area.
    Application,
    /// `ptlc_`: made by an account.
    Client,
}

/// An API key.
#[derive(Debug, Clone)]
pub(super) struct ApiKey {
    pub(super) kind: KeyKind,
    pub(super) identifier: String,
    pub(super) secret: String,
    pub(super) user_id: i64,
    pub(super) description: String,
    /// Permission bits by resource: 1 reads, 2 writes.
    pub(super) acl: Acl,
    pub(super) allowed_ips: Vec<String>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
}

/// Resources of the application API that a key may be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Servers,
    Nodes,
    Allocations,
    Users,
    Locations,
    Nests,
    Eggs,
    Databases,
}

/// What an application key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Acl {
    /// Everything: an admin's account key, or all bits set.
    All,
    /// Reads everything.
    ReadOnly,
    /// Reads and writes these only.
    Only(Vec<Resource>),
}

impl Acl {
    /// Whether the key may read the resource.
    pub(super) fn may_read(&self, resource: Resource) -> bool {
        match self {
            Self::All | Self::ReadOnly => true,
            Self::Only(list) => list.contains(&resource),
        }
    }

    /// Whether the key may change the resource.
    pub(super) fn may_write(&self, resource: Resource) -> bool {
        match self {
            Self::All => true,
            Self::ReadOnly => false,
            Self::Only(list) => list.contains(&resource),
        }
    }
}

/// The panel's word for a server's life; `None` in a server is "normal".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Installing,
    InstallFailed,
    ReinstallFailed,
    Suspended,
}

impl Status {
    /// As the API spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Installing => "installing",
            Self::InstallFailed => "install_failed",
            Self::ReinstallFailed => "reinstall_failed",
            Self::Suspended => "suspended",
        }
    }
}

/// Resource limits of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) memory_mib: i64,
    pub(super) swap_mib: i64,
    pub(super) disk_mib: i64,
    pub(super) io: i64,
    pub(super) cpu_percent: i64,
    pub(super) threads: Option<String>,
    pub(super) is_oom_disabled: bool,
}

/// Counts of what a server may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeatureLimits {
    pub(super) databases: Option<i64>,
    pub(super) allocations: Option<i64>,
    pub(super) backups: i64,
}

/// A server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) id: i64,
    pub(super) external_id: Option<String>,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) status: Option<Status>,
    pub(super) limits: Limits,
    pub(super) features: FeatureLimits,
    pub(super) user_id: i64,
    pub(super) node_id: i64,
    pub(super) allocation_id: i64,
    pub(super) egg_id: i64,
    pub(super) nest_id: i64,
    pub(super) startup: String,
    pub(super) image: String,
    /// Values of the egg's variables.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) meter: Meter,
    pub(super) process: Process,
    pub(super) extras: Extras,
}

impl Server {
    /// The first eight characters of the uuid.
    pub(super) fn identifier(&self) -> &str {
        self.uuid.get(..8).unwrap_or(&self.uuid)
    }
}

/// What hangs on a server besides its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Extras {
    pub(super) subusers: Vec<Subuser>,
    pub(super) backups: Vec<Backup>,
    pub(super) schedules: Vec<Schedule>,
    /// Newest last; the oldest leaves at [`MOST_ACTIVITY`].
    pub(super) activity: VecDeque<Activity>,
    /// Files written through the API, by path; at most [`MOST_FILES`].
    pub(super) files: BTreeMap<String, String>,
    /// Moments at which websocket tokens were issued, for the limit of newer panels.
    pub(super) token_moments: VecDeque<Timestamp>,
    /// The panel's cached answer of `resources`, with the world's time it was taken.
    pub(super) cached_resources: Option<(Timestamp, serde_json::Value)>,
}

/// Entries kept of a server's activity.
pub(super) const MOST_ACTIVITY: usize = 200;
/// Files kept of a server.
pub(super) const MOST_FILES: usize = 100;

/// Someone who may use a server of another.
#[derive(Debug, Clone)]
pub(super) struct Subuser {
    pub(super) user_id: i64,
    pub(super) permissions: Vec<String>,
    pub(super) created_at: Timestamp,
}

/// A backup.
#[derive(Debug, Clone)]
pub(super) struct Backup {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) is_locked: bool,
    pub(super) created_at: Timestamp,
    /// When the daemon finishes it.
    pub(super) completes_at: Timestamp,
}

/// A schedule with its tasks.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub(super) id: i64,
    pub(super) body: serde_json::Value,
    pub(super) tasks: Vec<serde_json::Value>,
    pub(super) created_at: Timestamp,
}

/// A line of a server's activity log.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    pub(super) event: String,
    pub(super) user_id: i64,
    pub(super) properties: serde_json::Value,
    pub(super) at: Timestamp,
}
