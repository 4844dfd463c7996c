//! A match that is asked for: where, which map, who plays; and what is wrong with it before anything is rented. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settlement::Side;
use super::steam_id::SteamId;
use crate::model::ids::AccountId;

/// Players of a team who start: from one against one to five against five.
pub const STARTERS_MAX: usize = 5;

/// Substitutes of one team: as many as may start.
pub const SUBSTITUTES_MAX: usize = 5;

/// Spectators: what a server of 20 slots takes beside ten players.
pub const SPECTATORS_MAX: usize = 10;

/// Longest name of a team or a player, characters: what fits in the game's scoreboard.
pub const NAME_MAX: usize = 32;

/// Seconds for everybody to join: less is a canceled match, more is money for an empty server.
pub const CONNECT_TIME_S: std::ops::RangeInclusive<u32> = 30..=3_600;

/// The provider's own default (`providers/dathost.md` §4.2).
pub const CONNECT_TIME_DEFAULT_S: u32 = 300;

/// Seconds from the last join to the start; more only burns.
pub const COUNTDOWN_MAX_S: u32 = 600;

/// The provider's own default (§4.2).
pub const COUNTDOWN_DEFAULT_S: u32 = 30;

/// Maps that the game brings along and people play most; any other, or one of the workshop, can be asked for too.
pub const COMMON_MAPS: [&str; 12] = [
    "de_mirage",
    "de_dust2",
    "de_inferno",
    "de_nuke",
    "de_ancient",
    "de_anubis",
    "de_train",
    "de_overpass",
    "de_vertigo",
    "cs_office",
    "cs_italy",
    "ar_shoots",
];

/// Somebody on a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RosterPlayer {
    /// The player.
    pub steam_id: SteamId,
    /// The name shown in the match; empty for their own.
    pub name: String,
    /// Whether they only come in for another.
    pub is_substitute: bool,
}

/// A team as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct TeamRequest {
    /// Its name; empty for none.
    pub name: String,
    /// Its flag: two letters of a country; empty for none.
    pub flag: String,
    /// Starters and substitutes.
    pub players: Vec<RosterPlayer>,
}

impl TeamRequest {
    /// How many start.
    #[must_use]
    pub fn starters(&self) -> usize {
        self.players.iter().filter(|player| !player.is_substitute).count()
    }
}

/// Where the server comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerSource {
    /// A new one at a location, by its id at the provider.
    Fresh {
        /// `stockholm`.
        location: String,
    },
    /// A copy of a prepared one: its settings, files and plugins.
    Template {
        /// The prepared server's id.
        server: String,
        /// Where the copy stands; nothing for where the template does.
        location: Option<String>,
    },
}

/// A match that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MatchRequest {
    /// The account that pays.
    pub account: AccountId,
    /// Where the server comes from.
    pub source: ServerSource,
    /// `de_mirage` or `workshop/3070284539`.
    pub map: String,
    /// The team that starts as counter-terrorists.
    pub team1: TeamRequest,
    /// The other.
    pub team2: TeamRequest,
    /// Who may watch.
    pub spectators: Vec<RosterPlayer>,
    /// Seconds until the match is called off when somebody is missing.
    pub connect_time_s: u32,
    /// Seconds from the last join to the start.
    pub countdown_s: u32,
    /// Whether the recording is saved before the server is destroyed.
    pub is_demo_kept: bool,
}

impl MatchRequest {
    /// A team.
    #[must_use]
    pub fn team(&self, side: Side) -> &TeamRequest {
        match side {
            Side::Team1 => &self.team1,
            Side::Team2 => &self.team2,
        }
    }

    /// Everybody on a team's list, with the team.
    pub fn players(&self) -> impl Iterator<Item = (Side, &RosterPlayer)> {
        let of = |side: Side| self.team(side).players.iter().map(move |player| (side, player));
        of(Side::Team1).chain(of(Side::Team2))
    }

    /// `2v2`.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("{}v{}", self.team1.starters(), self.team2.starters())
    }

    /// What a team is called where it has no name.
    #[must_use]
    pub fn team_name(&self, side: Side) -> &str {
        let own = self.team(side).name.trim();
        match side {
            Side::Team1 if own.is_empty() => "team 1",
            Side::Team2 if own.is_empty() => "team 2",
            _ => own,
        }
    }

    /// What is wrong with it, a sentence each; nothing when it can be played.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for side in [Side::Team1, Side::Team2] {
            faults.extend(team_faults(self.team_name(side), self.team(side)));
        }
        let (first, second) = (self.team1.starters(), self.team2.starters());
        if first != second {
            faults.push(format!("{first} against {second}: both teams start with as many players"));
        }
        faults.extend(self.repeated_players());
        if self.spectators.len() > SPECTATORS_MAX {
            faults.push(format!("{} spectators: at most {SPECTATORS_MAX}", self.spectators.len()));
        }
        if !is_map(&self.map) {
            faults.push(format!("'{}' is no map: de_… or workshop/NUMBER", clean(&self.map)));
        }
        if !CONNECT_TIME_S.contains(&self.connect_time_s) {
            let (least, most) = (CONNECT_TIME_S.start(), CONNECT_TIME_S.end());
            faults.push(format!("{} s to connect: {least} to {most}", self.connect_time_s));
        }
        if self.countdown_s > COUNTDOWN_MAX_S {
            faults.push(format!("{} s of countdown: at most {COUNTDOWN_MAX_S}", self.countdown_s));
        }
        faults.extend(self.source.faults());
        faults
    }

    /// Players who stand on more than one list or twice on one.
    fn repeated_players(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.players()
            .map(|(_, player)| player)
            .chain(&self.spectators)
            .filter(|player| !seen.insert(player.steam_id))
            .map(|player| format!("{} is listed twice", player.steam_id))
            .collect()
    }
}

