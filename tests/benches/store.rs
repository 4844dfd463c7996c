//! What the store costs: synced appends alone and together, samples in, a day out, opening after 100,000 records.
#![expect(clippy::expect_used, reason = "a benchmark that cannot run fails")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use quarterdeck::model::fleet::{Metric, Sample, SeriesKey, SeriesOwner};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::store::{RecordKind, Store};
use serde_json::json;

const START: Timestamp = Timestamp(1_795_000_000_000);
const DAY_MS: u64 = 24 * 3_600_000;
/// The cadence of a server in focus.
const POINT_EVERY_MS: u64 = 10_000;

fn open(dir: &Path) -> Store {
    Store::open(dir, Arc::new(ManualClock::at(START))).expect("the store opens").0
}

fn body(number: u64) -> serde_json::Value {
    json!({ "step": "create_server", "number": number, "phase": "intent", "node": "fra-1", "allocation": 25_565 })
}

/// Appends `count` records that wait for their syncs together.
async fn append_together(store: &Store, count: u64) {
    let appends = (0..count).map(|number| store.append(RecordKind::Journal, "run", &body(number)));
    for outcome in futures::future::join_all(appends).await {
        outcome.expect("appended");
    }
}

fn appends(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let mut group = criterion.benchmark_group("append, synced");
    for count in [1, 64] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} at once"), |bencher| {
            bencher.iter(|| runtime.block_on(append_together(&store, count)));
        });
    }
    group.finish();
}

fn server(number: u64) -> SeriesKey {
    let owner = SeriesOwner::Server(ServerKey { account: "panel".into(), id: number.to_string() });
    SeriesKey { owner, metric: Metric::CpuPercent }
}

fn point(number: u64) -> Sample {
    let value = f32::from(u16::try_from(number * 7919 % 1000).expect("below 1000")) / 10.0;
    Sample { at: START.plus_millis(number * POINT_EVERY_MS), value }
}

fn series(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let mut number = 0;
    criterion.bench_function("push one sample", |bencher| {
        bencher.iter(|| {
            number += 1;
            store.push_samples(&server(0), &[point(number)]).expect("pushed");
        });
    });
    let day: Vec<Sample> = (0..DAY_MS / POINT_EVERY_MS).map(point).collect();
    for number in 1..100 {
        store.push_samples(&server(number), &day).expect("pushed");
    }
    store.flush().expect("flushed");
    criterion.bench_function("scan a day of one series of 100", |bencher| {
        bencher.iter(|| {
            let found = store.samples(&server(50), START, START.plus_millis(DAY_MS)).expect("read");
            assert_eq!(black_box(found).len(), day.len());
        });
    });
}

fn opening(criterion: &mut Criterion) {
    const RECORDS: u64 = 100_000;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    runtime.block_on(async {
        for _ in 0..RECORDS / 500 {
            append_together(&store, 500).await;
        }
    });
    store.flush().expect("flushed");
    drop(store);
    let mut group = criterion.benchmark_group("open after 100,000 records");
    group.sample_size(10);
    group.bench_function("with its index", |bencher| {
        bencher.iter_batched(|| (), |()| open(dir.path()), BatchSize::PerIteration);
    });
    group.bench_function("without its index", |bencher| {
        let lose = || std::fs::remove_dir_all(dir.path().join("sled")).expect("removed");
        bencher.iter_batched(lose, |()| open(dir.path()), BatchSize::PerIteration);
    });
    group.bench_function("read the newest 100", |bencher| {
        let store = open(dir.path());
        bencher.iter(|| store.last_records(RecordKind::Journal, 100).expect("read").len());
    });
    group.finish();
}

criterion_group!(benches, appends, series, opening);
criterion_main!(benches);
