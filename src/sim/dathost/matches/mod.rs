//! CS2 matches (`providers/dathost.md` §4): what one is, how it goes by itself, what it says on the wire, who is called.

mod check;
mod life;
mod objects;
mod rounds;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::time::Timestamp;

pub(super) use check::{new_match, new_player};
pub(super) use objects::{object, player_object};

/// How the next match goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchFate {
    /// Everybody comes; the rounds are a matter of luck.
    #[default]
    Plays,
    /// It ends with this score.
    Ends(u32, u32),
    /// So many of those who are waited for never come.
    Missing(usize),
    /// Everybody comes, and one leaves before it begins.
    LeavesInCountdown,
    /// The game crashes after so many rounds; the server stays on, and six hours later the match is timed out in silence.
    Crashes {
        /// Rounds played before.
        after_rounds: u32,
    },
    /// The server never gets beyond booting.
    NeverBoots,
}

/// Where a match stands, as nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Booting,
    Loading,
    Connecting {
        deadline: Timestamp,
    },
    Countdown,
    Live,
    /// Over, players are still there.
    Exiting,
    /// Players are gone, the recording goes on.
    Recording,
    /// The server is not heard of any more.
    Lost,
    Over,
}

/// Somebody on the list of a match.
#[derive(Debug, Clone)]
pub(super) struct MatchPlayer {
    pub(super) steam_id: String,
    /// `team1`, `team2` or `spectator`.
    pub(super) team: String,
    pub(super) nickname: String,
    pub(super) is_connected: bool,
    pub(super) is_kicked: bool,
    pub(super) left_at: Option<Timestamp>,
    pub(super) stats: BTreeMap<&'static str, u32>,
}

/// A team's name and flag.
#[derive(Debug, Clone, Default)]
pub(super) struct Team {
    pub(super) name: String,
    pub(super) flag: String,
}

/// Settings of a match, with the defaults of the reference.
#[derive(Debug, Clone)]
pub(super) struct MatchSettings {
    pub(super) map: Option<String>,
    pub(super) password: Option<String>,
    pub(super) connect_time_s: u64,
    pub(super) countdown_s: u64,
    pub(super) team_size: Option<u64>,
    pub(super) waits_for_gotv: bool,
    pub(super) has_plugin: bool,
    pub(super) has_tech_pause: bool,
}

/// Whom the provider calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhooks {
    pub(super) match_end_url: String,
    pub(super) round_end_url: String,
    pub(super) votekick_url: String,
    pub(super) event_url: String,
    pub(super) enabled_events: Vec<String>,
    pub(super) authorization: String,
}

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) at: Timestamp,
    pub(super) payload: Option<Value>,
}

/// A match.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) server: String,
    pub(super) owner: String,
    pub(super) players: Vec<MatchPlayer>,
    pub(super) teams: [Team; 2],
    pub(super) settings: MatchSettings,
    pub(super) webhooks: Webhooks,
    pub(super) events: Vec<Event>,
    pub(super) scores: [u32; 2],
    pub(super) is_finished: bool,
    pub(super) cancel_reason: Option<String>,
    pub(super) fate: MatchFate,
    pub(super) step: Step,
    /// When something happens next.
    pub(super) next_at: Option<Timestamp>,
    pub(super) decisions: u64,
}

impl Match {
    /// Rounds played.
    pub(super) fn rounds(&self) -> u32 {
        self.scores.iter().sum()
    }

    /// Those whom the match waits for: of each team the first of the list, up to its size.
    pub(super) fn waited_for(&self) -> Vec<usize> {
        let size = self.settings.team_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let of = |team: &str| {
            let is_there = |(_, player): &(usize, &MatchPlayer)| player.team == team;
            let places: Vec<usize> =
                self.players.iter().enumerate().filter(is_there).map(|(at, _)| at).collect();
            places.into_iter().take(size).collect::<Vec<_>>()
        };
        of("team1").into_iter().chain(of("team2")).collect()
    }
}

/// How long the parts of a match take, in milliseconds of the world: at least, at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchTimings {
    /// Between two players who join.
    pub join_ms: (u64, u64),
    /// A round.
    pub round_ms: (u64, u64),
    /// From the end until players are sent away (§4.4: 20 s).
    pub exit_ms: u64,
    /// By which the broadcast lags, and its recording (§4.4: 105 s).
    pub tv_delay_ms: u64,
    /// Without word from the server until a match is timed out (§4.3: 6 h).
    pub timed_out_ms: u64,
    /// What the countdown that was asked for is divided by.
    pub haste: u64,
}

impl MatchTimings {
    /// Matches that take that many times less; how long a lost one is waited for is left as it is.
    #[must_use]
    pub fn sped_up(self, speed: f64) -> Self {
        let less = |ms: u64| crate::sim::random::to_u64(ms as f64 / speed.max(0.01)).max(1);
        let both = |(least, most): (u64, u64)| (less(least), less(most));
        Self {
            join_ms: both(self.join_ms),
            round_ms: both(self.round_ms),
            exit_ms: less(self.exit_ms),
            tv_delay_ms: less(self.tv_delay_ms),
            timed_out_ms: self.timed_out_ms,
            haste: crate::sim::random::to_u64(speed).max(1),
        }
    }
}

impl Default for MatchTimings {
    fn default() -> Self {
        Self {
            join_ms: (2_000, 15_000),
            round_ms: (50_000, 110_000),
            exit_ms: 20_000,
            tv_delay_ms: 105_000,
            timed_out_ms: 6 * 3_600_000,
            haste: 1,
        }
    }
}

/// Shares of matches that go wrong by themselves, from 0 to 1; the rest is played.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MatchRates {
    /// The server never gets beyond booting.
    pub never_boots: f64,
    /// The game crashes while it is played.
    pub crashes: f64,
    /// Somebody never comes.
    pub missing: f64,
    /// Somebody leaves before it begins.
    pub leaves: f64,
}
