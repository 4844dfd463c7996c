//! The dialog of reports: from one key and enter to a file, and everything that can be chosen on the way.

use std::path::PathBuf;

use insta::assert_snapshot;
use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect};
use quarterdeck::console::context::LinkState;
use quarterdeck::console::dialogs::report::ReportDialog;
use quarterdeck::console::keys::Key;
use quarterdeck::model::problem::{Effect as Possible, Fault, Problem, ProblemKind, Retry};
use quarterdeck::model::report::{ReportFormat, ReportPart, ReportPeriod, ReportRequest};
use quarterdeck::model::request::{Reply, Request};

use crate::fixture::NOW;
use crate::money;
use crate::stage::{Stage, text};

/// Half of what a part holds at most, so that a file comes in two.
const HALF: usize = 3;

/// What an engine answers: its lines as text, a few bytes as anything else.
pub fn answer(request: &Request) -> Reply {
    let whole = |request: &ReportRequest| match request.format {
        ReportFormat::Text => {
            let mut lines = vec!["northwind: spend report".to_owned(), "SIMULATED".to_owned()];
            lines.push(format!("{} · UTC", request.period));
            lines.push(String::new());
            lines.push("Spent                             34.20 EUR".to_owned());
            lines.extend((1..40).map(|day| format!("2026-11-{day:02}  1.14 EUR")));
            lines.push("- \u{1b}[31mSIMULATED: no figure here is real money.".to_owned());
            lines.join("\n").into_bytes()
        }
        _ => b"%PDF-1".to_vec(),
    };
    let part = |report, offset: usize, bytes: &[u8], name: String, total: usize| {
        Reply::ReportPart(Box::new(ReportPart {
            report,
            name,
            period: "2026-11-16 to 2026-11-22, UTC".to_owned(),
            total_bytes: total as u64,
            offset: offset as u64,
            bytes: bytes.to_vec(),
        }))
    };
    match request {
        Request::Report(asked) => {
            let bytes = whole(asked);
            let name = format!("northwind-spend-2026-11-16-to-2026-11-22.{}", asked.format.ending());
            let first = if asked.format == ReportFormat::Text { bytes.len() } else { HALF };
            part(1, 0, &bytes[..first], name, bytes.len())
        }
        Request::ReportPart { report: 1, offset: 3 } => {
            part(1, HALF, b"F-1", "northwind-spend-2026-11-16-to-2026-11-22.pdf".to_owned(), 6)
        }
        other => panic!("asked for {other:?}"),
    }
}

/// Answers what was asked and what is asked then; gives the reports asked for and what is left over.
fn settle(
    stage: &Stage,
    dialog: &mut ReportDialog,
    effects: Vec<Effect>,
) -> (Vec<ReportRequest>, Vec<Effect>) {
    let (mut asked, mut left, mut waiting) = (Vec::new(), Vec::new(), effects);
    while !waiting.is_empty() {
        let mut next = Vec::new();
        for effect in waiting {
            match effect {
                Effect::Send { request, ticket } => {
                    if let Request::Report(report) = &request {
                        asked.push(report.clone());
                    }
                    next.extend(stage.reply(dialog, ticket.0, &Ok(answer(&request))));
                }
                other => left.push(other),
            }
        }
        waiting = next;
    }
    (asked, left)
}

fn opened(stage: &Stage) -> ReportDialog {
    let mut dialog = ReportDialog::default();
    let effects = stage.open(&mut dialog);
    let (asked, left) = settle(stage, &mut dialog, effects);
    assert_eq!((asked.len(), left.len()), (1, 0));
    assert_eq!((asked[0].period, asked[0].format), (ReportPeriod::LastWeek, ReportFormat::Text));
    dialog
}

fn saved(effects: &[Effect]) -> (PathBuf, Vec<u8>, bool, u64) {
    let [Effect::SaveFile { path, contents, is_replacing, ticket }] = effects else {
        panic!("{} effects and no file", effects.len())
    };
    (path.clone(), contents.clone(), *is_replacing, ticket.0)
}

fn exists() -> Problem {
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Request,
        retry: Retry::Never,
        effect: Possible::None,
        message: "it exists already".to_owned(),
        advice: String::new(),
    }
}

#[test]
fn last_weeks_pdf_needs_one_key_and_enter() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut dialog = opened(&stage);
    assert_snapshot!("report_last_week", stage.frames(&mut dialog));
    assert_snapshot!("report_wide", stage.frame(&mut dialog, 200, 50));
    let effects = stage.act(&mut dialog, &[Action::Submit]);
    let (asked, left) = settle(&stage, &mut dialog, effects);
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].period, asked[0].format), (ReportPeriod::LastWeek, ReportFormat::Pdf));
    let (path, contents, is_replacing, ticket) = saved(&left);
    assert_eq!(path, PathBuf::from("northwind-spend-2026-11-16-to-2026-11-22.pdf"));
    assert_eq!((contents.as_slice(), is_replacing), (&b"%PDF-1"[..], false), "both parts, in order");
    let done = stage.reply(&mut dialog, ticket, &Ok(Reply::Done));
    let [Effect::Notice(_, words), Effect::Close] = done.as_slice() else { panic!("it closes") };
    assert_eq!(words, "wrote ./northwind-spend-2026-11-16-to-2026-11-22.pdf (6 B)");
}

