//! What happens: the fleet's state, polling, planning, runs, reconciling.
//!
//! Must not: draw, print or parse arguments.

pub mod burn;
pub mod doctor;
pub mod focus;
pub mod handle;
pub mod observation;
pub mod policy;
pub mod reconcile;
pub mod runs;
pub mod shared;
pub mod state;
pub mod subscription;
