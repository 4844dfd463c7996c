//! One long table: every figure a row, the same columns throughout, so that a spreadsheet can filter and pivot it.
//!
//! RFC 4180 with a byte order mark, because spreadsheets take a file without one for another encoding. Text that a
//! spreadsheet would run as a formula begins with an apostrophe. Amounts are exact, with a point and without grouping.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::model::{Amount, Report};
use crate::model::spend::AlertLevel;
use crate::model::time::Timestamp;

/// The columns.
const HEAD: [&str; 16] = [
    "section",
    "what",
    "date",
    "from",
    "to",
    "balance",
    "provider",
    "server",
    "name",
    "owner",
    "amount",
    "unit",
    "rate",
    "amount_reporting",
    "reporting_currency",
    "note",
];

/// One row; what is empty is left empty.
#[derive(Debug, Default)]
struct Line {
    section: &'static str,
    what: &'static str,
    date: String,
    from: String,
    to: String,
    balance: String,
    provider: String,
    server: String,
    name: String,
    owner: String,
    amount: String,
    unit: String,
    reporting: String,
    note: String,
}

/// The document.
pub fn document(report: &Report) -> String {
    let mut text = String::from("\u{feff}");
    push_row(&mut text, &HEAD.map(str::to_owned));
    let zone = report.time_zone();
    let time = |at: Timestamp| at.to_datetime().with_timezone(&zone).to_rfc3339();
    let mut lines = about(report, &time);
    lines.extend(payers(report, &time));
    lines.extend(days(report, &time));
    lines.extend(groups(report));
    lines.extend(servers(report));
    lines.extend(events(report, &time));
    lines.extend(report.notes.iter().map(|note| Line {
        section: "note",
        note: note.clone(),
        ..Line::default()
    }));
    for line in lines {
        push_line(&mut text, report, line);
    }
    text
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}

impl Line {
    fn new(section: &'static str, what: &'static str) -> Self {
        Self { section, what, ..Self::default() }
    }

    fn with(mut self, amount: &Amount) -> Self {
        self.amount = plain(amount.amount);
        self.unit = amount.unit.to_string();
        self.reporting = amount.reporting.map(plain).unwrap_or_default();
        self
    }

    fn with_total(mut self, amount: Decimal) -> Self {
        self.reporting = plain(amount);
        self
    }
}

fn about(report: &Report, time: &dyn Fn(Timestamp) -> String) -> Vec<Line> {
    let period = Line {
        from: time(report.from),
        to: time(report.to),
        name: report.site.clone(),
        note: format!("time zone {}; made {}", report.zone, time(report.generated_at)),
        ..Line::new("report", "period")
    };
    let totals = &report.totals;
    let average = |what, average: Option<Decimal>| Line {
        reporting: average.map(plain).unwrap_or_default(),
        ..Line::new("total", what)
    };
    let mut lines = vec![
        period,
        Line::new("total", "opening").with_total(totals.opening),
        Line::new("total", "topped up").with_total(totals.topped_up),
        Line::new("total", "spent from balances").with_total(totals.spent_from_balances),
        Line::new("total", "spent").with_total(totals.spent),
        Line::new("total", "closing").with_total(totals.closing),
        average("average per hour", totals.per_hour),
        average("average per day", totals.per_day),
        Line::new("total", "orphans' cost").with_total(totals.orphan_cost),
        Line::new("total", "saved by ending orphans").with_total(totals.saved),
    ];
    lines.extend(report.rates.iter().filter_map(|rate| {
        let per_unit = rate.per_unit?;
        let one = Line { amount: "1".to_owned(), unit: rate.unit.to_string(), ..Line::new("rate", "") };
        Some(one.with_total(per_unit))
    }));
    if !totals.unexplained.is_zero() {
        lines.push(Line::new("total", "unexplained").with_total(totals.unexplained));
    }
    lines
}

fn payers(report: &Report, time: &dyn Fn(Timestamp) -> String) -> Vec<Line> {
    let mut lines = Vec::new();
    for payer in &report.payers {
        let line = |what| Line {
            balance: payer.key.to_string(),
            provider: payer.provider.word().to_owned(),
            name: payer.name.clone(),
            unit: payer.unit.to_string(),
            ..Line::new("balance", what)
        };
        lines.extend(payer.opening.iter().map(|opening| line("opening").with(opening)));
        lines.push(line("topped up").with(&payer.topped_up));
        lines.push(line("spent").with(&payer.spent));
        if !payer.unexplained.amount.is_zero() {
            lines.push(line("unexplained").with(&payer.unexplained));
        }
        lines.extend(payer.closing.iter().map(|closing| line("closing").with(closing)));
        for (what, average) in [("average per hour", payer.per_hour), ("average per day", payer.per_day)] {
            lines.extend(average.map(|average| Line { amount: plain(average), ..line(what) }));
        }
        lines.push(Line { amount: plain(payer.doubt), ..line("doubt") });
        lines.extend(payer.top_ups.iter().map(|top_up| Line {
            section: "top-up",
            what: "",
            from: time(top_up.seen_at),
            amount: plain(top_up.amount),
            ..line("")
        }));
        lines.extend(payer.gaps.iter().map(|gap| Line {
            section: "not watched",
            from: time(gap.from),
            to: time(gap.to),
            amount: gap.spent.map(plain).unwrap_or_default(),
            note: if gap.spent.is_none() { "spend not known".to_owned() } else { String::new() },
            ..line("spent meanwhile")
        }));
    }
    lines
}

