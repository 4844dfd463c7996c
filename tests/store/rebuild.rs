//! An index that is rebuilt while the store serves, and sled that does not come back from its opening.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use quarterdeck::store::maintenance::{self, TablesState};
use quarterdeck::store::{OpenReport, RecordKind, Store, StoreOptions, TablesOptions, TablesWatch};
use serde_json::json;

use crate::support::{DEADLINE, append, clock, edit, journal, open, sequences, set_aside};

/// Holds openings or rebuilds up: batches need a permit each.
#[derive(Default)]
pub struct Gate {
    is_opening_held: bool,
    permits: Mutex<Option<u64>>,
    changed: Condvar,
}

impl Gate {
    /// No batch passes until it is permitted.
    pub fn closed() -> Arc<Self> {
        Arc::new(Self { permits: Mutex::new(Some(0)), ..Self::default() })
    }

    /// No opening ends, as with a sled that turns in a circle.
    pub fn holding_openings() -> Arc<Self> {
        Arc::new(Self { is_opening_held: true, ..Self::default() })
    }

    pub fn permit(&self, batches: u64) {
        *self.permits.lock().expect("a gate") = Some(batches);
        self.changed.notify_all();
    }

    pub fn open(&self) {
        *self.permits.lock().expect("a gate") = None;
        self.changed.notify_all();
    }
}

impl TablesWatch for Gate {
    fn before_opening(&self) {
        if self.is_opening_held {
            loop {
                std::thread::park();
            }
        }
    }

    fn before_rebuild_batch(&self, _: u64) {
        let permits = self.permits.lock().expect("a gate");
        let closed = |permits: &mut Option<u64>| *permits == Some(0);
        // The deadline is for a test that failed: its store is dropped with the gate closed.
        let (mut permits, _) = self.changed.wait_timeout_while(permits, DEADLINE, closed).expect("a gate");
        if let Some(left) = permits.as_mut() {
            *left = left.saturating_sub(1);
        }
    }
}

pub fn options(watch: &Arc<Gate>) -> StoreOptions {
    let watch: Arc<dyn TablesWatch> = Arc::<Gate>::clone(watch);
    let tables = TablesOptions {
        index_at_once_max: 0,
        rebuild_batch: 16,
        watch,
        opening_patience: Duration::from_millis(50),
    };
    StoreOptions { segment_max_bytes: 3000, tables, ..StoreOptions::default() }
}

fn open_gated(dir: &Path, gate: &Arc<Gate>) -> (Store, OpenReport) {
    let mut options = options(gate);
    options.tables.opening_patience = DEADLINE;
    Store::open_with(dir, clock(), options).expect("the store opens")
}

/// Waits until no rebuild goes on.
pub fn wait_until_rebuilt(store: &Store) {
    let deadline = Instant::now() + DEADLINE;
    while store.rebuild_progress().is_some() {
        assert!(Instant::now() < deadline, "the rebuild does not end: {:?}", store.rebuild_progress());
        std::thread::yield_now();
    }
}

/// A folder with 100 records and no sled.
fn without_index() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, _) = open(dir.path());
    append(&store, 100);
    store.flush().expect("flushed");
    drop(store);
    std::fs::remove_dir_all(dir.path().join("sled")).expect("a sled folder");
    dir
}

/// What must be right at every moment of a rebuild.
fn assert_serves(store: &Store, count: u64) {
    assert_eq!(journal(store), (1..=count).collect::<Vec<_>>());
    let of_key = store.records_of(RecordKind::Journal, "run").expect("readable");
    assert_eq!(sequences(&of_key), (1..=count).collect::<Vec<_>>());
    let last = store.last_records(RecordKind::Journal, 3).expect("readable");
    assert_eq!(sequences(&last), (count - 2..=count).collect::<Vec<_>>());
    assert!(store.records_of(RecordKind::Journal, "other").expect("readable").is_empty());
    assert!(store.records(RecordKind::Audit).expect("readable").is_empty());
}

#[test]
fn the_store_serves_from_the_first_moment_of_a_rebuild_and_says_how_far_it_is() {
    let dir = without_index();
    let gate = Gate::closed();
    let (store, report) = open_gated(dir.path(), &gate);
    let said = report.notices.join("\n");
    assert!(said.contains("was missing: rebuilt from the log in the background (100 records)"), "{said}");
    let progress = store.rebuild_progress().expect("a rebuild");
    assert_eq!((progress.indexed, progress.records), (0, 100));
    assert_serves(&store, 100);
    for count in 101..=120 {
        // One batch for each append: the rebuild meets the records that come meanwhile.
        gate.permit(1);
        append(&store, 1);
        store.put_cache("name", &count).unwrap();
        assert_eq!(store.get_cache("name").unwrap(), Some(count));
        assert_serves(&store, count);
    }
    gate.open();
    wait_until_rebuilt(&store);
    assert_serves(&store, 120);
    append(&store, 1);
    let said = store.take_notices().join("\n");
    assert!(said.contains("the index over the records is rebuilt (1"), "{said}");
    store.flush().unwrap();
    drop(store);
    assert!(maintenance::verify(dir.path()).unwrap().is_sound());
    let (store, report) = open_gated(dir.path(), &gate);
    assert_eq!(report.notices, Vec::<String>::new(), "the next start has nothing to say");
    assert_eq!(store.rebuild_progress(), None);
    assert_eq!(store.get_cache("name").unwrap(), Some(120_u64), "caches of that time are kept");
    assert_serves(&store, 121);
}

