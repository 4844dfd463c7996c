//! Who owns what, what stands out, what it costs.

use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::state::{FleetState, Observation};
use quarterdeck::model::fleet::OrderTrouble;
use quarterdeck::model::ids::OrderKey;
use quarterdeck::model::money::Money;
use quarterdeck::model::order::{Order, OrderStatus, ShopPlan};
use quarterdeck::model::server::{OrphanReason, Ownership, Server};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

use crate::things::{START, order, plan, server, server_key};

fn policy() -> ReconcilePolicy {
    ReconcilePolicy {
        sells: vec![("shop".into(), "panel".into())],
        default_cost_per_gib_hour: Some(Money::new(Decimal::new(5, 3), "EUR")),
        ..ReconcilePolicy::default()
    }
}

fn orders(asked_at: Timestamp, orders: Vec<Order>, plans: Vec<ShopPlan>) -> Observation {
    Observation::Orders { account: "shop".into(), asked_at, orders, plans, region_nodes: Vec::new() }
}

fn servers(asked_at: Timestamp, servers: Vec<Server>) -> Observation {
    Observation::Servers { account: "panel".into(), asked_at, servers }
}

fn later(seconds: u64) -> Timestamp {
    START.plus_millis(seconds * 1000)
}

fn both(orders_read: Vec<Order>, servers_read: Vec<Server>) -> FleetState {
    let mut state = FleetState::new(policy());
    state.observe(servers(START, servers_read), START);
    state.observe(orders(START, orders_read, vec![plan("EUR")]), START);
    state
}

fn owner(state: &FleetState, id: u32) -> Ownership {
    state.fleet().servers[&server_key(id)].ownership.clone()
}

fn orphan(reason: OrphanReason) -> Ownership {
    Ownership::Orphan { reason, since: START }
}

#[test]
fn nothing_is_decided_before_both_sides_were_read() {
    let mut state = FleetState::new(policy());
    state.observe(servers(START, vec![server(1, None, START)]), START);
    assert_eq!(owner(&state, 1), Ownership::Undecided);
    assert_eq!(state.fleet().summary.orphans, 0);
    state.observe(orders(START, Vec::new(), Vec::new()), START);
    assert_eq!(owner(&state, 1), orphan(OrphanReason::NoOwner));
    assert_eq!(state.fleet().summary.orphans, 1);
}

#[test]
fn a_panel_that_no_shop_sells_from_has_no_orphans() {
    let mut state = FleetState::new(ReconcilePolicy::default());
    state.observe(servers(START, vec![server(1, None, START)]), START);
    state.observe(orders(START, Vec::new(), Vec::new()), START);
    assert_eq!(owner(&state, 1), Ownership::NoShop);
    assert_eq!(state.fleet().summary.orphans, 0);
    assert_eq!(state.fleet().findings.len(), 1, "{:?}", state.fleet().findings);
    assert_eq!(state.fleet().findings[0].check, "servers-without-shop");
    assert_eq!(state.fleet().findings[0].severity, quarterdeck::model::finding::Severity::Info);
}

fn of_shop(shop: &str, id: &str, status: OrderStatus) -> Order {
    Order { account: shop.into(), ..order(id, status, START) }
}

fn key(shop: &str, id: &str) -> OrderKey {
    OrderKey { account: shop.into(), id: id.into() }
}

