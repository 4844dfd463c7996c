//! Starting and stopping a simulated exaroton.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::handle::{ExarotonFaults, ExarotonWorld};
use super::options::ExarotonSimOptions;
use super::shared::Shared;
use super::world::World;
use super::{http, seed};
use crate::sim::clock::WorldClock;
use crate::sim::listener::CutListener;
use crate::sim::tasks::Tasks;

/// A running exaroton simulator. Dropping it stops its tasks; [`ExarotonSim::stop`] also waits for them.
pub struct ExarotonSim {
    url: String,
    account: String,
    token: String,
    friend_token: String,
    shared: Arc<Shared>,
    tasks: Tasks,
}

impl ExarotonSim {
    /// Starts it where the options say, on loopback unless said otherwise.
    ///
    /// # Errors
    /// The address could not be opened.
    pub async fn start(options: ExarotonSimOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let clock = WorldClock::new(options.clock.clone(), options.speed);
        let mut world = World::new(&options, clock.world_now());
        let seeded = seed::fill(&mut world, options.world);
        let shared = Arc::new(Shared::new(&options, clock, world));
        let mut tasks = Tasks::new();
        let listener = CutListener::new(listener, None);
        tasks.spawn(http::serve(listener, Arc::clone(&shared), tasks.stopped()));
        let ticked = Arc::clone(&shared);
        tasks.spawn_ticker(&shared.clock, move || ticked.with(|_| ()));
        Ok(Self {
            url,
            account: seeded.own,
            token: seeded.own_token,
            friend_token: seeded.friend_token,
            shared,
            tasks,
        })
    }

    /// The API's address with its version, without a trailing slash.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Our account's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The friend's token: who shares a server with us and pays into our pools.
    pub fn friend_token(&self) -> &str {
        &self.friend_token
    }

    /// Our account's id at the provider.
    pub fn account_id(&self) -> &str {
        &self.account
    }

    /// Looks into the world and steers it.
    pub fn world(&self) -> ExarotonWorld {
        ExarotonWorld(Arc::clone(&self.shared))
    }

    /// Sets faults.
    pub fn faults(&self) -> ExarotonFaults {
        ExarotonFaults(Arc::clone(&self.shared))
    }

    /// Stops listening and ends all connections.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}
