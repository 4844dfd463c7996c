//! A small site with one of everything that can be seen: fixed ids, fixed moments.

use std::collections::BTreeMap;

use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::action::{
    ActionPlan, ActionRequest, Check, CheckOutcome, Confirmation, Parameters, PlannedStep,
};
use quarterdeck::model::fleet::{
    Change, Fleet, Metric, OrderEntry, OrderTrouble, Sample, SeriesKey, SeriesOwner, Summary,
};
use quarterdeck::model::ids::{NodeKey, ServerKey};
use quarterdeck::model::money::Money;
use quarterdeck::model::node::{Capacity, Node};
use quarterdeck::model::order::{Addon, Customer, Order, OrderStatus, ShopPlan, StripeIds};
use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use quarterdeck::model::run::{Run, RunStatus, StepState, StepStatus};
use quarterdeck::model::server::{Limits, OrphanReason, Ownership, PowerState, Server, ServerStatus, Usage};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

/// 2026-11-20 03:04:05 UTC.
pub const NOW: Timestamp = Timestamp(1_795_143_845_000);
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

pub fn ago(millis: i64) -> Timestamp {
    Timestamp(NOW.0 - millis)
}

pub fn euro(cents_of_cents: i64) -> Money {
    Money::new(Decimal::new(cents_of_cents, 4), "EUR")
}

pub fn server_key(id: &str) -> ServerKey {
    ServerKey { account: "panel".into(), id: id.to_owned() }
}

fn node_key(id: &str) -> NodeKey {
    NodeKey { account: "panel".into(), id: id.to_owned() }
}

pub fn timeout() -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: "panel.example.net did not answer within 10 s".to_owned(),
        advice: "look whether the panel's web page opens".to_owned(),
    }
}

pub fn feed(kind: FeedKind) -> Feed {
    Feed {
        account: if kind == FeedKind::Orders { "shop".into() } else { "panel".into() },
        provider: if kind == FeedKind::Orders { Provider::Orders } else { Provider::Pterodactyl },
        kind,
        succeeded_at: Some(ago(4_000)),
        attempted_at: Some(ago(4_000)),
        next_at: Some(Timestamp(NOW.0 + 6_000)),
        interval_ms: 10_000,
        problem: None,
        failures: 0,
        budget_remaining: Some(200),
        is_late: false,
    }
}

fn order(id: &str, status: OrderStatus, email: &str, age: i64) -> OrderEntry {
    OrderEntry {
        order: Order {
            id: id.into(),
            account: "shop".into(),
            status,
            claim_token: None,
            customer: Customer {
                user_id: format!("user-{id}"),
                email: Some(email.to_owned()),
                name: Some("Ann Example".to_owned()),
                panel_user_id: None,
            },
            plan: "7".into(),
            region: Some("fra".to_owned()),
            server_name: Some(format!("world-{id}")),
            amount: Some(euro(99_900)),
            created_at: Some(ago(age)),
            updated_at: Some(ago(age / 2)),
            panel_server_id: None,
            panel_identifier: None,
            panel_node_id: None,
            error_message: None,
            addons: Vec::new(),
            stripe: StripeIds::default(),
            observed_at: ago(4_000),
        },
        trouble: None,
        server: None,
    }
}

