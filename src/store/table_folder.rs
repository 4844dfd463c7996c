//! The folder of the tables: opening it so that the engine starts whatever state it is in.
//!
//! A folder that is damaged, from a newer program, or that ended the process while it was opened, is renamed and a
//! new one begun.
//!
//! Must not: delete a folder that held data; only the replaced half of a finished compaction goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SendError, sync_channel};
use std::time::Duration;

use super::index::{self, IndexState};
use super::options::{TablesOptions, TablesWatch};
use super::sled_tables::{SledTables, bytes_on_disk};
use super::tables::{MemoryTables, TableFault, Tables};

const FOLDER: &str = "sled";
/// A compaction's unfinished copy, and what it replaces.
const COMPACTING: &str = "sled-compacting";
const REPLACED: &str = "sled-replaced";
/// The generation that the folder reached; see [`SledTables`].
const GENERATION_FILE: &str = "sled.generation";
/// Why the folder failed while in use.
const BROKEN_FILE: &str = "sled.broken";
/// How often in a row opening it was begun and not ended.
const OPENING_FILE: &str = "sled.opening";

/// A damaged length can make sled ask for more memory than there is, which ends the process: no panic to catch.
/// Three, because a process may be killed during an opening for other reasons.
const OPENINGS_MAX: u32 = 3;

/// Tables that are open.
pub(super) struct OpenTables {
    pub tables: Arc<dyn Tables>,
    /// What the index says of itself; nothing when it has to be built from the begin.
    pub index: Option<IndexState>,
    /// They live as long as the process: an index in them would only double the list in memory.
    pub is_memory: bool,
}

/// Paths in one data folder.
#[derive(Debug, Clone)]
pub(super) struct TableFolder(PathBuf);

impl TableFolder {
    pub(super) fn of(data_folder: &Path) -> Self {
        Self(data_folder.to_owned())
    }

    /// sled's folder.
    pub(super) fn path(&self) -> PathBuf {
        self.0.join(FOLDER)
    }

    /// Marks the folder as failed: the next opening sets it aside.
    pub(super) fn condemn(&self, reason: &str) -> io::Result<()> {
        fs::write(self.0.join(BROKEN_FILE), reason)
    }

    /// The generation that the folder is known to have reached.
    pub(super) fn generation(&self) -> u64 {
        let text = fs::read_to_string(self.0.join(GENERATION_FILE)).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    fn keep_generation(&self, generation: u64) -> io::Result<()> {
        let unfinished = self.0.join("sled.generation.tmp");
        fs::write(&unfinished, generation.to_string())?;
        fs::rename(unfinished, self.0.join(GENERATION_FILE))
    }

    /// Opens the tables whatever it takes; `notices` says what was done.
    pub(super) fn open(&self, options: &TablesOptions, notices: &mut Vec<String>) -> OpenTables {
        let outcome = match self.tidy() {
            Ok(()) => self.open_or_set_aside(options, notices),
            Err(error) => Err(TableFault(format!("its folder cannot be used: {error}"))),
        };
        outcome.unwrap_or_else(|fault| {
            notices.push(format!(
                "the cache cannot be kept on disk ({fault}): it is in memory until the next start"
            ));
            OpenTables { tables: Arc::new(MemoryTables::default()), index: None, is_memory: true }
        })
    }

    fn open_or_set_aside(
        &self,
        options: &TablesOptions,
        notices: &mut Vec<String>,
    ) -> Result<OpenTables, TableFault> {
        if !self.path().exists() && self.generation() > 0 {
            self.forget_marks()?;
            notices.push("the cache's folder is gone: begun anew and rebuilt from the log".to_owned());
        }
        let fault = match self.reason_not_to_open() {
            Some(reason) => TableFault(reason),
            None => match self.open_with_patience(options) {
                Opening::Opened(tables) => return Ok(tables),
                Opening::Failed(fault) => fault,
                // Its thread may still write below this name, so a new folder must wait for the next start.
                Opening::Late(fault) => return Err(fault),
            },
        };
        let aside = self.set_aside()?;
        notices.push(format!(
            "the cache could not be used: {fault}; set aside as {aside} and rebuilt from the log"
        ));
        match self.open_with_patience(options) {
            Opening::Opened(tables) => Ok(tables),
            Opening::Failed(fault) | Opening::Late(fault) => Err(fault),
        }
    }

    fn reason_not_to_open(&self) -> Option<String> {
        if let Ok(reason) = fs::read_to_string(self.0.join(BROKEN_FILE)) {
            return Some(reason);
        }
        let openings = self.openings();
        (openings >= OPENINGS_MAX).then(|| format!("opening it was begun {openings} times and never ended"))
    }

    fn openings(&self) -> u32 {
        fs::read_to_string(self.0.join(OPENING_FILE)).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Opens sled and reads the index on a thread of its own: damage may make either turn in a circle.
    ///
    /// Late, the folder is marked for the next start to set it aside; should it open after all, the thread takes the mark
    /// away again, so that a slow disk costs a session its caches and no more.
    fn open_with_patience(&self, options: &TablesOptions) -> Opening {
        if let Err(error) = self.mark_opening(self.openings() + 1) {
            return Opening::Failed(error.into());
        }
        let (sender, receiver) = sync_channel(0);
        let (folder, watch) = (self.clone(), Arc::clone(&options.watch));
        let thread = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
            watch.before_opening();
            let outcome = folder.open_now();
            if let Err(SendError(Ok(unheard))) = sender.send(outcome) {
                drop(unheard);
                if let Err(error) = remove_if_there(&folder.0.join(OPENING_FILE)) {
                    tracing::warn!("the cache opened late, and its mark stays: {error}");
                }
            }
        });
        let outcome = match thread {
            Ok(_) => receiver.recv_timeout(options.opening_patience),
            Err(error) => return Opening::Failed(error.into()),
        };
        match outcome {
            Err(RecvTimeoutError::Timeout) => {
                let patience = options.opening_patience;
                let fault = TableFault(format!("opening it did not end within {patience:?}"));
                match self.mark_opening(OPENINGS_MAX) {
                    Ok(()) => Opening::Late(fault),
                    Err(error) => Opening::Late(error.into()),
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                Opening::Failed(TableFault("opening it panicked".to_owned()))
            }
            Ok(Err(fault)) => Opening::Failed(fault),
            Ok(Ok(tables)) => match remove_if_there(&self.0.join(OPENING_FILE)) {
                Ok(()) => Opening::Opened(tables),
                Err(error) => Opening::Failed(error.into()),
            },
        }
    }

    fn mark_opening(&self, count: u32) -> io::Result<()> {
        fs::write(self.0.join(OPENING_FILE), count.to_string())
    }

    fn open_now(&self) -> Result<OpenTables, TableFault> {
        let folder = self.clone();
        let keep = move |generation| folder.keep_generation(generation);
        let tables = SledTables::open(&self.path(), self.generation(), keep)?;
        let index = index::load(&tables)?;
        Ok(OpenTables { tables: Arc::new(tables), index, is_memory: false })
    }

    /// Runs maintenance on sled as it is, nothing set aside. Damage may make sled turn in a circle, so it runs on a thread
    /// that is left behind when it takes more than `deadline`.
    pub(super) fn read_as_it_is<R: Send + 'static>(
        &self,
        watch: Arc<dyn TablesWatch>,
        deadline: Duration,
        work: impl FnOnce(&SledTables) -> Result<R, TableFault> + Send + 'static,
    ) -> Result<R, TableFault> {
        let (sender, receiver) = sync_channel(1);
        let folder = self.clone();
        std::thread::Builder::new().name("store-maintenance".to_owned()).spawn(move || {
            watch.before_opening();
            let keeper = folder.clone();
            let keep = move |generation| keeper.keep_generation(generation);
            let opened = SledTables::open(&folder.path(), folder.generation(), keep);
            // Closed before the answer: what comes next may rename the folder.
            let outcome = opened.and_then(|tables| work(&tables));
            // Nobody listens after the deadline.
            drop(sender.send(outcome));
        })?;
        receiver.recv_timeout(deadline).unwrap_or_else(|error| {
            Err(TableFault(match error {
                RecvTimeoutError::Timeout => format!("reading it did not end within {deadline:?}"),
                RecvTimeoutError::Disconnected => "reading it panicked".to_owned(),
            }))
        })
    }

