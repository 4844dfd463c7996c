//! Appending, restarting, segments, the lock.

use std::io::Write;

use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::store::{KeySpan, RECORD_MAX_BYTES, RecordKind, SpanEnd, Store, TypedRecord};
use serde_json::json;

use crate::support::{START, append, clock, journal, open, open_small, segments, sequences};

#[test]
fn records_come_back_after_a_restart_by_kind_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let (store, report) = open(dir.path());
    assert_eq!((report.last_sequence, report.notices.len()), (0, 0));
    assert_eq!(store.append_blocking(RecordKind::Journal, "a", &json!({"step": 1})).unwrap(), 1);
    assert_eq!(store.append_blocking(RecordKind::Audit, "", "text").unwrap(), 2);
    assert_eq!(store.append_blocking(RecordKind::Journal, "b", &json!([1, 2])).unwrap(), 3);
    assert_eq!(store.append_blocking(RecordKind::Journal, "a", &json!({"step": 2})).unwrap(), 4);
    store.flush().unwrap();
    drop(store);
    for _ in 0..2 {
        let (store, report) = open(dir.path());
        assert_eq!((report.last_sequence, report.notices), (4, vec![]));
        assert_eq!(journal(&store), [1, 3, 4]);
        assert_eq!(sequences(&store.records_of(RecordKind::Journal, "a").unwrap()), [1, 4]);
        assert_eq!(sequences(&store.last_records(RecordKind::Journal, 2).unwrap()), [3, 4]);
        let audit = &store.records(RecordKind::Audit).unwrap()[0];
        assert_eq!((&audit.body, audit.at, audit.version), (&json!("text"), START, 1));
    }
}

#[test]
fn a_full_segment_is_closed_and_old_ones_are_compressed_and_read_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open_small(dir.path(), 600);
    append(&store, 60);
    assert_eq!(journal(&store), (1..=60).collect::<Vec<_>>());
    drop(store);
    let (store, report) = open_small(dir.path(), 600);
    assert_eq!(report.notices, Vec::<String>::new());
    assert_eq!(journal(&store), (1..=60).collect::<Vec<_>>());
    drop(store);
    let files = segments(dir.path());
    let is_compressed =
        |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "zst");
    assert!(files.len() > 8, "{files:?}");
    assert_eq!(files.iter().rev().take_while(|path| !is_compressed(path)).count(), 2, "{files:?}");
}

#[test]
fn a_new_month_begins_a_new_segment() {
    let dir = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(ManualClock::at(START));
    let (store, _) =
        Store::open(dir.path(), std::sync::Arc::clone(&clock) as std::sync::Arc<dyn Clock>).unwrap();
    append(&store, 1);
    clock.advance_millis(20 * 24 * 3_600_000);
    append(&store, 1);
    drop(store);
    let names: Vec<String> = segments(dir.path())
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["00000000000000000001-202611.log", "00000000000000000002-202612.log"]);
    assert_eq!(journal(&open(dir.path()).0), [1, 2]);
}

#[test]
fn a_second_engine_is_refused_politely_and_let_in_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let problem = Store::open(dir.path(), clock()).err().unwrap();
    assert_eq!(problem.kind, ProblemKind::Unavailable);
    assert!(problem.message.contains("in use by another engine"), "{problem}");
    drop(store);
    open(dir.path());
}

#[test]
fn a_body_over_the_limit_is_refused_and_the_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let problem = store.append_blocking(RecordKind::Note, "", &"x".repeat(RECORD_MAX_BYTES)).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert_eq!(store.append_blocking(RecordKind::Note, "", "short").unwrap(), 1);
}

#[test]
fn a_torn_last_line_is_cut_and_reported_and_appending_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for torn in [&b"{\"sequence\":4,\"ki"[..], &[0; 300], b"}"] {
        let (store, _) = open(dir.path());
        append(&store, 3);
        let before = journal(&store);
        drop(store);
        let path = segments(dir.path()).pop().unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
        let (store, report) = open(dir.path());
        let said = report.notices.join("\n");
        assert!(said.contains("torn") && said.contains(&format!("byte {length}")), "{said}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length);
        assert_eq!(journal(&store), before);
    }
    let (store, report) = open(dir.path());
    assert_eq!((report.last_sequence, report.notices), (9, vec![]));
    drop(store);
}

#[test]
fn a_last_line_that_lacks_only_its_line_end_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 3);
    drop(store);
    crate::support::edit(&segments(dir.path())[0], |bytes| assert_eq!(bytes.pop(), Some(b'\n')));
    let (store, report) = open(dir.path());
    assert!(report.notices.join("\n").contains("line end"), "{report:?}");
    append(&store, 1);
    assert_eq!(journal(&store), [1, 2, 3, 4]);
}

#[test]
fn records_are_found_by_spans_of_their_keys_in_plain_and_compressed_segments() {
    let dir = tempfile::tempdir().unwrap();
    for is_reopened in [false, true] {
        let (store, _) = open_small(dir.path(), 2_000);
        if !is_reopened {
            // Written out of the order of their keys, with others between them.
            for number in (0..60).map(|number| number * 37 % 60) {
                let key = format!("hourly/{number:02}");
                store.append_blocking(RecordKind::Snapshot, &key, &json!({ "number": number })).unwrap();
                store.append_blocking(RecordKind::Audit, &key, &"x".repeat(40)).unwrap();
            }
            store.append_blocking(RecordKind::Snapshot, "hourly/30x", &json!("of another shape")).unwrap();
        }
        let span = |from: &str, to: &str| KeySpan { from: from.to_owned(), to: to.to_owned() };
        let mut found = Vec::new();
        let spans = [span("hourly/10", "hourly/13"), span("hourly/29", "hourly/31"), span("b", "a")];
        let left_out = store
            .visit_spans(RecordKind::Snapshot, &spans, &mut |record: TypedRecord<Numbered>| {
                assert_eq!(record.key, format!("hourly/{:02}", record.body.number));
                found.push((record.sequence, record.body.number));
            })
            .unwrap();
        assert!(found.is_sorted(), "oldest first: {found:?}");
        let mut numbers: Vec<u32> = found.into_iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        assert_eq!((numbers, left_out), (vec![10, 11, 12, 29, 30], 1));
        let at_end = |from: &str, to: &str, end| {
            let record = store.at_end_of_span::<Numbered>(RecordKind::Snapshot, &span(from, to), end);
            record.unwrap().map(|record| record.body.number)
        };
        assert_eq!(at_end("hourly/", "hourly/25", SpanEnd::Last), Some(24));
        assert_eq!(at_end("hourly/25", "hourly0", SpanEnd::First), Some(25));
        assert_eq!(at_end("hourly/90", "hourly0", SpanEnd::First), None);
        assert_eq!(store.count_in_span(RecordKind::Snapshot, &span("hourly/00", "hourly/25")).unwrap(), 25);
        assert_eq!(store.count_in_span(RecordKind::Ledger, &span("hourly/00", "hourly/25")).unwrap(), 0);
    }
}

#[derive(serde::Deserialize)]
struct Numbered {
    number: u32,
}