#[test]
fn a_store_closed_in_the_middle_of_a_rebuild_goes_on_with_it_at_the_next_start() {
    let dir = without_index();
    for round in 1..=3 {
        let gate = Gate::closed();
        let (store, report) = open_gated(dir.path(), &gate);
        if round > 1 && report.notices.is_empty() {
            break; // the last one ended before it was told to stop
        }
        assert!(report.notices.join("\n").contains("in the background"), "{report:?}");
        gate.permit(2);
        let deadline = Instant::now() + DEADLINE;
        while store.rebuild_progress().is_some_and(|progress| progress.indexed < round * 16) {
            assert!(Instant::now() < deadline, "{:?}", store.rebuild_progress());
            std::thread::yield_now();
        }
        assert_serves(&store, 100);
        store.flush().unwrap();
        let closing = std::thread::spawn(move || drop(store));
        gate.open();
        closing.join().unwrap();
    }
    let gate = Gate::closed();
    gate.open();
    let (store, _) = open_gated(dir.path(), &gate);
    wait_until_rebuilt(&store);
    assert_serves(&store, 100);
    drop(store);
    assert!(maintenance::verify(dir.path()).unwrap().is_sound());
}

#[test]
fn tables_that_fail_during_a_rebuild_leave_the_store_serving_from_memory() {
    let dir = without_index();
    let gate = Gate::closed();
    let (store, _) = open_gated(dir.path(), &gate);
    for name in 0..40 {
        store.put_cache(&format!("name-{name}"), &"x".repeat(9000)).unwrap();
    }
    store.flush().unwrap();
    edit(&dir.path().join("sled/db"), |bytes| bytes.fill(0x5A));
    // Whether sled notices depends on what it still has in memory; records are there either way.
    for name in 0..40 {
        store.get_cache::<String>(&format!("name-{name}")).unwrap();
    }
    append(&store, 5);
    assert_serves(&store, 105);
    gate.open();
    wait_until_rebuilt(&store);
    append(&store, 5);
    assert_serves(&store, 110);
    drop(store);
    let (store, _) = open(dir.path());
    assert_serves(&store, 110);
}

#[test]
fn an_index_far_behind_the_log_is_completed_in_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 40);
    store.flush().unwrap();
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in ["conf", "db"] {
        std::fs::copy(dir.path().join("sled").join(file), copy.join(file)).unwrap();
    }
    append(&store, 60);
    drop(store);
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    std::fs::rename(copy, dir.path().join("sled")).unwrap();
    // As a SIGKILL leaves it: flushed long ago.
    std::fs::write(dir.path().join("sled.generation"), "1").unwrap();
    let gate = Gate::closed();
    let (store, report) = open_gated(dir.path(), &gate);
    let said = report.notices.join("\n");
    assert!(said.contains("was far behind the log: rebuilt from the log in the background"), "{said}");
    assert_eq!(store.rebuild_progress().map(|progress| progress.indexed), Some(40), "it goes on from there");
    assert_serves(&store, 100);
    gate.open();
    wait_until_rebuilt(&store);
    assert_serves(&store, 100);
}

#[test]
fn a_sled_that_hangs_while_opened_delays_the_start_by_the_patience_only_and_is_set_aside_at_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 100);
    store.put_cache("name", &1).unwrap();
    store.flush().unwrap();
    drop(store);
    let (store, report) = Store::open_with(dir.path(), clock(), options(&Gate::holding_openings())).unwrap();
    let said = report.notices.join("\n");
    assert!(said.contains("opening it did not end") && said.contains("in memory"), "{said}");
    assert_serves(&store, 100);
    append(&store, 20);
    assert_serves(&store, 120);
    store.put_cache("name", &2).unwrap();
    assert_eq!(store.get_cache("name").unwrap(), Some(2));
    store.flush().unwrap();
    drop(store);
    let (store, report) = open(dir.path());
    let said = report.notices.join("\n");
    assert!(said.contains("never ended; set aside as sled-aside-1"), "{said}");
    assert_eq!(set_aside(dir.path()), 1);
    assert_serves(&store, 120);
    drop(store);
    let (_, report) = open(dir.path());
    assert_eq!(report.notices, Vec::<String>::new());
}

