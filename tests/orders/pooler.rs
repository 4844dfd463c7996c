//! The wrong-rows trap of a transaction-mode pooler (`providers/hosting.md` §5.5), against a real PgBouncer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use quarterdeck::providers::orders::ClaimOutcome;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::on;
use crate::shop::{Backend, Shop};

/// Orders that the readers ask for, each with a name of its own.
const ORDERS: u32 = 40;
/// Readers at once; the pooler has three connections to the server.
const READERS: u32 = 12;
/// Answers that each reader checks.
const ANSWERS: u32 = 60;

async fn add_orders(shop: &Shop) {
    for number in 100..100 + ORDERS {
        shop.run(&format!(
            "INSERT INTO orders (id, user_id, plan_id, status, server_name) VALUES ('{}', '{}', '{}', 'paid', 'Server {number}')",
            shop.id(number), shop.id(1), shop.id(1)
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_contention_every_answer_is_the_one_that_was_asked_for() {
    on(Backend::PgBouncer, async |shop: &Shop| {
        add_orders(shop).await;
        let readers = (0..READERS).map(|reader| {
            let settings = shop.settings();
            let ids: Vec<_> = (100..100 + ORDERS).map(|number| (number, shop.order(number))).collect();
            tokio::spawn(async move {
                let orders = quarterdeck::providers::orders::connect(&settings, crate::shop::clock())
                    .await
                    .expect("settings");
                for round in 0..ANSWERS {
                    let (number, id) = &ids[((reader * 7 + round * 3) % ORDERS) as usize];
                    let order = orders.read_order(id).await.expect("an answer").expect("the order");
                    assert_eq!((&order.id, order.server_name), (id, Some(format!("Server {number}"))));
                    // Writes are mixed in: each reader claims orders of its own numbers.
                    if round % 10 == 0 && number % READERS == reader {
                        let token = format!("run-{reader}");
                        assert_eq!(
                            orders.claim(id, &token).await.expect("an outcome"),
                            ClaimOutcome::Claimed
                        );
                    }
                }
                assert_eq!(orders.read_all().await.expect("a snapshot").orders.len(), 7 + ORDERS as usize);
            })
        });
        for reader in join_all(readers).await {
            reader.expect("every answer was right");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_pooler_really_switches_servers_between_transactions() {
    on(Backend::PgBouncer, async |shop: &Shop| {
        let url = shop.database.as_ref().expect("a database").url.clone();
        // As ours: PgBouncer 1.18 refuses the parameter that sqlx would send.
        let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
        let options = options.extra_float_digits(None);
        let mut client = PgConnection::connect_with(&options).await.expect("PgBouncer");
        let mut seen = BTreeSet::new();
        let search = async {
            while seen.len() < 2 {
                seen.insert(server_of(&mut client).await);
                // Others hold the server that this client had last.
                let mut holder = PgConnection::connect_with(&options).await.expect("PgBouncer");
                sqlx::raw_sql("BEGIN").execute(&mut holder).await.expect("a transaction");
                server_of(&mut holder).await;
                seen.insert(server_of(&mut client).await);
                holder.close().await.expect("closed");
            }
        };
        tokio::time::timeout(Duration::from_secs(30), search)
            .await
            .expect("one client, two servers: transaction mode");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trap_is_real_a_client_without_transactions_gets_answers_of_others() {
    on(Backend::PgBouncer, async |shop: &Shop| {
        let url = shop.database.as_ref().expect("a database").url.clone();
        let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
        let options = options.extra_float_digits(None);
        let is_sprung = Arc::new(AtomicBool::new(false));
        let clients = (0..READERS).map(|client| {
            let (options, is_sprung) = (options.clone(), is_sprung.clone());
            tokio::spawn(async move {
                let mut connection = PgConnection::connect_with(&options).await.expect("PgBouncer");
                // The text differs by client, so that somebody else's statement is a different one.
                let question = format!("SELECT {client}::bigint + $1::bigint * 0");
                while !is_sprung.load(Ordering::Relaxed) {
                    let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(question.clone()))
                        .persistent(false)
                        .bind(1_i64);
                    if query.fetch_one(&mut connection).await.is_ok_and(|answer| answer != i64::from(client))
                    {
                        is_sprung.store(true, Ordering::Relaxed);
                    }
                }
            })
        });
        tokio::time::timeout(Duration::from_secs(30), join_all(clients))
            .await
            .expect("a wrong answer within the deadline");
        assert!(is_sprung.load(Ordering::Relaxed));
    })
    .await;
}

/// The process behind this client's next statement; the simple protocol is safe anywhere.
async fn server_of(client: &mut PgConnection) -> i32 {
    let rows = sqlx::raw_sql(AssertSqlSafe("SELECT pg_backend_pid()".to_owned()))
        .fetch_all(client)
        .await
        .expect("the backend's process id");
    rows[0].get(0)
}
