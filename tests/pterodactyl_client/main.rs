//! The panel client against recorded answers, a scripted server and a scripted daemon.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test fail the test")]

mod captures;
mod console;
mod decoders;
mod faults;
mod paging;
mod secrets;
mod server;
mod sim;
mod tls;