#[test]
fn equal_ids_of_two_shops_are_two_orders_and_a_bare_id_is_nobodys_for_sure() {
    let mut state = FleetState::new(ReconcilePolicy {
        sells: vec![("east".into(), "panel".into()), ("west".into(), "panel".into())],
        ..policy()
    });
    let mut pointing = of_shop("west", "3", OrderStatus::Provisioned);
    pointing.panel_server_id = Some(5);
    let east = vec![
        of_shop("east", "1", OrderStatus::Paid),
        of_shop("east", "2", OrderStatus::Paid),
        of_shop("east", "3", OrderStatus::Paid),
        of_shop("east", "4", OrderStatus::Canceled),
    ];
    let west =
        vec![of_shop("west", "1", OrderStatus::Paid), of_shop("west", "2", OrderStatus::Paid), pointing];
    let all = vec![
        server(1, Some("east:1"), START),
        server(2, Some("west:1"), START),
        server(3, Some("2"), START),
        server(4, Some("4"), START),
        server(5, Some("3"), START),
        server(6, Some("west:404"), START),
    ];
    state.observe(servers(START, all), START);
    let read = |shop: &str, orders| Observation::Orders {
        account: shop.into(),
        asked_at: START,
        orders,
        plans: Vec::new(),
        region_nodes: Vec::new(),
    };
    state.observe(read("east", east), START);
    assert_eq!(owner(&state, 1), Ownership::Undecided, "the other shop was not read yet");
    state.observe(read("west", west), START);
    assert_eq!(state.fleet().orders.len(), 7);
    assert_eq!(owner(&state, 1), Ownership::Order(key("east", "1")));
    assert_eq!(owner(&state, 2), Ownership::Order(key("west", "1")));
    assert_eq!(owner(&state, 3), Ownership::Ambiguous(vec![key("east", "2"), key("west", "2")]));
    let canceled = OrphanReason::OrderNotLive(key("east", "4"), OrderStatus::Canceled);
    assert_eq!(owner(&state, 4), orphan(canceled), "no shop has a live order of this id");
    assert_eq!(owner(&state, 5), Ownership::Order(key("west", "3")), "its order points at it");
    assert_eq!(owner(&state, 6), orphan(OrphanReason::OrderMissing("west:404".into())));
    let server_of = |shop, id| state.fleet().orders[&key(shop, id)].server.clone();
    assert_eq!(server_of("east", "2"), None, "nothing is adopted by a bare id");
    assert_eq!(server_of("east", "3"), None, "not the other shop's server");
    assert_eq!(server_of("west", "3"), Some(server_key(5)));
    assert_eq!(state.fleet().summary.orphans, 2);
    assert!(state.fleet().findings.iter().any(|finding| finding.check == "unclear-servers"));
}

#[test]
fn every_reason_has_its_word() {
    let mut pointing = order("10", OrderStatus::Provisioned, START);
    pointing.panel_server_id = Some(2);
    let canceled = order("11", OrderStatus::Canceled, START);
    let state = both(
        vec![order("9", OrderStatus::Paid, START), pointing, canceled],
        vec![
            server(1, Some("9"), START),
            server(2, None, START),
            server(3, Some("404"), START),
            server(4, Some("11"), START),
            server(5, Some("10"), START),
            server(6, Some(""), START),
        ],
    );
    assert_eq!(
        owner(&state, 1),
        Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "9".into() }),
        "it carries the id of a paid order"
    );
    assert_eq!(
        owner(&state, 2),
        Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "10".into() }),
        "an order points at it"
    );
    assert_eq!(owner(&state, 3), orphan(OrphanReason::OrderMissing("404".into())));
    assert_eq!(
        owner(&state, 4),
        orphan(OrphanReason::OrderNotLive(
            quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "11".into() },
            OrderStatus::Canceled
        ))
    );
    assert_eq!(
        owner(&state, 5),
        orphan(OrphanReason::OrderHasAnother(quarterdeck::model::ids::OrderKey {
            account: "shop".into(),
            id: "10".into()
        }))
    );
    assert_eq!(owner(&state, 6), orphan(OrphanReason::NoOwner));
    let finding =
        state.fleet().findings.iter().find(|finding| finding.check == "orphan-servers").expect("told");
    assert_eq!(finding.rows.len(), 4);
}

#[test]
fn a_server_seen_after_the_orders_waits_for_their_next_read() {
    let mut state = both(Vec::new(), Vec::new());
    state.observe(servers(later(10), vec![server(1, Some("812"), later(10))]), later(10));
    assert_eq!(owner(&state, 1), Ownership::Undecided, "its order may be newer than what is known");
    let mut sold = order("812", OrderStatus::Provisioned, later(11));
    sold.panel_server_id = Some(1);
    state.observe(orders(later(11), vec![sold], Vec::new()), later(11));
    assert_eq!(
        owner(&state, 1),
        Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() })
    );
}

