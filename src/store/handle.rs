//! The store as the engine holds it: appends, reads, caches and series behind one cheap handle.
//!
//! Must not: let a failure of the tables reach a caller who asked for records: they are rebuilt from the log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::catch_up::{self, CaughtUp, Live};
use super::disk::{Disk, RealDisk};
use super::index::{self, Entry};
use super::lock::FolderLock;
use super::log::{self, LOG_FOLDER};
use super::reader;
use super::record::{self, Record, RecordKind};
use super::series::Buffers;
use super::table_folder::TableFolder;
use super::tables::{Table, TableFault, Tables};
use super::wait;
use super::writer::{self, Append};
use crate::model::fleet::{Sample, SeriesKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::{Clock, Timestamp};

/// Notices kept until someone takes them; full: the oldest goes.
const NOTICES_MAX: usize = 64;

/// A segment is closed when it is this long. Small enough to read whole, large enough to compress well.
pub(super) const SEGMENT_MAX_BYTES: u64 = 8 << 20;

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// A segment that reached this many bytes is closed.
    pub segment_max_bytes: u64,
    /// Where log segments are created.
    pub disk: Arc<dyn Disk>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { segment_max_bytes: SEGMENT_MAX_BYTES, disk: Arc::new(RealDisk) }
    }
}

/// What opening found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Sentences for the operator: a torn line cut, damage and its place, sled set aside, rebuilt.
    pub notices: Vec<String>,
    /// The last sequence number given out; 0 in a new store.
    pub last_sequence: u64,
}

/// The store of one data folder. Clones share it; the folder is released when the last one is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What the writer's thread shares with the handle.
struct Shared {
    log_folder: PathBuf,
    table_folder: TableFolder,
    live: RwLock<Arc<Live>>,
    /// The last sequence number that is on the disk.
    synced: std::sync::atomic::AtomicU64,
    notices: Mutex<Vec<String>>,
}

struct Inner {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    series: Mutex<Buffers>,
    sender: Option<mpsc::Sender<Append>>,
    writer: Option<JoinHandle<()>>,
    _lock: FolderLock,
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the record log ended in a panic");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens the store in `dir`, creating it when it does not exist. Blocks: it reads and checks the whole log.
    ///
    /// # Errors
    /// `Unavailable` when another process has it open; `Storage` when the folder or the log cannot be read or written.
    /// Damage is no error: what can be read is kept, and the report says what cannot.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<(Self, OpenReport), Problem> {
        Self::open_with(dir, clock, StoreOptions::default())
    }

    /// [`Store::open`] with other options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        dir: &Path,
        clock: Arc<dyn Clock>,
        options: StoreOptions,
    ) -> Result<(Self, OpenReport), Problem> {
        let folder_lock = FolderLock::take(dir)?;
        let log_folder = dir.join(LOG_FOLDER);
        let mut notices = Vec::new();
        log::mend_end(&log_folder, &mut notices)?;
        let table_folder = TableFolder::of(dir);
        let open_tables = table_folder.open(&mut notices);
        let CaughtUp { live, replay, known_sequence } =
            catch_up::bring_up(&table_folder, open_tables, &log_folder, &mut notices)?;
        let position = log::position_after(&replay, known_sequence);
        let report = OpenReport { notices, last_sequence: position.next_sequence - 1 };
        let shared = Arc::new(Shared {
            log_folder: log_folder.clone(),
            table_folder,
            live: RwLock::new(Arc::new(live)),
            synced: report.last_sequence.into(),
            notices: Mutex::default(),
        });
        let (for_synced, for_notices) = (Arc::clone(&shared), Arc::clone(&shared));
        let (sender, thread) = writer::start(writer::Setup {
            folder: log_folder,
            position,
            segment_max_bytes: options.segment_max_bytes,
            disk: options.disk,
            clock: Arc::clone(&clock),
            on_synced: Box::new(move |entries| for_synced.index(entries)),
            on_notice: Arc::new(move |notice| for_notices.notice(notice)),
        })?;
        let inner = Inner {
            shared,
            clock,
            series: Mutex::default(),
            sender: Some(sender),
            writer: Some(thread),
            _lock: folder_lock,
        };
        Ok((Self { inner: Arc::new(inner) }, report))
    }

    /// Appends a record and returns its sequence number once it is on the disk.
    ///
    /// Dropping the future before it is done does not take the record back.
    ///
    /// # Errors
    /// `Storage` when the write or the sync failed, and from then on for every append: what the record announces must
    /// not be done. `Refused` when the body is too large or not JSON.
    pub fn append<B: Serialize + ?Sized>(
        &self,
        kind: RecordKind,
        key: &str,
        body: &B,
    ) -> impl Future<Output = Result<u64, Problem>> + Send + use<B> {
        let prepared = self.prepare(kind, key, &body);
        async move {
            let (sender, append, reply) = prepared?;
            sender.send(append).await.map_err(|_| closed())?;
            reply.await.map_err(|_| closed())?
        }
    }

    /// [`Store::append`] for callers without a runtime; blocks the thread.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_blocking<B: Serialize + ?Sized>(
        &self,
        kind: RecordKind,
        key: &str,
        body: &B,
    ) -> Result<u64, Problem> {
        wait::block_on(self.append(kind, key, body))
    }

    #[expect(clippy::type_complexity, reason = "the three parts of one append, taken apart at once")]
    fn prepare(
        &self,
        kind: RecordKind,
        key: &str,
        body: &impl Serialize,
    ) -> Result<(mpsc::Sender<Append>, Append, oneshot::Receiver<Result<u64, Problem>>), Problem> {
        let body = record::encode_body(kind, key, body)?;
        let sender = self.inner.sender.clone().ok_or_else(closed)?;
        let (reply, outcome) = oneshot::channel();
        Ok((sender, Append { kind, key: key.to_owned(), body, reply }, outcome))
    }

    /// All records of a kind, oldest first. Blocks.
    ///
    /// # Errors
    /// `Storage` when a record cannot be read any more, with its place.
    pub fn records(&self, kind: RecordKind) -> Result<Vec<Record>, Problem> {
        self.last_records(kind, usize::MAX)
    }

    /// The newest `limit` records of a kind, oldest first. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn last_records(&self, kind: RecordKind, limit: usize) -> Result<Vec<Record>, Problem> {
        let shared = &self.inner.shared;
        let places = shared.with_tables(|tables| index::places_of_kind(tables, kind, limit))?;
        reader::read_records(&shared.log_folder, &places)
    }

    /// All records of a kind and key, oldest first. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn records_of(&self, kind: RecordKind, key: &str) -> Result<Vec<Record>, Problem> {
        let shared = &self.inner.shared;
        let places = shared.with_tables(|tables| index::places_of_key(tables, kind, key))?;
        reader::read_records(&shared.log_folder, &places)
    }

    /// Keeps a value under a name; it may be lost, never wrong.
    ///
    /// # Errors
    /// `Storage` when it could not be kept.
    pub fn put_cache<V: Serialize + ?Sized>(&self, name: &str, value: &V) -> Result<(), Problem> {
        let bytes = super::cache::encode(name, value)?;
        let put = || vec![(name.as_bytes().to_vec(), Some(bytes.clone()))];
        self.inner.shared.with_tables(|tables| tables.apply(Table::Cache, put()))
    }

    /// The value kept under a name; nothing when there is none or it does not fit `T` any more.
    ///
    /// # Errors
    /// `Storage` when the tables fail and cannot be replaced.
    pub fn get_cache<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let bytes = self.inner.shared.with_tables(|tables| tables.get(Table::Cache, name.as_bytes()))?;
        Ok(bytes.and_then(|bytes| super::cache::decode(&bytes)))
    }

    /// Adds points to a series. They are readable at once, and on the disk after the next [`Store::flush`].
    ///
    /// Of several points at one moment the one pushed last stays.
    ///
    /// # Errors
    /// `Storage` when an hour that ended could not be written.
    pub fn push_samples(&self, series: &SeriesKey, points: &[Sample]) -> Result<(), Problem> {
        let mut pushed = false;
        self.inner.shared.with_tables(|tables| {
            let mut buffers = lock(&self.inner.series);
            let points = if std::mem::replace(&mut pushed, true) { &[] } else { points };
            buffers.push(tables, series, points)
        })
    }

    /// The points of a series from `from` to `to`, both included, oldest first.
    ///
    /// # Errors
    /// `Storage` when the tables fail and cannot be replaced.
    pub fn samples(
        &self,
        series: &SeriesKey,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Sample>, Problem> {
        let shared = &self.inner.shared;
        let read = || shared.with_tables(|tables| lock(&self.inner.series).read(tables, series, from, to));
        let (points, damaged) = read()?;
        if damaged > 0 {
            shared.notice(format!("{damaged} damaged chunks of a time series were left out"));
        }
        Ok(points)
    }

    /// Writes buffered points and returns when caches and series are on the disk. Blocks.
    ///
    /// # Errors
    /// `Storage` when they could not be written.
    pub fn flush(&self) -> Result<(), Problem> {
        let now = self.inner.clock.now();
        self.inner.shared.with_tables(|tables| {
            lock(&self.inner.series).write(tables, Some(now))?;
            tables.flush()
        })
    }

    /// What happened since the last call that people should know: tables replaced, chunks left out.
    #[must_use]
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.inner.shared.notices))
    }
}

