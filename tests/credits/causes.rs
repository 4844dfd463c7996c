//! What changed the burn is kept with who did it, and a step that nothing of ours explains is told until it is over.

use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::credits::CreditServerSignal;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::ids::{RunId, ServerKey};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::spend::{
    Alert, AlertKey, Attribution, BurnerKind, BurnerOwner, Cause, ChangeKind, Who,
};
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::sim::DEFAULT_START;
use rust_decimal::Decimal;

use crate::lab::{A_START, DEADLINE, Lab, MINUTE, Running, account};

fn step(fleet: &Fleet) -> Option<&Alert> {
    fleet.alerts.iter().find(|alert| alert.key == AlertKey::Step(account()))
}

/// How many of the account's servers run.
fn running(fleet: &Fleet) -> usize {
    let burners = fleet.burners.get(&account()).map(Vec::as_slice).unwrap_or_default();
    burners.iter().filter(|burner| burner.kind == BurnerKind::Running).count()
}

async fn told(engine: &Running, from: Timestamp, to: Timestamp) -> Attribution {
    let request = Request::BurnAttribution { payer: Some(account()), from, to };
    let Reply::BurnAttribution(told) = engine.ask(request).await else { panic!("no attribution") };
    *told
}

/// As [`told`], once it tells this many changes: they are kept before they are told.
async fn told_of(engine: &Running, lab: &Lab, changes: usize) -> Attribution {
    let asking = async {
        loop {
            let told = told(engine, DEFAULT_START, lab.clock.now()).await;
            if told.changes.len() >= changes {
                return told;
            }
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("the changes")
}

fn sentences(told: &Attribution) -> Vec<String> {
    told.sums.iter().map(|sum| format!("{:+} {sum}", sum.by_per_hour)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_from_outside_is_a_step_until_it_is_over_whatever_becomes_of_the_engine() {
    let lab = Lab::with(&["hardcore"]).await;
    let weekend = lab.sim.world().server("weekend").expect("a server").id;
    lab.sim.world().set_auto_stop(&weekend, None);
    let mut engine = lab.engine().await;
    engine.console.until("one that runs", |fleet| running(fleet) == 1).await;
    assert_eq!(
        told(&engine, DEFAULT_START, lab.clock.now()).await.changes,
        [],
        "the first list is no change"
    );

    assert!(lab.sim.world().start_from_outside(&weekend));
    lab.clock.advance_millis(A_START);
    engine.console.until("two that run", |fleet| running(fleet) == 2).await;
    let seen = told_of(&engine, &lab, 1).await;
    assert_eq!(sentences(&seen), ["+4 1 start from outside"]);
    assert!(step(&engine.console.fleet).is_none(), "it may still be explained");
    lab.clock.advance_millis(3 * MINUTE);
    engine.console.until("the step", |fleet| step(fleet).is_some()).await;
    let alert = step(&engine.console.fleet).expect("it holds").clone();
    assert!(
        alert.text.starts_with("+4 credits/h since") && alert.text.ends_with("weekend"),
        "{}",
        alert.text
    );
    engine.stop().await;

    // The engine is away for a while: the step goes on, and is neither forgotten nor told twice.
    lab.clock.advance_millis(10 * MINUTE);
    let mut engine = lab.engine().await;
    engine.console.until("the step after a restart", |fleet| step(fleet).is_some()).await;
    engine.pass(&lab, MINUTE).await;
    assert_eq!(step(&engine.console.fleet).map(|alert| alert.since), Some(alert.since));
    assert_eq!(told(&engine, DEFAULT_START, lab.clock.now()).await.changes.len(), 1);

    lab.sim.world().crash(&weekend);
    engine.console.until("the end of the step", |fleet| step(fleet).is_none()).await;
    let seen = told_of(&engine, &lab, 2).await;
    assert_eq!(sentences(&seen), ["+4 1 start from outside", "-4 1 stop from outside"]);
    assert_eq!(seen.changes[0].kind, ChangeKind::Stopped, "the newest first");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_no_engine_runs_is_told_once_with_both_ends_of_when() {
    let lab = Lab::with(&["hardcore"]).await;
    let mut engine = lab.engine().await;
    engine.hour_is_kept(&lab).await;
    engine.console.until("one that runs", |fleet| running(fleet) == 1).await;
    engine.stop().await;
    let left_at = lab.clock.now();

    let weekend = lab.sim.world().server("weekend").expect("a server").id;
    lab.sim.world().set_auto_stop(&weekend, None);
    assert!(lab.sim.world().start_from_outside(&weekend));
    lab.clock.advance_millis(30 * MINUTE);
    let back_at = lab.clock.now();
    for _ in 0..2 {
        let mut engine = lab.engine().await;
        engine.console.until("two that run", |fleet| running(fleet) == 2).await;
        let seen = told_of(&engine, &lab, 1).await;
        assert_eq!(seen.changes.len(), 1);
        assert!(seen.changes[0].since <= left_at && seen.changes[0].at >= back_at, "{seen:#?}");
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_window_is_burnt_by_those_that_ran_in_it() {
    let lab = Lab::with(&["hardcore"]).await;
    let mut engine = lab.engine().await;
    let began = lab.clock.now();
    engine.pass(&lab, 30 * MINUTE).await;
    let weekend = lab.sim.world().server("weekend").expect("a server").id;
    lab.sim.world().set_auto_stop(&weekend, None);
    assert!(lab.sim.world().start_from_outside(&weekend));
    lab.clock.advance_millis(A_START);
    engine.console.until("two that run", |fleet| running(fleet) == 2).await;
    let started = told_of(&engine, &lab, 1).await.changes[0].at;
    engine.pass(&lab, 30 * MINUTE).await;
    let now = lab.clock.now();
    let told = told(&engine, began, now).await;
    let burnt = |name: &str| {
        let share = told
            .by_server
            .iter()
            .find(|share| matches!(&share.who, Who::Server { name: of, .. } if of == name));
        share.map(|share| share.burnt)
    };
    let hours = |from: Timestamp| Decimal::from(now.0 - from.0) / Decimal::from(3_600_000);
    let close = |burnt: Option<Decimal>, expected: Decimal| {
        burnt.is_some_and(|burnt| (burnt - expected).abs() < Decimal::new(1, 3))
    };
    assert!(close(burnt("hardcore"), Decimal::from(8) * hours(began)), "{told:#?}");
    assert!(close(burnt("weekend"), Decimal::from(4) * hours(started)), "{told:#?}");
    assert_eq!(told.by_provider.len(), 1);
    assert_eq!(told.by_owner.len(), 1, "nobody answers for either");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_a_server_answers_for_it_and_a_run_of_ours_is_no_step() {
    let lab = Lab::with(&[]).await;
    let mut engine = lab.engine().await;
    let server = |name: &str| {
        let id = lab.sim.world().server(name).expect("a server").id;
        lab.sim.world().set_auto_stop(&id, None);
        ServerKey { account: "exa".into(), id }
    };
    let (weekend, hardcore) = (server("weekend"), server("hardcore"));
    assert!(lab.sim.world().start_from_outside(&weekend.id));
    let signal = CreditServerSignal::Start { with_own_credits: false };
    let run = run(&engine, ActionRequest::SignalCreditServer { server: hardcore.clone(), signal }).await;
    lab.clock.advance_millis(A_START);
    engine.console.until("two that run", |fleet| running(fleet) == 2).await;
    let told = told_of(&engine, &lab, 2).await;
    assert_eq!(sentences(&told), ["+8 1 start by ann@bastion", "+4 1 start from outside"]);
    let cause = &told.changes.iter().find(|change| change.server == hardcore).expect("its change").cause;
    assert!(matches!(cause, Cause::Run { run: of, .. } if *of == run), "{cause:?}");

    lab.clock.advance_millis(3 * MINUTE);
    engine.console.until("the step", |fleet| step(fleet).is_some()).await;
    let text = &step(&engine.console.fleet).expect("it holds").text;
    assert!(text.contains("weekend") && !text.contains("hardcore"), "{text}");
    let keep = ActionRequest::Keep { server: weekend.clone(), reason: "the event of the week".to_owned() };
    self::run(&engine, keep).await;
    engine.console.until("its end", |fleet| step(fleet).is_none()).await;
    let is_kept = |fleet: &Fleet| {
        let mut burners = fleet.burners.values().flatten();
        let kept = burners.find(|burner| burner.server == weekend && burner.kind == BurnerKind::Running);
        kept.is_some_and(
            |burner| matches!(&burner.owner, BurnerOwner::Kept { by, .. } if by.as_str() == "ann@bastion"),
        )
    };
    engine.console.until("its owner", is_kept).await;
    engine.stop().await;
}

/// Plans, confirms and waits for the end.
async fn run(engine: &Running, request: ActionRequest) -> RunId {
    let Reply::Plan(plan) = engine.ask(Request::Plan(request)).await else { panic!("no plan") };
    assert!(!plan.is_refused(), "{:#?}", plan.checks);
    let Reply::RunStarted(run) =
        engine.ask(Request::Execute { plan: plan.id, typed: None, is_over_budget_accepted: false }).await
    else {
        panic!("no run")
    };
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silence_says_that_the_step_is_known_and_the_next_step_is_another() {
    let lab = Lab::with(&[]).await;
    let start = |name: &str| {
        let id = lab.sim.world().server(name).expect("a server").id;
        lab.sim.world().set_auto_stop(&id, None);
        assert!(lab.sim.world().start_from_outside(&id));
        lab.clock.advance_millis(A_START);
    };
    let mut engine = lab.engine().await;
    start("weekend");
    engine.console.until("one that runs", |fleet| running(fleet) == 1).await;
    told_of(&engine, &lab, 1).await;
    lab.clock.advance_millis(3 * MINUTE);
    engine.console.until("the step", |fleet| step(fleet).is_some()).await;
    let silence = Request::SilenceAlert {
        alert: AlertKey::Step(account()),
        until: lab.clock.now().plus_millis(3_600_000),
        reason: "a player joined".to_owned(),
    };
    engine.ask(silence).await;
    engine.console.until("its end", |fleet| step(fleet).is_none()).await;
    engine.stop().await;

    let mut engine = lab.engine().await;
    engine.pass(&lab, 5 * MINUTE).await;
    assert!(step(&engine.console.fleet).is_none(), "it stays known over a restart");
    start("hardcore");
    engine.console.until("two that run", |fleet| running(fleet) == 2).await;
    told_of(&engine, &lab, 2).await;
    lab.clock.advance_millis(3 * MINUTE);
    engine.console.until("another step", |fleet| step(fleet).is_some()).await;
    let text = &step(&engine.console.fleet).expect("it holds").text;
    assert!(text.ends_with("explains: hardcore"), "{text}");
    engine.stop().await;
}
