//! Credits from the provider to the books: an engine over a simulated exaroton, its snapshots, its alerts, its restarts.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

#[path = "../support/credits_past.rs"]
mod credits_past;

mod alerts;
mod books;
mod causes;
mod dathost;
mod kill;
mod lab;
mod month;
mod past;
#[path = "../support/poppler.rs"]
mod poppler;
mod reports;
