//! The bytes of every kind of message, committed: a change of the format is a visible diff and needs a new protocol number.

use std::borrow::Cow;

use quarterdeck::link::wire::{
    ClientMessage, Greeting, Hello, PROTOCOL, ServerMessage, Welcome, decode, decode_greeting, encode,
    encode_greeting, version_problem,
};
use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::action::{
    ActionPlan, ActionRequest, Check, CheckOutcome, Confirmation, CreditServerParameters, Parameters,
    PlanBudget, PlannedStep, ServerParameters,
};
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::condition::{EngineCondition, IndexRebuild};
use quarterdeck::model::credits::{CreditServerSignal, CreditServerStatus};
use quarterdeck::model::finding::{Finding, Severity};
use quarterdeck::model::fleet::{
    Change, Metric, OrderEntry, OrderTrouble, Sample, SeriesKey, SeriesOwner, Summary,
};
use quarterdeck::model::ids::{NodeKey, OrderKey, ServerKey};
use quarterdeck::model::money::{Currency, Money};
use quarterdeck::model::node::{Capacity, Node};
use quarterdeck::model::order::{Addon, Customer, Order, OrderStatus, RegionNode, ShopPlan, StripeIds};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::report::{ReportFormat, ReportPart, ReportPeriod, ReportRequest};
use quarterdeck::model::request::{AuditEntry, ConsoleItem, EngineStatus, Focus, Reply, Request, Tab};
use quarterdeck::model::run::{Run, RunStatus, StepState, StepStatus};
use quarterdeck::model::server::{
    Limits, OrphanReason, Ownership, PowerSignal, PowerState, Server, ServerStatus, Usage,
};
use quarterdeck::model::site::Site;
use quarterdeck::model::spend::{
    Attribution, BudgetLimit, BudgetWarning, BurnChange, BurnerOwner, Cause, ChangeKind, KnownChange,
    attribution,
};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

use crate::matches;

pub const AT: Timestamp = Timestamp(1_795_000_000_000);

fn server_key() -> ServerKey {
    ServerKey { account: "panel".into(), id: "42".to_owned() }
}

fn node_key() -> NodeKey {
    NodeKey { account: "panel".into(), id: "7".to_owned() }
}

fn series() -> SeriesKey {
    SeriesKey { owner: SeriesOwner::Server(server_key()), metric: Metric::CpuPercent }
}

fn server() -> Server {
    Server {
        key: server_key(),
        external_id: Some("812".to_owned()),
        uuid: "d3b07384-0000-4000-8000-000000000001".to_owned(),
        identifier: "d3b07384".to_owned(),
        name: "ann".to_owned(),
        node: node_key(),
        panel_user_id: 3,
        egg_id: 5,
        status: ServerStatus::Ready,
        power: PowerState::Running,
        limits: Limits { memory_mib: 4096, swap_mib: 0, disk_mib: 10_240, cpu_percent: 200 },
        address: Some("203.0.113.10:25565".to_owned()),
        usage: Some(usage()),
        ownership: Ownership::Orphan { reason: OrphanReason::OrderMissing("812".into()), since: AT },
        burn_per_hour: Some(Money::new(Decimal::new(137, 4), "EUR")),
        created_at: Some(AT),
        observed_at: AT,
    }
}

fn usage() -> Usage {
    Usage {
        cpu_percent: 12.5,
        memory_bytes: 1,
        disk_bytes: 2,
        network_rx_bytes: 3,
        network_tx_bytes: 4,
        uptime_ms: 5,
        observed_at: AT,
    }
}

