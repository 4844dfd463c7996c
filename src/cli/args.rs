//! The command line's grammar, as data for clap, completions and the man page.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit::EXIT_CODES;
use super::matches::args::MatchCommand;
use crate::model::credits::{EXTENSION_S_MAX, RAM_GIB};
use crate::model::report::{ReportFormat, ReportPeriod};
use crate::sim::panel::FaultRates;

/// The least memory of a server at exaroton, GiB.
const RAM_GIB_MIN: i64 = *RAM_GIB.start() as i64;
/// The most.
const RAM_GIB_MAX: i64 = *RAM_GIB.end() as i64;
/// The longest that the auto-stop is put off at once, minutes.
const EXTENSION_MINUTES_MAX: i64 = EXTENSION_S_MAX as i64 / 60;

/// Where help lists the options that every command takes.
const EVERYWHERE: &str = "With every command";

/// One terminal for paid hosting: what runs, what it burns per hour, what is stuck; provision, stop, destroy.
#[derive(Debug, Parser)]
#[command(name = "quarterdeck", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Arguments {
    /// Configuration file [default: config.toml in the XDG config folder]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the record log, the cache and the socket [default: the XDG state folder]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Attach to the engine of another machine over SSH: `ssh://user@host`
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "URL")]
    pub host: Option<String>,
    /// Ask for no action, whatever is pressed
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub read_only: bool,
    /// What to do; without a command the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console over a simulated site: no account, no configuration, no network
    Demo(SimulationArguments),
    /// Only the simulators, and the configuration that points at them
    Sim(SimArguments),
    /// The background engine
    #[command(subcommand)]
    Engine(EngineCommand),
    /// Speak the engine's protocol on standard input and output (what --host runs over SSH)
    DialStdio,
    /// List things: as a table, JSON or CSV
    Get(GetArguments),
    /// Act on an order
    #[command(subcommand)]
    Order(OrderCommand),
    /// Act on a server
    #[command(subcommand)]
    Server(ServerCommand),
    /// CS2 matches on rented servers
    #[command(subcommand)]
    Match(MatchCommand),
    /// Prepaid money
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Look at a run, or cancel it
    #[command(subcommand)]
    Run(RunCommand),
    /// Check that plans, prices, regions, nodes, eggs, orders and keys fit together
    Doctor(OutputArguments),
    /// The orders database
    #[command(subcommand)]
    Orders(OrdersCommand),
    /// The record log and its cache; import, compact and rebuild need the engine stopped
    #[command(subcommand)]
    Store(StoreCommand),
    /// Configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a shell's completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// The world that `demo` and `sim` simulate.
#[derive(Debug, Clone, Args)]
pub struct SimulationArguments {
    /// Seed of the simulated world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many simulated seconds pass in one
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Faults that strike requests at random: latency=200ms, and shares from 0 to 1 of 429, 500, 504, reset, lost,
    /// malformed and oversized, as in latency=200ms,500=0.05,lost=0.02
    #[arg(long, value_name = "LIST")]
    pub faults: Option<FaultRates>,
    /// Size of the simulated panel, for measuring: this many servers on fifty per node
    #[arg(long, value_name = "COUNT")]
    pub servers: Option<u32>,
}

/// A speed that a simulated world can have.
fn speed(text: &str) -> Result<f64, String> {
    let wrong = || "a number from 0.01 to 10000, such as 20".to_owned();
    let speed: f64 = text.parse().map_err(|_| wrong())?;
    if (0.01..=10_000.0).contains(&speed) { Ok(speed) } else { Err(wrong()) }
}

/// Arguments of `sim`.
#[derive(Debug, Args)]
pub struct SimArguments {
    /// The world
    #[command(flatten)]
    pub world: SimulationArguments,
    /// Where the simulated panel listens; without it loopback, on a port that the system chooses
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub listen: std::net::SocketAddr,
    /// Print a configuration that points at the simulators, on standard output
    #[arg(long)]
    pub print_config: bool,
}

/// `engine …`
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Run it in the foreground (systemd, a container)
    Run {
        /// Started on demand by a console: leaves when idle
        #[arg(long, hide = true)]
        background: bool,
    },
    /// How it is
    Status(OutputArguments),
    /// End it; unfinished runs go on at the next start
    Stop,
}

