//! What the panel client gives and takes where the model has no word of its own.

use std::collections::BTreeMap;

use crate::model::server::Limits;
use crate::providers::transport::BudgetLevel;

/// One of the panel's two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PanelApi {
    /// `/api/application`: everything of every user.
    Application,
    /// `/api/client`: live data and power, as one user.
    Client,
}

impl PanelApi {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Application => "application API",
            Self::Client => "client API",
        }
    }
}

/// The budgets of one account; the panel counts the two APIs apart (`providers/pterodactyl.md` §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetView {
    /// The application API's.
    pub application: BudgetLevel,
    /// The client API's.
    pub client: BudgetLevel,
}

/// An address and port of a node that a server can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The panel's id.
    pub id: i64,
    /// IP address.
    pub ip: String,
    /// The name players use instead of the address.
    pub alias: Option<String>,
    /// Port.
    pub port: u16,
    /// Whether a server has it.
    pub is_assigned: bool,
}

impl Allocation {
    /// `host:port` for people: the alias where there is one, else the address.
    #[must_use]
    pub fn address(&self) -> String {
        let host = self.alias.as_deref().filter(|alias| !alias.is_empty()).unwrap_or(&self.ip);
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

/// How many allocations a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AllocationCounts {
    /// Of any state.
    pub total: u32,
    /// Free to take.
    pub free: u32,
}

/// A recipe for servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egg {
    /// The panel's id.
    pub id: i64,
    /// The nest it belongs to.
    pub nest_id: i64,
    /// Its name.
    pub name: String,
    /// Label → image; the order means nothing (§3.5).
    pub docker_images: BTreeMap<String, String>,
    /// The panel's default image; may be empty.
    pub docker_image: String,
    /// The startup command with its placeholders; may be empty.
    pub startup: String,
    /// Its variables.
    pub variables: Vec<EggVariable>,
}

/// One variable of an egg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EggVariable {
    /// Its name for people.
    pub name: String,
    /// Its name in the environment.
    pub env_variable: String,
    /// The value used when nothing else is wanted; must be sent, the panel does not fill it in (§3.9).
    pub default_value: String,
    /// The panel's validation rules, `|`-separated.
    pub rules: String,
    /// Whether the server's owner may change it.
    pub is_user_editable: bool,
}

impl EggVariable {
    /// Whether the panel refuses an empty value.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.rules.split('|').any(|rule| rule.trim() == "required")
    }
}

/// A user of the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelUser {
    /// The panel's id.
    pub id: i64,
    /// The caller-chosen id.
    pub external_id: Option<String>,
    /// Login name, lower-case.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether the user is an administrator of the panel.
    pub is_root_admin: bool,
}

/// A panel user to make. Without a password the panel mails a link to set one (§3.6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewUser {
    /// The caller-chosen id: find the user again by it.
    pub external_id: Option<String>,
    /// E-mail address, unique on the panel.
    pub email: String,
    /// Login name, unique; at least three characters, letters or digits at both ends.
    pub username: String,
    /// First name; must not be empty.
    pub first_name: String,
    /// Last name; must not be empty.
    pub last_name: String,
}

/// How many extras a server's owner may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeatureLimits {
    /// Databases.
    pub databases: i64,
    /// Additional allocations.
    pub allocations: i64,
    /// Backups.
    pub backups: i64,
}

/// A server to make on a chosen allocation, and so on that allocation's node (§3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServer {
    /// The caller-chosen id, the order's: the handle that makes creating idempotent (§6.4).
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// A note on the panel.
    pub description: String,
    /// Its owner on the panel.
    pub user_id: i64,
    /// Its egg.
    pub egg_id: i64,
    /// The image it runs.
    pub docker_image: String,
    /// The startup command.
    pub startup: String,
    /// Every variable of the egg: one left out is stored empty, not with its default.
    pub environment: BTreeMap<String, String>,
    /// What it may use; 0 = unlimited.
    pub limits: Limits,
    /// Block I/O weight, 10–1000; the panel's own form proposes 500.
    pub io_weight: i64,
    /// What its owner may add.
    pub feature_limits: FeatureLimits,
    /// The primary allocation; must be free.
    pub allocation_id: i64,
    /// Further allocations. Unguarded: the panel takes them even from another server (§3.9).
    pub additional_allocation_ids: Vec<i64>,
    /// Whether it starts as soon as it is installed.
    pub is_started_on_completion: bool,
}

/// What to change of a server's details; nothing means: keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailsChange {
    /// New name.
    pub name: Option<String>,
    /// New owner.
    pub user_id: Option<i64>,
    /// New external id; `Some(None)` clears it.
    pub external_id: Option<Option<String>>,
    /// New description.
    pub description: Option<String>,
}

/// What to change of a server's build; nothing means: keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildChange {
    /// New limits.
    pub limits: Option<Limits>,
    /// New feature limits.
    pub feature_limits: Option<FeatureLimits>,
    /// New primary allocation; must be the server's or among the added ones.
    pub allocation_id: Option<i64>,
    /// Allocations to add.
    pub add_allocation_ids: Vec<i64>,
    /// Allocations to give up.
    pub remove_allocation_ids: Vec<i64>,
}

/// What to change of a server's startup; nothing means: keep. Takes effect at the next start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartupChange {
    /// New startup command.
    pub startup: Option<String>,
    /// New egg. Does not reinstall.
    pub egg_id: Option<i64>,
    /// New image.
    pub docker_image: Option<String>,
    /// Variables laid over the present ones.
    pub environment: BTreeMap<String, String>,
}

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reading.
    Read,
    /// Changing.
    Write,
}

/// Whether a key may do one of the things Quarterdeck needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionFinding {
    /// The API.
    pub api: PanelApi,
    /// The resource: `servers`, `nodes` …
    pub resource: String,
    /// Reading or writing.
    pub access: Access,
    /// Whether the panel allows it; nothing when the question could not be answered.
    pub is_granted: Option<bool>,
    /// What the panel said, for people; empty when granted.
    pub detail: String,
    /// What to do; empty when granted.
    pub advice: String,
}

/// A place that nodes stand at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The panel's id.
    pub id: i64,
    /// Its short name: `eu.fra`.
    pub short: String,
    /// Its long name; may be empty.
    pub long: String,
}

/// Allocations to make on a node; ones that exist already are skipped by the panel (§3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAllocations {
    /// IP address, host name, or a network of /25 to /32.
    pub ip: String,
    /// Single ports or ranges: `25565`, `25600-25699`.
    pub ports: Vec<String>,
    /// The name players use.
    pub alias: Option<String>,
}

/// What to change of a user; nothing means: keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// New external id.
    pub external_id: Option<String>,
    /// New e-mail address.
    pub email: Option<String>,
    /// New login name.
    pub username: Option<String>,
    /// New first name.
    pub first_name: Option<String>,
    /// New last name.
    pub last_name: Option<String>,
}
