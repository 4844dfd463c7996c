//! What a year's report costs: 500 servers, 366 days of hourly readings.
//!
//! `cargo bench --bench report`; the sizes of the files are printed first.
#![expect(clippy::expect_used, reason = "a fixture that is wrong fails the benchmark")]

use std::hint::black_box;

use criterion::Criterion;
use quarterdeck::report::{Format, Report, preview, write};

#[path = "../report/fixture.rs"]
#[expect(dead_code, reason = "shared with the reports' tests, which use all of it")]
mod fixture;

fn main() {
    let input = fixture::history(fixture::moment("2025-10-31T23:00:00Z"), 366 * 24, 500);
    let report = Report::build(&input);
    for (ending, format) in Format::ALL {
        let mut bytes = Vec::new();
        if let Err(problem) = write(&report, format, &mut bytes) {
            println!("{ending}: {problem}");
        }
        println!("{ending}: {} KiB", bytes.len() / 1024);
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
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
