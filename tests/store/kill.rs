//! SIGKILL at random points under load: nothing acknowledged is lost, and the store opens every time.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use quarterdeck::model::fleet::{Metric, Sample, SeriesKey, SeriesOwner};
use quarterdeck::model::time::Timestamp;
use quarterdeck::store::{RecordKind, Store, StoreOptions, maintenance};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::support::{START, clock, journal, open};

/// Set in the child only: the data folder.
const CHILD_FOLDER: &str = "QUARTERDECK_TEST_STORE_CHILD";

const KILLS: u32 = 300;
/// Each folder is killed so often, so that logs grow, segments close and sled has a past.
const KILLS_PER_FOLDER: u32 = 25;
const THREADS: u64 = 4;

/// One line to the parent, in one write.
fn say(text: &str) {
    let mut line = text.to_owned();
    line.push('\n');
    std::io::stdout().write_all(line.as_bytes()).expect("the parent listens");
}

/// The child: appends from several threads and works sled until it is killed. Does nothing in an ordinary test run.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_FOLDER) else { return };
    let options = StoreOptions { segment_max_bytes: 6000, ..StoreOptions::default() };
    let (store, report) = Store::open_with(&PathBuf::from(dir), clock(), options).unwrap();
    let records = journal(&store);
    for notice in &report.notices {
        say(&format!("\nnotice {notice}"));
    }
    // Contiguous from 1: nothing in the middle is missing.
    assert!(records.iter().copied().eq(1..=report.last_sequence), "{records:?}");
    say(&format!("\nopened {}", report.last_sequence));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0_u64.. {
                    let body = json!({ "thread": thread, "number": number });
                    let sequence =
                        store.append_blocking(RecordKind::Journal, &thread.to_string(), &body).unwrap();
                    say(&format!("\nacknowledged {sequence} {thread} {number}"));
                }
            });
        }
        let series = SeriesKey { owner: SeriesOwner::Site, metric: Metric::BurnPerHour };
        for minute in 0_i64.. {
            let at = Timestamp(START.0 + minute * 60_000);
            store.push_samples(&series, &[Sample { at, value: 1.0 }]).unwrap();
            store.put_cache(&format!("name-{}", minute % 7), &vec![minute; 400]).unwrap();
            if minute % 4 == 0 {
                store.flush().unwrap();
            }
        }
    });
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("the test binary"))
        .args(["--exact", "kill::child_that_appends_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// What one folder has promised.
#[derive(Default)]
struct Promised {
    /// Sequence → thread and number.
    acknowledged: BTreeMap<u64, (u64, u64)>,
    notices: Vec<String>,
    openings: u32,
}

/// Runs a child until it acknowledged `acknowledgements` records (or, for none, for some of its start), then kills it.
fn run_and_kill(dir: &Path, acknowledgements: u64, promised: &mut Promised) {
    let mut child = start_child(dir);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut acknowledged = 0;
    let mut is_killed = false;
    if acknowledgements == 0 {
        // Somewhere before or within the opening.
        child.kill().expect("killed");
        is_killed = true;
    }
    while let Some(Ok(line)) = lines.next() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["opened", last] => {
                promised.openings += 1;
                let last = parse(last);
                let highest = promised.acknowledged.keys().next_back().copied().unwrap_or(0);
                assert!(last >= highest, "{highest} was acknowledged, the log ends at {last}");
            }
            ["notice", ..] => promised.notices.push(line),
            ["acknowledged", sequence, thread, number] => {
                promised.acknowledged.insert(parse(sequence), (parse(thread), parse(number)));
                acknowledged += 1;
                if acknowledged >= acknowledgements && !is_killed {
                    child.kill().expect("killed");
                    is_killed = true;
                }
            }
            _ => {}
        }
    }
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("a pipe"), &mut said).expect("text");
    let status = child.wait().expect("it ended");
    assert!(is_killed, "the child ended by itself: {status}\n{said}");
}

fn parse(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// Every acknowledged record is there, as it was given.
fn assert_kept(dir: &Path, promised: &Promised) {
    let (store, _) = open(dir);
    let records = store.records(RecordKind::Journal).expect("readable");
    let found: BTreeMap<u64, _> = records.into_iter().map(|record| (record.sequence, record.body)).collect();
    for (sequence, (thread, number)) in &promised.acknowledged {
        assert_eq!(
            found.get(sequence),
            Some(&json!({ "thread": thread, "number": number })),
            "record {sequence}"
        );
    }
    drop(store);
    let report = maintenance::verify(dir).expect("verified");
    assert!(report.damages.is_empty() && report.notices.is_empty(), "{report:?}");
}

#[test]
fn three_hundred_kills_under_load_lose_no_acknowledged_record_and_the_store_opens_every_time() {
    let seed = rand::random();
    let mut random = SmallRng::seed_from_u64(seed);
    let folders = KILLS / KILLS_PER_FOLDER;
    let (mut acknowledged, mut openings, mut notices) = (0, 0, Vec::new());
    for _ in 0..folders {
        let dir = tempfile::tempdir().unwrap();
        let mut promised = Promised::default();
        for _ in 0..KILLS_PER_FOLDER {
            let acknowledgements = if random.random_ratio(1, 10) { 0 } else { random.random_range(1..120) };
            run_and_kill(dir.path(), acknowledgements, &mut promised);
        }
        assert_kept(dir.path(), &promised);
        acknowledged += promised.acknowledged.len();
        openings += promised.openings;
        notices.extend(promised.notices);
    }
    let aside = notices.iter().filter(|notice| notice.contains("set aside")).count();
    let torn = notices.iter().filter(|notice| notice.contains("torn")).count();
    println!(
        "{KILLS} kills (seed {seed}): {acknowledged} acknowledged, {openings} openings, {torn} torn lines cut, \
         sled set aside {aside} times"
    );
    let is_expected = |notice: &&String| {
        ["torn", "line end", "set aside", "rebuilt"].iter().any(|word| notice.contains(word))
    };
    let unexpected: Vec<_> = notices.iter().filter(|notice| !is_expected(notice)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}
