//! Whole conversations over the real frames: an engine without providers, real clients.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt};
use quarterdeck::engine::handle::EngineHandle;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::state::Observation;
use quarterdeck::engine::{EngineSetup, EngineTask, start};
use quarterdeck::link::transport::{
    CommandTransport, Companion, Connection, InProcessTransport, Transport, UnixTransport,
};
use quarterdeck::link::unix::EngineSocket;
use quarterdeck::link::wire::{self, Hello, PROTOCOL, Welcome};
use quarterdeck::link::{LinkClient, LinkEvent, LinkOptions, connect};
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::{ManualClock, Timestamp};
use tokio_util::codec::{FramedRead, FramedWrite};
use tokio_util::sync::CancellationToken;

/// Nothing here takes a second; a test that waits this long hangs.
const DEADLINE: Duration = Duration::from_mins(1);

async fn engine(dir: &Path) -> (EngineHandle, EngineTask) {
    let setup = EngineSetup {
        site: Site::default(),
        version: "0.1.0".to_owned(),
        data_dir: dir.join("data"),
        clock: Arc::new(ManualClock::at(Timestamp(1_795_000_000_000))),
        panels: Vec::new(),
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        policy: Policy::default(),
    };
    start(setup).await.expect("an engine")
}

fn options(wants_fleet: bool) -> LinkOptions {
    let hello = Hello {
        operator: "ann@bastion".into(),
        origin: "console".to_owned(),
        is_read_only: false,
        wants_fleet,
    };
    LinkOptions { hello, version: "0.1.0".to_owned() }
}

async fn attach(engine: &EngineHandle) -> LinkClient {
    connect(InProcessTransport(engine.clone()), options(true)).await.expect("a client")
}

/// A console's mirror, and how it got there.
#[derive(Default)]
struct Mirror {
    fleet: Fleet,
    sequence: u64,
    snapshots: u32,
    is_complete: bool,
}

impl Mirror {
    fn take(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Snapshot => {
                self.fleet = Fleet::default();
                self.snapshots += 1;
                self.is_complete = false;
            }
            LinkEvent::SnapshotEnd => self.is_complete = true,
            LinkEvent::Changes { sequence, changes } => {
                assert!(sequence >= self.sequence, "numbers never fall");
                self.sequence = sequence;
                for change in changes {
                    self.fleet.apply(change);
                }
            }
            _ => {}
        }
    }

    async fn read_until(&mut self, client: &mut LinkClient, is_enough: impl Fn(&Self) -> bool) {
        let reading = async {
            while !is_enough(self) {
                let event = client.next_event().await;
                self.take(event);
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("the mirror gets there");
    }

    fn last_notice(&self) -> &str {
        self.fleet.notices.last().map_or("", |(_, text)| text)
    }
}

fn say(engine: &EngineHandle, number: u32) {
    // A kilobyte each, so that queues and pipes of the one who does not read really fill.
    engine.fleet().observe(Observation::Notice { text: format!("{number} {}", "x".repeat(1024)) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_console_that_stops_reading_slows_nobody_and_resyncs_when_it_wakes() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _task) = engine(dir.path()).await;
    let mut sleeper = attach(&engine).await;
    let mut readers = Vec::new();
    for _ in 0..9 {
        let mut client = attach(&engine).await;
        let mut mirror = Mirror::default();
        mirror.read_until(&mut client, |mirror| mirror.is_complete).await;
        readers.push((client, mirror));
    }
    let total = 4_000;
    for number in 1..=total {
        say(&engine, number);
        if number % 50 == 0 {
            let wanted = format!("{number} ");
            for (client, mirror) in &mut readers {
                mirror.read_until(client, |mirror| mirror.last_notice().starts_with(&wanted)).await;
            }
        }
    }
    assert!(readers.iter().all(|(_, mirror)| mirror.snapshots == 1), "the readers saw every delta");
    let mut woken = Mirror::default();
    let wanted = format!("{total} ");
    woken
        .read_until(&mut sleeper, |mirror| mirror.is_complete && mirror.last_notice().starts_with(&wanted))
        .await;
    assert_eq!(woken.snapshots, 2, "the sleeper was told to start again, once");
    assert_eq!(woken.fleet.notices, engine.fleet().read(|fleet| fleet.notices.clone()));
}

#[tokio::test]
async fn a_command_asks_and_gets_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _task) = engine(dir.path()).await;
    let client = connect(InProcessTransport(engine), options(false)).await.unwrap();
    let Reply::Status(status) = client.ask(Request::Status).await.unwrap() else { panic!("a status") };
    assert_eq!((status.pid, status.clients, status.version.as_str()), (std::process::id(), 1, "0.1.0"));
    assert!(status.memory_bytes > 0);
    assert_eq!(client.ask(Request::Refresh).await.unwrap(), Reply::Done);
}

