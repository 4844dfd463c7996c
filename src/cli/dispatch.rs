//! From the parsed command line to the command.

use std::future::Future;
use std::sync::Arc;

use clap::Parser;

use super::args::{Arguments, Command, EngineCommand, Format, OrderCommand, OrdersCommand, RunCommand};
use super::clock::SystemClock;
use super::engine::RunMode;
use super::exit::Exit;
use super::session::Session;
use super::{
    act, attach, config_command, dial_stdio, doctor, documents, engine, get, logs, server_command, site,
    store_command,
};
use crate::config::Config;
use crate::config::paths::Paths;
use crate::console::format;
use crate::engine::EngineSetup;
use crate::engine::policy::Policy;
use crate::model::action::ActionRequest;
use crate::model::ids::RunId;
use crate::model::money::Money;
use crate::model::problem::Problem;
use crate::model::request::Request;
use crate::model::time::Clock;
use crate::providers::orders;

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints both kinds to the right stream.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return error.print().map_or(Exit::Failed, |()| exit);
        }
    };
    match &arguments.command {
        Some(Command::Config(command)) => config_command::run(&arguments, command),
        Some(Command::Completions { shell }) => documents::completions(*shell),
        Some(Command::Man) => documents::man(),
        command => match config_command::load(&arguments) {
            Err(error) => {
                eprintln!("quarterdeck: {error}");
                Exit::Usage
            }
            Ok((config, paths)) => configured(&arguments, command.as_ref(), &config, &paths),
        },
    }
}

/// Runs a command that needs the configuration.
fn configured(arguments: &Arguments, command: Option<&Command>, config: &Config, paths: &Paths) -> Exit {
    let conversation = |origin| Conversation { arguments, config, paths, origin };
    let outcome = match command {
        None => super::open_console::run(arguments, config, paths),
        Some(Command::Demo(world)) => super::demo::run(world, config),
        Some(Command::Sim(sim)) => on_many_threads(super::sim_command::run(sim)),
        Some(Command::Engine(command)) => engine_command(command, config, paths),
        Some(Command::DialStdio) => on_one_thread(async {
            let launch = attach::launch(paths)?;
            dial_stdio::dial_stdio(&attach::engine_paths(paths), &launch).await.map(|()| Exit::Done)
        }),
        Some(Command::Get(get)) => {
            conversation("cli").hold(async |session| get::run(session, get, &SystemClock).await)
        }
        Some(Command::Doctor(output)) => {
            conversation("cli").hold(async |session| doctor::run(session, output.format()).await)
        }
        Some(Command::Order(OrderCommand::Provision { id, act })) => {
            let request = |order| ActionRequest::ProvisionOrder { order };
            conversation("cli").hold(async |session| act::act_on_order(session, id, request, act).await)
        }
        Some(Command::Order(OrderCommand::TakeOver { id, act })) => {
            let request = |order| ActionRequest::TakeOverOrder { order };
            conversation("cli").hold(async |session| act::act_on_order(session, id, request, act).await)
        }
        Some(Command::Server(command)) => {
            conversation("cli").hold(async |session| server_command::run(session, command).await)
        }
        Some(Command::Match(command)) => {
            conversation("cli").hold(async |session| super::matches::run(session, command).await)
        }
        Some(Command::Credits(command)) => conversation("cli").hold(async |session| {
            super::credits::run(session, command, &SystemClock, config.time_zone).await
        }),
        Some(Command::Run(command)) => conversation("cli").hold(async |session| run(session, command).await),
        Some(Command::Orders(OrdersCommand::Migrate)) => on_one_thread(migrate(config, paths)),
        Some(Command::Store(command)) => store_command::run(&paths.data_dir, command),
        Some(Command::Config(_) | Command::Completions { .. } | Command::Man) => Ok(Exit::Usage),
    };
    outcome.unwrap_or_else(|problem| {
        eprintln!("quarterdeck: {problem}");
        Exit::of_problem(&problem)
    })
}

/// A command that talks with the engine.
struct Conversation<'a> {
    arguments: &'a Arguments,
    config: &'a Config,
    paths: &'a Paths,
    origin: &'static str,
}

impl Conversation<'_> {
    /// Connects, reads the fleet and lets the command talk.
    fn hold(&self, talk: impl AsyncFnOnce(&mut Session) -> Result<Exit, Problem>) -> Result<Exit, Problem> {
        on_one_thread(async {
            let link =
                attach::connect_to_engine(self.arguments, self.config, self.paths, self.origin).await?;
            let mut session = Session::begin(link).await?;
            talk(&mut session).await
        })
    }
}

/// A client needs one thread only.
///
/// # Errors
/// The command's, or the runtime cannot start.
pub fn on_one_thread<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Problem::storage(format!("starting: {error}")))?.block_on(work)
}

/// An engine uses what the machine has.
///
/// # Errors
/// The command's, or the runtime cannot start.
pub fn on_many_threads<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    logs::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Problem::storage(format!("starting: {error}")))?.block_on(work)
}

