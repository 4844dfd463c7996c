//! Quarterdeck: a terminal operations console for people who run paid hosting.
//!
//! Folders are layers; a module imports its own layer and those below it, and `tests/architecture.rs` keeps that:
//!
//! ```text
//! cli        one file per command
//! console    the terminal client: sees model and link only
//! report     one report model and its writers, on model only
//! link       frames, client, server, transports
//! engine     what happens: state, polling, runs, reconciling
//! providers  one folder per outside system
//! store      the record log and sled
//! config     config.toml, the environment, flags
//! sim        simulators over real HTTP, on model only
//! model      pure types and rules
//! ```

pub mod cli;
pub mod config;
pub mod console;
pub mod engine;
pub mod link;
pub mod model;
pub mod providers;
pub mod report;
pub mod sim;
pub mod store;
