//! Runs against the real store, the panel simulator and real orders databases: once or not at all, whatever breaks.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]
#![expect(clippy::panic, reason = "helpers of a test fail the test")]

mod budget;
mod contention;
mod crash;
mod faults;
mod provision;
mod scripted;
mod servers;
#[path = "../support/services.rs"]
mod services;
mod sigkill;
mod site;
mod steps;
mod takeover;
mod two_shops;
