//! Runs on servers that burn credits, over the simulated exaroton: once or not at all, and the end is told.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]
#![expect(clippy::panic, reason = "helpers of a test fail the test")]

mod consoles;
mod crash;
mod faults;
mod plans;
#[path = "../runs/scripted.rs"]
#[expect(dead_code, reason = "the runs of panel servers use more of it")]
mod scripted;
mod settings;
mod signals;
mod site;
