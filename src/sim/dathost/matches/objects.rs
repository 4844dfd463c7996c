//! Matches and players on the wire (`providers/dathost.md` §4.3).

use serde_json::{Map, Value, json};

use super::{Event, Match, MatchPlayer, MatchSettings, Team, Webhooks};
use crate::sim::dathost::objects::seconds;

/// Figures of a player, in the order of the reference.
const STATS: &[&str] = &[
    "kills",
    "assists",
    "deaths",
    "mvps",
    "score",
    "2ks",
    "3ks",
    "4ks",
    "5ks",
    "kills_with_headshot",
    "kills_with_pistol",
    "kills_with_sniper",
    "damage_dealt",
    "entry_attempts",
    "entry_successes",
    "flashes_thrown",
    "flashes_successful",
    "flashes_enemies_blinded",
    "utility_thrown",
    "utility_damage",
    "1vX_attempts",
    "1vX_wins",
];

/// A whole match; the older calls leave its events and what calls for them out.
pub(in crate::sim::dathost) fn object(one: &Match, has_events: bool) -> Value {
    let players: Vec<Value> = one.players.iter().map(|player| player_object(&one.id, player)).collect();
    let mut object = Map::new();
    let [team1, team2] = &one.teams;
    for (name, value) in [
        ("id", json!(one.id)),
        ("game_server_id", json!(one.server)),
        ("team1", team(team1, one.scores[0])),
        ("team2", team(team2, one.scores[1])),
        ("players", Value::Array(players)),
        ("settings", settings(&one.settings)),
        ("webhooks", webhooks(&one.webhooks)),
        ("rounds_played", json!(one.rounds())),
        ("finished", json!(one.is_finished)),
        ("cancel_reason", json!(one.cancel_reason)),
    ] {
        object.insert(name.to_owned(), value);
    }
    if has_events {
        object.insert("events".to_owned(), Value::Array(one.events.iter().map(event).collect()));
    }
    Value::Object(object)
}

/// Somebody on the list of a match.
pub(in crate::sim::dathost) fn player_object(match_id: &str, player: &MatchPlayer) -> Value {
    let stats: Map<String, Value> = STATS
        .iter()
        .map(|name| ((*name).to_owned(), json!(player.stats.get(name).copied().unwrap_or(0))))
        .collect();
    json!({
        "match_id": match_id,
        "steam_id_64": player.steam_id,
        "team": player.team,
        "nickname_override": player.nickname,
        "connected": player.is_connected,
        "kicked": player.is_kicked,
        "disconnected_at": player.left_at.map(seconds),
        "disconnected_reason": player.left_at.map(|_| "Disconnect"),
        "stats": stats,
    })
}

fn event(event: &Event) -> Value {
    let mut object = json!({ "event": event.name, "timestamp": seconds(event.at) });
    if let (Some(payload), Some(object)) = (&event.payload, object.as_object_mut()) {
        object.insert("payload".to_owned(), payload.clone());
    }
    object
}

fn team(team: &Team, score: u32) -> Value {
    json!({ "name": team.name, "flag": team.flag, "stats": { "score": score } })
}

fn settings(settings: &MatchSettings) -> Value {
    json!({
        "map": settings.map,
        "password": settings.password,
        "connect_time": settings.connect_time_s,
        "match_begin_countdown": settings.countdown_s,
        "team_size": settings.team_size,
        "wait_for_gotv": settings.waits_for_gotv,
        "enable_plugin": settings.has_plugin,
        "enable_tech_pause": settings.has_tech_pause,
    })
}

/// The secret is echoed back (§4.3).
fn webhooks(webhooks: &Webhooks) -> Value {
    json!({
        "match_end_url": webhooks.match_end_url,
        "round_end_url": webhooks.round_end_url,
        "player_votekick_success_url": webhooks.votekick_url,
        "event_url": webhooks.event_url,
        "enabled_events": webhooks.enabled_events,
        "authorization_header": webhooks.authorization,
    })
}
