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
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::index::{self, IndexState};
use super::sled_tables::SledTables;
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

/// Damage can make sled turn in a circle. Opening takes 20 to 130 ms for stores of our size.
const OPENING_DEADLINE: Duration = Duration::from_mins(1);

/// Tables that are open.
pub(super) struct OpenTables {
    pub tables: Arc<dyn Tables>,
    /// What the index says of itself; nothing when it has to be built from the begin.
    pub index: Option<IndexState>,
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
    pub(super) fn open(&self, notices: &mut Vec<String>) -> OpenTables {
        let outcome = match self.tidy() {
            Ok(()) => self.open_or_set_aside(notices),
            Err(error) => Err(TableFault(format!("its folder cannot be used: {error}"))),
        };
        outcome.unwrap_or_else(|fault| {
            notices.push(format!(
                "the cache cannot be kept on disk ({fault}): it is in memory until the next start"
            ));
            OpenTables { tables: Arc::new(MemoryTables::default()), index: None }
        })
    }

    fn open_or_set_aside(&self, notices: &mut Vec<String>) -> Result<OpenTables, TableFault> {
        if !self.path().exists() && self.generation() > 0 {
            self.forget_marks()?;
            notices.push("the cache's folder is gone: begun anew and rebuilt from the log".to_owned());
        }
        let fault = match self.reason_not_to_open() {
            Some(reason) => TableFault(reason),
            None => match self.open_within_deadline() {
                Opening::Opened(tables) => return Ok(tables),
                Opening::Failed(fault) => fault,
                Opening::Stuck => {
                    // The stuck thread may still write below this name, so a new folder must wait for the next start.
                    self.condemn("opening it did not end")?;
                    return Err(TableFault("opening it did not end".to_owned()));
                }
            },
        };
        let aside = self.set_aside()?;
        notices.push(format!(
            "the cache could not be used: {fault}; set aside as {aside} and rebuilt from the log"
        ));
        match self.open_within_deadline() {
            Opening::Opened(tables) => Ok(tables),
            Opening::Failed(fault) => Err(fault),
            Opening::Stuck => Err(TableFault("opening a new one did not end".to_owned())),
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
    fn open_within_deadline(&self) -> Opening {
        if let Err(error) = fs::write(self.0.join(OPENING_FILE), (self.openings() + 1).to_string()) {
            return Opening::Failed(error.into());
        }
        let (sender, receiver) = sync_channel(1);
        let folder = self.clone();
        let thread = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
            let outcome = folder.open_now();
            // Nobody listens after the deadline.
            drop(sender.send(outcome));
        });
        let outcome = match thread {
            Ok(_) => receiver.recv_timeout(OPENING_DEADLINE),
            Err(error) => return Opening::Failed(error.into()),
        };
        match outcome {
            Err(RecvTimeoutError::Timeout) => Opening::Stuck,
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

    fn open_now(&self) -> Result<OpenTables, TableFault> {
        let folder = self.clone();
        let keep = move |generation| folder.keep_generation(generation);
        let tables = SledTables::open(&self.path(), self.generation(), keep)?;
        let index = index::load(&tables)?;
        Ok(OpenTables { tables: Arc::new(tables), index })
    }

    /// Opens sled as it is, for maintenance: no deadline, nothing set aside.
    pub(super) fn open_as_it_is(&self) -> Result<SledTables, TableFault> {
        let folder = self.clone();
        SledTables::open(&self.path(), self.generation(), move |generation| {
            folder.keep_generation(generation)
        })
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
    Stuck,
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
