//! A server's files: paths are below the game's folder (`providers/dathost.md` §3.7).

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Bytes that a server has room for beyond its base install.
pub(super) const QUOTA_BYTES: usize = 30 * 1024 * 1024;

/// Files of a fresh server.
pub(super) fn fresh() -> BTreeMap<String, Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    BTreeMap::from([
        ("cfg/server.cfg".to_owned(), text("hostname \"CS2\"\n")),
        ("cfg/warmup_server.cfg".to_owned(), text("mp_warmup_start\n")),
        ("gameinfo.gi".to_owned(), text("\"GameInfo\" {}\n")),
    ])
}

/// Files below a folder, their paths relative to it; nothing where there is no such folder.
pub(super) fn list(files: &BTreeMap<String, Vec<u8>>, folder: &str) -> Option<Value> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let rows: Vec<Value> = files
        .iter()
        .filter_map(|(path, bytes)| Some(json!({ "path": path.strip_prefix(&prefix)?, "size": bytes.len() })))
        .collect();
    (!rows.is_empty() || folder.is_empty()).then_some(Value::Array(rows))
}

/// Whether this is a folder: something is below it.
pub(super) fn is_folder(files: &BTreeMap<String, Vec<u8>>, path: &str) -> bool {
    let prefix = format!("{path}/");
    path.is_empty() || files.keys().any(|file| file.starts_with(&prefix))
}
