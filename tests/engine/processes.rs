//! Engines as processes of their own: this test program starts itself again with a variable set.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::cli::clock::SystemClock;
use quarterdeck::cli::engine::{
    EnginePaths, Launch, RunMode, attach, attach_or_start, run_engine, status, stop, version_notice,
};
use quarterdeck::engine::EngineSetup;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::link::wire::Hello;
use quarterdeck::link::{LinkEvent, LinkOptions};
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::site::Site;

/// The folder of the engine that a copy of this program shall run; and, after a colon, when it leaves if idle.
const FOLDER: &str = "QUARTERDECK_TEST_ENGINE_FOLDER";
const IDLE_MS: &str = "QUARTERDECK_TEST_ENGINE_IDLE_MS";

const DEADLINE: Duration = Duration::from_mins(1);

fn setup(dir: &Path, idle_exit_ms: Option<u64>) -> EngineSetup {
    let mut policy = Policy::default();
    policy.lifetime.idle_exit_ms = idle_exit_ms;
    EngineSetup {
        site: Site::default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: dir.to_owned(),
        clock: Arc::new(SystemClock),
        panels: Vec::new(),
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        policy,
    }
}

/// Not a test by itself: the engine that the others start.
#[tokio::test]
async fn an_engine_for_the_other_tests() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let idle = std::env::var(IDLE_MS).ok().and_then(|text| text.parse().ok());
    let paths = EnginePaths::in_data_dir(&folder);
    run_engine(&paths, RunMode::Background, setup(&folder, idle)).await.unwrap();
}

fn launch(folder: &Path, idle_exit_ms: Option<u64>) -> Launch {
    let this = std::env::current_exe().expect("this program");
    let variables =
        [format!("{FOLDER}={}", folder.display()), format!("{IDLE_MS}={}", idle_exit_ms.unwrap_or(0))];
    let variables = variables.into_iter().take(if idle_exit_ms.is_some() { 2 } else { 1 });
    let test = ["processes::an_engine_for_the_other_tests", "--exact", "--nocapture"].map(str::to_owned);
    Launch {
        program: PathBuf::from("/usr/bin/env"),
        arguments: variables.chain([this.display().to_string()]).chain(test).collect(),
    }
}

fn options() -> LinkOptions {
    let hello = Hello {
        operator: "ann@bastion".into(),
        origin: "cli".to_owned(),
        is_read_only: false,
        wants_fleet: true,
    };
    LinkOptions { hello, version: "0.1.0".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_simultaneous_starts_make_one_engine() {
    let dir = tempfile::tempdir().unwrap();
    let paths = EnginePaths::in_data_dir(dir.path());
    let starts = (0..20).map(|_| {
        let (paths, launch) = (paths.clone(), launch(dir.path(), None));
        tokio::spawn(async move { attach_or_start(&paths, &launch, options()).await })
    });
    let mut clients = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        clients.push(tokio::time::timeout(DEADLINE, start).await.unwrap().unwrap().unwrap());
    }
    let pids: std::collections::BTreeSet<u32> =
        clients.iter().map(|client| client.engine().unwrap().pid).collect();
    assert_eq!(pids.len(), 1, "one engine for all");
    assert!(!pids.contains(&std::process::id()), "in a process of its own");
    let log = std::fs::read_to_string(&paths.log).unwrap();
    assert_eq!(log.matches("running 1 test").count(), 1, "only one was ever started:\n{log}");
    assert_eq!(version_notice(&clients[0], env!("CARGO_PKG_VERSION")), None);
    assert!(version_notice(&clients[0], "9.9.9").unwrap().contains("engine stop"));
    let known = status(&paths, options()).await.unwrap().unwrap();
    assert!(pids.contains(&known.pid) && known.clients >= 20, "{known:?}");

    assert!(stop(&paths, options()).await.unwrap());
    assert!(!stop(&paths, options()).await.unwrap(), "it is gone");
    assert_eq!(status(&paths, options()).await.unwrap(), None);
    assert!(!paths.socket.exists() && !paths.pid.exists());
    let mut client = clients.pop().unwrap();
    let mut heard = client.next_event().await;
    while !matches!(heard, LinkEvent::Disconnected(_)) {
        heard = tokio::time::timeout(DEADLINE, client.next_event()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_background_engine_leaves_and_a_killed_one_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let paths = EnginePaths::in_data_dir(dir.path());
    let client = attach_or_start(&paths, &launch(dir.path(), None), options()).await.unwrap();
    let first = client.engine().unwrap().pid;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(first).unwrap());
    assert_eq!(nix::unistd::getsid(Some(pid)).unwrap(), pid, "it leads a session of its own");
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    drop(client);
    assert!(paths.socket.exists(), "a killed engine leaves its socket behind");
    let client = attach_or_start(&paths, &launch(dir.path(), Some(1_000)), options()).await.unwrap();
    assert_ne!(client.engine().unwrap().pid, first);
    assert!(attach(&paths, options()).await.is_ok(), "it stays while somebody is attached");
    drop(client);
    let gone = async {
        while paths.pid.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("it leaves when idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_an_engine_cleanly_and_a_second_one_is_told_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let paths = EnginePaths::in_data_dir(dir.path());
    let client = attach_or_start(&paths, &launch(dir.path(), None), options()).await.unwrap();
    let refused = run_engine(&paths, RunMode::Foreground, setup(dir.path(), None)).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict);
    let pid = client.engine().unwrap().pid;
    assert!(refused.message.contains(&pid.to_string()), "{refused}");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let gone = async {
        while paths.socket.exists() || paths.pid.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("it cleans up");
    let log = std::fs::read_to_string(&paths.log).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let paths = EnginePaths::in_data_dir(dir.path());
    let launch = Launch {
        program: PathBuf::from("/bin/sh"),
        arguments: ["-c", "echo the key is missing >&2; exit 3"].map(str::to_owned).into(),
    };
    let problem = attach_or_start(&paths, &launch, options()).await.unwrap_err();
    assert!(problem.message.contains("the key is missing"), "{problem}");
}
