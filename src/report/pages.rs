//! Pages: what stands where. Tables break over pages and repeat their heads; every page says what it is part of.

use super::canvas::{ACCENT, ALARM, BAR, INK, MUTED, PANEL, Page, RULE, Type};
use super::charts::balance_chart;
use super::model::Report;
use super::table::{Align, Column, Row, RowKind, Table};
use super::{numbers, overview, tables};
use crate::model::problem::Problem;

/// Width of A4 in points.
pub const WIDTH: f32 = 595.28;
/// Height of A4 in points.
pub const HEIGHT: f32 = 841.89;
/// Free on each side.
pub const MARGIN: f32 = 42.0;
/// What is between the margins.
pub const INNER: f32 = WIDTH - 2.0 * MARGIN;

/// Where the content of a page after the first begins, below its header.
const TOP: f32 = 74.0;
/// Where it ends, above the footer.
const BOTTOM: f32 = HEIGHT - 50.0;
/// Height of a row.
const ROW: f32 = 13.0;
/// Height of each further line of a row.
const LINE: f32 = 9.5;
/// Lines that a cell of words may take.
const MOST_LINES: usize = 3;
/// Height of a table's head.
const HEAD: f32 = 15.0;
/// Between columns.
const GUTTER: f32 = 6.0;
/// A chart of a balance with the room below it.
const CHART_HEIGHT: f32 = 118.0;
/// Between sections.
const SECTION_GAP: f32 = 20.0;

/// Section titles.
pub const TITLE: Type = Type::strong(11.5, INK);
/// What stands beside a section's title.
pub const CAPTION: Type = Type::plain(7.5, MUTED);
const CELL: Type = Type::plain(8.0, INK);
const CELL_REST: Type = Type::plain(8.0, MUTED);
const CELL_SUM: Type = Type::strong(8.0, INK);
const CELL_HEAD: Type = Type::strong(7.0, MUTED);
const SMALL: Type = Type::plain(7.0, MUTED);

/// The whole report.
pub fn pages(report: &Report) -> Result<Vec<Page>, Problem> {
    let mut flow = Flow::new(report);
    flow.pages.push(overview::page(report)?);
    flow.next_page();
    flow.table(&tables::averages(report));
    flow.charts(report)?;
    for table in [
        tables::days(report),
        tables::providers(report, false),
        tables::owners(report),
        tables::servers(report, usize::MAX),
        tables::alerts(report),
        tables::orphans(report),
        tables::top_ups(report),
        tables::gaps(report),
    ] {
        flow.table(&table);
    }
    flow.notes(&report.notes);
    let mut pages = flow.pages;
    let count = pages.len();
    for (index, page) in pages.iter_mut().enumerate() {
        footer(page, report, &format!("Page {} of {count}", index + 1));
    }
    Ok(pages)
}

/// The first page alone, as a picture of its own.
pub fn overview(report: &Report) -> Result<Page, Problem> {
    let mut page = overview::page(report)?;
    footer(&mut page, report, "Overview · every day, server, alert and note is in the PDF, CSV and JSON");
    Ok(page)
}

fn footer(page: &mut Page, report: &Report, place: &str) {
    let y = HEIGHT - 30.0;
    page.area((MARGIN, y - 10.0), (INNER, 0.5), RULE);
    let made = numbers::moment(report.generated_at, report.time_zone());
    let rates = tables::rates(report);
    let rates = if rates.is_empty() { String::new() } else { format!(" · {rates}") };
    let left = format!("Quarterdeck · made {made} · amounts in {}{rates}", report.reporting);
    page.text(MARGIN, y, SMALL, SMALL.fit(&left, INNER - SMALL.width(place) - 12.0));
    page.text_to(WIDTH - MARGIN, y, SMALL, place);
}

/// The site's name, its word, and whether it is simulated, from the right edge to the left.
pub fn badge(page: &mut Page, report: &Report, baseline: f32) {
    let badge = Type::strong(7.5, super::canvas::WHITE);
    let mut right = WIDTH - MARGIN;
    let words = [(report.word.as_str(), ACCENT), (if report.is_simulated { "SIMULATED" } else { "" }, ALARM)];
    for (word, colour) in words.into_iter().filter(|(word, _)| !word.is_empty()) {
        let word = badge.fit(word, 140.0);
        let width = badge.width(&word) + 10.0;
        page.area((right - width, baseline - 9.0), (width, 13.0), colour);
        page.text_to(right - 5.0, baseline, badge, word);
        right -= width + 5.0;
    }
}

/// Places sections one below the other.
struct Flow<'a> {
    report: &'a Report,
    pages: Vec<Page>,
    y: f32,
}

