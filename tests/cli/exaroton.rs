//! Servers at exaroton: from the command line over the simulated site, and by keys in the demo.

use std::path::Path;

use crate::pty::Pty;
use crate::sim::{Sim, with};
use crate::site::PROGRAM;

/// The simulated site as a process, and the command that talks to its engine.
struct Stage {
    home: tempfile::TempDir,
    sim: Sim,
    command: String,
}

impl Stage {
    async fn start() -> Self {
        let home = tempfile::Builder::new().prefix("qd-exaroton-").tempdir().expect("a folder");
        let mut sim = Sim::start(home.path(), &["sim", "--speed", "20"]);
        sim.line().await;
        let command = sim.line().await;
        Self { home, sim, command }
    }

    async fn ask(&self, more: &[&str]) -> crate::site::Ran {
        with(self.home.path(), &self.command, more).await
    }

    async fn server(&self, name: &str) -> serde_json::Value {
        let servers = self.ask(&["get", "servers", "-o", "json"]).await.ended_with(0).json();
        let found = servers.as_array().expect("a list").iter().find(|server| server["name"] == name);
        found.unwrap_or_else(|| panic!("no server {name}: {servers:#}")).clone()
    }

    async fn end(self) {
        self.ask(&["engine", "stop"]).await.ended_with(0);
        assert!(self.sim.end().await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_listed_started_commanded_set_and_stopped() {
    let stage = Stage::start().await;
    let listed = stage.server("staging").await;
    assert_eq!(
        (listed["provider"].as_str(), listed["ram_gib"].as_u64()),
        (Some("exaroton"), Some(2)),
        "{listed:#}"
    );
    let large =
        stage.ask(&["get", "servers", "-f", "provider=exaroton ram_mib>10000"]).await.ended_with(0).stdout;
    assert_eq!(large.lines().count(), 3, "12 and 16 GiB: {large}");
    let csv =
        stage.ask(&["get", "servers", "-o", "csv", "-f", "provider=exaroton"]).await.ended_with(0).stdout;
    assert!(csv.starts_with("server,identifier,name,") && csv.contains("its owner pays"), "{csv}");
    assert_eq!(csv.trim_end().lines().count(), 13, "twelve servers: {csv}");

    let planned = stage.ask(&["server", "start", "staging", "--dry-run"]).await.ended_with(0);
    assert!(
        planned.stderr.contains("2 GiB: 2 credits/h") && planned.stderr.contains("runway:"),
        "{planned:?}"
    );
    let unasked = stage.ask(&["server", "start", "staging"]).await.ended_with(3);
    assert!(unasked.stderr.contains("--yes"), "{unasked:?}");
    assert_eq!(stage.server("staging").await["status"], "offline", "plans change nothing");

    let started = stage.ask(&["server", "start", "staging", "--yes"]).await.ended_with(0);
    assert_eq!(started.stdout, "staging.exaroton.me\n");
    let extended = stage.ask(&["server", "extend", "staging", "60", "--yes"]).await.ended_with(0);
    assert!(extended.stderr.contains("put off by 1 h"), "{extended:?}");
    let dry = stage.ask(&["server", "command", "staging", "say hi", "--dry-run"]).await.ended_with(0);
    assert!(dry.stderr.contains("say hi"), "{dry:?}");
    stage.ask(&["server", "command", "staging", "say hi"]).await.ended_with(3);
    stage.ask(&["server", "command", "staging", "say hi", "--yes"]).await.ended_with(0);
    let audit = stage.ask(&["get", "audit", "-o", "csv"]).await.ended_with(0).stdout;
    assert!(audit.contains("console_command") && audit.contains("start_server"), "{audit}");

    stage.ask(&["server", "stop", "staging.exaroton.me", "--yes"]).await.ended_with(0);
    stage.ask(&["server", "ram", "staging", "6", "--yes"]).await.ended_with(0);
    let set = stage.server("staging").await;
    assert_eq!((set["status"].as_str(), set["ram_gib"].as_u64()), (Some("offline"), Some(6)), "{set:#}");
    for (refused, code) in [
        (&["server", "stop", "staging", "--yes"][..], 3),
        (&["server", "ram", "staging", "17", "--yes"], 2),
        (&["server", "extend", "staging", "0", "--yes"], 2),
        (&["server", "extend", "staging", "5", "--yes"], 3),
        (&["server", "kill", "staging", "--yes"], 3),
        (&["server", "destroy", "staging", "--yes", "--name", "staging"], 3),
        (&["server", "start", "nobody", "--yes"], 3),
        (&["--read-only", "server", "start", "staging", "--yes"], 3),
    ] {
        let ran = stage.ask(refused).await;
        assert_eq!(ran.code, code, "{refused:?}: {ran:#?}");
    }
    stage.end().await;
}

fn demo(home: &Path) -> Pty {
    let place = home.to_str().expect("a path");
    let variables = [("HOME", place), ("TMPDIR", place)];
    let pty = Pty::start(&[PROGRAM, "demo", "--speed", "8"], home, &variables, (140, 40));
    pty.wait_until("every account read", |seen| seen.shows("✓ exaroton") && seen.shows("✓ panel"));
    pty
}

#[test]
fn from_nodes_a_server_is_started_its_console_typed_into_and_stopped_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = demo(home.path());
    pty.send("2");
    pty.wait_for("CREDITS/H");
    pty.send("G\r");
    pty.wait_for("Account exaroton");
    pty.send("/name=staging\r");
    pty.wait_for("1 of 12 shown");
    pty.send("s");
    let plan = pty.wait_for("ask for the start");
    assert!(plan.contains("2 GiB: 2 credits/h") && plan.contains("EUR/h"), "{plan}");
    pty.send("y");
    let run = pty.wait_for("succeeded");
    assert!(run.contains("staging.exaroton.me"), "{run}");
    pty.send("\u{1b}");
    pty.wait_until("the servers again", |seen| !seen.shows("succeeded"));
    pty.send("E");
    pty.wait_for("Put off the auto-stop of staging");
    pty.send("\r");
    pty.wait_for("put off the auto-stop by 15 min of staging");
    pty.send("y");
    pty.wait_for("succeeded");
    pty.send("\u{1b}");
    pty.wait_until("the servers again", |seen| !seen.shows("succeeded"));
    pty.send("c");
    pty.wait_for("Console of staging");
    pty.wait_for(" TPS");
    pty.send("isay hello from here\r");
    pty.wait_for("[Server] hello from here");
    pty.send("\u{1b}");
    pty.wait_for("type a command");
    pty.send("x");
    let plan = pty.wait_for("ask for the stop");
    assert!(plan.contains("SIMULATED"), "{plan}");
    pty.send("y");
    pty.wait_for("succeeded");
    pty.send("\u{1b}");
    pty.wait_until("the console again", |seen| !seen.shows("succeeded"));
    pty.send("\u{1b}");
    pty.wait_until("the servers again", |seen| !seen.shows("Console of staging"));
    pty.wait_until("its row", |seen| {
        seen.text().lines().any(|line| line.starts_with("▌staging") && line.contains("offline"))
    });
    pty.send("q");
    assert!(pty.end().0.success());
}

#[test]
fn from_credits_what_burns_is_stopped_and_its_memory_asked_for_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = demo(home.path());
    pty.send("5");
    pty.wait_until("balances", |seen| seen.shows("exaroton/guild") && seen.shows("BALANCE"));
    pty.send("/name=exaroton/guild\r");
    pty.wait_until("one balance", |seen| seen.shows("1 of ") && seen.shows(" shown"));
    pty.send("\r");
    pty.wait_for("BURN/H");
    pty.send("/name=guild-survival kind=running\r");
    pty.wait_until("the burner", |seen| seen.text().lines().any(|line| line.starts_with("▌guild-survival")));
    pty.send("m");
    pty.wait_for("Memory of guild-survival");
    pty.send("\u{15}3");
    pty.wait_for("3.0000 credits/h");
    pty.send("\r");
    pty.wait_for("8 GiB becomes 3 GiB");
    pty.send("y");
    // The provider may refuse it while the server runs; the run says what to do.
    pty.wait_for("stop the server first");
    pty.send("\u{1b}");
    pty.wait_until("what burns again", |seen| !seen.shows("stop the server first"));
    pty.send("x");
    pty.wait_for("ask for the stop");
    pty.send("y");
    pty.wait_for("succeeded");
    pty.send("\u{1b}");
    // It burns no more, and after what it burnt this month its storage costs nothing.
    pty.wait_until("nothing of it", |seen| seen.shows("burns 0.0000 credits/h") && !seen.shows("succeeded"));
    pty.send("q");
    assert!(pty.end().0.success());
}
