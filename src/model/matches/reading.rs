//! A match as its provider shows it at one moment, and the phase that follows from it. Pure.
//!
//! The provider has no state field: what happened is a list of events beside `finished` and a reason of a cancel
//! (`providers/dathost.md` §4.3). Events may come twice and in any order, so a phase is what the furthest of them says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MatchPhase;
use super::settlement::{Participant, Score, Side};
use super::steam_id::SteamId;
use crate::model::time::Timestamp;

/// What can happen in a match (§4.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchEventKind {
    /// The server boots: the first state.
    BootingServer,
    /// The map is loaded.
    LoadingMap,
    /// Players can join.
    ServerReady,
    /// Everybody has joined; the countdown runs.
    AllPlayersConnected,
    /// It is being played.
    MatchStarted,
    /// A round is over.
    RoundEnd(Score),
    /// Somebody joined.
    PlayerConnected(SteamId),
    /// Somebody left.
    PlayerDisconnected(SteamId),
    /// Somebody was voted out.
    PlayerVotekicked(SteamId),
    /// It is over.
    MatchEnded,
    /// Everybody was sent away.
    PlayersExited,
    /// The recording is complete.
    GotvStopped,
    /// It was called off.
    MatchCanceled,
    /// A word that this version does not know.
    Other(String),
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchEvent {
    /// What happened.
    pub kind: MatchEventKind,
    /// When, by the provider's clock, to the second.
    pub at: Timestamp,
}

/// Why a match was called off (§4.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// These did not join in time.
    MissingPlayers(Vec<SteamId>),
    /// Somebody started another match on its server.
    NewMatchStarted,
    /// Somebody asked for it.
    Asked,
    /// No word from the server for six hours: it crashed. Nobody is told of this one.
    TimedOut,
    /// A word that this version does not know.
    Other(String),
}

impl CancelReason {
    /// Reads the provider's word.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        if let Some(missing) = word.strip_prefix("MISSING_PLAYERS") {
            let ids = missing.trim_start_matches(':').split(',');
            return Self::MissingPlayers(ids.filter_map(|id| id.parse().ok()).collect());
        }
        match word {
            "NEW_MATCH_STARTED_ON_SERVER" => Self::NewMatchStarted,
            "USER_API_CANCEL" => Self::Asked,
            "TIMED_OUT" => Self::TimedOut,
            other => Self::Other(crate::model::sanitise::sanitise(other).chars().take(80).collect()),
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingPlayers(missing) if missing.is_empty() => f.write_str("players were missing"),
            Self::MissingPlayers(missing) => {
                let names: Vec<String> = missing.iter().map(SteamId::to_string).collect();
                write!(f, "missing: {}", names.join(", "))
            }
            Self::NewMatchStarted => f.write_str("another match was started on its server"),
            Self::Asked => f.write_str("canceled by request"),
            Self::TimedOut => f.write_str("no word from its server for hours: it crashed"),
            Self::Other(word) => f.write_str(word),
        }
    }
}

/// How one player does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerReading {
    /// The player.
    pub steam_id: SteamId,
    /// Their name in the match; empty where none was given.
    pub name: String,
    /// Their team; nothing for a spectator.
    pub side: Option<Side>,
    /// Whether they are there now.
    pub is_connected: bool,
    /// Whether they were there at some time: who never came takes no part in the result.
    pub was_connected: bool,
    /// Whether they were sent away.
    pub is_kicked: bool,
    /// Kills.
    pub kills: u32,
    /// Deaths.
    pub deaths: u32,
    /// Assists.
    pub assists: u32,
}

/// A match as its provider shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchReading {
    /// The provider's id.
    pub id: String,
    /// The server it is played on, by the provider's id.
    pub server: String,
    /// What happened so far.
    pub events: Vec<MatchEvent>,
    /// Whether it is over, called off included.
    pub is_finished: bool,
    /// Why it was called off, if it was.
    pub cancel_reason: Option<CancelReason>,
    /// Rounds won.
    pub score: Score,
    /// Rounds played.
    pub rounds_played: u32,
    /// Everybody on the lists.
    pub players: Vec<PlayerReading>,
    /// When it was read.
    pub observed_at: Timestamp,
}

impl MatchReading {
    /// The phase that the reading shows.
    #[must_use]
    pub fn phase(&self) -> MatchPhase {
        use MatchEventKind as E;
        let has = |wanted: &dyn Fn(&E) -> bool| self.events.iter().any(|event| wanted(&event.kind));
        if self.cancel_reason.is_some() || has(&|kind| *kind == E::MatchCanceled) {
            MatchPhase::Canceled
        } else if self.is_finished
            || has(&|kind| matches!(kind, E::MatchEnded | E::PlayersExited | E::GotvStopped))
        {
            MatchPhase::Finished
        } else if has(&|kind| matches!(kind, E::MatchStarted | E::RoundEnd(_))) {
            MatchPhase::Live
        } else if has(&|kind| matches!(kind, E::ServerReady | E::AllPlayersConnected | E::PlayerConnected(_)))
        {
            MatchPhase::Warmup
        } else {
            MatchPhase::Booting
        }
    }

    /// The first moment of the present phase, as far as events tell.
    #[must_use]
    pub fn phase_since(&self) -> Option<Timestamp> {
        use MatchEventKind as E;
        let begins: fn(&E) -> bool = match self.phase() {
            MatchPhase::Warmup => |kind| *kind == E::ServerReady,
            MatchPhase::Live => |kind| *kind == E::MatchStarted,
            MatchPhase::Finished => |kind| *kind == E::MatchEnded,
            MatchPhase::Canceled => |kind| *kind == E::MatchCanceled,
            _ => |kind| *kind == E::BootingServer,
        };
        self.events.iter().filter(|event| begins(&event.kind)).map(|event| event.at).min()
    }

