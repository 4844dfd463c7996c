//! What changed the burn of panels' servers: from where it counts, who did it, and nothing told twice.

use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::state::{FleetState, Observation};
use quarterdeck::model::action::{ActionPlan, ActionRequest, Confirmation, Parameters};
use quarterdeck::model::fleet::{Change, Fleet};
use quarterdeck::model::ids::OrderKey;
use quarterdeck::model::order::{Order, OrderStatus};
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::server::Server;
use quarterdeck::model::spend::{BurnChange, BurnerOwner, Cause, ChangeKind};
use quarterdeck::model::time::Timestamp;

use crate::things::{START, order, plan, server, server_key};

fn later(seconds: u64) -> Timestamp {
    START.plus_millis(seconds * 1000)
}

fn orders(asked_at: Timestamp, orders: Vec<Order>) -> Observation {
    Observation::Orders {
        account: "shop".into(),
        asked_at,
        orders,
        plans: vec![plan("EUR")],
        region_nodes: Vec::new(),
    }
}

fn servers(asked_at: Timestamp, servers: Vec<Server>) -> Observation {
    Observation::Servers { account: "panel".into(), asked_at, servers }
}

fn provisioned(id: &str) -> Order {
    order(id, OrderStatus::Provisioned, START)
}

/// A panel with a server of order 1, read with its shop.
fn known() -> FleetState {
    let policy =
        ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() };
    let mut state = FleetState::new(policy);
    state.observe(servers(START, vec![server(1, Some("1"), START)]), START);
    state.observe(orders(START, vec![provisioned("1"), provisioned("2")]), START);
    state
}

fn run(request: ActionRequest, at: Timestamp) -> Observation {
    Observation::Run(Box::new(Run {
        id: format!("run {}", at.0).into(),
        plan: ActionPlan {
            id: "plan".into(),
            request,
            title: String::new(),
            checks: Vec::new(),
            steps: Vec::new(),
            burn_before: None,
            burn_after: None,
            confirmation: Confirmation::YesNo,
            parameters: Parameters::Undecided,
            made_at: at,
            valid_until: at,
            budget: None,
        },
        by: "ann@bastion".into(),
        status: RunStatus::Running,
        steps: Vec::new(),
        started_at: at,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }))
}

fn told(changes: &[BurnChange]) -> Vec<(&str, ChangeKind, Option<&str>)> {
    let by = |change: &BurnChange| match &change.cause {
        Cause::Run { by, .. } => by.as_str().len(),
        Cause::Outside => 0,
    };
    changes
        .iter()
        .map(|change| (change.server.id.as_str(), change.kind, (by(change) > 0).then_some("ours")))
        .collect()
}

#[test]
fn what_the_first_reads_find_is_no_change_and_a_flicker_is_none_either() {
    let mut state = known();
    assert_eq!(state.take_burn_changes(), []);
    let both = || vec![server(1, Some("1"), later(10)), server(2, Some("2"), later(10))];
    state.observe(servers(later(10), both()), later(10));
    state.observe(servers(later(20), vec![server(1, Some("1"), later(20))]), later(20));
    assert_eq!(state.take_burn_changes(), [], "it came and went since it was asked last");
    state.observe(servers(later(30), both()), later(30));
    let changes = state.take_burn_changes();
    assert_eq!(told(&changes), [("2", ChangeKind::Started, None)]);
    assert_eq!(changes[0].owner, BurnerOwner::Order("2".into()));
    assert_eq!((changes[0].since, changes[0].at), (later(20), later(30)));
    assert_eq!(changes[0].unit.as_ref().map(|unit| unit.0.as_str()), Some("EUR"));
    assert_eq!(state.take_burn_changes(), [], "told once");
}

