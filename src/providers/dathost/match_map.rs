//! From the API's match to the model's reading (`providers/dathost.md` §4.3, §4.4). What is not understood is left out or kept
//! as a word; texts are sanitised here.

use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use super::wire;
use crate::model::matches::{
    CancelReason, MatchEvent, MatchEventKind, MatchReading, PlayerReading, Score, Side, SteamId,
};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;
use crate::providers::exact::Exact;

/// Longest word of an event that is kept.
const WORD_CHARS: usize = 40;

pub(super) fn reading(wire: wire::Match, now: Timestamp) -> MatchReading {
    let events: Vec<MatchEvent> = wire.events.unwrap_or_default().into_iter().filter_map(event).collect();
    let score = Score { team1: score(wire.team1), team2: score(wire.team2) };
    let players = wire.players.unwrap_or_default();
    MatchReading {
        id: sanitise(&wire.id),
        server: sanitise(&wire.game_server_id.unwrap_or_default()),
        is_finished: wire.finished == Some(true),
        cancel_reason: wire
            .cancel_reason
            .as_deref()
            .filter(|reason| !reason.is_empty())
            .map(CancelReason::from_word),
        score,
        rounds_played: count(wire.rounds_played),
        players: players.into_iter().filter_map(|one| player(one, &events)).collect(),
        events,
        observed_at: now,
    }
}

fn count(number: Option<Exact>) -> u32 {
    number.and_then(|number| number.0.to_u32()).unwrap_or(0)
}

fn score(team: Option<wire::MatchTeam>) -> u32 {
    count(team.and_then(|team| team.stats).and_then(|stats| stats.score))
}

fn event(wire: wire::MatchEvent) -> Option<MatchEvent> {
    let seconds = wire.timestamp.and_then(|at| at.0.to_i64()).unwrap_or(0);
    let kind = kind(wire.event?.as_str(), wire.payload.as_ref());
    Some(MatchEvent { kind, at: Timestamp(seconds.saturating_mul(1_000)) })
}

fn kind(word: &str, payload: Option<&Value>) -> MatchEventKind {
    use MatchEventKind as E;
    let known = match word {
        "booting_server" => Some(E::BootingServer),
        "loading_map" => Some(E::LoadingMap),
        "server_ready_for_players" => Some(E::ServerReady),
        "all_players_connected" => Some(E::AllPlayersConnected),
        "match_started" => Some(E::MatchStarted),
        "round_end" => round_score(payload).map(E::RoundEnd),
        "player_connected" => who(payload).map(E::PlayerConnected),
        "player_disconnected" => who(payload).map(E::PlayerDisconnected),
        "player_votekicked" => who(payload).map(E::PlayerVotekicked),
        "match_ended" => Some(E::MatchEnded),
        "players_exited" => Some(E::PlayersExited),
        "gotv_stopped" => Some(E::GotvStopped),
        "match_canceled" => Some(E::MatchCanceled),
        _ => None,
    };
    known.unwrap_or_else(|| E::Other(sanitise(word).chars().take(WORD_CHARS).collect()))
}

fn who(payload: Option<&Value>) -> Option<SteamId> {
    payload?.get("steam_id_64")?.as_str()?.parse().ok()
}

fn round_score(payload: Option<&Value>) -> Option<Score> {
    let of = |name: &str| payload?.get(name)?.as_u64().and_then(|score| u32::try_from(score).ok());
    Some(Score { team1: of("team1_score")?, team2: of("team2_score")? })
}

fn player(wire: wire::MatchPlayer, events: &[MatchEvent]) -> Option<PlayerReading> {
    let steam_id: SteamId = wire.steam_id_64?.parse().ok()?;
    let side = match wire.team.as_deref() {
        Some("team1") => Some(Side::Team1),
        Some("team2") => Some(Side::Team2),
        _ => None,
    };
    let is_connected = wire.connected == Some(true);
    let stats = wire.stats.unwrap_or_default();
    let has_come = |event: &MatchEvent| event.kind == MatchEventKind::PlayerConnected(steam_id);
    let has_played = [&stats.kills, &stats.deaths, &stats.assists].into_iter().any(|one| count(*one) > 0);
    Some(PlayerReading {
        steam_id,
        name: sanitise(&wire.nickname_override.unwrap_or_default()),
        side,
        is_connected,
        // When everybody is sent away at the end, only what was before tells who was there.
        was_connected: is_connected
            || has_played
            || wire.disconnected_at.is_some()
            || events.iter().any(has_come),
        is_kicked: wire.kicked == Some(true),
        kills: count(stats.kills),
        deaths: count(stats.deaths),
        assists: count(stats.assists),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::matches::MatchPhase;
    use serde_json::json;

    fn read(json: Value) -> MatchReading {
        reading(serde_json::from_value(json).unwrap(), Timestamp(0))
    }

    #[test]
    fn a_match_that_is_being_played_is_read() {
        let one = SteamId::of_account(1).to_string();
        let two = SteamId::of_account(2).to_string();
        let read = read(json!({
            "id": "m1", "game_server_id": "s1", "rounds_played": 3, "finished": false, "cancel_reason": null,
            "team1": { "name": "Red", "stats": { "score": 2 } }, "team2": { "stats": { "score": 1 } },
            "players": [
                { "steam_id_64": one, "team": "team1", "nickname_override": "ann\u{1b}[2J", "connected": true,
                  "stats": { "kills": 7, "deaths": 2, "assists": 1, "2ks": 1 } },
                { "steam_id_64": two, "team": "team2", "connected": false, "disconnected_at": null, "stats": null },
            ],
            "events": [
                { "event": "match_started", "timestamp": 1_760_000_000 },
                { "event": "round_end", "timestamp": 1_760_000_060, "payload": { "team1_score": 2, "team2_score": 1 } },
                { "event": "solar_flare", "timestamp": null },
            ],
        }));
        assert_eq!((read.phase(), read.best_score()), (MatchPhase::Live, Score { team1: 2, team2: 1 }));
        assert_eq!(read.phase_since(), Some(Timestamp(1_760_000_000_000)));
        let seen: Vec<(&str, u32, bool)> =
            read.players.iter().map(|one| (one.name.as_str(), one.kills, one.was_connected)).collect();
        assert_eq!(seen, [("ann", 7, true), ("", 0, false)]);
    }

    #[test]
    fn nulls_and_holes_are_no_failure_and_a_cancel_is_read() {
        let bare = read(json!({ "id": "m1", "players": null, "events": null, "team1": null }));
        assert_eq!(bare.phase(), MatchPhase::Booting);
        let canceled = read(json!({ "id": "m1", "finished": true, "cancel_reason": "TIMED_OUT" }));
        assert_eq!(canceled.cancel_reason, Some(CancelReason::TimedOut));
        assert_eq!(canceled.phase(), MatchPhase::Canceled);
    }

    #[test]
    fn who_left_at_the_end_was_there() {
        let id = SteamId::of_account(1);
        let read = read(json!({
            "id": "m1", "finished": true,
            "players": [{ "steam_id_64": id.to_string(), "team": "team1", "connected": false }],
            "events": [{ "event": "player_connected", "timestamp": 1, "payload": { "steam_id_64": id.to_string() } }],
        }));
        assert!(read.players[0].was_connected);
    }
}