#[tokio::test]
async fn a_reader_can_stop_nothing_and_a_stop_is_in_the_audit_log() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, task) = engine(dir.path()).await;
    let mut looking = options(false);
    looking.hello.is_read_only = true;
    let reader = connect(InProcessTransport(engine.clone()), looking).await.unwrap();
    assert_eq!(reader.ask(Request::Shutdown).await.unwrap_err().kind, ProblemKind::Refused);
    let operator = connect(InProcessTransport(engine), options(false)).await.unwrap();
    assert_eq!(operator.ask(Request::Shutdown).await.unwrap(), Reply::Done);
    let Reply::Audit(entries) = operator.ask(Request::Audit { limit: 10 }).await.unwrap() else {
        panic!("entries")
    };
    let last = entries.last().expect("an entry");
    assert_eq!(
        (last.action.as_str(), last.by.as_str(), last.origin.as_str()),
        ("stop_engine", "ann@bastion", "console")
    );
    tokio::time::timeout(DEADLINE, task.stopped()).await.expect("the engine ends");
}

#[tokio::test]
async fn a_client_says_when_the_engine_goes_and_gets_a_snapshot_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _task) = engine(dir.path()).await;
    let path = dir.path().join("run/engine.sock");
    let serve = |engine: EngineHandle| {
        let stop = CancellationToken::new();
        let socket = EngineSocket::bind(&path).expect("a socket");
        (stop.clone(), tokio::spawn(socket.serve(engine, "0.1.0", stop)))
    };
    let (stop, serving) = serve(engine.clone());
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    let mut client = connect(UnixTransport(path.clone()), options(true)).await.unwrap();
    let mut mirror = Mirror::default();
    mirror.read_until(&mut client, |mirror| mirror.is_complete).await;
    stop.cancel();
    serving.await.unwrap();
    assert!(!path.exists(), "the socket's file goes with its engine");
    assert!(matches!(client.next_event().await, LinkEvent::Disconnected(_)));
    let refused = client.ask(Request::Status).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Unavailable);
    // What a killed engine leaves behind must not keep the next one from starting.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let (_stop, _serving) = serve(engine);
    let mut heard = Vec::new();
    let reading = async {
        while !heard.contains(&LinkEvent::SnapshotEnd) {
            heard.push(client.next_event().await);
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the client comes back");
    let back = heard.iter().position(|event| *event == LinkEvent::Reconnected).expect("it says so");
    assert!(heard[back..].contains(&LinkEvent::Snapshot));
}

/// An engine of another protocol.
struct Foreign(u16);

impl Transport for Foreign {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Problem>> {
        let protocol = self.0;
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(4096);
            tokio::spawn(async move {
                let (reader, writer) = tokio::io::split(theirs);
                let mut reader = FramedRead::new(reader, wire::codec(wire::MAX_CLIENT_FRAME));
                let mut writer = FramedWrite::new(writer, wire::codec(wire::MAX_SERVER_FRAME));
                let _hello = reader.next().await;
                let greeting =
                    wire::encode_greeting(protocol, "7.7.7", &Welcome { pid: 1 }).expect("encodes");
                writer.send(greeting).await.expect("written");
            });
            let (reader, writer) = tokio::io::split(ours);
            Ok(Connection { reader: Box::new(reader), writer: Box::new(writer), companion: Companion::None })
        })
    }
}

#[tokio::test]
async fn another_protocol_is_named_with_the_side_that_is_older() {
    let newer = connect(Foreign(PROTOCOL + 1), options(true)).await.unwrap_err();
    assert_eq!(newer.kind, ProblemKind::Conflict);
    assert!(newer.message.contains("this program is older") && newer.message.contains("7.7.7"), "{newer}");
    let older = connect(Foreign(PROTOCOL - 1), options(true)).await.unwrap_err();
    assert!(older.message.contains("the engine is older"), "{older}");
}

#[tokio::test]
async fn a_command_that_ends_says_why() {
    let ssh = CommandTransport {
        program: "/bin/sh".to_owned(),
        arguments: ["-c", "echo 'Permission denied (publickey).' >&2; exit 255"].map(str::to_owned).into(),
    };
    let problem = connect(ssh, options(true)).await.unwrap_err();
    assert!(problem.message.contains("Permission denied (publickey)."), "{problem}");
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_only_the_connection_that_sent_it() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _task) = engine(dir.path()).await;
    let path = dir.path().join("run/engine.sock");
    let socket = EngineSocket::bind(&path).unwrap();
    tokio::spawn(socket.serve(engine.clone(), "0.1.0", CancellationToken::new()));
    let mut hostile = tokio::net::UnixStream::connect(&path).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut hostile, &[0xff; 64]).await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut hostile, &mut rest);
    // The other end closes; with bytes of ours unread this may arrive as a reset.
    let _closed = tokio::time::timeout(DEADLINE, read).await.expect("the engine hangs up");
    let client = connect(UnixTransport(path), options(false)).await.unwrap();
    assert!(client.ask(Request::Status).await.is_ok());
}
