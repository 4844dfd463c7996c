//! Frames of the console: every view in its states, drawn into a buffer and compared with what a person has read.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

mod budget;
mod credits;
mod dressed;
mod exaroton;
mod fixture;
mod matches;
mod matches_fixture;
mod money;
mod reports;
mod stage;
mod states;
mod views;
mod whole;
