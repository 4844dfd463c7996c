//! The engine's process: how many there are, how they end, what survives a kill, how one is reached through a pipe.

use std::collections::BTreeSet;
use std::process::Stdio;

use quarterdeck::cli::attach;
use quarterdeck::link::transport::CommandTransport;
use quarterdeck::link::{LinkEvent, connect};
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::sim::panel::InstallPolicy;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::site::{DEADLINE, Site, finish, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_commands_at_once_start_one_engine() {
    let site = Site::start().await;
    let commands: Vec<_> = (0..20).map(|_| tokio::spawn(finish(site.command(&["get", "feeds"])))).collect();
    let mut seen = BTreeSet::new();
    for command in commands {
        command.await.unwrap().ended_with(0);
        seen.extend(site.engines());
    }
    let pid = site.engine_pid().await;
    assert_eq!(seen, BTreeSet::from([pid]), "one engine, the one that answers");
    let file = std::fs::read_to_string(site.data().join("engine.pid")).unwrap();
    assert_eq!(file.trim(), pid.to_string());
    let log = std::fs::read_to_string(site.data().join("engine.log")).unwrap();
    assert_eq!(log.matches("the engine runs").count(), 1, "{log}");

    let second = site.run(&["engine", "run"]).await.ended_with(3);
    assert!(second.stderr.contains("runs already") && second.stderr.contains(&pid.to_string()), "{second:?}");
    assert_eq!(site.engines(), [pid], "the first one is not disturbed");

    let words = site.run(&["engine", "status"]).await.ended_with(0);
    assert!(words.stdout.contains(&format!("process {pid}")), "{words:?}");
    assert!(site.run(&["engine", "stop"]).await.ended_with(0).stderr.contains("the engine ended"));
    assert!(site.engines().is_empty());
    assert!(site.run(&["engine", "stop"]).await.ended_with(0).stderr.contains("no engine ran"));
    site.run(&["engine", "status"]).await.ended_with(4);
    assert!(!site.data().join("engine.pid").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_in_the_next_engine_after_a_kill() {
    let site = Site::with_installs(InstallPolicy { is_held: true, ..InstallPolicy::default() }).await;
    site.add_order("ord-1", "paid").await;
    let mut follower = site.command(&["order", "provision", "ord-1", "--yes"]);
    let mut follower = follower.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stderr.take().unwrap()).lines();
    let run = tokio::time::timeout(DEADLINE, async {
        let mut run = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(id) = line.strip_prefix("run ") {
                id.clone_into(&mut run);
            }
            if line.contains("done") && line.contains("create the server") {
                break;
            }
        }
        run
    });
    let run = run.await.unwrap();
    assert!(!run.is_empty());
    site.kill_engine().await;
    let ended = tokio::time::timeout(DEADLINE, follower.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(4), "whoever followed it is told");

    let server = site.sim.world().servers_with_external_id("ord-1").remove(0);
    let shown = site.run(&["run", "show", &run, "-o", "json"]).await;
    assert_eq!(shown.json()["id"], run.as_str(), "the next engine knows it");
    site.sim.world().finish_install(server.id, true);
    let show = async {
        while site.run(&["run", "show", &run]).await.code != 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, show).await.expect("the run succeeds");
    let world = site.sim.world();
    assert_eq!(world.created_with_external_id("ord-1"), 1);
    assert_eq!(world.servers_with_external_id("ord-1").len(), 1);
    let provisioned = site.run(&["get", "orders", "-o", "json", "-f", "status=provisioned"]).await.json();
    assert_eq!(provisioned.as_array().map(Vec::len), Some(1), "{provisioned:#}");
    assert_eq!(site.engines().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_reaches_the_engine_through_standard_streams() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    let transport =
        CommandTransport { program: "/usr/bin/env".to_owned(), arguments: site.words(&["dial-stdio"]) };
    let mut link = connect(transport, attach::options("console", false)).await.unwrap();
    let mut fleet = Fleet::default();
    let heard = tokio::time::timeout(DEADLINE, async {
        while fleet.orders.is_empty() || fleet.nodes.len() < 2 {
            match link.next_event().await {
                LinkEvent::Changes { changes, .. } => changes.into_iter().for_each(|change| {
                    fleet.apply(change);
                }),
                LinkEvent::Disconnected(problem) => panic!("{problem}"),
                _ => {}
            }
        }
    });
    heard.await.expect("the fleet arrives");
    let Reply::Status(status) = link.ask(Request::Status).await.unwrap() else { panic!("no status") };
    assert_eq!(site.engines(), [i32::try_from(status.pid).unwrap()], "it was started for the pipe");
    drop(link);
    until("the pipe's end", || {
        let wanted = format!("{}\0dial-stdio", site.data().display());
        let mut processes = std::fs::read_dir("/proc").ok()?.flatten();
        let is_left = processes.any(|process| {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).contains(&wanted)
        });
        (!is_left).then_some(())
    })
    .await;
}