#[test]
fn a_sled_that_opens_late_is_used_again_at_the_next_start() {
    /// Opens late by the permit of a test.
    struct Slow(Gate);
    impl TablesWatch for Slow {
        fn before_opening(&self) {
            self.0.before_rebuild_batch(0);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 100);
    store.put_cache("name", &1).unwrap();
    store.flush().unwrap();
    drop(store);
    let slow = Arc::new(Slow(Gate { permits: Mutex::new(Some(0)), ..Gate::default() }));
    let mut late = options(&Gate::closed());
    late.tables.watch = Arc::<Slow>::clone(&slow);
    let (store, report) = Store::open_with(dir.path(), clock(), late).unwrap();
    assert!(report.notices.join("\n").contains("opening it did not end"), "{report:?}");
    slow.0.open();
    let deadline = Instant::now() + DEADLINE;
    while dir.path().join("sled.opening").exists() {
        assert!(Instant::now() < deadline, "the mark stays");
        std::thread::yield_now();
    }
    assert_serves(&store, 100);
    drop(store);
    let (store, report) = open(dir.path());
    assert_eq!(report.notices, Vec::<String>::new());
    assert_eq!(store.get_cache("name").unwrap(), Some(1), "its caches are still there");
}

#[test]
fn verify_and_compact_end_when_sled_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 100);
    store.flush().unwrap();
    drop(store);
    let patience = Duration::from_millis(50);
    let report = maintenance::verify_with(dir.path(), patience, Gate::holding_openings()).unwrap();
    assert_eq!(report.records, 100, "the log is checked all the same");
    let TablesState::Damaged { reason } = &report.tables.state else { panic!("{report:?}") };
    assert!(reason.contains("did not end"), "{reason}");
    let problem = maintenance::compact_with(dir.path(), patience, Gate::holding_openings()).unwrap_err();
    assert!(problem.message.contains("did not end"), "{problem}");
    assert!(problem.advice.contains("store rebuild"), "{problem}");
    assert_eq!(maintenance::rebuild(dir.path()).unwrap().records, 100);
    assert!(maintenance::verify(dir.path()).unwrap().is_sound());
}

#[test]
fn appends_and_reads_of_several_threads_are_right_while_a_rebuild_changes_over() {
    let dir = without_index();
    let gate = Gate::closed();
    gate.open();
    for round in 0..8_u64 {
        let (store, _) = open_gated(dir.path(), &gate);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let store = store.clone();
                scope.spawn(move || {
                    let key = format!("{round}/{thread}");
                    for number in 1..=20_usize {
                        let sequence =
                            store.append_blocking(RecordKind::Audit, &key, &json!(number)).unwrap();
                        let own = store.records_of(RecordKind::Audit, &key).unwrap();
                        assert_eq!(own.len(), number, "an acknowledged record is found at once");
                        assert_eq!(own.last().map(|record| record.sequence), Some(sequence));
                    }
                });
            }
        });
        wait_until_rebuilt(&store);
        let expected = 100 + (round + 1) * 60;
        assert_eq!(store.records(RecordKind::Audit).unwrap().len() + 100, usize::try_from(expected).unwrap());
        drop(store);
        assert!(maintenance::verify(dir.path()).unwrap().is_sound());
        std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    }
}

/// Set in the child only: data folder and after how many batches it dies.
const CHILD: &str = "QUARTERDECK_TEST_REBUILD_CHILD";

/// The child: appends and flushes in the middle of a rebuild, then kills itself. Empty in an ordinary test run.
#[test]
fn child_that_dies_in_a_rebuild() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (batches, dir) = task.split_once(' ').unwrap();
    let gate = Gate::closed();
    let (store, _) = open_gated(Path::new(dir), &gate);
    for _ in 0..batches.parse::<u64>().unwrap() {
        gate.permit(1);
        append(&store, 1);
        store.flush().unwrap();
    }
    nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[test]
fn sigkill_in_the_middle_of_a_rebuild_loses_nothing_and_the_next_start_goes_on() {
    use std::os::unix::process::ExitStatusExt;
    for batches in 0..9 {
        let dir = without_index();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "rebuild::child_that_dies_in_a_rebuild", "--nocapture"]);
        command.env(CHILD, format!("{batches} {}", dir.path().display()));
        let output = command.output().unwrap();
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        let gate = Gate::closed();
        let (store, _) = open_gated(dir.path(), &gate);
        assert_serves(&store, 100 + batches);
        gate.open();
        wait_until_rebuilt(&store);
        assert_serves(&store, 100 + batches);
        drop(store);
        assert!(maintenance::verify(dir.path()).unwrap().is_sound());
    }
}
