//! What every database must do alike.

use std::collections::BTreeMap;

use futures::future::join_all;
use quarterdeck::model::finding::{Finding, Severity};
use quarterdeck::model::ids::OrderId;
use quarterdeck::model::money::Money;
use quarterdeck::model::order::OrderStatus;
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::model::time::Timestamp;
use quarterdeck::providers::orders::{ClaimOutcome, ProvisionedServer, Release};
use rust_decimal::Decimal;

use crate::shop::{Backend, Shop, read, state};

fn server() -> ProvisionedServer {
    ProvisionedServer { server_id: 4711, identifier: "1a2b3c4d".to_owned(), node_id: 4 }
}

/// The finding of a check.
pub fn check<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.check == name)
        .unwrap_or_else(|| panic!("no {name} in {findings:?}"))
}

pub async fn a_snapshot_joins_customers_links_addons_and_keeps_amounts_exact(shop: &Shop) {
    let orders = shop.connect().await;
    let snapshot = orders.read_all().await.expect("a snapshot");
    assert_eq!(snapshot.notices, Vec::<String>::new());
    assert_eq!((snapshot.orders.len(), snapshot.plans.len(), snapshot.region_nodes.len()), (7, 1, 2));

    let paid = snapshot.orders.iter().find(|order| order.id == shop.order(1)).expect("order 1");
    assert_eq!(paid.status, OrderStatus::Paid);
    assert_eq!(paid.amount, Some(Money::new(Decimal::new(1001, 2), "EUR")));
    assert_eq!(paid.customer.email.as_deref(), Some("ada@example.net"));
    assert_eq!(paid.customer.name.as_deref(), Some("Ada"));
    assert_eq!((paid.customer.panel_user_id, paid.plan.as_str()), (None, shop.id(1).as_str()));
    assert!(paid.created_at.is_some() && paid.updated_at.is_some());
    assert_eq!(paid.observed_at, Timestamp(1_795_000_000_000));
    if shop.backend != Backend::MariaDb {
        assert_eq!(paid.addons.len(), 1);
        assert_eq!((paid.addons[0].ram_mib, paid.addons[0].backups), (1024, 1));
    }
    let linked = snapshot.orders.iter().find(|order| order.id == shop.order(2)).expect("order 2");
    assert_eq!((linked.customer.panel_user_id, linked.addons.len()), (Some(77), 0));

    let plan = &snapshot.plans[0];
    assert_eq!(plan.price, Some(Money::new(Decimal::new(999, 2), "EUR")));
    assert_eq!((plan.is_active, plan.ram_mib, plan.egg_id, plan.io_weight), (true, 4096, Some(5), 500));
    let environment =
        BTreeMap::from([("MAP".to_owned(), "x".to_owned()), ("SLOTS".to_owned(), "12".to_owned())]);
    assert_eq!(plan.environment, environment);
    let regions: Vec<_> = snapshot
        .region_nodes
        .iter()
        .map(|r| (r.region.as_str(), r.panel_node_id, r.is_enabled, r.reserved_ram_mib))
        .collect();
    assert_eq!(regions, [("eu", 4, true, 512), ("us", 5, false, 0)]);

    let one = read(orders.as_ref(), &shop.order(1)).await;
    assert_eq!(&one, paid);
}

pub async fn of_thirty_claimers_exactly_one_wins(shop: &Shop) {
    // Three engines with a pool each.
    let engines = [shop.connect().await, shop.connect().await, shop.connect().await];
    let id = shop.order(1);
    let tokens: Vec<String> = (0..30).map(|number| format!("run-{number}")).collect();
    let claims = tokens.iter().enumerate().map(|(number, token)| {
        let engine = engines[number % engines.len()].clone();
        let (id, token) = (id.clone(), token.clone());
        tokio::spawn(async move { engine.claim(&id, &token).await })
    });
    let outcomes: Vec<ClaimOutcome> = join_all(claims)
        .await
        .into_iter()
        .map(|joined| joined.expect("no panic").expect("an outcome"))
        .collect();
    let winners: Vec<&String> = tokens
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == ClaimOutcome::Claimed)
        .map(|(t, _)| t)
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let taken = ClaimOutcome::Taken { status: OrderStatus::Provisioning, by: Some(winners[0].clone()) };
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == taken).count(), 29, "{outcomes:?}");
    assert_eq!(state(engines[0].as_ref(), &id).await, (OrderStatus::Provisioning, Some(winners[0].clone())));
}

