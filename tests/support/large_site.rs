//! A site of any size, made of nothing: nodes, servers, orders with fixed ids and moments, as the changes that build it.

use std::sync::Arc;

use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::fleet::{Change, Summary};
use quarterdeck::model::ids::{NodeKey, ServerKey};
use quarterdeck::model::money::Money;
use quarterdeck::model::node::{Capacity, Node};
use quarterdeck::model::server::{Limits, Ownership, PowerState, Server, ServerStatus, Usage};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

/// 2026-11-20 03:04:05 UTC.
pub const NOW: Timestamp = Timestamp(1_795_143_845_000);

fn node_key(number: usize) -> NodeKey {
    NodeKey { account: "panel".into(), id: number.to_string() }
}

fn node(number: usize, servers: usize) -> Node {
    let capacity = |total_mib| Capacity { total_mib, overallocate_percent: 0, allocated_mib: total_mib / 2 };
    Node {
        key: node_key(number),
        name: format!("fra-{number:03}"),
        fqdn: format!("fra-{number:03}.example.net"),
        location: "fra".to_owned(),
        is_public: true,
        is_maintenance: false,
        memory: capacity(131_072),
        disk: capacity(1_048_576),
        allocations_total: Some(500),
        allocations_free: Some(400),
        servers: u32::try_from(servers).unwrap_or(u32::MAX),
        observed_at: NOW,
    }
}

/// One server of the site.
pub fn server(number: usize, nodes: usize, now: Timestamp) -> Server {
    let small = i64::try_from(number % 400).unwrap_or(0);
    Server {
        key: ServerKey { account: "panel".into(), id: number.to_string() },
        external_id: Some(format!("order-{number}")),
        uuid: format!("00000000-0000-4000-8000-{number:012}"),
        identifier: format!("{number:08x}"),
        name: format!("server-{number:05}"),
        node: node_key(number % nodes.max(1) + 1),
        panel_user_id: small,
        egg_id: 1,
        status: ServerStatus::Ready,
        power: if number.is_multiple_of(7) { PowerState::Offline } else { PowerState::Running },
        limits: Limits { memory_mib: 4096, swap_mib: 0, disk_mib: 20_480, cpu_percent: 200 },
        address: Some(format!("198.51.100.{}:{}", number % 250, 25_565 + number % 100)),
        usage: Some(Usage {
            cpu_percent: f32::from(u16::try_from(number % 190).unwrap_or(0)),
            memory_bytes: 512 * 1024 * 1024 + 1024 * small.unsigned_abs(),
            disk_bytes: 3 << 30,
            network_rx_bytes: 1000,
            network_tx_bytes: 2000,
            uptime_ms: 86_400_000,
            observed_at: now,
        }),
        ownership: Ownership::Order(quarterdeck::model::ids::OrderKey {
            account: "shop".into(),
            id: format!("order-{number}").into(),
        }),
        burn_per_hour: Some(Money::new(Decimal::new(137, 4), "EUR")),
        created_at: Some(Timestamp(now.0 - 86_400_000 * (small + 1))),
        observed_at: now,
    }
}

fn feed(kind: FeedKind, now: Timestamp) -> Feed {
    Feed {
        account: "panel".into(),
        provider: Provider::Pterodactyl,
        kind,
        succeeded_at: Some(now),
        attempted_at: Some(now),
        next_at: Some(now.plus_millis(15_000)),
        interval_ms: 15_000,
        problem: None,
        failures: 0,
        budget_remaining: Some(200),
        is_late: false,
    }
}

/// Everything about a site of this many servers, observed at `now`.
pub fn changes(servers: usize, now: Timestamp) -> Vec<Change> {
    let nodes = (servers / 50).max(1);
    let mut changes = vec![
        Change::Site(Site {
            name: "acme".to_owned(),
            word: "PRODUCTION".to_owned(),
            is_simulated: true,
            ..Site::default()
        }),
        Change::Summary(Summary {
            burn_per_hour: Some(Money::new(Decimal::new(123_456, 4), "EUR")),
            orphan_burn_per_hour: Some(Money::new(Decimal::new(137, 4), "EUR")),
            orphans: 1,
            stuck_orders: 3,
            runs_active: 2,
            ..Summary::default()
        }),
    ];
    let feeds = [FeedKind::Nodes, FeedKind::Servers, FeedKind::Orders];
    changes.extend(feeds.map(|kind| Change::Feed(Box::new(feed(kind, now)))));
    changes.extend((1..=nodes).map(|number| Change::Node(Box::new(node(number, servers / nodes)))));
    changes.extend((0..servers).map(|number| Change::Server(Arc::new(server(number, nodes, now)))));
    changes
}
