//! A small file system, and the properties file in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::entities::File;

type Files = BTreeMap<String, File>;

/// A new server's files.
pub(super) fn fresh(motd: &str) -> Files {
    let properties =
        format!("difficulty=easy\nmax-players=20\nmotd={motd}\nonline-mode=true\nview-distance=10\n");
    BTreeMap::from([
        ("server.properties".to_owned(), File::Data(properties.into_bytes())),
        ("logs".to_owned(), File::Folder),
        ("logs/latest.log".to_owned(), File::Data(b"[00:00:00] a log\n".to_vec())),
        ("world".to_owned(), File::Folder),
        ("world/level.dat".to_owned(), File::Data(vec![10, 0, 0, 10, 0, 4])),
    ])
}

/// The wire's object of a file or folder; of a folder with its children, when they are wanted.
pub(super) fn info(files: &Files, path: &str, with_children: bool) -> Option<Value> {
    let file = if path.is_empty() { &File::Folder } else { files.get(path)? };
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends_in = |end: &str| name.ends_with(end);
    let size = match file {
        File::Folder => 0,
        File::Data(bytes) => bytes.len(),
    };
    let children = (with_children && *file == File::Folder).then(|| {
        let inside = files.keys().filter(|other| parent(other) == path);
        inside.filter_map(|child| info(files, child, false)).collect::<Vec<_>>()
    });
    Some(json!({
        "path": path,
        "name": name,
        "isTextFile": ends_in(".properties") || ends_in(".log") || ends_in(".txt") || ends_in(".json"),
        "isConfigFile": ends_in(".properties"),
        "isDirectory": *file == File::Folder,
        "isLog": ends_in(".log"),
        "isReadable": true,
        "isWritable": !ends_in(".log"),
        "size": size,
        "children": children,
    }))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Writes a file or makes a folder, with the folders above it.
pub(super) fn write(files: &mut Files, path: &str, file: File) {
    let mut above = parent(path);
    while !above.is_empty() {
        files.entry(above.to_owned()).or_insert(File::Folder);
        above = parent(above);
    }
    files.insert(path.to_owned(), file);
}

/// Deletes a file, or a folder with what is in it.
pub(super) fn delete(files: &mut Files, path: &str) -> bool {
    let below = format!("{path}/");
    files.retain(|other, _| !other.starts_with(&below));
    files.remove(path).is_some()
}

/// `key=value` lines.
pub(super) fn read_properties(bytes: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(bytes)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The file again.
pub(super) fn write_properties(options: &[(String, String)]) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in options {
        text.extend([key.as_str(), "=", value.as_str(), "\n"]);
    }
    text.into_bytes()
}

/// The wire's object of an option.
pub(super) fn option(key: &str, value: &str) -> Value {
    let (kind, value) = match value {
        "true" | "false" => ("boolean", json!(value == "true")),
        number if number.parse::<i64>().is_ok() => ("integer", json!(number.parse::<i64>().unwrap_or(0))),
        text if key == "difficulty" => ("select", json!(text)),
        text => ("string", json!(text)),
    };
    let options = (kind == "select").then(|| json!(["peaceful", "easy", "normal", "hard"]));
    json!({ "key": key, "label": key.replace('-', " "), "type": kind, "value": value, "options": options })
}