fn order() -> OrderEntry {
    let order = Order {
        id: "812".into(),
        account: "shop".into(),
        status: OrderStatus::Provisioned,
        claim_token: None,
        customer: Customer {
            user_id: "u".to_owned(),
            email: Some("ann@example.net".to_owned()),
            name: None,
            panel_user_id: Some(3),
        },
        plan: "small".into(),
        region: Some("fra".to_owned()),
        server_name: None,
        amount: Some(Money::new(Decimal::new(999, 2), "EUR")),
        created_at: Some(AT),
        updated_at: None,
        panel_server_id: Some(42),
        panel_identifier: Some("d3b07384".to_owned()),
        panel_node_id: Some(7),
        error_message: None,
        addons: vec![Addon {
            name: "ram".to_owned(),
            ram_mib: 1024,
            disk_mib: 0,
            cpu_percent: 0,
            backups: 0,
            databases: 0,
            allocations: 0,
        }],
        stripe: StripeIds::default(),
        observed_at: AT,
    };
    OrderEntry { order, trouble: Some(OrderTrouble::ServerGone), server: Some(server_key()) }
}

fn plan() -> ShopPlan {
    ShopPlan {
        id: "small".into(),
        account: "shop".into(),
        name: "Small".to_owned(),
        is_active: true,
        price: Some(Money::new(Decimal::new(999, 2), "EUR")),
        cost: None,
        stripe_price_id: Some("price_1".to_owned()),
        ram_mib: 4096,
        disk_mib: 10_240,
        cpu_percent: 200,
        swap_mib: 0,
        io_weight: 500,
        databases: 1,
        backups: 2,
        allocations: 3,
        egg_id: Some(5),
        docker_image: None,
        startup: None,
        environment: [("EULA".to_owned(), "true".to_owned())].into(),
    }
}

fn node() -> Node {
    Node {
        key: node_key(),
        name: "fra-01".to_owned(),
        fqdn: "fra-01.example.net".to_owned(),
        location: "fra".to_owned(),
        is_public: true,
        is_maintenance: false,
        memory: Capacity { total_mib: 65_536, overallocate_percent: 10, allocated_mib: 4096 },
        disk: Capacity::default(),
        allocations_total: Some(100),
        allocations_free: None,
        servers: 1,
        observed_at: AT,
    }
}

fn action_plan() -> ActionPlan {
    ActionPlan {
        id: "01PLAN".into(),
        request: ActionRequest::Destroy { server: server_key(), is_forced: false },
        title: "destroy ann".to_owned(),
        checks: vec![Check {
            title: "owner".to_owned(),
            outcome: CheckOutcome::Warn,
            detail: "order 812".to_owned(),
        }],
        steps: vec![PlannedStep {
            name: "delete_server".to_owned(),
            title: "delete".to_owned(),
            undo: String::new(),
        }],
        burn_before: None,
        burn_after: Some(Money::new(Decimal::ZERO, "EUR")),
        confirmation: Confirmation::TypeName("ann".to_owned()),
        parameters: Parameters::Server(ServerParameters {
            server: server_key(),
            uuid: "d3b07384".to_owned(),
            name: "ann".to_owned(),
            external_id: None,
        }),
        made_at: AT,
        valid_until: AT.plus_millis(600_000),
        budget: Some(PlanBudget {
            adds_per_hour: Money::new(Decimal::ONE, "credits"),
            payer: Some(BalanceKey::pool("exa".into(), "p1")),
            warnings: vec![
                BudgetWarning {
                    limit: BudgetLimit::Runway(BalanceKey::pool("exa".into(), "p1")),
                    text: "lasts 3 h".to_owned(),
                },
                BudgetWarning { limit: BudgetLimit::Month, text: "costs 280".to_owned() },
            ],
        }),
    }
}

fn run() -> Run {
    Run {
        id: "01RUN".into(),
        plan: action_plan(),
        by: "ann@bastion".into(),
        status: RunStatus::Running,
        steps: vec![StepState {
            name: "delete_server".to_owned(),
            title: "delete".to_owned(),
            status: StepStatus::Acting,
            started_at: Some(AT),
            ended_at: None,
            detail: "waits for the panel".to_owned(),
            attempts: 1,
        }],
        started_at: AT,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }
}

