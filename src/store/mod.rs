//! The record log, which remembers, and sled, which caches over it.
//!
//! Must not: know providers, the engine or the screen; let a sled type out.