pub async fn a_claim_is_repeatable_by_its_owner_and_by_nobody_else(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(1));
    for _ in 0..3 {
        assert_eq!(orders.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed));
    }
    let lost = ClaimOutcome::Taken { status: OrderStatus::Provisioning, by: Some("run-a".to_owned()) };
    assert_eq!(orders.claim(&id, "run-b").await, Ok(lost));
    assert_eq!(orders.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(
        state(orders.as_ref(), &shop.order(6)).await,
        (OrderStatus::Paid, None),
        "the other order is untouched"
    );
}

pub async fn only_paid_and_failed_orders_can_be_claimed(shop: &Shop) {
    let orders = shop.connect().await;
    let taken = |status, by: Option<&str>| Ok(ClaimOutcome::Taken { status, by: by.map(str::to_owned) });
    assert_eq!(orders.claim(&shop.order(2), "run").await, taken(OrderStatus::Pending, None));
    assert_eq!(orders.claim(&shop.order(3), "run").await, taken(OrderStatus::Provisioned, Some("done")));
    assert_eq!(orders.claim(&shop.order(5), "run").await, taken(OrderStatus::Canceled, None));
    assert_eq!(orders.claim(&shop.order(7), "run").await, taken(OrderStatus::Provisioning, Some("other")));
    assert_eq!(
        orders.claim(&shop.order(4), "run").await,
        Ok(ClaimOutcome::Claimed),
        "an order in error is retried"
    );
    assert_eq!(orders.claim(&shop.order(99), "run").await, Ok(ClaimOutcome::Gone));
    assert_eq!(orders.read_order(&shop.order(99)).await, Ok(None));
}

pub async fn a_claim_is_taken_over_only_as_it_was_seen(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(7));
    let lost = |by: &str| ClaimOutcome::Taken { status: OrderStatus::Provisioning, by: Some(by.to_owned()) };
    assert_eq!(orders.take_over(&id, Some("wrong"), "run-a").await, Ok(lost("other")));
    assert_eq!(orders.take_over(&id, None, "run-a").await, Ok(lost("other")));
    let both = join_all(["run-a", "run-b"].map(|token| orders.take_over(&id, Some("other"), token))).await;
    let winner = if both[0] == Ok(ClaimOutcome::Claimed) { "run-a" } else { "run-b" };
    let loser = if winner == "run-a" { "run-b" } else { "run-a" };
    let claimed = both.iter().filter(|outcome| **outcome == Ok(ClaimOutcome::Claimed)).count();
    assert_eq!(claimed, 1, "one of two takes it: {both:?}");
    assert_eq!(orders.take_over(&id, Some("other"), winner).await, Ok(ClaimOutcome::Claimed), "repeated");
    assert_eq!(orders.complete(&id, "other", &server()).await, Ok(false), "the first has no say any more");
    assert_eq!(orders.complete(&id, loser, &server()).await, Ok(false));
    assert_eq!(orders.complete(&id, winner, &server()).await, Ok(true));
    let done = ClaimOutcome::Taken { status: OrderStatus::Provisioned, by: Some(winner.to_owned()) };
    assert_eq!(orders.take_over(&id, Some(winner), "run-c").await, Ok(done));
    let paid = ClaimOutcome::Taken { status: OrderStatus::Paid, by: None };
    assert_eq!(
        orders.take_over(&shop.order(1), None, "run-c").await,
        Ok(paid),
        "nobody holds it: it is claimed"
    );
    assert_eq!(orders.take_over(&shop.order(99), None, "run-c").await, Ok(ClaimOutcome::Gone));
}

pub async fn an_offer_is_one_plan_and_the_regions(shop: &Shop) {
    let orders = shop.connect().await;
    let all = orders.read_all().await.expect("a snapshot");
    let bought = all.orders.iter().find(|order| order.id == shop.order(1)).expect("order 1").plan.clone();
    let offer = orders.read_offer(&bought).await.expect("an offer");
    assert_eq!(offer.plan.as_ref(), all.plans.iter().find(|plan| plan.id == bought));
    assert!(offer.plan.is_some());
    assert_eq!(offer.region_nodes, all.region_nodes);
    assert_eq!(orders.read_offer(&"no such plan".into()).await.expect("an answer").plan, None);
}

