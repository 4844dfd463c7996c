//! What a year's report costs: 500 servers, 366 days; gathering it from the record log, building it, writing each format.
//!
//! `cargo bench --bench report`; the sizes of the files and of the log are printed first.
#![expect(clippy::expect_used, reason = "a fixture that is wrong fails the benchmark")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use quarterdeck::engine::money::billed::{BilledServer, Committed};
use quarterdeck::engine::money::bookkeeper::{Bookkeeper, Effect, MoneyPolicy};
use quarterdeck::engine::money::keeper::{BOOK_KEY, LedgerBody};
use quarterdeck::engine::money::snapshot::{Snapshot, SnapshotKind};
use quarterdeck::engine::reports::gather::{Question, gather};
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::{Balance, BalanceKey};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::money::Currency;
use quarterdeck::model::site::Site;
use quarterdeck::model::spend::BurnerOwner;
use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::report::{Format, Report, preview, write};
use quarterdeck::store::{RecordKind, Store};
use rust_decimal::Decimal;

#[path = "../report/fixture.rs"]
#[expect(dead_code, reason = "shared with the reports' tests, which use all of it")]
mod fixture;

const DAYS: u64 = 366;
const SERVERS: u64 = 500;
const DAY_MS: u64 = 24 * 3_600_000;

/// The midnight in Berlin at which the year begins.
fn began() -> Timestamp {
    fixture::moment("2025-10-31T23:00:00Z")
}

/// Every third server runs, other ones each day.
fn servers(day: u64) -> Vec<BilledServer> {
    let server = |id: u64| BilledServer {
        key: ServerKey { account: "exa".into(), id: format!("srv{id:04}") },
        name: format!("a server of somebody {id}"),
        state: "online".to_owned(),
        ram_gib: Some(4),
        is_running: (id + day).is_multiple_of(3),
        payer: Some(BalanceKey::account("exa".into())),
        per_hour: Some(Decimal::from(4)),
        cap: None,
        committed: Committed::Storage { per_period: Decimal::from(6) },
        owner: BurnerOwner::Unowned,
    };
    (0..SERVERS).map(server).collect()
}

fn balance(at: Timestamp, amount: Decimal) -> Balance {
    Balance {
        key: BalanceKey::account("exa".into()),
        provider: Provider::Exaroton,
        name: "exa".to_owned(),
        amount,
        unit: Currency("credits".to_owned()),
        share: None,
        observed_at: at,
    }
}

/// A log with what a year's report reads: the first and last snapshot of every day, and every entry of the book.
fn year(folder: &Path) -> (Store, Snapshot) {
    let clock = Arc::new(ManualClock::at(began()));
    let (store, _) = Store::open(folder, clock.clone()).expect("a store");
    let policy = MoneyPolicy {
        gap_after_ms: 2 * DAY_MS,
        top_up_units: [(Provider::Exaroton, Decimal::from(1_000))].into(),
        ..MoneyPolicy::default()
    };
    let mut books = Bookkeeper::new(policy);
    let mut left = Decimal::from(20_000);
    for day in 0..DAYS {
        let midnight = began().plus_millis(day * DAY_MS);
        books.servers(&"exa".into(), servers(day), midnight);
        let ends = midnight.plus_millis(DAY_MS - 1);
        for (kind, slot, at) in [
            (SnapshotKind::StartOfDay, midnight, midnight.plus_millis(5_000)),
            (SnapshotKind::EndOfDay, ends, midnight.plus_millis(DAY_MS - 30_000)),
        ] {
            left -= Decimal::from(8_000);
            left += if left < Decimal::from(10_000) { Decimal::from(20_000) } else { Decimal::ZERO };
            for effect in books.balance(balance(at, left)) {
                if let Effect::KeepEntry(balance, entry) = effect {
                    let body = LedgerBody::Book { balance, entry: *entry };
                    store.append_blocking(RecordKind::Ledger, BOOK_KEY, &body).expect("kept");
                }
            }
            let snapshot = books.snapshot(kind, slot, at, None);
            let key = Snapshot::record_key(kind, slot);
            store.append_blocking(RecordKind::Snapshot, &key, &snapshot).expect("kept");
            books.kept(&Effect::KeepSnapshot(Box::new(snapshot)));
        }
        clock.advance_millis(i64::try_from(DAY_MS).expect("a day"));
    }
    let now = began().plus_millis(DAYS * DAY_MS);
    let present = books.snapshot(SnapshotKind::Manual, now, now, None);
    (store, present)
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|about| about.len()).sum()
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, present) = year(folder.path());
    let now = began().plus_millis(DAYS * DAY_MS);
    let question =
        Question { site: Site::default(), zone: fixture::ZONE, from: began(), to: now, now, present };
    println!("log: {} MiB", bytes_below(&folder.path().join("log")) / 1024 / 1024);
    let gathered = gather(&store, &question).expect("a year");
    assert_eq!(gathered.servers.len() as u64, SERVERS, "every server is told");

    let input = fixture::history(began(), DAYS * 24, SERVERS);
    let report = Report::build(&input);
    for (ending, format) in Format::ALL {
        let mut bytes = Vec::new();
        if let Err(problem) = write(&report, format, &mut bytes) {
            println!("{ending}: {problem}");
        }
        println!("{ending}: {} KiB", bytes.len() / 1024);
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    criterion.bench_function("gather", |bencher| {
        bencher.iter(|| gather(&store, black_box(&question)).expect("a year"));
    });
    criterion.bench_function("build", |bencher| bencher.iter(|| Report::build(black_box(&input))));
    criterion.bench_function("preview", |bencher| bencher.iter(|| preview(black_box(&report), 80)));
    for (ending, format) in Format::ALL {
        criterion.bench_function(&format!("write {ending}"), |bencher| {
            bencher.iter(|| {
                let mut bytes = Vec::new();
                write(black_box(&report), format, &mut bytes).map(|()| bytes.len())
            });
        });
    }
    criterion.final_summary();
}