#[test]
fn a_file_that_exists_is_replaced_only_by_a_second_enter() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut dialog = opened(&stage);
    let write = |dialog: &mut ReportDialog| {
        let effects = stage.act(dialog, &[Action::Submit]);
        saved(&settle(&stage, dialog, effects).1)
    };
    let (.., is_replacing, ticket) = write(&mut dialog);
    assert!(!is_replacing);
    assert!(stage.reply(&mut dialog, ticket, &Err(exists())).is_empty(), "it stays open");
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert!(frame.contains("exists: enter replaces it") && frame.contains("enter replace"), "{frame}");
    // Another name is another file.
    stage.act(&mut dialog, &[Action::TextNextField, Action::TextNextField]);
    stage.type_text(&mut dialog, "x");
    let (path, _, is_replacing, ticket) = write(&mut dialog);
    assert!(!is_replacing && path.to_string_lossy().ends_with(".pdfx"));
    stage.reply(&mut dialog, ticket, &Err(exists()));
    let (.., is_replacing, ticket) = write(&mut dialog);
    assert!(is_replacing);
    let full = Problem::storage("the disk is full");
    assert!(stage.reply(&mut dialog, ticket, &Err(full)).is_empty());
    assert!(text(&stage.draw(&mut dialog, 80, 24)).contains("the disk is full"));
}

#[test]
fn periods_formats_and_names_are_chosen_by_keys() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut dialog = opened(&stage);
    let effects = stage.act(&mut dialog, &[Action::TextDown]);
    let (asked, _) = settle(&stage, &mut dialog, effects);
    assert_eq!(asked[0].period, ReportPeriod::ThisWeek);
    // Two steps while an answer is awaited are one question more, for where it stands then.
    let mut effects = stage.act(&mut dialog, &[Action::TextDown, Action::TextDown]);
    let (asked, _) = settle(&stage, &mut dialog, std::mem::take(&mut effects));
    let periods: Vec<ReportPeriod> = asked.iter().map(|report| report.period).collect();
    assert_eq!(periods, [ReportPeriod::Today, ReportPeriod::Yesterday]);
    // The format names the file; a name that was typed names the format.
    stage.act(&mut dialog, &[Action::TextNextField, Action::TextUp]);
    assert!(text(&stage.draw(&mut dialog, 80, 24)).contains("2026-11-22.txt"));
    stage.act(&mut dialog, &[Action::TextNextField]);
    stage.press(&mut dialog, &[Key::ctrl('u')]);
    stage.type_text(&mut dialog, "/tmp/week.csv");
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert!(frame.contains("csv") && frame.contains("one table for a spreadsheet"), "{frame}");
    let effects = stage.act(&mut dialog, &[Action::Submit]);
    let (asked, left) = settle(&stage, &mut dialog, effects);
    assert_eq!(asked[0].format, ReportFormat::Csv);
    assert_eq!(saved(&left).0, PathBuf::from("/tmp/week.csv"));
}

#[test]
fn days_are_typed_and_asked_for_once_they_are_days() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut dialog = opened(&stage);
    let effects = stage.act(&mut dialog, &[Action::TextUp]);
    assert!(settle(&stage, &mut dialog, effects).0.is_empty(), "no days yet");
    assert!(stage.act(&mut dialog, &[Action::Submit]).is_empty());
    assert_snapshot!("report_days", stage.frame(&mut dialog, 80, 24));
    stage.act(&mut dialog, &[Action::TextNextField]);
    assert!(stage.type_text(&mut dialog, "2026-11-01").is_empty());
    stage.act(&mut dialog, &[Action::TextNextField]);
    let effects = stage.type_text(&mut dialog, "2026-11-15");
    let (asked, _) = settle(&stage, &mut dialog, effects);
    let days = ReportPeriod::Days { from: "2026-11-01".parse().unwrap(), to: "2026-11-15".parse().unwrap() };
    assert_eq!(asked.last().map(|report| report.period), Some(days));
}

#[test]
fn a_refusal_is_read_in_place_of_the_preview_and_a_lost_engine_asks_for_nothing() {
    let mut stage = Stage::new(money::fleet(), NOW);
    let mut dialog = ReportDialog::default();
    let effects = stage.open(&mut dialog);
    let [Effect::Send { ticket, .. }] = effects.as_slice() else { panic!("a question") };
    let refused = Problem::refused("the period begins tomorrow", "choose days that have begun");
    stage.reply(&mut dialog, ticket.0, &Err(refused));
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert!(frame.contains("the period begins tomorrow") && frame.contains("choose days"), "{frame}");
    stage.link = LinkState::Lost { since: NOW, problem: "gone".to_owned() };
    assert!(stage.act(&mut dialog, &[Action::Submit]).is_empty());
    assert!(text(&stage.draw(&mut dialog, 80, 24)).contains("the engine is lost"));
}

#[test]
fn any_size_and_any_key() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut dialog = opened(&stage);
    for width in [0, 1, 5, 20, 40, 79, 80, 120, 200] {
        for height in [0, 1, 3, 5, 8, 9, 12, 24, 50] {
            stage.draw(&mut dialog, width, height);
            dialog.cursor(ratatui::layout::Rect::new(0, 0, width, height), &stage.context());
        }
        stage.act(&mut dialog, &[Action::TextPageDown, Action::TextNextField, Action::TextDown]);
        stage.press(&mut dialog, &[Key::char(' '), Key::char('x')]);
    }
}
