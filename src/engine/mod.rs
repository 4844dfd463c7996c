//! What happens: the fleet's state, polling, planning, runs, reconciling.
//!
//! Must not: draw, print or parse arguments.

mod audit;
pub mod burn;
mod cache;
pub mod cadence;
mod consoles;
pub mod doctor;
mod examination;
pub mod findings;
mod focus;
pub mod handle;
mod housekeeping;
pub mod matches;
pub mod money;
pub mod observation;
mod owners;
mod panel_burn;
mod panics;
pub mod policy;
pub mod poll;
pub mod reconcile;
pub mod reports;
mod requests;
pub mod runs;
pub mod shared;
mod sources;
pub mod start;
pub mod state;
pub mod subscription;
pub mod usage;

pub use requests::resident_bytes;
pub use start::{EngineSetup, EngineTask, start};
