//! Readings, top-ups, gaps, snapshots and history, over a restart too.

use std::collections::BTreeSet;

use quarterdeck::engine::start;
use quarterdeck::link::transport::InProcessTransport;
use quarterdeck::model::account::FeedKind;
use quarterdeck::model::credits::CreditServerStatus;
use quarterdeck::model::money::Rates;
use quarterdeck::model::request::{CreditsHistory, Reply, Request};
use quarterdeck::model::spend::BurnerKind;
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::Fault;
use quarterdeck::sim::exaroton::PayerId;
use rust_decimal::Decimal;

use crate::lab::{Console, HOUR, Lab, MINUTE, account, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_pools_servers_and_burners_appear_and_the_header_counts_what_burns() {
    let lab = Lab::with(&["weekend", "club"]).await;
    let mut engine = lab.engine().await;
    let is_burning = |fleet: &quarterdeck::model::fleet::Fleet| {
        let running =
            fleet.burners.values().flatten().filter(|burner| burner.kind == BurnerKind::Running).count();
        running == 2 && fleet.summary.burn_per_hour.is_some()
    };
    engine.console.until("two burners", is_burning).await;
    let fleet = &engine.console.fleet;
    assert_eq!(engine.view().balance.amount, lab.truth());
    let pool = fleet.balances.values().find(|view| view.balance.key != account()).expect("the pool");
    assert_eq!(pool.balance.name, "club-pool");
    assert_eq!(pool.balance.share.as_ref().expect("a share").share, Decimal::new(75, 2));
    let online = fleet.credit_servers.values().filter(|server| server.status == CreditServerStatus::Online);
    let names: BTreeSet<&str> = online.map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["club", "weekend"].into());
    let running = |key| {
        let burners = fleet.burners.get(key).expect("its burners").iter();
        burners.filter(|burner| burner.kind == BurnerKind::Running).map(|burner| burner.per_hour).sum()
    };
    assert_eq!((running(&account()), running(&pool.balance.key)), (Decimal::from(4), Decimal::from(6)));
    let all: Decimal = fleet.burners.values().flatten().map(|burner| burner.per_hour).sum();
    let burn = fleet.summary.burn_per_hour.as_ref().expect("a burn");
    assert_eq!((burn.amount, burn.currency.0.as_str()), ((all * Decimal::new(1, 2)).round_dp(8), "EUR"));
    assert_eq!(fleet.summary.unconverted, 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_rate_the_burn_is_counted_as_missing_and_the_doctor_says_so() {
    let mut lab = Lab::with(&["weekend"]).await;
    lab.rates = Rates::default();
    let mut engine = lab.engine().await;
    engine.console.until("what is missing", |fleet| fleet.summary.unconverted > 0).await;
    assert_eq!(engine.console.fleet.summary.burn_per_hour, None);
    let Reply::Findings(findings) = engine.ask(Request::Doctor).await else { panic!("findings") };
    let checks: BTreeSet<&str> = findings.iter().map(|finding| finding.check.as_str()).collect();
    for check in ["credits-readable", "credits-without-rate", "credit-servers-without-memory"] {
        assert!(checks.contains(check), "{check} is not among {checks:?}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_that_a_token_is_refused() {
    let lab = Lab::with(&[]).await;
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path(), &lab.sim.url(), "a token of nobody", lab.clock.clone(), Rates::default());
    let (handle, task) = start(setup).await.unwrap();
    let console = Console::attach(InProcessTransport(handle.clone())).await;
    let Reply::Findings(findings) = console.client.ask(Request::Doctor).await.unwrap() else {
        panic!("findings")
    };
    let finding = findings.iter().find(|finding| finding.title == "exa: the balance cannot be read");
    assert!(finding.is_some_and(|finding| !finding.rows.is_empty()), "{findings:#?}");
    handle.shut_down();
    task.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_is_no_spend_and_the_history_adds_up() {
    let lab = Lab::with(&["weekend", "hardcore"]).await;
    let mut engine = lab.engine().await;
    let opening = engine.view().balance.amount;
    for _ in 0..4 {
        engine.pass(&lab, 5 * MINUTE).await;
    }
    lab.sim.world().top_up(&PayerId::Account(lab.sim.account_id().to_owned()), 1_000);
    for _ in 0..4 {
        engine.pass(&lab, 5 * MINUTE).await;
    }
    assert_eq!(engine.view().topped_up_total, Decimal::from(1_000));
    let history = engine.history(&lab, 20).await;
    let spent: Decimal = history.points.iter().map(|point| point.spent).sum();
    assert_eq!(spent, opening + Decimal::from(1_000) - lab.truth());
    assert_eq!(spent, Decimal::from(8), "12 credits an hour for 40 minutes");
    assert!(history.points.iter().all(|point| point.spent >= Decimal::ZERO));
    let days: Decimal = history.days.iter().map(|day| day.spend.spent).sum();
    assert_eq!(days, spent);
    let names: Vec<&str> = history.by_server.iter().map(|(_, name, _)| name.as_str()).take(2).collect();
    assert_eq!(names, ["hardcore", "weekend"]);
    // A span tells what was declared in it, whatever came before it.
    let middle = Timestamp(lab.clock.now().0 - 15 * MINUTE);
    let spans = [(DEFAULT_START, middle), (middle, lab.clock.now())];
    let told = |history: &CreditsHistory| -> Decimal {
        history.by_server.iter().filter(|(_, name, _)| name == "hardcore").map(|(.., sum)| *sum).sum()
    };
    let mut sums = Vec::new();
    for (from, to) in spans {
        sums.push(told(&engine.console.history_between(from, to, 1).await));
    }
    assert_eq!(sums[1].round_dp(2), Decimal::TWO, "8 credits an hour for a quarter, and a little storage");
    assert_eq!(sums.iter().sum::<Decimal>(), told(&history));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_are_kept_by_the_hour_and_by_hand_and_history_goes_on_after_a_restart() {
    let lab = Lab::with(&["weekend", "hardcore"]).await;
    let mut engine = lab.engine().await;
    let opening = engine.view().balance.amount;
    engine.hour_is_kept(&lab).await;
    for _ in 0..13 {
        engine.pass(&lab, 5 * MINUTE).await;
    }
    engine.hour_is_kept(&lab).await;
    engine.ask(Request::TakeSnapshot).await;
    let history = engine.history(&lab, 1).await;
    let last = history.last_snapshot.expect("a snapshot");
    assert_eq!((last.kind.as_str(), last.running, last.ram_gib_in_use), ("manual", 2, 12));
    assert_eq!(last.balance, Some(lab.truth()));
    engine.stop().await;

    lab.clock.advance_millis(3 * HOUR);
    let mut engine = lab.engine().await;
    engine.hour_is_kept(&lab).await;
    engine.pass(&lab, 5 * MINUTE).await;
    let history = engine.history(&lab, 60).await;
    let spent: Decimal = history.points.iter().map(|point| point.spent).sum();
    assert_eq!(spent, opening - lab.truth());
    let gap = |at: i64| {
        let at = Timestamp(DEFAULT_START.0 + at);
        let point = history.points.iter().rev().find(|point| point.at <= at).expect("a point");
        point.is_gap
    };
    assert!(!gap(30 * MINUTE) && gap(2 * HOUR), "only the hours without an engine are a gap");
    engine.stop().await;

    let snapshots = lab.snapshots();
    let hours = |at: &Timestamp| (at.0 - DEFAULT_START.0) / HOUR;
    let of = |kind: &str| -> Vec<i64> {
        snapshots.iter().filter(|(one, ..)| one == kind).map(|(_, slot, _)| hours(slot)).collect()
    };
    assert_eq!(of("hourly"), [0, 1, 4], "the missed hours are not made up");
    assert_eq!(of("start_of_day").len(), 1);
    let by_hand: Vec<_> = snapshots.iter().filter(|(kind, ..)| kind == "manual").collect();
    assert_eq!(by_hand.len(), 1);
    assert_eq!(by_hand[0].2.as_deref(), Some("ann@bastion"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_polls_become_a_gap_whose_spend_is_still_exact() {
    let lab = Lab::with(&["hardcore"]).await;
    let mut engine = lab.engine().await;
    let opening = engine.view().balance.amount;
    engine.pass(&lab, 5 * MINUTE).await;
    let before = lab.clock.now();
    lab.sim.faults().times("*", "/", Fault::FailBefore(500), 1_000_000);
    let is_failing = |fleet: &quarterdeck::model::fleet::Fleet| {
        let feed = fleet.feeds.get(&("exa".into(), FeedKind::Credits));
        feed.is_some_and(|feed| feed.problem.is_some())
    };
    engine.console.until("a failing feed", is_failing).await;
    lab.clock.advance_millis(45 * MINUTE);
    assert_eq!(engine.view().balance.observed_at.max(before), before, "what was read last is still shown");
    lab.sim.faults().clear();
    engine.console.read(&lab).await;
    engine.pass(&lab, 5 * MINUTE).await;
    let history = engine.history(&lab, 56).await;
    let spent: Decimal = history.points.iter().map(|point| point.spent).sum();
    assert_eq!(spent, opening - lab.truth());
    assert!(history.points.iter().any(|point| point.is_gap && point.at > before));
    engine.stop().await;
}
