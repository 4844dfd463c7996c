//! The store as the engine holds it: appends, reads, caches and series behind one cheap handle.
//!
//! Must not: let a failure of the tables reach a caller who asked for records: they are rebuilt from the log.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, RealDisk};
use super::index::{self, Entry, IndexState, Place};
use super::lock::FolderLock;
use super::log::{self, LOG_FOLDER, Replay};
use super::record::{self, Record, RecordKind};
use super::segment::{self, Line, SegmentName, io_problem};
use super::series::Buffers;
use super::tables::{MemoryTables, Table, TableFault, Tables};
use super::writer::{self, Append};
use crate::model::fleet::{Sample, SeriesKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::{Clock, Timestamp};

/// Records handed to the index at once while catching up.
const CATCH_UP_BATCH: usize = 2048;

/// Notices kept until someone takes them; full: the oldest goes.
const NOTICES_MAX: usize = 64;

/// A segment is closed when it is this long. Small enough to read whole, large enough to compress well.
const SEGMENT_MAX_BYTES: u64 = 8 << 20;

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

/// The tables in use and the state of the index in them: both change together when the tables fail.
struct Live {
    tables: Arc<dyn Tables>,
    index: Mutex<IndexState>,
}

/// What the writer's thread shares with the handle.
struct Shared {
    log_folder: PathBuf,
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
        let tables: Arc<dyn Tables> = Arc::new(MemoryTables::default());
        let (live, replay, known_sequence) = load_index(tables, &log_folder, &mut notices)?;
        let position = log::position_after(&replay, known_sequence);
        let report = OpenReport { notices, last_sequence: position.next_sequence - 1 };
        let shared = Arc::new(Shared {
            log_folder: log_folder.clone(),
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
        block_on(self.append(kind, key, body))
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
        read_records(&shared.log_folder, &places)
    }

    /// All records of a kind and key, oldest first. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn records_of(&self, kind: RecordKind, key: &str) -> Result<Vec<Record>, Problem> {
        let shared = &self.inner.shared;
        let places = shared.with_tables(|tables| index::places_of_key(tables, kind, key))?;
        read_records(&shared.log_folder, &places)
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
        let tables: Arc<dyn Tables> = Arc::new(MemoryTables::default());
        let synced = self.synced.load(std::sync::atomic::Ordering::SeqCst);
        let mut catch_up = CatchUp::new(&*tables, IndexState::default(), synced);
        log::replay(&self.log_folder, &mut |name, line| catch_up.take(name, line))?;
        let index = Mutex::new(catch_up.finish().map_err(|fault| Problem::storage(fault.0))?.indexed);
        *live = Arc::new(Live { tables, index });
        drop(live);
        self.notice(format!(
            "the cache failed ({fault}): going on in memory, records are safe; it is set aside at the next start"
        ));
        Ok(())
    }
}

/// Brings the index up to the log. One that says otherwise than the log is built anew: the log is right.
///
/// Also returns the highest sequence number that the index knew of.
fn load_index(
    tables: Arc<dyn Tables>,
    log_folder: &Path,
    notices: &mut Vec<String>,
) -> Result<(Live, Replay, u64), Problem> {
    let storage = |fault: TableFault| Problem::storage(fault.0);
    let known = index::load(&*tables).map_err(storage)?;
    let mut catch_up = CatchUp::new(&*tables, known, u64::MAX);
    let replay = log::replay(log_folder, &mut |name, line| catch_up.take(name, line))?;
    let mut caught_up = catch_up.finish().map_err(storage)?;
    notices.extend(replay.damages.iter().map(ToString::to_string));
    notices.extend(replay.gaps.iter().map(|gap| log::missing(*gap)));
    if known.through > replay.highest_seen {
        let (last, through) = (replay.last_sequence, known.through);
        notices.push(format!("the log ends at record {last}, but records up to {through} had been written"));
    }
    if !caught_up.agrees {
        tables.clear(Table::Index).map_err(storage)?;
        let mut rebuilding = CatchUp::new(&*tables, IndexState::default(), u64::MAX);
        log::replay(log_folder, &mut |name, line| rebuilding.take(name, line))?;
        caught_up = rebuilding.finish().map_err(storage)?;
        notices.push(format!(
            "the index did not agree with the log: rebuilt from the log ({} records)",
            caught_up.indexed.entries
        ));
    }
    Ok((Live { tables, index: Mutex::new(caught_up.indexed) }, replay, known.through))
}

/// Follows a replay: compares the records that are indexed and takes in those that are not.
struct CatchUp<'a> {
    tables: &'a dyn Tables,
    indexed: IndexState,
    /// What the index should be, by the log.
    seen: IndexState,
    known: IndexState,
    /// Records behind this one are not acknowledged yet.
    up_to: u64,
    pending: Vec<Entry>,
    fault: Option<TableFault>,
}