fn feed() -> Feed {
    Feed {
        account: "panel".into(),
        provider: Provider::Pterodactyl,
        kind: FeedKind::Servers,
        succeeded_at: Some(AT),
        attempted_at: Some(AT),
        next_at: None,
        interval_ms: 15_000,
        problem: Some(Problem::storage("disk full")),
        failures: 2,
        budget_remaining: Some(200),
        is_late: false,
    }
}

fn attributed() -> Attribution {
    let change = BurnChange {
        at: AT,
        since: AT,
        server: server_key(),
        name: "ann".to_owned(),
        payer: BalanceKey::account("panel".into()),
        unit: Some(Currency("EUR".to_owned())),
        owner: BurnerOwner::Kept { by: "ann@bastion".into(), reason: "event".to_owned() },
        kind: ChangeKind::Started,
        before: Decimal::ZERO,
        after: Decimal::new(137, 4),
        cause: Cause::Run {
            run: "01RUN".into(),
            by: "ann@bastion".into(),
            action: "provision_order".to_owned(),
            order: Some(OrderKey { account: "shop".into(), id: "812".into() }),
        },
    };
    let unit = Currency("EUR".to_owned());
    let known = KnownChange { change, provider: Provider::Pterodactyl, unit };
    attribution(&[], &[known], (Timestamp(AT.0 - 1), AT.plus_millis(3_600_000)), |order| order.id.to_string())
}

fn finding() -> Finding {
    Finding {
        check: "orphan-servers".to_owned(),
        severity: Severity::Error,
        title: "1 server".to_owned(),
        why: "money".to_owned(),
        advice: "destroy".to_owned(),
        rows: vec!["panel/42".to_owned()],
    }
}

fn condition() -> EngineCondition {
    EngineCondition {
        rebuild: Some(IndexRebuild { indexed: 300, records: 1000 }),
        failed_parts: vec!["the poller".to_owned()],
    }
}

fn changes() -> Vec<Change> {
    vec![
        Change::Site(Site::default()),
        Change::Summary(Summary { orphans: 1, ..Summary::default() }),
        Change::Feed(Box::new(feed())),
        Change::Order(std::sync::Arc::new(order())),
        Change::OrderRemoved(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() }),
        Change::ShopPlan(Box::new(plan())),
        Change::ShopPlanRemoved(quarterdeck::model::ids::ShopPlanKey {
            account: "shop".into(),
            id: "small".into(),
        }),
        Change::RegionNodes(vec![RegionNode {
            account: "shop".into(),
            row: "1".to_owned(),
            region: "fra".to_owned(),
            panel_node_id: 7,
            is_enabled: true,
            reserved_ram_mib: 1024,
            reserved_disk_mib: 0,
        }]),
        Change::Node(Box::new(node())),
        Change::NodeRemoved(node_key()),
        Change::Server(std::sync::Arc::new(server())),
        Change::ServerUsage { key: server_key(), power: PowerState::Offline, usage: None },
        Change::ServerRemoved(server_key()),
        Change::Run(Box::new(run())),
        Change::RunRemoved("01RUN".into()),
        Change::Findings(vec![finding()]),
        Change::Samples { series: series(), points: vec![Sample { at: AT, value: 0.5 }] },
        Change::Notice { at: AT, text: "rebuilt".to_owned() },
        Change::Engine(Box::new(condition())),
        Change::Match(Box::new(matches::running())),
        Change::MatchRemoved("01MATCH".into()),
    ]
}

