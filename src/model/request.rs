//! What a client may ask an engine, and what it may answer: data only; frames are `link`'s.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::action::{ActionPlan, ActionRequest};
use super::balance::BalanceKey;
use super::condition::EngineCondition;
use super::finding::Finding;
use super::fleet::{Sample, SeriesKey};
use super::ids::{MatchId, NodeKey, OperatorName, PlanId, RunId, ServerKey};
use super::matches::{
    ConnectString, LedgerRecord, RosterPlayer, SavedRoster, Score, Side, Standing, SteamId, TeamRequest,
};
use super::report::{ReportPart, ReportRequest};
use super::server::{PowerSignal, PowerState, Usage};
use super::spend::{AlertKey, Attribution, Day};
use super::time::Timestamp;

/// What a console has on screen: drives polling cadence and which samples are pushed to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Focus {
    /// The tab in front.
    pub tab: Tab,
    /// Servers whose rows are visible.
    pub servers: Vec<ServerKey>,
    /// Nodes whose rows are visible.
    pub nodes: Vec<NodeKey>,
    /// Balances whose rows are visible.
    pub balances: Vec<BalanceKey>,
}

/// The five tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// Orders.
    #[default]
    Orders,
    /// Nodes and servers.
    Nodes,
    /// Matches.
    Matches,
    /// Deployments.
    Deployments,
    /// Credits.
    Credits,
}

/// A question or command to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// What would this do? Nothing happens.
    Plan(ActionRequest),
    /// Carry out a plan that was shown. Asking twice starts one run.
    Execute {
        /// The plan.
        plan: PlanId,
        /// What the operator typed, for plans that ask for a name.
        typed: Option<String>,
        /// Whether the operator was asked once more and goes over the budget.
        is_over_budget_accepted: bool,
    },
    /// Cancel a run: it stops after the present step and undoes what it did.
    CancelRun(RunId),
    /// Ask now instead of at the next interval: everything the focus shows.
    Refresh,
    /// Run every alignment check.
    Doctor,
    /// The points of a series from a moment on, oldest first.
    Series {
        /// Which.
        series: SeriesKey,
        /// From when.
        since: Timestamp,
    },
    /// Attach to a server's live console; lines come as a stream under this request's id.
    ConsoleOpen(ServerKey),
    /// Type a line into a server's console.
    ConsoleCommand {
        /// The server.
        server: ServerKey,
        /// The line.
        line: String,
    },
    /// Detach the stream that this request id opened.
    ConsoleClose {
        /// The id of the `ConsoleOpen` request.
        stream: u64,
    },
    /// Spend of a balance over time, for the chart and the daily bars.
    CreditsHistory {
        /// The balance.
        balance: BalanceKey,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// Points at most: as wide as the chart.
        points: u32,
    },
    /// Take a snapshot of every balance and server now.
    TakeSnapshot,
    /// Say that an alert is known, until when and why.
    SilenceAlert {
        /// Which.
        alert: AlertKey,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// Take a silence back.
    UnsilenceAlert(AlertKey),
    /// The last entries of the audit log, newest last.
    Audit {
        /// How many at most.
        limit: u32,
    },
    /// How the engine is.
    Status,
    /// End the engine (`engine stop`); runs go on at the next start.
    Shutdown,
    /// How to join a match. Told only to who asks.
    MatchConnect {
        /// The match.
        id: MatchId,
    },
    /// Put somebody on the list of a match that goes on.
    AddMatchPlayer {
        /// The match.
        id: MatchId,
        /// Their team; nothing for a spectator.
        side: Option<Side>,
        /// Who.
        player: RosterPlayer,
    },
    /// Settle a match that is over and was not settled.
    SettleMatch {
        /// The match.
        id: MatchId,
        /// The result; nothing for the one that the provider showed.
        score: Option<Score>,
    },
    /// Take a settlement back; the match may be settled again then.
    ReverseSettlement {
        /// The match.
        id: MatchId,
        /// Why.
        reason: String,
    },
    /// How every player stands, best first.
    Standings,
    /// The last records of the ledger of settlements, newest last.
    LedgerRecords {
        /// How many at most.
        limit: u32,
    },
    /// The teams that were saved, by name.
    Rosters,
    /// Save a team under a name, in place of one of that name; a team without players is forgotten.
    SaveRoster {
        /// The name.
        name: String,
        /// The team.
        team: TeamRequest,
    },
    /// Where the burn of a window went, and what changed it.
    BurnAttribution {
        /// Only what this balance or account pays; everything where there is none.
        payer: Option<BalanceKey>,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// Make a report; its first part is the answer.
    Report(ReportRequest),
    /// The next part of a report that was made a moment ago.
    ReportPart {
        /// The number that its first part gave.
        report: u64,
        /// Where the part begins.
        offset: u64,
    },
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: OperatorName,
    /// From where: `console`, `cli`, `engine`.
    pub origin: String,
    /// The action's name.
    pub action: String,
    /// What it was about.
    pub target: String,
    /// The run, if one was started.
    pub run: Option<RunId>,
    /// What came of it: `started`, `succeeded`, `refused: …`.
    pub outcome: String,
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Clients attached.
    pub clients: u32,
    /// Runs not ended.
    pub runs_active: u32,
    /// Resident memory, bytes; 0 where unknown.
    pub memory_bytes: u64,
    /// The data folder.
    pub data_dir: String,
    /// Servers known.
    pub servers: u32,
    /// Orders known.
    pub orders: u32,
    /// What it does to its own data, and what of it failed.
    pub condition: EngineCondition,
}

/// One slice of a balance's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// The slice's first moment.
    pub at: Timestamp,
    /// What was spent in it.
    pub spent: Decimal,
    /// The balance at its end; nothing where none was read by then.
    pub balance: Option<Decimal>,
    /// Whether part of it was not watched.
    pub is_gap: bool,
}

