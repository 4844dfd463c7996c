//! The store as the engine holds it: appends, reads, caches and series behind one cheap handle.
//!
//! Must not: let a failure of the tables reach a caller who asked for records: they are rebuilt from the log.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::catch_up::{self, CaughtUp};
use super::index::{self, KeySpan, Place};
use super::live::lock;
use super::lock::FolderLock;
use super::log::{self, LOG_FOLDER};
use super::options::StoreOptions;
use super::reader;
use super::rebuild::{self, RebuildProgress};
use super::record::{self, Record, RecordKind, RecordText, TypedRecord};
use super::segment::io_problem;
use super::series::Buffers;
use super::shared::Shared;
use super::table_folder::TableFolder;
use super::tables::Direction::{Backward, Forward};
use super::tables::Table;
use super::wait;
use super::writer::{self, Append};
use crate::model::fleet::{Sample, SeriesKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::{Clock, Timestamp};

/// What opening found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Sentences for the operator: a torn line cut, damage and its place, sled set aside, rebuilt.
    pub notices: Vec<String>,
    /// The last sequence number given out; 0 in a new store.
    pub last_sequence: u64,
}

/// An end of a span of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanEnd {
    /// Its smallest key.
    First,
    /// Its largest key.
    Last,
}

/// The store of one data folder. Clones share it; the folder is released when the last one is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    series: Mutex<Buffers>,
    sender: Option<mpsc::Sender<Append>>,
    writer: Option<JoinHandle<()>>,
    rebuild: Option<JoinHandle<()>>,
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
        self.shared.rebuilding.stop();
        if let Some(rebuild) = self.rebuild.take()
            && rebuild.join().is_err()
        {
            tracing::error!("the rebuild of the index ended in a panic");
        }
    }
}

impl Store {
    /// Opens the store in `dir`, creating it when it does not exist. Blocks: it reads and checks the whole log. An index
    /// that is damaged, missing or far behind is rebuilt in the background; a list made from that one reading serves meanwhile.
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
        let open_tables = table_folder.open(&options.tables, &mut notices);
        let at_once_max = options.tables.index_at_once_max;
        let CaughtUp { live, replay, known_sequence, rebuild_from } =
            catch_up::bring_up(&table_folder, open_tables, &log_folder, at_once_max, &mut notices)?;
        let position = log::position_after(&replay, known_sequence);
        let report = OpenReport { notices, last_sequence: position.next_sequence - 1 };
        let shared =
            Shared::new(log_folder.clone(), table_folder, options.tables, live, report.last_sequence);
        let shared = Arc::new(shared);
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
        let rebuild = rebuild_from.map(|from| rebuild::start(Arc::clone(&shared), from)).transpose();
        let inner = Inner {
            shared,
            clock,
            series: Mutex::default(),
            sender: Some(sender),
            writer: Some(thread),
            rebuild: rebuild.map_err(|error| io_problem("start a rebuild in", dir, &error))?,
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
        let places = shared.with_live(|live| live.places_of_kind(kind, 0, limit))?;
        reader::read_records(&shared.log_folder, &places)
    }

    /// All records of a kind and key, oldest first. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn records_of(&self, kind: RecordKind, key: &str) -> Result<Vec<Record>, Problem> {
        let shared = &self.inner.shared;
        let places = shared.with_live(|live| live.places_of_key(kind, key))?;
        reader::read_records(&shared.log_folder, &places)
    }

    /// Visits the records of a kind whose keys lie in any of the spans, oldest first, each body read as a `T`. Blocks.
    ///
    /// A record whose body is of another shape is another program's: it is left out; returned is how many were.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn visit_spans<T: DeserializeOwned>(
        &self,
        kind: RecordKind,
        spans: &[KeySpan],
        visit: &mut dyn FnMut(TypedRecord<T>),
    ) -> Result<usize, Problem> {
        let shared = &self.inner.shared;
        let mut places = Vec::new();
        for span in spans {
            let all = || shared.with_live(|live| live.places_in_span(kind, span, Forward, usize::MAX));
            places.extend(all()?);
        }
        places.sort_unstable();
        places.dedup();
        let mut left_out = 0;
        reader::visit_lines(&shared.log_folder, &places, &mut |line| {
            match record::parse_typed(line) {
                Some(record) => visit(record),
                None => left_out += 1,
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(left_out)
    }

    /// The first or last record of a kind whose key lies in the span, by the order of the keys; nothing when there is none or
    /// its body is no `T`. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn at_end_of_span<T: DeserializeOwned>(
        &self,
        kind: RecordKind,
        span: &KeySpan,
        end: SpanEnd,
    ) -> Result<Option<TypedRecord<T>>, Problem> {
        let shared = &self.inner.shared;
        let direction = if end == SpanEnd::First { Forward } else { Backward };
        let places = shared.with_live(|live| live.places_in_span(kind, span, direction, 1))?;
        let mut found = None;
        reader::visit_lines(&shared.log_folder, &places, &mut |line| {
            found = record::parse_typed(line);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// How many records of a kind have keys in the span. Blocks; reads the index only.
    ///
    /// # Errors
    /// `Storage` when the index cannot be read.
    pub fn count_in_span(&self, kind: RecordKind, span: &KeySpan) -> Result<usize, Problem> {
        let shared = &self.inner.shared;
        Ok(shared.with_live(|live| live.places_in_span(kind, span, Forward, usize::MAX))?.len())
    }

    /// Shows the records of a kind, or of a kind and key, from a sequence number on to `visit`, oldest first, until that says
    /// stop. Holds no more than a segment of them in memory. Blocks.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub fn visit_records(
        &self,
        kind: RecordKind,
        key: Option<&str>,
        from: u64,
        visit: &mut dyn FnMut(&RecordText<'_>) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        let places = self.places(kind, key, from)?;
        reader::visit_lines(&self.inner.shared.log_folder, &places, &mut |line| {
            Ok(visit(&record::parse_text(line)?))
        })
    }

    /// All records of a kind, or of a kind and key, up to a sequence number folded into one number: equal as long as they are
    /// the same. Blocks.
    ///
    /// # Errors
    /// `Storage` when the index fails and cannot be replaced.
    pub fn fingerprint(&self, kind: RecordKind, key: Option<&str>, through: u64) -> Result<u64, Problem> {
        let places = self.places(kind, key, 0)?;
        let known = places.iter().take_while(|(sequence, _)| *sequence <= through);
        Ok(known.fold(0, |fold, (sequence, place)| fold ^ index::mix(*sequence, place.checksum)))
    }

    fn places(&self, kind: RecordKind, key: Option<&str>, from: u64) -> Result<Vec<(u64, Place)>, Problem> {
        self.inner.shared.with_live(|live| match key {
            None => live.places_of_kind(kind, from, usize::MAX),
            Some(key) => {
                let mut places = live.places_of_key(kind, key)?;
                places.retain(|(sequence, _)| *sequence >= from);
                Ok(places)
            }
        })
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
        self.inner.shared.take_notices()
    }

    /// How far the rebuild of the index is; nothing when none goes on. Everything can be asked meanwhile.
    #[must_use]
    pub fn rebuild_progress(&self) -> Option<RebuildProgress> {
        self.inner.shared.rebuilding.progress()
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
