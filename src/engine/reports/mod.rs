//! Reports: a period's records are gathered, made into the report's model and written as the format that was asked for.
//!
//! Everything is read from the store, apart from the books: a report of last year does not wait for them, nor they for it.

mod balances;
mod documents;
pub mod gather;
mod register;
mod servers;

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::Semaphore;

use self::documents::Documents;
use self::gather::{Question, gather};
use super::handle::Engine;
use super::money::snapshot::SnapshotKind;
use super::requests::blocking;
use crate::model::problem::Problem;
use crate::model::report::{ReportFormat, ReportPart, ReportRequest};
use crate::model::time::Timestamp;
use crate::report::{Report, preview, write};
use crate::store::Store;

/// The widest text that is made, columns.
const COLUMNS_MAX: u16 = 500;

/// What the engine has for reports.
pub(super) struct Reports {
    documents: Documents,
    /// One is made at a time: a year's is work for a core, and the others wait for it.
    making: Semaphore,
}

impl Default for Reports {
    fn default() -> Self {
        Self { documents: Documents::default(), making: Semaphore::new(1) }
    }
}

/// Makes a report and gives its first part.
///
/// # Errors
/// `Refused`: there is no such period; `Storage`: the records cannot be read. Cancel-safe: nothing is changed.
pub(super) async fn make(engine: &Arc<Engine>, request: ReportRequest) -> Result<ReportPart, Problem> {
    let zone = engine.keeper.zone();
    let (from, to) = request.period.bounds(engine.fleet.now(), zone)?;
    let _one_at_a_time = engine.reports.making.acquire().await.map_err(|_| ending())?;
    engine.registrar.look().await?;
    let site = engine.fleet.read(|fleet| fleet.site.clone());
    let now = engine.fleet.now();
    let present = engine.keeper.read(|books| books.snapshot(SnapshotKind::Manual, now, now, None)).await?;
    let question = Question { site, zone, from, to, now, present };
    let file = blocking(&engine.store, move |store| file(store, &question, &request)).await?;
    Ok(engine.reports.documents.keep(file))
}

/// The next part of a report that was made.
///
/// # Errors
/// `NotFound`: it is not kept any more.
pub(super) fn part(engine: &Engine, report: u64, offset: u64) -> Result<ReportPart, Problem> {
    engine.reports.documents.part(report, offset)
}

/// A name for the report's file, the period in words, and the file. Blocks.
fn file(
    store: &Store,
    question: &Question,
    request: &ReportRequest,
) -> Result<(String, String, Vec<u8>), Problem> {
    let report = Report::build(&gather(store, question)?);
    let mut bytes = Vec::new();
    match (request.format, request.columns) {
        (ReportFormat::Text, Some(columns)) => {
            let lines = preview(&report, usize::from(columns.min(COLUMNS_MAX)));
            bytes.extend_from_slice(lines.join("\n").as_bytes());
        }
        (format, _) => write(&report, format, &mut bytes)?,
    }
    let (first, last) = days(question);
    let period = format!("{first} to {last}, {}", question.zone.name());
    Ok((file_name(question, request.format), period, bytes))
}

/// The first and the last day of the period.
fn days(question: &Question) -> (NaiveDate, NaiveDate) {
    let date = |at: Timestamp| at.to_datetime().with_timezone(&question.zone).date_naive();
    (date(question.from), date(Timestamp(question.to.0 - 1)))
}

/// `northwind-spend-2026-11-16-to-2026-11-22.pdf`: nothing in it that a shell or a file system minds.
fn file_name(question: &Question, format: ReportFormat) -> String {
    let (first, last) = days(question);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let site: String = question.site.name.chars().map(plain).take(40).collect();
    let site = site.trim_matches('-');
    let site = if site.is_empty() { "site" } else { site };
    let days = if first == last { first.to_string() } else { format!("{first}-to-{last}") };
    format!("{site}-spend-{days}.{}", format.ending())
}

fn ending() -> Problem {
    Problem::refused("the engine is ending", "ask again when it runs")
}
