//! verify, export, import, compact, rebuild.

use quarterdeck::model::problem::ProblemKind;
use quarterdeck::store::maintenance::{self, TablesState};

use crate::support::{append, edit, journal, open, open_small, segments};

#[test]
fn verify_and_export_work_beside_a_running_engine_and_the_others_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 5);
    let report = maintenance::verify(dir.path()).unwrap();
    assert_eq!((report.records, report.last_sequence), (5, 5));
    assert_eq!(report.tables.state, TablesState::InUse);
    let mut exported = Vec::new();
    assert_eq!(maintenance::export(dir.path(), &mut exported).unwrap().records, 5);
    assert_eq!(exported, std::fs::read(&segments(dir.path())[0]).unwrap(), "the export is the log");
    assert_eq!(maintenance::compact(dir.path()).unwrap_err().kind, ProblemKind::Unavailable);
    assert_eq!(maintenance::rebuild(dir.path()).unwrap_err().kind, ProblemKind::Unavailable);
    let refused = maintenance::import(dir.path(), &mut exported.as_slice()).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Unavailable);
    drop(store);
    let report = maintenance::verify(dir.path()).unwrap();
    assert_eq!(report.tables.state, TablesState::Agrees { through: 5 });
    assert!(report.is_sound());
}

#[test]
fn a_folder_without_a_log_is_not_taken_for_an_empty_store() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(maintenance::verify(dir.path()).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(maintenance::export(dir.path(), &mut Vec::new()).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "looking leaves nothing behind");
}

#[test]
fn an_import_continues_a_log_or_is_refused_in_whole() {
    let source = tempfile::tempdir().unwrap();
    let (store, _) = open_small(source.path(), 1000);
    append(&store, 30);
    drop(store);
    let mut exported = Vec::new();
    maintenance::export(source.path(), &mut exported).unwrap();
    let lines: Vec<&[u8]> = exported.split_inclusive(|byte| *byte == b'\n').collect();

    let target = tempfile::tempdir().unwrap();
    let report = maintenance::import(target.path(), &mut lines[..20].concat().as_slice()).unwrap();
    assert_eq!((report.records, report.first_sequence, report.last_sequence), (20, 1, 20));
    let again = maintenance::import(target.path(), &mut exported.as_slice()).unwrap_err();
    assert_eq!(again.kind, ProblemKind::Refused);
    assert!(again.message.contains("its sequence is 1 where 21 must come"), "{again}");
    let mut torn = lines[20..].concat();
    torn.pop();
    let refused = maintenance::import(target.path(), &mut torn.as_slice()).unwrap_err();
    assert!(refused.message.contains("line 10 of the input: it is not complete"), "{refused}");
    let swapped = [lines[20], lines[22], lines[21]].concat();
    assert!(maintenance::import(target.path(), &mut swapped.as_slice()).is_err());
    assert_eq!(maintenance::verify(target.path()).unwrap().records, 20, "a refused import changes nothing");
    maintenance::import(target.path(), &mut lines[20..].concat().as_slice()).unwrap();
    let (store, report) = open(target.path());
    assert_eq!(journal(&store), (1..=30).collect::<Vec<_>>());
    assert_eq!(report.last_sequence, 30);
}

#[test]
fn compacting_shrinks_log_and_cache_and_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open_small(dir.path(), 20_000);
    append(&store, 600);
    for round in 0..40_u32 {
        for name in 0..20_u32 {
            store.put_cache(&format!("name-{name}"), &vec![round; 2000]).unwrap();
        }
        store.flush().unwrap();
    }
    drop(store);
    let report = maintenance::compact(dir.path()).unwrap();
    assert!(report.cache_bytes_after < report.cache_bytes_before, "{report:?}");
    assert!(report.log_bytes_after <= report.log_bytes_before, "{report:?}");
    let (store, opened) = open_small(dir.path(), 20_000);
    assert_eq!(opened.notices, Vec::<String>::new());
    assert_eq!(journal(&store).len(), 600);
    assert_eq!(store.get_cache::<Vec<u32>>("name-7").unwrap(), Some(vec![39; 2000]));
}

#[test]
fn a_compaction_interrupted_at_any_point_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.put_cache("name", &7).unwrap();
    append(&store, 3);
    store.flush().unwrap();
    drop(store);
    let [sled, copy, replaced] =
        ["sled", "sled-compacting", "sled-replaced"].map(|name| dir.path().join(name));
    let assert_whole = || {
        let (store, report) = open(dir.path());
        assert_eq!((store.get_cache("name").expect("a cache"), report.notices), (Some(7), vec![]));
        drop(store);
        assert!(!copy.exists() && !replaced.exists());
    };
    std::fs::create_dir(&copy).unwrap(); // killed while copying
    assert_whole();
    std::fs::rename(&sled, &replaced).unwrap(); // killed between the renames
    std::fs::create_dir(&copy).unwrap();
    assert_whole();
    std::fs::create_dir(&replaced).unwrap(); // killed before the old one was removed
    assert_whole();
}

#[test]
fn a_compression_interrupted_at_any_point_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 3);
    drop(store);
    let plain = segments(dir.path()).remove(0);
    std::fs::write(plain.with_extension("log.zst.tmp"), "half").unwrap();
    std::fs::write(plain.with_extension("log.zst"), "a twin whose original was not removed yet").unwrap();
    let (store, report) = open(dir.path());
    assert_eq!((journal(&store), report.notices), (vec![1, 2, 3], vec![]));
    assert_eq!(segments(dir.path()), std::slice::from_ref(&plain));
    drop(store);
    edit(&plain, Vec::clear);
    assert!(!maintenance::verify(dir.path()).unwrap().is_sound(), "the index remembers what the log lost");
}
