//! Configuration: config.toml, the environment, flags, and where each value came from.
//!
//! Must not: open connections; a secret is resolved here and printed nowhere.
