//! The protocol between clients and an engine: frames, client, server, transports.
//!
//! Must not: know what a request means; the engine answers, the console asks.

pub mod client;

pub use client::{LinkClient, LinkCommand, LinkEvent, LinkPeer};
