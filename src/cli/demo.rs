//! `demo`: simulators, engine and console in one process, over a site that is gone with it.

use std::sync::Arc;

use super::args::SimulationArguments;
use super::clock::SystemClock;
use super::exit::Exit;
use super::simulation::Simulation;
use super::{attach, open_console};
use crate::config::Config;
use crate::engine;
use crate::link::connect;
use crate::link::transport::InProcessTransport;
use crate::model::problem::Problem;
use crate::model::time::Clock;
use crate::sim::panel::ANY_LOOPBACK_PORT;

/// Runs the demo.
///
/// The engine has threads of its own; the console has this one, so that nothing the site does delays a key.
///
/// # Errors
/// The simulators or the engine cannot start, or there is no terminal.
pub fn run(world: &SimulationArguments, config: &Config) -> Result<Exit, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::storage(format!("starting: {error}")))?;
    let outcome = runtime.block_on(show(world, config));
    // Pollers may wait inside a request; the process ends without them.
    runtime.shutdown_background();
    outcome
}

async fn show(world: &SimulationArguments, config: &Config) -> Result<Exit, Problem> {
    let folder = tempfile::Builder::new()
        .prefix("quarterdeck-demo-")
        .tempdir()
        .map_err(|error| Problem::storage(format!("making a folder for the demo: {error}")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let simulation = Simulation::start(world, ANY_LOOPBACK_PORT, folder.path(), &clock).await?;
    simulation.let_orders_arrive(&clock);
    simulation.write_past(folder.path(), clock.as_ref()).await?;
    let (handle, task) = engine::start(simulation.engine_setup(folder.path(), &clock).await?).await?;
    let link = connect(InProcessTransport(handle.clone()), attach::options("console", false)).await?;
    let outcome = open_console::open(link, config, None).await;
    handle.shut_down();
    task.stopped().await;
    simulation.site.stop().await;
    outcome
}