/// What `get` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Orders, the stuck ones first
    Orders,
    /// Nodes with their capacity
    Nodes,
    /// Servers
    Servers,
    /// Runs and their steps
    Runs,
    /// The audit log
    Audit,
    /// The reconciler's findings
    Findings,
    /// Each account's feeds: age, errors, budget
    Feeds,
    /// Matches, what bills without need first
    Matches,
    /// Players: rating, matches won and lost, what they earned
    Players,
    /// The ledger of settled matches, player by player
    Ledger,
    /// Deployments (not connected yet)
    Deployments,
    /// Balances of prepaid money: what burns them and how long they last
    Credits,
    /// Alerts on money; exit code 3 while one holds that nobody silenced
    Alerts,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// Comma-separated, with a header line
    Csv,
}

/// `-o`
#[derive(Debug, Clone, Args)]
pub struct OutputArguments {
    /// How to write it
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// The same as `-o json`
    #[arg(long, conflicts_with = "output")]
    pub json: bool,
}

impl OutputArguments {
    /// The format that is meant.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// Arguments of `get`.
#[derive(Debug, Args)]
pub struct GetArguments {
    /// What to list
    #[arg(value_enum)]
    pub kind: Kind,
    /// How to write it
    #[command(flatten)]
    pub output: OutputArguments,
    /// Narrow it: words match fuzzily; status=running cost>0.2 age>2h !tag:keep ~name
    #[arg(short, long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Write it again whenever it changes
    #[arg(short, long)]
    pub watch: bool,
}

/// How an action is confirmed on the command line.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ActArguments {
    /// Print the plan and its cost; do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask (scripts); destroying still needs the name: --name
    #[arg(short, long)]
    pub yes: bool,
    /// Go on where the plan goes over the budget; without it --yes does nothing then
    #[arg(long)]
    pub over_budget: bool,
    /// The name, for actions that ask for it to be typed
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print the run as JSON
    #[arg(long)]
    pub json: bool,
}

/// `order …`
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Turn a paid order into a running server; on an order in error: try again
    Provision {
        /// The order's id; SHOP/ID where several shops have it
        id: String,
        /// How to confirm
        #[command(flatten)]
        act: ActArguments,
    },
    /// Take an order over from a run that claimed it and died, and go on with it
    TakeOver {
        /// The order's id; SHOP/ID where several shops have it
        id: String,
        /// How to confirm
        #[command(flatten)]
        act: ActArguments,
    },
}

/// A server and how to confirm.
#[derive(Debug, Clone, Args)]
pub struct ServerArguments {
    /// The server: its identifier, its uuid, its address at exaroton, ACCOUNT/ID or its exact name
    pub server: String,
    /// How to confirm
    #[command(flatten)]
    pub act: ActArguments,
}

/// `server …`
#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Start its process
    Start {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// At exaroton: burn this account's credits instead of its pool's or owner's
        #[arg(long)]
        own_credits: bool,
    },
    /// Stop it gracefully
    Stop(ServerArguments),
    /// Stop, then start
    Restart(ServerArguments),
    /// End its process now
    Kill(ServerArguments),
    /// Suspend: it stops and its owner is locked out
    Suspend(ServerArguments),
    /// Lift a suspension
    Unsuspend(ServerArguments),
    /// Run the install script again
    Reinstall(ServerArguments),
    /// Delete it and verify that it is gone
    Destroy {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// Go on although the daemon does not answer; files may stay on the node
        #[arg(long)]
        force: bool,
    },
    /// Keep a server that nothing owns: it is no orphan then
    Keep {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Set the memory of a server at exaroton: what it burns from its next start on
    Ram {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// Whole GiB
        #[arg(value_parser = clap::value_parser!(u32).range(RAM_GIB_MIN..=RAM_GIB_MAX))]
        gib: u32,
    },
    /// Put off the moment at which a server at exaroton stops because nobody plays
    Extend {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// By how many minutes: up to a day
        #[arg(value_parser = clap::value_parser!(u32).range(1..=EXTENSION_MINUTES_MAX))]
        minutes: u32,
    },
    /// Type a line into its console
    Command {
        /// The server
        #[command(flatten)]
        server: ServerArguments,
        /// The line: "say back in five minutes"
        line: String,
    },
}

