//! Matches on rented servers: what the engine keeps of them.

pub mod settlements;
