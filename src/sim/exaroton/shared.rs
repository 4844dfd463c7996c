//! What the listener, the ticker and the handles share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::options::ExarotonSimOptions;
use super::world::World;
use crate::model::time::Timestamp;
use crate::sim::clock::WorldClock;
use crate::sim::faults::{FaultRates, Targets};

/// The window in which requests are counted.
const WINDOW_MS: u64 = 60_000;

/// Faults and limits, under a lock of their own.
pub(super) struct FaultState {
    pub(super) rates: FaultRates,
    pub(super) targets: Targets,
    pub(super) per_minute: Option<u32>,
    windows: HashMap<String, (Timestamp, u32)>,
    /// Requests seen, for the luck of random faults.
    pub(super) requests: u64,
}

impl FaultState {
    /// Counts a request of an account; seconds to wait when it is one too many.
    pub(super) fn count(&mut self, account: &str, now: Timestamp) -> Option<u64> {
        let limit = self.per_minute?;
        let window = self.windows.entry(account.to_owned()).or_insert((now, 0));
        if now.millis_since(window.0) >= WINDOW_MS {
            *window = (now, 0);
        }
        if window.1 >= limit {
            return Some(window.0.plus_millis(WINDOW_MS).millis_since(now).div_ceil(1_000));
        }
        window.1 += 1;
        None
    }
}

/// The simulator's shared state. Locks are held for the length of one request's work and never across an await.
pub(super) struct Shared {
    pub(super) clock: WorldClock,
    pub(super) seed: u64,
    pub(super) ready_delay: Duration,
    pub(super) keep_alive: Duration,
    world: Mutex<World>,
    faults: Mutex<FaultState>,
}

impl Shared {
    /// Puts a seeded world behind locks.
    pub(super) fn new(options: &ExarotonSimOptions, clock: WorldClock, world: World) -> Self {
        Self {
            clock,
            seed: options.seed,
            ready_delay: Duration::from_millis(options.ready_delay_ms),
            keep_alive: Duration::from_millis(options.keep_alive_ms.max(1)),
            world: Mutex::new(world),
            faults: Mutex::new(FaultState {
                rates: options.faults,
                targets: Targets::default(),
                per_minute: options.requests_per_minute,
                windows: HashMap::new(),
                requests: 0,
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
