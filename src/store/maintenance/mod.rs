//! Looking after a data folder: verify, export, import, compact, rebuild.
//!
//! Must not: print; the command line does.

mod compact;
mod transfer;
mod verify;

pub use compact::{CompactReport, RebuildReport, compact, compact_with, rebuild};
pub use transfer::{ExportReport, ImportReport, export, import};
pub use verify::{TablesReport, TablesState, VerifyReport, verify, verify_with};

use std::path::{Path, PathBuf};

use super::log::LOG_FOLDER;
use crate::model::problem::Problem;

/// The log's folder of an existing data folder: a mistyped path must not look like an empty store.
fn existing_log(dir: &Path) -> Result<PathBuf, Problem> {
    let folder = dir.join(LOG_FOLDER);
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(Problem::not_found(format!("there is no record log in {}", dir.display())))
    }
}
