//! Time series against a plain list of points, across flushes and restarts.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use quarterdeck::model::fleet::{Metric, Sample, SeriesKey, SeriesOwner};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::store::Store;

use crate::support::START;

#[derive(Debug, Clone)]
enum Operation {
    /// Points of a series, in minutes from the start and with a gap before.
    Push {
        series: u8,
        minutes: Vec<(i64, u8)>,
    },
    Advance {
        minutes: i64,
    },
    Flush,
    Restart,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let point = (-100_i64..400, any::<u8>());
    let operation = prop_oneof![
        6 => (0_u8..3, proptest::collection::vec(point, 0..12))
            .prop_map(|(series, minutes)| Operation::Push { series, minutes }),
        2 => (0_i64..90).prop_map(|minutes| Operation::Advance { minutes }),
        2 => Just(Operation::Flush),
        1 => Just(Operation::Restart),
    ];
    proptest::collection::vec(operation, 1..25)
}

fn series(number: u8) -> SeriesKey {
    let owner = match number {
        0 => SeriesOwner::Site,
        _ => SeriesOwner::Server(ServerKey { account: "panel".into(), id: "7".to_owned() }),
    };
    let metric = if number == 2 { Metric::MemoryBytes } else { Metric::CpuPercent };
    SeriesKey { owner, metric }
}

fn moment(minute: i64) -> Timestamp {
    Timestamp(START.0 + minute * 60_000)
}

fn check(store: &Store, model: &[BTreeMap<i64, u8>; 3]) -> Result<(), TestCaseError> {
    for (number, points) in (0_u8..).zip(model) {
        for (from, to) in [(-1000, 1000), (0, 60), (13, 13), (100, 50)] {
            let found = store.samples(&series(number), moment(from), moment(to)).expect("readable samples");
            let found: Vec<(i64, f32)> = found.iter().map(|sample| (sample.at.0, sample.value)).collect();
            let expected: Vec<(i64, f32)> = if from > to {
                Vec::new()
            } else {
                points
                    .range(from..=to)
                    .map(|(minute, value)| (moment(*minute).0, f32::from(*value)))
                    .collect()
            };
            prop_assert_eq!(found, expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn packed_series_hold_the_points_pushed_in_order_with_their_gaps(operations in operations()) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let reopen = || Store::open(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap().0;
        let mut store = Some(reopen());
        let mut model: [BTreeMap<i64, u8>; 3] = Default::default();
        for operation in operations {
            let open = store.as_ref().unwrap();
            match operation {
                Operation::Push { series: number, minutes } => {
                    model[usize::from(number)].extend(minutes.iter().copied());
                    let points: Vec<Sample> = minutes
                        .iter()
                        .map(|(minute, value)| Sample { at: moment(*minute), value: f32::from(*value) })
                        .collect();
                    open.push_samples(&series(number), &points).unwrap();
                }
                Operation::Advance { minutes } => clock.advance_millis(minutes * 60_000),
                Operation::Flush => open.flush().unwrap(),
                Operation::Restart => {
                    open.flush().unwrap();
                    drop(store.take());
                    store = Some(reopen());
                }
            }
            check(store.as_ref().unwrap(), &model)?;
        }
    }
}

#[test]
fn a_closed_hour_is_one_chunk_however_often_it_was_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(START));
    let (store, _) = Store::open(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    for minute in 0..180 {
        clock.advance_millis(60_000);
        store.push_samples(&series(1), &[Sample { at: clock.now(), value: 5.0 }]).unwrap();
        store.flush().unwrap();
        assert!(minute < 180);
    }
    clock.advance_millis(3_600_000);
    store.push_samples(&series(1), &[Sample { at: clock.now(), value: 5.0 }]).unwrap();
    store.flush().unwrap();
    drop(store);
    let report = quarterdeck::store::maintenance::verify(dir.path()).unwrap();
    // Three to five hours, depending on where in its hour the start is.
    assert!((4..=5).contains(&report.tables.series_chunks), "{report:?}");
    assert_eq!(report.tables.series_damaged, 0);
}
