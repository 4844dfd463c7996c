//! What happens: the fleet's state, polling, planning, runs, reconciling.
//!
//! Must not: draw, print or parse arguments.

pub mod doctor;
