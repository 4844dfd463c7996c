//! The engine: reducers against a mirror, who owns what, pollers under a paused clock, restarts, processes.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

mod burn_changes;
mod condition;
mod matches;
mod ownership;
mod polling;
mod processes;
mod reducing;
mod register;
mod restart;
mod site;
mod things;
mod usage;
