//! The client against the simulator, quirks and faults included.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::ids::AccountId;
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::model::request::ConsoleItem;
use quarterdeck::model::server::{PowerSignal, PowerState, ServerStatus};
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::providers::pterodactyl::{
    BuildChange, ConsoleConnection, DetailsChange, NewServer, NewUser, PanelClient, PanelSettings,
    StartupChange,
};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::panel::{DaemonMode, Fault, PanelSim, PanelSimOptions, RateLimits, WorldKind};
use secrecy::SecretString;

use crate::captures::new_server;

/// Longer than anything here takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_secs(30);

/// A clock that moves with the simulator's start only: the client needs one for marks, nothing here waits for it.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_190_400_000)
    }
}

async fn sim(options: PanelSimOptions) -> (PanelSim, PanelClient) {
    let sim = PanelSim::start(options).await.expect("a simulator");
    let key = |text: &str| SecretString::from(text.to_owned());
    let mut settings = PanelSettings::new(AccountId::from("sim"), sim.url(), key(sim.application_key()));
    settings.client_key = Some(key(sim.client_key()));
    let client = PanelClient::new(settings, Arc::new(Still)).expect("a client");
    (sim, client)
}

/// A complete order for a server on the first free allocation.
pub async fn order(client: &PanelClient, external_id: &str) -> NewServer {
    let nodes = client.nodes(Priority::Run).await.expect("nodes");
    let node: i64 = nodes.first().expect("a node").key.id.parse().expect("digits");
    let free = client.free_allocations(node, 1, Priority::Run).await.expect("allocations");
    let eggs = client.eggs(Priority::Run).await.expect("eggs");
    let egg = eggs.iter().find(|egg| egg.name.contains("Vanilla")).or(eggs.first()).expect("an egg");
    let environment: BTreeMap<String, String> = egg
        .variables
        .iter()
        .map(|variable| (variable.env_variable.clone(), variable.default_value.clone()))
        .collect();
    NewServer {
        external_id: external_id.to_owned(),
        egg_id: egg.id,
        docker_image: egg.docker_images.values().next().expect("an image").clone(),
        startup: egg.startup.clone(),
        environment,
        allocation_id: free.first().expect("a free allocation").id,
        ..new_server()
    }
}

