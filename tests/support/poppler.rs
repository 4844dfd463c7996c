//! PDF files read by poppler: another program than the one that wrote them.

use std::path::Path;
use std::process::Command;

/// Whether poppler's tools are here; said aloud where they are not, and a failure where services are required.
pub fn has_poppler() -> bool {
    let is_here = Command::new("pdftoppm").arg("-v").output().is_ok();
    let is_required = std::env::var("QUARTERDECK_TEST_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    assert!(is_here || !is_required, "pdftoppm is required here: install poppler-utils, or use tests/run");
    if !is_here {
        eprintln!("!! SKIPPED: no pdftoppm (poppler-utils): use tests/run");
    }
    is_here
}

/// What a tool of poppler says about a file.
pub fn told(tool: &str, options: &[&str], file: &Path) -> String {
    let output = Command::new(tool).args(options).arg(file).arg("-").output().expect("a tool of poppler");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{tool}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}
