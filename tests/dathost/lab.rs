//! A simulator, a client of it, and a clock that only moves when told.

use std::sync::Arc;

use quarterdeck::model::game_server::{GameServer, GameServerState};
use quarterdeck::model::ids::AccountId;
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::providers::dathost::{DathostClient, DathostSettings};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::dathost::{DathostSim, DathostSimOptions};
use rust_decimal::Decimal;
use secrecy::SecretString;

/// More than a boot takes, in milliseconds of the world.
pub const A_BOOT: i64 = 30_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

pub struct Lab {
    pub sim: DathostSim,
    pub client: DathostClient,
    pub clock: Arc<ManualClock>,
}

impl Lab {
    /// The small world.
    pub async fn new() -> Self {
        Self::with(DathostSimOptions::default()).await
    }

    /// A world of these options, with the lab's clock.
    pub async fn with(options: DathostSimOptions) -> Self {
        let clock = Arc::new(ManualClock::at(DEFAULT_START));
        let shared: Arc<dyn Clock> = clock.clone();
        let options = DathostSimOptions { clock: Some(Arc::clone(&shared)), ..options };
        let sim = DathostSim::start(options).await.expect("a simulator");
        let client = client(settings(&sim), shared);
        Self { sim, client, clock }
    }

    /// A client with other settings.
    pub fn client(&self, settings: DathostSettings) -> DathostClient {
        client(settings, self.clock.clone())
    }

    /// Lets time pass.
    pub fn pass(&self, millis: i64) {
        self.clock.advance_millis(millis);
    }

    /// The id of a server of the world.
    pub fn id(&self, name: &str) -> String {
        self.sim.world().server(name).expect("a server of this name").id
    }

    /// A server as the client reads it.
    pub async fn server(&self, id: &str) -> GameServer {
        self.client.server(id, Priority::Run).await.expect("the server")
    }

    /// Starts a server and lets it come up.
    pub async fn up(&self, id: &str) {
        self.client.start(id).await.expect("started");
        self.pass(A_BOOT);
        assert_eq!(self.server(id).await.state, GameServerState::On);
    }

    /// Our account's balance as it is.
    pub fn balance(&self) -> Decimal {
        self.sim.world().balance(self.sim.account_id())
    }
}

/// What the simulator's own account logs in with.
pub fn settings(sim: &DathostSim) -> DathostSettings {
    let password = SecretString::from(sim.password().to_owned());
    DathostSettings::new(AccountId::from("main"), sim.url(), sim.email(), password)
}

fn client(settings: DathostSettings, clock: Arc<dyn Clock>) -> DathostClient {
    DathostClient::new(settings, clock).expect("a client")
}
