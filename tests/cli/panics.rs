//! An engine that panics: its console says that it is gone, its log tells the place, and no secret is in either.

use std::process::Stdio;

use crate::pty::Pty;
use crate::site::{Site, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_panics_is_seen_by_its_console_and_leaves_the_place_but_no_secret_in_its_log() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    let (key, client_key) = (site.sim.application_key().to_owned(), site.sim.client_key().to_owned());
    let trigger = site.file("panic-now");
    let log = site.file("stderr.log");
    let mut words = site.words(&["engine", "run"]);
    let told = format!("QUARTERDECK_TEST_PANIC={} it holds {key} and {client_key}.", trigger.display());
    words.insert(1, told);
    let mut command = tokio::process::Command::new("/usr/bin/env");
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command.stderr(std::fs::File::create(&log).unwrap());
    let mut engine = command.spawn().unwrap();
    until("the engine's socket", || site.data().join("run/engine.sock").exists().then_some(())).await;

    let words = site.words(&[]);
    let folder = site.file("");
    let (screen, said, raw) = tokio::task::spawn_blocking(move || {
        let before = ["/usr/bin/env", "-i", "TERM=xterm-256color"].into_iter();
        let words: Vec<&str> = before.chain(words.iter().skip(1).map(String::as_str)).collect();
        let mut console = Pty::start(&words, &folder, &[], (140, 40));
        let screen = console.wait_for("ord-1");
        std::fs::write(&trigger, "").expect("the trigger is written");
        let said = console.wait_for("engine lost");
        console.send("q");
        let (_, raw) = console.end();
        (screen, said, raw)
    })
    .await
    .unwrap();
    assert!(!screen.contains("engine lost") && said.contains("reconnecting"), "{said}");
    let ended = engine.wait().await.unwrap();
    assert_eq!(ended.code(), Some(101), "a panic ends it");

    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("panic at src/cli/panics.rs:"), "no place in the log:\n{log}");
    assert!(log.contains("it holds [secret] and [secret]."), "{log}");
    let raw = String::from_utf8_lossy(&raw);
    for secret in [&key, &client_key] {
        assert!(!log.contains(secret.as_str()) && !raw.contains(secret.as_str()), "a secret was written");
    }
}
