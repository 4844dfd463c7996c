//! What a reader must know about the figures: each fact that limits them is a sentence of the report.

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::model::{DayReport, PayerReport, Report};
use super::numbers;
use crate::model::spend::{next_day, start_of_day};
use crate::model::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// The sentences; `asked_to` is the end that was asked for.
pub fn of(report: &Report, asked_to: Timestamp, zone: Tz) -> Vec<String> {
    let mut notes = Vec::new();
    if report.is_simulated {
        notes.push("SIMULATED: no figure here is real money.".to_owned());
    }
    if asked_to > report.to {
        let until = numbers::moment(report.to, zone);
        notes.push(format!("The period is not over: reported until {until}."));
    }
    if !report.totals.left_out.is_empty() {
        let units: Vec<String> = report.totals.left_out.iter().map(ToString::to_string).collect();
        let reporting = &report.reporting;
        notes.push(format!(
            "No rate to {reporting} is configured for {}: these amounts are in no total, chart or share.",
            units.join(", ")
        ));
    }
    for payer in &report.payers {
        notes.extend(of_payer(payer));
    }
    notes.extend(of_servers(report));
    notes.extend(clock_changes(report, zone));
    if !report.orphans.is_empty() {
        notes.push(
            "Saved by ending orphans: their price per hour, from their end until the end of the period."
                .to_owned(),
        );
    }
    notes
}

fn of_payer(payer: &PayerReport) -> Vec<String> {
    let (name, unit) = (&payer.name, &payer.unit);
    let mut notes = Vec::new();
    if !payer.is_prepaid {
        notes.push(format!("{name} is billed later: its spend is what ran, at its price."));
    }
    let known: Vec<_> = payer.gaps.iter().filter(|gap| gap.spent.is_some()).collect();
    if !known.is_empty() {
        let length_ms = known.iter().map(|gap| gap.to.millis_since(gap.from)).sum();
        let spent = known.iter().filter_map(|gap| gap.spent).sum();
        let times = if known.len() == 1 { "once".to_owned() } else { format!("{} times", known.len()) };
        let (length, spent) = (numbers::duration(length_ms), numbers::amount(spent));
        notes.push(format!(
            "{name} was not watched {times}, {length} together: the {spent} {unit} spent meanwhile are known in sum and \
             spread evenly over that time; averages leave it out."
        ));
    }
    let unknown_ms: u64 =
        payer.gaps.iter().filter(|gap| gap.spent.is_none()).map(|gap| gap.to.millis_since(gap.from)).sum();
    if unknown_ms > 0 {
        let length = numbers::duration(unknown_ms);
        notes.push(format!(
            "{name} has no readings for {length} of the period: what was spent then is not known."
        ));
    }
    if !payer.doubt.is_zero() {
        let doubt = numbers::amount(payer.doubt);
        notes.push(format!(
            "{name}: its spend may be off by up to {doubt} {unit}, because top-ups hide part of it."
        ));
    }
    if !payer.unexplained.amount.is_zero() {
        let unexplained = numbers::amount(payer.unexplained.amount);
        notes.push(format!(
            "{name} changed by {unexplained} {unit} between readings that do not follow each other: not spend, not a top-up."
        ));
    }
    notes
}

fn of_servers(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if !report.not_attributed.is_empty() {
        notes.push(
            "Not attributed: what was spent beyond what the servers were declared to cost (below zero: less was spent)."
                .to_owned(),
        );
    }
    let lost = report.servers.iter().filter(|server| server.provider.is_none()).count();
    if lost > 0 {
        notes.push(format!("{lost} servers name a payer that is not in this report: they are in no sum."));
    }
    notes
}

/// The whole days that the clocks made longer or shorter.
fn clock_changes(report: &Report, zone: Tz) -> Vec<String> {
    let is_whole =
        |day: &&DayReport| start_of_day(day.from, zone) == day.from && next_day(day.from, zone) == day.to;
    let changed = |day: &&DayReport| day.to.millis_since(day.from) != 24 * HOUR_MS;
    report
        .days
        .iter()
        .filter(is_whole)
        .filter(changed)
        .map(|day| {
            let hours = Decimal::from(day.to.millis_since(day.from)) / Decimal::from(HOUR_MS);
            format!("{} had {} hours: the clocks changed.", day.date, hours.round_dp(2).normalize())
        })
        .collect()
}
