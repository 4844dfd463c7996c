//! The orders database on real servers: one suite for `SQLite`, PostgreSQL, PostgreSQL through PgBouncer in transaction
//! mode, and MariaDB; then what only one of them can do.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

#[path = "../support/services.rs"]
mod services;

mod demo;
mod mariadb;
mod pooler;
mod postgres;
mod shop;
mod suite;
mod tls;
mod trouble;

use shop::{Backend, Shop};

/// Runs a test on a database of its own; where the service does not run, says so and passes.
async fn on(backend: Backend, test: impl AsyncFnOnce(&Shop)) {
    if let Some(shop) = Shop::open(backend).await {
        test(&shop).await;
        shop.close().await;
    }
}

/// Makes each function of the suite a test on every database.
macro_rules! on_every_database {
    ($($name:ident),* $(,)?) => {
        on_every_database!(@ sqlite Sqlite $($name)*);
        on_every_database!(@ postgres_direct Postgres $($name)*);
        on_every_database!(@ postgres_pooled PgBouncer $($name)*);
        on_every_database!(@ maria_db MariaDb $($name)*);
    };
    (@ $module:ident $backend:ident $($name:ident)*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::on(crate::shop::Backend::$backend, crate::suite::$name).await;
            })*
        }
    };
}

on_every_database!(
    a_snapshot_joins_customers_links_addons_and_keeps_amounts_exact,
    of_thirty_claimers_exactly_one_wins,
    a_claim_is_repeatable_by_its_owner_and_by_nobody_else,
    only_paid_and_failed_orders_can_be_claimed,
    a_claim_is_taken_over_only_as_it_was_seen,
    an_offer_is_one_plan_and_the_regions,
    release_and_complete_need_the_token,
    a_canceled_order_stays_canceled,
    an_overlong_message_is_cut_and_the_release_succeeds,
    a_customer_is_linked_once,
    ids_that_the_column_cannot_hold_are_gone,
    names_can_be_mapped,
    missing_columns_are_named_and_nothing_is_created,
    a_sound_database_passes_the_doctor,
    the_present_moment_is_written,
);