impl ServerSource {
    fn faults(&self) -> Option<String> {
        let is_id = |text: &str| {
            !text.is_empty()
                && text.len() <= 40
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let (is_good, what) = match self {
            Self::Fresh { location } => (is_id(location), "location"),
            Self::Template { server, location } => {
                (is_id(server) && location.as_deref().is_none_or(is_id), "template")
            }
        };
        (!is_good).then(|| format!("the {what} is missing or not an id of the provider"))
    }
}

fn team_faults(name: &str, team: &TeamRequest) -> Vec<String> {
    let mut faults = Vec::new();
    let name = clean(name);
    let (starters, substitutes) = (team.starters(), team.players.len() - team.starters());
    if !(1..=STARTERS_MAX).contains(&starters) {
        faults.push(format!("{name} starts with {starters} players: 1 to {STARTERS_MAX}"));
    }
    if substitutes > SUBSTITUTES_MAX {
        faults.push(format!("{name} has {substitutes} substitutes: at most {SUBSTITUTES_MAX}"));
    }
    let long = std::iter::once(&team.name)
        .chain(team.players.iter().map(|player| &player.name))
        .filter(|name| name.chars().count() > NAME_MAX);
    faults.extend(long.map(|name| format!("'{}' is longer than {NAME_MAX} characters", clean(name))));
    let is_country = team.flag.len() == 2 && team.flag.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !team.flag.is_empty() && !is_country {
        faults.push(format!("'{}' is no country of two letters", clean(&team.flag)));
    }
    faults
}

/// `de_mirage`, `workshop/3070284539`.
fn is_map(map: &str) -> bool {
    if let Some(id) = map.strip_prefix("workshop/") {
        return !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit());
    }
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !map.is_empty() && map.len() <= 60 && map.bytes().all(is_word)
}

/// Text of the request inside a sentence.
fn clean(text: &str) -> String {
    crate::model::sanitise::sanitise(text).chars().take(60).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn player(number: u32) -> RosterPlayer {
        RosterPlayer {
            steam_id: SteamId::of_account(number),
            name: format!("p{number}"),
            is_substitute: false,
        }
    }

    pub fn request(per_team: u32) -> MatchRequest {
        let team = |name: &str, first: u32| TeamRequest {
            name: name.to_owned(),
            flag: "SE".to_owned(),
            players: (first..first + per_team).map(player).collect(),
        };
        MatchRequest {
            account: "dathost".into(),
            source: ServerSource::Fresh { location: "stockholm".to_owned() },
            map: "de_mirage".to_owned(),
            team1: team("Red", 1),
            team2: team("Blue", 101),
            spectators: Vec::new(),
            connect_time_s: CONNECT_TIME_DEFAULT_S,
            countdown_s: COUNTDOWN_DEFAULT_S,
            is_demo_kept: false,
        }
    }

    #[test]
    fn one_to_five_players_a_side_can_be_asked_for() {
        for per_team in 1..=5 {
            assert_eq!(request(per_team).faults(), Vec::<String>::new(), "{per_team}");
        }
        let mut with_substitutes = request(5);
        with_substitutes.team1.players.push(RosterPlayer { is_substitute: true, ..player(50) });
        with_substitutes.spectators.push(player(60));
        assert_eq!(with_substitutes.faults(), Vec::<String>::new());
        assert_eq!(with_substitutes.kind(), "5v5");
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        type Spoil = fn(&mut MatchRequest);
        let cases: [(Spoil, &str); 10] = [
            (|r| r.team1.players.clear(), "Red starts with 0 players: 1 to 5"),
            (|r| drop(r.team1.players.pop()), "1 against 2: both teams start with as many players"),
            (|r| r.team2.players[0] = r.team1.players[0].clone(), "76561197960265729 is listed twice"),
            (|r| r.spectators = vec![r.team1.players[1].clone()], "76561197960265730 is listed twice"),
            (|r| r.map = "de mirage".to_owned(), "'de mirage' is no map: de_… or workshop/NUMBER"),
            (|r| r.map = "workshop/x".to_owned(), "'workshop/x' is no map: de_… or workshop/NUMBER"),
            (|r| r.connect_time_s = 5, "5 s to connect: 30 to 3600"),
            (|r| r.team1.flag = "SWE".to_owned(), "'SWE' is no country of two letters"),
            (|r| r.team1.name = "x".repeat(33), "' is longer than 32 characters"),
            (
                |r| r.source = ServerSource::Fresh { location: String::new() },
                "the location is missing or not an id of the provider",
            ),
        ];
        for (spoil, expected) in cases {
            let mut spoilt = request(2);
            spoil(&mut spoilt);
            let faults = spoilt.faults();
            assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:?}");
        }
    }
}
