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
}

impl Feed {
    /// The freshness at `now`: failed wins, then age in intervals.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let Some(succeeded_at) = self.succeeded_at else {
            return if self.problem.is_some() { Freshness::Failed } else { Freshness::Never };
        };
        if self.problem.is_some() {
            return Freshness::Failed;
        }
        let age_ms = now.millis_since(succeeded_at);
        if age_ms <= self.interval_ms.saturating_mul(2) {
            Freshness::Fresh
        } else if age_ms <= self.interval_ms.saturating_mul(5) {
            Freshness::Aging
        } else {
            Freshness::Stale
        }
    }
}
