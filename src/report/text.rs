//! The first page as plain lines: the console's preview, and the command without a file.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::model::Report;
use super::table::{Align, Row, RowKind, Table};
use super::{numbers, tables};

/// Columns of a line where nobody says otherwise.
pub const WIDTH: usize = 100;

/// The narrowest a preview can be.
const LEAST: usize = 40;

/// Columns of the bars.
const BAR: usize = 16;

/// Columns that the first column of a table keeps at least.
const FIRST: usize = 12;

/// Servers listed.
const SERVERS: usize = 10;

/// The lines, none wider than `width` columns (of which there are at least 40).
pub fn preview(report: &Report, width: usize) -> Vec<String> {
    let width = width.max(LEAST);
    let zone = report.time_zone();
    let mut lines = vec![fit(&format!("{}: spend report", report.site), width)];
    let badge: Vec<&str> = [report.word.as_str(), if report.is_simulated { "SIMULATED" } else { "" }]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    if !badge.is_empty() {
        lines.push(fit(&badge.join(" "), width));
    }
    lines.push(fit(&format!("{} · {}", numbers::period(report.from, report.to, zone), report.zone), width));
    let rates = tables::rates(report);
    let rates = if rates.is_empty() { rates } else { format!(" · {rates}") };
    lines.push(fit(&format!("totals in {}{rates}", report.reporting), width));
    lines.push(String::new());
    lines.extend(figures(report).into_iter().map(|line| fit(&line, width)));
    for table in [
        tables::balances(report),
        tables::days(report),
        tables::providers(report, true),
        tables::servers(report, SERVERS.min(report.servers.len().saturating_sub(1).max(1))),
    ] {
        lines.push(String::new());
        lines.extend(table_lines(&table, width));
    }
    lines.push(String::new());
    lines.push("To know".to_owned());
    let alerts = numbers::count(report.alerts.len(), "alert");
    let orphans = numbers::count(report.orphans.len(), "orphan");
    lines.push(fit(&format!("- {alerts}, {orphans}"), width));
    for note in &report.notes {
        lines.extend(wrapped(note, width));
    }
    lines
}

fn figures(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let unit = &report.reporting;
    let line = |name: &str, value: String| format!("{name:<22}{value:>16} {unit}");
    let mut lines = vec![
        line("Spent", numbers::amount(totals.spent)),
        line("  from balances", numbers::amount(totals.spent_from_balances)),
    ];
    if let (Some(per_hour), Some(per_day)) = (totals.per_hour, totals.per_day) {
        lines.push(line("Average per hour", numbers::figure(per_hour, numbers::PER_HOUR_DIGITS)));
        lines.push(line("Average per day", numbers::amount(per_day)));
    }
    lines.extend([
        line("Balances at the start", numbers::amount(totals.opening)),
        line("Topped up", numbers::amount(totals.topped_up)),
        line("Balances at the end", numbers::amount(totals.closing)),
        line("Saved, orphans ended", numbers::amount(totals.saved)),
    ]);
    lines
}

/// The text, or as much of it as fits with an ellipsis.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for piece in text.graphemes(true) {
        if kept.width() + piece.width() + 1 > width {
            break;
        }
        kept.push_str(piece);
    }
    kept.push('…');
    kept
}

fn padded(text: &str, width: usize, align: Align) -> String {
    let text = fit(text, width);
    let space = " ".repeat(width.saturating_sub(text.width()));
    if align == Align::Left { format!("{text}{space}") } else { format!("{space}{text}") }
}

/// How wide each column is: what it holds, the first one narrower where the line is too long, then the last ones left out.
fn widths(table: &Table, width: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            if column.head.is_empty() {
                return BAR;
            }
            let plain = table.rows.iter().filter(|row| index > 0 || row.kind == RowKind::Plain);
            let cells = plain.filter_map(|row| row.cells.get(index)).map(|cell| cell.width());
            cells.chain([column.head.width()]).max().unwrap_or(0)
        })
        .collect();
    if let Some(first) = widths.first_mut() {
        *first = (*first).max(FIRST);
    }
    loop {
        let line: usize = widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum();
        let over = line.saturating_sub(width + 2);
        if over == 0 {
            return widths;
        }
        if let Some(first) = widths.first_mut()
            && *first > FIRST
        {
            *first -= over.min(*first - FIRST);
            continue;
        }
        // A bar goes first, then the last column that is left.
        let bar =
            table.columns.iter().position(|column| column.head.is_empty()).filter(|index| widths[*index] > 0);
        let Some(index) =
            bar.or_else(|| widths.iter().rposition(|width| *width > 0)).filter(|index| *index > 0)
        else {
            return widths;
        };
        widths[index] = 0;
    }
}

fn table_lines(table: &Table, width: usize) -> Vec<String> {
    let mut lines = vec![fit(&table.title, width)];
    if table.rows.is_empty() {
        lines.push(fit(&table.empty, width));
        return lines;
    }
    let widths = widths(table, width);
    let heads = table.columns.iter().map(|column| column.head.clone()).collect();
    let row_line = |row: &Row| {
        let cells = table.columns.iter().zip(&widths).zip(&row.cells).filter(|((_, width), _)| **width > 0);
        let cells: Vec<String> = cells
            .map(|((column, width), cell)| {
                if column.head.is_empty() { bar(row.bar, *width) } else { padded(cell, *width, column.align) }
            })
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.push(row_line(&Row { cells: heads, kind: RowKind::Plain, bar: 0.0 }));
    lines.extend(table.rows.iter().map(row_line));
    lines
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a bar's few columns, between 0 and 1"
)]
fn bar(share: f32, width: usize) -> String {
    let filled = (share.clamp(0.0, 1.0) * width as f32).round() as usize;
    format!("{}{}", "#".repeat(filled), " ".repeat(width.saturating_sub(filled)))
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::from("-");
    for word in text.split_whitespace() {
        if line.width() + 1 + word.width() > width && line.trim().len() > 1 {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(fit(&line, width));
    lines
}
