//! What only PostgreSQL does: a killed connection in mid-claim, notifications, row-level security.

use std::time::Duration;

use quarterdeck::model::finding::Severity;
use quarterdeck::model::order::OrderStatus;
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::orders::{ClaimOutcome, OrdersDatabase, OrdersSource};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::on;
use crate::shop::{Backend, Shop, state};
use crate::suite::check;

/// How long a condition may take to come true; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

async fn admin(shop: &Shop) -> PgConnection {
    let url = shop.database.as_ref().expect("a database").direct_url();
    PgConnection::connect(&url).await.expect("PostgreSQL")
}

/// Repeats a query until it gives a row.
async fn until_a_row(connection: &mut PgConnection, query: &str) {
    let search = async {
        loop {
            let rows = sqlx::raw_sql(AssertSqlSafe(query.to_owned()))
                .fetch_all(&mut *connection)
                .await
                .expect("rows");
            if !rows.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("never a row: {query}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_connection_is_killed_may_be_repeated() {
    for backend in [Backend::Postgres, Backend::PgBouncer] {
        on(backend, async |shop: &Shop| {
            let (orders, id) = (shop.connect().await, shop.order(1));
            orders.read_all().await.expect("connected");
            let mut holder = admin(shop).await;
            let mut killer = admin(shop).await;
            let mut lock = holder.begin().await.expect("a transaction");
            sqlx::query("SELECT 1 FROM orders WHERE id = $1::uuid FOR UPDATE").bind(shop.id(1)).execute(&mut *lock).await.expect("the lock");
            let claim = tokio::spawn({
                let (orders, id) = (orders.clone(), id.clone());
                async move { orders.claim(&id, "run-a").await }
            });
            let waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE%'";
            until_a_row(&mut killer, &format!("SELECT pid {waiting}")).await;
            until_a_row(&mut killer, &format!("SELECT pg_terminate_backend(pid) {waiting}")).await;
            let problem = claim.await.expect("no panic").expect_err("the answer is lost");
            assert_eq!((problem.kind, problem.effect), (ProblemKind::Unreachable, Effect::Possible), "{problem}");
            lock.rollback().await.expect("released");
            assert_eq!(orders.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed), "{backend:?}");
            let taken = ClaimOutcome::Taken { status: OrderStatus::Provisioning, by: Some("run-a".to_owned()) };
            assert_eq!(orders.claim(&id, "run-b").await, Ok(taken));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_an_answer_in_time_may_have_happened() {
    on(Backend::Postgres, async |shop: &Shop| {
        let mut settings = shop.settings();
        let id = shop.order(1);
        let patient = shop.connect_with(&settings).await;
        patient.read_all().await.expect("connected");
        settings.operation_timeout_ms = 500;
        let hurried = shop.connect_with(&settings).await;
        hurried.read_all().await.expect("connected");
        let mut holder = admin(shop).await;
        let mut lock = holder.begin().await.expect("a transaction");
        sqlx::query("SELECT 1 FROM orders WHERE id = $1::uuid FOR UPDATE")
            .bind(shop.id(1))
            .execute(&mut *lock)
            .await
            .expect("the lock");
        let problem = hurried.claim(&id, "run-a").await.expect_err("no answer");
        assert_eq!((problem.kind, problem.effect), (ProblemKind::Timeout, Effect::Possible), "{problem}");
        lock.rollback().await.expect("released");
        // Whether it happened after all: the same token finds out.
        assert_eq!(patient.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed));
    })
    .await;
}

const NOTIFYING: &str = "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('shop_orders', NEW.id::text); RETURN NEW; END $$; \
     CREATE TRIGGER tell AFTER INSERT OR UPDATE OF status ON orders FOR EACH ROW EXECUTE FUNCTION tell();";

async fn woken(orders: &dyn OrdersDatabase, why: &str) {
    tokio::time::timeout(PATIENCE, orders.wait_for_change())
        .await
        .unwrap_or_else(|_| panic!("not woken: {why}"))
        .expect("waiting works");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_wake_the_waiter_also_after_a_lost_connection() {
    on(Backend::Postgres, async |shop: &Shop| {
        shop.run(NOTIFYING).await;
        let mut settings = shop.settings();
        settings.listen_channel = Some("shop_orders".to_owned());
        let orders = shop.connect_with(&settings).await;
        woken(orders.as_ref(), "listening has begun").await;
        shop.run(&format!("UPDATE orders SET status = 'paid' WHERE id = '{}'", shop.id(2))).await;
        woken(orders.as_ref(), "an order was paid").await;

        let mut killer = admin(shop).await;
        let listening = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        until_a_row(&mut killer, &format!("SELECT pg_terminate_backend(pid) {listening}")).await;
        // Something may have been missed: the waiter is told so when listening again.
        woken(orders.as_ref(), "listening again").await;
        until_a_row(&mut killer, &format!("SELECT 1 {listening}")).await;
        shop.run(&format!("UPDATE orders SET status = 'canceled' WHERE id = '{}'", shop.id(2))).await;
        woken(orders.as_ref(), "an order was canceled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_wakes_the_waiter_when_another_program_commits() {
    on(Backend::Sqlite, async |shop: &Shop| {
        let orders = shop.connect().await;
        woken(orders.as_ref(), "the first look").await;
        shop.run(&format!("UPDATE orders SET status = 'paid' WHERE id = '{}'", shop.id(2))).await;
        woken(orders.as_ref(), "an order was paid").await;
        assert_eq!(state(orders.as_ref(), &shop.order(2)).await.0, OrderStatus::Paid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_level_security_is_told_from_a_lost_race() {
    on(Backend::Postgres, async |shop: &Shop| {
        let name = &shop.database.as_ref().expect("a database").name;
        let role = format!("{name}_console");
        shop.run(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'row-level'; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}; \
             ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
        ))
        .await;
        let url = shop.database.as_ref().expect("a database").url.clone();
        let server = url.split_once('@').expect("user@host").1;
        let mut settings = shop.settings();
        settings.source = OrdersSource::Postgres { url: SecretString::from(format!("postgres://{role}:row-level@{server}")) };
        let (orders, id) = (shop.connect_with(&settings).await, shop.order(1));

        // No policy: nothing is visible, without any error.
        assert_eq!(orders.read_all().await.expect("a snapshot").orders, []);
        assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Gone));
        let findings = orders.problems_of_configuration().await.expect("findings");
        let visible = check(&findings, "orders-visible");
        assert_eq!(visible.severity, Severity::Warning);
        assert!(visible.rows[0].contains("row-level security"), "{visible:?}");

        // Reading only: a claim that changes nothing is not a lost race.
        shop.run(&format!("CREATE POLICY look ON orders FOR SELECT TO {role} USING (true)")).await;
        let problem = orders.claim(&id, "run").await.expect_err("no right to update");
        assert_eq!((problem.kind, problem.effect), (ProblemKind::Forbidden, Effect::None), "{problem}");

        // USING without WITH CHECK: PostgreSQL refuses the new row.
        shop.run(&format!("CREATE POLICY paid_rows ON orders FOR UPDATE TO {role} USING (status = 'paid')")).await;
        let problem = orders.claim(&id, "run").await.expect_err("the new row violates the policy");
        assert_eq!(problem.kind, ProblemKind::Forbidden, "{problem}");

        shop.run(&format!("CREATE POLICY all_rows ON orders FOR ALL TO {role} USING (true) WITH CHECK (true)")).await;
        assert_eq!(orders.claim(&id, "run").await, Ok(ClaimOutcome::Claimed));
        drop(orders);
        shop.run(&format!("DROP OWNED BY {role}; DROP ROLE {role};")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_are_missing_are_named_column_by_column() {
    on(Backend::Postgres, async |shop: &Shop| {
        let name = &shop.database.as_ref().expect("a database").name;
        let role = format!("{name}_reader");
        shop.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};")).await;
        let url = shop.database.as_ref().expect("a database").url.clone();
        let server = url.split_once('@').expect("user@host").1;
        let mut settings = shop.settings();
        settings.source = OrdersSource::Postgres { url: SecretString::from(format!("postgres://{role}:reader@{server}")) };
        let orders = shop.connect_with(&settings).await;
        let findings = orders.problems_of_configuration().await.expect("findings");
        let claim = check(&findings, "orders-columns-claim");
        assert_eq!(claim.severity, Severity::Error);
        assert!(claim.rows.iter().any(|row| row == "orders.status exists, but our role may not update it"), "{claim:?}");
        let problem = orders.claim(&shop.order(1), "run").await.expect_err("refused before anything is sent");
        assert_eq!(problem.effect, Effect::None);
        drop(orders);
        shop.run(&format!("DROP OWNED BY {role}; DROP ROLE {role};")).await;
        let mut connection = admin(shop).await;
        let left = sqlx::query("SELECT COUNT(*) FROM pg_roles WHERE rolname = $1").bind(&role).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(left.get::<i64, _>(0), 0);
    })
    .await;
}
