//! The engine over a simulated panel, asked through the link like a console does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::cli::clock::SystemClock;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::{EngineSetup, start};
use quarterdeck::link::transport::InProcessTransport;
use quarterdeck::link::wire::Hello;
use quarterdeck::link::{LinkClient, LinkEvent, LinkOptions, connect};
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::request::{ConsoleItem, Focus, Reply, Request, Tab};
use quarterdeck::model::server::{Ownership, PowerState};
use quarterdeck::model::site::Site;
use quarterdeck::providers::orders::{self, OrdersSettings, OrdersSource};
use quarterdeck::providers::pterodactyl::{PanelClient, PanelSettings};
use quarterdeck::sim::panel::{PanelSim, PanelSimOptions, WorldKind};

const DEADLINE: Duration = Duration::from_mins(1);

async fn panel() -> PanelSim {
    let options = PanelSimOptions { world: WorldKind::Demo, ..PanelSimOptions::default() };
    PanelSim::start(options).await.expect("a panel")
}

fn setup(sim: &PanelSim, dir: &Path) -> EngineSetup {
    let mut settings = PanelSettings::new("panel".into(), sim.url(), sim.application_key().to_owned().into());
    settings.client_key = Some(sim.client_key().to_owned().into());
    let clock = Arc::new(SystemClock);
    EngineSetup {
        site: Site { is_simulated: true, ..Site::default() },
        version: "0.1.0".to_owned(),
        data_dir: dir.to_owned(),
        panels: vec![PanelClient::new(settings, clock.clone()).expect("a client")],
        clock,
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: quarterdeck::engine::matches::setup::MatchSetup::default(),
        policy: Policy::default(),
    }
}

/// A console: a client and its mirror.
struct Console {
    client: LinkClient,
    fleet: Fleet,
    items: Vec<(u64, ConsoleItem)>,
}

impl Console {
    async fn attach(transport: InProcessTransport) -> Self {
        let hello = Hello {
            operator: "ann@bastion".into(),
            origin: "console".to_owned(),
            is_read_only: false,
            wants_fleet: true,
        };
        let client =
            connect(transport, LinkOptions { hello, version: "0.1.0".to_owned() }).await.expect("a client");
        Self { client, fleet: Fleet::default(), items: Vec::new() }
    }

    async fn until(&mut self, what: &str, is_enough: impl Fn(&Self) -> bool) {
        let reading = async {
            while !is_enough(self) {
                match self.client.next_event().await {
                    LinkEvent::Snapshot => self.fleet = Fleet::default(),
                    LinkEvent::Changes { changes, .. } => {
                        for change in changes {
                            self.fleet.apply(change);
                        }
                    }
                    LinkEvent::Console { id, item } => self.items.push((id, item)),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.expect(what);
    }

    fn running(&self) -> Option<ServerKey> {
        let mut servers = self.fleet.servers.values();
        servers.find(|server| server.power == PowerState::Running).map(|server| server.key.clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_sees_the_panel_its_use_its_consoles_and_the_doctor() {
    let sim = panel().await;
    let dir = tempfile::tempdir().unwrap();
    let (engine, _task) = start(setup(&sim, dir.path())).await.unwrap();
    let mut first = Console::attach(InProcessTransport(engine.clone())).await;
    let mut second = Console::attach(InProcessTransport(engine)).await;
    first
        .until("servers and nodes", |console| {
            !console.fleet.servers.is_empty() && !console.fleet.nodes.is_empty()
        })
        .await;
    assert_eq!(first.fleet.servers.len(), sim.world().servers().len());

    let servers: Vec<ServerKey> = first.fleet.servers.keys().cloned().collect();
    first.client.set_focus(Focus { tab: Tab::Nodes, servers, ..Focus::default() });
    first
        .until("a running server with its use and samples", |console| {
            console.running().is_some() && !console.fleet.series.is_empty()
        })
        .await;
    let server = first.running().expect("one runs");

    let stream = first.client.send(Request::ConsoleOpen(server.clone())).await;
    let is_up = |id: u64| move |console: &Console| console.items.contains(&(id, ConsoleItem::Connected));
    first.until("its console", is_up(stream)).await;
    let other = second.client.send(Request::ConsoleOpen(server.clone())).await;
    let said = "hello from both";
    sim.world().say(server.id.parse().unwrap(), said);
    let hears = |id: u64| {
        move |console: &Console| {
            console.items.iter().any(|(stream, item)| {
                *stream == id && matches!(item, ConsoleItem::Line(line) if line.contains(said))
            })
        }
    };
    first.until("the line on the first console", hears(stream)).await;
    second.until("the line on the second console", hears(other)).await;
    let tokens = sim.world().requests().iter().filter(|request| request.path.ends_with("/websocket")).count();
    assert_eq!(tokens, 1, "both consoles share one connection to the panel");

    let command = Request::ConsoleCommand { server: server.clone(), line: "say hi".to_owned() };
    assert_eq!(first.client.ask(command).await.unwrap(), Reply::Done);
    let Reply::Audit(entries) = first.client.ask(Request::Audit { limit: 5 }).await.unwrap() else {
        panic!("entries")
    };
    let entry = entries.last().expect("the command is in the audit log");
    assert_eq!((entry.action.as_str(), entry.outcome.as_str()), ("console_command", "asked: say hi"));

    let Reply::Findings(findings) = first.client.ask(Request::Doctor).await.unwrap() else {
        panic!("findings")
    };
    assert!(findings.iter().any(|finding| finding.check == "key-permissions"), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.check == "servers-without-shop"), "{findings:?}");
    assert!(first.fleet.servers.values().all(|server| server.ownership == Ownership::NoShop));
    assert_eq!(first.fleet.summary.orphans, 0);
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_the_shop_where_there_are_two_and_looks_at_each_panel_once() {
    let sim = panel().await;
    let dir = tempfile::tempdir().unwrap();
    let mut setup = setup(&sim, dir.path());
    for name in ["east", "west"] {
        let path = dir.path().join(format!("{name}.sqlite"));
        orders::create_embedded(&path).await.unwrap();
        let settings = OrdersSettings::new(name.into(), "panel".into(), OrdersSource::Sqlite { path });
        let database = orders::connect(&settings, Arc::new(SystemClock)).await.unwrap();
        setup.orders.push((database, "panel".into()));
    }
    let (engine, _task) = start(setup).await.unwrap();
    let console = Console::attach(InProcessTransport(engine)).await;
    let Reply::Findings(findings) = console.client.ask(Request::Doctor).await.unwrap() else {
        panic!("findings")
    };
    let mut seen = std::collections::BTreeSet::new();
    for finding in &findings {
        assert!(seen.insert((&finding.check, &finding.title)), "twice, and nothing tells whose: {finding:?}");
    }
    for shop in ["east", "west"] {
        let is_its = |title: &str| title.starts_with(&format!("{shop}: "));
        assert!(findings.iter().any(|f| f.check == "plans-without-egg" && is_its(&f.title)), "{findings:?}");
    }
    assert_eq!(findings.iter().filter(|finding| finding.check == "key-permissions").count(), 1);
    sim.stop().await;
}
