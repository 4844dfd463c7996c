//! The panel's JSON as it is sent: lenient where panels differ, with nothing of ours.
//!
//! Unknown keys are ignored, numbers may be text, an empty PHP map is `[]`, and what a key may not read is a
//! `null_resource` (`providers/pterodactyl.md` §2.4, §10).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One object of any kind; `attributes` is null in a `null_resource`.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct Item<T> {
    /// `server`, `node`, `null_resource` …
    #[serde(default)]
    pub object: String,
    /// What it is.
    #[serde(default = "none")]
    pub attributes: Option<T>,
}

/// A list, or one page of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct List<T> {
    /// Its items; nothing in a `null_resource`.
    #[serde(default = "none")]
    pub data: Option<Vec<Item<T>>>,
    /// The page's place in the whole.
    #[serde(default)]
    pub meta: Option<Meta>,
}

impl<T> List<T> {
    /// The items that may be read.
    pub fn into_items(self) -> Vec<T> {
        self.data.unwrap_or_default().into_iter().filter_map(|item| item.attributes).collect()
    }
}

/// What stands beside `data`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Meta {
    /// Absent where a list has no pages.
    #[serde(default)]
    pub pagination: Option<Pagination>,
}

/// The page numbers; the links beside them lose filters and are never followed (§2.2).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Pagination {
    /// Of all pages, with filters applied.
    #[serde(default, deserialize_with = "integer")]
    pub total: i64,
    /// At least 1.
    #[serde(default, deserialize_with = "integer")]
    pub total_pages: i64,
}

/// The error envelope.
#[derive(Debug, Clone, Deserialize)]
pub struct Errors {
    /// At least one; one per failed rule for a 422.
    pub errors: Vec<ErrorEntry>,
}

/// One error. `code` and `meta` decide; `detail` is for people only.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorEntry {
    /// The exception's class name.
    #[serde(default)]
    pub code: String,
    /// Text for people, may hold HTML.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub detail: String,
    /// Which field broke which rule.
    #[serde(default)]
    pub meta: Option<ErrorMeta>,
}

/// Which field of the request broke which rule.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorMeta {
    /// Dotted path: `limits.memory`.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub source_field: String,
    /// Snake-cased rule: `unique`.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub rule: String,
}

/// A location.
#[derive(Debug, Clone, Deserialize)]
pub struct Location {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default)]
    pub short: String,
    #[serde(default)]
    pub long: Option<String>,
}

/// A node: a raw dump of the row, with sums.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub fqdn: String,
    #[serde(default, deserialize_with = "integer")]
    pub location_id: i64,
    #[serde(default, deserialize_with = "boolean")]
    pub public: bool,
    #[serde(default, deserialize_with = "boolean")]
    pub maintenance_mode: bool,
    #[serde(deserialize_with = "integer")]
    pub memory: i64,
    #[serde(default, deserialize_with = "integer")]
    pub memory_overallocate: i64,
    #[serde(deserialize_with = "integer")]
    pub disk: i64,
    #[serde(default, deserialize_with = "integer")]
    pub disk_overallocate: i64,
    #[serde(default)]
    pub allocated_resources: AllocatedResources,
    #[serde(default)]
    pub relationships: NodeRelationships,
}

/// Sums of the limits of a node's servers.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct AllocatedResources {
    #[serde(default, deserialize_with = "integer")]
    pub memory: i64,
    #[serde(default, deserialize_with = "integer")]
    pub disk: i64,
}

/// What was included with a node.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NodeRelationships {
    #[serde(default)]
    pub location: Option<Item<Location>>,
}

/// An allocation, of either API.
#[derive(Debug, Clone, Deserialize)]
pub struct Allocation {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default)]
    pub ip: String,
    #[serde(default, alias = "ip_alias")]
    pub alias: Option<String>,
    #[serde(deserialize_with = "integer")]
    pub port: i64,
    #[serde(default, deserialize_with = "boolean")]
    pub assigned: bool,
}

/// A nest.
#[derive(Debug, Clone, Deserialize)]
pub struct Nest {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
}

/// An egg.
#[derive(Debug, Clone, Deserialize)]
pub struct Egg {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default, deserialize_with = "integer")]
    pub nest: i64,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub docker_image: String,
    #[serde(default)]
    pub docker_images: Value,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub startup: String,
    #[serde(default)]
    pub relationships: EggRelationships,
}

/// What was included with an egg.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct EggRelationships {
    #[serde(default)]
    pub variables: Option<List<EggVariable>>,
}

/// A variable of an egg, or of a server with `server_value`.
#[derive(Debug, Clone, Deserialize)]
pub struct EggVariable {
    #[serde(default)]
    pub name: String,
    pub env_variable: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub default_value: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub rules: String,
    #[serde(default, alias = "is_editable", deserialize_with = "boolean")]
    pub user_editable: bool,
}

/// A user, of the application API.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default, deserialize_with = "text")]
    pub external_id: Option<String>,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub email: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub first_name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub last_name: String,
    #[serde(default, deserialize_with = "text")]
    pub language: Option<String>,
    #[serde(default, deserialize_with = "boolean")]
    pub root_admin: bool,
}

/// The key's own user, of the client API.
#[derive(Debug, Clone, Deserialize)]
pub struct AccountOfKey {
    #[serde(default, deserialize_with = "boolean")]
    pub admin: bool,
}