#[test]
fn runs_on_the_order_and_on_the_server_did_it() {
    let mut state = known();
    let order = OrderKey { account: "shop".into(), id: "2".into() };
    state.observe(run(ActionRequest::ProvisionOrder { order: order.clone() }, later(5)), later(5));
    state.observe(Observation::OneServer(Box::new(server(2, Some("2"), later(10)))), later(10));
    let changes = state.take_burn_changes();
    assert_eq!(told(&changes), [("2", ChangeKind::Started, Some("ours"))]);
    let Cause::Run { order: about, action, .. } = &changes[0].cause else { panic!("no run") };
    assert_eq!((about.as_ref(), action.as_str()), (Some(&order), "provision_order"));
    let destroy = ActionRequest::Destroy { server: server_key(1), is_forced: false };
    state.observe(run(destroy, later(20)), later(20));
    state.observe(Observation::ServerGone(server_key(1)), later(25));
    state.observe(Observation::ServerGone(server_key(2)), later(25));
    assert_eq!(
        told(&state.take_burn_changes()),
        [("1", ChangeKind::Stopped, Some("ours")), ("2", ChangeKind::Stopped, Some("ours"))],
        "a provisioning that is undone takes its server away"
    );
}

#[test]
fn what_is_remembered_is_where_the_changes_go_on_from() {
    let remembered: Vec<Change> = known().fleet().snapshot().collect();
    let policy =
        ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() };
    let mut state = FleetState::new(policy);
    state.remember(remembered, later(60));
    state.observe(servers(later(60), vec![server(2, Some("2"), later(60))]), later(60));
    state.observe(orders(later(60), vec![provisioned("1"), provisioned("2")]), later(60));
    assert_eq!(
        told(&state.take_burn_changes()),
        [("1", ChangeKind::Stopped, None), ("2", ChangeKind::Started, None)]
    );
}

#[test]
fn what_a_panel_burns_is_told_in_total_and_by_currency() {
    let mut state = known();
    let panels = |state: &FleetState| state.fleet().billed_later.values().cloned().collect::<Vec<_>>();
    let [panel] = &panels(&state)[..] else { panic!("one panel") };
    assert_eq!((panel.servers, panel.unpriced), (1, 0));
    assert_eq!(panel.in_one_currency().map(ToString::to_string).as_deref(), Some("0.01 EUR"));
    let told = state.observe(
        servers(
            later(10),
            vec![
                server(1, Some("1"), later(10)),
                server(2, Some("2"), later(10)),
                server(3, None, later(10)),
            ],
        ),
        later(10),
    );
    let totals = told.iter().filter(|change| matches!(change, Change::BilledLater(_))).count();
    assert_eq!(totals, 1, "{told:?}");
    let [panel] = &panels(&state)[..] else { panic!("one panel") };
    assert_eq!((panel.servers, panel.unpriced), (2, 1));
    assert_eq!(panel.in_one_currency().map(ToString::to_string).as_deref(), Some("0.02 EUR"));
    let mirror = state.fleet().snapshot().fold(Fleet::default(), |mut mirror, change| {
        mirror.apply(change);
        mirror
    });
    assert_eq!(mirror.billed_later, state.fleet().billed_later);
    let told = state.observe(Observation::Tick, later(20));
    assert!(!told.iter().any(|change| matches!(change, Change::BilledLater(_))), "only when it moves");
}

#[test]
fn another_currency_is_a_stop_and_a_start() {
    let mut state = known();
    let dollars = Observation::Orders {
        account: "shop".into(),
        asked_at: later(10),
        orders: vec![provisioned("1"), provisioned("2")],
        plans: vec![plan("USD")],
        region_nodes: Vec::new(),
    };
    state.observe(dollars, later(10));
    let changes = state.take_burn_changes();
    assert_eq!(told(&changes), [("1", ChangeKind::Stopped, None), ("1", ChangeKind::Started, None)]);
    let units: Vec<&str> =
        changes.iter().filter_map(|change| change.unit.as_ref()).map(|unit| unit.0.as_str()).collect();
    assert_eq!(units, ["EUR", "USD"]);
}
