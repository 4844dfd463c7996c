//! The published client, unchanged, against the simulator: `PyPI` `dathost` 1.0.2, of the time of CS:GO.
//!
//! `tests/run` installs it and says where. Without it the test says so and passes; with
//! `QUARTERDECK_TEST_REQUIRE_SERVICES=1` it fails. The npm client `dathost` cannot be installed by its name any more, and
//! there is none on crates.io.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use quarterdeck::sim::dathost::{DathostSim, DathostSimOptions};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::process::Command;

/// Longer than the script takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_mins(2);

/// A boot of 20 s takes less than one; a minute is billed every second.
const SPEED: f64 = 60.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pypi_works_unchanged() {
    let variable = "QUARTERDECK_TEST_DATHOST_PYPI";
    let Some(client) = std::env::var(variable).ok().filter(|folder| !folder.is_empty()) else {
        let is_required = std::env::var("QUARTERDECK_TEST_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!is_required, "{variable} is required here: use tests/run");
        eprintln!("!! SKIPPED: no published DatHost client ({variable} is not set): use tests/run");
        return;
    };
    let sim = DathostSim::start(DathostSimOptions { speed: SPEED, ..Default::default() })
        .await
        .expect("a simulator");
    let before = sim.world().balance(sim.account_id());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dathost/clients/pypi.py");
    let mut command = Command::new("python3");
    command.arg(script).env("CLIENT", client).env("URL", sim.url());
    command.env("EMAIL", sim.email()).env("PASSWORD", sim.password());
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(DEADLINE, command.output()).await.expect("in time").expect("it runs");
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{}:\n{said}\n{wrong}", ran.status);
    let seen: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    assert_eq!(seen["account"], json!({ "email": "ops@example.net", "credits": 197.5 }));
    assert_eq!(seen["servers"], json!(["community", "practice", "scrim"]));
    assert_eq!((&seen["cost"], &seen["off"]), (&json!([0.22, 16.5, false]), &json!(false)));
    let console = seen["console"].as_array().expect("lines");
    assert!(
        console.iter().any(|line| line.as_str().is_some_and(|line| line.contains("players: 0 humans"))),
        "{seen}"
    );
    assert_eq!(seen["files"], json!(["server.cfg", "warmup_server.cfg"]));
    assert_eq!((&seen["upload"], &seen["maps"]), (&json!("from pypi"), &json!(["de_dust2"])));
    assert_eq!((&seen["copy"], &seen["gone"]), (&json!([false, true]), &json!(true)));
    assert_eq!(seen["changed"], json!(["from pypi", "pypi:1", true, 7]));
    assert_eq!(seen["made"], json!(["voice", "teamspeak3", 10]));
    let world = sim.world();
    let names: Vec<String> = world.servers().into_iter().map(|server| server.name).collect();
    assert_eq!(names, ["scrim", "practice", "community"], "what it made it deleted");
    let scrim = world.server("scrim").expect("there");
    assert!(!scrim.is_on);
    let bill = world.bill();
    assert_eq!(
        before - world.balance(sim.account_id()),
        bill.of_server(&scrim.id),
        "only its minutes were billed"
    );
    assert!(bill.of_server(&scrim.id) >= Decimal::ZERO);
    sim.stop().await;
}
