//! What MariaDB does its own way: a connection killed in mid-claim.

use std::time::Duration;

use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::orders::ClaimOutcome;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

use crate::on;
use crate::shop::{Backend, Shop};

async fn admin(shop: &Shop) -> MySqlConnection {
    let url = &shop.database.as_ref().expect("a database").url;
    MySqlConnection::connect(url).await.expect("MariaDB")
}

/// The connection that waits with its update.
async fn waiting_update(connection: &mut MySqlConnection) -> u64 {
    let search = async {
        loop {
            let rows = sqlx::query("SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE%'")
                .fetch_all(&mut *connection)
                .await
                .expect("the process list");
            if let Some(row) = rows.first() {
                return row.get(0);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), search).await.expect("a waiting update")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_connection_is_killed_may_be_repeated() {
    on(Backend::MariaDb, async |shop: &Shop| {
        let (orders, id) = (shop.connect().await, shop.order(1));
        let (mut holder, mut killer) = (admin(shop).await, admin(shop).await);
        let mut lock = holder.begin().await.expect("a transaction");
        sqlx::query("SELECT 1 FROM orders WHERE id = 1 FOR UPDATE")
            .execute(&mut *lock)
            .await
            .expect("the lock");
        let claim = tokio::spawn({
            let (orders, id) = (orders.clone(), id.clone());
            async move { orders.claim(&id, "run-a").await }
        });
        let victim = waiting_update(&mut killer).await;
        sqlx::raw_sql(AssertSqlSafe(format!("KILL {victim}"))).execute(&mut killer).await.expect("killed");
        let problem = claim.await.expect("no panic").expect_err("the answer is lost");
        assert_eq!((problem.kind, problem.effect), (ProblemKind::Unreachable, Effect::Possible), "{problem}");
        lock.rollback().await.expect("released");
        assert_eq!(orders.claim(&id, "run-a").await, Ok(ClaimOutcome::Claimed));
        assert!(matches!(orders.claim(&id, "run-b").await, Ok(ClaimOutcome::Taken { .. })));
    })
    .await;
}
