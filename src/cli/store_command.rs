//! `store verify|export|import|compact|rebuild`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::StoreCommand;
use super::exit::Exit;
use crate::model::problem::Problem;
use crate::store::maintenance;

/// Runs `store …` on the data folder.
///
/// # Errors
/// An engine runs, or the folder cannot be read or written.
pub fn run(folder: &Path, command: &StoreCommand) -> Result<Exit, Problem> {
    match command {
        StoreCommand::Verify => {
            let report = maintenance::verify(folder)?;
            print(&report);
            Ok(if report.is_sound() { Exit::Done } else { Exit::Failed })
        }
        StoreCommand::Export { file } => export(folder, file.as_ref()),
        StoreCommand::Import { file } => import(folder, file.as_ref()),
        StoreCommand::Compact => maintenance::compact(folder).map(|report| print(&report)),
        StoreCommand::Rebuild => maintenance::rebuild(folder).map(|report| print(&report)),
    }
}

/// Prints a report as JSON on standard output: these commands are for scripts as much as for people.
fn print(report: &impl Serialize) -> Exit {
    match serde_json::to_string_pretty(report) {
        Ok(text) => {
            println!("{text}");
            Exit::Done
        }
        Err(_) => Exit::Failed,
    }
}

fn export(folder: &Path, file: Option<&PathBuf>) -> Result<Exit, Problem> {
    let report = match file {
        Some(path) => maintenance::export(folder, &mut BufWriter::new(create(path)?))?,
        None => maintenance::export(folder, &mut std::io::stdout().lock())?,
    };
    for line in report.damages.iter().map(ToString::to_string).chain(report.notices.iter().cloned()) {
        eprintln!("quarterdeck: {line}");
    }
    eprintln!("{} records, {} bytes", report.records, report.bytes);
    Ok(if report.damages.is_empty() { Exit::Done } else { Exit::Failed })
}

/// A new file for its owner only; an existing one is never written over.
fn create(path: &Path) -> Result<File, Problem> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Problem::refused(format!("{}: {error}", path.display()), ""))
}

fn import(folder: &Path, file: Option<&PathBuf>) -> Result<Exit, Problem> {
    let report = match file {
        Some(path) => {
            let opened = File::open(path)
                .map_err(|error| Problem::refused(format!("{}: {error}", path.display()), ""))?;
            maintenance::import(folder, &mut BufReader::new(opened))?
        }
        None => maintenance::import(folder, &mut std::io::stdin().lock())?,
    };
    Ok(print(&report))
}
