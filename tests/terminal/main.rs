//! The console as a terminal sees it: frames, bytes, the loop with a made-up terminal, and the program in a PTY.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

mod credits;
mod frames;
#[path = "../support/large_site.rs"]
mod large_site;
mod looped;
mod program;
#[path = "../support/pty.rs"]
mod pty;
mod stage;
mod streams;
