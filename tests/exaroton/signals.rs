//! Starting and stopping: states, what forbids a signal, and what comes of one.

use quarterdeck::model::credits::CreditServerStatus as Status;
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::exaroton::Signalled;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::exaroton::{ExarotonSimOptions, PayerId, StartFate, Timings};

use crate::lab::{A_START, A_STOP, Lab};

/// The states a server goes through while time passes second by second.
async fn path(lab: &Lab, id: &str, seconds: usize) -> Vec<Status> {
    let mut path = vec![lab.status(id).await];
    for _ in 0..seconds {
        lab.pass(1_000);
        let status = lab.status(id).await;
        if path.last() != Some(&status) {
            path.push(status);
        }
    }
    path
}

#[tokio::test]
async fn the_states_of_a_start_a_restart_and_a_stop() {
    let timings = Timings { pending_ms: (3_000, 3_000), ..Timings::default() };
    let lab = Lab::with(ExarotonSimOptions { timings, ..Default::default() }).await;
    let id = lab.id("weekend");
    assert_eq!(lab.client.start(&id, false).await.expect("started"), Signalled::Accepted);
    let up = [Status::Pending, Status::Preparing, Status::Loading, Status::Starting, Status::Online];
    assert_eq!(path(&lab, &id, 60).await, up);
    lab.sim.world().set_auto_stop(&id, None);
    assert!(lab.server(&id).await.host.is_some());
    assert_eq!(lab.client.restart(&id).await.expect("restarted"), Signalled::Accepted);
    assert_eq!(path(&lab, &id, 60).await, [Status::Restarting, Status::Starting, Status::Online]);
    assert_eq!(lab.client.stop(&id).await.expect("stopped"), Signalled::Accepted);
    assert_eq!(path(&lab, &id, 30).await, [Status::Stopping, Status::Saving, Status::Offline]);
    assert!(lab.server(&id).await.host.is_none());
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_signal_that_is_under_way_is_told_apart() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.client.start(&id, false).await.expect("started");
    assert_eq!(lab.client.start(&id, false).await.expect("again"), Signalled::AlreadyUnderWay);
    let early = lab.client.stop(&id).await.expect_err("not online yet");
    assert_eq!((early.kind, early.effect), (ProblemKind::Conflict, Effect::None));
    lab.pass(A_START);
    let late = lab.client.start(&id, false).await.expect_err("it runs");
    assert_eq!(late.kind, ProblemKind::Conflict);
    lab.client.stop(&id).await.expect("stopped");
    assert_eq!(lab.client.stop(&id).await.expect("again"), Signalled::AlreadyUnderWay);
    lab.pass(A_STOP);
    for refused in
        [lab.client.stop(&id).await.expect_err("off"), lab.client.restart(&id).await.expect_err("off")]
    {
        assert_eq!(refused.kind, ProblemKind::Conflict);
    }
    assert_eq!(lab.client.command(&id, "list").await.expect_err("off").kind, ProblemKind::Conflict);
    lab.sim.stop().await;
}

#[tokio::test]
async fn accepted_is_not_done() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    for (fate, end) in [(StartFate::Crash, Status::Crashed), (StartFate::BackToOffline, Status::Offline)] {
        lab.sim.world().set_fate(&id, fate);
        assert_eq!(lab.client.start(&id, false).await.expect("started"), Signalled::Accepted);
        lab.pass(A_START);
        assert_eq!(lab.status(&id).await, end, "{fate:?}");
    }
    lab.sim.world().set_fate(&id, StartFate::Stuck);
    lab.client.start(&id, false).await.expect("started");
    lab.pass(10 * A_START);
    assert_eq!(lab.status(&id).await, Status::Starting);
    lab.sim.stop().await;
}

#[tokio::test]
async fn an_empty_server_stops_by_itself_unless_put_off() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    lab.client.extend_time(&id, 600).await.expect("put off");
    lab.pass(5 * 60_000);
    assert_eq!(lab.status(&id).await, Status::Online);
    assert!(lab.sim.world().join(&id, "Steve"));
    lab.pass(60 * 60_000);
    let server = lab.server(&id).await;
    assert_eq!((server.status, server.players.count), (Status::Online, Some(1)), "somebody plays");
    assert_eq!(server.players.names, ["Steve"]);
    assert!(lab.sim.world().leave(&id, "Steve"));
    lab.pass(4 * 60_000 + A_STOP);
    assert_eq!(lab.status(&id).await, Status::Offline);
    assert_eq!(lab.client.extend_time(&id, 0).await.expect_err("nothing").kind, ProblemKind::Refused);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_command_reaches_the_game_once() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    lab.client.command(&id, "say hello\n").await.expect("sent");
    assert_eq!(lab.client.command(&id, "").await.expect_err("empty").kind, ProblemKind::Refused);
    assert_eq!(lab.client.command(&id, "a\nb").await.expect_err("two").kind, ProblemKind::Refused);
    assert_eq!(lab.sim.world().request_count("POST", "/command"), 1);
    lab.sim.stop().await;
}

#[tokio::test]
async fn own_credits_pay_where_asked() {
    let lab = Lab::new().await;
    let (club, friends) = (lab.id("club"), lab.id("friends"));
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    for id in [&club, &friends] {
        lab.client.start(id, true).await.expect("started");
    }
    lab.pass(A_START);
    for name in ["club", "friends"] {
        assert_eq!(lab.sim.world().server(name).expect("there").paid_by, Some(own.clone()), "{name}");
    }
    for id in [&club, &friends] {
        lab.client.stop(id).await.expect("stopped");
    }
    lab.pass(A_STOP);
    lab.client.start(&friends, false).await.expect("started");
    lab.pass(A_START);
    assert_ne!(lab.sim.world().server("friends").expect("there").paid_by, Some(own));
    lab.sim.stop().await;
}

#[tokio::test]
async fn without_credits_what_runs_ends_and_nothing_starts() {
    let lab = Lab::new().await;
    let (id, own) = (lab.id("hardcore"), PayerId::Account(lab.sim.account_id().to_owned()));
    lab.sim.world().set_auto_stop(&id, None);
    lab.up(&id).await;
    // 420 credits at 8 an hour.
    lab.pass(53 * 3_600_000);
    assert_eq!(lab.status(&id).await, Status::Offline);
    let left = lab.client.credit_account(Priority::Run).await.expect("the account").balance.amount;
    assert_eq!(left, lab.sim.world().balance(&own));
    let refused = lab.client.start(&id, false).await.expect_err("nothing left");
    assert_eq!((refused.kind, refused.effect), (ProblemKind::Conflict, Effect::None));
    lab.sim.world().top_up(&own, 10);
    lab.client.start(&id, false).await.expect("paid again");
    lab.sim.stop().await;
}
