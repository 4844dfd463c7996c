//! `sim`: the simulated site on an address of one's choice, used by other commands of the program.

use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::site::{DEADLINE, PROGRAM, Ran, finish};

/// The simulators as a process, with what they say.
pub struct Sim {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", home).env("TMPDIR", home).args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Sim {
    pub fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut child = program(home, arguments).spawn().expect("the program starts");
        let said = BufReader::new(child.stderr.take().expect("its words")).lines();
        Self { child, said }
    }

    /// The next line it says.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(DEADLINE, self.said.next_line()).await.expect("a line in time");
        line.expect("readable").expect("it goes on")
    }

    /// Ends it as a terminal would, and waits.
    pub async fn end(mut self) -> std::process::ExitStatus {
        let pid = i32::try_from(self.child.id().expect("alive")).expect("a process number");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("ours");
        tokio::time::timeout(DEADLINE, self.child.wait()).await.expect("it ends").expect("a status")
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Runs one of the commands that the simulators print, with more words behind it.
pub async fn with(home: &Path, line: &str, more: &[&str]) -> Ran {
    let mut words: Vec<&str> = line.split_whitespace().skip(1).collect();
    words.extend(more);
    finish(program(home, &words)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_command_works_on_the_chosen_address_and_all_is_gone_at_the_end() {
    let home = tempfile::Builder::new().prefix("qd-sim-").tempdir().expect("a folder");
    let address = format!("127.0.0.1:{}", free_port());
    let mut sim = Sim::start(home.path(), &["sim", "--listen", &address, "--print-config", "--speed", "20"]);
    assert!(sim.line().await.ends_with(&format!("http://{address}")));
    let command = sim.line().await;
    assert!(command.starts_with("quarterdeck --config "), "{command}");
    let check = with(home.path(), &command, &["config", "check"]).await.ended_with(0);
    assert!(
        check.stdout.contains("1 panel, 1 orders database, 1 exaroton account, 1 DatHost account,"),
        "{check:#?}"
    );
    let orders = with(home.path(), &command, &["get", "orders", "-o", "json"]).await.ended_with(0).json();
    let paid = orders.as_array().expect("a list").iter().find(|order| order["order"]["status"] == "paid");
    let id = paid.expect("a paid order")["order"]["id"].as_str().expect("an id").to_owned();
    let run = with(home.path(), &command, &["order", "provision", &id, "--yes", "--over-budget"])
        .await
        .ended_with(0);
    assert!(run.stdout.contains(".example.net:"), "{run:#?}");
    let taken = finish(program(home.path(), &["sim", "--listen", &address])).await.ended_with(3);
    assert!(taken.stderr.contains(&address) && taken.stderr.contains("--listen"), "{taken:#?}");
    with(home.path(), &command, &["engine", "stop"]).await.ended_with(0);
    assert!(sim.end().await.success());
    let left: Vec<_> =
        std::fs::read_dir(home.path()).expect("a folder").flatten().map(|e| e.path()).collect();
    assert!(left.is_empty(), "the simulated site is gone with its files: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_strike_and_the_screen_says_which() {
    let home = tempfile::Builder::new().prefix("qd-sim-").tempdir().expect("a folder");
    let mut sim = Sim::start(home.path(), &["sim", "--faults", "500=1"]);
    sim.line().await;
    let command = sim.line().await;
    let doctor = with(home.path(), &command, &["doctor"]).await;
    assert_ne!(doctor.code, 0, "{doctor:#?}");
    assert!(format!("{}{}", doctor.stdout, doctor.stderr).contains("500"), "{doctor:#?}");
    with(home.path(), &command, &["engine", "stop"]).await;
    assert!(sim.end().await.success());
}

#[tokio::test]
async fn wrong_values_are_wrong_usage_and_say_what_would_be_right() {
    let home = tempfile::tempdir().expect("a folder");
    for (arguments, words) in [
        (["sim", "--faults", "nonsense=1"], "known: latency, 429, 500"),
        (["sim", "--faults", "lost=2"], "between 0 and 1"),
        (["sim", "--listen", "localhost"], "--listen <ADDRESS:PORT>"),
        (["demo", "--speed", "0"], "from 0.01 to 10000"),
    ] {
        let ran = finish(program(home.path(), &arguments)).await.ended_with(2);
        assert!(ran.stderr.contains(words), "{arguments:?}: {ran:#?}");
    }
}
