//! The one thread that appends to the log: records that wait together share one write and one sync.
//!
//! Must not: acknowledge before the sync returned, or go on after a failed write or sync. After a failed sync the
//! kernel may have dropped the pages and report the next sync as good, so nothing can be trusted until a reopen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, LogFile};
use super::index::{Entry, Place};
use super::log::{self, Position};
use super::record::{self, RecordKind};
use super::segment::{SegmentName, as_u64, io_problem, month_of};
use crate::model::problem::{Effect, Problem};
use crate::model::time::Clock;

/// Records waiting to be written. Full: the appender waits; nothing is dropped.
pub(super) const QUEUE: usize = 1024;

/// The most written with one sync, so that the first waiter's wait stays short.
const BATCH_MAX_RECORDS: usize = 512;
const BATCH_MAX_BYTES: usize = 4 << 20;

const ADVICE_AFTER_FAILURE: &str =
    "free the disk of the data folder, then restart the engine: nothing more is recorded until then";

/// One record on its way to the disk.
pub(super) struct Append {
    pub kind: RecordKind,
    pub key: String,
    pub body: String,
    pub reply: oneshot::Sender<Result<u64, Problem>>,
}

/// Told of records once they are on the disk and before they are acknowledged.
pub(super) type OnSynced = Box<dyn FnMut(&[Entry]) + Send>;

/// Told of something that people should know.
pub(super) type OnNotice = Arc<dyn Fn(String) + Send + Sync>;

/// What the writer needs.
pub(super) struct Setup {
    pub folder: PathBuf,
    pub position: Position,
    pub segment_max_bytes: u64,
    pub disk: Arc<dyn Disk>,
    pub clock: Arc<dyn Clock>,
    pub on_synced: OnSynced,
    pub on_notice: OnNotice,
}

/// Starts the thread; it ends when the sender is gone and everything queued is written.
pub(super) fn start(setup: Setup) -> Result<(mpsc::Sender<Append>, JoinHandle<()>), Problem> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let folder = setup.folder.clone();
    let writer = Writer { setup, open: None, failure: None, compressor: None };
    let thread = std::thread::Builder::new()
        .name("store-log".to_owned())
        .spawn(move || writer.run(receiver))
        .map_err(|error| io_problem("start the writer of", &folder, &error))?;
    Ok((sender, thread))
}

struct Open {
    name: SegmentName,
    length: u64,
    file: Box<dyn LogFile>,
}

struct Writer {
    setup: Setup,
    open: Option<Open>,
    /// Why nothing may be appended any more.
    failure: Option<Problem>,
    compressor: Option<JoinHandle<()>>,
}

impl Writer {
    fn run(mut self, mut receiver: mpsc::Receiver<Append>) {
        self.compress_in_background();
        while let Some(first) = receiver.blocking_recv() {
            let mut bytes = first.body.len();
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX_RECORDS && bytes < BATCH_MAX_BYTES {
                let Ok(next) = receiver.try_recv() else { break };
                bytes += next.body.len();
                batch.push(next);
            }
            self.append(batch);
        }
        if let Some(compressor) = self.compressor.take()
            && compressor.join().is_err()
        {
            (self.setup.on_notice)("compressing the log's old segments failed".to_owned());
        }
    }

    /// Writes and syncs a batch, then answers everyone in it.
    fn append(&mut self, batch: Vec<Append>) {
        let outcome = match &self.failure {
            Some(failure) => Err(refusal(failure)),
            None => self.write(&batch).inspect_err(|failure| self.failure = Some(failure.clone())),
        };
        match outcome {
            Ok(entries) => {
                (self.setup.on_synced)(&entries);
                for (append, entry) in batch.into_iter().zip(entries) {
                    answer(append.reply, Ok(entry.sequence));
                }
            }
            Err(problem) => {
                for append in batch {
                    answer(append.reply, Err(problem.clone()));
                }
            }
        }
    }