/// `run …`
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Its steps, times and outcome
    Show {
        /// The run's id
        id: String,
        /// How to write it
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Stop after the present step and undo what was done
    Cancel {
        /// The run's id
        id: String,
    },
}

/// `credits …`
#[derive(Debug, Subcommand)]
pub enum CreditsCommand {
    /// Read every balance and keep a snapshot of balances and servers (for cron)
    Snapshot,
    /// What was spent: by day, three days, week and month with averages, and day by day, as JSON
    History {
        /// Only this balance: ACCOUNT or ACCOUNT/POOL, as `get credits` names it
        balance: Option<String>,
    },
    /// What a period cost and where it went, as PDF, PNG, SVG, CSV, JSON or text
    Report(ReportArguments),
    /// What changed the burn: servers that began to burn, stopped or got another price, and who did it
    Changes {
        /// What to look at
        #[command(flatten)]
        window: BurnWindow,
    },
    /// Where the burn went, as declared: what ran, at its price
    Burn {
        /// Whom it is told by
        #[arg(long, value_enum, default_value_t = BurnBy::Server)]
        by: BurnBy,
        /// What to look at
        #[command(flatten)]
        window: BurnWindow,
    },
}

/// A window of the burn.
#[derive(Debug, Clone, Args)]
pub struct BurnWindow {
    /// From when: 2h, 14:00, 2026-11-28 or 2026-11-28T14:00, in the site's time zone
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    pub since: String,
    /// Only what is paid from this balance or account: ACCOUNT or ACCOUNT/POOL, as `get credits` names it
    pub balance: Option<String>,
    /// How to write it
    #[command(flatten)]
    pub output: OutputArguments,
}

/// Whom the burn is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BurnBy {
    /// Server by server
    Server,
    /// exaroton, DatHost, Pterodactyl
    Provider,
    /// Orders, matches, deployments, persons who keep a server
    Owner,
}

/// Arguments of `credits report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// First day, in the site's time zone: 2026-11-01
    #[arg(long, value_name = "DAY", conflicts_with = "last")]
    pub from: Option<NaiveDate>,
    /// Last day, itself included [default: today]
    #[arg(long, value_name = "DAY", requires = "from")]
    pub to: Option<NaiveDate>,
    /// day, week or month: the last one that is over, weeks from Monday; 7d: so many days, today included
    /// [default: week]
    #[arg(long, value_name = "PERIOD", value_parser = last_period)]
    pub last: Option<ReportPeriod>,
    /// The file; its ending names the format. `-` is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The format whatever the file's ending is: pdf, png, svg, csv, json or txt [default for -: txt]
    #[arg(long, value_name = "FORMAT", value_parser = report_format)]
    pub format: Option<ReportFormat>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

fn last_period(text: &str) -> Result<ReportPeriod, String> {
    ReportPeriod::parse_last(text)
        .ok_or_else(|| "day, week, month, or a number of days such as 7d".to_owned())
}

fn report_format(text: &str) -> Result<ReportFormat, String> {
    let endings = ReportFormat::ALL.map(|(ending, _)| ending).join(", ");
    ReportFormat::from_ending(text).ok_or_else(|| format!("one of {endings}"))
}

/// `orders …`
#[derive(Debug, Subcommand)]
pub enum OrdersCommand {
    /// Create the embedded SQLite schema; a customer's own database is never touched
    Migrate,
}

/// `store …`
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Compare log, indexes and checksums
    Verify,
    /// Write every record as JSON lines
    Export {
        /// Where to [default: standard output]
        file: Option<PathBuf>,
    },
    /// Read records that export wrote into an empty store
    Import {
        /// Where from [default: standard input]
        file: Option<PathBuf>,
    },
    /// Rewrite the cache without its dead space, and compress old segments
    Compact,
    /// Throw the cache's indexes away and build them again from the log
    Rebuild,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented sample
    Init {
        /// Print it instead of writing the file
        #[arg(long)]
        stdout: bool,
    },
    /// What is in force; secrets show only where they are kept
    Show {
        /// Where each value came from
        #[arg(long)]
        origin: bool,
    },
    /// Read it, resolve the secrets, and say what is wrong
    Check,
}
