//! Matches: a CS2 match on a rented server, from the request to the settled result.
//!
//! Must not: know the provider's wire; what its objects say is read in `providers`.

mod rating;
mod reading;
mod request;
mod settlement;
mod steam_id;
mod watch;

use serde::{Deserialize, Serialize};

pub use rating::{FIRST_RATING, FIXED_POINTS, RatingRule};
pub use reading::{CancelReason, MatchEvent, MatchEventKind, MatchReading, PlayerReading};
pub use request::{
    CONNECT_TIME_DEFAULT_S, CONNECT_TIME_S, COUNTDOWN_DEFAULT_S, COUNTDOWN_MAX_S, MatchRequest, NAME_MAX,
    RosterPlayer, SPECTATORS_MAX, STARTERS_MAX, SUBSTITUTES_MAX, ServerSource, TeamRequest,
};
pub use settlement::{
    Entry, Ledger, LedgerError, LedgerRecord, Participant, REWARD_CURRENCY, Score, Settlement,
    SettlementPolicy, Side, Standing, Winner,
};
pub use steam_id::{NoSteamId, SteamId};
pub use watch::{MatchDeadlines, MatchEnd, Watch, watch};

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
