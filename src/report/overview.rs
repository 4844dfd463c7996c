//! The first page: what was spent, where it went, what is left. It stands alone as a picture.

use rust_decimal::Decimal;

use super::canvas::{ACCENT, INK, MUTED, PANEL, Page, Type};
use super::charts::{balance_chart, days_chart};
use super::model::Report;
use super::pages::{HEIGHT, INNER, MARGIN, WIDTH, badge, place_table};
use super::table::{RowKind, Table};
use super::{numbers, tables};
use crate::model::problem::Problem;

/// Balances listed and charted on the first page; the others are on the next.
const BALANCES: usize = 4;
/// Charts of balances on it.
pub const CHARTS: usize = 2;
/// Servers listed on it.
const SERVERS: usize = 9;
/// Notes told on it.
const NOTES: usize = 4;

/// The page, without its footer.
pub fn page(report: &Report) -> Result<Page, Problem> {
    let mut page = Page::new(WIDTH, HEIGHT);
    page.sections.push(("Overview".to_owned(), 0.0));
    heading(&mut page, report);
    let mut y = tiles(&mut page, report, 104.0) + 14.0;
    let days_height = 158.0;
    page.chart((MARGIN, y), (INNER, days_height), days_chart(report, INNER, days_height)?);
    y += days_height + 8.0;
    y = balance_charts(&mut page, report, y)?;
    y = place_table(&mut page, (MARGIN, y + 17.0), INNER, &first_balances(report)) + 22.0;
    let column = (INNER - 18.0) / 2.0;
    let narrow = column - 30.0;
    let ends = place_table(&mut page, (MARGIN, y), narrow, &bare(tables::providers(report, true)));
    let right = MARGIN + narrow + 18.0;
    let servers = bare(tables::servers(report, SERVERS.min(report.servers.len().saturating_sub(1).max(1))));
    place_table(&mut page, (right, y), INNER - narrow - 18.0, &servers);
    notes(&mut page, report, (MARGIN, ends + 20.0), narrow);
    Ok(page)
}

/// A table whose caption has no room here; the footer tells the rates.
fn bare(table: Table) -> Table {
    Table { caption: String::new(), ..table }
}

fn heading(page: &mut Page, report: &Report) {
    let zone = report.time_zone();
    let name = Type::strong(20.0, ACCENT);
    page.text(MARGIN, 56.0, name, name.fit(&report.site, INNER - 170.0));
    badge(page, report, 52.0);
    let period = format!("Spend report · {}", numbers::period(report.from, report.to, zone));
    page.text(MARGIN, 73.0, Type::strong(11.0, INK), period);
    let length = numbers::whole_days(report.to.millis_since(report.from) + 3_600_000);
    let rates = tables::rates(report);
    let rates = if rates.is_empty() { String::new() } else { format!(", converted at {rates}") };
    let days = if length == 1 { "1 day".to_owned() } else { format!("{length} days") };
    let line = format!("{days} in time zone {} · totals in {}{rates}", report.zone, report.reporting);
    let small = Type::plain(8.5, MUTED);
    page.text(MARGIN, 87.0, small, small.fit(&line, INNER));
}

/// The five figures that matter most; tells where they end.
fn tiles(page: &mut Page, report: &Report, top: f32) -> f32 {
    const HEIGHT: f32 = 50.0;
    const GAP: f32 = 8.0;
    let totals = &report.totals;
    let per_day = totals.per_day.map_or_else(|| "–".to_owned(), numbers::amount);
    let per_hour = totals.per_hour.map_or_else(String::new, |per_hour| {
        format!("{} per hour", numbers::figure(per_hour, numbers::PER_HOUR_DIGITS))
    });
    let top_ups: usize = report.payers.iter().map(|payer| payer.top_ups.len()).sum();
    let orphans = report.orphans.len();
    let later = totals.spent - totals.spent_from_balances;
    let tiles = [
        ("Spent", numbers::amount(totals.spent), spent_note(later)),
        ("Average per day", per_day, per_hour),
        (
            "Balances at the end",
            numbers::amount(totals.closing),
            format!("from {}", numbers::amount(totals.opening)),
        ),
        ("Topped up", numbers::amount(totals.topped_up), numbers::count(top_ups, "top-up")),
        ("Saved, orphans ended", numbers::amount(totals.saved), numbers::count(orphans, "orphan")),
    ];
    let width = (INNER - GAP * (tiles.len() as f32 - 1.0)) / tiles.len() as f32;
    let mut x = MARGIN;
    for (index, (name, value, note)) in tiles.into_iter().enumerate() {
        page.area((x, top), (width, HEIGHT), PANEL);
        page.area((x, top), (2.0, HEIGHT), ACCENT);
        let head = Type::plain(7.5, MUTED);
        page.text(x + 9.0, top + 13.0, head, head.fit(name, width - 12.0));
        let unit = Type::plain(7.5, MUTED);
        let room = width - 14.0 - unit.width(&report.reporting.0);
        let size =
            [14.0, 12.0, 10.0, 8.0].into_iter().find(|size| Type::strong(*size, INK).width(&value) <= room);
        let strong = Type::strong(size.unwrap_or(7.0), if index == 0 { ACCENT } else { INK });
        page.text(x + 9.0, top + 31.0, strong, value.clone());
        page.text(x + 12.0 + strong.width(&value), top + 31.0, unit, report.reporting.to_string());
        let small = Type::plain(7.0, MUTED);
        page.text(x + 9.0, top + 43.0, small, small.fit(&note, width - 12.0));
        x += width + GAP;
    }
    top + HEIGHT
}

