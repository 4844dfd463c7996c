//! The truth of money: a simulated month in which everything happens that happens, and what was observed of it beside the
//! simulator's own bill.

mod check;
mod engine;
mod life;

use check::Verdict;
use life::{Life, Plan};

/// Days of a month.
const DAYS: u32 = 30;

/// Lives a plan and says how it went.
async fn lived(plan: Plan) -> Verdict {
    let verdict = Life::begin(plan).await.live().await;
    println!("seed {}: {verdict}", plan.seed);
    verdict
}

async fn month(seed: u64) {
    let verdict = lived(Plan { days: DAYS, ..Plan::of(seed) }).await;
    assert!(verdict.violations.is_empty(), "seed {seed}: {:#?}", verdict.violations);
    assert!(verdict.saw_everything(), "seed {seed}: something never happened: {verdict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_month_is_observed_to_the_last_unit_first_seed() {
    month(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_month_is_observed_to_the_last_unit_second_seed() {
    month(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_week_of_a_seed_that_nobody_chose_is_observed_to_the_last_unit() {
    let seed = rand::random();
    let verdict = lived(Plan { days: 7, ..Plan::of(seed) }).await;
    assert!(verdict.violations.is_empty(), "seed {seed}: {:#?}", verdict.violations);
}

/// The test can fail: an engine that believes in a price that is 3 % too high is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_price_is_found_out() {
    let verdict = lived(Plan { price_hundredths: 103, ..Plan::of(3) }).await;
    assert!(!verdict.violations.is_empty());
    assert!(verdict.violations.iter().all(|text| text.contains("declared")), "{:#?}", verdict.violations);
}

/// The test can fail: one charge that the books did not see, or one that never was, is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_missed_charge_is_found_out() {
    let verdict = lived(Plan { misses_a_charge: true, ..Plan::of(3) }).await;
    assert!(!verdict.violations.is_empty());
    assert!(verdict.violations.iter().all(|text| text.contains("observed")), "{:#?}", verdict.violations);
}
