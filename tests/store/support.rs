//! A store in a folder of its own, and what tests do to its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::store::{OpenReport, Record, RecordKind, Store, StoreOptions};
use serde_json::json;

/// The moment at which tests begin: 2026-11-18.
pub const START: Timestamp = Timestamp(1_795_000_000_000);

/// Whatever is waited for is there by then.
pub const DEADLINE: Duration = Duration::from_mins(1);

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

pub fn open(dir: &Path) -> (Store, OpenReport) {
    Store::open(dir, clock()).expect("the store opens")
}

/// A store whose segments are closed after `segment_max_bytes`.
pub fn open_small(dir: &Path, segment_max_bytes: u64) -> (Store, OpenReport) {
    let options = StoreOptions { segment_max_bytes, ..StoreOptions::default() };
    Store::open_with(dir, clock(), options).expect("the store opens")
}

/// Appends `count` journal records of some 150 bytes.
pub fn append(store: &Store, count: u64) {
    for number in 0..count {
        store.append_blocking(RecordKind::Journal, "run", &json!({ "number": number })).expect("appended");
    }
}

pub fn sequences(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}

/// The sequence numbers of all journal records.
pub fn journal(store: &Store) -> Vec<u64> {
    sequences(&store.records(RecordKind::Journal).expect("readable records"))
}

/// The log's files, oldest first.
pub fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir.join("log"))
        .expect("a log folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// Changes the bytes of a file.
pub fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a readable file");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("a writable file");
}

/// The folders that were set aside.
pub fn set_aside(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).expect("a data folder").flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("sled-aside-")).count()
}
