//! A Pterodactyl panel with its nodes' daemons, over real HTTP on loopback, quirks included.
//!
//! Written against `providers/pterodactyl.md` and `providers/pterodactyl-observed.md`; the recorded answers of a real panel
//! are replayed against it in `tests/pterodactyl_sim`. Must not: know the clients that it tests.

#![expect(dead_code, reason = "the routes that use the rest follow in the next change")]

mod answer;
mod call;
mod clock;
mod console;
mod demo;
mod eggs;
mod entities;
mod faults;
mod gate;
mod handle;
mod http;
mod life;
mod listener;
mod log;
mod options;
mod query;
mod random;
mod routes;
mod seed;
mod shared;
mod start;
mod throttle;
mod usage;
mod wings;
mod world;

pub use faults::{DaemonMode, Fault, FaultRates, OVERSIZED_BYTES};
pub use handle::{EggView, FaultHandle, NodeView, ServerBill, ServerView, WorldHandle};
pub use log::RequestRecord;
pub use options::{DEFAULT_START, InstallPolicy, PanelSimOptions, RateLimits, WorldKind};
pub use start::{PanelKeys, PanelSim};
