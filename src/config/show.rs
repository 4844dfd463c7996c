//! Printing configuration: what is in force and whence, and a commented sample of everything.

use std::fmt::Write as _;

use super::keys::{KEYS, Kind};
use super::load::Layers;

/// Every value in force, one line each; with its origin when asked. Secrets show their place only.
#[must_use]
pub fn in_force(layers: &Layers, with_origin: bool) -> String {
    let mut text = String::new();
    let width = layers.values.keys().map(String::len).max().unwrap_or(0);
    for (path, at) in &layers.values {
        let line = format!("{path:width$} = {}", at.value);
        let origin = if with_origin { format!("  # {}", at.origin) } else { String::new() };
        let _ = writeln!(text, "{line}{origin}");
    }
    text
}

/// A commented sample: every key with its help and default, nothing set.
#[must_use]
pub fn sample() -> String {
    let mut text = String::from(
        "# Quarterdeck's configuration. Every key is listed; lines without # are in force.\n\
         # A secret is written as the place where it is kept:\n\
         #   { env = \"NAME\" }   { file = \"/path\" } (mode 600)   { command = \"program argument\" }\n",
    );
    let mut table = String::new();
    for key in KEYS {
        let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let parent = parent.replace('*', "NAME");
        if parent != table {
            table.clone_from(&parent);
            let _ = write!(text, "\n# [{table}]\n");
        }
        let name = if name == "*" { "NAME" } else { name };
        let _ = writeln!(text, "# {}\n# {name} = {}", key.help, example(key.kind, key.default));
    }
    text
}

/// A value as it would be written.
fn example(kind: Kind, default: &str) -> String {
    match kind {
        Kind::Secret => "{ env = \"NAME\" }".to_owned(),
        Kind::Bool | Kind::Integer => default.to_owned(),
        Kind::TextList => "[\"p\", \"ctrl-p\"]".to_owned(),
        Kind::Choice(words) if default.is_empty() => format!("{:?}", words.first().unwrap_or(&"")),
        Kind::Text | Kind::Decimal | Kind::Choice(_) => format!("{default:?}"),
    }
}
