//! A Pterodactyl panel with its nodes' daemons, over real HTTP on loopback, quirks included.
//!
//! Written against `providers/pterodactyl.md` and `providers/pterodactyl-observed.md`; the recorded answers of a real panel
//! are replayed against it in `tests/pterodactyl_sim`. Must not: know the clients that it tests.

mod answer;
mod application;
mod bill;
mod call;
mod check;
mod client;
mod console;
mod daemon;
mod demo;
mod egg_rules;
mod eggs;
mod entities;
mod gate;
mod handle;
mod http;
mod life;
mod listing;
mod log;
mod objects;
mod options;
mod query;
mod routes;
mod seed;
mod session;
mod shared;
mod start;
mod tables;
mod throttle;
mod token;
mod usage;
mod views;
mod wings;
mod world;

pub use crate::sim::faults::{Fault, FaultRates, OVERSIZED_BYTES};
pub use bill::ServerBill;
pub use daemon::DaemonMode;
pub use handle::{FaultHandle, WorldHandle};
pub use log::RequestRecord;
pub use options::{ANY_LOOPBACK_PORT, DEFAULT_START, InstallPolicy, PanelSimOptions, RateLimits, WorldKind};
pub use start::{PanelKeys, PanelSim};
pub use views::{EggView, NodeView, ServerView};
