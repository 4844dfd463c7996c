//! The DatHost client against its simulator: every call, every quirk, every fault; and the simulator's own bill.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

mod bill;
mod calls;
mod changes;
mod faults;
mod lab;
mod matches;
mod published;
mod webhooks;
