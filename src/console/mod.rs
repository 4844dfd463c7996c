//! The terminal client: sees model and link only.
//!
//! Must not: import engine, providers, store or config; everything it knows came over the link or as a setting.
