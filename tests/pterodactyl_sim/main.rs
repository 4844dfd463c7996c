//! The panel simulator: held against recorded answers of a real panel, and its own faults, races, sockets and worlds.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

mod behaviour;
mod contract;
mod faults;
mod http;
mod lab;
mod socket;
mod worlds;
