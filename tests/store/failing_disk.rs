//! A disk that is full or fails to sync: everyone who waited is told, and nothing is recorded until a reopen.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use quarterdeck::model::problem::{Effect, Problem, ProblemKind};
use quarterdeck::store::{Disk, LogFile, RealDisk, RecordKind, Store, StoreOptions};

use crate::support::{clock, journal, open};

const WORKS: u8 = 0;
const IS_FULL: u8 = 1;
const FAILS_TO_SYNC: u8 = 2;

/// The real disk with faults, counting its syncs; a gate holds them up while it is closed.
#[derive(Default)]
struct Faults {
    mode: AtomicU8,
    syncs: AtomicUsize,
    is_closed: Mutex<bool>,
    waiting: AtomicUsize,
    opened: Condvar,
}

impl Faults {
    fn close_gate(&self, is_closed: bool) {
        *self.is_closed.lock().expect("a sound lock") = is_closed;
        self.opened.notify_all();
    }
}

#[derive(Clone, Default)]
struct FaultyDisk(Arc<Faults>);

struct FaultyFile(Box<dyn LogFile>, Arc<Faults>);

impl LogFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.1.mode.load(Ordering::SeqCst) == IS_FULL {
            // A full disk takes a part of the write.
            self.0.append(&bytes[..bytes.len() / 2])?;
            return Err(io::Error::from_raw_os_error(28));
        }
        self.0.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.syncs.fetch_add(1, Ordering::SeqCst);
        let mut is_closed = self.1.is_closed.lock().expect("a sound lock");
        self.1.waiting.fetch_add(1, Ordering::SeqCst);
        while *is_closed {
            is_closed = self.1.opened.wait(is_closed).expect("a sound lock");
        }
        self.1.waiting.fetch_sub(1, Ordering::SeqCst);
        if self.1.mode.load(Ordering::SeqCst) == FAILS_TO_SYNC {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.0.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }
}

impl Disk for FaultyDisk {
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(FaultyFile(RealDisk.open_append(path)?, Arc::clone(&self.0))))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        RealDisk.sync_folder(folder)
    }
}

fn open_faulty(dir: &Path) -> (Store, Arc<Faults>) {
    let disk = FaultyDisk::default();
    let faults = Arc::clone(&disk.0);
    let options = StoreOptions { disk: Arc::new(disk), ..StoreOptions::default() };
    (Store::open_with(dir, clock(), options).expect("the store opens").0, faults)
}

type Waiting = Pin<Box<dyn Future<Output = Result<u64, Problem>> + Send>>;

/// Holds the writer in a sync, then queues `count` appends behind it.
fn queue_behind_a_sync(store: &Store, faults: &Faults, count: u64) -> Vec<Waiting> {
    faults.close_gate(true);
    let mut waiting: Vec<Waiting> = Vec::new();
    let start = |number: u64| -> Waiting {
        let mut append: Waiting = Box::pin(store.append(RecordKind::Journal, "", &number));
        assert!(append.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        append
    };
    waiting.push(start(0));
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while faults.waiting.load(Ordering::SeqCst) == 0 {
        assert!(std::time::Instant::now() < deadline, "the writer never came to its sync");
        std::thread::yield_now();
    }
    waiting.extend((1..=count).map(start));
    waiting
}

fn outcomes(waiting: Vec<Waiting>) -> Vec<Result<u64, Problem>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(futures::future::join_all(waiting))
}

#[test]
fn appends_that_wait_together_share_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = open_faulty(dir.path());
    let waiting = queue_behind_a_sync(&store, &faults, 50);
    faults.close_gate(false);
    let sequences: Vec<u64> = outcomes(waiting).into_iter().map(Result::unwrap).collect();
    assert_eq!(sequences, (1..=51).collect::<Vec<_>>());
    assert_eq!(faults.syncs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_full_disk_or_a_failed_sync_is_told_to_all_who_wait_and_ends_recording_until_a_reopen() {
    for mode in [IS_FULL, FAILS_TO_SYNC] {
        let dir = tempfile::tempdir().unwrap();
        let (store, faults) = open_faulty(dir.path());
        store.append_blocking(RecordKind::Journal, "", "first").unwrap();
        let waiting = queue_behind_a_sync(&store, &faults, 10);
        if mode == FAILS_TO_SYNC {
            faults.mode.store(mode, Ordering::SeqCst);
        } else {
            // The one in its sync gets through; the disk is full for those behind it.
            faults.mode.store(IS_FULL, Ordering::SeqCst);
        }
        faults.close_gate(false);
        let outcomes = outcomes(waiting);
        let acknowledged = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(acknowledged, usize::from(mode == IS_FULL));
        for problem in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!((problem.kind, problem.effect), (ProblemKind::Storage, Effect::None), "{problem}");
        }
        faults.mode.store(WORKS, Ordering::SeqCst);
        let problem = store.append_blocking(RecordKind::Journal, "", "later").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Storage);
        assert!(problem.message.contains("takes no records since an append failed"), "{problem}");
        let before = journal(&store);
        assert_eq!(before.len(), 1 + acknowledged);
        drop(store);
        let (store, report) = open(dir.path());
        assert_eq!(journal(&store), before, "{report:?}");
        let next = store.append_blocking(RecordKind::Journal, "", "after").unwrap();
        assert_eq!(next, before.last().unwrap() + 1);
    }
}
