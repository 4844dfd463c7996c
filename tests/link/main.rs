//! The link: golden bytes of every message, round trips, hostile bytes, slow readers, reconnecting, ten consoles.
#![expect(clippy::expect_used, reason = "helpers of a test fail the test")]

mod golden;
mod hostile;
mod matches;
mod sessions;
