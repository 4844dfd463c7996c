//! What the listener, the ticker and the handles share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::options::DathostSimOptions;
use super::world::World;
use crate::sim::clock::WorldClock;
use crate::sim::faults::Strikes;
use crate::sim::limit::Limit;

/// Faults and limits, under a lock of their own.
pub(super) struct FaultState {
    pub(super) strikes: Strikes,
    pub(super) limit: Limit,
}

/// The simulator's shared state. Locks are held for the length of one request's work and never across an await.
pub(super) struct Shared {
    pub(super) clock: WorldClock,
    pub(super) seed: u64,
    /// The API's address, where the old one sends everybody.
    pub(super) url: String,
    world: Mutex<World>,
    faults: Mutex<FaultState>,
}

impl Shared {
    /// Puts a seeded world behind locks.
    pub(super) fn new(options: &DathostSimOptions, clock: WorldClock, url: String, world: World) -> Self {
        Self {
            clock,
            seed: options.seed,
            url,
            world: Mutex::new(world),
            faults: Mutex::new(FaultState {
                strikes: Strikes::new(options.faults),
                limit: Limit::new(options.requests_per_minute),
            }),
        }
    }

    /// Works on the world, advanced to the present.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.world_now());
        work(&mut world)
    }

    /// The faults.
    pub(super) fn faults(&self) -> MutexGuard<'_, FaultState> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
