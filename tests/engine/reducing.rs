//! Observations become changes: only real differences, nothing removed by failure, mirrors equal to the fleet.

use proptest::prelude::*;
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::state::{FleetState, Observation};
use quarterdeck::model::action::{ActionPlan, ActionRequest, Confirmation, Parameters};
use quarterdeck::model::fleet::{Change, Fleet};
use quarterdeck::model::ids::{AccountId, OrderKey};
use quarterdeck::model::order::OrderStatus;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::server::{PowerState, Server, ServerStatus};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::Timestamp;

use crate::things::{START, assert_same, node, order, plan, server, server_key};

fn policy() -> ReconcilePolicy {
    ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() }
}

fn panel() -> AccountId {
    "panel".into()
}

fn servers(asked_at: Timestamp, servers: Vec<Server>) -> Observation {
    Observation::Servers { account: panel(), asked_at, servers }
}

fn at(seconds: u64) -> Timestamp {
    START.plus_millis(seconds * 1000)
}

#[test]
fn a_poll_that_found_everything_as_it_was_changes_nothing() {
    let mut state = FleetState::new(policy());
    let poll = |when| servers(when, (0..10_000).map(|id| server(id, None, when)).collect());
    let first = state.observe(poll(at(0)), at(0));
    assert_eq!(first.iter().filter(|change| matches!(change, Change::Server(_))).count(), 10_000);
    assert_eq!(state.observe(poll(at(30)), at(30)), []);
}

#[test]
fn only_what_differs_is_told_and_what_a_complete_read_misses_is_removed() {
    let mut state = FleetState::new(policy());
    state.observe(servers(at(0), (0..5).map(|id| server(id, None, at(0))).collect()), at(0));
    let mut second: Vec<Server> = (0..4).map(|id| server(id, None, at(9))).collect();
    second[2].status = ServerStatus::Suspended;
    let told = state.observe(servers(at(9), second), at(9));
    let [Change::BilledLater(panels), Change::Server(changed), Change::ServerRemoved(removed)] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(panels.iter().map(|panel| panel.unpriced).collect::<Vec<_>>(), [4]);
    assert_eq!((changed.key.clone(), changed.observed_at), (server_key(2), at(9)));
    assert_eq!(*removed, server_key(4));
}

#[test]
fn a_list_keeps_what_it_does_not_know_power_use_and_counted_allocations() {
    let mut state = FleetState::new(policy());
    state.observe(servers(at(0), vec![server(1, None, at(0))]), at(0));
    state.observe(Observation::Usage { key: server_key(1), power: PowerState::Running, usage: None }, at(1));
    let mut renamed = server(1, None, at(2));
    renamed.name = "renamed".to_owned();
    state.observe(servers(at(2), vec![renamed]), at(2));
    assert_eq!(state.fleet().servers[&server_key(1)].power, PowerState::Running);
    let mut counted = node(1, at(3));
    counted.allocations_free = Some(7);
    state.observe(Observation::Nodes { account: panel(), asked_at: at(3), nodes: vec![counted] }, at(3));
    state.observe(
        Observation::Nodes { account: panel(), asked_at: at(4), nodes: vec![node(1, at(4))] },
        at(4),
    );
    let known = &state.fleet().nodes[&crate::things::node_key(1)];
    assert_eq!((known.allocations_free, known.servers), (Some(7), 1));
}

#[test]
fn a_poll_that_began_before_a_destroy_does_not_bring_the_server_back() {
    let mut state = FleetState::new(policy());
    state.observe(servers(at(0), vec![server(1, None, at(0))]), at(0));
    state.observe(Observation::ServerGone(server_key(1)), at(5));
    state.observe(servers(at(4), vec![server(1, None, at(6))]), at(6));
    assert!(state.fleet().servers.is_empty(), "asked before it was gone");
    state.observe(servers(at(7), vec![server(1, None, at(7))]), at(7));
    assert_eq!(state.fleet().servers.len(), 1, "asked afterwards and still there");
}

#[test]
fn a_poll_that_began_before_a_create_does_not_remove_the_server() {
    let mut state = FleetState::new(policy());
    state.observe(Observation::OneServer(Box::new(server(2, Some("812"), at(5)))), at(5));
    state.observe(servers(at(4), Vec::new()), at(6));
    assert_eq!(state.fleet().servers.len(), 1);
    state.observe(servers(at(7), Vec::new()), at(8));
    assert!(state.fleet().servers.is_empty());
}

