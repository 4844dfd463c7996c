//! What the simulated DatHost is made of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::time::Timestamp;

/// How the next boot of a server goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootFate {
    /// It comes up.
    #[default]
    Normal,
    /// The host refuses: 500, and nothing happened.
    Refused,
    /// It never gets beyond booting.
    Stuck,
    /// The game crashes while booting: off, with an error.
    Crash,
}

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) password: String,
    /// Accounts that let this one act for them, by email.
    pub(super) invited_by: BTreeSet<String>,
}

/// One stretch of being on, as far as it is not on the bill yet.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// When it was switched on.
    pub(super) since: Timestamp,
    /// Whole minutes of it that are on the bill already.
    pub(super) minutes_billed: u64,
    /// When the part that is not on the bill began.
    pub(super) part_since: Timestamp,
}

/// A server's present month.
#[derive(Debug, Clone)]
pub(super) struct Month {
    pub(super) ends_at: Timestamp,
    /// Millionths on the bill in it.
    pub(super) used: u64,
}

/// A server paid by the month.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) months: u32,
    pub(super) paid_until: Timestamp,
    pub(super) failed_attempts: u32,
    /// Not renewed at the end of the paid time.
    pub(super) is_ending: bool,
}

/// A boot under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boot {
    /// When the map is being loaded.
    pub(super) loads_at: Timestamp,
    /// When players can join; never where it is stuck.
    pub(super) ready_at: Option<Timestamp>,
}

/// What duplicates are made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Cached {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// A server.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a server")]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) owner: String,
    pub(super) created_at: Timestamp,
    pub(super) game: String,
    pub(super) location: String,
    /// Moves whenever it stands on another host.
    pub(super) moves: u64,
    /// Top-level fields of forms, as they came: `name`, `user_data`, `autostop` …
    pub(super) fields: BTreeMap<String, String>,
    /// Settings of the game, as they came, without their `cs2_settings.`.
    pub(super) settings: BTreeMap<String, String>,
    pub(super) source: Option<String>,
    pub(super) is_on: bool,
    pub(super) boot: Option<Boot>,
    /// What lists say of booting; only a single read looks again (§3.1).
    pub(super) listed_booting: bool,
    pub(super) fate: BootFate,
    pub(super) error: String,
    /// The game's process is gone while the server is on.
    pub(super) has_crashed: bool,
    pub(super) match_id: Option<String>,
    pub(super) run: Option<Run>,
    pub(super) month: Month,
    pub(super) subscription: Option<Subscription>,
    pub(super) players: BTreeSet<String>,
    /// What the API says of players: some minutes old (§3.2).
    pub(super) told_players: usize,
    pub(super) counted_at: Option<Timestamp>,
    pub(super) autostop_at: Option<Timestamp>,
    /// When somebody does something by themselves.
    pub(super) stirs_at: Option<Timestamp>,
    /// How often something was decided, so that every decision is another one.
    pub(super) decisions: u64,
    pub(super) console: VecDeque<String>,
    /// Its files, by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What a duplicate of it gets: its settings and files as they were when they were last put into the cache (§3.3).
    pub(super) cached: Cached,
    /// Leaves out what it can and says null where it must, with a key nobody knows.
    pub(super) is_bare: bool,
}

impl Server {
    /// Whether players can join.
    pub(super) fn is_ready(&self) -> bool {
        self.is_on && self.boot.is_none() && !self.has_crashed
    }

    /// Whether being on is paid by the minute.
    pub(super) fn pays_by_minute(&self) -> bool {
        self.subscription.is_none()
    }

    /// Puts its settings and files into the cache.
    pub(super) fn sync(&mut self) {
        self.cached = Cached {
            fields: self.fields.clone(),
            settings: self.settings.clone(),
            files: self.files.clone(),
        };
    }

    /// A top-level field; empty where it never came.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A top-level switch.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.field(name) == "true"
    }

    /// Empty minutes before it stops itself.
    pub(super) fn autostop_ms(&self) -> Option<u64> {
        let minutes: u64 = self.field("autostop_minutes").parse().unwrap_or(DEFAULT_AUTOSTOP_MINUTES);
        self.is_set("autostop").then_some(minutes.max(1) * 60_000)
    }

    /// Players and spectators it has room for.
    pub(super) fn slots(&self) -> u64 {
        self.settings.get("slots").and_then(|slots| slots.parse().ok()).unwrap_or(DEFAULT_SLOTS)
    }
}

/// Where a form does not say.
pub(super) const DEFAULT_AUTOSTOP_MINUTES: u64 = 60;
/// Where a form does not say.
pub(super) const DEFAULT_SLOTS: u64 = 11;