impl<'a> Flow<'a> {
    fn new(report: &'a Report) -> Self {
        Self { report, pages: Vec::new(), y: TOP }
    }

    fn next_page(&mut self) {
        let mut page = Page::new(WIDTH, HEIGHT);
        let zone = self.report.time_zone();
        let period = numbers::period(self.report.from, self.report.to, zone);
        let name = Type::strong(9.0, ACCENT).fit(&self.report.site, 180.0);
        page.text(MARGIN, 44.0, Type::strong(9.0, ACCENT), name.clone());
        let after = MARGIN + Type::strong(9.0, ACCENT).width(&name) + 8.0;
        page.text(
            after,
            44.0,
            Type::plain(8.0, MUTED),
            format!("Spend report {period} · {}", self.report.zone),
        );
        badge(&mut page, self.report, 44.0);
        page.area((MARGIN, 51.0), (INNER, 0.8), ACCENT);
        self.pages.push(page);
        self.y = TOP;
    }

    /// Makes room for `height`, on a new page where this one has none left.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.next_page();
        }
    }

    /// A section's title, kept together with `follows` points of what it heads.
    fn section(&mut self, title: &str, caption: &str, follows: f32) {
        if self.y > TOP {
            self.y += SECTION_GAP;
        }
        self.need(20.0 + follows);
        let y = self.y;
        let Some(page) = self.pages.last_mut() else { return };
        page.sections.push((title.to_owned(), y - 14.0));
        page.text(MARGIN, y, TITLE, title);
        let after = MARGIN + TITLE.width(title) + 8.0;
        page.text(after, y, CAPTION, CAPTION.fit(caption, WIDTH - MARGIN - after));
        self.y += 8.0;
    }

    fn table(&mut self, table: &Table) {
        self.section(&table.title, &table.caption, HEAD + 3.0 * ROW);
        if table.rows.is_empty() {
            self.y += 10.0;
            let y = self.y;
            if let Some(page) = self.pages.last_mut() {
                page.text(MARGIN, y, CELL_REST, table.empty.as_str());
            }
            return;
        }
        self.head(&table.columns);
        for (index, row) in table.rows.iter().enumerate() {
            // A sum never stands alone on a page: it takes the row before it along.
            let is_before_sum = table.rows.get(index + 1).is_some_and(|next| next.kind == RowKind::Sum);
            let lines = Lines::of(row, &table.columns, MARGIN, INNER, MOST_LINES);
            let height = lines.height();
            let with_next = if is_before_sum { height + ROW } else { height };
            if self.y + with_next > BOTTOM {
                self.next_page();
                let title = format!("{}, continued", table.title);
                let y = self.y;
                if let Some(page) = self.pages.last_mut() {
                    page.text(MARGIN, y, TITLE, title);
                }
                self.y += 8.0;
                self.head(&table.columns);
            }
            let y = self.y;
            if let Some(page) = self.pages.last_mut() {
                lines.draw(page, (MARGIN, y), INNER, &table.columns, row);
            }
            self.y += height;
        }
    }

    fn head(&mut self, columns: &[Column]) {
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            draw_head(page, (MARGIN, y), INNER, columns);
        }
        self.y += HEAD;
    }

    /// A chart of every balance that the first page has none of, two beside each other.
    fn charts(&mut self, report: &Report) -> Result<(), Problem> {
        let prepaid: Vec<_> =
            report.payers.iter().filter(|payer| !payer.line.is_empty()).skip(overview::CHARTS).collect();
        if prepaid.is_empty() {
            return Ok(());
        }
        let width = (INNER - 14.0) / 2.0;
        self.section("More balances over time", "each in its own unit", CHART_HEIGHT);
        for pair in prepaid.chunks(2) {
            self.need(CHART_HEIGHT);
            for (x, payer) in [MARGIN, MARGIN + width + 14.0].into_iter().zip(pair) {
                let svg = balance_chart(report, payer, width, CHART_HEIGHT - 8.0)?;
                let y = self.y;
                if let Some(page) = self.pages.last_mut() {
                    page.chart((x, y), (width, CHART_HEIGHT - 8.0), svg);
                }
            }
            self.y += CHART_HEIGHT;
        }
        Ok(())
    }

    fn notes(&mut self, notes: &[String]) {
        if notes.is_empty() {
            return;
        }
        self.section("Notes", "what limits these figures", 30.0);
        self.y += 6.0;
        for note in notes {
            let lines = CELL.wrap(note, INNER - 10.0);
            self.need(lines.len() as f32 * 11.0 + 4.0);
            self.y += 4.0;
            for (index, line) in lines.into_iter().enumerate() {
                let y = self.y + 4.0;
                if let Some(page) = self.pages.last_mut() {
                    if index == 0 {
                        page.area((MARGIN, y - 4.5), (3.0, 3.0), ACCENT);
                    }
                    page.text(MARGIN + 10.0, y, CELL, line);
                }
                self.y += 11.0;
            }
        }
    }
}

