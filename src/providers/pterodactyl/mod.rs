//! A Pterodactyl panel: its application API, its client API and the console sockets of its nodes.
//!
//! Facts come from `providers/pterodactyl.md`; what was observed on real panels wins over it.
//! Must not: decide what to create or destroy, nor follow any link that the panel sends.

mod client;
pub mod console;
mod settings;
mod types;

pub use client::PanelClient;
pub use console::{ConsoleConnection, ConsoleInput};
pub use settings::{PanelSettings, Timeouts};
pub use types::{
    Access, Allocation, AllocationCounts, BudgetView, BuildChange, DetailsChange, Egg, EggVariable,
    FeatureLimits, NewServer, NewUser, PanelApi, PanelUser, PermissionFinding, StartupChange,
};
