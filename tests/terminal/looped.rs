//! The true loop with a made-up terminal and the other end of the link in the test's hands.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use quarterdeck::console::app::{App, ExitReason};
use quarterdeck::console::event_loop::Console;
use quarterdeck::console::keys::Key;
use quarterdeck::console::terminal::{TerminalEvent, TerminalPort};
use quarterdeck::console::{ConsoleSettings, TerminalEnvironment, registry};
use quarterdeck::link::{LinkClient, LinkCommand, LinkEvent, LinkPeer};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::report::ReportPart;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::time::ManualClock;
use tokio::sync::mpsc;

use crate::large_site;

/// What the made-up terminal was told.
#[derive(Default)]
struct Told {
    bytes: usize,
    writes: usize,
    shown: Option<vt100::Parser>,
    is_gone: bool,
}

struct FakeTerminal {
    events: mpsc::Receiver<TerminalEvent>,
    told: Rc<RefCell<Told>>,
}

impl TerminalPort for FakeTerminal {
    fn size(&self) -> (u16, u16) {
        (120, 40)
    }
    fn try_next(&mut self) -> Option<TerminalEvent> {
        self.events.try_recv().ok()
    }
    async fn next(&mut self) -> TerminalEvent {
        self.events.recv().await.unwrap_or(TerminalEvent::Ended(ExitReason::TerminalGone))
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut told = self.told.borrow_mut();
        if told.is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        told.bytes += bytes.len();
        told.writes += 1;
        told.shown.get_or_insert_with(|| vt100::Parser::new(nonzero(40), nonzero(120), 0)).process(bytes);
        Ok(())
    }
    fn set_mouse(&mut self, _is_on: bool) -> io::Result<()> {
        Ok(())
    }
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nonzero(cells: u16) -> std::num::NonZeroU16 {
    cells.try_into().expect("not zero")
}

/// The test's ends of everything.
struct Hands {
    keys: mpsc::Sender<TerminalEvent>,
    told: Rc<RefCell<Told>>,
    peer: LinkPeer,
}

impl Hands {
    async fn press(&self, key: &str) {
        let key = Key::parse(key).expect("the name of a key");
        self.keys.send(TerminalEvent::Key(key)).await.expect("the loop runs");
    }

    async fn say(&self, event: LinkEvent) {
        self.peer.events.send(event).await.expect("the loop runs");
    }

    fn text(&self) -> String {
        self.told.borrow().shown.as_ref().map(|shown| shown.screen().contents()).unwrap_or_default()
    }

    /// Waits until the screen shows these words.
    async fn wait_for(&self, words: &str) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !self.text().contains(words) {
            assert!(tokio::time::Instant::now() < deadline, "{words:?} never came:\n{}", self.text());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn snapshot(&self, servers: usize) {
        self.say(LinkEvent::Snapshot).await;
        let changes = large_site::changes(servers, large_site::NOW);
        self.say(LinkEvent::Changes { sequence: 1, changes }).await;
        self.say(LinkEvent::SnapshotEnd).await;
    }
}

/// Runs the loop beside a script; returns why the loop ended.
fn with_console<F: Future<Output = ()>>(script: impl FnOnce(Rc<RefCell<Hands>>) -> F) -> ExitReason {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let clock = ManualClock::at(large_site::NOW);
        let environment = TerminalEnvironment { locale: "C.UTF-8".to_owned(), ..Default::default() };
        let mut app = App::new(&ConsoleSettings::default(), &environment, registry(), large_site::NOW);
        let (mut link, peer) = LinkClient::pair();
        let (keys, events) = mpsc::channel(64);
        let told = Rc::new(RefCell::new(Told::default()));
        let mut terminal = FakeTerminal { events, told: Rc::clone(&told) };
        let mut console = Console::new(&mut app, &mut terminal, &clock);
        let hands = Rc::new(RefCell::new(Hands { keys, told, peer }));
        let (reason, ()) = tokio::join!(console.run(&mut link), script(hands));
        reason
    })
}

#[test]
#[expect(clippy::await_holding_refcell_ref, reason = "one task only")]
fn it_shows_what_the_link_says_survives_its_loss_and_quits() {
    let reason = with_console(|hands| async move {
        let mut hands = hands.borrow_mut();
        hands.wait_for("loading").await;
        hands.snapshot(20).await;
        hands.wait_for("PRODUCTION").await;
        hands.say(LinkEvent::Disconnected(Problem::not_found("the engine ended"))).await;
        hands.wait_for("engine lost <10s ago").await;
        // The keyboard works without an engine.
        hands.press("2").await;
        hands.wait_for("fra-001").await;
        hands.say(LinkEvent::Reconnected).await;
        hands.snapshot(20).await;
        hands.wait_for("panel <30s").await;
        hands.press("f5").await;
        let mut is_asked = false;
        while !is_asked {
            let command = hands.peer.commands.recv().await.expect("the loop runs");
            is_asked = matches!(command, LinkCommand::Send { request: Request::Refresh, .. });
        }
        hands.press("q").await;
    });
    assert_eq!(reason, ExitReason::Quit);
}