async fn installed(client: &PanelClient, id: i64) {
    let wait = async {
        while client.server(id, Priority::Run).await.expect("the server").status == ServerStatus::Installing {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("installed in time");
}

#[tokio::test]
async fn a_thousand_servers_are_listed_once_each() {
    let world = WorldKind::Large { nodes: 20, servers: 1_050 };
    let (sim, client) = sim(PanelSimOptions { world, ..PanelSimOptions::default() }).await;
    let servers = client.servers(Priority::Poll).await.expect("servers");
    assert_eq!(servers.len(), sim.world().servers().len());
    assert!(servers.iter().all(|server| server.address.is_some()), "each with its address");
    assert_eq!(client.nodes(Priority::Poll).await.expect("nodes").len(), 20);
    assert_eq!(sim.world().request_count("GET /api/application/servers"), 11);
    sim.stop().await;
}

#[tokio::test]
async fn a_server_is_created_found_changed_and_deleted() {
    let (sim, client) = sim(PanelSimOptions::default()).await;
    let new = order(&client, "order-1").await;
    let created = client.create_server(&new).await.expect("created");
    assert_eq!(created.status, ServerStatus::Installing);
    assert_eq!(created.external_id.as_deref(), Some("order-1"));
    let id: i64 = created.key.id.parse().expect("digits");
    let found = client.server_by_external_id("order-1", Priority::Run).await.expect("asked").expect("found");
    assert_eq!(found.key, created.key);
    let taken = client.create_server(&new).await.expect_err("the id is taken");
    assert_eq!((taken.kind, taken.effect), (ProblemKind::Conflict, Effect::None));
    installed(&client, id).await;
    let change = DetailsChange { name: Some("renamed".to_owned()), ..DetailsChange::default() };
    let renamed = client.update_details(id, &change).await.expect("renamed");
    assert_eq!((renamed.name.as_str(), renamed.external_id.as_deref()), ("renamed", Some("order-1")));
    let mut limits = renamed.limits;
    limits.memory_mib = 2_048;
    let change = BuildChange { limits: Some(limits), ..BuildChange::default() };
    assert_eq!(client.update_build(id, &change).await.expect("built").limits.memory_mib, 2_048);
    client.update_startup(id, &StartupChange::default()).await.expect("unchanged");
    assert_eq!(sim.world().server(id).expect("there").environment, new.environment, "variables are kept");
    client.suspend(id).await.expect("suspended");
    assert_eq!(client.server(id, Priority::Run).await.expect("read").status, ServerStatus::Suspended);
    let conflict = client.resources(&created.uuid, Priority::Run).await.expect_err("suspended");
    assert_eq!(conflict.kind, ProblemKind::Conflict);
    client.unsuspend(id).await.expect("unsuspended");
    client.delete_server(id, false).await.expect("deleted");
    client.delete_server(id, false).await.expect("gone is fine");
    assert_eq!(client.server(id, Priority::Run).await.expect_err("gone").kind, ProblemKind::NotFound);
    assert!(client.server_by_external_id("order-1", Priority::Run).await.expect("asked").is_none());
    assert_eq!(sim.world().created_with_external_id("order-1"), 1);
    sim.stop().await;
}

#[tokio::test]
async fn users_are_made_found_and_deleted() {
    let (sim, client) = sim(PanelSimOptions::default()).await;
    let new = NewUser {
        external_id: Some("customer-7".to_owned()),
        email: "Customer.Seven+shop@example.test".to_owned(),
        username: "customer7".to_owned(),
        first_name: "Customer".to_owned(),
        last_name: "Seven".to_owned(),
    };
    let made = client.create_user(&new).await.expect("made");
    let found = client.user_by_email("customer.seven+SHOP@example.test", Priority::Run).await.expect("asked");
    assert_eq!(found.as_ref().map(|user| user.id), Some(made.id));
    let found = client.user_by_external_id("customer-7", Priority::Run).await.expect("asked");
    assert_eq!(found.map(|user| user.id), Some(made.id));
    assert_eq!(client.create_user(&new).await.expect_err("taken").kind, ProblemKind::Conflict);
    client.delete_user(made.id).await.expect("deleted");
    client.delete_user(made.id).await.expect("gone is fine");
    assert!(client.user(made.id, Priority::Run).await.expect("asked").is_none());
    sim.stop().await;
}

#[tokio::test]
async fn a_lost_reply_of_a_create_is_possible_and_found_again() {
    let (sim, client) = sim(PanelSimOptions::default()).await;
    let new = order(&client, "order-lost").await;
    sim.faults().next("POST", "/api/application/servers", Fault::CommitThenDrop);
    let problem = client.create_server(&new).await.expect_err("lost");
    assert_eq!((problem.kind, problem.effect), (ProblemKind::Unreachable, Effect::Possible));
    assert!(client.server_by_external_id("order-lost", Priority::Run).await.expect("asked").is_some());
    assert_eq!(sim.world().created_with_external_id("order-lost"), 1, "sent once");
    sim.stop().await;
}

#[tokio::test]
async fn a_dead_daemon_is_a_daemon_problem_and_leaves_no_row() {
    let (sim, client) = sim(PanelSimOptions::default()).await;
    let new = order(&client, "order-dead").await;
    for node in sim.world().nodes() {
        sim.faults().daemon(node.id, DaemonMode::Refuse);
    }
    let problem = client.create_server(&new).await.expect_err("no daemon");
    assert_eq!((problem.kind, problem.effect), (ProblemKind::Daemon, Effect::Possible));
    assert!(client.server_by_external_id("order-dead", Priority::Run).await.expect("asked").is_none());
    sim.stop().await;
}

#[tokio::test]
async fn the_budget_follows_the_panels_headers() {
    let limits = RateLimits { application_per_minute: 40, ..RateLimits::V1_12 };
    let (sim, client) = sim(PanelSimOptions { rate_limits: limits, ..PanelSimOptions::default() }).await;
    let problem = loop {
        match client.locations(Priority::Poll).await {
            Ok(_) => {}
            Err(problem) => break problem,
        }
    };
    assert_eq!(problem.kind, ProblemKind::RateLimited);
    let budget = client.budget().application;
    assert_eq!((budget.limit, budget.remaining), (Some(40), Some(8)), "the reserve of a fifth is left");
    client.locations(Priority::Run).await.expect("runs may use it");
    assert!(
        sim.world().requests().iter().all(|request| request.status != 429),
        "the panel never had to refuse"
    );
    sim.stop().await;
}

async fn until(console: &mut ConsoleConnection, wanted: impl Fn(&ConsoleItem) -> bool) {
    let wait = async {
        while let Some(item) = console.next().await {
            if wanted(&item) {
                return;
            }
            assert!(!matches!(item, ConsoleItem::Closed(_)), "{item:?}");
        }
        panic!("the stream ended");
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("the item in time");
}

#[tokio::test]
async fn a_console_shows_a_server_start_and_takes_commands() {
    let (sim, client) = sim(PanelSimOptions { speed: 20.0, ..PanelSimOptions::default() }).await;
    let created = client.create_server(&order(&client, "order-console").await).await.expect("created");
    let id: i64 = created.key.id.parse().expect("digits");
    installed(&client, id).await;
    let mut console = client.console(&created.uuid);
    until(&mut console, |item| *item == ConsoleItem::Connected).await;
    console.input().signal(PowerSignal::Start).expect("sent");
    until(&mut console, |item| *item == ConsoleItem::Power(PowerState::Running)).await;
    until(&mut console, |item| matches!(item, ConsoleItem::Usage(_))).await;
    sim.world().say(id, "\u{1b}[32mhello\u{1b}[0m from the simulator");
    until(&mut console, |item| *item == ConsoleItem::Line("hello from the simulator".to_owned())).await;
    console.input().command("list").expect("sent");
    client.power(&created.uuid, PowerSignal::Kill).await.expect("accepted");
    until(&mut console, |item| *item == ConsoleItem::Power(PowerState::Offline)).await;
    sim.stop().await;
}

/// A running server and its console, at a simulator whose time the test moves.
async fn attached(external_id: &str) -> (PanelSim, PanelClient, Arc<ManualClock>, ConsoleConnection, i64) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_795_190_400_000)));
    let base: Arc<dyn Clock> = clock.clone();
    // Of the speed only the beat of the daemon's seconds matters here.
    let (sim, client) =
        sim(PanelSimOptions { clock: Some(base), speed: 20.0, ..PanelSimOptions::default() }).await;
    let created = client.create_server(&order(&client, external_id).await).await.expect("created");
    let id: i64 = created.key.id.parse().expect("digits");
    clock.advance_millis(5_000);
    installed(&client, id).await;
    let mut console = client.console(&created.uuid);
    until(&mut console, |item| *item == ConsoleItem::Connected).await;
    (sim, client, clock, console, id)
}

