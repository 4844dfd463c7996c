//! Fields of forms and what answers make of them (`providers/dathost.md` §3.4).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Games that settings are known of (§3.5).
pub(super) const GAMES: &[&str] =
    &["cs2", "csgo", "teamfortress2", "teamspeak3", "valheim", "minecraft", "palworld", "ark", "mumble"];

/// Top-level fields that a form may set.
const FIELDS: &[&str] = &[
    "name",
    "user_data",
    "autostop",
    "autostop_minutes",
    "custom_domain",
    "deletion_protection",
    "enable_core_dump",
    "enable_mysql",
    "enable_syntropy",
    "manual_sort_order",
    "max_disk_usage_gb",
    "prefer_dedicated",
    "reboot_on_crash",
    "scheduled_commands",
    "server_image",
    "added_voice_server",
    "confirmed",
];

/// What a value of an answer is.
#[derive(Clone, Copy)]
enum Kind {
    Text(&'static str),
    Whole(u64),
    Switch(bool),
}

/// A CS2 server's settings with what they are where nobody set them.
const CS2: &[(&str, Kind)] = &[
    ("slots", Kind::Whole(11)),
    ("rcon", Kind::Text("")),
    ("password", Kind::Text("")),
    ("steam_game_server_login_token", Kind::Text("")),
    ("game_mode", Kind::Text("competitive")),
    ("maps_source", Kind::Text("mapgroup")),
    ("mapgroup", Kind::Text("mg_active")),
    ("mapgroup_start_map", Kind::Text("de_dust2")),
    ("workshop_collection_id", Kind::Text("")),
    ("workshop_collection_start_map_id", Kind::Text("")),
    ("workshop_single_map_id", Kind::Text("")),
    ("enable_gotv", Kind::Switch(true)),
    ("enable_gotv_secondary", Kind::Switch(false)),
    ("disable_bots", Kind::Switch(false)),
    ("insecure", Kind::Switch(false)),
    ("enable_metamod", Kind::Switch(false)),
    ("private_server", Kind::Switch(false)),
    ("disable_workshop_command_filtering", Kind::Switch(false)),
];

/// Puts the fields of a form where they belong; others are ignored without a word.
pub(super) fn take(
    game: &str,
    form: &BTreeMap<String, String>,
    fields: &mut BTreeMap<String, String>,
    settings: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let prefix = format!("{game}_settings.");
    for (name, value) in form {
        if let Some(setting) = name.strip_prefix(&prefix) {
            check(setting, value)?;
            settings.insert(setting.to_owned(), value.clone());
        } else if FIELDS.contains(&name.as_str()) {
            check(name, value)?;
            fields.insert(name.clone(), value.clone());
        }
    }
    Ok(())
}

/// Ranges that the reference states, and switches.
fn check(name: &str, value: &str) -> Result<(), String> {
    let within = |low: u64, high: u64| value.parse::<u64>().is_ok_and(|value| (low..=high).contains(&value));
    let is_right = match name {
        "slots" => within(5, 64),
        "max_disk_usage_gb" => within(30, 100),
        "autostop_minutes" => within(1, 100_000),
        "autostop" | "deletion_protection" | "reboot_on_crash" | "enable_gotv" | "disable_bots" => {
            matches!(value, "true" | "false")
        }
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("{name}: {value:?} is not allowed")) }
}

/// The settings object of a server of this game.
pub(super) fn object(game: &str, settings: &BTreeMap<String, String>) -> Value {
    let mut object = Map::new();
    if game == "cs2" {
        for (name, kind) in CS2 {
            let set = settings.get(*name);
            let value = match *kind {
                Kind::Text(plain) => Value::from(set.map_or(plain, String::as_str)),
                Kind::Whole(plain) => Value::from(set.and_then(|set| set.parse().ok()).unwrap_or(plain)),
                Kind::Switch(plain) => Value::from(set.map_or(plain, |set| set == "true")),
            };
            object.insert((*name).to_owned(), value);
        }
    } else {
        if game == "teamspeak3" {
            object.insert("ts_admin_token".to_owned(), Value::from(""));
        }
        for (name, value) in settings {
            object.insert(name.clone(), typed(value));
        }
    }
    Value::Object(object)
}

/// Settings of other games are not told apart: what looks like a number or a switch is one.
fn typed(value: &str) -> Value {
    match value {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from),
    }
}
