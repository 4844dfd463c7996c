//! exaroton over real HTTP on loopback: its API, its websockets, and a world of servers that burns credits, quirks included.
//!
//! Written against `providers/exaroton.md`. It keeps its own exact bill, in millionths of a credit. Must not: know the
//! clients that it tests.

mod answer;
mod api;
mod bill;
mod chatter;
mod entities;
mod events;
mod files;
mod handle;
mod http;
mod life;
mod management;
mod money;
mod objects;
mod options;
mod players;
mod routes;
mod seed;
mod session;
mod shared;
mod socket;
mod start;
mod world;

pub use bill::{Bill, Charge, ChargeKind, TopUp};
pub use entities::{PayerId, StartFate};
pub use handle::{ExarotonFaults, ExarotonWorld, ServerView};
pub use options::{Booking, ExarotonSimOptions, ExarotonWorldKind, Language, Timings};
pub use start::ExarotonSim;
