//! Taking the log out and in: its plain lines are the export and the backup format.

use std::fs::File;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::model::problem::Problem;
use crate::store::disk::{create_private_file, create_private_folder, sync_folder};
use crate::store::lock::FolderLock;
use crate::store::log::{self, Gap, LOG_FOLDER};
use crate::store::options::SEGMENT_MAX_BYTES;
use crate::store::record::{self, RECORD_MAX_BYTES};
use crate::store::segment::{Damage, SegmentName, as_u64, io_problem, month_of};

/// Where an import is written before it becomes part of the log.
const IMPORTING: &str = "log-importing";

/// What a line has besides body and key, generously.
const LINE_MAX_BYTES: usize = RECORD_MAX_BYTES * 2;

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
/// `NotFound` when there is no log; `Storage` when it cannot be read at all or `out` fails.
pub fn export(dir: &Path, out: &mut dyn Write) -> Result<ExportReport, Problem> {
    let mut written: io::Result<u64> = Ok(0);
    let replay = log::replay(&super::existing_log(dir)?, &mut |_, line| {
        if let Ok(bytes) = &mut written {
            *bytes += as_u64(line.text.len() + 1);
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

/// What `import` took in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// Records taken in.
    pub records: u64,
    /// The first sequence number taken in.
    pub first_sequence: u64,
    /// The last sequence number taken in.
    pub last_sequence: u64,
    /// Sentences on sequence numbers that the input lacks.
    pub notices: Vec<String>,
}

/// Takes the lines of an export into the log: all of them or none.
///
/// # Errors
/// `Refused` when the log is not empty and the input does not go on where it ends, or a line is damaged or out of
/// order; `Unavailable` while an engine runs; `Storage` when the disk fails.
pub fn import(dir: &Path, input: &mut dyn BufRead) -> Result<ImportReport, Problem> {
    let _lock = FolderLock::take(dir)?;
    let log_folder = dir.join(LOG_FOLDER);
    log::mend_end(&log_folder, &mut Vec::new())?;
    let present = log::replay(&log_folder, &mut |_, _| Ok(()))?.highest_seen;
    let staging = dir.join(IMPORTING);
    let storage = |error: io::Error| io_problem("import into", dir, &error);
    remove_staging(&staging).map_err(storage)?;
    create_private_folder(&staging).map_err(storage)?;
    let staged = stage(&staging, present, input);
    if let Ok((files, _)) = &staged {
        sync_folder(&staging).map_err(storage)?;
        // In order: interrupted, the log holds a begin of the import, which is a whole log.
        for file in files {
            std::fs::rename(staging.join(file), log_folder.join(file)).map_err(storage)?;
            sync_folder(&log_folder).map_err(storage)?;
        }
    }
    remove_staging(&staging).map_err(storage)?;
    staged.map(|(_, report)| report)
}

fn remove_staging(staging: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Checks the input and writes it as segments; returns their names in order.
fn stage(
    staging: &Path,
    present: u64,
    input: &mut dyn BufRead,
) -> Result<(Vec<String>, ImportReport), Problem> {
    let mut stage = Stage { staging: staging.to_owned(), files: Vec::new(), open: None };
    let mut report = ImportReport { last_sequence: present, ..ImportReport::default() };
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let limit = as_u64(LINE_MAX_BYTES);
        (&mut *input)
            .take(limit)
            .read_until(b'\n', &mut line)
            .map_err(|error| Problem::storage(format!("could not read the input: {error}")))?;
        if line.is_empty() {
            break;
        }
        let refused = |reason: &str| {
            Problem::refused(format!("line {number} of the input: {reason}; nothing was imported"), "")
        };
        let text = line.strip_suffix(b"\n").ok_or_else(|| refused("it is not complete"))?;
        let sequence = record::check_line(text).map_err(refused)?.sequence;
        let head = record::parse_head(text).map_err(refused)?;
        let is_first_ever = report.records == 0 && present == 0;
        let expected = if is_first_ever { sequence } else { report.last_sequence + 1 };
        if sequence < expected || (report.records == 0 && sequence != expected) {
            return Err(refused(&format!("its sequence is {sequence} where {expected} must come")));
        }
        if sequence > expected {
            report.notices.push(log::missing(Gap { from: expected, to: sequence - 1 }));
        }
        stage
            .write(sequence, month_of(head.at), sequence > expected, &line)
            .map_err(|error| io_problem("write", staging, &error))?;
        if report.records == 0 {
            report.first_sequence = sequence;
        }
        report.records += 1;
        report.last_sequence = sequence;
    }
    stage.close().map_err(|error| io_problem("write", staging, &error))?;
    Ok((stage.files, report))
}

struct Stage {
    staging: PathBuf,
    files: Vec<String>,
    open: Option<(u32, u64, BufWriter<File>)>,
}

impl Stage {
    /// Writes a line into the current segment, or a new one when that is full, of another month, or a gap is between.
    fn write(&mut self, sequence: u64, month: u32, is_behind_gap: bool, line: &[u8]) -> io::Result<()> {
        let fits = |open: &(u32, u64, _)| !is_behind_gap && open.0 == month && open.1 < SEGMENT_MAX_BYTES;
        if !self.open.as_ref().is_some_and(fits) {
            self.close()?;
            let name = SegmentName { first: sequence, month }.plain();
            self.open = Some((month, 0, BufWriter::new(create_private_file(&self.staging.join(&name))?)));
            self.files.push(name);
        }
        if let Some((_, length, file)) = &mut self.open {
            *length += as_u64(line.len());
            file.write_all(line)?;
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((_, _, file)) => file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all(),
            None => Ok(()),
        }
    }
}
