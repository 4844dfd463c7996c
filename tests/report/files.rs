//! The formats that are text: what is in them, that they are well formed, and that nothing in a name breaks them.

use std::collections::BTreeMap;
use std::io::{Error, Write};
use std::path::Path;

use quarterdeck::model::problem::ProblemKind;
use quarterdeck::report::{Format, Report, preview, write};
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr;

use crate::fixture::{reference_month, three_days};
use crate::{bytes, text};

/// A reader of RFC 4180, written for this test.
fn rows_of(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = csv.strip_prefix('\u{feff}').expect("a byte order mark").chars().peekable();
    while let Some(character) = characters.next() {
        match (character, is_quoted) {
            ('"', true) if characters.next_if_eq(&'"').is_some() => cell.push('"'),
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (character, _) => cell.push(character),
        }
    }
    assert!(!is_quoted && row.is_empty() && cell.is_empty(), "the last line ends");
    rows
}

#[test]
fn json_is_the_model_and_reads_back() {
    let report = Report::build(&reference_month());
    let read: Report = serde_json::from_slice(&bytes(&report, Format::Json)).unwrap();
    assert_eq!(read, report);
}

#[test]
fn json_of_three_days() {
    let mut report = Report::build(&three_days());
    for payer in &mut report.payers {
        payer.line.truncate(2);
    }
    insta::assert_snapshot!(text(&report, Format::Json));
}

#[test]
fn csv_of_three_days() {
    insta::assert_snapshot!(text(&Report::build(&three_days()), Format::Csv));
}

#[test]
fn text_of_three_days() {
    insta::assert_snapshot!(text(&Report::build(&three_days()), Format::Text));
}

#[test]
fn csv_has_the_same_columns_throughout_and_its_sections_add_up() {
    let report = Report::build(&reference_month());
    let rows = rows_of(&text(&report, Format::Csv));
    let head = rows[0].clone();
    assert!(rows.iter().all(|row| row.len() == head.len()));
    let column = |name: &str| head.iter().position(|head| head == name).unwrap();
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in &rows[1..] {
        if matches!(row[column("what")].as_str(), "spent" | "not attributed")
            && let Ok(amount) = row[column("amount_reporting")].parse::<Decimal>()
        {
            *sums.entry(row[0].clone()).or_default() += amount;
        }
    }
    for section in ["total", "balance", "day", "provider", "owner", "server"] {
        assert_eq!(sums[section], report.totals.spent, "{section}");
    }
    let numeric = ["amount", "rate", "amount_reporting"].map(column);
    for row in &rows[1..] {
        for (index, cell) in row.iter().enumerate() {
            let is_number = numeric.contains(&index);
            assert!(!is_number || cell.is_empty() || cell.parse::<Decimal>().is_ok(), "{cell}");
            let is_formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
            assert!(is_number || !is_formula, "a spreadsheet would run {cell}");
        }
    }
    assert!(rows.iter().any(|row| row[column("name")].starts_with("'=HYPERLINK")));
}

#[test]
fn svg_has_axes_units_and_a_legend() {
    let report = Report::build(&reference_month());
    let svg = text(&report, Format::Svg);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let charts: Vec<_> = document.descendants().filter(|node| node.has_tag_name("svg")).skip(1).collect();
    assert_eq!(charts.len(), 3, "the days and two balances");
    let texts = |chart: &roxmltree::Node<'_, '_>| -> Vec<String> {
        let texts = chart.descendants().filter(|node| node.has_tag_name("text"));
        texts.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
    };
    let days = texts(&charts[0]);
    for expected in [
        "exaroton",
        "DatHost",
        "Pterodactyl",
        "not watched",
        "EUR",
        "Spend by day, EUR per day",
        "day of October 2026",
        "1",
        "31",
        "0",
    ] {
        assert!(days.iter().any(|text| text == expected), "{expected:?} is not in {days:?}");
    }
    let balance = texts(&charts[1]);
    for expected in
        ["exaroton main, credits", "credits", "balance", "top-up", "not watched", "day of October 2026"]
    {
        assert!(balance.iter().any(|text| text == expected), "{expected:?} is not in {balance:?}");
    }
    let shapes = |chart: &roxmltree::Node<'_, '_>, tag: &str, fill: &str| {
        let found = chart.descendants().filter(|node| node.has_tag_name(tag));
        found.filter(|node| node.attribute("fill").is_some_and(|f| f.eq_ignore_ascii_case(fill))).count()
    };
    assert_eq!(shapes(&charts[0], "rect", "#12355B"), 31 + 1, "a bar for each day and the legend's square");
    // Two gaps of one balance and one of the other, and the legend's square.
    assert_eq!(shapes(&charts[0], "rect", "#E2E5E9"), 3 + 1);
    assert_eq!(shapes(&charts[1], "rect", "#E2E5E9"), 2 + 1);
    // The line has three pieces, and one stands in the legend.
    let lines = charts[1].descendants().filter(|node| {
        node.has_tag_name("polyline")
            && node.attribute("stroke").is_some_and(|stroke| stroke.eq_ignore_ascii_case("#12355B"))
    });
    assert_eq!(lines.count(), 3 + 1);
}

#[test]
fn svg_carries_its_font_and_nothing_from_outside() {
    let report = Report::build(&reference_month());
    let svg = text(&report, Format::Svg);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let style = document.descendants().find(|node| node.has_tag_name("style")).unwrap();
    let rules = style.text().unwrap();
    assert_eq!(rules.matches("src:url(data:font/ttf;base64,").count(), 2);
    assert_eq!(rules.matches("url(").count(), 2, "nothing is loaded from elsewhere");
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(
            !matches!(node.tag_name().name(), "script" | "image" | "foreignObject" | "a" | "use"),
            "{node:?}"
        );
        let family = node.attribute("font-family");
        assert!(family.is_none_or(|family| family == "Open Sans"), "{family:?}");
    }
}

#[test]
fn previews_fit_every_width() {
    let report = Report::build(&reference_month());
    for width in 40..130 {
        for line in preview(&report, width) {
            assert!(line.width() <= width, "{width}: {line:?}");
        }
    }
    let lines = preview(&report, 80);
    assert!(lines.iter().any(|line| line.contains("2026-10-01 to 2026-10-31")), "{lines:#?}");
}

#[test]
fn a_files_ending_tells_its_format() {
    assert_eq!(Format::from_path(Path::new("week 42.PDF")).unwrap(), Format::Pdf);
    assert_eq!(Format::from_path(Path::new("/tmp/a.b/report.csv")).unwrap(), Format::Csv);
    let problem = Format::from_path(Path::new("report.docx")).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.advice.contains(".pdf .png .svg .csv .json"), "{problem}");
}

#[test]
fn a_full_disk_is_a_problem_of_the_disk() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(Error::other("no space left"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let problem = write(&Report::build(&three_days()), Format::Csv, &mut Full).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Storage);
    assert!(problem.message.contains("no space left"));
}
