//! Starting and stopping a simulated DatHost.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::handle::{DathostFaults, DathostWorld};
use super::hooks;
use super::http::{self, OLD_PATH};
use super::options::DathostSimOptions;
use super::seed::{self, Seeded};
use super::shared::Shared;
use super::world::World;
use crate::sim::clock::WorldClock;
use crate::sim::listener::CutListener;
use crate::sim::tasks::Tasks;

/// A running DatHost simulator. Dropping it stops its tasks; [`DathostSim::stop`] also waits for them.
pub struct DathostSim {
    url: String,
    old_url: String,
    seeded: Seeded,
    shared: Arc<Shared>,
    tasks: Tasks,
}

impl DathostSim {
    /// Starts it where the options say, on loopback unless said otherwise.
    ///
    /// # Errors
    /// The address could not be opened.
    pub async fn start(options: DathostSimOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}/api/0.1");
        let clock = WorldClock::new(options.clock.clone(), options.speed);
        let mut world = World::new(&options, clock.world_now());
        let seeded = seed::fill(&mut world, options.world);
        let shared = Arc::new(Shared::new(&options, clock, url.clone(), world));
        let mut tasks = Tasks::new();
        let listener = CutListener::new(listener, None);
        tasks.spawn(http::serve(listener, Arc::clone(&shared), tasks.stopped()));
        tasks.spawn(hooks::send(Arc::clone(&shared), tasks.stopped()));
        let ticked = Arc::clone(&shared);
        tasks.spawn_ticker(&shared.clock, move || ticked.with(|_| ()));
        Ok(Self { url, old_url: format!("http://{address}{OLD_PATH}"), seeded, shared, tasks })
    }

    /// The API's address with its version, without a trailing slash.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// An address that redirects every request to [`Self::url`], as the provider's old one does.
    pub fn old_url(&self) -> String {
        self.old_url.clone()
    }

    /// What our account logs in with.
    pub fn email(&self) -> &str {
        &self.seeded.email
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.seeded.password
    }

    /// An account that has invited ours.
    pub fn inviter_email(&self) -> &str {
        &self.seeded.inviter
    }

    /// Our account's id at the provider.
    pub fn account_id(&self) -> &str {
        &self.seeded.own
    }

    /// Looks into the world and steers it.
    pub fn world(&self) -> DathostWorld {
        DathostWorld(Arc::clone(&self.shared))
    }

    /// Sets faults.
    pub fn faults(&self) -> DathostFaults {
        DathostFaults(Arc::clone(&self.shared))
    }

    /// Stops listening and ends all connections.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}
