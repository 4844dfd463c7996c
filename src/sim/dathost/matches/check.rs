//! Bodies of match calls: closed objects, so an unknown key at any level is refused (`providers/dathost.md` §4.2).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Match, MatchFate, MatchPlayer, MatchSettings, Step, Team, Webhooks};

const TOP: &[&str] = &["game_server_id", "players", "team1", "team2", "settings", "webhooks"];
const PLAYER: &[&str] = &["steam_id_64", "team", "nickname_override"];
const TEAM: &[&str] = &["name", "flag"];
const SETTINGS: &[&str] = &[
    "map",
    "password",
    "connect_time",
    "match_begin_countdown",
    "team_size",
    "wait_for_gotv",
    "enable_plugin",
    "enable_tech_pause",
];
const WEBHOOKS: &[&str] = &[
    "match_end_url",
    "round_end_url",
    "player_votekick_success_url",
    "event_url",
    "enabled_events",
    "authorization_header",
];

/// A match as it is asked for, without id, server and owner.
pub(in crate::sim::dathost) fn new_match(body: &Value) -> Result<Match, String> {
    let top = object(body, "body", TOP)?;
    let server = text(top, "game_server_id")?.ok_or("game_server_id: this field is required")?;
    let players = match top.get("players") {
        Some(Value::Array(players)) if !players.is_empty() => {
            players.iter().map(new_player).collect::<Result<Vec<_>, _>>()?
        }
        _ => return Err("players: a list of players is required".to_owned()),
    };
    Ok(Match {
        id: String::new(),
        number: 0,
        server,
        owner: String::new(),
        players,
        teams: [team(top, "team1")?, team(top, "team2")?],
        settings: settings(top.get("settings"))?,
        webhooks: webhooks(top.get("webhooks"))?,
        events: Vec::new(),
        scores: [0, 0],
        is_finished: false,
        cancel_reason: None,
        fate: MatchFate::Plays,
        step: Step::Booting,
        next_at: None,
        decisions: 0,
    })
}

/// Somebody for the list of a match.
pub(in crate::sim::dathost) fn new_player(body: &Value) -> Result<MatchPlayer, String> {
    let player = object(body, "players", PLAYER)?;
    let steam_id = text(player, "steam_id_64")?.unwrap_or_default();
    if steam_id.is_empty() || !steam_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("players.steam_id_64: digits as text are required".to_owned());
    }
    let team = text(player, "team")?.unwrap_or_default();
    if !matches!(team.as_str(), "team1" | "team2" | "spectator") {
        return Err("players.team: team1, team2 or spectator is required".to_owned());
    }
    Ok(MatchPlayer {
        steam_id,
        team,
        nickname: text(player, "nickname_override")?.unwrap_or_default(),
        is_connected: false,
        is_kicked: false,
        left_at: None,
        stats: BTreeMap::new(),
    })
}

fn team(top: &Map<String, Value>, name: &str) -> Result<Team, String> {
    let Some(team) = top.get(name) else { return Ok(Team::default()) };
    let team = object(team, name, TEAM)?;
    Ok(Team { name: text(team, "name")?.unwrap_or_default(), flag: text(team, "flag")?.unwrap_or_default() })
}

fn settings(settings: Option<&Value>) -> Result<MatchSettings, String> {
    let empty = Value::Object(Map::new());
    let settings = object(settings.unwrap_or(&empty), "settings", SETTINGS)?;
    let whole = |name: &str, plain: u64| match settings.get(name) {
        None => Ok(plain),
        Some(value) => value.as_u64().ok_or_else(|| format!("settings.{name}: a whole number is required")),
    };
    let switch = |name: &str| match settings.get(name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| format!("settings.{name}: a boolean is required")),
    };
    let team_size = match settings.get("team_size") {
        None | Some(Value::Null) => None,
        Some(_) => Some(whole("team_size", 0)?),
    };
    Ok(MatchSettings {
        map: text(settings, "map")?,
        password: text(settings, "password")?,
        connect_time_s: whole("connect_time", 300)?,
        countdown_s: whole("match_begin_countdown", 30)?,
        team_size,
        waits_for_gotv: switch("wait_for_gotv")?,
        has_plugin: switch("enable_plugin")?,
        has_tech_pause: switch("enable_tech_pause")?,
    })
}

fn webhooks(webhooks: Option<&Value>) -> Result<Webhooks, String> {
    let Some(webhooks) = webhooks else { return Ok(Webhooks::default()) };
    let webhooks = object(webhooks, "webhooks", WEBHOOKS)?;
    let of = |name: &str| text(webhooks, name).map(Option::unwrap_or_default);
    let enabled_events = match webhooks.get("enabled_events") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(_) => return Err("webhooks.enabled_events: a list is required".to_owned()),
    };
    Ok(Webhooks {
        match_end_url: of("match_end_url")?,
        round_end_url: of("round_end_url")?,
        votekick_url: of("player_votekick_success_url")?,
        event_url: of("event_url")?,
        enabled_events,
        authorization: of("authorization_header")?,
    })
}

fn object<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let object = value.as_object().ok_or_else(|| format!("{what}: an object is required"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("{what}: unknown field {unknown:?}")),
        None => Ok(object),
    }
}

/// A text; nothing where it is missing or null.
fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name}: a text is required")),
    }
}
