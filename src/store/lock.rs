//! One process at a time has a data folder open.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::disk::create_private_folder;
use super::segment::io_problem;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// The name of the lock file in the data folder. Its content means nothing; the kernel's lock on it does.
const LOCK_FILE: &str = "lock";

/// A holder that just closed, or a child just forked by this process and not yet running its own program, lets go
/// within milliseconds: waited for before the folder counts as in use.
const TRIES: u32 = 20;
const WAIT: Duration = Duration::from_millis(25);

/// An exclusive lock on a data folder; ends with the value, or with the process.
#[derive(Debug)]
pub(super) struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

impl FolderLock {
    /// Takes the lock, creating the folder when it does not exist.
    ///
    /// # Errors
    /// `Unavailable` when another process holds it; `Storage` when the folder cannot be used.
    pub(super) fn take(folder: &Path) -> Result<Self, Problem> {
        create_private_folder(folder).map_err(|error| io_problem("create", folder, &error))?;
        let path = folder.join(LOCK_FILE);
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| io_problem("open", &path, &error))?;
        let mut tries = 0;
        let outcome = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if tries < TRIES => {
                    tries += 1;
                    std::thread::park_timeout(WAIT);
                }
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Problem {
                kind: ProblemKind::Unavailable,
                fault: Fault::Request,
                retry: Retry::Backoff,
                effect: Effect::None,
                message: format!("the data folder {} is in use by another engine", folder.display()),
                advice: "attach to that engine, or stop it first with `quarterdeck engine stop`".to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(io_problem("lock", &path, &error)),
        }
    }
}
