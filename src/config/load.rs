//! Merging the layers: defaults, the file, `QUARTERDECK_*` variables, flags; the later wins, and each value says whence.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::document;
use super::keys::{self, KEYS, Kind};
use super::secret::SecretSource;

/// What environment variables begin with: `QUARTERDECK_SITE__NAME` sets `site.name`.
pub const ENVIRONMENT_PREFIX: &str = "QUARTERDECK_";

/// Variables with this prefix that are not keys.
const NOT_KEYS: &[&str] = &["QUARTERDECK_CONFIG", "QUARTERDECK_LOG", "QUARTERDECK_DATA_DIR"];

/// A value as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, number or switch, as text that fits its kind.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Where a secret is kept.
    Secret(SecretSource),
}

impl Value {
    /// Reads a text of a kind.
    ///
    /// # Errors
    /// The text does not fit; the message names the path and what would.
    pub fn from_text(path: &str, kind: Kind, text: &str) -> Result<Self, String> {
        let fits = match kind {
            Kind::Text => true,
            Kind::TextList => {
                return Ok(Self::List(text.split(',').map(|word| word.trim().to_owned()).collect()));
            }
            Kind::Choice(words) if words.contains(&text) => true,
            Kind::Choice(words) => {
                return Err(format!("{path} is one of {}, not {text:?}", words.join(", ")));
            }
            Kind::Bool => matches!(text, "true" | "false"),
            Kind::Integer => text.parse::<u64>().is_ok(),
            Kind::Decimal => text.parse::<rust_decimal::Decimal>().is_ok(),
            Kind::Secret => return Err(format!("{path} is a secret and cannot be written out")),
        };
        let expected = match kind {
            Kind::Bool => "true or false",
            Kind::Integer => "a whole number",
            _ => "a decimal number",
        };
        if fits {
            Ok(Self::Text(text.to_owned()))
        } else {
            Err(format!("{path} is {expected}, not {text:?}"))
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(words) => write!(f, "{words:?}"),
            Self::Secret(source) => write!(f, "{source}"),
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table of keys.
    Default,
    /// A line of a file; line 0 is the file as a whole.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A command-line flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line: 0 } => write!(f, "{}", file.display()),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A configuration that cannot be used, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct ConfigError {
    /// The place.
    pub origin: Origin,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueAt {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// The merged values by concrete path, with defaults for keys without `*`.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Path → value.
    pub values: BTreeMap<String, ValueAt>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

impl Layers {
    /// Merges defaults, `file` (when it exists or `is_required`), the environment and flags.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn load(
        file: &Path,
        is_required: bool,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&str, &str, String)],
    ) -> Result<Self, ConfigError> {
        let read = if is_required || file.exists() {
            Some((file.to_path_buf(), document::read(file)?))
        } else {
            None
        };
        Self::merge(read, environment, flags)
    }

    /// Merges values that were already read; see [`Self::load`].
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn merge(
        read: Option<(PathBuf, BTreeMap<String, ValueAt>)>,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&str, &str, String)],
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        for key in KEYS.iter().filter(|key| !key.path.contains('*') && !key.default.is_empty()) {
            let value = Value::from_text(key.path, key.kind, key.default)
                .map_err(|message| ConfigError { origin: Origin::Default, message })?;
            layers.values.insert(key.path.to_owned(), ValueAt { value, origin: Origin::Default });
        }
        if let Some((file, values)) = read {
            layers.values.extend(values);
            layers.file = Some(file);
        }
        for (name, text) in environment.filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)) {
            layers.set_from_environment(&name, &text)?;
        }
        for (flag, path, text) in flags {
            layers.set(path, text, Origin::Flag((*flag).to_owned()))?;
        }
        Ok(layers)
    }

    fn set_from_environment(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        if NOT_KEYS.contains(&name) || name.starts_with("QUARTERDECK_TEST_") {
            return Ok(());
        }
        let path = name.trim_start_matches(ENVIRONMENT_PREFIX).replace("__", ".").to_lowercase();
        self.set(&path, text, Origin::Environment(name.to_owned()))
    }

    fn set(&mut self, path: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let Some(key) = keys::find(path) else {
            return Err(ConfigError { origin, message: document::unknown(path) });
        };
        let value = match (&origin, key.kind) {
            // A secret given in the environment stays there: only its place is remembered.
            (Origin::Environment(name), Kind::Secret) => Ok(Value::Secret(SecretSource::Env(name.clone()))),
            _ => Value::from_text(path, key.kind, text),
        };
        let value = value.map_err(|message| ConfigError { origin: origin.clone(), message })?;
        self.values.insert(path.to_owned(), ValueAt { value, origin });
        Ok(())
    }

    /// The names chosen below a table: `names_below("panel")` gives the accounts.
    #[must_use]
    pub fn names_below(&self, table: &str) -> Vec<String> {
        let prefix = format!("{table}.");
        let mut names: Vec<String> = self
            .values
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter_map(|rest| rest.split('.').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }

    /// The text at a path: what was set, else the default of its pattern.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        match self.values.get(path).map(|at| &at.value) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::List(words)) => words.join(","),
            _ => keys::find(path).map(|key| key.default.to_owned()).unwrap_or_default(),
        }
    }

    /// The text at a path, or nothing when it is empty.
    #[must_use]
    pub fn optional_text(&self, path: &str) -> Option<String> {
        Some(self.text(path)).filter(|text| !text.is_empty())
    }

    /// Whether somebody set a path; else its default holds.
    #[must_use]
    pub fn is_set(&self, path: &str) -> bool {
        self.values.get(path).is_some_and(|at| at.origin != Origin::Default)
    }

    /// The switch at a path; its kind was checked when it was set.
    #[must_use]
    pub fn is_on(&self, path: &str) -> bool {
        self.text(path) == "true"
    }

    /// The whole number at a path; its kind was checked when it was set.
    #[must_use]
    pub fn number(&self, path: &str) -> u64 {
        self.text(path).parse().unwrap_or(0)
    }

    /// The decimal at a path; its kind was checked when it was set.
    #[must_use]
    pub fn decimal(&self, path: &str) -> rust_decimal::Decimal {
        self.text(path).parse().unwrap_or_default()
    }

    /// The place of the secret at a path.
    #[must_use]
    pub fn secret(&self, path: &str) -> Option<SecretSource> {
        match self.values.get(path).map(|at| &at.value) {
            Some(Value::Secret(source)) => Some(source.clone()),
            _ => None,
        }
    }

    /// Everything below a table as `rest of path → text`, with each value's origin.
    #[must_use]
    pub fn below(&self, table: &str) -> Vec<(String, &ValueAt)> {
        let prefix = format!("{table}.");
        self.values
            .iter()
            .filter_map(|(path, at)| Some((path.strip_prefix(&prefix)?.to_owned(), at)))
            .collect()
    }

    /// An error at the place a path was set, or at the file.
    #[must_use]
    pub fn error_at(&self, path: &str, message: impl Into<String>) -> ConfigError {
        let origin = self.values.get(path).map_or_else(
            || self.file.clone().map_or(Origin::Default, |file| Origin::File { file, line: 0 }),
            |at| at.origin.clone(),
        );
        ConfigError { origin, message: message.into() }
    }
}