    /// How long maintenance may take: sled reads a MiB in some 50 ms; what takes 20 times as long turns in a circle.
    pub(super) fn maintenance_deadline(&self) -> Duration {
        const AT_LEAST: Duration = Duration::from_secs(30);
        let mebibytes = bytes_on_disk(&self.path()) >> 20;
        AT_LEAST.saturating_add(Duration::from_secs(mebibytes))
    }

    /// Renames the folder and forgets its marks; returns the new name.
    fn set_aside(&self) -> io::Result<String> {
        let mut number = 1_u32;
        let name = loop {
            let name = format!("{FOLDER}-aside-{number}");
            if !self.0.join(&name).exists() {
                break name;
            }
            number += 1;
        };
        if self.path().exists() {
            fs::rename(self.path(), self.0.join(&name))?;
        }
        self.forget_marks()?;
        Ok(name)
    }

    fn forget_marks(&self) -> io::Result<()> {
        for file in [GENERATION_FILE, BROKEN_FILE, OPENING_FILE] {
            remove_if_there(&self.0.join(file))?;
        }
        Ok(())
    }

    /// Ends what a compaction left when it was interrupted.
    pub(super) fn tidy(&self) -> io::Result<()> {
        remove_folder_if_there(&self.0.join(COMPACTING))?;
        let replaced = self.0.join(REPLACED);
        if replaced.exists() && !self.path().exists() {
            return fs::rename(replaced, self.path());
        }
        remove_folder_if_there(&replaced)
    }

    /// Where a compaction writes its copy.
    pub(super) fn compacting(&self) -> PathBuf {
        self.0.join(COMPACTING)
    }

    /// Puts the finished copy in the folder's place.
    pub(super) fn replace_by_copy(&self) -> io::Result<()> {
        fs::rename(self.path(), self.0.join(REPLACED))?;
        fs::rename(self.compacting(), self.path())?;
        super::disk::sync_folder(&self.0)?;
        remove_folder_if_there(&self.0.join(REPLACED))
    }
}

enum Opening {
    Opened(OpenTables),
    Failed(TableFault),
    /// Not within the patience; its thread goes on.
    Late(TableFault),
}

impl From<io::Error> for TableFault {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove_folder_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
