//! Random operations, restarts and maintenance against a plain list of records.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use quarterdeck::store::{OpenReport, Record, RecordKind, Store, maintenance};
use serde_json::{Value, json};

use crate::rebuild::{self, Gate};
use crate::support::{DEADLINE, clock, segments};

#[derive(Debug, Clone)]
enum Operation {
    Append {
        kind: u8,
        key: u8,
        body: String,
    },
    Cache {
        name: u8,
        value: u64,
    },
    Flush,
    Restart,
    /// A restart after bytes that were never acknowledged came to the end of the log.
    TornRestart {
        bytes: Vec<u8>,
    },
    LoseTables,
    Compact,
    Rebuild,
    /// Export everything, import it into a new folder, go on there.
    Move,
    /// A restart without tables whose rebuild stands after so many batches, and goes on only with [`Operation::Batches`].
    SlowRebuild {
        batches: u64,
    },
    /// Lets a rebuild go on by so many batches.
    Batches {
        batches: u64,
    },
    /// Lets a rebuild end and waits for it.
    EndRebuild,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        20 => (0_u8..3, 0_u8..4, ".{0,40}").prop_map(|(kind, key, body)| Operation::Append { kind, key, body }),
        3 => (0_u8..3, any::<u64>()).prop_map(|(name, value)| Operation::Cache { name, value }),
        2 => Just(Operation::Flush),
        2 => Just(Operation::Restart),
        1 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(|bytes| Operation::TornRestart { bytes }),
        1 => Just(Operation::LoseTables),
        1 => Just(Operation::Compact),
        1 => Just(Operation::Rebuild),
        1 => Just(Operation::Move),
        2 => (0_u64..4).prop_map(|batches| Operation::SlowRebuild { batches }),
        3 => (1_u64..3).prop_map(|batches| Operation::Batches { batches }),
        1 => Just(Operation::EndRebuild),
    ];
    proptest::collection::vec(operation, 1..60)
}

const KINDS: [RecordKind; 3] = [RecordKind::Journal, RecordKind::Audit, RecordKind::Ledger];

/// Few enough bytes that a run closes and compresses several segments.
const SEGMENT_BYTES: u64 = 800;

fn key(number: u8) -> String {
    ["", "a", "a\0b", "ä/ö"][usize::from(number)].to_owned()
}

struct Model {
    records: Vec<(RecordKind, String, Value)>,
    cache: [Option<u64>; 3],
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let view = |records: Vec<Record>| -> Vec<(u64, String, Value)> {
        records.into_iter().map(|record| (record.sequence, record.key, record.body)).collect()
    };
    for kind in KINDS {
        let expected: Vec<(u64, String, Value)> = (1..)
            .zip(&model.records)
            .filter(|(_, record)| record.0 == kind)
            .map(|(sequence, (_, key, body))| (sequence, key.clone(), body.clone()))
            .collect();
        prop_assert_eq!(&view(store.records(kind).expect("readable")), &expected);
        let newest = &expected[expected.len().saturating_sub(3)..];
        prop_assert_eq!(&view(store.last_records(kind, 3).expect("readable")), newest);
        for key in (0..4).map(key) {
            let expected: Vec<_> = expected.iter().filter(|record| record.1 == key).cloned().collect();
            prop_assert_eq!(view(store.records_of(kind, &key).expect("readable")), expected);
        }
    }
    for (name, value) in (0_u8..).zip(model.cache) {
        prop_assert_eq!(store.get_cache::<u64>(&name.to_string()).expect("a cache"), value);
    }
    Ok(())
}

/// Carries out what happens while no engine runs; returns whether caches are lost by it.
fn while_closed(dir: &mut tempfile::TempDir, operation: &Operation) -> bool {
    match operation {
        Operation::TornRestart { bytes } => {
            if let Some(last) = segments(dir.path()).pop() {
                let torn: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\n').collect();
                crate::support::edit(&last, |content| content.extend(torn));
            }
            false
        }
        Operation::LoseTables | Operation::SlowRebuild { .. } => {
            std::fs::remove_dir_all(dir.path().join("sled")).expect("a sled folder");
            true
        }
        Operation::Compact => {
            maintenance::compact(dir.path()).expect("compacted");
            false
        }
        Operation::Rebuild => {
            maintenance::rebuild(dir.path()).expect("rebuilt");
            false
        }
        Operation::Move => {
            let mut exported = Vec::new();
            maintenance::export(dir.path(), &mut exported).expect("exported");
            *dir = tempfile::tempdir().expect("a folder");
            maintenance::import(dir.path(), &mut exported.as_slice()).expect("imported");
            true
        }
        _ => false,
    }
}

fn reopen(dir: &Path, model: &Model, gate: &Arc<Gate>) -> Result<Store, TestCaseError> {
    let report = maintenance::verify(dir);
    let damages = report.map(|report| report.damages).unwrap_or_default();
    prop_assert_eq!(damages, vec![]);
    let (store, report) = open_gated(dir, gate);
    prop_assert_eq!(report.last_sequence, u64::try_from(model.records.len()).expect("few records"));
    Ok(store)
}

fn open_gated(dir: &Path, gate: &Arc<Gate>) -> (Store, OpenReport) {
    let mut options = rebuild::options(gate);
    options.segment_max_bytes = SEGMENT_BYTES;
    options.tables.rebuild_batch = 3;
    options.tables.opening_patience = DEADLINE;
    Store::open_with(dir, clock(), options).expect("the store opens")
}

/// Closes a store, also in the middle of a rebuild.
fn close(store: Option<Store>, gate: &Gate) {
    let closing = std::thread::spawn(move || drop(store));
    gate.open();
    closing.join().expect("closed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_store_equals_its_model_across_restarts_and_maintenance(operations in operations()) {
        let mut dir = tempfile::tempdir().unwrap();
        let gate = Gate::closed();
        gate.open();
        let mut store = Some(open_gated(dir.path(), &gate).0);
        let mut model = Model { records: Vec::new(), cache: [None; 3] };
        for operation in operations {
            let open = store.as_ref().unwrap();
            match operation {
                Operation::Append { kind, key: number, body } => {
                    let (kind, body) = (KINDS[usize::from(kind)], json!({ "text": body }));
                    let sequence = open.append_blocking(kind, &key(number), &body).unwrap();
                    model.records.push((kind, key(number), body));
                    prop_assert_eq!(sequence, u64::try_from(model.records.len()).expect("few records"));
                }
                Operation::Cache { name, value } => {
                    open.put_cache(&name.to_string(), &value).unwrap();
                    model.cache[usize::from(name)] = Some(value);
                }
                Operation::Flush => open.flush().unwrap(),
                Operation::Batches { batches } => {
                    gate.permit(batches);
                    check(open, &model)?;
                }
                Operation::EndRebuild => {
                    gate.open();
                    rebuild::wait_until_rebuilt(open);
                    check(open, &model)?;
                }
                closed => {
                    close(store.take(), &gate);
                    if while_closed(&mut dir, &closed) {
                        model.cache = [None; 3];
                    }
                    if let Operation::SlowRebuild { batches } = closed {
                        gate.permit(batches);
                    }
                    store = Some(reopen(dir.path(), &model, &gate)?);
                    check(store.as_ref().unwrap(), &model)?;
                }
            }
        }
        check(store.as_ref().unwrap(), &model)?;
        close(store, &gate);
        reopen(dir.path(), &model, &gate)?;
    }
}
