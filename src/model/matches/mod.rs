//! Matches: a CS2 match on a rented server, from the request to the settled result.
//!
//! Must not: know the provider's wire; what its objects say is read in `providers`.

mod connect;
mod location;
mod mark;
mod player_list;
mod rating;
mod reading;
mod rented;
mod request;
mod roster;
mod settlement;
mod steam_id;
mod watch;

use serde::{Deserialize, Serialize};

pub use connect::ConnectString;
pub use location::{LOCATIONS, Location, city_of, location_id, place_of};
pub use mark::is_match_server_name;
pub use player_list::{read_player, read_players};
pub use rating::{FIRST_RATING, FIXED_POINTS, RatingRule};
pub use reading::{CancelReason, MatchEvent, MatchEventKind, MatchReading, PlayerReading};
pub use rented::{KeptServer, RentedOwners, RentedStanding, RentedView, judge_rented};
pub use request::{
    COMMON_MAPS, CONNECT_TIME_DEFAULT_S, CONNECT_TIME_S, COUNTDOWN_DEFAULT_S, COUNTDOWN_MAX_S, MatchRequest,
    NAME_MAX, RosterPlayer, SPECTATORS_MAX, STARTERS_MAX, SUBSTITUTES_MAX, ServerSource, TeamRequest,
};
pub use roster::{ROSTERS_MAX, SavedRoster};
pub use settlement::{
    Entry, Ledger, LedgerError, LedgerRecord, Participant, REWARD_CURRENCY, Score, Settlement,
    SettlementPolicy, Side, Standing, Winner,
};
pub use steam_id::{NoSteamId, SteamId};
pub use watch::{MatchDeadlines, MatchEnd, Watch, watch};

use super::ids::{MatchId, OperatorName, RunId, ServerKey};
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

impl MatchPhase {
    /// The word for screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Provisioning => "provisioning",
            Self::Booting => "booting",
            Self::Warmup => "warmup",
            Self::Live => "live",
            Self::Finished => "finished",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// Whether the match is over; its server may still be up.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Canceled | Self::Failed)
    }
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

/// The rented server of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RentedServer {
    /// The account that pays, and the provider's id.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// Where it stands, by the provider's id: `dusseldorf` is in Frankfurt (`providers/dathost.md` §3.5).
    pub location: String,
    /// `203.0.113.7:27015`; the password is told only when it is asked for.
    pub address: Option<String>,
}

/// How the provider's calls about a match do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    /// No public address is configured: the match is polled only.
    NotConfigured,
    /// None has come yet.
    Waiting,
    /// The last came then.
    Heard(Timestamp),
}

/// A match, as lists and details show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Our id.
    pub id: MatchId,
    /// What was asked for.
    pub request: MatchRequest,
    /// The run that carries it.
    pub run: RunId,
    /// Who asked.
    pub by: OperatorName,
    /// Its phase.
    pub phase: MatchPhase,
    /// Since when it is in that.
    pub phase_since: Timestamp,
    /// When this phase counts as too long.
    pub until: Option<Timestamp>,
    /// Its server.
    pub server: MatchServer,
    /// Which one, from the moment it is rented; kept when it is gone.
    pub rented: Option<RentedServer>,
    /// What its server burns now; nothing when it is not up.
    pub burn_per_hour: Option<Money>,
    /// What it cost so far, as of `observed_at`.
    pub cost: Option<Money>,
    /// What the provider showed last; nothing before there is a match at the provider.
    pub reading: Option<MatchReading>,
    /// How it ended.
    pub end: Option<MatchEnd>,
    /// What it was settled to.
    pub settlement: Option<Settlement>,
    /// Where the recording was saved, if it was.
    pub demo_file: Option<String>,
    /// How the provider's calls do.
    pub hooks: HookState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When its server was gone, or the match given up without one.
    pub ended_at: Option<Timestamp>,
    /// When this was observed.
    pub observed_at: Timestamp,
}

impl Match {
    /// Rounds won so far.
    #[must_use]
    pub fn score(&self) -> Score {
        self.reading.as_ref().map(MatchReading::best_score).unwrap_or_default()
    }

    /// Players who are there, and how many are asked for.
    #[must_use]
    pub fn connected(&self) -> (usize, usize) {
        let wanted = self.request.team1.starters() + self.request.team2.starters();
        (self.reading.as_ref().map_or(0, MatchReading::connected), wanted)
    }

    /// Whether its server may still bill.
    #[must_use]
    pub fn is_billing(&self) -> bool {
        self.server == MatchServer::Up
    }
}
