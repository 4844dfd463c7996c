//! Runs of matches from the request to the destroyed server: one server at a time, each result once, nothing left, to the cent.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]
#![expect(clippy::panic, reason = "helpers of a test fail the test")]

mod crash;
mod ends;
mod leaks;
mod lost;
#[path = "../runs/scripted.rs"]
#[expect(dead_code, reason = "the runs of panel servers use more of it")]
mod scripted;
mod servers;
mod site;
mod storm;
mod whole;
mod world;
