//! `sim`: only the simulators, until interrupted, with a configuration that points at them.

use std::sync::Arc;

use super::args::SimArguments;
use super::clock::SystemClock;
use super::exit::Exit;
use super::simulation::Simulation;
use crate::model::problem::Problem;
use crate::model::time::Clock;

/// Runs the simulators until SIGINT or SIGTERM.
///
/// # Errors
/// They cannot start.
pub async fn run(arguments: &SimArguments) -> Result<Exit, Problem> {
    let folder = tempfile::Builder::new()
        .prefix("quarterdeck-sim-")
        .tempdir()
        .map_err(|error| Problem::storage(format!("making a folder for the simulators: {error}")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let simulation = Simulation::start(&arguments.world, arguments.listen, folder.path(), &clock).await?;
    simulation.let_orders_arrive(&clock);
    let configuration = simulation.configuration(folder.path())?;
    if arguments.print_config {
        print!("{configuration}");
    }
    let file = folder.path().join("config.toml");
    std::fs::write(&file, &configuration)
        .map_err(|error| Problem::storage(format!("{}: {error}", file.display())))?;
    eprintln!("the simulated panel listens at {}", simulation.site.panel_url());
    eprintln!("quarterdeck --config {} --data-dir {}", file.display(), folder.path().join("data").display());
    eprintln!(
        "the simulated exaroton listens at {}, its token is in {}",
        simulation.site.exaroton_url(),
        simulation.exaroton_token_file(folder.path())?.display()
    );
    eprintln!(
        "the simulated DatHost listens at {}, {} logs in with the password in {}",
        simulation.site.dathost().url(),
        simulation.site.dathost().email(),
        simulation.dathost_password_file(folder.path())?.display()
    );
    let unheard = |error: std::io::Error| Problem::storage(format!("listening for signals: {error}"));
    eprintln!("ctrl-c ends the simulated site and removes its folder");
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(unheard)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(unheard)?,
        _ = terminate.recv() => {}
    }
    simulation.site.stop().await;
    Ok(Exit::Done)
}
