//! The engine's tunable numbers, as plain values: configuration fills them, tests change them.

use super::runs::policy::RunPolicy;
use crate::model::ids::AccountId;
use crate::model::money::Money;

/// Everything about the engine that a site may tune.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// When providers are asked.
    pub polling: PollPolicy,
    /// When something stands out.
    pub reconcile: ReconcilePolicy,
    /// When an engine started on demand leaves.
    pub lifetime: LifetimePolicy,
    /// How patient runs are.
    pub runs: RunPolicy,
}

/// How often one kind of feed is asked, by attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// While a run that needs it goes on, milliseconds.
    pub running_ms: u64,
    /// While a console has it on screen, milliseconds.
    pub visible_ms: u64,
    /// While a console is attached but shows something else, milliseconds.
    pub background_ms: u64,
    /// While nobody is attached, milliseconds.
    pub idle_ms: u64,
}

/// When providers are asked.
///
/// The defaults stay far below the panel's published 240 requests a minute per key (`providers/pterodactyl.md` §2):
/// a site of 10,000 servers is 100 pages of 100 per poll of the servers, and reads that take long are spaced by what
/// they took (see `poll`).
#[derive(Debug, Clone)]
pub struct PollPolicy {
    /// Cadence of the orders.
    pub orders: Cadence,
    /// Cadence of the nodes.
    pub nodes: Cadence,
    /// Cadence of the servers.
    pub servers: Cadence,
    /// Cadence of the balances: often enough also when nobody looks, for a gap is spend that nobody can place.
    pub credits: Cadence,
    /// Least time between two usage readings of one server, milliseconds. The panel caches resources for 20 seconds
    /// (`providers/pterodactyl.md` §5.2): asking earlier costs budget and tells nothing.
    pub usage_per_server_ms: u64,
    /// Least time between two usage readings of one account, milliseconds.
    pub usage_gap_ms: u64,
    /// The longest wait after failures, milliseconds.
    pub backoff_ceiling_ms: u64,
    /// An attempt that takes longer than this is given up, milliseconds.
    pub attempt_deadline_ms: u64,
    /// Share of every wait that is random, percent: pollers of many engines drift apart.
    pub jitter_percent: u8,
    /// Start of the second poller after the first, of the third after the second …, milliseconds.
    pub stagger_ms: u64,
    /// Least time between two writes of the cached provider state, milliseconds.
    pub cache_every_ms: u64,
    /// Time between two looks at the register of servers, milliseconds: how exactly the end of an orphan is known.
    pub register_every_ms: u64,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            orders: Cadence { running_ms: 2_000, visible_ms: 5_000, background_ms: 15_000, idle_ms: 60_000 },
            nodes: Cadence {
                running_ms: 10_000,
                visible_ms: 15_000,
                background_ms: 60_000,
                idle_ms: 300_000,
            },
            servers: Cadence {
                running_ms: 5_000,
                visible_ms: 15_000,
                background_ms: 30_000,
                idle_ms: 120_000,
            },
            credits: Cadence {
                running_ms: 15_000,
                visible_ms: 30_000,
                background_ms: 60_000,
                idle_ms: 60_000,
            },
            usage_per_server_ms: 20_000,
            usage_gap_ms: 400,
            backoff_ceiling_ms: 300_000,
            attempt_deadline_ms: 120_000,
            jitter_percent: 10,
            stagger_ms: 150,
            cache_every_ms: 30_000,
            register_every_ms: 20_000,
        }
    }
}

/// When an order or a server stands out.
#[derive(Debug, Clone)]
pub struct ReconcilePolicy {
    /// A paid order older than this is stuck, milliseconds.
    pub paid_too_long_ms: u64,
    /// An order claimed longer than this without a run of ours is stuck, milliseconds.
    pub provisioning_too_long_ms: u64,
    /// What a GiB of memory costs per hour, for servers whose plan nobody knows.
    pub default_cost_per_gib_hour: Option<Money>,
    /// Which orders database sells servers of which panel: (orders account, panel account).
    pub sells: Vec<(AccountId, AccountId)>,
    /// Ended runs kept in the list, newest first.
    pub ended_runs_kept: usize,
}

impl Default for ReconcilePolicy {
    fn default() -> Self {
        Self {
            paid_too_long_ms: 10 * 60_000,
            provisioning_too_long_ms: 20 * 60_000,
            default_cost_per_gib_hour: None,
            sells: Vec::new(),
            ended_runs_kept: 500,
        }
    }
}

/// When an engine started on demand leaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct LifetimePolicy {
    /// Leave after this long without a client, an unfinished run or automation, milliseconds; nothing = stay.
    pub idle_exit_ms: Option<u64>,
    /// Whether something works on its own here (schedules, hooks), so that the engine must stay.
    pub has_automation: bool,
}
