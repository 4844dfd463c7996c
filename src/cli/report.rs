//! `credits report`: a period's money as a file or on standard output.

use std::io::{IsTerminal, Write};
use std::path::Path;

use super::args::ReportArguments;
use super::exit::Exit;
use super::session::Session;
use crate::console::files::write_beside;
use crate::console::format;
use crate::model::problem::Problem;
use crate::model::report::{
    Assembled, ReportAssembly, ReportFile, ReportFormat, ReportPart, ReportPeriod, ReportRequest,
};
use crate::model::request::{Reply, Request};

/// Standard output instead of a file.
const STANDARD_OUTPUT: &str = "-";

/// Makes the report and writes it.
///
/// # Errors
/// `Refused`: there is no such period; `Conflict`: the file exists; the engine went away.
pub async fn run(session: &mut Session, arguments: &ReportArguments) -> Result<Exit, Problem> {
    let target = arguments.output.as_deref().unwrap_or(Path::new(STANDARD_OUTPUT));
    let is_file = target != Path::new(STANDARD_OUTPUT);
    let format = match arguments.format {
        Some(format) => format,
        None if is_file => match ReportFormat::from_path(target) {
            Ok(format) => format,
            Err(problem) => return Ok(wrong_usage(&problem)),
        },
        None => ReportFormat::Text,
    };
    let is_binary = matches!(format, ReportFormat::Pdf | ReportFormat::Png);
    if !is_file && is_binary && std::io::stdout().is_terminal() {
        let problem = Problem::refused(
            format!("a {} is nothing to read on a terminal", format.ending()),
            "name a file with -o, or send standard output into one",
        );
        return Ok(wrong_usage(&problem));
    }
    if is_file && !arguments.force && target.symlink_metadata().is_ok() {
        // Said before the work, and again by whoever writes.
        return Err(Problem::refused(
            format!("{} exists already", target.display()),
            "choose another name, or replace it with --force",
        ));
    }
    let request = ReportRequest { period: period(arguments), format, columns: None };
    let (period, file) = fetch(session, request).await?;
    if is_file {
        write_beside(target, &file.bytes, arguments.force)?;
        let size = format::bytes(u64::try_from(file.bytes.len()).unwrap_or(u64::MAX));
        eprintln!("wrote {} ({size}): {period}", target.display());
        return Ok(Exit::Done);
    }
    let mut out = std::io::stdout().lock();
    let written = out.write_all(&file.bytes).and_then(|()| match format {
        ReportFormat::Text => out.write_all(b"\n"),
        _ => Ok(()),
    });
    match written.and_then(|()| out.flush()) {
        // A reader that closed the pipe early (`| head`) is not a failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::storage(format!("writing the report: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

fn wrong_usage(problem: &Problem) -> Exit {
    eprintln!("quarterdeck: {problem}");
    Exit::Usage
}

/// What the flags mean; without any the last whole week.
fn period(arguments: &ReportArguments) -> ReportPeriod {
    match (arguments.from, arguments.to, arguments.last) {
        (Some(from), Some(to), _) => ReportPeriod::Days { from, to },
        (Some(from), None, _) => ReportPeriod::Since(from),
        (None, _, last) => last.unwrap_or(ReportPeriod::LastWeek),
    }
}

/// Asks for the report and fetches its parts; also given is which period it tells of.
async fn fetch(session: &mut Session, request: ReportRequest) -> Result<(String, ReportFile), Problem> {
    let mut assembly = ReportAssembly::default();
    let mut next = Request::Report(request);
    loop {
        let Reply::ReportPart(part) = session.ask(next).await? else {
            return Err(Problem::refused("the engine answered something else than was asked", ""));
        };
        let part: ReportPart = *part;
        let period = part.period.clone();
        match assembly.take(part)? {
            Assembled::More(request) => next = request,
            Assembled::Whole(file) => return Ok((period, file)),
        }
    }
}