#[test]
fn an_older_read_of_the_orders_does_not_undo_a_newer_row() {
    let mut state = FleetState::new(policy());
    let read = |asked_at, status| Observation::Orders {
        account: "shop".into(),
        asked_at,
        orders: vec![order("1", status, asked_at)],
        plans: Vec::new(),
        region_nodes: Vec::new(),
    };
    state.observe(read(at(0), OrderStatus::Paid), at(0));
    state.observe(Observation::OneOrder(Box::new(order("1", OrderStatus::Provisioning, at(5)))), at(5));
    state.observe(read(at(4), OrderStatus::Paid), at(6));
    assert_eq!(
        state.fleet().orders[&quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "1".into() }]
            .order
            .status,
        OrderStatus::Provisioning
    );
}

/// One step of a random history: what, about which things, in which condition.
#[derive(Debug, Clone)]
enum Step {
    Servers(Vec<(u32, bool, u8)>),
    Orders(Vec<(u32, u8)>),
    Nodes(Vec<u32>),
    OneServer(u32, u8),
    OneOrder(u32, u8),
    Gone(u32),
    Power(u32),
    Keep(u32),
    Run(u32, u8, u8),
    Notice,
    Tick,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12_u32;
    prop_oneof![
        proptest::collection::vec((id.clone(), any::<bool>(), 0..3_u8), 0..12).prop_map(Step::Servers),
        proptest::collection::vec((id.clone(), 0..6_u8), 0..12).prop_map(Step::Orders),
        proptest::collection::vec(id.clone(), 0..5).prop_map(Step::Nodes),
        (id.clone(), 0..3_u8).prop_map(|(id, status)| Step::OneServer(id, status)),
        (id.clone(), 0..6_u8).prop_map(|(id, status)| Step::OneOrder(id, status)),
        id.clone().prop_map(Step::Gone),
        id.clone().prop_map(Step::Power),
        id.clone().prop_map(Step::Keep),
        (id, 0..3_u8, 0..3_u8).prop_map(|(id, status, said)| Step::Run(id, status, said)),
        Just(Step::Notice),
        Just(Step::Tick),
    ]
}

fn some_server(id: u32, has_external_id: bool, status: u8, now: Timestamp) -> Server {
    let external_id = id.to_string();
    let mut server = server(id, has_external_id.then_some(external_id.as_str()), now);
    server.status =
        [ServerStatus::Ready, ServerStatus::Installing, ServerStatus::Suspended][usize::from(status)].clone();
    server
}

fn some_order(id: u32, status: u8, now: Timestamp) -> quarterdeck::model::order::Order {
    let words = ["pending", "paid", "provisioning", "provisioned", "error", "canceled"];
    let mut order = order(&id.to_string(), OrderStatus::from_word(words[usize::from(status)]), now);
    order.panel_server_id = (status == 3).then(|| i64::from((id + 1) % 12));
    order
}

/// A run on an order, in one of three states, saying one of some things.
fn run(id: u32, status: u8, said: u8) -> Run {
    let order = OrderKey { account: "shop".into(), id: id.to_string().into() };
    Run {
        id: format!("run-{id}").into(),
        plan: ActionPlan {
            id: "plan".into(),
            request: ActionRequest::ProvisionOrder { order },
            title: String::new(),
            checks: Vec::new(),
            steps: Vec::new(),
            burn_before: None,
            burn_after: None,
            confirmation: Confirmation::YesNo,
            parameters: Parameters::Undecided,
            made_at: START,
            valid_until: START,
            budget: None,
        },
        by: "ann@bastion".into(),
        status: [RunStatus::Running, RunStatus::Undoing, RunStatus::Failed][usize::from(status)],
        steps: Vec::new(),
        started_at: START,
        ended_at: None,
        problem: None,
        result: Some(format!("says {said}")),
        is_cancel_requested: false,
    }
}

