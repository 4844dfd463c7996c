//! Findings: what the doctor and the reconciler have to say, with what to do about it.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Checked and fine.
    Ok,
    /// Worth knowing.
    Info,
    /// Will go wrong.
    Warning,
    /// Is wrong now, or leaks money.
    Error,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the check: `plans-without-price`.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// One line: what was found.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub advice: String,
    /// The rows it is about, one line each.
    pub rows: Vec<String>,
}
