//! Consoles, figures, places (`providers/dathost.md` §3.1, §3.6).

use serde_json::{Value, json};

use super::servers::find;
use crate::sim::dathost::answer::{Answer, Refusal, Reply, done};
use crate::sim::dathost::locations::LOCATIONS;
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::world::World;

/// The last lines, oldest first.
pub(in crate::sim::dathost) fn console(world: &World, call: &Call<'_>, id: &str) -> Reply {
    let most = call.query.get("max_lines").map_or("1000", String::as_str).parse::<usize>();
    let most = most.ok().filter(|most| (1..=100_000).contains(most));
    let most = most.ok_or_else(|| Refusal::Invalid("max_lines: 1 to 100000".to_owned()))?;
    let lines = &find(world, id)?.console;
    let lines: Vec<&String> = lines.iter().skip(lines.len().saturating_sub(most)).collect();
    Ok(Answer::json(200, json!({ "lines": lines })))
}

/// A line for the game; what it answers is only in the console.
pub(in crate::sim::dathost) fn command(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let line = call.body.form.get("line").cloned();
    let line = line.ok_or_else(|| Refusal::Invalid("line: this field is required".to_owned()))?;
    if find(world, id)?.is_ready() {
        let answer = match line.split_whitespace().next() {
            Some("status") => format!("players: {} humans", find(world, id)?.players.len()),
            Some(command) => format!("{command}: done"),
            None => String::new(),
        };
        world.say(id, &format!("rcon: {line}"));
        world.say(id, &answer);
    }
    Ok(done())
}

pub(in crate::sim::dathost) fn metrics(world: &World, id: &str) -> Reply {
    let server = find(world, id)?;
    let players: Vec<Value> =
        server.players.iter().map(|name| json!({ "name": name, "duration": 60, "score": 0 })).collect();
    let map = server.settings.get("mapgroup_start_map").map_or("de_dust2", String::as_str);
    Ok(Answer::json(
        200,
        json!({
            "players_online": players,
            "all_time_players": [],
            "maps_played": [{ "map": map, "seconds": 600 }],
            "players_online_graph": [{ "timestamp": world.now.0 / 1_000, "value": server.told_players }],
        }),
    ))
}

#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::dathost) fn locations() -> Reply {
    let rows = LOCATIONS.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    Ok(Answer::json(200, Value::Array(rows)))
}

/// Older clients ask for them; there are none.
#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::dathost) fn backups() -> Reply {
    Ok(Answer::json(200, json!([])))
}
