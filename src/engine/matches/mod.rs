//! Matches on rented servers: what the engine keeps of them, and what the provider's calls may do.

pub mod hooks;
pub(super) mod requests;
mod rosters;
pub mod settlements;
