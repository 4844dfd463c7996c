//! SIGKILL while snapshots are taken: none that was acknowledged is lost, and none is there twice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use quarterdeck::engine::handle::Caller;
use quarterdeck::engine::start;
use quarterdeck::link::transport::InProcessTransport;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::exaroton::{ExarotonSim, ExarotonSimOptions};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::lab::{Console, MINUTE, a_cent, setup, snapshots_in};

/// Set in the child only: the data folder, the provider's address and token, and which start it is.
const FOLDER: &str = "QUARTERDECK_TEST_CREDITS_FOLDER";
const URL: &str = "QUARTERDECK_TEST_CREDITS_URL";
const TOKEN: &str = "QUARTERDECK_TEST_CREDITS_TOKEN";
const ROUND: &str = "QUARTERDECK_TEST_CREDITS_ROUND";

const KILLS: u32 = 20;

/// Between two snapshots by hand: some of them fall into an hour of their own.
const STEP: i64 = 7 * MINUTE;

/// The child: takes snapshots until it is killed. Does nothing in an ordinary test run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_takes_snapshots_until_it_is_killed() {
    let variable = |name: &str| std::env::var(name).ok();
    let (Some(folder), Some(url), Some(token)) = (variable(FOLDER), variable(URL), variable(TOKEN)) else {
        return;
    };
    let round: i64 = variable(ROUND).unwrap().parse().unwrap();
    // Rounds overlap: hours that an earlier engine kept come again, but no moment does.
    let clock = Arc::new(ManualClock::at(Timestamp(DEFAULT_START.0 + round * (4 * STEP + 1))));
    let shared: Arc<dyn Clock> = clock.clone();
    let (handle, _task) = start(setup(Path::new(&folder), &url, &token, shared, a_cent())).await.unwrap();
    let mut console = Console::attach(InProcessTransport(handle.clone())).await;
    console.until("a balance", |fleet| !fleet.balances.is_empty()).await;
    for number in 0_u32.. {
        clock.advance_millis(STEP);
        let by = format!("op-{round}-{number}@bastion");
        let caller =
            Caller { operator: by.as_str().into(), origin: "cli".to_owned(), is_read_only: false, client: 1 };
        assert_eq!(handle.request(&caller, Request::TakeSnapshot).await.unwrap(), Reply::Done);
        let mut out = std::io::stdout().lock();
        out.write_all(format!("\nacknowledged {by}\n").as_bytes()).unwrap();
    }
}

/// Runs a child until it acknowledged so many snapshots, kills it, and returns all that it acknowledged.
fn run_and_kill(variables: &[(&str, String)], acknowledgements: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("the test binary"))
        .args(["--exact", "kill::child_that_takes_snapshots_until_it_is_killed", "--nocapture"])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut acknowledged = Vec::new();
    let mut is_killed = false;
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok) {
        if let Some(by) = line.strip_prefix("acknowledged ") {
            acknowledged.push(by.to_owned());
        }
        if acknowledged.len() >= acknowledgements && !is_killed {
            child.kill().expect("killed");
            is_killed = true;
        }
    }
    let status = child.wait().expect("it ended");
    assert!(is_killed, "the child ended by itself: {status}");
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_no_acknowledged_snapshot_and_write_none_twice() {
    let sim = ExarotonSim::start(ExarotonSimOptions::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let seed = rand::random();
    let mut random = SmallRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        let variables = vec![
            (FOLDER, dir.path().display().to_string()),
            (URL, sim.url()),
            (TOKEN, sim.token().to_owned()),
            (ROUND, round.to_string()),
        ];
        let wanted = random.random_range(1..25);
        let round = tokio::task::spawn_blocking(move || run_and_kill(&variables, wanted));
        acknowledged.extend(round.await.unwrap());
    }
    let folder: PathBuf = dir.path().to_owned();
    let kept = snapshots_in(&folder, Arc::new(ManualClock::at(DEFAULT_START)));
    let mut slots = BTreeSet::new();
    for (kind, slot, by) in &kept {
        assert!(slots.insert((kind, slot)), "{kind} of {slot} by {by:?} is there twice (seed {seed})");
    }
    for by in &acknowledged {
        let found = kept.iter().filter(|(_, _, one)| one.as_ref() == Some(by)).count();
        assert_eq!(found, 1, "{by} was acknowledged (seed {seed})");
    }
    let hours = kept.iter().filter(|(kind, ..)| kind == "hourly").count();
    assert!(hours > 5, "{hours} hourly snapshots over {} by hand", acknowledged.len());
    println!("{KILLS} kills (seed {seed}): {} acknowledged, {} kept", acknowledged.len(), kept.len());
}
