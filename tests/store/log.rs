//! Appending, replaying, torn ends, damage.

use quarterdeck::store::RecordKind;
use serde_json::json;

use crate::support::open;

#[test]
fn records_come_back_after_a_restart_by_kind_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let (store, report) = open(dir.path());
    assert_eq!((report.last_sequence, report.notices.len()), (0, 0));
    assert_eq!(store.append_blocking(RecordKind::Journal, "a", &json!({"step": 1})).unwrap(), 1);
    assert_eq!(store.append_blocking(RecordKind::Audit, "", "text").unwrap(), 2);
    assert_eq!(store.append_blocking(RecordKind::Journal, "b", &json!([1, 2])).unwrap(), 3);
    assert_eq!(store.append_blocking(RecordKind::Journal, "a", &json!({"step": 2})).unwrap(), 4);
    drop(store);
    for _ in 0..2 {
        let (store, report) = open(dir.path());
        assert_eq!((report.last_sequence, report.notices.len()), (4, 0));
        let of = |records: Vec<quarterdeck::store::Record>| -> Vec<u64> {
            records.iter().map(|record| record.sequence).collect()
        };
        assert_eq!(of(store.records(RecordKind::Journal).unwrap()), [1, 3, 4]);
        assert_eq!(of(store.records_of(RecordKind::Journal, "a").unwrap()), [1, 4]);
        assert_eq!(of(store.last_records(RecordKind::Journal, 2).unwrap()), [3, 4]);
        assert_eq!(store.records(RecordKind::Audit).unwrap()[0].body, json!("text"));
    }
}