fn requests() -> Vec<Request> {
    vec![
        Request::Plan(ActionRequest::ProvisionOrder {
            order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() },
        }),
        Request::Plan(ActionRequest::Power { server: server_key(), signal: PowerSignal::Kill }),
        Request::Plan(ActionRequest::Suspend { server: server_key() }),
        Request::Plan(ActionRequest::Unsuspend { server: server_key() }),
        Request::Plan(ActionRequest::Reinstall { server: server_key() }),
        Request::Plan(ActionRequest::Destroy { server: server_key(), is_forced: true }),
        Request::Plan(ActionRequest::Keep { server: server_key(), reason: "test".to_owned() }),
        Request::Execute {
            plan: "01PLAN".into(),
            typed: Some("ann".to_owned()),
            is_over_budget_accepted: true,
        },
        Request::CancelRun("01RUN".into()),
        Request::Refresh,
        Request::Doctor,
        Request::Series { series: series(), since: AT },
        Request::ConsoleOpen(server_key()),
        Request::ConsoleCommand { server: server_key(), line: "say hi".to_owned() },
        Request::ConsoleClose { stream: 9 },
        Request::Audit { limit: 50 },
        Request::Status,
        Request::Shutdown,
        Request::BurnAttribution {
            payer: Some(BalanceKey::account("panel".into())),
            from: AT,
            to: AT.plus_millis(3_600_000),
        },
        Request::Plan(ActionRequest::SignalCreditServer {
            server: server_key(),
            signal: CreditServerSignal::Start { with_own_credits: true },
        }),
        Request::Plan(ActionRequest::SetCreditServerRam { server: server_key(), ram_gib: 6 }),
        Request::Plan(ActionRequest::ExtendCreditServer { server: server_key(), seconds: 300 }),
        Request::Report(ReportRequest {
            period: ReportPeriod::Days {
                from: "2026-11-01".parse().expect("a day"),
                to: "2026-11-30".parse().expect("a day"),
            },
            format: ReportFormat::Pdf,
            columns: Some(76),
        }),
        Request::ReportPart { report: 7, offset: 262_144 },
    ]
    .into_iter()
    .chain(matches::requests())
    .collect()
}

fn replies() -> Vec<Result<Reply, Problem>> {
    vec![
        Ok(Reply::Done),
        Ok(Reply::Plan(Box::new(action_plan()))),
        Ok(Reply::RunStarted("01RUN".into())),
        Ok(Reply::Findings(vec![finding()])),
        Ok(Reply::Samples(vec![Sample { at: AT, value: 1.0 }])),
        Ok(Reply::Audit(vec![AuditEntry {
            at: AT,
            by: "ann@bastion".into(),
            origin: "console".to_owned(),
            action: "destroy_server".to_owned(),
            target: "server/panel/42".to_owned(),
            run: Some("01RUN".into()),
            outcome: "started".to_owned(),
        }])),
        Ok(Reply::BurnAttribution(Box::new(attributed()))),
        Ok(Reply::Status(Box::new(EngineStatus {
            version: "0.1.0".to_owned(),
            pid: 1,
            started_at: AT,
            clients: 2,
            runs_active: 3,
            memory_bytes: 4,
            data_dir: "/var/lib/q".to_owned(),
            servers: 5,
            orders: 6,
            condition: condition(),
        }))),
        Ok(Reply::ReportPart(Box::new(ReportPart {
            report: 7,
            name: "a.pdf".to_owned(),
            period: "2026-11-01 to 2026-11-30, UTC".to_owned(),
            total_bytes: 3,
            offset: 0,
            bytes: b"%PD".to_vec(),
        }))),
        Err(Problem::refused("no", "ask again")),
        Ok(Reply::Plan(Box::new(ActionPlan {
            parameters: Parameters::CreditServer(CreditServerParameters {
                server: server_key(),
                name: "weekend".to_owned(),
                status: CreditServerStatus::Offline,
                ram_gib: Some(4),
            }),
            ..action_plan()
        }))),
    ]
    .into_iter()
    .chain(matches::replies().into_iter().map(Ok))
    .collect()
}

fn items() -> Vec<ConsoleItem> {
    vec![
        ConsoleItem::Connected,
        ConsoleItem::Line("hi".to_owned()),
        ConsoleItem::Daemon("pulling".to_owned()),
        ConsoleItem::Power(PowerState::Starting),
        ConsoleItem::Usage(usage()),
        ConsoleItem::Signal(PowerSignal::Start),
        ConsoleItem::Lost(12),
        ConsoleItem::Reconnecting("reset".to_owned()),
        ConsoleItem::Closed("gone".to_owned()),
        ConsoleItem::Tick(8.5),
        ConsoleItem::Heap(1 << 30),
    ]
}

