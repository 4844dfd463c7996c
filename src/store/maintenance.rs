//! Looking after a data folder: verify, export, import, compact, rebuild.
//!
//! Must not: print; the command line does.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::log::{self, LOG_FOLDER};
use super::segment::Damage;
use crate::model::problem::Problem;

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// Log files.
    pub segments: u64,
    /// Plain bytes in them.
    pub bytes: u64,
    /// Whole records replayed.
    pub records: u64,
    /// The last sequence number replayed.
    pub last_sequence: u64,
    /// Places that are not as they were written.
    pub damages: Vec<Damage>,
    /// Sentences on what is missing or unusual.
    pub notices: Vec<String>,
}

impl VerifyReport {
    /// Whether nothing is lost.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damages.is_empty() && self.notices.is_empty()
    }
}

/// Checks every line of the log. Works beside a running engine.
///
/// # Errors
/// `Storage` when the log cannot be read at all.
pub fn verify(dir: &Path) -> Result<VerifyReport, Problem> {
    let replay = log::replay(&dir.join(LOG_FOLDER), &mut |_, _| Ok(()))?;
    Ok(VerifyReport {
        segments: super::segment::as_u64(replay.segments.len()),
        bytes: replay.segments.iter().map(|replayed| replayed.length).sum(),
        records: replay.records,
        last_sequence: replay.last_sequence,
        notices: replay.gaps.iter().map(|gap| log::missing(*gap)).collect(),
        damages: replay.damages,
    })
}

/// What `export` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ExportReport {
    /// Records written.
    pub records: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Places from which on a file could not be exported.
    pub damages: Vec<Damage>,
    /// Sentences on what is missing.
    pub notices: Vec<String>,
}

/// Writes the log's lines, oldest first, to `out`. Works beside a running engine.
///
/// # Errors
/// `Storage` when the log cannot be read at all or `out` fails.
pub fn export(dir: &Path, out: &mut dyn Write) -> Result<ExportReport, Problem> {
    let mut written: io::Result<u64> = Ok(0);
    let replay = log::replay(&dir.join(LOG_FOLDER), &mut |_, line| {
        if let Ok(bytes) = &mut written {
            *bytes += super::segment::as_u64(line.text.len() + 1);
            if let Err(error) = out.write_all(line.text).and_then(|()| out.write_all(b"\n")) {
                written = Err(error);
            }
        }
        Ok(())
    })?;
    let bytes = written
        .and_then(|bytes| out.flush().map(|()| bytes))
        .map_err(|error| Problem::storage(format!("could not write the export: {error}")))?;
    Ok(ExportReport {
        records: replay.records,
        bytes,
        notices: replay.gaps.iter().map(|gap| log::missing(*gap)).collect(),
        damages: replay.damages,
    })
}
