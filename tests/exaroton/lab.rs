//! A simulator, a client of it, and a clock that both share.

use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::credits::{CreditServer, CreditServerStatus};
use quarterdeck::model::ids::AccountId;
use quarterdeck::model::time::{Clock, ManualClock};
use quarterdeck::providers::exaroton::{ExarotonClient, ExarotonSettings, LiveConnection, LiveItem};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::DEFAULT_START;
use quarterdeck::sim::exaroton::{ExarotonSim, ExarotonSimOptions};
use secrecy::SecretString;

/// Longer than anything here takes; reached only by a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// More than a start takes, in milliseconds of the world.
pub const A_START: i64 = 60_000;
/// More than a stop takes.
pub const A_STOP: i64 = 20_000;

/// A simulator with a client; the world moves only when the test says so.
pub struct Lab {
    pub sim: ExarotonSim,
    pub client: ExarotonClient,
    pub clock: Arc<ManualClock>,
}

impl Lab {
    /// The small world.
    pub async fn new() -> Self {
        Self::with(ExarotonSimOptions::default()).await
    }

    /// A world of these options, with the lab's clock.
    pub async fn with(options: ExarotonSimOptions) -> Self {
        let clock = Arc::new(ManualClock::at(DEFAULT_START));
        let shared: Arc<dyn Clock> = clock.clone();
        let options = ExarotonSimOptions { clock: Some(Arc::clone(&shared)), ..options };
        let sim = ExarotonSim::start(options).await.expect("a simulator");
        let client = client(&sim, sim.token(), shared);
        Self { sim, client, clock }
    }

    /// A client of the friend.
    pub fn friend(&self) -> ExarotonClient {
        client(&self.sim, self.sim.friend_token(), self.clock.clone())
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
    pub async fn server(&self, id: &str) -> CreditServer {
        self.client.server(id, Priority::Run).await.expect("the server")
    }

    /// A server's state as the client reads it.
    pub async fn status(&self, id: &str) -> CreditServerStatus {
        self.server(id).await.status
    }

    /// Starts a server and lets it come up.
    pub async fn up(&self, id: &str) {
        self.client.start(id, false).await.expect("started");
        self.pass(A_START);
        assert_eq!(self.status(id).await, CreditServerStatus::Online);
    }
}

fn client(sim: &ExarotonSim, token: &str, clock: Arc<dyn Clock>) -> ExarotonClient {
    let token = SecretString::from(token.to_owned());
    let settings = ExarotonSettings::new(AccountId::from("main"), sim.url(), token);
    ExarotonClient::new(settings, clock).expect("a client")
}

/// The next item that the test looks for; others are passed over.
pub async fn until<T>(live: &mut LiveConnection, mut pick: impl FnMut(LiveItem) -> Option<T>) -> T {
    let look = async {
        loop {
            let item = live.next().await.expect("a stream that goes on");
            if let Some(found) = pick(item) {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, look).await.expect("in time")
}