/// A balance's history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreditsHistory {
    /// Equal slices, oldest first.
    pub points: Vec<HistoryPoint>,
    /// The same span by day of the site's zone, oldest first.
    pub days: Vec<Day>,
    /// What was declared for each server in the span, largest first.
    pub by_server: Vec<(ServerKey, String, Decimal)>,
    /// The last snapshot of everything, if there is one.
    pub last_snapshot: Option<SnapshotNote>,
}

/// A snapshot as it is told: the whole is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotNote {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// `start_of_day`, `end_of_day`, `hourly` or `manual`.
    pub kind: String,
    /// What the balance was; nothing where it was not read by then.
    pub balance: Option<Decimal>,
    /// Servers that were charged for.
    pub running: u32,
    /// Memory of those, GiB.
    pub ram_gib_in_use: u64,
}

/// A good answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done; nothing to say.
    Done,
    /// The plan asked for.
    Plan(Box<ActionPlan>),
    /// The run that carries out the plan.
    RunStarted(RunId),
    /// The doctor's findings.
    Findings(Vec<Finding>),
    /// Points of a series.
    Samples(Vec<Sample>),
    /// A balance's history.
    CreditsHistory(Box<CreditsHistory>),
    /// Audit entries.
    Audit(Vec<AuditEntry>),
    /// The engine's condition.
    Status(Box<EngineStatus>),
    /// How to join a match.
    MatchConnect {
        /// What a player pastes into the game's console.
        connect: ConnectString,
    },
    /// Players and how they stand, best first.
    Standings(Vec<(SteamId, Standing)>),
    /// Records of the ledger.
    LedgerRecords(Vec<LedgerRecord>),
    /// Saved teams.
    Rosters(Vec<SavedRoster>),
    /// Where the burn went, and what changed it.
    BurnAttribution(Box<Attribution>),
    /// A part of a report's file.
    ReportPart(Box<ReportPart>),
}

/// One item of a server console's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleItem {
    /// The socket is up.
    Connected,
    /// A line of output, sanitised, colours removed.
    Line(String),
    /// A line of the daemon, not of the server.
    Daemon(String),
    /// The process state changed.
    Power(PowerState),
    /// Live use.
    Usage(Usage),
    /// A signal was sent by somebody on this console.
    Signal(PowerSignal),
    /// Lines were lost between the daemon and here.
    Lost(u64),
    /// The connection broke; it is being made again, and why.
    Reconnecting(String),
    /// The stream is over, and why.
    Closed(String),
    /// How long a tick of the game takes on average, milliseconds; more than 50 is lag.
    Tick(f32),
    /// Bytes of memory that the game itself uses.
    Heap(u64),
}
