//! The register of servers: what each costs and for whom, orphans with their end and who ended them, over restarts.

use std::sync::Arc;

use quarterdeck::engine::money::register::{Register, RegisterChange, RegisterRecord, Sighting};
use quarterdeck::engine::money::registrar::{Registrar, read};
use quarterdeck::engine::policy::ReconcilePolicy;
use quarterdeck::engine::shared::SharedFleet;
use quarterdeck::engine::state::{FleetState, Observation};
use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::action::{ActionPlan, ActionRequest, Confirmation, Parameters};
use quarterdeck::model::order::{Order, OrderStatus};
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::server::Server;
use quarterdeck::model::spend::BurnerOwner;
use quarterdeck::model::time::{Clock, ManualClock, Timestamp};
use quarterdeck::store::Store;

use crate::things::{START, order, plan, server, server_key};

fn policy() -> ReconcilePolicy {
    ReconcilePolicy { sells: vec![("shop".into(), "panel".into())], ..ReconcilePolicy::default() }
}

fn at(minutes: u64) -> Timestamp {
    START.plus_millis(minutes * 60_000)
}

fn orders(now: Timestamp, orders: Vec<Order>) -> Observation {
    let plans = vec![plan("EUR")];
    Observation::Orders { account: "shop".into(), asked_at: now, orders, plans, region_nodes: Vec::new() }
}

/// The panel's servers, and that they were read.
fn servers(now: Timestamp, servers: Vec<Server>) -> [Observation; 2] {
    let feed = Feed {
        account: "panel".into(),
        provider: Provider::Pterodactyl,
        kind: FeedKind::Servers,
        succeeded_at: Some(now),
        attempted_at: Some(now),
        next_at: None,
        interval_ms: 15_000,
        problem: None,
        failures: 0,
        budget_remaining: None,
        is_late: false,
    };
    [
        Observation::Servers { account: "panel".into(), asked_at: now, servers },
        Observation::Feed(Box::new(feed)),
    ]
}

fn owned(id: u32, status: OrderStatus, now: Timestamp) -> Order {
    Order { panel_server_id: Some(i64::from(id)), ..order(&format!("o{id}"), status, now) }
}

fn destroying(status: RunStatus) -> Observation {
    Observation::Run(Box::new(Run {
        id: "run".into(),
        plan: ActionPlan {
            id: "plan".into(),
            request: ActionRequest::Destroy { server: server_key(1), is_forced: false },
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
        status,
        steps: Vec::new(),
        started_at: START,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }))
}

/// Looks at the fleet and takes in what changed.
fn look(register: &mut Register, state: &FleetState, now: Timestamp) -> Vec<RegisterChange> {
    let changes = register.changes(&Sighting::of(state.fleet(), START), now);
    for change in &changes {
        register.apply(change);
    }
    changes
}

#[test]
fn a_server_that_loses_its_order_is_an_orphan_until_somebody_ends_it() {
    let (mut state, mut register) = (FleetState::new(policy()), Register::default());
    for observation in servers(at(0), vec![server(1, None, at(0))]) {
        state.observe(observation, at(0));
    }
    assert!(look(&mut register, &state, at(0)).is_empty(), "nobody knows yet whose it is");
    state.observe(orders(at(0), vec![owned(1, OrderStatus::Provisioned, at(0))]), at(0));
    let [came] = look(&mut register, &state, at(0)).try_into().expect("one change");
    let entry = came.now.expect("it is there");
    assert_eq!(entry.owner, BurnerOwner::Order("o1".into()));
    assert_eq!(entry.per_hour.map(|money| money.to_string()).as_deref(), Some("0.01 EUR"));
    assert!(look(&mut register, &state, at(1)).is_empty(), "nothing changed, nothing is kept");

    state.observe(orders(at(5), vec![owned(1, OrderStatus::Canceled, at(5))]), at(5));
    let [orphaned] = look(&mut register, &state, at(6)).try_into().expect("one change");
    let entry = orphaned.now.expect("it is there");
    assert_eq!((entry.owner, entry.orphan_since), (BurnerOwner::Unowned, Some(at(5))));

    state.observe(destroying(RunStatus::Running), at(7));
    for observation in servers(at(8), Vec::new()) {
        state.observe(observation, at(8));
    }
    let [gone] = look(&mut register, &state, at(9)).try_into().expect("one change");
    assert_eq!((gone.now, gone.by), (None, Some("ann@bastion".into())));
    assert!(register.is_empty());
}

#[test]
fn a_run_that_failed_ended_nothing_and_an_engine_that_has_read_nothing_yet_forgets_nothing() {
    let (mut state, mut register) = (FleetState::new(policy()), Register::default());
    for observation in servers(at(0), vec![server(1, None, at(0))]) {
        state.observe(observation, at(0));
    }
    state.observe(orders(at(0), Vec::new()), at(0));
    look(&mut register, &state, at(0));
    // The next engine knows nothing and its first read fails: what was known stands.
    let empty = FleetState::new(policy());
    assert!(look(&mut register, &empty, at(10)).is_empty());
    state.observe(destroying(RunStatus::Failed), at(11));
    for observation in servers(at(12), Vec::new()) {
        state.observe(observation, at(12));
    }
    let [gone] = look(&mut register, &state, at(12)).try_into().expect("one change");
    assert_eq!((gone.now, gone.by), (None, None), "somebody else did that");
}

#[tokio::test]
async fn what_was_kept_is_read_again_and_time_without_an_engine_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(START));
    let shared: Arc<dyn Clock> = clock.clone();
    let (store, _) = Store::open(dir.path(), Arc::clone(&shared)).unwrap();
    let engine = || {
        let fleet = SharedFleet::new(policy(), Arc::clone(&shared));
        let now = clock.now();
        let some = vec![server(1, None, now), server(2, None, now)];
        for observation in servers(now, some) {
            fleet.observe(observation);
        }
        fleet.observe(orders(now, vec![owned(1, OrderStatus::Provisioned, now)]));
        Registrar::new(store.clone(), fleet)
    };
    let first = engine();
    first.look().await.unwrap();
    first.look().await.unwrap();
    let records = read(&store, None).unwrap();
    let [RegisterRecord::Changes(changes)] = records.as_slice() else { panic!("{records:#?}") };
    assert_eq!(changes.len(), 2);
    // A short restart is none; a long one is.
    clock.advance_millis(5 * 60_000);
    engine().look().await.unwrap();
    let unwatched = |records: &[RegisterRecord]| -> Vec<(Timestamp, Timestamp)> {
        let told = records.iter().filter_map(|record| match record {
            RegisterRecord::Unwatched { from, to } => Some((*from, *to)),
            RegisterRecord::Changes(_) => None,
        });
        told.collect()
    };
    assert_eq!(unwatched(&read(&store, None).unwrap()), []);
    clock.advance_millis(60 * 60_000);
    engine().look().await.unwrap();
    assert_eq!(unwatched(&read(&store, None).unwrap()), [(at(5), at(65))]);
    assert_eq!(read(&store, Some(at(5))).unwrap().len(), 1, "nothing behind a moment is read");
}