fn client_messages() -> Vec<ClientMessage> {
    let focus = Focus {
        tab: Tab::Nodes,
        servers: vec![server_key()],
        nodes: vec![node_key()],
        balances: vec![BalanceKey::pool("exa".into(), "p1")],
    };
    requests()
        .into_iter()
        .map(|request| ClientMessage::Request { id: 300, request })
        .chain([ClientMessage::Focus(focus)])
        .collect()
}

fn server_messages() -> Vec<ServerMessage<'static>> {
    [ServerMessage::Snapshot, ServerMessage::SnapshotEnd]
        .into_iter()
        .chain(
            changes()
                .into_iter()
                .map(|change| ServerMessage::Changes { sequence: 9, changes: Cow::Owned(vec![change]) }),
        )
        .chain(replies().into_iter().map(|result| ServerMessage::Reply { id: 300, result }))
        .chain(items().into_iter().map(|item| ServerMessage::Console { id: 300, item }))
        .collect()
}

fn hello() -> Hello {
    Hello {
        operator: "ann@bastion".into(),
        origin: "console".to_owned(),
        is_read_only: true,
        wants_fleet: true,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The name of a message for the snapshot: its variants down to the payload's.
fn label(debug: &str) -> String {
    let words =
        debug.split(|c: char| !c.is_alphanumeric()).filter(|w| w.starts_with(|c: char| c.is_uppercase()));
    words.take(3).collect::<Vec<_>>().join(".")
}

#[test]
fn the_bytes_of_every_message_are_as_committed() {
    let mut lines = vec![
        format!("hello {}", hex(&encode_greeting(PROTOCOL, "0.1.0", &hello()).expect("encodes"))),
        format!(
            "welcome {}",
            hex(&encode_greeting(PROTOCOL, "0.1.0", &Welcome { pid: 300 }).expect("encodes"))
        ),
    ];
    for message in client_messages() {
        lines.push(format!(
            "client {} {}",
            label(&format!("{message:?}")),
            hex(&encode(&message).expect("encodes"))
        ));
    }
    for message in server_messages() {
        lines.push(format!(
            "server {} {}",
            label(&format!("{message:?}")),
            hex(&encode(&message).expect("encodes"))
        ));
    }
    insta::assert_snapshot!("messages", lines.join("\n"));
}

#[test]
fn every_message_comes_back_as_it_was_sent() {
    for message in client_messages() {
        let bytes = encode(&message).expect("encodes");
        assert_eq!(decode::<ClientMessage>(&bytes).expect("decodes"), message);
    }
    for message in server_messages() {
        let bytes = encode(&message).expect("encodes");
        assert_eq!(decode::<ServerMessage<'static>>(&bytes).expect("decodes"), message);
    }
    let greeting: Greeting<Hello> =
        decode_greeting(&encode_greeting(PROTOCOL, "0.1.0", &hello()).expect("encodes")).expect("decodes");
    assert_eq!(greeting, Greeting { protocol: PROTOCOL, version: "0.1.0".to_owned(), body: Some(hello()) });
}

#[test]
fn a_greeting_of_another_protocol_still_tells_its_version() {
    let frame = encode_greeting(PROTOCOL + 1, "9.9.9", &"something else entirely").expect("encodes");
    let greeting: Greeting<Hello> = decode_greeting(&frame).expect("decodes");
    assert_eq!(greeting, Greeting { protocol: PROTOCOL + 1, version: "9.9.9".to_owned(), body: None });
    let newer_engine = version_problem((2, "0.2.0"), (1, "0.1.0")).to_string();
    assert!(newer_engine.contains("this program is older than the engine"), "{newer_engine}");
    let older_engine = version_problem((1, "0.1.0"), (2, "0.2.0")).to_string();
    assert!(
        older_engine.contains("the engine is older") && older_engine.contains("engine stop"),
        "{older_engine}"
    );
}
