//! Players who come and go, as they are and as the API tells some minutes later; and what happens by itself.

use super::world::World;
use crate::sim::random;

/// Minutes by which the API's count lags: least, most (§3.2).
const LAG_MIN: (u64, u64) = (5, 10);
/// Minutes between two comings or goings: least, most.
const PAUSE_MIN: (u64, u64) = (2, 20);
/// Minutes a server rests before somebody switches it on: least, most.
const REST_MIN: (u64, u64) = (20, 6 * 60);
const MINUTE_MS: u64 = 60_000;
/// Who plays.
const NAMES: &[&str] = &[
    "amber", "birk", "cato", "dunja", "emil", "frida", "gustav", "hedda", "ivo", "jolanda", "kasper", "lova",
];

/// When the API counts players next.
pub(super) fn plan_count(world: &mut World, id: &str) {
    let wait = decide(world, id, 3, LAG_MIN.0 * MINUTE_MS, LAG_MIN.1 * MINUTE_MS);
    let at = world.now.plus_millis(wait);
    if let Some(server) = world.servers.get_mut(id) {
        server.counted_at = server.is_on.then_some(at);
    }
}

/// The API counts players.
pub(super) fn count(world: &mut World, id: &str) {
    if let Some(server) = world.servers.get_mut(id) {
        server.told_players = server.players.len();
    }
    plan_count(world, id);
}

/// Sets or takes back the moment at which an empty server stops.
pub(super) fn watch_emptiness(world: &mut World, id: &str) {
    let now = world.now;
    let Some(server) = world.servers.get_mut(id) else { return };
    let is_empty = server.is_on && server.players.is_empty();
    server.autostop_at =
        if is_empty { server.autostop_ms().map(|wait_ms| now.plus_millis(wait_ms)) } else { None };
}

/// A player comes.
pub(super) fn join(world: &mut World, id: &str, name: &str) -> bool {
    let Some(server) = world.servers.get_mut(id).filter(|server| server.is_ready()) else { return false };
    if server.players.len() as u64 >= server.slots() || !server.players.insert(name.to_owned()) {
        return false;
    }
    world.say(id, &format!("Client \"{name}\" connected"));
    watch_emptiness(world, id);
    true
}

/// A player goes.
pub(super) fn leave(world: &mut World, id: &str, name: &str) -> bool {
    let Some(server) = world.servers.get_mut(id) else { return false };
    if !server.players.remove(name) {
        return false;
    }
    world.say(id, &format!("Client \"{name}\" dropped: disconnected"));
    watch_emptiness(world, id);
    true
}

/// When somebody does something at a server next, where the world moves by itself.
pub(super) fn plan(world: &mut World, id: &str) {
    if !world.is_eventful {
        return;
    }
    let Some(server) = world.servers.get(id).filter(|server| server.match_id.is_none()) else { return };
    let (least, most) = if server.is_on { PAUSE_MIN } else { REST_MIN };
    let wait = decide(world, id, 4, least * MINUTE_MS, most * MINUTE_MS);
    let at = world.now.plus_millis(wait);
    if let Some(server) = world.servers.get_mut(id) {
        server.stirs_at = Some(at);
    }
}

/// Somebody does something: comes, goes, or switches the server on.
pub(super) fn stir(world: &mut World, id: &str) {
    let Some(server) = world.servers.get(id) else { return };
    if !server.is_on {
        if world.can_pay(&server.owner.clone()) {
            world.switch_on(id);
        }
        return;
    }
    let there = server.players.len() as u64;
    let gone = server.players.iter().next().cloned();
    let luck = decide(world, id, 5, 0, 99);
    let who = usize::try_from(decide(world, id, 6, 0, NAMES.len() as u64 - 1)).unwrap_or(0);
    // The more there are, the likelier one leaves.
    if there == 0 && luck < 60 || there > 0 && luck < 75_u64.saturating_sub(there * 7) {
        join(world, id, NAMES.get(who).copied().unwrap_or("amber"));
    } else if let Some(gone) = gone {
        leave(world, id, &gone);
    }
    plan(world, id);
}

/// A decision of a server's luck; each one another.
pub(super) fn decide(world: &mut World, id: &str, kind: u64, low: u64, high: u64) -> u64 {
    let seed = world.seed;
    let Some(server) = world.servers.get_mut(id) else { return low };
    server.decisions += 1;
    random::between(seed, &[server.number, server.decisions, kind], low, high)
}
