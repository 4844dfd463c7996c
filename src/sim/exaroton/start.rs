//! Starting and stopping a simulated exaroton.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::handle::{ExarotonFaults, ExarotonWorld};
use super::options::ExarotonSimOptions;
use super::shared::Shared;
use super::world::World;
use super::{http, seed};
use crate::sim::clock::WorldClock;
use crate::sim::listener::CutListener;

/// How long [`ExarotonSim::stop`] waits for connections to end before it cuts them.
const STOP_WAIT: Duration = Duration::from_millis(200);

/// A running exaroton simulator. Dropping it stops its tasks; [`ExarotonSim::stop`] also waits for them.
pub struct ExarotonSim {
    url: String,
    account: String,
    token: String,
    friend_token: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
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
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let listener = CutListener::new(listener, None);
        tasks.spawn(http::serve(listener, Arc::clone(&shared), stopped.clone()));
        tasks.spawn(tick(Arc::clone(&shared), stopped));
        Ok(Self {
            url,
            account: seeded.own,
            token: seeded.own_token,
            friend_token: seeded.friend_token,
            shared,
            stop,
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
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// Moves the world even when nobody asks, so that sockets hear of what happens.
async fn tick(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let pause = Duration::from_millis(shared.clock.second_ms().min(250));
    loop {
        tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
            () = tokio::time::sleep(pause) => shared.with(|_| ()),
        }
    }
}
