//! The console of a server that burns credits, over its websocket; and its state, which follows.

use quarterdeck::engine::handle::EngineHandle;
use quarterdeck::model::credits::CreditServerStatus;
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::request::{ConsoleItem, Request};
use quarterdeck::model::server::PowerState;
use tokio::sync::mpsc;

use crate::site::{A_START, DEADLINE, Site, operator};

async fn heard<T>(
    items: &mut mpsc::Receiver<ConsoleItem>,
    what: &str,
    mut pick: impl FnMut(ConsoleItem) -> Option<T>,
) -> T {
    let reading = async {
        loop {
            if let Some(found) = pick(items.recv().await.expect("the stream goes on")) {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

async fn typed(handle: &EngineHandle, server: &ServerKey, line: &str) -> Result<(), Problem> {
    let request = Request::ConsoleCommand { server: server.clone(), line: line.to_owned() };
    handle.request(&operator(), request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_is_attached_tells_ticks_and_takes_commands() {
    let site = Site::start().await;
    let engine = site.engine("a").await;
    let server = site.key("weekend");
    let mut items = engine.handle.open_console(&operator(), server.clone()).await.expect("a console");
    heard(&mut items, "the socket", |item| (item == ConsoleItem::Connected).then_some(())).await;
    heard(&mut items, "its state", |item| (item == ConsoleItem::Power(PowerState::Offline)).then_some(()))
        .await;
    let refused = typed(&engine.handle, &server, "list").await.expect_err("it does not run");
    assert_eq!(refused.kind, ProblemKind::Conflict, "the provider says so: {refused}");
    assert!(site.sim.world().start_from_outside(&server.id));
    site.clock.advance_millis(A_START);
    let mut missing = vec!["line", "tick", "usage", "heap"];
    heard(&mut items, "every stream", |item| {
        let kind = match item {
            ConsoleItem::Line(_) => "line",
            ConsoleItem::Tick(average_ms) if average_ms > 0.0 => "tick",
            ConsoleItem::Usage(usage) if usage.memory_bytes > 0 => "usage",
            ConsoleItem::Heap(bytes) if bytes > 0 => "heap",
            _ => "",
        };
        missing.retain(|wanted| *wanted != kind);
        missing.is_empty().then_some(())
    })
    .await;
    typed(&engine.handle, &server, "say hello").await.expect("typed");
    heard(&mut items, "the answer", |item| match item {
        ConsoleItem::Line(line) if line.contains("hello") => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(
        site.sim.world().request_count("POST", "/command"),
        1,
        "only the refused one went over the API"
    );
    // A second console shares the connection and is shown what was said.
    let mut other = engine.handle.open_console(&operator(), server.clone()).await.expect("a console");
    heard(&mut other, "what was said", |item| match item {
        ConsoleItem::Line(line) if line.contains("hello") => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(site.sim.world().sockets_opened(), 1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_console_a_command_goes_over_the_api() {
    let site = Site::start().await;
    let engine = site.engine("a").await;
    let server = site.key("weekend");
    site.bring_up(&server);
    typed(&engine.handle, &server, "say hello").await.expect("typed");
    assert_eq!(site.asked(&server, "command"), 1);
    let unknown = ServerKey { account: "exa".into(), id: "0000000000000000".to_owned() };
    assert_eq!(
        typed(&engine.handle, &unknown, "list").await.expect_err("unknown").kind,
        ProblemKind::NotFound
    );
    assert!(engine.handle.open_console(&operator(), unknown).await.is_err());
    engine.stop().await;
}

/// The list is asked for rarely; what the websocket tells is shown at once, and the books follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_console_is_attached_state_and_books_follow_its_socket() {
    let site = Site::start().await;
    let engine = site.engine_that_polls_rarely("a").await;
    let server = site.key("weekend");
    let _items = engine.handle.open_console(&operator(), server.clone()).await.expect("a console");
    crate::site::until("the socket", || (site.sim.world().sockets_opened() == 1).then_some(())).await;
    assert!(site.sim.world().start_from_outside(&server.id));
    site.clock.advance_millis(A_START);
    engine
        .until("the state", |fleet| {
            (fleet.credit_servers.get(&server)?.status == CreditServerStatus::Online).then_some(())
        })
        .await;
    engine
        .until("the books", |fleet| {
            let burns = |burner: &quarterdeck::model::spend::Burner| {
                burner.server == server && burner.per_hour > rust_decimal::Decimal::ONE
            };
            fleet.burners.values().flatten().any(burns).then_some(())
        })
        .await;
    engine.stop().await;
}
