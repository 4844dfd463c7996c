//! DatHost: game servers that bill by the minute while they are on, and CS2 matches on them; its HTTP API.
//!
//! Facts come from `providers/dathost.md`. A call's way: [`DathostClient`] → endpoint (a path can only be built from one)
//! → transport → errors judge the answer → wire decodes it → map turns it into the model's words.
//!
//! Must not: repeat a change (a start reboots what is on, a create leaves another server behind), read a secret that an
//! answer holds, nor demand a body where none is documented.

mod client;
mod endpoint;
mod errors;
mod locations;
mod map;
mod match_map;
mod settings;
mod types;
pub mod webhook;
#[expect(missing_docs, reason = "the fields are the provider's own, named and described in its reference")]
pub mod wire;

pub use client::{DathostClient, NewMatch};
pub use locations::{Location, city_of};
pub use settings::{DEFAULT_URL, DathostSettings, Timeouts};
pub use types::{Cs2Settings, MapsSource, Metrics, RemoteFile, ServerSettings};
