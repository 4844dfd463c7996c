//! What a simulated DatHost is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::hooks::HookRates;
use super::matches::{MatchRates, MatchTimings};
use crate::model::time::Clock;
use crate::sim::faults::FaultRates;
use crate::sim::random;

/// How a simulator is set up; `Default` is a small quiet world at speed 1.
#[derive(Clone)]
pub struct DathostSimOptions {
    /// Everything random follows from it: two worlds of one seed are equal.
    pub seed: u64,
    /// How many seconds of the world pass in one second of the clock.
    pub speed: f64,
    /// Where time comes from; `None` is the process's monotonic clock, starting at [`crate::sim::DEFAULT_START`].
    pub clock: Option<Arc<dyn Clock>>,
    /// What is there at the start.
    pub world: DathostWorldKind,
    /// How long boots last.
    pub boot: BootTimings,
    /// How long matches last.
    pub matches: MatchTimings,
    /// Matches that go wrong by themselves.
    pub match_rates: MatchRates,
    /// Faults of the calls about matches.
    pub hooks: HookRates,
    /// What the reference does not say.
    pub rules: Rules,
    /// Faults that strike any request at random.
    pub faults: FaultRates,
    /// Whether people start servers, come and go on their own.
    pub is_eventful: bool,
    /// Requests per minute and account; one more is 429. Nothing is published, so it is a guess.
    pub requests_per_minute: Option<u32>,
    /// Where to listen; loopback on a port chosen by the system unless said otherwise.
    pub listen: SocketAddr,
}

impl Default for DathostSimOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            clock: None,
            world: DathostWorldKind::Small,
            boot: BootTimings::default(),
            matches: MatchTimings::default(),
            match_rates: MatchRates::default(),
            hooks: HookRates::default(),
            rules: Rules::default(),
            faults: FaultRates::default(),
            is_eventful: false,
            requests_per_minute: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        }
    }
}

impl fmt::Debug for DathostSimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DathostSimOptions")
            .field("seed", &self.seed)
            .field("speed", &self.speed)
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

/// What is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DathostWorldKind {
    /// Our account and one that invited it; no server.
    Empty,
    /// `Empty` with three servers of ours: two by the hour and one by subscription, all off.
    Small,
    /// Half a dozen servers, some of them on.
    Demo,
    /// For measurements: that many servers of ours.
    Large {
        /// Number of servers.
        servers: u32,
    },
}

/// How long a boot takes, in milliseconds of the world: at least, at most (§3.3: 14 s, later 20 s).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootTimings {
    /// Until the map is loaded.
    pub host_ms: (u64, u64),
    /// From then until players can join.
    pub map_ms: (u64, u64),
}

impl BootTimings {
    /// Boots that take that many times less.
    #[must_use]
    pub fn sped_up(self, speed: f64) -> Self {
        let less = |ms: u64| random::to_u64(ms as f64 / speed.max(0.01));
        let both = |(least, most): (u64, u64)| (less(least), less(most));
        Self { host_ms: both(self.host_ms), map_ms: both(self.map_ms) }
    }
}

impl Default for BootTimings {
    fn default() -> Self {
        Self { host_ms: (7_000, 12_000), map_ms: (5_000, 10_000) }
    }
}

/// What the reference leaves open (§5, §9): every guess can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether hours of a month cost no more than its price by subscription.
    pub caps_month: bool,
    /// What an account without credits may do.
    pub at_zero: AtZero,
    /// What becomes of the last minute of a server that is stopped within it.
    pub last_minute: LastMinute,
    /// How a delete of a protected server is refused.
    pub protected_status: u16,
    /// How a start without credits is refused.
    pub no_credits_status: u16,
    /// Whether a match that is called off by request has an event for it.
    pub cancel_is_event: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            caps_month: true,
            at_zero: AtZero::Stops,
            last_minute: LastMinute::Free,
            protected_status: 400,
            no_credits_status: 400,
            cancel_is_event: false,
        }
    }
}

/// What an account without credits may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtZero {
    /// Its servers are stopped and none can be started.
    Stops,
    /// It goes into debt.
    GoesOn,
}

/// What becomes of a minute that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastMinute {
    /// It costs nothing.
    Free,
    /// It costs as a whole one.
    Charged,
}
