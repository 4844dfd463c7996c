//! The game's management protocol, as the websocket carries it: requests, responses, notifications (`providers/exaroton.md`
//! §5.1). The protocol has dozens of methods; those that tell what this world knows are here.

use serde_json::{Value, json};

use super::entities::Server;

/// The first version of the game that speaks it.
const SINCE: [u32; 3] = [1, 21, 9];

/// A player came.
pub(super) const JOINED: &str = "minecraft:notification/players/joined";
/// A player went.
pub(super) const LEFT: &str = "minecraft:notification/players/left";

/// Whether a server's game speaks the protocol.
pub(super) fn is_spoken_by(server: &Server) -> bool {
    let Some((_, _, version)) = &server.software else { return false };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = [(); 3].map(|()| numbers.next().unwrap_or(0));
    version >= SINCE
}

/// What the game answers; nothing to what it does not know.
pub(super) fn answer(server: &Server, method: &str) -> Value {
    match method {
        "minecraft:players" => server.players.iter().map(|name| player(name)).collect(),
        "minecraft:server/status" => json!({
            "started": true,
            "players": server.players.iter().map(|name| player(name)).collect::<Vec<_>>(),
            "version": server.software.as_ref().map(|(_, _, version)| json!({ "name": version })),
        }),
        "minecraft:serversettings/max_players" => json!(server.max_players),
        "minecraft:serversettings/motd" => json!(server.motd),
        _ => Value::Null,
    }
}

/// A player as the protocol tells them.
pub(super) fn player(name: &str) -> Value {
    json!({ "name": name })
}
