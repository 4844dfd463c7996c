//! The two clocks of a simulator: the base clock (limits, tokens, dates) and the world's, which runs `speed` times as fast.

use std::sync::Arc;
use std::time::Instant;

use super::random::to_u64;
use crate::model::time::{Clock, Timestamp};

/// Where the default clock starts: the day the captures were made, so that two runs of one seed show the same dates.
pub const DEFAULT_START: Timestamp = Timestamp(1_795_190_400_000);

/// Runs with the process's monotonic clock from [`DEFAULT_START`].
#[derive(Debug)]
struct RunningClock {
    from: Instant,
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        DEFAULT_START.plus_millis(u64::try_from(self.from.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// The base clock with the world's time derived from it.
#[derive(Clone)]
pub(super) struct WorldClock {
    base: Arc<dyn Clock>,
    start: Timestamp,
    speed: f64,
}

impl WorldClock {
    /// Starts the world at the base clock's present.
    pub(super) fn new(base: Option<Arc<dyn Clock>>, speed: f64) -> Self {
        let base = base.unwrap_or_else(|| Arc::new(RunningClock { from: Instant::now() }));
        let start = base.now();
        Self { base, start, speed: speed.clamp(0.0, 100_000.0) }
    }

    /// The base clock's present.
    pub(super) fn base_now(&self) -> Timestamp {
        self.base.now()
    }

    /// The world's present.
    pub(super) fn world_now(&self) -> Timestamp {
        let passed = self.base.now().millis_since(self.start);
        self.start.plus_millis(to_u64(passed as f64 * self.speed))
    }

    /// A real pause, in milliseconds, for one second of the world: at least 50 ms, at most a second.
    pub(super) fn second_ms(&self) -> u64 {
        if self.speed <= 1.0 { 1_000 } else { to_u64(1_000.0 / self.speed).max(50) }
    }
}
