//! The record log, which remembers, and sled, which caches over it.
//!
//! Must not: know providers, the engine or the screen; let a sled type out; put a record's body into a message.
//!
//! ```text
//! <data folder>/
//!   lock                      held exclusively by the one process that has the store open
//!   log/<first>-<month>.log   the records: one JSON line each, synced before it is acknowledged
//!   log/….log.zst             the same, closed for a while and compressed
//!   sled/                     index over the records, last known states, packed series: can be had again
//!   sled-aside-N/             a damaged sled folder, kept for whoever wants to look
//! ```

mod cache;
mod catch_up;
mod disk;
mod guard;
mod handle;
mod index;
mod keys;
mod listed;
mod live;
mod lock;
mod log;
pub mod maintenance;
mod options;
mod pack;
mod reader;
mod rebuild;
mod record;
mod segment;
mod series;
mod shared;
mod sled_tables;
mod table_folder;
mod tables;
mod wait;
mod writer;

pub use disk::{Disk, LogFile, RealDisk};
pub use guard::is_panic_caught;
pub use handle::{OpenReport, SpanEnd, Store};
pub use index::KeySpan;
pub use options::{StoreOptions, TablesOptions, TablesWatch};
pub use rebuild::RebuildProgress;
pub use record::{RECORD_MAX_BYTES, RECORD_VERSION, Record, RecordKind, RecordText, TypedRecord};
pub use segment::Damage;