/// Left edges and widths of columns in `room` points.
fn places(columns: &[Column], left: f32, room: f32) -> Vec<(f32, f32)> {
    let fixed: f32 = columns.iter().map(|column| column.width).sum();
    let flexible = columns.iter().filter(|column| column.width <= 0.0).count();
    let spare = (room - fixed - GUTTER * columns.len().saturating_sub(1) as f32).max(0.0);
    let each = spare / flexible.max(1) as f32;
    let mut x = left;
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let width = if column.width > 0.0 { column.width } else { each };
        places.push((x, width));
        x += width + GUTTER;
    }
    places
}

fn draw_head(page: &mut Page, (left, top): (f32, f32), room: f32, columns: &[Column]) {
    page.area((left, top), (room, HEAD - 1.0), PANEL);
    for (column, (x, width)) in columns.iter().zip(places(columns, left, room)) {
        let text = CELL_HEAD.fit(&column.head, width);
        match column.align {
            Align::Left => page.text(x + 2.0, top + 9.8, CELL_HEAD, text),
            Align::Right => page.text_to(x + width, top + 9.8, CELL_HEAD, text),
        }
    }
}

/// How a row is written.
fn row_style(kind: RowKind) -> Type {
    match kind {
        RowKind::Plain => CELL,
        RowKind::Rest => CELL_REST,
        RowKind::Sum => CELL_SUM,
    }
}

/// The lines of each cell of a row.
struct Lines(Vec<Vec<String>>);

impl Lines {
    /// Words of plain rows take up to `most` lines; other words run on over the empty cells that follow them.
    fn of(row: &Row, columns: &[Column], left: f32, room: f32, most: usize) -> Self {
        let style = row_style(row.kind);
        let places = places(columns, left, room);
        let cells = columns.iter().zip(&places).zip(&row.cells).enumerate();
        let lines = cells.map(|(index, ((column, (x, width)), cell))| {
            if column.align == Align::Right {
                return vec![style.fit(cell, *width + GUTTER - 1.0)];
            }
            if row.kind == RowKind::Plain {
                return style.wrap_most(cell, *width - 2.0, most);
            }
            let reach = row.cells.iter().skip(index + 1).take_while(|next| next.is_empty()).count();
            let end = places.get(index + reach).map_or(x + width, |(x, width)| x + width);
            vec![style.fit(cell, end - x - 2.0)]
        });
        Self(lines.collect())
    }

    fn height(&self) -> f32 {
        let most = self.0.iter().map(Vec::len).max().unwrap_or(1).max(1);
        ROW + (most as f32 - 1.0) * LINE
    }

    fn draw(&self, page: &mut Page, (left, top): (f32, f32), room: f32, columns: &[Column], row: &Row) {
        let style = row_style(row.kind);
        let (colour, width) = if row.kind == RowKind::Sum { (INK, 0.8) } else { (RULE, 0.4) };
        page.area((left, top), (room, width), colour);
        for ((column, (x, width)), lines) in columns.iter().zip(places(columns, left, room)).zip(&self.0) {
            if column.head.is_empty() {
                page.area((x, top + 3.5), (width * row.bar, 6.5), BAR);
                continue;
            }
            let mut y = top + 9.4;
            for line in lines {
                match column.align {
                    Align::Left => page.text(x + 2.0, y, style, line.as_str()),
                    Align::Right => page.text_to(x + width, y, style, line.as_str()),
                }
                y += LINE;
            }
        }
    }
}

/// Draws a whole table at a place on a page, as far as `limit` rows go, and tells where it ends.
pub fn place_table(page: &mut Page, (left, top): (f32, f32), room: f32, table: &Table) -> f32 {
    page.text(left, top, TITLE, table.title.as_str());
    let after = left + TITLE.width(&table.title) + 8.0;
    page.text(after, top, CAPTION, CAPTION.fit(&table.caption, left + room - after));
    let mut y = top + 8.0;
    draw_head(page, (left, y), room, &table.columns);
    y += HEAD;
    for row in &table.rows {
        Lines::of(row, &table.columns, left, room, 1).draw(page, (left, y), room, &table.columns, row);
        y += ROW;
    }
    y
}
