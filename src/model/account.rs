//! Accounts at providers, and how each feed of observations is doing.

use serde::{Deserialize, Serialize};

use super::ids::AccountId;
use super::problem::Problem;
use super::time::Timestamp;

/// An outside system behind an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// A Pterodactyl panel.
    Pterodactyl,
    /// The orders database.
    Orders,
    /// DatHost match servers.
    Dathost,
    /// exaroton Minecraft servers.
    Exaroton,
    /// A Docker engine.
    Docker,
}

impl Provider {
    /// Its name for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pterodactyl => "Pterodactyl",
            Self::Orders => "orders",
            Self::Dathost => "DatHost",
            Self::Exaroton => "exaroton",
            Self::Docker => "Docker",
        }
    }
}

/// What one poller asks an account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// Orders and their plans, addons, customers.
    Orders,
    /// Nodes with capacity and allocations.
    Nodes,
    /// The servers of an account.
    Servers,
    /// Live resource use of the servers in focus.
    Usage,
    /// Balances of an account and its pools.
    Credits,
}

impl FeedKind {
    /// What it delivers, in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Nodes => "nodes",
            Self::Servers => "servers",
            Self::Usage => "use",
            Self::Credits => "credits",
        }
    }
}

/// How old and how trustworthy what a feed last delivered is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Observed within two poll intervals.
    Fresh,
    /// Older than two intervals, younger than five.
    Aging,
    /// Older than five intervals.
    Stale,
    /// The last attempt failed; the last good value is still shown.
    Failed,
    /// Nothing was ever observed.
    Never,
}

/// The condition of one feed of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// The account asked.
    pub account: AccountId,
    /// Its provider.
    pub provider: Provider,
    /// What it is asked for.
    pub kind: FeedKind,
    /// When the last good answer was observed.
    pub succeeded_at: Option<Timestamp>,
    /// When the last attempt ended, good or bad.
    pub attempted_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_at: Option<Timestamp>,
    /// The interval aimed at now, in milliseconds.
    pub interval_ms: u64,
    /// Why the last attempt failed; nothing while it succeeds.
    pub problem: Option<Problem>,
    /// Failures in a row.
    pub failures: u32,
    /// Requests left in the account's budget window, where the provider says.
    pub budget_remaining: Option<u32>,
    /// Whether the last good answer is older than two intervals. While it is not, and nothing failed, the engine reads at
    /// the interval and does not tell of each good answer: a screen that is only watched hears of nothing.
    pub is_late: bool,
}

/// The pauses between attempts that screens tell apart, in seconds; the jitter of a pause stays within one.
const PAUSE_STEPS: [u64; 10] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

impl Feed {
    /// Whether the last good answer is older at `now` than two intervals, or there is none.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.succeeded_at.is_none_or(|at| now.millis_since(at) > self.interval_ms.saturating_mul(2))
    }

    /// When the last good answer came, as well as a screen knows at `now`: of a feed that is well, the last full minute by
    /// which the engine would have said otherwise.
    #[must_use]
    pub fn read_at(&self, now: Timestamp) -> Option<Timestamp> {
        const MINUTE_MS: i64 = 60_000;
        let told = self.succeeded_at?;
        if self.problem.is_some() || self.is_late {
            return Some(told);
        }
        let interval_ms = i64::try_from(self.interval_ms).unwrap_or(i64::MAX);
        let within = now.0.saturating_sub(interval_ms.saturating_mul(2));
        Some(told.max(Timestamp(within.div_euclid(MINUTE_MS) * MINUTE_MS)))
    }

    /// About how long the pauses between attempts are now, milliseconds; nothing before the first one.
    #[must_use]
    pub fn pause_ms(&self) -> Option<u64> {
        let seconds = self.next_at?.millis_since(self.attempted_at?) / 1000;
        let step = PAUSE_STEPS.into_iter().rev().find(|step| *step <= seconds).unwrap_or(PAUSE_STEPS[0]);
        Some(step * 1000)
    }

    /// Whether a screen shows the same for both: single attempts, and good answers in time, are no news.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let is_well = self.problem.is_none() && !self.is_late;
        let condition = |feed: &Self| (feed.provider, feed.interval_ms, feed.is_late);
        condition(self) == condition(other)
            && self.problem == other.problem
            && (is_well || (self.succeeded_at, self.pause_ms()) == (other.succeeded_at, other.pause_ms()))
    }

    /// The freshness at `now`: failed wins, then what the engine says, then age in intervals.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let Some(succeeded_at) = self.succeeded_at else {
            return if self.problem.is_some() { Freshness::Failed } else { Freshness::Never };
        };
        if self.problem.is_some() {
            return Freshness::Failed;
        }
        let age_ms = now.millis_since(succeeded_at);
        if !self.is_late {
            Freshness::Fresh
        } else if age_ms <= self.interval_ms.saturating_mul(5) {
            Freshness::Aging
        } else {
            Freshness::Stale
        }
    }
}