#[test]
#[expect(clippy::await_holding_refcell_ref, reason = "one task only")]
fn an_idle_console_writes_nothing() {
    with_console(|hands| async move {
        let hands = hands.borrow_mut();
        hands.snapshot(200).await;
        hands.press("2").await;
        hands.wait_for("fra-001").await;
        // Time is paused and moves at once to whatever is due: only what the console itself asked for.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let writes = hands.told.borrow().writes;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(hands.told.borrow().writes, writes, "written while idle");
        hands.press("q").await;
    });
}

#[test]
#[expect(clippy::await_holding_refcell_ref, reason = "one task only")]
fn a_terminal_that_is_gone_ends_it() {
    let reason = with_console(|hands| async move {
        let hands = hands.borrow_mut();
        hands.snapshot(5).await;
        hands.wait_for("acme").await;
        hands.told.borrow_mut().is_gone = true;
        hands.press("2").await;
    });
    assert_eq!(reason, ExitReason::TerminalGone);
}

#[test]
#[expect(clippy::await_holding_refcell_ref, reason = "one task only")]
fn a_burst_of_keys_is_one_frame() {
    with_console(|hands| async move {
        let hands = hands.borrow_mut();
        hands.snapshot(2_000).await;
        hands.press("2").await;
        hands.wait_for("fra-001").await;
        let writes = hands.told.borrow().writes;
        for _ in 0..30 {
            hands.press("down").await;
        }
        hands.wait_for("fra-031").await;
        let used = hands.told.borrow().writes - writes;
        assert!(used <= 2, "{used} frames for one burst");
        hands.press("q").await;
    });
}

/// What an engine would say to a question about a report: a file with its format's name in it.
#[expect(clippy::panic, reason = "a helper of a test fails the test")]
fn report_of(request: &Request) -> Reply {
    let Request::Report(asked) = request else { panic!("asked for {request:?}") };
    let bytes = format!("a report as {:?}", asked.format).into_bytes();
    Reply::ReportPart(Box::new(ReportPart {
        report: 1,
        name: format!("northwind.{}", asked.format.ending()),
        period: "2026-11-16 to 2026-11-22, UTC".to_owned(),
        total_bytes: bytes.len() as u64,
        offset: 0,
        bytes,
    }))
}

impl Hands {
    /// Answers the next question about a report.
    async fn answer_report(&mut self) {
        loop {
            let command = self.peer.commands.recv().await.expect("the loop runs");
            if let LinkCommand::Send { id, request: request @ Request::Report(_) } = command {
                return self.say(LinkEvent::Reply { id, result: Ok(report_of(&request)) }).await;
            }
        }
    }
}

#[test]
#[expect(clippy::await_holding_refcell_ref, reason = "one task only")]
fn a_report_is_written_by_keys_where_the_console_runs_and_never_over_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.pdf");
    let typed = path.display().to_string();
    with_console(|hands| async move {
        let mut hands = hands.borrow_mut();
        hands.snapshot(20).await;
        let changes = vec![crate::credits::balance(large_site::NOW, 120_453)];
        hands.say(LinkEvent::Changes { sequence: 2, changes }).await;
        hands.press("5").await;
        hands.wait_for("1204.53").await;
        for _ in 0..2 {
            hands.press("p").await;
            hands.answer_report().await;
            hands.wait_for("a report as Text").await;
            for key in ["tab", "tab", "ctrl-u"] {
                hands.press(key).await;
            }
            hands.keys.send(TerminalEvent::Paste(typed.clone())).await.expect("the loop runs");
            hands.press("enter").await;
            hands.answer_report().await;
            hands.wait_for(if path.exists() { "week.pdf" } else { "wrote" }).await;
        }
        hands.wait_for("exists: enter replaces it").await;
        std::fs::write(&path, "of somebody else").expect("written");
        hands.press("enter").await;
        hands.answer_report().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while std::fs::read(&path).expect("the file") != b"a report as Pdf" {
            assert!(tokio::time::Instant::now() < deadline, "it was never replaced:\n{}", hands.text());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        hands.press("q").await;
    });
}
