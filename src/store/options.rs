//! How a store is opened.

use std::sync::Arc;
use std::time::Duration;

use super::catch_up;
use super::disk::{Disk, RealDisk};

/// A segment is closed when it is this long. Small enough to read whole, large enough to compress well.
pub(super) const SEGMENT_MAX_BYTES: u64 = 8 << 20;

/// Opening sled takes 20 to 130 ms for stores of our size; damage can make it turn in a circle.
const OPENING_PATIENCE: Duration = Duration::from_secs(5);

/// sled takes some 30 µs a record, so this many delay a start by less than a tenth of a second.
const INDEX_AT_ONCE_MAX: usize = 2_000;

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// A segment that reached this many bytes is closed.
    pub segment_max_bytes: u64,
    /// Where log segments are created.
    pub disk: Arc<dyn Disk>,
    /// How index, caches and series are opened.
    pub tables: TablesOptions,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            segment_max_bytes: SEGMENT_MAX_BYTES,
            disk: Arc::new(RealDisk),
            tables: TablesOptions::default(),
        }
    }
}

/// How index, caches and series are opened.
#[derive(Clone)]
pub struct TablesOptions {
    /// How long opening them is waited for; after that the store goes on without them until the next start.
    pub opening_patience: Duration,
    /// With more records missing from the index it is rebuilt in the background.
    pub index_at_once_max: usize,
    /// Records put into the index at once during a rebuild.
    pub rebuild_batch: usize,
    /// Told of what goes on, on the thread that does it.
    pub watch: Arc<dyn TablesWatch>,
}

impl Default for TablesOptions {
    fn default() -> Self {
        Self {
            opening_patience: OPENING_PATIENCE,
            index_at_once_max: INDEX_AT_ONCE_MAX,
            rebuild_batch: catch_up::BATCH,
            watch: Arc::new(Unwatched),
        }
    }
}

/// Told of what goes on with the tables; may hold it up.
pub trait TablesWatch: Send + Sync {
    /// The folder is about to be opened or, by maintenance, read.
    fn before_opening(&self) {}
    /// The next batch of a rebuild is about to be written; so many records are in the index.
    fn before_rebuild_batch(&self, indexed: u64) {
        let _ = indexed;
    }
}

struct Unwatched;

impl TablesWatch for Unwatched {}