fn engine_command(command: &EngineCommand, config: &Config, paths: &Paths) -> Result<Exit, Problem> {
    let engine_paths = attach::engine_paths(paths);
    let options = attach::options("cli", config.console.is_read_only);
    match command {
        EngineCommand::Run { background } => on_many_threads(async {
            let mode = if *background { RunMode::Background } else { RunMode::Foreground };
            let setup = setup(config, paths).await?;
            engine::run_engine(&engine_paths, mode, setup).await.map(|()| Exit::Done)
        }),
        EngineCommand::Status(output) => on_one_thread(async {
            let Some(status) = engine::status(&engine_paths, options).await? else {
                eprintln!("quarterdeck: no engine runs");
                return Ok(Exit::Unreachable);
            };
            let text = match output.format() {
                Format::Json => serde_json::to_string_pretty(&status).unwrap_or_default(),
                Format::Table | Format::Csv => engine_words(&status),
            };
            println!("{text}");
            Ok(Exit::Done)
        }),
        EngineCommand::Stop => on_one_thread(async {
            let was_running = engine::stop(&engine_paths, options).await?;
            eprintln!("{}", if was_running { "the engine ended" } else { "no engine ran" });
            Ok(Exit::Done)
        }),
    }
}

/// An engine's condition in one line.
fn engine_words(status: &crate::model::request::EngineStatus) -> String {
    let count = |number, thing| format::count(usize::try_from(number).unwrap_or(usize::MAX), thing);
    let since = super::listing::age_text(SystemClock.now().millis_since(status.started_at));
    let condition = std::iter::once(String::new()).chain(status.condition.sentences()).collect::<Vec<_>>();
    let condition = condition.join("\n");
    format!(
        "running for {since} · process {} · version {} · {} · {} going on · {} · {} · {} MiB · {}{condition}",
        status.pid,
        status.version,
        count(status.clients, "client"),
        count(status.runs_active, "run"),
        count(status.orders, "order"),
        count(status.servers, "server"),
        status.memory_bytes / (1024 * 1024),
        status.data_dir
    )
}

/// What the configured site's engine is started with.
async fn setup(config: &Config, paths: &Paths) -> Result<EngineSetup, Problem> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let panels = site::panels(config, &clock)?;
    let money = site::money(config, &clock)?;
    let mut databases = Vec::new();
    for one in &config.orders {
        let settings = site::orders_settings(one, &paths.data_dir)?;
        databases.push((orders::connect(&settings, Arc::clone(&clock)).await?, one.panel.clone()));
    }
    let mut policy = Policy::default();
    policy.reconcile.paid_too_long_ms = config.limits.paid_too_long_ms;
    policy.reconcile.provisioning_too_long_ms = config.limits.provisioning_too_long_ms;
    policy.runs.claim_stuck_ms = config.limits.provisioning_too_long_ms;
    policy.runs.install_deadline_ms = config.limits.install_deadline_ms;
    let orphan_cost = config.limits.orphan_cost_per_gib_hour;
    policy.reconcile.default_cost_per_gib_hour = (!orphan_cost.is_zero())
        .then(|| Money { amount: orphan_cost, currency: config.site.rates.reporting.clone() });
    policy.lifetime.idle_exit_ms = Some(config.idle_exit_ms);
    Ok(EngineSetup {
        site: config.site.clone(),
        version: attach::VERSION.to_owned(),
        data_dir: paths.data_dir.clone(),
        clock,
        panels,
        orders: databases,
        money,
        matches: site::matches(config),
        policy,
    })
}

async fn run(session: &mut Session, command: &RunCommand) -> Result<Exit, Problem> {
    match command {
        RunCommand::Show { id, output } => act::show_run(session, &RunId(id.clone()), output.format()),
        RunCommand::Cancel { id } => {
            let run = RunId(id.clone());
            session.ask(Request::CancelRun(run.clone())).await?;
            act::follow(session, &run, false).await
        }
    }
}

/// Creates the schema of every embedded orders database of the configuration, or the default one.
async fn migrate(config: &Config, paths: &Paths) -> Result<Exit, Problem> {
    let configured = config.orders.iter().filter(|one| one.database == "sqlite");
    let mut files: Vec<_> = configured
        .map(|one| one.path.clone().unwrap_or_else(|| paths.data_dir.join(site::EMBEDDED_FILE)))
        .collect();
    if files.is_empty() {
        if !config.orders.is_empty() {
            return Err(Problem::refused(
                "the configured orders databases are a customer's own; nothing is ever created there",
                "",
            ));
        }
        files.push(paths.data_dir.join(site::EMBEDDED_FILE));
    }
    for file in files {
        if let Some(folder) = file.parent() {
            crate::link::unix::private_directory(folder)
                .map_err(|error| Problem::storage(format!("{}: {error}", folder.display())))?;
        }
        orders::create_embedded(&file).await?;
        println!("{}: the embedded schema is there", file.display());
    }
    Ok(Exit::Done)
}
