//! Matches: the words of a CS2 match and its rented server. The adapter comes later; the words are fixed here.

use serde::{Deserialize, Serialize};

use super::ids::MatchId;
use super::money::Money;
use super::time::Timestamp;

/// The phase of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchPhase {
    /// Asked for.
    Requested,
    /// Its server is being rented.
    Provisioning,
    /// Its server boots.
    Booting,
    /// Players connect.
    Warmup,
    /// Being played.
    Live,
    /// Played to the end.
    Finished,
    /// Called off.
    Canceled,
    /// Could not be played.
    Failed,
}

/// The server of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchServer {
    /// None rented yet.
    None,
    /// It bills.
    Up,
    /// Verified gone.
    Destroyed,
}

/// A match, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Our id.
    pub id: MatchId,
    /// Its phase.
    pub phase: MatchPhase,
    /// Its server.
    pub server: MatchServer,
    /// What its server burns now.
    pub burn_per_hour: Option<Money>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When this was observed.
    pub observed_at: Timestamp,
}
