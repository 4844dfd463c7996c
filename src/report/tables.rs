//! The report's tables: which columns, in which words. Sums say when their printed parts do not add up.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::model::{Amount, DayReport, Report, SpendGroup};
use super::numbers::{self, PER_HOUR_DIGITS, amount, figure};
use super::table::{RowKind, Table, bars, figures, words};
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::spend::AlertLevel;
use crate::model::time::Timestamp;

/// Providers that get a column of their own in the table of days.
const DAY_COLUMNS: usize = 4;

/// Every rate in a sentence; empty where everything is in the reporting currency.
pub fn rates(report: &Report) -> String {
    let told: Vec<String> = report
        .rates
        .iter()
        .map(|rate| match rate.per_unit {
            Some(per_unit) => format!("1 {} = {} {}", rate.unit, numbers::rate(per_unit), report.reporting),
            None => format!("no rate for {}", rate.unit),
        })
        .collect();
    told.join(" · ")
}

/// A caption, and the rates at which its figures are converted.
fn at_rates(report: &Report, caption: &str) -> String {
    let rates = rates(report);
    let parts: Vec<&str> = [caption, rates.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

fn optional(of: Option<Decimal>, digits: u32) -> String {
    of.map_or_else(|| "–".to_owned(), |of| figure(of, digits))
}

fn converted(of: &Amount) -> String {
    of.reporting.map_or_else(|| "no rate".to_owned(), amount)
}

fn share(part: Decimal, whole: Decimal) -> f32 {
    part.checked_div(whole).and_then(|share| share.to_f32()).unwrap_or(0.0).clamp(0.0, 1.0)
}

fn moment(report: &Report, at: Timestamp) -> String {
    numbers::moment(at, report.time_zone())
}

fn payer_name(report: &Report, key: &BalanceKey) -> String {
    let named = report.payers.iter().find(|payer| payer.key == *key);
    named.map_or_else(|| key.to_string(), |payer| payer.name.clone())
}

/// Balances and accounts: from opening to closing.
pub fn balances(report: &Report) -> Table {
    let reporting = &report.reporting;
    let columns = vec![
        words("Balance or account", 0.0),
        figures("Opening", 58.0),
        figures("+ Topped up", 58.0),
        figures("− Spent", 56.0),
        figures("= Closing", 58.0),
        words("Unit", 38.0),
        figures("Rate", 36.0),
        figures(format!("Spent {reporting}"), 60.0),
    ];
    let mut table = Table::new(
        "Balances",
        "each in its own unit, then in the reporting currency",
        columns,
        "No balance is watched.",
    );
    for payer in &report.payers {
        let of = |amount: &Option<Amount>| optional(amount.as_ref().map(|amount| amount.amount), 2);
        let rate = report.rates.iter().find(|rate| rate.unit == payer.unit).map_or_else(
            || "1".to_owned(),
            |rate| rate.per_unit.map_or_else(|| "none".to_owned(), numbers::rate),
        );
        let topped_up = if payer.is_prepaid { amount(payer.topped_up.amount) } else { "–".to_owned() };
        table.push(
            RowKind::Plain,
            vec![
                payer.name.clone(),
                of(&payer.opening),
                topped_up,
                amount(payer.spent.amount),
                if payer.is_prepaid { of(&payer.closing) } else { "billed later".to_owned() },
                payer.unit.to_string(),
                rate,
                converted(&payer.spent),
            ],
        );
        if !payer.unexplained.amount.is_zero() {
            let text = format!("{}: between readings that do not follow each other", payer.name);
            let mut cells = vec![text, String::new(), String::new(), String::new()];
            cells.extend([
                amount(payer.unexplained.amount),
                payer.unit.to_string(),
                String::new(),
                String::new(),
            ]);
            table.push(RowKind::Rest, cells);
        }
    }
    let spent = report.totals.spent;
    let parts = report.payers.iter().filter_map(|payer| payer.spent.reporting);
    let mut cells = vec![numbers::sum_word(parts, spent).to_owned()];
    cells.extend(std::iter::repeat_n(String::new(), 6));
    cells.push(amount(spent));
    table.push(RowKind::Sum, cells);
    table
}

/// Averages, what was watched and how sure the spend is.
pub fn averages(report: &Report) -> Table {
    let columns = vec![
        words("Balance or account", 0.0),
        words("Unit", 44.0),
        figures("Per hour", 66.0),
        figures("Per day", 66.0),
        figures("Watched", 70.0),
        figures("Not watched", 70.0),
        figures("± Doubt", 60.0),
    ];
    let mut table =
        Table::new("Averages", "over the hours that were watched", columns, "No balance is watched.");
    let length_ms = report.to.millis_since(report.from);
    for payer in &report.payers {
        let unwatched_ms = length_ms.saturating_sub(payer.watched_ms);
        table.push(
            RowKind::Plain,
            vec![
                payer.name.clone(),
                payer.unit.to_string(),
                optional(payer.per_hour, PER_HOUR_DIGITS),
                optional(payer.per_day, 2),
                numbers::duration(payer.watched_ms),
                if unwatched_ms == 0 { "–".to_owned() } else { numbers::duration(unwatched_ms) },
                if payer.doubt.is_zero() { "exact".to_owned() } else { amount(payer.doubt) },
            ],
        );
    }
    table
}

/// What each provider of `names` spent in a day, and the rest of them together.
fn day_cells(day: &DayReport, providers: &BTreeMap<&BalanceKey, Provider>, names: &[String]) -> Vec<Decimal> {
    let mut sums = vec![Decimal::ZERO; names.len() + 1];
    for part in &day.parts {
        let word = providers.get(&part.payer).map(|provider| provider.word());
        let column = names.iter().position(|name| Some(name.as_str()) == word).unwrap_or(names.len());
        if let (Some(sum), Some(spent)) = (sums.get_mut(column), part.spent.reporting) {
            *sum += spent;
        }
    }
    sums
}

/// Day by day.
pub fn days(report: &Report) -> Table {
    let names: Vec<String> =
        report.providers.iter().take(DAY_COLUMNS).map(|group| group.name.clone()).collect();
    let has_others = report.providers.len() > DAY_COLUMNS;
    let mut columns = vec![words("Day", 78.0)];
    columns.extend(names.iter().map(|name| figures(name.clone(), 60.0)));
    if has_others {
        columns.push(figures("Others", 60.0));
    }
    columns.extend([figures("Spent", 60.0), bars(0.0), figures("Not watched", 64.0)]);
    let caption = at_rates(report, &format!("in {}", report.reporting));
    let mut table = Table::new("Spend by day", caption, columns, "The period has no days.");
    let providers = report.payers.iter().map(|payer| (&payer.key, payer.provider)).collect();
    let highest = report.days.iter().map(|day| day.spent).max().unwrap_or_default();
    for day in &report.days {
        let mut sums = day_cells(day, &providers, &names);
        sums.truncate(names.len() + usize::from(has_others));
        let mut cells = vec![day.date.format("%Y-%m-%d %a").to_string()];
        cells.extend(sums.into_iter().map(amount));
        cells.extend([amount(day.spent), String::new()]);
        cells.push(if day.unwatched_ms == 0 { String::new() } else { numbers::duration(day.unwatched_ms) });
        table.push_bar(cells, share(day.spent, highest));
    }
    let spent = report.totals.spent;
    let parts = report.days.iter().map(|day| day.spent);
    let mut cells = vec![numbers::sum_word(parts, spent).to_owned()];
    cells.extend(report.providers.iter().take(DAY_COLUMNS).map(|group| amount(group.spent)));
    if has_others {
        cells.push(amount(report.providers.iter().skip(DAY_COLUMNS).map(|group| group.spent).sum()));
    }
    cells.extend([amount(spent), String::new(), String::new()]);
    table.push(RowKind::Sum, cells);
    table
}

/// By server and payer; at most `limit` of them, the rest as one named line.
pub fn servers(report: &Report, limit: usize) -> Table {
    let is_short = limit < report.servers.len();
    let mut columns = vec![words("Server", 0.0)];
    if !is_short {
        columns.extend([words("Id", 80.0), words("Paid from", 77.0)]);
    }
    columns.push(words("For", 78.0));
    if !is_short {
        columns.push(figures("Ran", 36.0));
        columns.push(figures("In its unit", 66.0));
    }
    columns.push(figures(report.reporting.to_string(), 46.0));
    if is_short {
        columns.push(bars(36.0));
    }
    let title = if is_short {
        format!("Dearest servers of {}", report.servers.len())
    } else {
        "Spend by server".to_owned()
    };
    let caption = at_rates(report, if is_short { "" } else { "as declared by their prices" });
    let mut table = Table::new(title, caption, columns, "No server was declared to cost anything.");
    let highest = report.servers.iter().filter_map(|server| server.spent.reporting).max().unwrap_or_default();
    for server in report.servers.iter().take(limit) {
        let mut cells = vec![server.name.clone()];
        if !is_short {
            cells.extend([server.server.to_string(), payer_name(report, &server.payer)]);
        }
        cells.push(server.owner.clone());
        if !is_short {
            cells.push(server.ran_ms.map(numbers::hours).unwrap_or_default());
            cells.push(format!("{} {}", amount(server.spent.amount), server.spent.unit));
        }
        cells.push(converted(&server.spent));
        if is_short {
            cells.push(String::new());
        }
        table.push_bar(cells, share(server.spent.reporting.unwrap_or_default(), highest));
    }
    push_rests(report, limit, is_short, &mut table);
    table
}

/// The lines below the servers: what is not listed, what is not attributed, and the sum.
fn push_rests(report: &Report, limit: usize, is_short: bool, table: &mut Table) {
    let line = |name: String, own: String, value: String| {
        let mut cells = vec![name];
        cells.extend(std::iter::repeat_n(String::new(), if is_short { 1 } else { 4 }));
        if !is_short {
            cells.push(own);
        }
        cells.push(value);
        if is_short {
            cells.push(String::new());
        }
        cells
    };
    let listed = report.servers.iter().take(limit).filter_map(|server| server.spent.reporting);
    let mut parts: Vec<Decimal> = listed.collect();
    if is_short {
        let rest: Decimal =
            report.servers.iter().skip(limit).filter_map(|server| server.spent.reporting).sum();
        let name = numbers::count(report.servers.len() - limit, "more server");
        table.push(RowKind::Rest, line(name, String::new(), amount(rest)));
        let unknown: Decimal = report.not_attributed.iter().filter_map(|rest| rest.amount.reporting).sum();
        table.push(RowKind::Rest, line("not attributed".to_owned(), String::new(), amount(unknown)));
        parts.extend([rest, unknown]);
    } else {
        for rest in &report.not_attributed {
            let own = format!("{} {}", amount(rest.amount.amount), rest.amount.unit);
            let name = format!("not attributed: {}", rest.name);
            table.push(RowKind::Rest, line(name, own, converted(&rest.amount)));
        }
        parts.extend(report.not_attributed.iter().filter_map(|rest| rest.amount.reporting));
    }
    let word = numbers::sum_word(parts, report.totals.spent).to_owned();
    table.push(RowKind::Sum, line(word, String::new(), amount(report.totals.spent)));
}

fn own_amounts(group: &SpendGroup) -> String {
    let told: Vec<String> =
        group.amounts.iter().map(|own| format!("{} {}", amount(own.amount), own.unit)).collect();
    told.join(" + ")
}

fn groups(report: &Report, title: &str, first: &str, of: &[SpendGroup], is_short: bool) -> Table {
    let mut columns = vec![words(first, 0.0), figures("Servers", 40.0)];
    if !is_short {
        columns.push(figures("In its own units", 170.0));
    }
    columns.extend([figures(report.reporting.to_string(), 56.0), figures("Share", 44.0)]);
    let mut table = Table::new(title, at_rates(report, ""), columns, "Nothing was spent.");
    let whole = report.totals.spent;
    for group in of {
        let is_rest = matches!(group.kind.as_str(), "unowned" | "not_attributed");
        let servers = if group.kind == "not_attributed" { String::new() } else { group.servers.to_string() };
        let mut cells = vec![group.name.clone(), servers];
        if !is_short {
            cells.push(own_amounts(group));
        }
        cells.extend([amount(group.spent), numbers::percent(group.spent, whole).unwrap_or_default()]);
        table.push(if is_rest { RowKind::Rest } else { RowKind::Plain }, cells);
    }
    let mut cells = vec![numbers::sum_word(of.iter().map(|group| group.spent), whole).to_owned()];
    cells.extend(std::iter::repeat_n(String::new(), if is_short { 1 } else { 2 }));
    cells.extend([amount(whole), String::new()]);
    table.push(RowKind::Sum, cells);
    table
}

/// By provider.
pub fn providers(report: &Report, is_short: bool) -> Table {
    groups(report, "Spend by provider", "Provider", &report.providers, is_short)
}

/// By owner.
pub fn owners(report: &Report) -> Table {
    groups(report, "Spend by owner", "Owner", &report.owners, false)
}

/// Alerts.
pub fn alerts(report: &Report) -> Table {
    let columns = vec![
        words("Level", 42.0),
        words("About", 104.0),
        words("What", 0.0),
        words("Began", 70.0),
        words("Ended", 70.0),
        words("Silenced", 74.0),
    ];
    let mut table = Table::new("Alerts", "that held in the period", columns, "No alert held in the period.");
    for alert in &report.alerts {
        let level = match alert.level {
            AlertLevel::Warning => "warning",
            AlertLevel::Critical => "CRITICAL",
        };
        let cells = vec![
            level.to_owned(),
            alert.about.clone(),
            alert.text.clone(),
            moment(report, alert.began),
            alert.ended.map_or_else(|| "still held".to_owned(), |ended| moment(report, ended)),
            alert.silenced.clone(),
        ];
        table.push(RowKind::Plain, cells);
    }
    table
}

/// Orphans.
pub fn orphans(report: &Report) -> Table {
    let reporting = &report.reporting;
    let columns = vec![
        words("Orphan", 0.0),
        words("Id", 72.0),
        figures("Per hour", 74.0),
        words("Found", 70.0),
        words("Ended", 70.0),
        figures(format!("Cost {reporting}"), 50.0),
        figures(format!("Saved {reporting}"), 52.0),
    ];
    let mut table = Table::new(
        "Orphans",
        at_rates(report, "billed and belonged to nobody"),
        columns,
        "Nothing billed that belonged to nobody.",
    );
    for orphan in &report.orphans {
        let ended = orphan.ended_at.map_or_else(|| "GOES ON".to_owned(), |ended| moment(report, ended));
        let per_hour = &orphan.per_hour;
        table.push(
            RowKind::Plain,
            vec![
                orphan.name.clone(),
                orphan.server.to_string(),
                format!("{} {}", figure(per_hour.amount, PER_HOUR_DIGITS), per_hour.unit),
                moment(report, orphan.found_at),
                ended,
                converted(&orphan.cost),
                converted(&orphan.saved),
            ],
        );
    }
    if !report.orphans.is_empty() {
        let costs = report.orphans.iter().filter_map(|orphan| orphan.cost.reporting);
        let saved = report.orphans.iter().filter_map(|orphan| orphan.saved.reporting);
        let is_rounded = numbers::is_sum_rounded(costs, report.totals.orphan_cost)
            || numbers::is_sum_rounded(saved, report.totals.saved);
        let mut cells = vec![if is_rounded { "Total (rounded)" } else { "Total" }.to_owned()];
        cells.extend(std::iter::repeat_n(String::new(), 4));
        cells.extend([amount(report.totals.orphan_cost), amount(report.totals.saved)]);
        table.push(RowKind::Sum, cells);
    }
    table
}

/// What came in.
pub fn top_ups(report: &Report) -> Table {
    let columns = vec![
        words("Balance", 0.0),
        words("Seen", 120.0),
        figures("Amount", 90.0),
        words("Unit", 50.0),
        figures("Spend beside it ±", 90.0),
    ];
    let mut table =
        Table::new("Top-ups", "seen at the reading after them", columns, "Nothing was topped up.");
    for payer in &report.payers {
        for top_up in &payer.top_ups {
            let doubt = if top_up.doubt.is_zero() { "exact".to_owned() } else { amount(top_up.doubt) };
            let cells = vec![
                payer.name.clone(),
                moment(report, top_up.seen_at),
                amount(top_up.amount),
                payer.unit.to_string(),
                doubt,
            ];
            table.push(RowKind::Plain, cells);
        }
    }
    table
}

/// What was not watched.
pub fn gaps(report: &Report) -> Table {
    let columns = vec![
        words("Balance or account", 0.0),
        words("From", 105.0),
        words("Until", 105.0),
        figures("Length", 66.0),
        figures("Spent meanwhile", 96.0),
    ];
    let mut table = Table::new("Not watched", "", columns, "Everything was watched.");
    for payer in &report.payers {
        for gap in &payer.gaps {
            let spent = gap
                .spent
                .map_or_else(|| "not known".to_owned(), |spent| format!("{} {}", amount(spent), payer.unit));
            let cells = vec![
                payer.name.clone(),
                moment(report, gap.from),
                moment(report, gap.to),
                numbers::duration(gap.to.millis_since(gap.from)),
                spent,
            ];
            table.push(RowKind::Plain, cells);
        }
    }
    table
}