fn spent_note(later: Decimal) -> String {
    if later.is_zero() {
        "from balances".to_owned()
    } else {
        format!("{} of it billed later", numbers::amount(later))
    }
}

fn balance_charts(page: &mut Page, report: &Report, y: f32) -> Result<f32, Problem> {
    const CHART_HEIGHT: f32 = 104.0;
    let prepaid: Vec<_> = report.payers.iter().filter(|payer| !payer.line.is_empty()).take(CHARTS).collect();
    if prepaid.is_empty() {
        return Ok(y);
    }
    let count = prepaid.len() as f32;
    let width = (INNER - 14.0 * (count - 1.0)) / count;
    let mut x = MARGIN;
    for payer in prepaid {
        page.chart((x, y), (width, CHART_HEIGHT), balance_chart(report, payer, width, CHART_HEIGHT)?);
        x += width + 14.0;
    }
    Ok(y + CHART_HEIGHT)
}

/// The table of balances, as far as there is room; the rest in one line.
fn first_balances(report: &Report) -> Table {
    let table = tables::balances(report);
    let plain = table.rows.iter().filter(|row| row.kind != RowKind::Sum).count();
    if plain <= BALANCES {
        return table;
    }
    let rest: Decimal =
        report.payers.iter().skip(BALANCES - 1).filter_map(|payer| payer.spent.reporting).sum();
    let kept: Vec<String> = report.payers.iter().take(BALANCES - 1).map(|payer| payer.name.clone()).collect();
    let mut short = Table { rows: Vec::new(), ..table.clone() };
    short.rows.extend(
        table.rows.iter().filter(|row| row.kind == RowKind::Plain && kept.contains(&row.cells[0])).cloned(),
    );
    let mut cells = vec![format!("{} more, see the following pages", report.payers.len() - kept.len())];
    cells.extend(std::iter::repeat_n(String::new(), 6));
    cells.push(numbers::amount(rest));
    short.push(RowKind::Rest, cells);
    short.rows.extend(table.rows.into_iter().filter(|row| row.kind == RowKind::Sum));
    short
}

/// What the reader must know first: orphans that go on, alerts, and the first notes.
fn notes(page: &mut Page, report: &Report, (left, top): (f32, f32), room: f32) {
    let style = Type::plain(7.5, INK);
    let bottom = HEIGHT - 52.0;
    let mut y = top;
    page.text(left, y, super::pages::TITLE, "To know");
    y += 5.0;
    let going_on = report.orphans.iter().filter(|orphan| orphan.ended_at.is_none()).count();
    let mut sentences = Vec::new();
    if going_on > 0 {
        sentences.push(format!("{going_on} of {} orphans still bill.", report.orphans.len()));
    }
    let critical =
        report.alerts.iter().filter(|alert| alert.level == crate::model::spend::AlertLevel::Critical).count();
    sentences.push(match report.alerts.len() {
        0 => "No alert held.".to_owned(),
        1 => format!("1 alert held, {critical} critical."),
        count => format!("{count} alerts held, {critical} of them critical."),
    });
    sentences.extend(report.notes.iter().take(NOTES).cloned());
    for sentence in sentences {
        let lines = style.wrap(&sentence, room - 8.0);
        if y + lines.len() as f32 * 10.0 + 3.0 > bottom {
            break;
        }
        page.area((left, y + 4.5), (2.5, 2.5), ACCENT);
        for line in lines {
            y += 10.0;
            page.text(left + 8.0, y - 1.5, style, line);
        }
        y += 3.0;
    }
}