fn days(report: &Report, time: &dyn Fn(Timestamp) -> String) -> Vec<Line> {
    let mut lines = Vec::new();
    for day in &report.days {
        for (part, payer) in day.parts.iter().zip(&report.payers) {
            let line = Line {
                date: day.date.to_string(),
                from: time(day.from),
                to: time(day.to),
                balance: part.payer.to_string(),
                provider: payer.provider.word().to_owned(),
                name: payer.name.clone(),
                note: unwatched(day.to.millis_since(day.from).saturating_sub(part.watched_ms)),
                ..Line::new("day", "spent")
            };
            lines.push(line.with(&part.spent));
        }
    }
    lines
}

fn hours(ms: u64) -> Decimal {
    (Decimal::from(ms) / Decimal::from(3_600_000)).round_dp(3).normalize()
}

fn unwatched(ms: u64) -> String {
    if ms == 0 { String::new() } else { format!("not watched for {} h", hours(ms)) }
}

fn groups(report: &Report) -> Vec<Line> {
    let lines_of = |section: &'static str, groups: &[super::model::SpendGroup]| -> Vec<Line> {
        let each = groups.iter().flat_map(|group| {
            group.amounts.iter().map(|amount| {
                let mut line = Line::new(section, "spent").with(amount);
                if section == "provider" {
                    line.provider.clone_from(&group.name);
                } else {
                    line.owner.clone_from(&group.name);
                }
                line
            })
        });
        each.collect()
    };
    let mut lines = lines_of("provider", &report.providers);
    lines.extend(lines_of("owner", &report.owners));
    lines
}

fn servers(report: &Report) -> Vec<Line> {
    let mut lines: Vec<Line> = report
        .servers
        .iter()
        .map(|server| {
            let ran = server.ran_ms.map(|ms| format!("ran {} h", hours(ms)));
            let line = Line {
                balance: server.payer.to_string(),
                provider: server.provider.map(|provider| provider.word().to_owned()).unwrap_or_default(),
                server: server.server.to_string(),
                name: server.name.clone(),
                owner: server.owner.clone(),
                note: ran.unwrap_or_default(),
                ..Line::new("server", "spent")
            };
            line.with(&server.spent)
        })
        .collect();
    lines.extend(report.not_attributed.iter().map(|rest| {
        let line = Line {
            balance: rest.payer.to_string(),
            name: rest.name.clone(),
            ..Line::new("server", "not attributed")
        };
        line.with(&rest.amount)
    }));
    lines
}

fn events(report: &Report, time: &dyn Fn(Timestamp) -> String) -> Vec<Line> {
    let ended = |at: Option<Timestamp>| at.map(time).unwrap_or_default();
    let alerts = report.alerts.iter().map(|alert| Line {
        from: time(alert.began),
        to: ended(alert.ended),
        name: alert.about.clone(),
        note: if alert.silenced.is_empty() {
            alert.text.clone()
        } else {
            format!("{} (silenced by {})", alert.text, alert.silenced)
        },
        ..Line::new("alert", if alert.level == AlertLevel::Critical { "critical" } else { "warning" })
    });
    let orphans = report.orphans.iter().flat_map(|orphan| {
        [("per hour", &orphan.per_hour), ("cost", &orphan.cost), ("saved", &orphan.saved)].map(
            |(what, amount)| {
                let line = Line {
                    from: time(orphan.found_at),
                    to: ended(orphan.ended_at),
                    server: orphan.server.to_string(),
                    name: orphan.name.clone(),
                    note: orphan.ended_by.clone(),
                    ..Line::new("orphan", what)
                };
                line.with(amount)
            },
        )
    });
    alerts.chain(orphans).collect()
}

fn push_line(text: &mut String, report: &Report, line: Line) {
    let is_converted = !line.amount.is_empty() && !line.reporting.is_empty();
    let rate = if !is_converted {
        String::new()
    } else if line.unit == report.reporting.0 {
        "1".to_owned()
    } else {
        let found = report.rates.iter().find(|rate| rate.unit.0 == line.unit);
        found.and_then(|rate| rate.per_unit).map(plain).unwrap_or_default()
    };
    let currency = if line.reporting.is_empty() { String::new() } else { report.reporting.to_string() };
    let text_cells =
        [line.balance, line.provider, line.server, line.name, line.owner].map(|cell| harmless(&cell));
    let [balance, provider, server, name, owner] = text_cells;
    push_row(
        text,
        &[
            line.section.to_owned(),
            line.what.to_owned(),
            line.date,
            line.from,
            line.to,
            balance,
            provider,
            server,
            name,
            owner,
            line.amount,
            harmless(&line.unit),
            rate,
            line.reporting,
            harmless(&currency),
            harmless(&line.note),
        ],
    );
}

/// Text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let first = text.trim_start().chars().next();
    // The full-width forms are formulas in East Asian settings.
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '|' | '%'));
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn push_row(text: &mut String, cells: &[String; HEAD.len()]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
            // Writing to a String cannot fail.
            let _ = write!(text, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_quotes_are_doubled() {
        assert_eq!(harmless("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(harmless("  @SUM(A1)"), "'  @SUM(A1)");
        assert_eq!(harmless("a=b"), "a=b");
        let mut text = String::new();
        let mut cells = std::array::from_fn(|_| String::new());
        cells[0] = "say \"hi\", you".to_owned();
        push_row(&mut text, &cells);
        assert_eq!(text, format!("\"say \"\"hi\"\", you\"{}\r\n", ",".repeat(HEAD.len() - 1)));
    }
}
