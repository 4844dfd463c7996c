//! What 10,000 servers on 200 nodes cost the engine: reducing polls, encoding a snapshot, memory.
//!
//! `cargo bench --bench engine`; the memory is printed first.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::resident_bytes;
use quarterdeck::engine::state::{FleetState, Observation};
use quarterdeck::link::wire::encode_changes;
use quarterdeck::model::fleet::Change;
use quarterdeck::model::order::{Order, OrderStatus};
use quarterdeck::model::server::{Server, ServerStatus};
use quarterdeck::model::time::Timestamp;

#[path = "../engine/things.rs"]
#[expect(dead_code, reason = "shared with the engine's tests, which use all of it")]
mod things;

use things::{START, node, order, plan, server};

const SERVERS: u32 = 10_000;
const NODES: u32 = 200;

fn servers(now: Timestamp) -> Vec<Server> {
    (0..SERVERS).map(|id| server(id, Some(&id.to_string()), now)).collect()
}

fn orders(now: Timestamp) -> Vec<Order> {
    (0..SERVERS)
        .map(|id| Order {
            panel_server_id: Some(i64::from(id)),
            ..order(&id.to_string(), OrderStatus::Provisioned, now)
        })
        .collect()
}

fn poll(servers: Vec<Server>, now: Timestamp) -> Observation {
    Observation::Servers { account: "panel".into(), asked_at: now, servers }
}

/// The whole site, read once.
fn site() -> FleetState {
    let policy =
        ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() };
    let mut state = FleetState::new(policy);
    let nodes = (0..NODES).map(|id| node(id, START)).collect();
    state.observe(Observation::Nodes { account: "panel".into(), asked_at: START, nodes }, START);
    state.observe(poll(servers(START), START), START);
    let orders = Observation::Orders {
        account: "shop".into(),
        asked_at: START,
        orders: orders(START),
        plans: vec![plan("EUR")],
        region_nodes: Vec::new(),
    };
    state.observe(orders, START);
    state
}

fn reduce(criterion: &mut Criterion) {
    let later = START.plus_millis(30_000);
    let mut state = site();
    criterion.bench_function("reduce/10000 servers unchanged", |bencher| {
        bencher.iter_batched(
            || poll(servers(later), later),
            |poll| assert!(state.observe(black_box(poll), later).is_empty()),
            BatchSize::LargeInput,
        );
    });
    let mut is_suspended = false;
    criterion.bench_function("reduce/10000 servers, one in ten changed", |bencher| {
        bencher.iter_batched(
            || {
                is_suspended = !is_suspended;
                let status = if is_suspended { ServerStatus::Suspended } else { ServerStatus::Ready };
                let mut servers = servers(later);
                servers.iter_mut().step_by(10).for_each(|server| server.status = status.clone());
                poll(servers, later)
            },
            |poll| state.observe(black_box(poll), later).len(),
            BatchSize::LargeInput,
        );
    });
}

fn snapshot(criterion: &mut Criterion) {
    let state = site();
    criterion.bench_function("snapshot/collect 10000 servers and orders", |bencher| {
        bencher.iter_with_large_drop(|| state.fleet().snapshot().collect::<Vec<Change>>());
    });
    let changes: Vec<Change> = state.fleet().snapshot().collect();
    criterion.bench_function("snapshot/encode 10000 servers and orders", |bencher| {
        bencher.iter_with_large_drop(|| {
            let mut frames = Vec::new();
            for chunk in changes.chunks(128) {
                assert!(encode_changes(1, black_box(chunk), &mut frames).is_ok());
            }
            frames
        });
    });
}

/// Prints what the fleet of the engine takes.
fn memory() {
    let before = resident_bytes().unwrap_or(0);
    let state = site();
    let after = resident_bytes().unwrap_or(0);
    let changes: Vec<Change> = state.fleet().snapshot().collect();
    let mut frames = Vec::new();
    let is_encoded = changes.chunks(128).all(|chunk| encode_changes(1, chunk, &mut frames).is_ok());
    let bytes: usize = frames.iter().map(bytes::Bytes::len).sum();
    let mib = |bytes: u64| bytes / 1024 / 1024;
    println!(
        "memory: {} MiB for {SERVERS} servers with orders on {NODES} nodes (process {} MiB); snapshot {} KiB in {} frames (complete: {is_encoded})",
        mib(after.saturating_sub(before)),
        mib(after),
        bytes / 1024,
        frames.len(),
    );
}

fn main() {
    memory();
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    reduce(&mut criterion);
    snapshot(&mut criterion);
    criterion.final_summary();
}
