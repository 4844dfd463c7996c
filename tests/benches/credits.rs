//! What a long history of credits costs: two years of 500 servers on disk and in memory, opening the books with and without
//! their cache, the history of every window, and one more snapshot.
#![expect(clippy::expect_used, reason = "a benchmark that cannot run fails")]

#[path = "../support/credits_past.rs"]
mod credits_past;

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quarterdeck::engine::money::condensed::{self, Condensed};
use quarterdeck::engine::money::requests::history;
use quarterdeck::model::time::Timestamp;
use quarterdeck::store::RecordKind;
use tempfile::TempDir;

use credits_past::{DAY_MS, END, keeper, open, past, payer};

const SERVERS: usize = 500;

/// Two years; two months where nothing is optimised.
const DAYS: i64 = if cfg!(debug_assertions) { 60 } else { 730 };

/// As wide as a chart gets.
const POINTS: u32 = 400;

/// The spans of the chart, in hours.
const SPANS: [(&str, i64); 5] =
    [("an hour", 1), ("a day", 24), ("a week", 168), ("a month", 720), ("everything", DAYS * 24)];

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let metadata = entry.metadata().expect("its size");
            if metadata.is_dir() { bytes_in(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

fn written(runtime: &tokio::runtime::Runtime) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let from = Timestamp(END.0 - DAYS * DAY_MS);
    let began = std::time::Instant::now();
    runtime.block_on(past(1, SERVERS, from, END).write(dir.path())).expect("written");
    let store = open(dir.path());
    let snapshots = store.records(RecordKind::Snapshot).expect("readable").len();
    let log = bytes_in(&dir.path().join("log"));
    println!("{SERVERS} servers, {DAYS} days: {snapshots} snapshots, written in {:?}", began.elapsed());
    println!("log {log} bytes, {} a snapshot, {} a day", log / snapshots as u64, log / DAYS.unsigned_abs());
    println!("{} thousandths of a byte a server and snapshot", log * 1_000 / (snapshots * SERVERS) as u64);
    println!("sled {} bytes", bytes_in(&dir.path().join("sled")));
    dir
}

fn books(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let dir = written(&runtime);
    let store = open(dir.path());
    let read = condensed::read(&store).expect("readable");
    let points: usize = read.books.values().map(|book| book.curve().points()).sum();
    let bytes = postcard::to_stdvec(&read).expect("a binary form").len();
    println!("condensed: {points} points of {} balances in {bytes} bytes", read.books.len());
    let mut group = criterion.benchmark_group("open the books");
    group.sample_size(10);
    group.bench_function("from every record", |bencher| {
        bencher.iter(|| black_box(condensed::read_behind(&store, Condensed::default()).expect("readable")));
    });
    group.bench_function("condensed", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(keeper(&store).0.read(|books| books.checkpoint(&payer(0)).is_some()))
                .expect("read")
        });
    });
    group.finish();
    let (keeper, clock) = keeper(&store);
    runtime.block_on(keeper.read(|_| ())).expect("read");
    let mut group = criterion.benchmark_group("history");
    for (name, hours) in SPANS {
        let from = Timestamp(END.0 - hours * 3_600_000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let told =
                    runtime.block_on(history(&keeper, &payer(0), from, END, POINTS)).expect("a history");
                black_box(told.points.len())
            });
        });
    }
    group.finish();
    criterion.bench_function("one more snapshot, synced", |bencher| {
        bencher.iter_batched(
            || clock.advance_millis(1_000),
            |()| runtime.block_on(keeper.take_snapshot("ann@bastion".into())).expect("kept"),
            BatchSize::PerIteration,
        );
    });
    criterion.bench_function("open the store", |bencher| {
        let dir = &dir;
        let folder = tempfile::tempdir().expect("a folder");
        copy(&dir.path().join("log"), &folder.path().join("log"));
        drop(open(folder.path()));
        bencher.iter(|| drop(black_box(open(folder.path()))));
    });
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

criterion_group!(benches, books);
criterion_main!(benches);
