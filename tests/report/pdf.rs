//! The PDF, read and drawn by poppler: another program than the one that wrote it.

use std::path::Path;
use std::process::Command;

use quarterdeck::report::{Format, Report};
use resvg::tiny_skia::Pixmap;

use crate::bytes;
use crate::fixture::{history, moment, reference_month};
use crate::look::{assert_is_first_page, share_of};
use crate::poppler::{has_poppler, told};

/// The pages as pictures, 72 pixels per inch.
fn drawn(file: &Path) -> Vec<Pixmap> {
    let folder = file.parent().expect("a folder");
    let output =
        Command::new("pdftoppm").args(["-r", "72", "-png"]).arg(file).arg(folder.join("page")).output();
    let output = output.expect("pdftoppm");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let files = std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path());
    let mut pages: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "png")).collect();
    pages.sort();
    pages.iter().map(|path| Pixmap::load_png(path).expect("a page")).collect()
}

fn written(report: &Report) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.pdf");
    std::fs::write(&file, bytes(report, Format::Pdf)).expect("the file");
    (folder, file)
}

#[test]
fn every_page_of_the_reference_month_is_drawn() {
    if !has_poppler() {
        return;
    }
    let (_folder, file) = written(&Report::build(&reference_month()));
    let pages = drawn(&file);
    assert!(pages.len() >= 4, "{} pages", pages.len());
    assert_is_first_page(&pages[0]);
    for (index, page) in pages.iter().enumerate() {
        assert_eq!((page.width(), page.height()), (596, 842));
        let is_ink = |pixel: [u8; 3]| pixel.iter().all(|part| *part < 0xa0);
        assert!(share_of(page, (0.06, 0.03, 0.94, 0.07), is_ink) > 0.005, "page {index} has a header");
        assert!(share_of(page, (0.06, 0.95, 0.94, 0.975), is_ink) > 0.001, "page {index} has a footer");
        assert!(share_of(page, (0.06, 0.08, 0.94, 0.3), is_ink) > 0.01, "page {index} has content");
        let is_white = |pixel: [u8; 3]| pixel == [255; 3];
        assert!(
            share_of(page, (0.0, 0.0, 0.06, 1.0), is_white) > 0.9999,
            "nothing in the margin of page {index}"
        );
    }
}

#[test]
fn the_pdfs_text_can_be_read_and_searched() {
    if !has_poppler() {
        return;
    }
    let report = Report::build(&reference_month());
    let (_folder, file) = written(&report);
    let text = told("pdftotext", &["-layout"], &file);
    let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of {}", index + 1, pages.len())), "{page}");
        assert!(page.contains("2026-10-01 to 2026-10-31") && page.contains("Europe/Berlin"), "{page}");
        assert!(page.contains("1 credits = 0.01 EUR"), "the rate is on every page: {page}");
    }
    for expected in [
        "Nordlicht Hosting",
        "PRODUCTION",
        "Spend by day, EUR per day",
        "day of October 2026",
        "not watched",
        "exaroton main",
        "Spend by provider",
        "Spend by owner",
        "Spend by server",
        "Alerts",
        "Orphans",
        "Top-ups",
        "2026-10-25 Sun",
        "2026-10-25 had 25 hours",
        "order 800",
        "nobody (unowned)",
        "not attributed",
        "runway of exaroton main",
        "CRITICAL",
        "still held",
        "GOES ON",
        "anna@desk",
        "<script>alert(1)</script>",
        "Ünïçødé",
        "The machine was off on 10 October",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(
        text.contains("Spend by server, continued") && text.matches("Paid from").count() >= 2,
        "heads repeat"
    );
    let total = text.lines().filter(|line| line.trim_start().starts_with("Total")).count();
    assert!(total >= 6, "{total} sums");
}

#[test]
fn the_pdf_says_what_it_is_and_holds_no_pictures() {
    if !has_poppler() {
        return;
    }
    let (_folder, file) = written(&Report::build(&reference_month()));
    let output = Command::new("pdfinfo").arg(&file).output().unwrap();
    let about = String::from_utf8(output.stdout).unwrap();
    assert!(about.contains("Nordlicht Hosting: spend report 2026-10-01 to 2026-10-31"), "{about}");
    assert!(about.contains("A4") && about.contains("Quarterdeck"), "{about}");
    let output = Command::new("pdfimages").arg("-list").arg(&file).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2, "only the heads of the list");
    let output = Command::new("pdffonts").arg(&file).output().unwrap();
    let fonts = String::from_utf8(output.stdout).unwrap();
    assert!(
        fonts.lines().skip(2).all(|line| line.contains("OpenSans") && line.contains("yes yes yes")),
        "{fonts}"
    );
}

#[test]
fn long_tables_break_over_pages_with_their_heads() {
    if !has_poppler() {
        return;
    }
    let report = Report::build(&history(moment("2026-06-30T22:00:00Z"), 92 * 24, 150));
    let (_folder, file) = written(&report);
    let text = told("pdftotext", &["-layout"], &file);
    let heads = text.lines().filter(|line| line.contains("Server") && line.contains("Paid from")).count();
    let continued = text.matches("Spend by server, continued").count();
    assert!(continued >= 2 && heads == continued + 1, "{heads} heads, {continued} continuations");
    for server in &report.servers {
        assert_eq!(text.matches(&server.server.to_string()).count(), 1, "{}", server.server);
    }
    for day in &report.days {
        assert_eq!(text.matches(&day.date.format("%Y-%m-%d %a").to_string()).count(), 1, "{}", day.date);
    }
}
