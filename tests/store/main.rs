//! The store's contract: nothing acknowledged is lost, damage is reported with its place, caches can be had again.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

mod damage;
mod failing_disk;
mod kill;
mod log;
mod maintenance;
mod model;
mod rebuild;
mod series;
mod support;
mod tables;
