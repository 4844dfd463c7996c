//! sled damaged in every way: the store opens, sets it aside, rebuilds from the log, and says so.

use std::path::Path;

use quarterdeck::model::fleet::{Metric, Sample, SeriesKey, SeriesOwner};
use quarterdeck::model::time::Timestamp;
use quarterdeck::store::{RecordKind, Store, maintenance};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::support::{START, append, edit, journal, open, set_aside};

const RECORDS: u64 = 200;

fn series() -> SeriesKey {
    SeriesKey { owner: SeriesOwner::Site, metric: Metric::BurnPerHour }
}

fn points() -> Vec<Sample> {
    (0..100_u8)
        .map(|minute| Sample {
            at: Timestamp(START.0 + i64::from(minute) * 60_000),
            value: f32::from(minute),
        })
        .collect()
}

/// A data folder with records, caches and series, closed.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, _) = open(dir.path());
    append(&store, RECORDS);
    for name in 0..40 {
        store.put_cache(&format!("name-{name}"), &"x".repeat(300 + name)).expect("cached");
    }
    store.push_samples(&series(), &points()).expect("pushed");
    store.flush().expect("flushed");
    dir
}

/// Everything recorded is there, nothing cached is wrong, and the store works.
fn assert_whole(store: &Store) {
    assert_eq!(journal(store), (1..=RECORDS).collect::<Vec<_>>());
    assert_eq!(store.records_of(RecordKind::Journal, "run").expect("readable").len(), journal(store).len());
    for name in 0..40 {
        let value = store.get_cache::<String>(&format!("name-{name}")).expect("a cache");
        assert!(value.is_none_or(|value| value.len() == 300 + name));
    }
    let found = store.samples(&series(), Timestamp(0), Timestamp(i64::MAX)).expect("a series");
    assert!(found.iter().all(|point| points().contains(point)));
}

/// Opens after damage, checks, and checks that the next start is quiet. Returns what the first start said.
fn survive(dir: &Path) -> String {
    let (store, report) = open(dir);
    assert_whole(&store);
    store.put_cache("after", &7).expect("cached");
    store.flush().expect("flushed");
    let said = [report.notices, store.take_notices()].concat().join("\n");
    drop(store);
    if !said.contains("in memory") {
        let (store, report) = open(dir);
        assert_eq!(report.notices, Vec::<String>::new(), "the next start has nothing to say");
        assert_eq!(store.get_cache("after").expect("a cache"), Some(7));
        assert_whole(&store);
    }
    said
}

fn assert_rebuilt(said: &str) {
    assert!(said.contains("set aside") && said.contains("rebuilt from the log"), "{said}");
}

#[test]
fn an_undamaged_folder_has_nothing_to_say() {
    let dir = filled();
    assert_eq!(survive(dir.path()), "");
}

#[test]
fn truncated_to_any_length_it_is_set_aside_and_rebuilt() {
    for share in [0, 10, 50, 90] {
        let dir = filled();
        edit(&dir.path().join("sled/db"), |bytes| bytes.truncate(bytes.len() * share / 100));
        let said = survive(dir.path());
        assert_rebuilt(&said);
        assert_eq!(set_aside(dir.path()), 1, "it is kept for whoever wants to look");
    }
}

#[test]
fn with_flipped_bits_records_stay_whole_and_damage_is_said() {
    let mut random = SmallRng::seed_from_u64(7);
    let mut noticed = 0;
    for _ in 0..30 {
        let dir = filled();
        edit(&dir.path().join("sled/db"), |bytes| {
            for _ in 0..random.random_range(1..40) {
                let at = random.random_range(0..bytes.len());
                bytes[at] ^= 1 << random.random_range(0..8);
            }
        });
        noticed += usize::from(!survive(dir.path()).is_empty());
    }
    assert!(noticed > 5, "only {noticed} of 30 were noticed: the test no longer damages what matters");
}

#[test]
fn overwritten_with_zeros_or_noise_it_is_set_aside_and_rebuilt() {
    for byte in [0, 0xFF, 0x5A] {
        let dir = filled();
        edit(&dir.path().join("sled/db"), |bytes| bytes.fill(byte));
        assert_rebuilt(&survive(dir.path()));
    }
}

#[test]
fn deleted_in_whole_or_in_part_it_is_rebuilt() {
    let dir = filled();
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    assert!(survive(dir.path()).contains("rebuilt from the log"));

    let dir = filled();
    std::fs::remove_file(dir.path().join("sled/db")).unwrap();
    assert_rebuilt(&survive(dir.path()));

    let dir = filled();
    std::fs::remove_file(dir.path().join("sled/conf")).unwrap();
    survive(dir.path());
}

/// Opens sled behind the store's back; the threads of the store closed a moment ago let go of its lock late.
fn unlocked(dir: &Path) -> sled::Db {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        match sled::Config::new().path(dir.join("sled")).open() {
            Ok(db) => return db,
            Err(error) => {
                let is_locked = error.to_string().contains("acquire lock");
                assert!(is_locked && std::time::Instant::now() < deadline, "sled opens: {error}");
                std::thread::yield_now();
            }
        }
    }
}

