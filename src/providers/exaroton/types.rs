//! What the client answers beside the model's own words.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::model::credits::CreditServer;

/// What came of a signal. Accepted is not done: a start can fall back to offline or crash later (`providers/exaroton.md` §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signalled {
    /// The provider took it.
    Accepted,
    /// The provider was already at it: somebody was faster, or this is a repetition (208).
    AlreadyUnderWay,
    /// The answer was lost, and the server, read afterwards, shows that it took effect.
    Seen(Box<CreditServer>),
}

/// A log that was uploaded for everyone to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLog {
    /// Its id at the log service.
    pub id: String,
    /// Its page.
    pub url: String,
    /// Its plain text.
    pub raw_url: String,
}

/// A file or folder of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a file")]
pub struct FileInfo {
    /// Its path from the server's folder.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Whether it is text.
    pub is_text: bool,
    /// Whether its values can be read and set one by one.
    pub is_configuration: bool,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Whether it is a log.
    pub is_log: bool,
    /// Whether it may be read.
    pub is_readable: bool,
    /// Whether it may be written.
    pub is_writable: bool,
    /// Bytes; nothing where the provider does not say.
    pub size_bytes: Option<u64>,
    /// What is in a folder; nothing for a file.
    pub children: Option<Vec<FileInfo>>,
}

/// A value of a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// Text, or one choice of several.
    Text(String),
    /// A number, as exact as it came.
    Number(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// Several choices.
    Several(Vec<String>),
    /// Not set.
    Nothing,
}

/// One option of a configuration file. The provider takes unknown keys silently: read back what was set (§3.1).
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigOption {
    /// Its key in the file.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// The provider's word for its type: `string`, `integer`, `float`, `boolean`, `select`, `multiselect` …
    pub kind: String,
    /// Its value.
    pub value: ConfigValue,
    /// What may be chosen: value and name.
    pub choices: BTreeMap<String, String>,
}
