//! The websocket: readiness, streams by state, commands, drops.

use quarterdeck::model::credits::CreditServerStatus as Status;
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::model::request::ConsoleItem;
use quarterdeck::model::server::PowerState;
use quarterdeck::providers::exaroton::{LiveItem, Streams};
use quarterdeck::sim::exaroton::ExarotonSimOptions;

use serde_json::json;

use crate::lab::{A_START, A_STOP, DEADLINE, Lab, until};

const EVERYTHING: Streams =
    Streams { console: true, tail: 50, tick: true, stats: true, heap: true, management: false };

async fn is_status(live: &mut quarterdeck::providers::exaroton::LiveConnection, wanted: Status) {
    until(live, |item| match item {
        LiveItem::Server(server) if server.status == wanted => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn streams_follow_the_servers_state() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    let mut live = lab.client.live(&id, EVERYTHING).expect("a stream");
    assert_eq!(live.next().await, Some(LiveItem::Connected));
    is_status(&mut live, Status::Offline).await;
    let refused = live.input().command("list").expect_err("no console");
    assert_eq!(refused.kind, ProblemKind::Unavailable);
    lab.client.start(&id, false).await.expect("started");
    lab.pass(A_START);
    is_status(&mut live, Status::Online).await;
    let mut missing = vec!["console", "line", "tick", "usage", "heap"];
    until(&mut live, |item| {
        let kind = match item {
            LiveItem::ConsoleOpen => "console",
            LiveItem::Line(_) => "line",
            LiveItem::Tick { average_ms, .. } if average_ms > 0.0 => "tick",
            LiveItem::Usage(usage) if usage.memory_bytes > 0 => "usage",
            LiveItem::Heap { bytes, .. } if bytes > 0 => "heap",
            _ => "",
        };
        missing.retain(|wanted| *wanted != kind);
        missing.is_empty().then_some(())
    })
    .await;
    lab.client.stop(&id).await.expect("stopped");
    lab.pass(A_STOP);
    is_status(&mut live, Status::Offline).await;
    assert_eq!(lab.sim.world().early_frames(), 0, "nothing was said before ready");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_command_is_answered_in_the_console() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    let mut live = lab.client.live(&id, Streams::CONSOLE).expect("a stream");
    until(&mut live, |item| (item == LiveItem::ConsoleOpen).then_some(())).await;
    let done = until(&mut live, |item| match item {
        LiveItem::Line(text) if text.contains("Done") => Some(text),
        _ => None,
    })
    .await;
    assert!(!done.contains('\u{1b}') && !done.contains('\r'), "{done:?}");
    assert!(lab.sim.world().join(&id, "Steve"));
    live.input().command("list").expect("typed");
    until(&mut live, |item| match item {
        LiveItem::Line(text) if text.contains("1 of a max of 20 players online: Steve") => Some(()),
        _ => None,
    })
    .await;
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_dropped_socket_is_made_again_with_its_streams() {
    let lab = Lab::with(ExarotonSimOptions { keep_alive_ms: 50, ..Default::default() }).await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    lab.sim.world().set_auto_stop(&id, None);
    let mut live = lab.client.live(&id, Streams::CONSOLE).expect("a stream");
    until(&mut live, |item| (item == LiveItem::ConsoleOpen).then_some(())).await;
    lab.sim.faults().drop_sockets();
    until(&mut live, |item| matches!(item, LiveItem::Reconnecting(_)).then_some(())).await;
    assert_eq!(live.input().command("list").expect_err("not connected").kind, ProblemKind::Unavailable);
    until(&mut live, |item| (item == LiveItem::Connected).then_some(())).await;
    is_status(&mut live, Status::Online).await;
    until(&mut live, |item| (item == LiveItem::ConsoleOpen).then_some(())).await;
    assert_eq!(lab.sim.world().sockets_opened(), 2);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_ends_the_stream() {
    let lab = Lab::new().await;
    let mut live = lab.client.live("0000000000000000", Streams::STATUS).expect("a stream");
    let why = until(&mut live, |item| match item {
        LiveItem::Closed(why) => Some(why),
        _ => None,
    })
    .await;
    assert!(why.contains("does not know"), "{why}");
    assert_eq!(live.next().await, None);
    assert!(lab.client.live("no/id", Streams::STATUS).is_err());
    lab.sim.stop().await;
}

#[tokio::test]
async fn items_translate_to_a_consoles() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.sim.world().set_odd_status(&id, Some(99));
    let mut live = lab.client.live(&id, Streams::STATUS).expect("a stream");
    let item =
        until(&mut live, |item| matches!(item, LiveItem::Server(_)).then(|| item.into_console_item())).await;
    assert_eq!(item, Some(ConsoleItem::Power(PowerState::Unknown)), "never taken for stopped");
    lab.sim.world().repeat_status(&id);
    is_status(&mut live, Status::Unknown(99)).await;
    lab.sim.stop().await;
}

#[tokio::test]
async fn the_game_is_asked_over_its_management_protocol_and_notifies() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.sim.world().set_version(&id, "1.21.10");
    lab.sim.world().set_auto_stop(&id, None);
    let mut live = lab.client.live(&id, Streams::MANAGEMENT).expect("a stream");
    assert_eq!(live.next().await, Some(LiveItem::Connected));
    let early = live.input().manage("minecraft:players", json!([])).await.expect_err("it does not run");
    assert_eq!((early.kind, early.effect), (ProblemKind::Unavailable, Effect::None));
    lab.up(&id).await;
    is_status(&mut live, Status::Online).await;
    let input = live.input();
    let players = async || input.manage("minecraft:players", json!([])).await;
    let answered = async {
        loop {
            match players().await {
                Ok(answer) => break answer,
                Err(problem) => assert_eq!(problem.effect, Effect::None, "{problem}"),
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(DEADLINE, answered).await.expect("an answer"), json!([]));
    assert!(lab.sim.world().join(&id, "Steve"));
    let told = until(&mut live, |item| match item {
        LiveItem::Notified { name, data } => Some((name, data)),
        _ => None,
    })
    .await;
    assert_eq!(told, ("minecraft:notification/players/joined".to_owned(), json!({ "name": "Steve" })));
    assert_eq!(players().await.expect("an answer"), json!([{ "name": "Steve" }]));
    assert_eq!(input.manage("minecraft:nonsense", json!({})).await.expect("an answer"), json!(null));
    for wrong in ["", "a b", "a\nb"] {
        assert_eq!(input.manage(wrong, json!([])).await.expect_err("no method").kind, ProblemKind::Refused);
    }
    // What is asked when the socket breaks has no answer, and may have had its effect.
    lab.sim.faults().drop_sockets();
    until(&mut live, |item| matches!(item, LiveItem::Reconnecting(_)).then_some(())).await;
    assert_eq!(players().await.expect_err("not connected").kind, ProblemKind::Unavailable);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_game_that_is_too_old_does_not_speak_the_management_protocol() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.up(&id).await;
    let everything = Streams { management: true, ..EVERYTHING };
    let mut live = lab.client.live(&id, everything).expect("a stream");
    until(&mut live, |item| matches!(item, LiveItem::Tick { .. }).then_some(())).await;
    let refused = live.input().manage("minecraft:players", json!([])).await.expect_err("1.21.4");
    assert!(refused.advice.contains("1.21.9"), "{refused}");
    lab.sim.stop().await;
}
