//! Runs: a plan carried out once or not at all, with a journal that survives every crash.
//!
//! ```text
//! plan ─ execute ─► RunStarted ─► [StepIntent ─► check, act, verify ─► StepOutcome]… ─► RunEnded succeeded
//!                                        │ failed, or a cancel between steps
//!                                        ▼
//!                                 [UndoIntent ─► undo ─► UndoOutcome]… in reverse ─► RunEnded failed | canceled | needs_operator
//! ```
//!
//! [`machine`] is the pure state machine over the journal's events; the other files act for it. Must not: draw, parse
//! arguments, act without a journaled intent, or repeat an act without looking first.

pub mod environment;
pub mod events;
pub mod machine;
pub mod node_choice;
pub mod policy;