pub async fn release_and_complete_need_the_token(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(1));
    let error = || Release::Error { message: "no node has room".to_owned() };
    assert_eq!(orders.complete(&id, "run-a", &server()).await, Ok(false), "nobody claimed it");
    assert_eq!(orders.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(orders.release(&id, "run-b", error()).await, Ok(false));
    assert_eq!(orders.complete(&id, "run-b", &server()).await, Ok(false));
    // Released to error, twice as after a lost answer; then another run takes over and the first has no say any more.
    assert_eq!(orders.release(&id, "run-a", error()).await, Ok(true));
    assert_eq!(orders.release(&id, "run-a", error()).await, Ok(true));
    let failed = read(orders.as_ref(), &id).await;
    assert_eq!(
        (failed.status, failed.error_message.as_deref()),
        (OrderStatus::Error, Some("no node has room"))
    );
    assert_eq!(
        orders.complete(&id, "run-a", &server()).await,
        Ok(false),
        "a released order needs a new claim"
    );
    assert_eq!(orders.claim(&id, "run-b").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(read(orders.as_ref(), &id).await.error_message, None, "a new attempt clears the old message");
    assert_eq!(orders.release(&id, "run-a", Release::Paid).await, Ok(false));
    assert_eq!(orders.release(&id, "run-b", Release::Paid).await, Ok(true));
    assert_eq!(read(orders.as_ref(), &id).await.status, OrderStatus::Paid);
    // Completed, twice.
    assert_eq!(orders.claim(&id, "run-c").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(orders.complete(&id, "run-c", &server()).await, Ok(true));
    assert_eq!(orders.complete(&id, "run-c", &server()).await, Ok(true));
    let done = read(orders.as_ref(), &id).await;
    assert_eq!(done.status, OrderStatus::Provisioned);
    assert_eq!(
        (done.panel_server_id, done.panel_identifier.as_deref(), done.panel_node_id),
        (Some(4711), Some("1a2b3c4d"), Some(4))
    );
    assert_eq!(orders.release(&id, "run-c", Release::Paid).await, Ok(false), "what is done is not released");
}

pub async fn a_canceled_order_stays_canceled(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(1));
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
    shop.run(&format!("UPDATE orders SET status = 'canceled' WHERE id = '{id}'")).await;
    assert_eq!(orders.complete(&id, "run", &server()).await, Ok(false));
    assert_eq!(orders.release(&id, "run", Release::Paid).await, Ok(false));
    let by = Some("run".to_owned());
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Taken { status: OrderStatus::Canceled, by }));
}

pub async fn an_overlong_message_is_cut_and_the_release_succeeds(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(1));
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
    let message = "ü".repeat(5_000);
    assert_eq!(orders.release(&id, "run", Release::Error { message }).await, Ok(true));
    let kept = read(orders.as_ref(), &id).await.error_message.expect("a message").chars().count();
    assert_eq!(kept, if shop.backend == Backend::Sqlite { 5_000 } else { 200 });
}

pub async fn a_customer_is_linked_once(shop: &Shop) {
    let orders = shop.connect().await;
    let user = shop.id(1);
    let links = (0..8).map(|_| orders.link_customer(&user, 301));
    for linked in join_all(links).await {
        if let Err(problem) = linked {
            // Only a deadlock of concurrent writers, which may be repeated.
            assert_eq!((problem.kind, problem.effect), (ProblemKind::Conflict, Effect::None), "{problem}");
        }
    }
    assert_eq!(orders.link_customer(&user, 301).await, Ok(()));
    assert_eq!(read(orders.as_ref(), &shop.order(1)).await.customer.panel_user_id, Some(301));
    let problem = orders.link_customer(&user, 302).await.expect_err("a different link stays");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains("301"), "{problem}");
    assert_eq!(read(orders.as_ref(), &shop.order(1)).await.customer.panel_user_id, Some(301));
    let unknown = orders.link_customer(&shop.id(98), 1).await.expect_err("no such customer");
    assert!(matches!(unknown.kind, ProblemKind::NotFound | ProblemKind::Invalid), "{unknown:?}");
}

pub async fn ids_that_the_column_cannot_hold_are_gone(shop: &Shop) {
    let orders = shop.connect().await;
    for id in ["no such id", "1abc", "", "' OR 1=1 --", "99999999999999999999999"] {
        let id = OrderId::from(id);
        assert_eq!(orders.read_order(&id).await, Ok(None), "{id:?}");
        assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Gone), "{id:?}");
    }
    assert_eq!(state(orders.as_ref(), &shop.order(1)).await, (OrderStatus::Paid, None));
}