/// The end of a catch-up.
struct CaughtUp {
    indexed: IndexState,
    /// What was indexed before is what the log holds.
    agrees: bool,
}

impl<'a> CatchUp<'a> {
    fn new(tables: &'a dyn Tables, known: IndexState, up_to: u64) -> Self {
        let seen = IndexState::default();
        Self { tables, indexed: known, seen, known, up_to, pending: Vec::new(), fault: None }
    }

    fn take(&mut self, segment: SegmentName, line: &Line<'_>) -> Result<(), &'static str> {
        if line.sequence > self.up_to {
            return Ok(());
        }
        if line.sequence <= self.known.through {
            self.seen.include(line.sequence, line.checksum);
            return Ok(());
        }
        let head = record::parse_head(line.text)?;
        let length = u32::try_from(line.text.len()).map_err(|_| "the line is too long")?;
        let place = Place { segment, offset: line.offset, length, checksum: line.checksum };
        self.pending.push(Entry { sequence: line.sequence, kind: head.kind, key: head.key, place });
        if self.pending.len() >= CATCH_UP_BATCH {
            self.write();
        }
        Ok(())
    }

    fn write(&mut self) {
        if self.fault.is_none() {
            self.fault = index::add(self.tables, &mut self.indexed, &self.pending).err();
        }
        self.pending.clear();
    }

    fn finish(mut self) -> Result<CaughtUp, TableFault> {
        if !self.pending.is_empty() {
            self.write();
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(CaughtUp { indexed: self.indexed, agrees: self.seen == self.known }),
        }
    }
}

/// Reads records whose places are known, each segment once.
fn read_records(log_folder: &Path, places: &[(u64, Place)]) -> Result<Vec<Record>, Problem> {
    let mut records = Vec::with_capacity(places.len());
    for group in places.chunk_by(|(_, a), (_, b)| a.segment == b.segment) {
        let (Some((_, first)), Some((_, last))) = (group.first(), group.last()) else { continue };
        let name = first.segment;
        let length = (last.offset + u64::from(last.length)).saturating_sub(first.offset);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let path = log_folder.join(name.plain());
        let bytes = segment::read_span(log_folder, name, first.offset, length)
            .map_err(|error| io_problem("read", &path, &error))?;
        for (sequence, place) in group {
            let start = usize::try_from(place.offset.saturating_sub(first.offset)).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::try_from(place.length).unwrap_or(usize::MAX));
            let record = bytes
                .get(start..end)
                .ok_or("the file is shorter than it was")
                .and_then(|text| {
                    let checked = record::check_line(text)?;
                    let is_it = checked.sequence == *sequence && checked.checksum == place.checksum;
                    if is_it { record::parse_record(text) } else { Err("another record is in its place") }
                })
                .map_err(|reason| {
                    let offset = place.offset;
                    Problem::storage(format!(
                        "record {sequence} cannot be read from {}, byte {offset}: {reason}",
                        name.plain()
                    ))
                })?;
            records.push(record);
        }
    }
    Ok(records)
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

/// Wakes the thread that waits in [`block_on`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that needs no runtime. Unlike a runtime's own, it works inside a runtime too.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