    fn write(&mut self, batch: &[Append]) -> Result<Vec<Entry>, Problem> {
        let at = self.setup.clock.now();
        let mut sequence = self.setup.position.next_sequence;
        let folder = self.setup.folder.clone();
        let open = self.segment_for(month_of(at))?;
        let mut bytes = Vec::new();
        let mut entries = Vec::with_capacity(batch.len());
        for append in batch {
            let line = record::encode_line(sequence, append.kind, at, &append.key, &append.body);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let checked = record::check_line(text).map_err(Problem::storage)?;
            let place = Place {
                segment: open.name,
                offset: open.length + as_u64(bytes.len()),
                length: u32::try_from(text.len()).unwrap_or(u32::MAX),
                checksum: checked.checksum,
            };
            entries.push(Entry { sequence, kind: Some(append.kind), key: append.key.clone(), place });
            bytes.extend_from_slice(&line);
            sequence += 1;
        }
        let path = folder.join(open.name.plain());
        if let Err(error) = open.file.append(&bytes).and_then(|()| open.file.sync()) {
            return Err(failed(open, &path, &error));
        }
        open.length += as_u64(bytes.len());
        self.setup.position = Position { next_sequence: sequence, segment: Some((open.name, open.length)) };
        Ok(entries)
    }

    /// The segment that the next record goes to: the current one, or a new one when it is full or of another month.
    fn segment_for(&mut self, month: u32) -> Result<&mut Open, Problem> {
        let position = self.setup.position;
        let current = position.segment.filter(|(name, length)| {
            name.month == month && (*length < self.setup.segment_max_bytes || *length == 0)
        });
        let (name, length) = current.unwrap_or((SegmentName { first: position.next_sequence, month }, 0));
        if self.open.as_ref().is_none_or(|open| open.name != name) {
            let is_rotation = self.open.is_some();
            self.open = Some(self.open_segment(name, length)?);
            if is_rotation {
                self.compress_in_background();
            }
        }
        self.open.as_mut().ok_or_else(|| Problem::storage("the log has no open segment"))
    }

    fn open_segment(&self, name: SegmentName, length: u64) -> Result<Open, Problem> {
        let path = self.setup.folder.join(name.plain());
        let file = self.setup.disk.open_append(&path).map_err(|error| io_problem("open", &path, &error))?;
        let folder = &self.setup.folder;
        self.setup.disk.sync_folder(folder).map_err(|error| io_problem("sync", folder, &error))?;
        Ok(Open { name, length, file })
    }

    /// Compresses what is closed, unless that is going on already.
    fn compress_in_background(&mut self) {
        if self.compressor.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let folder = self.setup.folder.clone();
        let on_notice = Arc::clone(&self.setup.on_notice);
        let thread = std::thread::Builder::new().name("store-compress".to_owned()).spawn(move || {
            if let Err(problem) = log::compress_old(&folder) {
                on_notice(format!("an old log segment stays uncompressed: {}", problem.message));
            }
        });
        self.compressor = thread.ok();
    }
}

/// The problem of a write or sync that failed. What it may have left behind is cut, so that a reopen does not find it.
fn failed(open: &mut Open, path: &Path, error: &std::io::Error) -> Problem {
    let is_cut = open.file.cut(open.length).is_ok();
    let mut problem = io_problem("append to", path, error);
    problem.effect = if is_cut { Effect::None } else { Effect::Possible };
    ADVICE_AFTER_FAILURE.clone_into(&mut problem.advice);
    problem
}

fn refusal(failure: &Problem) -> Problem {
    let mut problem = failure.clone();
    problem.effect = Effect::None;
    problem.message = format!("the log takes no records since an append failed: {}", failure.message);
    problem
}

fn answer(reply: oneshot::Sender<Result<u64, Problem>>, outcome: Result<u64, Problem>) {
    // A caller that stopped waiting is no failure: its record is written all the same.
    drop(reply.send(outcome));
}
