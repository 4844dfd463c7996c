//! Runs: a plan carried out once or not at all, with a journal that survives every crash.
//!
//! ```text
//! plan ─ execute ─► RunStarted ─► [StepIntent ─► check, act, verify ─► StepOutcome]… ─► RunEnded succeeded
//!                                        │ failed, or a cancel between steps
//!                                        ▼
//!                                 [UndoIntent ─► undo ─► UndoOutcome]… in reverse ─► RunEnded failed | canceled | needs_operator
//! ```
//!
//! [`machine`] is the pure state machine over the journal's events; [`driver`] carries its effects out; [`Runner`] is what
//! the engine calls; one file per action says what it plans and which steps it has. Must not: draw, parse arguments, act
//! without a journaled intent, or repeat an act without looking first.

pub mod actions;
pub mod attempts;
pub mod credit_servers;
mod destroy;
pub mod driver;
pub mod environment;
pub mod events;
mod identity;
pub mod journal;
mod keep;
pub mod machine;
pub mod matches;
pub mod node_choice;
pub mod plan;
pub mod policy;
mod power;
pub mod provision_order;
mod registry;
mod reinstall;
mod runner;
pub mod services;
pub mod step;
mod store_log;
mod suspend;

pub use policy::{InstallDeadline, RunPolicy};
pub use runner::{Consent, RunContext, Runner};
