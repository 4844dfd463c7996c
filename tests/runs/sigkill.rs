//! The same with a real process and a real SIGKILL: the child is this test binary, told what to do by its environment.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::model::run::RunStatus;
use quarterdeck::providers::orders::{self, OrdersSettings, OrdersSource};
use quarterdeck::sim::panel::InstallPolicy;

use crate::scripted::{ScriptedLog, Turn};
use crate::site::{Engine, TestSite, clock, open_store, panel_client, quick};

const TASK: &str = "QUARTERDECK_TEST_RUNS_CHILD";

/// What a child does, in lines: data folder, shop, panel's address, both keys, order, position, how, expected status.
struct Task {
    parts: Vec<String>,
}

impl Task {
    fn from_environment() -> Option<Self> {
        let text = std::env::var(TASK).ok()?;
        Some(Self { parts: text.split('\n').map(str::to_owned).collect() })
    }

    fn part(&self, index: usize) -> &str {
        self.parts.get(index).expect("a whole task")
    }
}

fn kill_this_process() {
    nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL).expect("killed");
}

/// The child's side; without a task it is an empty test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(task) = Task::from_environment() else { return };
    let position: usize = task.part(6).parse().expect("a position");
    let how = if task.part(7) == "before" { Turn::Die } else { Turn::WriteAndDie };
    let store = open_store(&PathBuf::from(task.part(0))).await;
    let script = move |number, _: &_, _: &_| if number == position { how } else { Turn::Write };
    let log: Arc<dyn RunLog> = Arc::new(ScriptedLog::new(store.clone(), script).dying_by(kill_this_process));
    let source = OrdersSource::Sqlite { path: PathBuf::from(task.part(1)) };
    let settings = OrdersSettings::new("shop".into(), "panel".into(), source);
    let database = orders::connect(&settings, clock()).await.expect("the shop");
    let panel = panel_client(task.part(2), task.part(3), task.part(4));
    let engine = Engine::start(store, log, panel, database, quick()).await;
    let runs = engine.idle().await;
    if runs.is_empty() {
        let plan = engine.plan_order(task.part(5)).await.expect("a plan");
        let run = engine.execute(&plan).await.expect("a run");
        engine.ended(&run).await;
    }
    let expected = if task.part(8) == "good" { RunStatus::Succeeded } else { RunStatus::Failed };
    for run in engine.idle().await {
        assert_eq!(run.status, expected, "{run:#?}");
    }
    engine.runner.shutdown().await;
}

async fn child_of(site: &TestSite, order: &str, position: usize, how: &str, expected: &str) -> ExitStatus {
    let data = site.data(order);
    let position = position.to_string();
    let task = [
        &data.display().to_string(),
        &site.shop.display().to_string(),
        &site.sim.url(),
        site.sim.application_key(),
        site.sim.client_key(),
        order,
        &position,
        how,
        expected,
    ]
    .join("\n");
    let program = std::env::current_exe().expect("this test binary");
    let mut command = Command::new(program);
    command.args(["--exact", "sigkill::child", "--nocapture", "--test-threads=1"]).env(TASK, task);
    tokio::task::spawn_blocking(move || {
        let output = command.output().expect("the child starts");
        let is_fine = output.status.code().is_none_or(|code| code == 0);
        let (said, cried) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(is_fine, "{said}{cried}");
        output.status
    })
    .await
    .expect("the child was waited for")
}

/// Kills a run at every position, its record written or not, and starts again; returns how many positions there are.
async fn kill_everywhere(site: &TestSite, prefix: &str, expected: &str) -> usize {
    use std::os::unix::process::ExitStatusExt;
    for position in 0.. {
        let mut was_killed = false;
        for how in ["before", "after"] {
            let order = format!("{prefix}{position}-{how}");
            site.add_order(&order, "small").await;
            let status = child_of(site, &order, position, how, expected).await;
            was_killed |= status.signal() == Some(9);
            let status = child_of(site, &order, usize::MAX, how, expected).await;
            assert_eq!(status.code(), Some(0), "{order}: the restart ends");
            if expected == "good" {
                site.assert_provisioned_once(&order).await;
            } else {
                site.assert_nothing_left(&order, "error").await;
                let said = site.order(&order).await.error_message.unwrap_or_default();
                assert!(said.contains("install"), "{order}: {said:?} does not say what failed");
            }
        }
        if !was_killed {
            return position;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_at_every_position_ends_in_one_server() {
    let site = TestSite::start().await;
    let positions = kill_everywhere(&site, "k", "good").await;
    assert_eq!(positions, 16);
    assert_eq!(site.sim.world().servers_deleted_ever(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_at_every_position_of_a_failing_run_ends_in_nothing_and_a_clear_error() {
    let site = TestSite::start().await;
    let fails = InstallPolicy { min_ms: 5, max_ms: 10, failure_rate: 1.0, is_held: false };
    site.sim.faults().set_installs(fails);
    let positions = kill_everywhere(&site, "b", "bad").await;
    // The start, five steps, their undo, the end.
    assert_eq!(positions, 22);
    assert_eq!(site.sim.world().servers(), []);
    assert!(site.sim.world().orphans_on_nodes().is_empty());
}
