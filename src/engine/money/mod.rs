//! The bookkeeping of prepaid money: readings come in, totals, snapshots and alerts go out, and records keep them.
//!
//! Everything here is pure. Must not: ask a provider; those observations come from the pollers.

pub mod book;
pub mod bookkeeper;
pub mod restore;
pub mod snapshot;
mod view;
