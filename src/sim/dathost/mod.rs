//! DatHost over real HTTP on loopback: its API, and a world of game servers that bill by the minute, quirks included.
//!
//! Written against `providers/dathost.md`. It keeps its own exact bill, in millionths of a credit. What the sheet marks as
//! unknown is decided by [`Rules`]. Must not: know the client that it tests.

mod agenda;
mod answer;
mod api;
mod bill;
mod body;
mod entities;
mod events;
mod files;
mod handle;
mod hooks;
mod http;
mod life;
mod locations;
mod matches;
mod money;
mod objects;
mod options;
mod players;
mod routes;
mod seed;
mod settings;
mod shared;
mod start;
mod world;

pub use bill::{Bill, Charge, ChargeKind, TopUp};
pub use entities::BootFate;
pub use handle::{DathostFaults, DathostWorld, MatchView, ServerView};
pub use hooks::{HookOutcome, HookRates, HookRecord};
pub use matches::{MatchFate, MatchRates, MatchTimings};
pub use options::{AtZero, BootTimings, DathostSimOptions, DathostWorldKind, LastMinute, Rules};
pub use start::DathostSim;
