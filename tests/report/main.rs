//! Reports: sums that agree, and every format of a reference month.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

mod files;
mod fixture;
mod look;
mod pdf;
#[path = "../support/poppler.rs"]
mod poppler;
mod sums;

use quarterdeck::report::{Format, Report, write};

/// A report as the bytes of a file.
fn bytes(report: &Report, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(report, format, &mut bytes).expect("a report that can be written");
    bytes
}

fn text(report: &Report, format: Format) -> String {
    String::from_utf8(bytes(report, format)).expect("text")
}