impl Shared {
    fn notice(&self, notice: String) {
        tracing::warn!("{notice}");
        let mut notices = lock(&self.notices);
        if notices.len() == NOTICES_MAX {
            notices.remove(0);
        }
        notices.push(notice);
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes records that are on the disk into the index.
    fn index(&self, entries: &[Entry]) {
        if let Some(last) = entries.last() {
            self.synced.store(last.sequence, std::sync::atomic::Ordering::SeqCst);
        }
        let live = self.live();
        let outcome = index::add(&*live.tables, &mut lock(&live.index), entries);
        if let Err(fault) = outcome
            && let Err(problem) = self.fall_back(&live, &fault)
        {
            self.notice(problem.message);
        }
    }

    /// Runs `work` on the tables; when they fail, on those that replace them.
    fn with_tables<R>(
        &self,
        mut work: impl FnMut(&dyn Tables) -> Result<R, TableFault>,
    ) -> Result<R, Problem> {
        let live = self.live();
        match work(&*live.tables) {
            Ok(result) => Ok(result),
            Err(fault) => {
                self.fall_back(&live, &fault)?;
                work(&*self.live().tables).map_err(|fault| Problem::storage(fault.0))
            }
        }
    }

    /// Replaces failed tables by tables in memory, indexed from the log; the next open sets the failed ones aside.
    fn fall_back(&self, failed: &Arc<Live>, fault: &TableFault) -> Result<(), Problem> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&live, failed) {
            return Ok(()); // someone else was first
        }
        if let Err(error) = self.table_folder.condemn(&fault.0) {
            tracing::error!("the failed cache could not be marked: {error}");
        }
        let synced = self.synced.load(std::sync::atomic::Ordering::SeqCst);
        *live = Arc::new(catch_up::in_memory(&self.log_folder, synced)?);
        drop(live);
        self.notice(format!(
            "the cache failed ({fault}): going on in memory, records are safe; it is set aside at the next start"
        ));
        Ok(())
    }
}

fn closed() -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::Possible,
        message: "the store is closed".to_owned(),
        advice: "restart the engine".to_owned(),
    }
}