fn orders() -> Vec<OrderEntry> {
    let mut paid = order("812", OrderStatus::Paid, "ann@example.net", 50 * MINUTE);
    paid.trouble = Some(OrderTrouble::PaidTooLong);
    let mut failed =
        order("813", OrderStatus::Error, "very.long.address.of.somebody@mail.example.org", 3 * HOUR);
    failed.trouble = Some(OrderTrouble::InError);
    failed.order.error_message =
        Some("no node in region fra has 8.00 GiB of memory left: add a node or free memory".to_owned());
    failed.order.addons = vec![Addon {
        name: "More RAM".to_owned(),
        ram_mib: 4096,
        disk_mib: 0,
        cpu_percent: 0,
        backups: 2,
        databases: 0,
        allocations: 0,
    }];
    failed.order.stripe = StripeIds {
        checkout_session: Some("cs_live_a1B2c3".to_owned()),
        subscription: Some("sub_1Q2w3E".to_owned()),
        payment_intent: None,
        customer: Some("cus_Z9y8X7".to_owned()),
    };
    let mut going = order("814", OrderStatus::Provisioning, "bob@example.net", 2 * MINUTE);
    going.order.claim_token = Some("01JD0000000000000000000RUN".to_owned());
    let mut done = order("815", OrderStatus::Provisioned, "\u{65e5}\u{672c}@example.jp", 26 * HOUR);
    done.server = Some(server_key("42"));
    done.order.panel_server_id = Some(42);
    let mut gone = order("818", OrderStatus::Provisioned, "eve@example.net", 40 * 24 * HOUR);
    gone.trouble = Some(OrderTrouble::ServerGone);
    gone.order.panel_server_id = Some(40);
    let pending = order("816", OrderStatus::Pending, "carl@example.net", 30_000);
    let canceled = order("817", OrderStatus::Canceled, "dora@example.net", 5 * 24 * HOUR);
    vec![paid, failed, going, done, pending, canceled, gone]
}

fn shop_plan() -> ShopPlan {
    ShopPlan {
        id: "7".into(),
        account: "shop".into(),
        name: "Diamond 8G".to_owned(),
        is_active: true,
        price: Some(euro(99_900)),
        cost: None,
        stripe_price_id: Some("price_123".to_owned()),
        ram_mib: 8192,
        disk_mib: 20_480,
        cpu_percent: 200,
        swap_mib: 0,
        io_weight: 500,
        databases: 1,
        backups: 2,
        allocations: 0,
        egg_id: Some(5),
        docker_image: None,
        startup: None,
        environment: BTreeMap::new(),
    }
}

fn node(id: &str, name: &str, memory_sold: i64, ports_free: u32) -> Node {
    Node {
        key: node_key(id),
        name: name.to_owned(),
        fqdn: format!("{name}.nodes.example.net"),
        location: "fra".to_owned(),
        is_public: true,
        is_maintenance: false,
        memory: Capacity { total_mib: 65_536, overallocate_percent: 0, allocated_mib: memory_sold },
        disk: Capacity { total_mib: 1_048_576, overallocate_percent: 0, allocated_mib: 409_600 },
        allocations_total: Some(40),
        allocations_free: Some(ports_free),
        servers: 3,
        observed_at: ago(4_000),
    }
}

fn server(id: &str, name: &str, ownership: Ownership) -> Server {
    Server {
        key: server_key(id),
        external_id: Some("815".to_owned()),
        uuid: format!("1a7ce997-259b-452e-8b4e-cecc464142{id}"),
        identifier: format!("1a7ce9{id}"),
        name: name.to_owned(),
        node: node_key("1"),
        panel_user_id: 9,
        egg_id: 5,
        status: ServerStatus::Ready,
        power: PowerState::Running,
        limits: Limits { memory_mib: 8192, swap_mib: 0, disk_mib: 20_480, cpu_percent: 200 },
        address: Some("203.0.113.10:25565".to_owned()),
        usage: Some(Usage {
            cpu_percent: 87.4,
            memory_bytes: 3 << 30,
            disk_bytes: 5 << 30,
            network_rx_bytes: 812 << 20,
            network_tx_bytes: 3 << 30,
            uptime_ms: 8_040_000,
            observed_at: ago(4_000),
        }),
        ownership,
        burn_per_hour: Some(euro(137)),
        created_at: Some(ago(26 * HOUR)),
        observed_at: ago(4_000),
    }
}

fn servers() -> Vec<Server> {
    let orphan = Ownership::Orphan {
        reason: OrphanReason::OrderNotLive(
            quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "817".into() },
            OrderStatus::Canceled,
        ),
        since: ago(2 * HOUR),
    };
    let kept = Ownership::Kept { by: "ann@bastion".into(), reason: "load tests until Friday".to_owned() };
    let mut stopped = server("43", "lobby", kept);
    stopped.power = PowerState::Offline;
    stopped.usage = None;
    stopped.burn_per_hour = None;
    let mut broken = server(
        "45",
        "modded",
        Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "814".into() }),
    );
    broken.status = ServerStatus::InstallFailed;
    broken.power = PowerState::Unknown;
    broken.usage = None;
    broken.address = None;
    vec![
        server(
            "42",
            "survival",
            Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "815".into() }),
        ),
        stopped,
        server("44", "old-world", orphan),
        broken,
    ]
}

