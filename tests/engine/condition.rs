//! What everybody is told of the engine itself: a rebuild of its index, and a part of it that panicked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use quarterdeck::cli::clock::SystemClock;
use quarterdeck::engine::handle::{Caller, EngineHandle};
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::{EngineSetup, start};
use quarterdeck::model::condition::EngineCondition;
use quarterdeck::model::finding::Finding;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::store::{RecordKind, Store};

use crate::things::START;

const DEADLINE: Duration = Duration::from_mins(2);

fn setup(dir: &Path, clock: Arc<dyn Clock>) -> EngineSetup {
    EngineSetup {
        site: Site::default(),
        version: "0.1.0".to_owned(),
        data_dir: dir.to_owned(),
        clock,
        panels: Vec::new(),
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        policy: Policy::default(),
    }
}

fn caller() -> Caller {
    Caller { operator: "ann@bastion".into(), origin: "cli".to_owned(), is_read_only: false, client: 1 }
}

async fn status(engine: &EngineHandle) -> EngineCondition {
    match engine.request(&caller(), Request::Status).await.expect("a status") {
        Reply::Status(status) => status.condition,
        _ => EngineCondition::default(),
    }
}

async fn doctor(engine: &EngineHandle) -> Vec<Finding> {
    match engine.request(&caller(), Request::Doctor).await.expect("findings") {
        Reply::Findings(findings) => findings,
        _ => Vec::new(),
    }
}

/// A data folder with many records whose index is gone.
async fn folder_without_index(records: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, _) = Store::open(dir.path(), Arc::new(SystemClock)).expect("the store opens");
    for _ in 0..records / 500 {
        let appends = (0..500).map(|number| store.append(RecordKind::Ledger, "ledger", &number));
        for outcome in futures::future::join_all(appends).await {
            outcome.expect("appended");
        }
    }
    store.flush().expect("flushed");
    tokio::task::spawn_blocking(move || drop(store)).await.expect("closed");
    std::fs::remove_dir_all(dir.path().join("sled")).expect("a sled folder");
    dir
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_without_its_index_serves_at_once_says_how_far_the_rebuild_is_and_when_it_is_done() {
    let dir = folder_without_index(30_000).await;
    let began = std::time::Instant::now();
    let (engine, task) = start(setup(dir.path(), Arc::new(SystemClock))).await.unwrap();
    let rebuild = status(&engine).await.rebuild.expect("a rebuild goes on");
    println!("an engine with 30,000 records and no index answered after {:?}", began.elapsed());
    assert_eq!(rebuild.records, 30_000);
    let findings = doctor(&engine).await;
    let finding = findings.iter().find(|finding| finding.check == "engine").expect("the doctor says so");
    assert!(finding.rows[0].contains("of 30000 records"), "{finding:?}");
    let Ok(Reply::Audit(entries)) = engine.request(&caller(), Request::Audit { limit: 5 }).await else {
        panic!("no audit entries")
    };
    assert!(entries.is_empty());
    let ended = async {
        while status(&engine).await.rebuild.is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.expect("the rebuild ends");
    println!("and was rebuilt after {:?}", began.elapsed());
    let is_told = || {
        engine.fleet().read(|fleet| {
            let said: Vec<&str> = fleet.notices.iter().map(|(_, text)| text.as_str()).collect();
            said.iter().any(|text| text.contains("in the background"))
                && said.iter().any(|text| text.contains("is rebuilt (30000 records)"))
        })
    };
    let told = async {
        while !is_told() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, told).await.expect("both are told");
    assert!(doctor(&engine).await.iter().all(|finding| finding.check != "engine"), "gone when done");
    engine.shut_down();
    task.stopped().await;
}

/// Panics once when it is asked on the runtime's thread.
struct PanickingClock {
    is_armed: AtomicBool,
    thread: ThreadId,
}

impl Clock for PanickingClock {
    fn now(&self) -> Timestamp {
        let is_due =
            std::thread::current().id() == self.thread && self.is_armed.swap(false, Ordering::SeqCst);
        assert!(!is_due, "provoked");
        START
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_panics_is_told_to_everybody_as_long_as_the_engine_runs() {
    let dir = tempfile::tempdir().unwrap();
    let clock =
        Arc::new(PanickingClock { is_armed: AtomicBool::new(false), thread: std::thread::current().id() });
    let (engine, task) = start(setup(dir.path(), Arc::clone(&clock) as _)).await.unwrap();
    let engine_task = tokio::spawn(task.stopped());
    assert_eq!(status(&engine).await, EngineCondition::default());
    // What is done once at the start is done.
    tokio::time::sleep(Duration::from_secs(1)).await;
    clock.is_armed.store(true, Ordering::SeqCst);
    let failed = async {
        loop {
            // The paused clock goes on; nothing really waits.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let condition = engine.fleet().read(|fleet| fleet.engine.clone());
            if !condition.failed_parts.is_empty() {
                return condition;
            }
        }
    };
    let condition = tokio::time::timeout(Duration::from_hours(1), failed).await.expect("it is noticed");
    assert_eq!(condition.failed_parts, ["keeping the register"]);
    assert_eq!(status(&engine).await, condition);
    let finding = doctor(&engine).await.into_iter().find(|finding| finding.check == "engine").unwrap();
    assert!(finding.advice.contains("engine stop"), "{finding:?}");
    assert!(!engine_task.is_finished(), "the rest goes on");
    engine.shut_down();
    engine_task.await.unwrap();
}
