//! `doctor`: every alignment check, for people and programs.

use super::args::Format;
use super::exit::Exit;
use super::output::Listing;
use super::session::Session;
use crate::model::finding::{Finding, Severity};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::sanitise::sanitise;

/// Runs every check; ends with "refused by a check" when one found an error.
///
/// # Errors
/// The engine went away, or cannot ask its providers.
pub async fn run(session: &mut Session, format: Format) -> Result<Exit, Problem> {
    let Reply::Findings(mut findings) = session.ask(Request::Doctor).await? else {
        return Err(Problem::refused("the engine answered something else than was asked", ""));
    };
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let worst = findings.first().map_or(Severity::Ok, |finding| finding.severity);
    match format {
        Format::Table => findings.iter().for_each(print),
        Format::Json | Format::Csv => {
            let listing = listing(findings);
            listing
                .write(format, &mut std::io::stdout())
                .map_err(|error| Problem::storage(format!("writing the findings: {error}")))?;
        }
    }
    Ok(if worst == Severity::Error { Exit::Refused } else { Exit::Done })
}

/// The word for a severity, of one width.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok     ",
        Severity::Info => "info   ",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR  ",
    }
}

fn print(finding: &Finding) {
    println!("{} {}", word(finding.severity), sanitise(&finding.title));
    if finding.severity <= Severity::Info {
        return;
    }
    for row in &finding.rows {
        println!("          - {}", sanitise(row));
    }
    println!("        why: {}", sanitise(&finding.why));
    println!("        do:  {}", sanitise(&finding.advice));
}

fn listing(findings: Vec<Finding>) -> Listing<Finding> {
    let rows = findings
        .iter()
        .map(|finding| {
            vec![
                finding.check.clone(),
                word(finding.severity).trim().to_lowercase(),
                finding.title.clone(),
                finding.rows.join("; "),
                finding.advice.clone(),
            ]
        })
        .collect();
    Listing { columns: vec!["check", "severity", "title", "rows", "advice"], rows, items: findings }
}
