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
use std::path::Path;

pub use charts::{balance_chart, days_chart};
pub use input::{OrphanRecord, PayerInput, ReportInput, ServerSpend, SpendSource, Stretch};
pub use model::{
    Amount, DayPart, DayReport, GapReport, LinePoint, NotAttributed, OrphanReport, PayerReport, RateUsed,
    Report, ReportAlert, ServerReport, SpendGroup, TopUp, Totals,
};
pub use text::preview;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A4 pages with everything in it.
    Pdf,
    /// A picture of the first page.
    Png,
    /// The first page as vectors, its font inside.
    Svg,
    /// One long table for a spreadsheet.
    Csv,
    /// The model itself.
    Json,
    /// The first page as plain text.
    Text,
}

impl Format {
    /// Every format, by the ending of its files.
    pub const ALL: [(&'static str, Self); 6] = [
        ("pdf", Self::Pdf),
        ("png", Self::Png),
        ("svg", Self::Svg),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("txt", Self::Text),
    ];

    /// The format that a file's ending names, in any case.
    ///
    /// # Errors
    /// Refused where the ending is none of ours.
    pub fn from_path(path: &Path) -> Result<Self, Problem> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        Self::ALL.iter().find(|(known, _)| *known == ending).map(|(_, format)| *format).ok_or_else(|| {
            let endings: Vec<&str> = Self::ALL.iter().map(|(known, _)| *known).collect();
            Problem::refused(
                format!("{} does not say which format it shall have", path.display()),
                format!("end the name in one of .{}", endings.join(" .")),
            )
        })
    }
}

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
