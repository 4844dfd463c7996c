//! What the panel's listeners, the ticker and the handles share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::options::{PanelSimOptions, RateLimits};
use super::throttle::Throttle;
use super::world::World;
use crate::sim::clock::WorldClock;
use crate::sim::faults::Strikes;

/// Faults and limits, under a lock of their own.
pub(super) struct FaultState {
    pub(super) strikes: Strikes,
    pub(super) limits: RateLimits,
    pub(super) throttle: Throttle,
}

/// Creates that wait for each other: how many are still expected.
#[derive(Debug, Clone, Copy, Default)]
struct Race {
    expected: u32,
    round: u64,
}

/// The simulator's shared state. Locks are held for the length of one request's work and never across an await.
pub(super) struct Shared {
    pub(super) clock: WorldClock,
    pub(super) daemon_timeout: Duration,
    pub(super) create_pause: Duration,
    pub(super) seed: u64,
    world: Mutex<World>,
    faults: Mutex<FaultState>,
    race: watch::Sender<Race>,
}

impl Shared {
    /// Puts a seeded world behind locks.
    pub(super) fn new(options: &PanelSimOptions, clock: WorldClock, world: World) -> Self {
        Self {
            clock,
            daemon_timeout: Duration::from_millis(options.daemon_timeout_ms),
            create_pause: Duration::from_millis(options.create_pause_ms),
            seed: options.seed,
            world: Mutex::new(world),
            faults: Mutex::new(FaultState {
                strikes: Strikes::new(options.faults),
                limits: options.rate_limits,
                throttle: Throttle::default(),
            }),
            race: watch::Sender::new(Race::default()),
        }
    }

    /// Works on the world, advanced to the present.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.stamp = self.clock.base_now();
        world.advance(self.clock.world_now());
        work(&mut world)
    }

    /// The faults.
    pub(super) fn faults(&self) -> MutexGuard<'_, FaultState> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next creates wait for each other.
    pub(super) fn race(&self, creates: u32) {
        self.race.send_modify(|race| {
            race.expected = creates;
            race.round += 1;
        });
    }

    /// Between the checks and the commit of a create: waits for the others of a race, else for the usual moment.
    pub(super) async fn before_commit(&self) {
        let mut is_racing = false;
        self.race.send_modify(|race| {
            if race.expected > 0 {
                race.expected -= 1;
                is_racing = true;
            }
        });
        if is_racing {
            let mut watch = self.race.subscribe();
            let all_here = watch.wait_for(|race| race.expected == 0);
            // Late or missing partners: the race is off after five seconds.
            drop(tokio::time::timeout(Duration::from_secs(5), all_here).await);
        } else {
            tokio::time::sleep(self.create_pause).await;
        }
    }
}
