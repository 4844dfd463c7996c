//! The published clients, unchanged, against the simulator: npm `exaroton` (official) and `PyPI` `exaroton`.
//!
//! `tests/run` installs them and says where. Without them a test says so and passes; with
//! `QUARTERDECK_TEST_REQUIRE_SERVICES=1` it fails. Their own ways to another address are used: npm's public fields
//! `protocol`, `host` and `basePath`, the Python client's `host` argument.

use std::path::Path;
use std::process::Stdio;

use quarterdeck::sim::exaroton::{ExarotonSim, ExarotonSimOptions, PayerId};
use rust_decimal::Decimal;
use serde_json::Value;
use tokio::process::Command;

use crate::lab::DEADLINE;

/// A start of 40 s takes less than one.
const SPEED: f64 = 60.0;

/// The folder of a client, or nothing (said aloud) where it is not installed.
fn folder_of(variable: &str) -> Option<String> {
    let folder = std::env::var(variable).ok().filter(|folder| !folder.is_empty());
    if folder.is_none() {
        let is_required = std::env::var("QUARTERDECK_TEST_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
        assert!(!is_required, "{variable} is required here: use tests/run");
        eprintln!("!! SKIPPED: no published exaroton client ({variable} is not set): use tests/run");
    }
    folder
}

/// A world at high speed whose servers stay up while nobody plays.
async fn world() -> ExarotonSim {
    let options = ExarotonSimOptions { speed: SPEED, keep_alive_ms: 200, ..Default::default() };
    let sim = ExarotonSim::start(options).await.expect("a simulator");
    for server in sim.world().servers() {
        sim.world().set_auto_stop(&server.id, None);
    }
    sim
}

/// Runs a script of `tests/exaroton/clients` and returns the JSON it prints.
async fn run(sim: &ExarotonSim, program: &str, script: &str, client: &str) -> Value {
    let host = sim.url().trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exaroton/clients").join(script);
    let mut command = Command::new(program);
    command.arg(script).env("CLIENT", client).env("HOST", host).env("TOKEN", sim.token());
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(DEADLINE * 2, command.output()).await.expect("in time").expect("it runs");
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{program} {}:\n{said}\n{wrong}", ran.status);
    serde_json::from_str(said.lines().last().expect("a line")).expect("JSON")
}

/// What both clients must agree on with the simulator.
fn check_what_both_see(sim: &ExarotonSim, seen: &Value) {
    let world = sim.world();
    let names: Vec<&str> = seen["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .filter_map(|server| server["name"].as_str())
        .collect();
    let servers = world.servers();
    let expected: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, expected);
    assert_eq!((&seen["account"]["name"], &seen["account"]["credits"]), (&"northwind".into(), &420.into()));
    assert_eq!((&seen["ramBefore"], &seen["ramSet"]), (&4.into(), &6.into()));
    let weekend = world.server("weekend").expect("there");
    assert_eq!((weekend.status, weekend.ram_gib), (0, 6));
    let pool = &seen["pools"][0];
    assert_eq!(
        (&pool["name"], &pool["credits"], &pool["servers"][0]),
        (&"club-pool".into(), &300.into(), &"club".into())
    );
    let (id, _) = world.pools().into_iter().next().expect("a pool");
    assert_eq!(pool["id"], Value::from(id));
    let bill = world.bill();
    let own = PayerId::Account(sim.account_id().to_owned());
    assert!(bill.of_server(&weekend.id) > Decimal::ZERO, "the run is on the bill");
    assert_eq!(bill.balance(&own), Decimal::from(420) - bill.of_server(&weekend.id));
    assert_eq!(world.early_frames(), 0);
}

async fn check_npm(variable: &str) {
    let Some(folder) = folder_of(variable) else { return };
    let sim = world().await;
    let seen = run(&sim, "node", "npm.mjs", &folder).await;
    check_what_both_see(&sim, &seen);
    assert_eq!(seen["servers"][3]["shared"], Value::from(true));
    assert_eq!((&seen["startAgain"], &seen["stopAgain"]), (&208.into(), &208.into()), "{seen}");
    assert_eq!(
        (&seen["stopOffline"], &seen["ramRefused"], &seen["ramWhileRunning"]),
        (&400.into(), &400.into(), &400.into())
    );
    assert_eq!((&seen["motd"], &seen["ops"][1]), (&"from npm".into(), &"Npm".into()), "{seen}");
    for number in ["tick", "stats", "heap", "lines"] {
        assert!(seen[number].as_f64().is_some_and(|number| number > 0.0), "{number}: {seen}");
    }
    let members = seen["pools"][0]["members"].as_array().expect("members");
    let parts: Vec<_> = members.iter().map(|member| (&member["share"], &member["credits"])).collect();
    assert_eq!(parts, [(&0.75.into(), &225.into()), (&0.25.into(), &75.into())]);
    assert_eq!(sim.world().server("weekend").expect("there").motd, "from npm");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npm_1_11_works_unchanged() {
    check_npm("QUARTERDECK_TEST_EXAROTON_NPM_1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npm_2_0_works_unchanged() {
    check_npm("QUARTERDECK_TEST_EXAROTON_NPM_2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pypi_works_unchanged() {
    let Some(folder) = folder_of("QUARTERDECK_TEST_EXAROTON_PYPI") else { return };
    let sim = world().await;
    let seen = run(&sim, "python3", "pypi.py", &folder).await;
    check_what_both_see(&sim, &seen);
    assert_eq!((&seen["start"]["success"], &seen["startAgain"]["success"]), (&true.into(), &false.into()));
    assert_eq!((&seen["stopOffline"]["success"], &seen["stop"]["success"]), (&false.into(), &true.into()));
    assert_eq!(seen["ops"][1], Value::from("Pypi"));
    assert_eq!(seen["pools"][0]["members"], serde_json::json!(["northwind", "mara"]));
    assert!(seen["log"].as_str().is_some_and(|log| log.contains("stopped")), "{seen}");
    sim.stop().await;
}
