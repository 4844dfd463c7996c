//! The demo, as somebody meets it who has nothing: no configuration, no home, no network variables.

use crate::pty::Pty;
use crate::site::PROGRAM;

#[test]
fn a_paid_order_becomes_a_server_with_its_console_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().to_str().unwrap();
    let variables = [("HOME", place), ("TMPDIR", place)];
    let mut pty = Pty::start(&[PROGRAM, "demo", "--speed", "20"], home.path(), &variables, (140, 40));
    let screen = pty.wait_for("SIMULATED");
    for tab in ["1 Orders", "2 Nodes", "3 Matches", "4 Deployments", "5 Credits"] {
        assert!(screen.contains(tab), "no tab {tab}:\n{screen}");
    }
    pty.wait_until("both accounts read", |seen| seen.shows("✓ panel") && seen.shows("✓ shop"));
    let orders = pty.wait_until("a paid order on top", |seen| {
        seen.text().lines().any(|line| line.starts_with("▌ord-") && line.contains(" paid "))
    });
    let top = orders.lines().find(|line| line.starts_with('▌')).expect("a selected order");
    let id: String = top.chars().skip(1).take_while(|letter| !letter.is_whitespace()).collect();
    pty.send(&format!("/{id}\r"));
    pty.wait_for("1 of ");
    pty.send("p");
    let plan = pty.wait_for("write the server into the order");
    let cost = plan.lines().find(|line| line.contains(" cost ")).expect("a plan says its cost");
    assert!(cost.contains("EUR/h"), "{plan}");
    pty.send("y");
    let run = pty.wait_for("succeeded");
    let result = run.lines().find(|line| line.contains(" result ")).expect("a run says its result");
    assert!(result.contains(".example.net:"), "{run}");
    pty.send("\u{1b}");
    pty.wait_until("the orders again", |seen| !seen.shows("succeeded"));
    pty.send("c");
    pty.wait_for("Console of ");
    pty.wait_for("following");
    pty.send("\u{1b}");
    pty.wait_until("the orders again", |seen| !seen.shows("Console of "));
    pty.send("q");
    let (ended, _) = pty.end();
    pty.assert_given_back();
    assert!(ended.success(), "{ended:?}");
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "the demo is gone with its files: {left:?}");
}
