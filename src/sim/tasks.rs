//! The tasks of a running simulator: what serves, what moves its world, and how they end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::WorldClock;

/// How long [`Tasks::stop`] waits for connections to end before it cuts them.
const STOP_WAIT: Duration = Duration::from_millis(200);

/// Tasks that end together; dropping them stops them, too.
pub(super) struct Tasks {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Tasks {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { stop: watch::channel(false).0, tasks: JoinSet::new() }
    }

    /// Told when they are to end.
    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// One more.
    pub(super) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Moves a world even when nobody asks, so that those who listen hear of what happens.
    pub(super) fn spawn_ticker(&mut self, clock: &WorldClock, tick: impl Fn() + Send + 'static) {
        let pause = Duration::from_millis(clock.second_ms().min(250));
        let mut stopped = self.stopped();
        self.spawn(async move {
            loop {
                tokio::select! {
                    _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
                    () = tokio::time::sleep(pause) => tick(),
                }
            }
        });
    }

    /// Stops listening and ends all connections.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}