#[test]
fn a_kept_server_is_no_orphan_and_an_order_wins_over_a_keeper() {
    let mut state = both(
        vec![order("9", OrderStatus::Paid, START)],
        vec![server(1, None, START), server(2, Some("9"), START)],
    );
    for id in [1, 2] {
        let kept = Observation::Kept {
            server: server_key(id),
            by: "ann@bastion".into(),
            reason: "ours".to_owned(),
            until: None,
        };
        state.observe(kept, START);
    }
    assert_eq!(owner(&state, 1), Ownership::Kept { by: "ann@bastion".into(), reason: "ours".to_owned() });
    assert_eq!(
        owner(&state, 2),
        Ownership::Order(quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "9".into() })
    );
    assert_eq!(state.fleet().summary.orphans, 0);
}

#[test]
fn an_orphan_keeps_the_time_since_when_it_is_one() {
    let mut state = both(Vec::new(), vec![server(1, None, START)]);
    state.observe(orders(later(60), vec![order("3", OrderStatus::Paid, START)], Vec::new()), later(60));
    assert_eq!(owner(&state, 1), orphan(OrphanReason::NoOwner));
}

fn trouble(state: &FleetState, id: &str) -> Option<OrderTrouble> {
    state.fleet().orders[&quarterdeck::model::ids::OrderKey { account: "shop".into(), id: id.into() }]
        .trouble
        .clone()
}

#[test]
fn orders_that_wait_too_long_stand_out_without_being_touched() {
    let mut state = both(
        vec![
            order("paid", OrderStatus::Paid, START),
            order("claimed", OrderStatus::Provisioning, START),
            order("broken", OrderStatus::Error, START),
        ],
        Vec::new(),
    );
    assert_eq!([trouble(&state, "paid"), trouble(&state, "claimed")], [None, None]);
    assert_eq!(trouble(&state, "broken"), Some(OrderTrouble::InError));
    state.observe(Observation::Tick, later(15 * 60));
    assert_eq!(
        [trouble(&state, "paid"), trouble(&state, "claimed")],
        [Some(OrderTrouble::PaidTooLong), None]
    );
    state.observe(Observation::Tick, later(30 * 60));
    assert_eq!(trouble(&state, "claimed"), Some(OrderTrouble::ProvisioningTooLong));
    assert_eq!(state.fleet().summary.stuck_orders, 3);
}

#[test]
fn a_provisioned_order_without_its_server_is_told_once_the_servers_were_read_after_it() {
    let mut sold = order("1", OrderStatus::Provisioned, START);
    sold.panel_server_id = Some(7);
    let mut state = both(vec![sold.clone()], vec![server(7, Some("1"), START)]);
    assert_eq!(
        state.fleet().orders[&quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "1".into() }]
            .server,
        Some(server_key(7))
    );
    state.observe(servers(later(5), Vec::new()), later(5));
    assert_eq!(trouble(&state, "1"), Some(OrderTrouble::ServerGone));
    assert_eq!(state.fleet().summary.orders_without_server, 1);
    let mut new = order("2", OrderStatus::Provisioned, later(9));
    new.panel_server_id = Some(8);
    state.observe(orders(later(9), vec![sold, new], vec![plan("EUR")]), later(9));
    assert_eq!(trouble(&state, "2"), None, "the servers were last read before this order was provisioned");
}

#[test]
fn burn_comes_from_the_plan_or_from_memory_and_what_has_no_rate_is_counted() {
    let state = both(
        vec![order("9", OrderStatus::Paid, START)],
        vec![server(1, Some("9"), START), server(2, None, START)],
    );
    let burn = |id| state.fleet().servers[&server_key(id)].burn_per_hour.clone();
    assert_eq!(burn(1), Some(Money::new(Decimal::new(1, 2), "EUR")), "7.30 a month");
    assert_eq!(burn(2), Some(Money::new(Decimal::new(1, 2), "EUR")), "2 GiB at half a cent");
    let summary = &state.fleet().summary;
    assert_eq!(summary.burn_per_hour, Some(Money::new(Decimal::new(2, 2), "EUR")));
    assert_eq!(summary.orphan_burn_per_hour, Some(Money::new(Decimal::new(1, 2), "EUR")));
    let mut dollars = FleetState::new(policy());
    dollars.observe(servers(START, vec![server(1, Some("9"), START)]), START);
    dollars.observe(orders(START, vec![order("9", OrderStatus::Paid, START)], vec![plan("USD")]), START);
    assert_eq!((dollars.fleet().summary.unconverted, &dollars.fleet().summary.burn_per_hour), (1, &None));
}