/// Writes a number into sled's own bookkeeping of ours.
fn set_meta(dir: &Path, key: &str, number: u64) {
    let db = unlocked(dir);
    let meta = db.open_tree("meta").expect("a tree");
    meta.insert(key, &number.to_be_bytes()).expect("written");
    db.flush().expect("flushed");
}

#[test]
fn of_a_newer_program_it_is_set_aside_and_rebuilt() {
    for table in ["index", "cache", "series"] {
        let dir = filled();
        set_meta(dir.path(), &format!("schema/{table}"), 2);
        let said = survive(dir.path());
        assert_rebuilt(&said);
        assert!(said.contains(&format!("a newer Quarterdeck wrote it ({table} has format 2")), "{said}");
    }
}

#[test]
fn of_a_newer_sled_it_is_set_aside_and_rebuilt() {
    let dir = filled();
    edit(&dir.path().join("sled/conf"), |bytes| *bytes = b"version: 9.1\n0000".to_vec());
    assert_rebuilt(&survive(dir.path()));
}

#[test]
fn an_entry_lost_from_the_index_is_noticed() {
    let dir = filled();
    let db = sled::open(dir.path().join("sled")).unwrap();
    let index = db.open_tree("index").unwrap();
    let (key, _) = index.iter().nth(50).unwrap().unwrap();
    index.remove(key).unwrap();
    db.flush().unwrap();
    drop((index, db));
    assert_rebuilt(&survive(dir.path()));
}

#[test]
fn a_folder_whose_opening_ended_the_process_three_times_is_set_aside() {
    let dir = filled();
    std::fs::write(dir.path().join("sled.opening"), "3").unwrap();
    let said = survive(dir.path());
    assert_rebuilt(&said);
    assert!(said.contains("begun 3 times"), "{said}");
}

#[test]
fn where_sled_cannot_be_used_at_all_the_store_works_in_memory() {
    let dir = filled();
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    std::fs::write(dir.path().join("sled-compacting"), "a file where a folder is expected").unwrap();
    let (store, report) = open(dir.path());
    assert!(report.notices.join("\n").contains("in memory until the next start"), "{report:?}");
    assert_whole(&store);
    assert_eq!(store.append_blocking(RecordKind::Journal, "run", &1).unwrap(), RECORDS + 1);
    assert_eq!(journal(&store).len(), journal(&store).len());
}

#[test]
fn failing_while_in_use_it_is_replaced_by_memory_and_set_aside_at_the_next_start() {
    let dir = filled();
    let (store, _) = open(dir.path());
    edit(&dir.path().join("sled/db"), |bytes| bytes.fill(0x5A));
    for name in 0..40 {
        // Pages in memory may still answer; the first that is read from the disk fails.
        store.get_cache::<String>(&format!("name-{name}")).unwrap();
    }
    store.samples(&series(), Timestamp(0), Timestamp(i64::MAX)).unwrap();
    let said = store.take_notices().join("\n");
    assert!(said.contains("the cache failed") && said.contains("records are safe"), "{said}");
    assert_whole(&store);
    append(&store, 1);
    assert_eq!(journal(&store).len(), 201);
    store.put_cache("after", &7).unwrap();
    assert_eq!(store.get_cache("after").unwrap(), Some(7));
    store.flush().unwrap();
    drop(store);
    let (store, report) = open(dir.path());
    assert_rebuilt(&report.notices.join("\n"));
    assert_eq!(journal(&store).len(), 201);
}

#[test]
fn a_log_put_in_from_elsewhere_makes_the_index_follow() {
    let (dir, other) = (filled(), filled());
    let (store, _) = open(other.path());
    append(&store, 3);
    drop(store);
    std::fs::remove_dir_all(dir.path().join("log")).unwrap();
    std::fs::rename(other.path().join("log"), dir.path().join("log")).unwrap();
    let (store, _) = open(dir.path());
    assert_eq!(journal(&store).len(), 203);

    // An older log under a newer index: numbers of lost records are not given out again.
    drop(store);
    std::fs::remove_dir_all(dir.path().join("log")).unwrap();
    std::fs::rename(filled().path().join("log"), dir.path().join("log")).unwrap();
    let (store, report) = open(dir.path());
    assert!(report.notices.join("\n").contains("records up to 203 had been written"), "{report:?}");
    assert_eq!(store.append_blocking(RecordKind::Journal, "run", &1).unwrap(), 204);
}

#[test]
fn verify_tells_a_damaged_index_and_rebuild_mends_it() {
    let dir = filled();
    assert!(maintenance::verify(dir.path()).unwrap().is_sound());
    edit(&dir.path().join("sled/db"), |bytes| bytes.truncate(bytes.len() / 10));
    let report = maintenance::verify(dir.path()).unwrap();
    assert!(!report.is_sound(), "{report:?}");
    let report = maintenance::rebuild(dir.path()).unwrap();
    assert_eq!(report.records, RECORDS);
    assert!(report.notices.join("\n").contains("set aside"), "{report:?}");
    assert!(maintenance::verify(dir.path()).unwrap().is_sound());
}