    /// Rounds won, by whichever tells more of them: the match's own score, or the last round's event.
    #[must_use]
    pub fn best_score(&self) -> Score {
        let of_rounds = self.events.iter().filter_map(|event| match event.kind {
            MatchEventKind::RoundEnd(score) => Some(score),
            _ => None,
        });
        of_rounds
            .chain([self.score])
            .max_by_key(|score| u64::from(score.team1) + u64::from(score.team2))
            .unwrap_or_default()
    }

    /// How many of the teams' players are there.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.players.iter().filter(|player| player.side.is_some() && player.is_connected).count()
    }

    /// Who took part: those of the teams who were there at some time.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        self.players
            .iter()
            .filter(|player| player.was_connected)
            .filter_map(|player| {
                let name =
                    if player.name.is_empty() { player.steam_id.to_string() } else { player.name.clone() };
                Some(Participant { player: player.steam_id, name, side: player.side? })
            })
            .collect()
    }

    /// Whether a result can be settled: it was played to its end, and rounds were played.
    #[must_use]
    pub fn is_settleable(&self) -> bool {
        let score = self.best_score();
        self.phase() == MatchPhase::Finished && score.team1 + score.team2 > 0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    pub fn reading(kinds: &[MatchEventKind]) -> MatchReading {
        let event = |(kind, at): (&MatchEventKind, i64)| MatchEvent { kind: kind.clone(), at: Timestamp(at) };
        MatchReading {
            id: "m".to_owned(),
            server: "s".to_owned(),
            events: kinds.iter().zip((0..).map(|n| n * 1_000)).map(event).collect(),
            is_finished: false,
            cancel_reason: None,
            score: Score::default(),
            rounds_played: 0,
            players: Vec::new(),
            observed_at: Timestamp(0),
        }
    }

    /// A match from its boot to its end.
    pub fn whole() -> Vec<(MatchEventKind, MatchPhase)> {
        use MatchEventKind as E;
        let round = |team1, team2| E::RoundEnd(Score { team1, team2 });
        vec![
            (E::BootingServer, MatchPhase::Booting),
            (E::LoadingMap, MatchPhase::Booting),
            (E::ServerReady, MatchPhase::Warmup),
            (E::PlayerConnected(SteamId::of_account(1)), MatchPhase::Warmup),
            (E::AllPlayersConnected, MatchPhase::Warmup),
            (E::MatchStarted, MatchPhase::Live),
            (round(1, 0), MatchPhase::Live),
            (round(1, 1), MatchPhase::Live),
            (E::MatchEnded, MatchPhase::Finished),
            (E::PlayersExited, MatchPhase::Finished),
            (E::GotvStopped, MatchPhase::Finished),
        ]
    }

    #[test]
    fn each_event_leads_to_its_phase() {
        let (kinds, phases): (Vec<_>, Vec<_>) = whole().into_iter().unzip();
        for (count, phase) in phases.iter().enumerate() {
            assert_eq!(reading(&kinds[..=count]).phase(), *phase, "{:?}", kinds[count]);
        }
        assert_eq!(reading(&kinds[..6]).phase_since(), Some(Timestamp(5_000)));
        assert_eq!(reading(&kinds).best_score(), Score { team1: 1, team2: 1 });
    }

    #[test]
    fn a_cancel_without_an_event_is_a_cancel() {
        let silent = MatchReading {
            cancel_reason: Some(CancelReason::from_word("TIMED_OUT")),
            is_finished: true,
            ..reading(&[MatchEventKind::MatchStarted])
        };
        assert_eq!(silent.phase(), MatchPhase::Canceled);
        assert!(!silent.is_settleable());
    }

    #[test]
    fn reasons_are_read_also_unknown_ones() {
        let missing = CancelReason::from_word("MISSING_PLAYERS:76561197960265729,76561197960265730");
        let ids = vec![SteamId::of_account(1), SteamId::of_account(2)];
        assert_eq!(missing, CancelReason::MissingPlayers(ids));
        assert_eq!(CancelReason::from_word("SOLAR_FLARE\u{1b}[2J").to_string(), "SOLAR_FLARE");
    }

    #[test]
    fn who_never_came_takes_no_part() {
        let player = |number, was_connected, side| PlayerReading {
            steam_id: SteamId::of_account(number),
            name: String::new(),
            side,
            is_connected: false,
            was_connected,
            is_kicked: false,
            kills: 0,
            deaths: 0,
            assists: 0,
        };
        let match_ = MatchReading {
            players: vec![
                player(1, true, Some(Side::Team1)),
                player(2, false, Some(Side::Team2)),
                player(3, true, None),
            ],
            ..reading(&[])
        };
        let took_part: Vec<SteamId> = match_.participants().iter().map(|one| one.player).collect();
        assert_eq!(took_part, [SteamId::of_account(1)]);
    }

    proptest! {
        /// Webhooks and polls may bring events twice and in any order: the phase is the same.
        #[test]
        fn order_and_repetition_change_no_phase(upto in 1..12_usize, repeats in prop::collection::vec(any::<Index>(), 0..6), seed in any::<Index>()) {
            let (kinds, phases): (Vec<_>, Vec<_>) = whole().into_iter().unzip();
            let upto = upto.min(kinds.len());
            let mut shuffled = kinds[..upto].to_vec();
            for repeat in repeats {
                let again = repeat.get(&kinds[..upto]).clone();
                shuffled.push(again);
            }
            let turn = seed.index(shuffled.len());
            shuffled.rotate_left(turn);
            prop_assert_eq!(reading(&shuffled).phase(), phases[upto - 1]);
            prop_assert_eq!(reading(&shuffled).best_score(), reading(&kinds[..upto]).best_score());
        }
    }
}