fn observation(step: Step, now: Timestamp) -> Observation {
    let unique = |mut ids: Vec<(u32, u8)>| {
        ids.sort_unstable();
        ids.dedup_by_key(|(id, _)| *id);
        ids
    };
    match step {
        Step::Servers(mut list) => {
            list.sort_unstable();
            list.dedup_by_key(|(id, ..)| *id);
            servers(
                now,
                list.into_iter().map(|(id, has, status)| some_server(id, has, status, now)).collect(),
            )
        }
        Step::Orders(list) => Observation::Orders {
            account: "shop".into(),
            asked_at: now,
            orders: unique(list).into_iter().map(|(id, status)| some_order(id, status, now)).collect(),
            plans: vec![plan("EUR")],
            region_nodes: Vec::new(),
        },
        Step::Nodes(ids) => Observation::Nodes {
            account: panel(),
            asked_at: now,
            nodes: ids.into_iter().map(|id| node(id, now)).collect(),
        },
        Step::OneServer(id, status) => Observation::OneServer(Box::new(some_server(id, true, status, now))),
        Step::OneOrder(id, status) => Observation::OneOrder(Box::new(some_order(id, status, now))),
        Step::Gone(id) => Observation::ServerGone(server_key(id)),
        Step::Power(id) => {
            Observation::Usage { key: server_key(id), power: PowerState::Running, usage: None }
        }
        Step::Keep(id) => Observation::Kept {
            server: server_key(id),
            by: "ann@bastion".into(),
            reason: "test".to_owned(),
            until: None,
        },
        Step::Run(id, status, said) => Observation::Run(Box::new(run(id, status, said))),
        Step::Notice => Observation::Notice { text: format!("at {now}") },
        Step::Tick => Observation::Tick,
    }
}

proptest! {
    #[test]
    fn a_mirror_that_applies_the_changes_equals_the_fleet(
        history in proptest::collection::vec((step(), 0..2_000_u64), 0..40),
        joins_after in 0..40_usize,
    ) {
        let mut state = FleetState::new(policy());
        let mut now = START;
        let mut mirror = Fleet::default();
        let mut late = None;
        for (number, (step, passed_s)) in history.into_iter().enumerate() {
            now = now.plus_millis(passed_s * 1000);
            if number == joins_after {
                let mut joined = Fleet::default();
                state.fleet().snapshot().for_each(|change| joined.apply(change));
                late = Some(joined);
            }
            for change in state.observe(observation(step, now), now) {
                // Applying a change twice is harmless, so a resync may overlap. (A notice is a line each time.)
                if !matches!(change, Change::Notice { .. }) {
                    mirror.apply(change.clone());
                }
                if let Some(late) = &mut late {
                    late.apply(change.clone());
                }
                mirror.apply(change);
            }
        }
        assert_same(&mirror, state.fleet());
        if let Some(late) = late {
            assert_same(&late, state.fleet());
        }
    }

    #[test]
    fn what_one_observation_decides_is_what_a_walk_over_everything_decides(
        history in proptest::collection::vec((step(), 0..2_000_u64), 0..40),
    ) {
        let mut state = FleetState::new(policy());
        let mut now = START;
        for (number, (step, passed_s)) in history.into_iter().enumerate() {
            now = now.plus_millis(passed_s * 1000);
            state.observe(observation(step, now), now);
            // Time alone makes orders stuck; a tick tells of it.
            state.observe(Observation::Tick, now);
            // Another site makes the reconciler walk everything: it finds nothing to correct.
            let site = Site { name: format!("site {number}"), ..Site::default() };
            let changes = state.observe(Observation::Site(Box::new(site.clone())), now);
            prop_assert_eq!(changes, vec![Change::Site(site)]);
        }
    }

    #[test]
    fn a_run_that_begins_or_ends_is_seen_at_its_order_at_once(said in 0..3_u8) {
        let mut state = FleetState::new(policy());
        let claimed = some_order(1, 2, START);
        state.observe(Observation::OneOrder(Box::new(claimed)), START);
        let late = at(100_000);
        state.observe(Observation::Tick, late);
        prop_assert_eq!(state.fleet().summary.stuck_orders, 1);
        state.observe(Observation::Run(Box::new(run(1, 0, said))), late);
        prop_assert_eq!(state.fleet().summary.stuck_orders, 0);
        state.observe(Observation::Run(Box::new(run(1, 0, said + 1))), late);
        prop_assert_eq!((state.fleet().summary.stuck_orders, state.fleet().summary.runs_active), (0, 1));
        state.observe(Observation::Run(Box::new(run(1, 2, said))), late);
        prop_assert_eq!((state.fleet().summary.stuck_orders, state.fleet().summary.runs_active), (1, 0));
    }

    #[test]
    fn an_observation_made_twice_tells_nothing_the_second_time(
        history in proptest::collection::vec(step(), 0..10),
        last in step().prop_filter("a notice is a line each time", |step| !matches!(step, Step::Notice)),
    ) {
        let mut state = FleetState::new(policy());
        for step in history {
            state.observe(observation(step, START), START);
        }
        state.observe(observation(last.clone(), START), START);
        prop_assert_eq!(state.observe(observation(last, START), START), vec![]);
    }
}