/// A step that took `seconds`, ending with this status.
fn step(title: &str, status: StepStatus, from: i64, seconds: i64, detail: &str) -> StepState {
    let has_begun = !matches!(status, StepStatus::Waiting);
    let has_ended = has_begun && status != StepStatus::Acting;
    StepState {
        name: title.replace(' ', "_"),
        title: title.to_owned(),
        status,
        started_at: has_begun.then(|| ago(from)),
        ended_at: has_ended.then(|| Timestamp(ago(from).0 + seconds * 1_000)),
        detail: detail.to_owned(),
        attempts: u32::from(has_begun) + u32::from(!detail.is_empty() && status == StepStatus::Acting),
    }
}

pub fn plan(request: ActionRequest, title: &str, confirmation: Confirmation) -> ActionPlan {
    let check = |title: &str, outcome, detail: &str| Check {
        title: title.to_owned(),
        outcome,
        detail: detail.to_owned(),
    };
    let planned = |title: &str, undo: &str| PlannedStep {
        name: title.replace(' ', "_"),
        title: title.to_owned(),
        undo: undo.to_owned(),
    };
    ActionPlan {
        id: "01JD00000000000000000PLAN0".into(),
        request,
        title: title.to_owned(),
        checks: vec![
            check("order", CheckOutcome::Pass, "paid 25 m ago, nobody has claimed it"),
            check(
                "node",
                CheckOutcome::Pass,
                "fra-01: most memory free of 2 (22.0 GiB after 1.00 GiB reserve)",
            ),
            check(
                "panel user",
                CheckOutcome::Warn,
                "a user with this e-mail exists already; it will be linked",
            ),
        ],
        steps: vec![
            planned("claim the order", "give it back as paid"),
            planned("create the server world-812", "delete it"),
            planned("wait until it is installed", ""),
            planned("write the server to the order", ""),
        ],
        burn_before: Some(euro(4_110)),
        burn_after: Some(euro(4_247)),
        confirmation,
        parameters: Parameters::Undecided,
        made_at: NOW,
        valid_until: Timestamp(NOW.0 + 5 * MINUTE),
        budget: None,
    }
}

pub fn provision(order: &str) -> ActionPlan {
    let request = ActionRequest::ProvisionOrder {
        order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: order.into() },
    };
    plan(request, &format!("provision order {order} for ann@example.net on fra-01"), Confirmation::YesNo)
}

/// A plan to provision with all that a real one has.
pub fn long_provision(order: &str) -> ActionPlan {
    let check = |title: &str, outcome, detail: &str| Check {
        title: title.to_owned(),
        outcome,
        detail: detail.to_owned(),
    };
    let planned = |title: &str, undo: &str| PlannedStep {
        name: title.replace(' ', "_"),
        title: title.to_owned(),
        undo: undo.to_owned(),
    };
    ActionPlan {
        checks: vec![
            check("order", CheckOutcome::Pass, "paid"),
            check(
                "customer",
                CheckOutcome::Warn,
                "a panel user with this e-mail exists already; it will be linked",
            ),
            check("plan", CheckOutcome::Pass, "Diamond 8G: 8192 MiB memory, 20480 MiB disk"),
            check("egg", CheckOutcome::Pass, "Paper (id 5)"),
            check("variables", CheckOutcome::Pass, "6 set"),
            check(
                "node",
                CheckOutcome::Pass,
                "fra-01: most memory free of 2 (22.0 GiB after 1.00 GiB reserve)",
            ),
            check("image", CheckOutcome::Pass, "ghcr.io/pterodactyl/yolks:java_21"),
        ],
        steps: vec![
            planned("claim the order", "hand the order back"),
            planned(
                "find or create the customer's panel user",
                "delete the user if this run created it and it has no server",
            ),
            planned("pick a free allocation on the node", ""),
            planned("create the server", "delete the server and see it gone"),
            planned("wait until it is installed", ""),
            planned("remember the customer's panel user", ""),
            planned("write the server into the order", ""),
        ],
        ..provision(order)
    }
}

