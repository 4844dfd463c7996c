//! Simulators of the providers over real HTTP, on model only.
//!
//! Must not: import the clients they are used to test.

mod answer;
mod clock;
pub mod dathost;
mod demo;
pub mod exaroton;
mod faults;
mod limit;
mod listener;
mod micro;
pub mod panel;
mod path;
mod random;
mod records;
mod tasks;

pub use clock::DEFAULT_START;
pub use demo::{DemoOptions, DemoSite};
pub use faults::{Fault, FaultRates, OVERSIZED_BYTES};
pub use records::RequestRecord;