#[tokio::test]
async fn a_console_renews_its_token_in_place() {
    let (sim, _client, clock, mut console, id) = attached("order-renewal").await;
    let tokens = || sim.world().request_count("GET /api/client/servers/{server}/websocket");
    assert_eq!(tokens(), 1, "{:?}", sim.world().request_counts());
    clock.advance_millis(550_000); // of 600 s: less than a minute is left
    let wait = async {
        while tokens() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("a second token");
    clock.advance_millis(100_000); // the first token has ended
    let mut has_reconnected = false;
    let wait = async {
        loop {
            sim.world().say(id, "still here");
            tokio::select! {
                item = console.next() => match item.expect("an item") {
                    ConsoleItem::Line(line) if line == "still here" => break,
                    ConsoleItem::Reconnecting(_) => has_reconnected = true,
                    ConsoleItem::Closed(why) => panic!("closed: {why}"),
                    _ => {}
                },
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("the line in time");
    assert!(!has_reconnected, "the socket was kept");
    sim.stop().await;
}

#[tokio::test]
async fn a_console_outlives_a_restart_of_its_daemon() {
    let (sim, _client, clock, mut console, id) = attached("order-restart").await;
    clock.advance_millis(10_000);
    // Every token from before a restart is refused.
    sim.world().restart_daemon(sim.world().server(id).expect("there").node_id);
    sim.world().say(id, "lost to the old token");
    until(&mut console, |item| matches!(item, ConsoleItem::Reconnecting(_))).await;
    until(&mut console, |item| *item == ConsoleItem::Connected).await;
    sim.world().say(id, "seen with the new one");
    until(&mut console, |item| *item == ConsoleItem::Line("seen with the new one".to_owned())).await;
    sim.stop().await;
}

#[tokio::test]
async fn one_egg_is_read_without_the_others_and_its_nest_is_remembered() {
    let (sim, client) = sim(PanelSimOptions::default()).await;
    let all = client.eggs(Priority::Run).await.expect("eggs");
    let wanted = all.last().expect("an egg");
    assert_eq!(client.egg(wanted.id, Priority::Run).await.expect("an answer").as_ref(), Some(wanted));
    sim.world().forget_requests();
    assert_eq!(client.egg(wanted.id, Priority::Run).await.expect("an answer").as_ref(), Some(wanted));
    assert_eq!(sim.world().requests_total(), 1, "{:?}", sim.world().request_counts());
    assert_eq!(client.egg(9_999, Priority::Run).await, Ok(None));
    assert_eq!(sim.world().request_count("GET /api/application/nests/{id}/eggs"), 0);
}
