//! The simulated site that `quarterdeck demo` and `quarterdeck sim` open: every simulator with its demo world.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::dathost::{BootTimings, DathostSim, DathostSimOptions, DathostWorldKind, MatchTimings};
use super::exaroton::{
    ExarotonFaults, ExarotonSim, ExarotonSimOptions, ExarotonWorld, ExarotonWorldKind, Timings,
};
use super::panel::{
    FaultHandle, FaultRates, InstallPolicy, PanelSim, PanelSimOptions, RateLimits, WorldHandle, WorldKind,
};
use crate::model::time::Clock;

/// A match of the demo is played in a minute of watching: rounds take two seconds, boots some five.
const MATCH_HASTE: f64 = 40.0;
const BOOT_HASTE: f64 = 4.0;

/// What a demo site is started with.
#[derive(Clone)]
pub struct DemoOptions {
    /// Everything random follows from it.
    pub seed: u64,
    /// How many seconds of the world pass in one second.
    pub speed: f64,
    /// Faults that strike at random.
    pub faults: FaultRates,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// The panel's world: the demo's, or a large one.
    pub world: WorldKind,
    /// Where the panel listens.
    pub listen: SocketAddr,
}

/// A running demo site. The demo's servers carry order ids as external ids; see [`DemoSite::world`].
pub struct DemoSite {
    panel: PanelSim,
    exaroton: ExarotonSim,
    dathost: DathostSim,
}

impl DemoSite {
    /// Starts the simulators.
    ///
    /// # Errors
    /// The address or a port could not be opened.
    pub async fn start(options: DemoOptions) -> io::Result<Self> {
        let exaroton = ExarotonSim::start(ExarotonSimOptions {
            seed: options.seed,
            // An hour of credits is an hour of the clock that the engine has, too; only what people wait for is sped up.
            speed: 1.0,
            timings: Timings::default().sped_up(options.speed),
            clock: Some(Arc::clone(&options.clock)),
            world: ExarotonWorldKind::Demo,
            faults: options.faults,
            is_eventful: true,
            listen: SocketAddr::new(options.listen.ip(), 0),
            ..ExarotonSimOptions::default()
        })
        .await?;
        let dathost = DathostSim::start(DathostSimOptions {
            seed: options.seed,
            speed: 1.0,
            boot: BootTimings::default().sped_up(options.speed * BOOT_HASTE),
            matches: MatchTimings::default().sped_up(options.speed * MATCH_HASTE),
            clock: Some(Arc::clone(&options.clock)),
            world: DathostWorldKind::Demo,
            faults: options.faults,
            is_eventful: true,
            listen: SocketAddr::new(options.listen.ip(), 0),
            ..DathostSimOptions::default()
        })
        .await?;
        let panel = PanelSim::start(PanelSimOptions {
            seed: options.seed,
            speed: options.speed,
            clock: Some(options.clock),
            world: options.world,
            rate_limits: RateLimits::V1_11,
            // Short enough to be watched; a failing install is something to ask for with faults, not to meet first.
            installs: InstallPolicy { min_ms: 8_000, max_ms: 25_000, failure_rate: 0.0, is_held: false },
            faults: options.faults,
            is_eventful: true,
            listen: options.listen,
            ..PanelSimOptions::default()
        })
        .await?;
        Ok(Self { panel, exaroton, dathost })
    }

    /// The panel's address.
    pub fn panel_url(&self) -> String {
        self.panel.url()
    }

    /// The application key.
    pub fn panel_application_key(&self) -> &str {
        self.panel.application_key()
    }

    /// The client key of an admin.
    pub fn panel_client_key(&self) -> &str {
        self.panel.client_key()
    }

    /// Looks into the panel's world: its servers with their external ids are what demo orders are made from.
    pub fn world(&self) -> WorldHandle {
        self.panel.world()
    }

    /// Sets faults of the panel.
    pub fn faults(&self) -> FaultHandle {
        self.panel.faults()
    }

    /// The address of exaroton's API, with its version.
    pub fn exaroton_url(&self) -> String {
        self.exaroton.url()
    }

    /// The token of the account at exaroton.
    pub fn exaroton_token(&self) -> &str {
        self.exaroton.token()
    }

    /// Our account's id at exaroton.
    pub fn exaroton_account(&self) -> &str {
        self.exaroton.account_id()
    }

    /// Looks into exaroton's world and its exact bill.
    pub fn exaroton_world(&self) -> ExarotonWorld {
        self.exaroton.world()
    }

    /// Sets faults of exaroton.
    pub fn exaroton_faults(&self) -> ExarotonFaults {
        self.exaroton.faults()
    }

    /// The simulated DatHost: its address, its login, its world and its exact bill.
    pub fn dathost(&self) -> &DathostSim {
        &self.dathost
    }

    /// Stops the simulators.
    pub async fn stop(self) {
        self.panel.stop().await;
        self.exaroton.stop().await;
        self.dathost.stop().await;
    }
}
