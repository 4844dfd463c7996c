//! Matches on rented servers: what the engine keeps of them, what it needs of their provider, and what the provider's calls may
//! do. The run that carries a match is `engine::runs::matches`.

pub mod desk;
pub mod hooks;
pub mod leaks;
pub mod provider;
pub(super) mod reaper;
pub(super) mod requests;
mod rosters;
pub mod settlements;
pub mod setup;
pub mod shown;
