//! The exact bill of a server: memory times the time it existed, and times the time it ran.

use super::entities::Server;
use super::world::World;
use crate::model::time::Timestamp;

/// What a server cost so far.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerBill {
    /// Number at the panel.
    pub server_id: i64,
    /// The caller's id.
    pub external_id: Option<String>,
    /// Memory limit at the end, MiB.
    pub memory_mib: i64,
    /// How long the row existed, milliseconds of the world.
    pub existed_ms: u64,
    /// How long the process was not offline, milliseconds of the world.
    pub ran_ms: u64,
    /// Memory limit times existence, MiB times milliseconds, through every change of the limit.
    pub memory_mib_ms: u64,
    /// Memory limit times running, MiB times milliseconds.
    pub running_memory_mib_ms: u64,
    /// Whether it still exists.
    pub is_live: bool,
}

/// MiB times milliseconds in a GiB for an hour.
const MIB_MS_PER_RAM_HOUR: f64 = 1024.0 * 3_600_000.0;

impl ServerBill {
    /// GiB times hours of existence.
    pub fn ram_hours(&self) -> f64 {
        self.memory_mib_ms as f64 / MIB_MS_PER_RAM_HOUR
    }

    /// GiB times hours of running.
    pub fn running_ram_hours(&self) -> f64 {
        self.running_memory_mib_ms as f64 / MIB_MS_PER_RAM_HOUR
    }
}

/// What was counted up to a moment at which the memory limit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meter {
    born_at: Timestamp,
    settled_at: Timestamp,
    settled_ran_ms: u64,
    memory_mib_ms: u64,
    running_memory_mib_ms: u64,
}

impl Meter {
    /// A meter that starts now.
    pub(super) fn starting(now: Timestamp) -> Self {
        Self { born_at: now, settled_at: now, settled_ran_ms: 0, memory_mib_ms: 0, running_memory_mib_ms: 0 }
    }

    /// Counts what passed under the present limit; called before the limit changes.
    pub(super) fn settle(&mut self, now: Timestamp, memory_mib: i64, ran_ms: u64) {
        let memory = u64::try_from(memory_mib).unwrap_or(0);
        self.memory_mib_ms += memory * now.millis_since(self.settled_at);
        self.running_memory_mib_ms += memory * ran_ms.saturating_sub(self.settled_ran_ms);
        self.settled_at = now;
        self.settled_ran_ms = ran_ms;
    }
}

/// The bill of a server that exists.
pub(super) fn open_bill(world: &World, server: &Server) -> ServerBill {
    let ran_ms = server.process.ran_until(world.now);
    let mut meter = server.meter;
    meter.settle(world.now, server.limits.memory_mib, ran_ms);
    ServerBill {
        server_id: server.id,
        external_id: server.external_id.clone(),
        memory_mib: server.limits.memory_mib,
        existed_ms: world.now.millis_since(meter.born_at),
        ran_ms,
        memory_mib_ms: meter.memory_mib_ms,
        running_memory_mib_ms: meter.running_memory_mib_ms,
        is_live: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_limit_splits_the_count() {
        let mut meter = Meter::starting(Timestamp(0));
        meter.settle(Timestamp(1_000), 2_048, 400);
        meter.settle(Timestamp(3_000), 4_096, 2_400);
        assert_eq!(meter.memory_mib_ms, 2_048 * 1_000 + 4_096 * 2_000);
        assert_eq!(meter.running_memory_mib_ms, 2_048 * 400 + 4_096 * 2_000);
    }
}
