//! The world behind the panel: its tables, its nodes' processes and the events that are due.
//!
//! It moves only in [`World::advance`]; nothing in it waits or reads a clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::sync::broadcast;

use super::entities::{Allocation, ApiKey, Egg, Game, Location, Nest, Node, Server, Status, User};
use super::life::{Effect, Install, Manner, Process, ProcessEvent};
use super::log::RequestLog;
use super::options::{InstallPolicy, PanelSimOptions};
use crate::model::server::{PowerSignal, PowerState};
use crate::model::time::Timestamp;
use crate::sim::random;

/// What websockets of a server are told, besides the seconds they count themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// The process state changed.
    State(PowerState),
    /// A console line.
    Line(String),
    /// A line of the install script.
    InstallLine(String),
    /// An install began.
    InstallStarted,
    /// An install ended, either way.
    InstallCompleted,
    /// The server is gone.
    Deleted,
}

/// Notices a socket may be behind before the oldest are dropped, as the daemon drops console lines.
const NOTICES_BEHIND: usize = 512;

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy)]
enum Due {
    Process { server: i64, generation: u32, event: ProcessEvent },
    InstallEnds { server: i64, run: u32 },
    InstallSays { server: i64, run: u32, line: usize },
    SuspendedStops { server: i64 },
    Maintenance { node: i64 },
}

/// Everything the simulator knows.
pub(super) struct World {
    pub(super) seed: u64,
    /// World time up to which everything has happened.
    pub(super) now: Timestamp,
    /// Base time of the request being served: what rows are stamped with.
    pub(super) stamp: Timestamp,
    pub(super) url: String,
    pub(super) locations: BTreeMap<i64, Location>,
    pub(super) nodes: BTreeMap<i64, Node>,
    pub(super) allocations: BTreeMap<i64, Allocation>,
    pub(super) allocations_of_node: BTreeMap<i64, BTreeSet<i64>>,
    pub(super) nests: BTreeMap<i64, Nest>,
    pub(super) eggs: BTreeMap<i64, Egg>,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) keys: Vec<ApiKey>,
    pub(super) servers: BTreeMap<i64, Server>,
    pub(super) server_by_identifier: HashMap<String, i64>,
    pub(super) installs: InstallPolicy,
    pub(super) is_eventful: bool,
    pub(super) websocket_tokens_per_minute: Option<u32>,
    pub(super) log: RequestLog,
    /// Every external id that a committed create carried, with how often.
    pub(super) created_by_external_id: BTreeMap<String, u32>,
    pub(super) created_ever: u64,
    pub(super) deleted_ever: u64,
    /// Uuids of servers that a node holds and the panel does not know.
    pub(super) orphans: BTreeMap<String, i64>,
    /// Bills of servers that are gone.
    pub(super) closed_bills: Vec<super::bill::ServerBill>,
    next_ids: BTreeMap<&'static str, i64>,
    due: BTreeMap<(Timestamp, u64), Due>,
    due_number: u64,
    pub(super) listeners: HashMap<i64, broadcast::Sender<Notice>>,
}

impl World {
    /// An empty world at `now`.
    pub(super) fn new(options: &PanelSimOptions, now: Timestamp, stamp: Timestamp) -> Self {
        Self {
            seed: options.seed,
            now,
            stamp,
            url: String::new(),
            locations: BTreeMap::new(),
            nodes: BTreeMap::new(),
            allocations: BTreeMap::new(),
            allocations_of_node: BTreeMap::new(),
            nests: BTreeMap::new(),
            eggs: BTreeMap::new(),
            users: BTreeMap::new(),
            keys: Vec::new(),
            servers: BTreeMap::new(),
            server_by_identifier: HashMap::new(),
            installs: options.installs,
            is_eventful: options.is_eventful,
            websocket_tokens_per_minute: options.rate_limits.websocket_tokens_per_minute,
            log: RequestLog::default(),
            created_by_external_id: BTreeMap::new(),
            created_ever: 0,
            deleted_ever: 0,
            orphans: BTreeMap::new(),
            closed_bills: Vec::new(),
            next_ids: BTreeMap::new(),
            due: BTreeMap::new(),
            due_number: 0,
            listeners: HashMap::new(),
        }
    }

    /// The next number of a table, as its auto-increment gives it: used up even when the insert fails.
    pub(super) fn next_id(&mut self, table: &'static str) -> i64 {
        let next = self.next_ids.entry(table).or_insert(0);
        *next += 1;
        *next
    }

