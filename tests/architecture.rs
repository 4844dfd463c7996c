//! Folders are layers: a module imports its own layer and those listed for it, and nothing else.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each layer may import besides itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sim", &["model"]),
    ("config", &["model"]),
    ("store", &["model"]),
    ("providers", &["model", "config"]),
    ("engine", &["model", "config", "store", "providers", "report"]),
    ("link", &["model", "engine"]),
    ("console", &["model", "link"]),
    ("report", &["model"]),
    ("cli", &["model", "config", "store", "providers", "engine", "link", "console", "sim", "report"]),
];

/// Crates that only some layers may use: what a layer must not know about the outside.
const CRATES: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("sqlx", &["providers", "sim"]),
    // A simulated provider calls back.
    ("reqwest", &["providers", "sim"]),
    ("tokio_tungstenite", &["providers"]),
    ("axum", &["sim"]),
    ("ratatui", &["console"]),
    ("crossterm", &["console"]),
    ("clap", &["cli"]),
    ("postcard", &["link", "store"]),
    ("plotters", &["report"]),
    ("krilla", &["report"]),
    ("krilla_svg", &["report"]),
    ("resvg", &["report"]),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The source without comments and without its unit tests, which may use anything.
fn code_of(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names that follow `prefix` in `code`: `crate::store::…` gives `store`; `crate::{a::…, b}` gives both.
fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(character),
                    _ => {}
                }
            }
            names.push(name);
        } else {
            names.push(rest.to_owned());
        }
    }
    names
        .iter()
        .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn modules_import_only_their_own_layer_and_those_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let layers: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 20, "the walk found only {} files", files.len());
    for file in files {
        let inside = file.strip_prefix(&root).expect("a file below src");
        let Some(layer) = inside.components().next().and_then(|part| part.as_os_str().to_str()) else {
            continue;
        };
        if inside.components().count() == 1 {
            continue; // lib.rs and main.rs only tie the layers together
        }
        let allowed = layers.get(layer).unwrap_or_else(|| panic!("layer {layer} is not in MAY_IMPORT"));
        let code = code_of(&std::fs::read_to_string(&file).expect("readable source"));
        for name in names_after(&code, "crate::") {
            if layers.contains_key(name.as_str()) && name != layer && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: {layer} must not import {name}", inside.display()));
            }
        }
        for (name, users) in CRATES {
            if code.contains(&format!("{name}::")) && !users.contains(&layer) {
                wrong.push(format!("{}: {layer} must not use the crate {name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_grouped_and_plain_imports() {
    let code = "use crate::store::Log;\nuse crate::{model::ids, engine::{self, state}};";
    assert_eq!(names_after(code, "crate::"), ["store", "model", "engine"]);
}
