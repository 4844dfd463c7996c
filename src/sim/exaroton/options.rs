//! What a simulated exaroton is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::model::time::Clock;
use crate::sim::faults::FaultRates;
use crate::sim::random;

/// How a simulator is set up; `Default` is a small quiet world at speed 1.
#[derive(Clone)]
pub struct ExarotonSimOptions {
    /// Everything random follows from it: two worlds of one seed are equal.
    pub seed: u64,
    /// How many seconds of the world pass in one second of the clock.
    pub speed: f64,
    /// Where time comes from; `None` is the process's monotonic clock, starting at [`crate::sim::DEFAULT_START`].
    pub clock: Option<Arc<dyn Clock>>,
    /// What is there at the start.
    pub world: ExarotonWorldKind,
    /// How long states last.
    pub timings: Timings,
    /// Faults that strike any request at random.
    pub faults: FaultRates,
    /// Whether players come and go, servers crash and start on their own.
    pub is_eventful: bool,
    /// When what a running server burns leaves the balance that the API tells.
    pub booking: Booking,
    /// The language of error texts.
    pub language: Language,
    /// Requests per minute and account; one more is 429. Nothing is published, so it is a guess.
    pub requests_per_minute: Option<u32>,
    /// Whether a memory change of a server that is not stopped is refused (§3.3: seen both ways).
    pub refuses_ram_while_running: bool,
    /// Between the websocket's opening and its `ready`, milliseconds of the process.
    pub ready_delay_ms: u64,
    /// Between two keep-alives of a websocket, milliseconds of the process.
    pub keep_alive_ms: u64,
    /// Where to listen; loopback on a port chosen by the system unless said otherwise.
    pub listen: SocketAddr,
}

impl Default for ExarotonSimOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            clock: None,
            world: ExarotonWorldKind::Small,
            timings: Timings::default(),
            faults: FaultRates::default(),
            is_eventful: false,
            booking: Booking::Continuous,
            language: Language::English,
            requests_per_minute: None,
            refuses_ram_while_running: true,
            ready_delay_ms: 20,
            keep_alive_ms: 10_000,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        }
    }
}

impl fmt::Debug for ExarotonSimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExarotonSimOptions")
            .field("seed", &self.seed)
            .field("speed", &self.speed)
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

/// What is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExarotonWorldKind {
    /// Our account and a friend's, each with a token; no server, no pool.
    Empty,
    /// `Empty` with four servers: two of ours, one of ours that a pool pays, one that the friend shares with us.
    Small,
    /// A dozen servers, two pools, balances that last for days.
    Demo,
    /// For measurements: that many servers of ours, every fifth paid by a pool.
    Large {
        /// Number of servers.
        servers: u32,
    },
}

/// When what a running server burns leaves the balance that the API tells (§4: unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booking {
    /// Every second.
    Continuous,
    /// When the run ends.
    AtTheEnd,
}

/// The language of error texts (§1.2: that of the account).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

/// How long each state lasts, in milliseconds of the world: at least, at most (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for a place; 0 leaves the state out.
    pub pending_ms: (u64, u64),
    /// A place is made ready.
    pub preparing_ms: (u64, u64),
    /// Files come from storage.
    pub loading_ms: (u64, u64),
    /// The game starts.
    pub starting_ms: (u64, u64),
    /// The game stops.
    pub stopping_ms: (u64, u64),
    /// Files go into storage.
    pub saving_ms: (u64, u64),
    /// The first part of a restart.
    pub restarting_ms: (u64, u64),
    /// An empty server stops after this, where its owner did not set another time; 0: never.
    pub auto_stop_ms: u64,
}

impl Timings {
    /// Starts and stops that take that many times less; how long a server stays up empty is left as it is.
    #[must_use]
    pub fn sped_up(self, speed: f64) -> Self {
        let less = |ms: u64| random::to_u64(ms as f64 / speed.max(0.01));
        let both = |(least, most): (u64, u64)| (less(least), less(most));
        Self {
            pending_ms: both(self.pending_ms),
            preparing_ms: both(self.preparing_ms),
            loading_ms: both(self.loading_ms),
            starting_ms: both(self.starting_ms),
            stopping_ms: both(self.stopping_ms),
            saving_ms: both(self.saving_ms),
            restarting_ms: both(self.restarting_ms),
            auto_stop_ms: self.auto_stop_ms,
        }
    }
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            pending_ms: (0, 0),
            preparing_ms: (3_000, 6_000),
            loading_ms: (6_000, 10_000),
            starting_ms: (18_000, 28_000),
            stopping_ms: (2_000, 4_000),
            saving_ms: (4_000, 8_000),
            restarting_ms: (4_000, 8_000),
            auto_stop_ms: 4 * 60_000,
        }
    }
}
