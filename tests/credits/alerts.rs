//! Alerts fire, are silenced, end, and are the same after a restart.

use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::request::Request;
use quarterdeck::model::spend::{Alert, AlertKey};
use quarterdeck::model::time::Clock;
use quarterdeck::sim::exaroton::PayerId;

use crate::lab::{HOUR, Lab, MINUTE, account};

fn runway(fleet: &Fleet) -> Option<&Alert> {
    fleet.alerts.iter().find(|alert| alert.key == AlertKey::Runway(account()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_fires_is_silenced_persists_and_ends() {
    let lab = Lab::with(&["weekend", "hardcore"]).await;
    let mut engine = lab.engine().await;
    engine.console.until("the alert", |fleet| runway(fleet).is_some()).await;
    let since = runway(&engine.console.fleet).expect("it holds").since;
    let key = AlertKey::Runway(account());
    let until = lab.clock.now().plus_millis(3_600_000);
    let without_reason = Request::SilenceAlert { alert: key.clone(), until, reason: "  ".to_owned() };
    assert!(engine.console.client.ask(without_reason).await.is_err(), "a silence has a reason");
    engine
        .ask(Request::SilenceAlert { alert: key.clone(), until, reason: "invoice is on its way".into() })
        .await;
    let is_silent = |fleet: &Fleet| runway(fleet).is_some_and(|alert| alert.silence.is_some());
    engine.console.until("the silence", is_silent).await;
    engine.stop().await;

    let mut engine = lab.engine().await;
    engine.console.until("the silence after a restart", is_silent).await;
    let alert = runway(&engine.console.fleet).expect("it holds").clone();
    let silence = alert.silence.clone().expect("a silence");
    assert_eq!((alert.since, silence.until), (since, until));
    assert_eq!((silence.by.as_str(), silence.reason.as_str()), ("ann@bastion", "invoice is on its way"));
    assert!(alert.is_silenced(lab.clock.now()));
    engine.pass(&lab, 9 * MINUTE).await;
    lab.clock.advance_millis(HOUR);
    assert!(!alert.is_silenced(lab.clock.now()), "a silence ends by itself");
    engine.ask(Request::UnsilenceAlert(key.clone())).await;
    engine
        .console
        .until("no silence", |fleet| runway(fleet).is_some_and(|alert| alert.silence.is_none()))
        .await;

    lab.sim.world().top_up(&PayerId::Account(lab.sim.account_id().to_owned()), 100_000);
    engine.pass(&lab, MINUTE).await;
    engine.console.until("the end of the alert", |fleet| runway(fleet).is_none()).await;
    engine.stop().await;
    let mut engine = lab.engine().await;
    engine.hour_is_kept(&lab).await;
    engine.pass(&lab, MINUTE).await;
    assert!(runway(&engine.console.fleet).is_none());
    engine.stop().await;
}
