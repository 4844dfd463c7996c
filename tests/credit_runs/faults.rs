//! Lost replies, limits and the service before the API: every signal has its effect once.

use quarterdeck::engine::runs::RunPolicy;
use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::credits::CreditServerSignal;
use quarterdeck::model::run::RunStatus;
use quarterdeck::sim::Fault;

use crate::site::{START, Site, operator, quick, signal, until};

/// What may strike a call, and how often it is asked for then: once more only where it had no effect.
const FAULTS: [(Fault, usize); 8] = [
    (Fault::CommitThenDrop, 1),
    (Fault::CommitThenStatus(524), 1),
    (Fault::MalformedJson, 1),
    (Fault::Html, 1),
    (Fault::DropBefore, 2),
    (Fault::FailBefore(500), 2),
    (Fault::FailBefore(524), 2),
    (Fault::TooMany { retry_after_s: 1 }, 2),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_strikes_a_signal_it_has_its_effect_once() {
    let site = Site::start().await;
    let engine = site.runner("a").await;
    for (fault, asked) in FAULTS {
        let server = site.add(&format!("{fault:?}"));
        for (what, method, path, status) in [
            (START, "POST", "/start/", 1),
            (CreditServerSignal::Restart, "GET", "/restart/", 1),
            (CreditServerSignal::Stop, "GET", "/stop/", 0),
        ] {
            site.sim.faults().next(method, &format!("{}{path}", server.id), fault);
            let run = engine.run(signal(&server, what)).await;
            let run = site.let_time_pass(engine.ended(&run)).await;
            assert_eq!(run.status, RunStatus::Succeeded, "{what:?} {fault:?}: {run:#?}");
            assert_eq!(site.status(&server), status, "{what:?} {fault:?}");
            assert_eq!(site.sim.faults().left(), 0, "it struck");
        }
        for what in ["start", "restart", "stop"] {
            assert_eq!(site.asked(&server, what), asked, "{what} {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_strikes_a_setting_it_is_set_and_read_back() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    for ((fault, _), ram_gib) in FAULTS.into_iter().zip(5_u32..) {
        site.sim.faults().next("POST", "/options/ram/", fault);
        let run = engine.run(ActionRequest::SetCreditServerRam { server: server.clone(), ram_gib }).await;
        let run = site.let_time_pass(engine.ended(&run)).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{fault:?}: {run:#?}");
        assert_eq!(site.sim.world().server("weekend").expect("there").ram_gib, ram_gib, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_fail_are_repeated_and_change_nothing() {
    let site = Site::start().await;
    let (engine, server) = (site.runner("a").await, site.key("weekend"));
    let plan = engine.plan(signal(&server, START)).await.expect("a plan");
    for fault in [Fault::DropBefore, Fault::FailBefore(500), Fault::FailBefore(524)] {
        site.sim.faults().next("GET", &format!("/servers/{}/$", server.id), fault);
    }
    let run = engine.execute(&plan).await.expect("a run");
    let run = site.let_time_pass(engine.ended(&run)).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    assert_eq!(site.asked(&server, "start"), 1);
}

/// The service before the API refuses this machine for a minute or more: the run waits, says so, and asks nothing meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_is_waited_out_and_a_cancel_ends_the_waiting() {
    let site = Site::start().await;
    let engine = site.runner_with("a", RunPolicy { retry_longest_ms: 60_000, ..quick() }).await;
    let server = site.key("weekend");
    site.sim.faults().next("POST", "/start/", Fault::FailBefore(403));
    let run = engine.run(signal(&server, START)).await;
    let said = until("what it waits for", || {
        let run = engine.view(&run)?;
        run.acting().map(|step| step.detail.clone()).filter(|detail| detail.contains("refuses this machine"))
    })
    .await;
    assert!(said.contains("again at"), "{said}");
    let asked = site.sim.world().requests().len();
    engine.runner.cancel(&operator(), &run).await.expect("cancelled");
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Canceled, "{run:#?}");
    assert_eq!(
        (site.sim.world().requests().len(), site.status(&server)),
        (asked, 0),
        "nothing was asked meanwhile"
    );
}
