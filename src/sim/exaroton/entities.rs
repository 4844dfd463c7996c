//! What the simulated exaroton is made of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::time::Timestamp;

/// A server's state, by the wire's number (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Offline,
    Online,
    Starting,
    Stopping,
    Restarting,
    Saving,
    Loading,
    Crashed,
    Pending,
    Preparing,
}

impl Status {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Offline => 0,
            Self::Online => 1,
            Self::Starting => 2,
            Self::Stopping => 3,
            Self::Restarting => 4,
            Self::Saving => 5,
            Self::Loading => 6,
            Self::Crashed => 7,
            Self::Pending => 8,
            Self::Preparing => 10,
        }
    }

    /// From preparing to the end of stopping (§4).
    pub(super) fn burns(self) -> bool {
        matches!(
            self,
            Self::Preparing
                | Self::Loading
                | Self::Starting
                | Self::Online
                | Self::Restarting
                | Self::Stopping
        )
    }

    pub(super) fn is_stopped(self) -> bool {
        matches!(self, Self::Offline | Self::Crashed)
    }

    pub(super) fn is_coming_up(self) -> bool {
        matches!(self, Self::Pending | Self::Preparing | Self::Loading | Self::Starting)
    }

    /// Whether the game's process is there to be talked to.
    pub(super) fn has_game(self) -> bool {
        matches!(self, Self::Online | Self::Starting | Self::Stopping | Self::Restarting)
    }

    /// Whether the files are on the machine and not in storage.
    pub(super) fn has_files_away(self) -> bool {
        !self.is_stopped() && self != Self::Pending
    }
}

/// Whose credits are charged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayerId {
    /// An account, by id.
    Account(String),
    /// A pool, by id.
    Pool(String),
}

/// How the next start of a server goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartFate {
    /// It comes up.
    #[default]
    Normal,
    /// An update is made first: it falls back to offline and needs another start.
    BackToOffline,
    /// The game crashes while starting.
    Crash,
    /// It never gets beyond starting.
    Stuck,
}

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) is_verified: bool,
    pub(super) token: String,
}

/// A member of a pool: its part is fixed by what it gave, and every charge takes from all by their parts.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) account: String,
    /// Millionths given in all.
    pub(super) given: u64,
}

/// A pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) members: Vec<Member>,
}

/// One run of a server, from the first burning state to the last.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) payer: PayerId,
    pub(super) ram_gib: u32,
    pub(super) since: Timestamp,
}

/// What a player does at a server that moves by itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Play {
    /// When the next player comes or goes; nothing while nobody can.
    pub(super) next_at: Option<Timestamp>,
    /// How often something was decided, so that every decision is another one.
    pub(super) decisions: u64,
}

/// A server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) owner: String,
    pub(super) shared_with: BTreeSet<String>,
    pub(super) pool: Option<String>,
    pub(super) name: String,
    pub(super) motd: String,
    pub(super) software: Option<(String, String, String)>,
    pub(super) port: Option<u16>,
    pub(super) ram_gib: u32,
    pub(super) max_players: u32,
    pub(super) players: Vec<String>,
    pub(super) status: Status,
    /// A number that no client knows, sent in the status' place.
    pub(super) odd_status: Option<u32>,
    /// When the present state ends by itself.
    pub(super) ends_at: Option<Timestamp>,
    pub(super) online_since: Option<Timestamp>,
    pub(super) fate: StartFate,
    pub(super) run: Option<Run>,
    /// Who pays for the start under way.
    pub(super) next_payer: Option<PayerId>,
    /// How long it stays up empty; nothing: for ever.
    pub(super) auto_stop_ms: Option<u64>,
    pub(super) auto_stop_at: Option<Timestamp>,
    pub(super) play: Play,
    /// Starts by itself at this time: a player knocks.
    pub(super) knock_at: Option<Timestamp>,
    pub(super) storage: Storage,
    pub(super) console: VecDeque<String>,
    /// The log as it was when the server last stopped.
    pub(super) stored_log: Option<String>,
    pub(super) lists: BTreeMap<String, Vec<String>>,
    pub(super) files: BTreeMap<String, File>,
}

impl Server {
    /// Who pays when nobody says otherwise: its pool, else its owner.
    pub(super) fn usual_payer(&self) -> PayerId {
        self.pool.clone().map_or_else(|| PayerId::Account(self.owner.clone()), PayerId::Pool)
    }
}

/// A server's storage and its present period.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    /// What a period costs when nothing ran in it, millionths.
    pub(super) basic: u64,
    pub(super) period_ends: Timestamp,
    /// Burned by runs that ended in this period, and by this one before the period began (taken off).
    pub(super) burned: u64,
    /// What the run that went on when the period began had burned by then.
    pub(super) burned_before: u64,
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    Folder,
    Data(Vec<u8>),
}