/// A server, of the application API.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    #[serde(deserialize_with = "integer")]
    pub id: i64,
    #[serde(default, deserialize_with = "text")]
    pub external_id: Option<String>,
    pub uuid: String,
    #[serde(default)]
    pub identifier: String,
    #[serde(default)]
    pub name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub description: String,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "boolean")]
    pub suspended: bool,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub feature_limits: FeatureLimits,
    #[serde(deserialize_with = "integer")]
    pub user: i64,
    #[serde(deserialize_with = "integer")]
    pub node: i64,
    #[serde(default, deserialize_with = "integer")]
    pub allocation: i64,
    #[serde(default, deserialize_with = "integer")]
    pub egg: i64,
    #[serde(default)]
    pub container: Container,
    #[serde(default)]
    pub created_at: Option<String>,
    #[serde(default)]
    pub relationships: ServerRelationships,
}

/// What a server may use: MB and percent; 0 = unlimited, swap −1 = unlimited (§3.7).
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Limits {
    #[serde(default, deserialize_with = "integer")]
    pub memory: i64,
    #[serde(default, deserialize_with = "integer")]
    pub swap: i64,
    #[serde(default, deserialize_with = "integer")]
    pub disk: i64,
    #[serde(default, deserialize_with = "integer")]
    pub io: i64,
    #[serde(default, deserialize_with = "integer")]
    pub cpu: i64,
    #[serde(default, deserialize_with = "text")]
    pub threads: Option<String>,
    #[serde(default)]
    pub oom_disabled: Option<bool>,
}

/// What an owner may add; null on old rows.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct FeatureLimits {
    #[serde(default, deserialize_with = "integer")]
    pub databases: i64,
    #[serde(default, deserialize_with = "integer")]
    pub allocations: i64,
    #[serde(default, deserialize_with = "integer")]
    pub backups: i64,
}

/// How a server is started.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Container {
    #[serde(default, deserialize_with = "text_or_empty")]
    pub startup_command: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    pub image: String,
    #[serde(default, deserialize_with = "environment")]
    pub environment: BTreeMap<String, String>,
}

/// What was included with a server.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ServerRelationships {
    #[serde(default)]
    pub allocations: Option<List<Allocation>>,
    #[serde(default)]
    pub variables: Option<List<EggVariable>>,
}

/// Live use of a server.
#[derive(Debug, Clone, Deserialize)]
pub struct Stats {
    pub current_state: String,
    #[serde(default)]
    pub resources: StatsResources,
}

/// The numbers of [`Stats`].
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct StatsResources {
    #[serde(default, deserialize_with = "integer")]
    pub memory_bytes: i64,
    #[serde(default, deserialize_with = "decimal")]
    pub cpu_absolute: f64,
    #[serde(default, deserialize_with = "integer")]
    pub disk_bytes: i64,
    #[serde(default, deserialize_with = "integer")]
    pub network_rx_bytes: i64,
    #[serde(default, deserialize_with = "integer")]
    pub network_tx_bytes: i64,
    /// Milliseconds.
    #[serde(default, deserialize_with = "integer")]
    pub uptime: i64,
}

/// The console token; outside the envelope (§4.5). No `Debug`: the token is a secret.
#[derive(Clone, Deserialize)]
pub struct WebsocketData {
    pub data: WebsocketToken,
}

/// A token and the socket it opens.
#[derive(Clone, Deserialize)]
pub struct WebsocketToken {
    pub token: String,
    pub socket: String,
}

/// Things of a list that have a number, so that one seen on two pages counts once.
pub trait Numbered: DeserializeOwned {
    /// The panel's id.
    fn id(&self) -> i64;
}

macro_rules! numbered {
    ($($kind:ident),*) => {$(
        impl Numbered for $kind {
            fn id(&self) -> i64 { self.id }
        }
    )*};
}

numbered!(Location, Node, Allocation, Nest, Egg, User, Server);

fn none<T>() -> Option<T> {
    None
}

/// An integer that may come as a float or as text; null is 0.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = decimal(deserializer)?;
    // Beyond 2^53 a float is not exact, but no count of a panel is that large; the cast saturates.
    #[expect(clippy::cast_possible_truncation, reason = "saturates; see above")]
    Ok(number.trunc() as i64)
}

/// A number that may come as text; null is 0.
fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Number(number) => {
            number.as_f64().ok_or_else(|| serde::de::Error::custom("a number out of range"))
        }
        Value::String(text) => {
            text.trim().parse().map_err(|_| serde::de::Error::custom("text that is no number"))
        }
        Value::Null => Ok(0.0),
        _ => Err(serde::de::Error::custom("neither a number nor text")),
    }
}

/// A boolean that may come as 0 or 1; null is false.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(is_true) => Ok(is_true),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::Null => Ok(false),
        _ => Err(serde::de::Error::custom("neither true nor false")),
    }
}

/// Text that may come as a number; null and empty are nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(plain(&Value::deserialize(deserializer)?).filter(|text| !text.is_empty()))
}

/// Text that may come as a number; null is empty.
fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(plain(&Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A map of texts; an empty PHP map comes as `[]`, values may be numbers or null.
fn environment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, plain(&value).unwrap_or_default())).collect()
        }
        _ => BTreeMap::new(),
    })
}

/// A scalar as text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_true) => Some(is_true.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
