//! exaroton: Minecraft servers that burn prepaid credits; its HTTP API and its websockets.
//!
//! Facts come from `providers/exaroton.md`. A call's way: [`ExarotonClient`] → endpoint (a path can only be built from one)
//! → transport → errors judge the answer → wire decodes it → map turns it into the model's words.
//!
//! Must not: repeat a change (`start`, `stop` and `restart` are GETs that change something), nor take the provider's texts
//! for more than words: they are localised.

mod client;
mod endpoint;
mod errors;
pub mod live;
mod map;
mod settings;
mod types;
#[expect(missing_docs, reason = "the fields are the provider's own, named and described in its reference")]
pub mod wire;

pub use client::ExarotonClient;
pub use live::{LiveConnection, LiveInput, LiveItem, Streams};
pub use settings::{DEFAULT_URL, ExarotonSettings, Timeouts};
pub use types::{ConfigOption, ConfigValue, FileInfo, SharedLog, Signalled};
