//! A Pterodactyl panel: its application API, its client API and the console sockets of its nodes.
//!
//! Facts come from `providers/pterodactyl.md`; what was observed on real panels wins over it. A call's way: [`PanelClient`]
//! → endpoint (a path can only be built from one) → transport → errors judge the answer → wire decodes it → map turns it
//! into the model's words.
//!
//! Must not: decide what to create or destroy, nor follow any link that the panel sends.

mod client;
pub mod console;
mod endpoint;
mod errors;
mod map;
mod settings;
mod types;
#[expect(missing_docs, reason = "the fields are the panel's own, named and described in its reference")]
pub mod wire;

pub use client::PanelClient;
pub use console::{ConsoleConnection, ConsoleInput};
pub use settings::{PanelSettings, Timeouts};
pub use types::{
    Access, Allocation, AllocationCounts, BudgetView, BuildChange, DetailsChange, Egg, EggVariable,
    FeatureLimits, Location, NewAllocations, NewServer, NewUser, PanelApi, PanelUser, PermissionFinding,
    StartupChange, UserChange,
};