    fn schedule(&mut self, at: Timestamp, what: Due) {
        self.due_number += 1;
        self.due.insert((at, self.due_number), what);
    }

    /// Lets everything happen that is due up to `now`, in order.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let ((at, _), what) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(what);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, what: Due) {
        match what {
            Due::Process { server, generation, event } => {
                if self.servers.get(&server).is_some_and(|found| found.process.generation == generation) {
                    self.process_event(server, event);
                }
            }
            Due::InstallEnds { server, run } => self.install_ends(server, Some(run)),
            Due::InstallSays { server, run, line } => self.install_says(server, run, line),
            Due::SuspendedStops { server } => {
                if self.servers.get(&server).is_some_and(|found| found.status == Some(Status::Suspended)) {
                    self.process_event(server, ProcessEvent::Signal(PowerSignal::Stop));
                }
            }
            Due::Maintenance { node } => self.toggle_maintenance(node),
        }
    }

    /// Tells the sockets of a server; without any, nothing is kept.
    pub(super) fn tell(&mut self, server: i64, notice: Notice) {
        if let Some(sender) = self.listeners.get(&server)
            && sender.send(notice).is_err()
        {
            self.listeners.remove(&server);
        }
    }

    /// A feed of what a server's sockets are told.
    pub(super) fn listen(&mut self, server: i64) -> broadcast::Receiver<Notice> {
        self.listeners.entry(server).or_insert_with(|| broadcast::channel(NOTICES_BEHIND).0).subscribe()
    }

    /// The egg's game; unknown eggs are plain programs.
    pub(super) fn game_of(&self, server: &Server) -> Game {
        self.eggs.get(&server.egg_id).map_or(Game::Other, |egg| egg.game)
    }

    fn manner(&self, server: &Server) -> Manner {
        let (boot_min_ms, boot_max_ms, stop_max_ms, crash_hours) = match self.game_of(server) {
            Game::Minecraft => (8_000, 45_000, 12_000, 90),
            Game::Proxy => (2_000, 5_000, 2_000, 400),
            Game::CounterStrike => (6_000, 20_000, 3_000, 120),
            Game::Valheim => (15_000, 60_000, 10_000, 150),
            Game::Rust => (40_000, 120_000, 20_000, 60),
            Game::Other => (1_000, 3_000, 1_500, 300),
        };
        Manner {
            seed: self.seed,
            server: server.id.cast_unsigned(),
            boot_min_ms,
            boot_max_ms,
            stop_max_ms,
            crash_mean_ms: self.is_eventful.then_some(crash_hours * 3_600_000),
        }
    }

    /// Carries a server's process through an event and everything that follows from it.
    pub(super) fn process_event(&mut self, id: i64, event: ProcessEvent) {
        let Some(server) = self.servers.get(&id) else { return };
        let manner = self.manner(server);
        let now = self.now;
        let Some(server) = self.servers.get_mut(&id) else { return };
        let effects = server.process.on(event, now, &manner);
        let state = server.process.state;
        for effect in effects {
            match effect {
                Effect::After(ms, event) => {
                    let generation = self.servers.get(&id).map_or(0, |found| found.process.generation);
                    self.schedule(now.plus_millis(ms), Due::Process { server: id, generation, event });
                }
                Effect::Say(line) => self.say(id, daemon_line(&line)),
                Effect::Changed => self.tell(id, Notice::State(state)),
            }
        }
    }

    /// Puts a line on a server's console.
    pub(super) fn say(&mut self, id: i64, line: String) {
        let now = self.now;
        if let Some(server) = self.servers.get_mut(&id) {
            server.process.remember(now, line.clone());
        }
        self.tell(id, Notice::Line(line));
    }

    /// Begins an install on the node; the outcome is decided by the seed and the policy.
    pub(super) fn begin_install(
        &mut self,
        id: i64,
        is_reinstall: bool,
        skips_script: bool,
        starts_after: bool,
    ) {
        let (seed, now, policy) = (self.seed, self.now, self.installs);
        let Some(server) = self.servers.get_mut(&id) else { return };
        server.process.install_run += 1;
        let run = server.process.install_run;
        let parts = [id.cast_unsigned(), u64::from(run), 31];
        let will_succeed = skips_script || random::share(seed, &parts) >= policy.failure_rate;
        let length = if skips_script {
            50
        } else {
            random::between(seed, &[parts[0], parts[1], 32], policy.min_ms, policy.max_ms)
        };
        server.process.install =
            Some(Install { run, started_at: now, is_reinstall, will_succeed, starts_after });
        self.tell(id, Notice::InstallStarted);
        if !policy.is_held || skips_script {
            self.schedule(now.plus_millis(length), Due::InstallEnds { server: id, run });
        }
        let lines = super::console::INSTALL_LINES.len() as u64;
        for line in 0..lines {
            let at = now.plus_millis(length * (line + 1) / (lines + 1));
            let line = usize::try_from(line).unwrap_or(0);
            self.schedule(at, Due::InstallSays { server: id, run, line });
        }
    }

    fn install_says(&mut self, id: i64, run: u32, line: usize) {
        let is_current = self
            .servers
            .get(&id)
            .and_then(|server| server.process.install.as_ref())
            .is_some_and(|at| at.run == run);
        if is_current && let Some(text) = super::console::INSTALL_LINES.get(line) {
            self.tell(id, Notice::InstallLine((*text).to_owned()));
        }
    }

    /// The daemon reports the end of an install; `run` guards against older ones.
    pub(super) fn install_ends(&mut self, id: i64, run: Option<u32>) {
        let Some(install) = self.servers.get(&id).and_then(|server| server.process.install.clone()) else {
            return;
        };
        if run.is_some_and(|run| run != install.run) {
            return;
        }
        self.report_install(id, install.will_succeed, install.is_reinstall);
        if install.will_succeed && install.starts_after {
            self.process_event(id, ProcessEvent::Signal(PowerSignal::Start));
        }
    }

    /// What the panel does with a daemon's report: suspension wins, failures are remembered.
    pub(super) fn report_install(&mut self, id: i64, succeeded: bool, is_reinstall: bool) {
        let stamp = self.stamp;
        let Some(server) = self.servers.get_mut(&id) else { return };
        server.process.install = None;
        server.updated_at = stamp;
        if server.status != Some(Status::Suspended) {
            server.status = match (succeeded, is_reinstall) {
                (true, _) => None,
                (false, true) => Some(Status::ReinstallFailed),
                (false, false) => Some(Status::InstallFailed),
            };
        }
        self.tell(id, Notice::InstallCompleted);
    }

    /// The daemon stops a suspended server within a minute.
    pub(super) fn stop_suspended(&mut self, id: i64) {
        let wait =
            random::between(self.seed, &[id.cast_unsigned(), 41, self.now.0.cast_unsigned()], 2_000, 20_000);
        self.schedule(self.now.plus_millis(wait), Due::SuspendedStops { server: id });
    }

    /// Nodes of an eventful world go into maintenance for some minutes every few days.
    pub(super) fn plan_maintenance(&mut self, node: i64) {
        if self.is_eventful {
            let parts = [node.cast_unsigned(), 51, self.now.0.cast_unsigned()];
            let wait = random::between(self.seed, &parts, 12 * 3_600_000, 96 * 3_600_000);
            self.schedule(self.now.plus_millis(wait), Due::Maintenance { node });
        }
    }

    fn toggle_maintenance(&mut self, id: i64) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.is_in_maintenance = !node.is_in_maintenance;
        if node.is_in_maintenance {
            let length = random::between(self.seed, &[id.cast_unsigned(), 52], 10 * 60_000, 40 * 60_000);
            self.schedule(self.now.plus_millis(length), Due::Maintenance { node: id });
        } else {
            self.plan_maintenance(id);
        }
    }

    /// A process that has been running for some time already, for seeded worlds.
    pub(super) fn set_running(&mut self, id: i64, for_ms: u64) {
        let now = self.now;
        let Some(server) = self.servers.get(&id) else { return };
        let manner = self.manner(server);
        let Some(server) = self.servers.get_mut(&id) else { return };
        let began = Timestamp(now.0.saturating_sub(i64::try_from(for_ms).unwrap_or(0)));
        let mut process = Process::offline(began);
        process.on(ProcessEvent::Signal(PowerSignal::Start), began, &manner);
        let effects = process.on(ProcessEvent::Booted, began, &manner);
        process.log.clear();
        // What ran before the world began is not billed.
        process.since = now;
        process.ran_ms = 0;
        let generation = process.generation;
        server.process = process;
        for effect in effects {
            if let Effect::After(ms, event) = effect {
                self.schedule(now.plus_millis(ms), Due::Process { server: id, generation, event });
            }
        }
    }
}

/// A notice of the daemon as it looks on the console.
fn daemon_line(text: &str) -> String {
    format!("\u{1b}[33m\u{1b}[1m[Pterodactyl Daemon]:\u{1b}[39m {text}\u{1b}[0m")
}
