//! Reading config.toml into a flat list of paths and values, each with its line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Kind};
use super::load::{ConfigError, Origin, Value, ValueAt};
use super::secret::SecretSource;

/// Largest configuration file read, bytes: a hundred times a full sample.
const MAX_BYTES: u64 = 1024 * 1024;

/// Every value of a file by dotted path.
///
/// # Errors
/// The file is not TOML, holds an unknown key (with a suggestion) or a value of the wrong kind.
pub fn read(file: &std::path::Path) -> Result<BTreeMap<String, ValueAt>, ConfigError> {
    let refuse =
        |message: String| ConfigError { origin: Origin::File { file: file.to_path_buf(), line: 0 }, message };
    let about = std::fs::metadata(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => refuse(
            "there is no such file; `quarterdeck config init` writes a commented sample there".to_owned(),
        ),
        _ => refuse(error.to_string()),
    })?;
    let size = about.len();
    if size > MAX_BYTES {
        return Err(refuse(format!("{size} bytes are too many for a configuration file")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
    parse(&text, file)
}

/// Every value of a TOML text by dotted path.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, file: &std::path::Path) -> Result<BTreeMap<String, ValueAt>, ConfigError> {
    let reader = Reader { text, file: file.to_path_buf() };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        reader.error(at, error.message().to_owned())
    })?;
    let mut values = BTreeMap::new();
    reader.table("", table.get_ref(), &mut values)?;
    Ok(values)
}

/// The text being read and its name, for positions.
struct Reader<'t> {
    text: &'t str,
    file: PathBuf,
}

impl Reader<'_> {
    fn origin(&self, byte: usize) -> Origin {
        let before = self.text.get(..byte).unwrap_or_default();
        Origin::File { file: self.file.clone(), line: before.matches('\n').count() + 1 }
    }

    fn error(&self, byte: usize, message: String) -> ConfigError {
        ConfigError { origin: self.origin(byte), message }
    }

    fn table(
        &self,
        prefix: &str,
        table: &DeTable<'_>,
        values: &mut BTreeMap<String, ValueAt>,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let at = name.span().start;
            if name.get_ref().contains('.') {
                return Err(self.error(at, format!("the name {:?} must not hold a dot", name.get_ref())));
            }
            match (keys::find(&path), value.get_ref()) {
                (Some(key), found) => {
                    let value = self.value(&path, key.kind, found, value)?;
                    values.insert(path, ValueAt { value, origin: self.origin(at) });
                }
                (None, DeValue::Table(inner)) if keys::is_table(&path) => self.table(&path, inner, values)?,
                (None, _) if keys::is_table(&path) => {
                    return Err(self.error(at, format!("{path} is a table: write [{path}]")));
                }
                (None, _) => return Err(self.error(at, unknown(&path))),
            }
        }
        Ok(())
    }

    fn value(
        &self,
        path: &str,
        kind: Kind,
        found: &DeValue<'_>,
        spanned: &Spanned<DeValue<'_>>,
    ) -> Result<Value, ConfigError> {
        let text = match (kind, found) {
            (Kind::Secret, DeValue::Table(table)) => return self.secret(path, table, spanned.span().start),
            (Kind::Secret, _) => {
                let message = format!(
                    "{path} is a secret: write where it is kept, {{ env = \"X\" }}, {{ file = \"…\" }} or {{ command = \"…\" }}"
                );
                return Err(self.error(spanned.span().start, message));
            }
            (Kind::TextList, DeValue::Array(items)) => {
                let words: Option<Vec<String>> = items.iter().map(|item| plain(item.get_ref())).collect();
                return words
                    .map(Value::List)
                    .ok_or_else(|| self.error(spanned.span().start, format!("{path} is a list of texts")));
            }
            (_, found) => plain(found),
        };
        let text = text.ok_or_else(|| {
            self.error(spanned.span().start, format!("{path} cannot be a {}", found.type_str()))
        })?;
        Value::from_text(path, kind, &text).map_err(|message| self.error(spanned.span().start, message))
    }

    fn secret(&self, path: &str, table: &DeTable<'_>, at: usize) -> Result<Value, ConfigError> {
        let mut sources = table.iter();
        let one = match (sources.next(), sources.next()) {
            (Some((name, value)), None) => {
                plain(value.get_ref()).map(|text| (name.get_ref().to_string(), text))
            }
            _ => None,
        };
        match one.as_ref().map(|(name, text)| (name.as_str(), text)) {
            Some(("env", text)) => Ok(Value::Secret(SecretSource::Env(text.clone()))),
            Some(("file", text)) => Ok(Value::Secret(SecretSource::File(text.into()))),
            Some(("command", text)) => Ok(Value::Secret(SecretSource::Command(text.clone()))),
            _ => Err(self.error(at, format!("{path} takes exactly one of env, file and command"))),
        }
    }
}

/// A scalar as text.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The message for a key that is not in the table.
pub fn unknown(path: &str) -> String {
    match keys::suggestion(path) {
        Some(near) => format!("unknown key {path}; did you mean {near}?"),
        None => format!("unknown key {path}; `quarterdeck config init --stdout` prints every key"),
    }
}
