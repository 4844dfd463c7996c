//! The program as an operator uses it: the real binary, its exit codes, its output, its engine's process.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

mod acting;
mod credits;
mod demo;
mod engine_process;
mod exaroton;
mod lists;
mod matches;
mod panics;
#[path = "../support/pty.rs"]
mod pty;
mod reports;
mod secrets;
mod sim;
mod site;
