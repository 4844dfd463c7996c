//! Simulators of the providers over real HTTP, on model only.
//!
//! Must not: import the clients they are used to test.

mod demo;
pub mod panel;

pub use demo::{DemoOptions, DemoSite};
