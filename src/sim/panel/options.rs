//! What a simulated panel is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::model::time::Clock;
pub use crate::sim::clock::DEFAULT_START;
use crate::sim::faults::FaultRates;

/// How a panel simulator is set up; `Default` is a small quiet world at speed 1.
#[derive(Clone)]
pub struct PanelSimOptions {
    /// Everything random follows from it: two worlds of one seed are equal.
    pub seed: u64,
    /// How many seconds of the world pass in one second of the clock.
    pub speed: f64,
    /// Where time comes from; `None` is the process's monotonic clock, starting at [`DEFAULT_START`].
    pub clock: Option<Arc<dyn Clock>>,
    /// What is in the panel at the start.
    pub world: WorldKind,
    /// Requests per minute.
    pub rate_limits: RateLimits,
    /// How long installs take and how often they fail.
    pub installs: InstallPolicy,
    /// Faults that strike any request at random.
    pub faults: FaultRates,
    /// How long the panel waits for a silent daemon, in milliseconds of the clock of the process (the real one: 15,000).
    pub daemon_timeout_ms: u64,
    /// Time between the checks of a create and its commit: the window in which two creates race (the real one: some 40 ms).
    pub create_pause_ms: u64,
    /// Whether servers crash and nodes go into maintenance on their own.
    pub is_eventful: bool,
    /// Where the panel listens: loopback on a port chosen by the system unless said otherwise. The nodes' daemons
    /// listen on the same address, on ports chosen by the system.
    pub listen: SocketAddr,
    /// The certificate and key that panel and daemons show; plain HTTP without.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Loopback, on a port that the system chooses.
pub const ANY_LOOPBACK_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Default for PanelSimOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            clock: None,
            world: WorldKind::Small,
            rate_limits: RateLimits::RAISED,
            installs: InstallPolicy::default(),
            faults: FaultRates::default(),
            daemon_timeout_ms: 15_000,
            create_pause_ms: 15,
            is_eventful: false,
            listen: ANY_LOOPBACK_PORT,
            tls: None,
        }
    }
}

impl fmt::Debug for PanelSimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelSimOptions")
            .field("seed", &self.seed)
            .field("speed", &self.speed)
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

/// What is in the panel at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldKind {
    /// Stock nests and eggs, an admin (user 1) and a player (user 2); no location, node or server.
    Empty,
    /// `Empty` with two locations and two public nodes of 64 GiB, 20 free allocations each; no server.
    Small,
    /// Four nodes in three regions and some forty servers of six eggs, moving.
    Demo,
    /// For benchmarks: that many nodes with that many servers spread over them.
    Large {
        /// Number of nodes.
        nodes: u32,
        /// Number of servers.
        servers: u32,
    },
}

/// Requests per minute and user, by API (`providers/pterodactyl.md` §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Of the application API.
    pub application_per_minute: u32,
    /// Of the client API.
    pub client_per_minute: u32,
    /// Websocket tokens per server and minute; `None` before 1.12.
    pub websocket_tokens_per_minute: Option<u32>,
}

impl RateLimits {
    /// As panel 1.11 has them.
    pub const V1_11: Self =
        Self { application_per_minute: 240, client_per_minute: 720, websocket_tokens_per_minute: None };
    /// As panel 1.12.0 has them.
    pub const V1_12: Self =
        Self { application_per_minute: 240, client_per_minute: 128, websocket_tokens_per_minute: Some(5) };
    /// Out of the way of tests; the headers are still sent.
    pub const RAISED: Self = Self {
        application_per_minute: 1_000_000,
        client_per_minute: 1_000_000,
        websocket_tokens_per_minute: None,
    };
}

/// How long installs take, in milliseconds of the world, and how often they fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstallPolicy {
    /// Shortest install.
    pub min_ms: u64,
    /// Longest install.
    pub max_ms: u64,
    /// Share of installs that fail, 0 to 1.
    pub failure_rate: f64,
    /// Installs do not end by themselves; a test ends them through the handle.
    pub is_held: bool,
}

impl Default for InstallPolicy {
    fn default() -> Self {
        Self { min_ms: 500, max_ms: 2_000, failure_rate: 0.0, is_held: false }
    }
}