/// A plan that a check refuses.
pub fn refused(order: &str) -> ActionPlan {
    let mut plan = long_provision(order);
    plan.checks.push(Check {
        title: "allocation".to_owned(),
        outcome: CheckOutcome::Refuse,
        detail: "fra-01 has no free allocation: add some to the node in the panel".to_owned(),
    });
    plan
}

/// The run that goes on, with more steps than a small screen has rows.
pub fn long_run() -> Run {
    use StepStatus::{Acting, Done, Waiting};
    let mut steps = vec![
        step("claim the order", Done, 95_000, 1, "claimed as 01JD0000000000000000000RUN"),
        step("find or create the customer's panel user", Done, 94_000, 2, "user 9, ann@example.net"),
        step("pick a free allocation on the node", Done, 92_000, 1, "203.0.113.10:25566 on fra-01"),
        step("create the server", Done, 91_000, 23, "server 45 on fra-01, 203.0.113.10:25566"),
        step("open the port in the firewall", Done, 80_000, 2, "25566 tcp and udp"),
        step("wait until it is installed", Acting, 68_000, 0, "the panel says installing"),
    ];
    steps.push(step("remember the customer's panel user", Waiting, 0, 0, ""));
    steps.push(step("write the server into the order", Waiting, 0, 0, ""));
    steps.push(step("start it", Waiting, 0, 0, ""));
    let mut run = run("01JD0000000000000000000RUN", "814", RunStatus::Running, steps, 95_000);
    run.plan = long_provision("814");
    run
}

/// The step that acts is done, and the next one acts.
pub fn next_step(run: &mut Run) {
    let acting = run.steps.iter().position(|step| step.status == StepStatus::Acting).expect("one acts");
    run.steps[acting].status = StepStatus::Done;
    run.steps[acting].ended_at = Some(NOW);
    run.steps[acting + 1].status = StepStatus::Acting;
    run.steps[acting + 1].started_at = Some(NOW);
}

fn run(id: &str, order: &str, status: RunStatus, steps: Vec<StepState>, from: i64) -> Run {
    Run {
        id: id.into(),
        plan: provision(order),
        by: "ann@bastion".into(),
        status,
        steps,
        started_at: ago(from),
        ended_at: status.is_ended().then(|| ago(from - 40_000)),
        problem: None,
        result: None,
        is_cancel_requested: false,
    }
}

fn runs() -> Vec<Run> {
    use StepStatus::{Acting, Done, UndoFailed, Undone, Waiting};
    let going = run(
        "01JD0000000000000000000RUN",
        "814",
        RunStatus::Running,
        vec![
            step("claim the order", Done, 71_000, 1, ""),
            step("create the server world-812", Done, 70_000, 2, "server 45 on fra-01, 203.0.113.10:25566"),
            step("wait until it is installed", Acting, 68_000, 0, "the panel says installing"),
            step("write the server to the order", Waiting, 0, 0, ""),
        ],
        71_000,
    );
    let mut done = run(
        "01JC0000000000000000000RUN",
        "815",
        RunStatus::Succeeded,
        vec![
            step("claim the order", Done, 26 * HOUR, 1, ""),
            step("create the server world-812", Done, 26 * HOUR - 1_000, 39, ""),
        ],
        26 * HOUR,
    );
    done.result = Some("203.0.113.10:25565".to_owned());
    let mut stuck = run(
        "01JB0000000000000000000RUN",
        "813",
        RunStatus::NeedsOperator,
        vec![
            step("claim the order", Undone, 2 * HOUR, 1, ""),
            step(
                "create the server world-812",
                UndoFailed,
                2 * HOUR - 1_000,
                30,
                "server 46 could not be deleted",
            ),
        ],
        2 * HOUR,
    );
    stuck.problem = Some(Problem { effect: Effect::Possible, ..timeout() });
    vec![going, done, stuck]
}

