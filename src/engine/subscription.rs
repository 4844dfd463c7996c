//! One reader of the fleet: a snapshot, then numbered deltas; a new snapshot when it was too slow.

use std::ops::{Deref, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::shared::SharedFleet;
use crate::model::fleet::Change;

/// Deltas that may wait for one subscriber. Full: the subscriber is cut off, its queue is thrown away, and it gets a
/// fresh snapshot when it reads again. It never slows the engine and never misses anything in silence.
pub const QUEUE_LENGTH: usize = 256;

/// Changes in one piece of a snapshot.
pub const SNAPSHOT_CHUNK: usize = 128;

/// Some changes, shared with every other subscriber that reads them.
#[derive(Debug, Clone)]
pub struct SharedChanges {
    all: Arc<Vec<Change>>,
    range: Range<usize>,
}

impl SharedChanges {
    /// All of `changes`.
    #[must_use]
    pub fn all(changes: Arc<Vec<Change>>) -> Self {
        let range = 0..changes.len();
        Self { all: changes, range }
    }
}

impl Deref for SharedChanges {
    type Target = [Change];

    fn deref(&self) -> &[Change] {
        &self.all[self.range.clone()]
    }
}

/// What a subscriber reads.
#[derive(Debug, Clone)]
pub enum SubscriptionEvent {
    /// A snapshot begins: what follows until `SnapshotEnd` describes everything; forget what is not in it.
    Snapshot,
    /// Changes in order: a piece of the snapshot, or a delta.
    Changes {
        /// The fleet's number after these changes; equal for all pieces of one snapshot, then rising by delta.
        sequence: u64,
        /// The changes.
        changes: SharedChanges,
    },
    /// The snapshot is complete; deltas follow.
    SnapshotEnd,
}

/// One numbered delta, shared by all subscribers.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    pub(super) sequence: u64,
    pub(super) changes: Arc<Vec<Change>>,
}

/// The snapshot a subscription starts from, with the queue of what follows it.
pub(super) struct Beginning {
    pub(super) sequence: u64,
    pub(super) snapshot: Arc<Vec<Change>>,
    pub(super) deltas: mpsc::Receiver<Delta>,
    /// Set by the fleet when it cut this subscriber off.
    pub(super) is_cut_off: Arc<AtomicBool>,
}

/// Where a subscriber stands.
enum Position {
    /// Nothing of the snapshot was read.
    Before,
    /// The snapshot's changes from here on are still to be read.
    Inside(usize),
    /// Reading deltas.
    Following,
}

/// A reader of the fleet.
pub struct Subscription {
    fleet: Arc<SharedFleet>,
    client: u64,
    beginning: Beginning,
    position: Position,
}

impl Subscription {
    pub(super) fn new(fleet: Arc<SharedFleet>, client: u64, beginning: Beginning) -> Self {
        Self { fleet, client, beginning, position: Position::Before }
    }

    /// The next event; waits until there is one.
    ///
    /// Cancel-safe: an event is either returned or still there.
    pub async fn next(&mut self) -> SubscriptionEvent {
        loop {
            if let Some(event) = self.next_of_snapshot() {
                return event;
            }
            if self.beginning.is_cut_off.load(Ordering::Acquire) {
                self.resync();
                continue;
            }
            match self.beginning.deltas.recv().await {
                Some(Delta { sequence, changes }) => {
                    return SubscriptionEvent::Changes { sequence, changes: SharedChanges::all(changes) };
                }
                None => self.resync(),
            }
        }
    }

    /// The next event while the snapshot is being read; it is always read to its end, so that a reader slower than the
    /// site changes still gets somewhere.
    fn next_of_snapshot(&mut self) -> Option<SubscriptionEvent> {
        let start = match self.position {
            Position::Before => {
                self.position = Position::Inside(0);
                return Some(SubscriptionEvent::Snapshot);
            }
            Position::Inside(start) => start,
            Position::Following => return None,
        };
        let all = &self.beginning.snapshot;
        let end = all.len().min(start + SNAPSHOT_CHUNK);
        if start == end {
            self.position = Position::Following;
            self.beginning.snapshot = Arc::default();
            return Some(SubscriptionEvent::SnapshotEnd);
        }
        let changes = SharedChanges { all: Arc::clone(all), range: start..end };
        self.position = Position::Inside(end);
        Some(SubscriptionEvent::Changes { sequence: self.beginning.sequence, changes })
    }

    /// The fleet cut this subscriber off because its queue was full: start again from the present.
    fn resync(&mut self) {
        self.beginning = self.fleet.begin(self.client);
        self.position = Position::Before;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.fleet.end(self.client);
    }
}
