//! Simulators of the providers over real HTTP, on model only.
//!
//! Must not: import the clients they are used to test.

mod clock;
mod demo;
pub mod exaroton;
mod faults;
mod listener;
pub mod panel;
mod random;

pub use clock::DEFAULT_START;
pub use demo::{DemoOptions, DemoSite};
pub use faults::{Fault, FaultRates, OVERSIZED_BYTES};
