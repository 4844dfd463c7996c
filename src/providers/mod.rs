//! Adapters to outside systems: one folder each, and the one request path they share.
//!
//! Must not: decide anything; they report what was seen and do what they are told.

mod console_text;
pub mod dathost;
mod exact;
pub mod exaroton;
mod live_queue;
pub mod orders;
mod path;
pub mod pterodactyl;
pub mod transport;
mod verdict;
