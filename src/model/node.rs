//! Nodes: machines with capacity to sell.

use serde::{Deserialize, Serialize};

use super::ids::NodeKey;
use super::time::Timestamp;

/// A node as its panel describes it. Capacity is what the admin configured, not what was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Account and id.
    pub key: NodeKey,
    /// Its name.
    pub name: String,
    /// Host name of its daemon.
    pub fqdn: String,
    /// The location's short name.
    pub location: String,
    /// Eligible for automatic deployment.
    pub is_public: bool,
    /// In maintenance: its servers refuse the client API.
    pub is_maintenance: bool,
    /// Memory and its use.
    pub memory: Capacity,
    /// Disk and its use.
    pub disk: Capacity,
    /// Allocations of any state, where counted.
    pub allocations_total: Option<u32>,
    /// Allocations free to take, where counted.
    pub allocations_free: Option<u32>,
    /// Servers on it.
    pub servers: u32,
    /// When this was observed.
    pub observed_at: Timestamp,
}

/// One sellable resource of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capacity {
    /// Configured, MiB.
    pub total_mib: i64,
    /// Signed percent that may be sold beyond it; the panel treats -1 as 99 % (`providers/pterodactyl.md` §3.2).
    pub overallocate_percent: i64,
    /// Sum of the servers' limits, MiB.
    pub allocated_mib: i64,
}

impl Capacity {
    /// What may be sold, MiB: `total × (1 + overallocate / 100)`.
    #[must_use]
    pub fn limit_mib(&self) -> i64 {
        self.total_mib.saturating_mul(100_i64.saturating_add(self.overallocate_percent)) / 100
    }

    /// What is left to sell, MiB; negative when oversold.
    #[must_use]
    pub fn free_mib(&self) -> i64 {
        self.limit_mib().saturating_sub(self.allocated_mib)
    }

    /// Share sold, percent of the limit; 0 when there is none.
    #[must_use]
    pub fn used_percent(&self) -> u32 {
        let limit = self.limit_mib();
        if limit <= 0 {
            return 0;
        }
        u32::try_from(self.allocated_mib.saturating_mul(100) / limit).unwrap_or(0)
    }
}