pub async fn names_can_be_mapped(shop: &Shop) {
    shop.run("ALTER TABLE orders RENAME TO purchases").await;
    shop.run("ALTER TABLE purchases RENAME COLUMN claim_token TO qd_claim").await;
    shop.run("ALTER TABLE purchases RENAME COLUMN status TO state").await;
    let mapping = [
        ("orders", "purchases"),
        ("orders.claim_token", "qd_claim"),
        ("orders.status", "state"),
        ("orders.region", ""),
    ];
    let (orders, id) = (shop.connect_mapped(&mapping).await, shop.order(1));
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(orders.complete(&id, "run", &server()).await, Ok(true));
    let order = read(orders.as_ref(), &id).await;
    assert_eq!((order.status, order.region), (OrderStatus::Provisioned, None));
    if shop.backend == Backend::Postgres {
        shop.run("CREATE SCHEMA shop; ALTER TABLE purchases SET SCHEMA shop").await;
        let mapping =
            [("orders", "shop.purchases"), ("orders.claim_token", "qd_claim"), ("orders.status", "state")];
        let orders = shop.connect_mapped(&mapping).await;
        assert_eq!(orders.read_all().await.expect("a snapshot").orders.len(), 7);
    }
}

pub async fn missing_columns_are_named_and_nothing_is_created(shop: &Shop) {
    shop.run("ALTER TABLE orders DROP COLUMN claim_token").await;
    shop.run("ALTER TABLE orders DROP COLUMN server_name").await;
    let before = shop.catalogue().await;
    let (orders, id) = (shop.connect().await, shop.order(1));
    assert_eq!(orders.read_all().await.expect("orders can still be shown").orders.len(), 7);
    let problem = orders.claim(&id, "run").await.expect_err("no safe claim without a token column");
    assert_eq!((problem.kind, problem.effect), (ProblemKind::Invalid, Effect::None));
    assert!(problem.message.contains("orders.claim_token"), "{problem}");
    let findings = orders.problems_of_configuration().await.expect("findings");
    let claim = check(&findings, "orders-columns-claim");
    assert_eq!(claim.severity, Severity::Error);
    assert!(claim.rows.iter().any(|row| row.contains("orders.claim_token does not exist")), "{claim:?}");
    let optional = check(&findings, "orders-columns-optional");
    assert!(
        optional.rows.iter().any(|row| row.contains("orders.server_name does not exist")),
        "{optional:?}"
    );
    assert_eq!(state(orders.as_ref(), &id).await, (OrderStatus::Paid, None));
    // Somebody adds the column: no restart is needed.
    assert_eq!(shop.catalogue().await, before, "nothing may be created in a customer's database");
    shop.run("ALTER TABLE orders ADD COLUMN claim_token TEXT").await;
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));

    let unreadable = shop.connect_mapped(&[("orders.status", "nope"), ("plans", "no_such_table")]).await;
    let problem = unreadable.read_all().await.expect_err("nothing can be read");
    assert!(problem.message.contains("orders.nope does not exist"), "{problem}");
    assert!(problem.message.contains("no_such_table does not exist"), "{problem}");
}

pub async fn a_sound_database_passes_the_doctor(shop: &Shop) {
    let before = shop.catalogue().await;
    let orders = shop.connect().await;
    let findings = orders.problems_of_configuration().await.expect("findings");
    for name in ["orders-columns-required", "orders-columns-claim", "orders-visible"] {
        assert_eq!(check(&findings, name).severity, Severity::Ok, "{findings:?}");
    }
    let pooler = findings.iter().find(|finding| finding.check == "orders-pooler");
    let expected = match shop.backend {
        Backend::PgBouncer => Some(Severity::Warning),
        Backend::Postgres => Some(Severity::Ok),
        Backend::Sqlite | Backend::MariaDb => None,
    };
    assert_eq!(pooler.map(|finding| finding.severity), expected);
    // A whole life of an order leaves the schema as it was.
    let id = shop.order(1);
    orders.read_all().await.expect("a snapshot");
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
    assert_eq!(orders.link_customer(&shop.id(1), 5).await, Ok(()));
    assert_eq!(orders.complete(&id, "run", &server()).await, Ok(true));
    assert_eq!(shop.catalogue().await, before);
}

pub async fn the_present_moment_is_written(shop: &Shop) {
    let (orders, id) = (shop.connect().await, shop.order(1));
    shop.run(&format!("UPDATE orders SET updated_at = '2020-01-01 00:00:00' WHERE id = '{id}'")).await;
    let before = read(orders.as_ref(), &id).await;
    assert_eq!(before.updated_at.map(|t| t.to_string()), Some("2020-01-01T00:00:00.000Z".to_owned()));
    assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
    let after = read(orders.as_ref(), &id).await;
    assert!(after.updated_at > after.created_at.map(|t| Timestamp(t.0 - 3_600_000)), "{after:?}");
    assert_eq!(after.created_at, before.created_at);
}
