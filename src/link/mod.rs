//! The protocol between clients and an engine: frames, client, server, transports.
//!
//! Must not: know what a request means; the engine answers, the console asks.

pub mod client;
mod driver;
pub mod packed;
pub mod server;
pub mod transport;
pub mod unix;
pub mod wire;

pub use client::{EngineIdentity, LinkClient, LinkCommand, LinkEvent, LinkPeer};
pub use driver::{LinkOptions, connect};
