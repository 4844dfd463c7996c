//! Reports: one model of a period's money, and one file per format that writes it.
//!
//! [`build`](Report::build) turns plain inputs into a [`Report`]; [`write()`] prints it. Amounts stay exact decimals in the
//! model; they are rounded only where they are printed, and a sum whose printed parts do not add up to it says so.
//!
//! Must not: ask anybody for data, know the time, read a font or a time zone of the system.

mod build;
mod canvas;
mod charts;
mod csv;
mod font;
mod group;
mod input;
mod json;
mod line;
mod model;
mod notes;
mod numbers;
mod overview;
mod pages;
mod pdf;
mod png;
mod svg;
mod table;
mod tables;
mod text;

use std::io::Write;

pub use crate::model::report::ReportFormat as Format;
pub use charts::{balance_chart, days_chart};
pub use input::{OrphanRecord, PayerInput, ReportInput, ServerSpend, SpendSource, Stretch};
pub use model::{
    Amount, DayPart, DayReport, GapReport, LinePoint, NotAttributed, OrphanReport, PayerReport, RateUsed,
    Report, ReportAlert, ServerReport, SpendGroup, TopUp, Totals,
};
pub use text::preview;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// Writes the report.
///
/// # Errors
/// `Storage` when `out` fails; an internal problem when a chart or a page cannot be made.
pub fn write(report: &Report, format: Format, out: &mut dyn Write) -> Result<(), Problem> {
    let bytes = match format {
        Format::Pdf => pdf::bytes(report)?,
        Format::Png => png::bytes(report)?,
        Format::Svg => svg::document(report)?.into_bytes(),
        Format::Csv => csv::document(report).into_bytes(),
        Format::Json => json::bytes(report)?,
        Format::Text => text::preview(report, text::WIDTH).join("\n").into_bytes(),
    };
    out.write_all(&bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Problem::storage(format!("the report was not written: {error}")))
}

/// A failure of the machinery that makes the report.
fn broken(what: &str, why: impl std::fmt::Display) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the report's {what} could not be made: {why}"),
        advice: "write it as .json or .csv, and report this".to_owned(),
    }
}