/// Points every ten seconds, with a gap of two minutes.
fn samples(top: f32) -> Vec<Sample> {
    (0..90_u8)
        .rev()
        .filter(|back| !(20..32).contains(back))
        .map(|back| {
            let phase = f32::from((90 - back) % 30) / 30.0;
            Sample { at: ago(i64::from(back) * 10_000 + 4_000), value: phase * top }
        })
        .collect()
}

/// The site.
pub fn fleet() -> Fleet {
    let mut fleet = empty_fleet();
    let of_server = |metric| SeriesKey { owner: SeriesOwner::Server(server_key("42")), metric };
    let of_node = |metric| SeriesKey { owner: SeriesOwner::Node(node_key("1")), metric };
    let mut maintained = node("3", "nyc-01", 8_192, 0);
    maintained.is_maintenance = true;
    maintained.servers = 0;
    let changes = [
        Change::Summary(Summary {
            burn_per_hour: Some(euro(4_110)),
            orphan_burn_per_hour: Some(euro(137)),
            orphans: 1,
            stuck_orders: 3,
            ..Summary::default()
        }),
        Change::Node(Box::new(node("1", "fra-01", 43_008, 12))),
        Change::Node(Box::new(node("2", "fra-02", 70_000, 3))),
        Change::Node(Box::new(maintained)),
        Change::ShopPlan(Box::new(shop_plan())),
        Change::Samples { series: of_server(Metric::CpuPercent), points: samples(180.0) },
        Change::Samples { series: of_server(Metric::MemoryBytes), points: samples(6.0e9) },
        Change::Samples { series: of_server(Metric::NetworkBytesPerSecond), points: samples(2.0e6) },
        Change::Samples { series: of_node(Metric::NodeMemoryPercent), points: samples(66.0) },
        Change::Samples { series: of_node(Metric::NodeDiskPercent), points: samples(40.0) },
    ];
    let orders = orders().into_iter().map(|entry| Change::Order(std::sync::Arc::new(entry)));
    let servers = servers().into_iter().map(|server| Change::Server(std::sync::Arc::new(server)));
    let runs = runs().into_iter().map(|run| Change::Run(Box::new(run)));
    changes.into_iter().chain(orders).chain(servers).chain(runs).for_each(|change| fleet.apply(change));
    fleet
}

/// The site before anything was bought: every feed answered, nothing is there.
pub fn empty_fleet() -> Fleet {
    let mut fleet = Fleet::default();
    fleet.apply(Change::Site(Site {
        name: "acme".to_owned(),
        word: "PRODUCTION".to_owned(),
        ..Site::default()
    }));
    fleet.apply(Change::Summary(Summary { burn_per_hour: Some(euro(0)), ..Summary::default() }));
    for kind in [FeedKind::Orders, FeedKind::Nodes, FeedKind::Servers] {
        fleet.apply(Change::Feed(Box::new(feed(kind))));
    }
    fleet
}

/// The site as it was read twelve minutes ago, and not since then.
pub fn old_fleet() -> Fleet {
    let mut fleet = fleet();
    let then = ago(12 * MINUTE);
    for entry in fleet.orders.values_mut() {
        std::sync::Arc::make_mut(entry).order.observed_at = then;
    }
    for node in fleet.nodes.values_mut() {
        node.observed_at = then;
    }
    for server in fleet.servers.values_mut() {
        let server = std::sync::Arc::make_mut(server);
        server.observed_at = then;
        if let Some(usage) = &mut server.usage {
            usage.observed_at = then;
        }
    }
    for points in fleet.series.values_mut() {
        points.retain(|sample| sample.at <= then);
    }
    fleet
}

/// The same fleet with every feed changed.
pub fn with_feeds(mut fleet: Fleet, change: impl Fn(&mut Feed)) -> Fleet {
    fleet.feeds.values_mut().for_each(change);
    fleet
}
