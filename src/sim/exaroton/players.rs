//! Players who come and go, and servers that crash or wake up, where the world moves by itself.

use super::entities::Status;
use super::management;
use super::world::{Notice, World};
use crate::sim::random;

/// Who plays.
const NAMES: &[&str] =
    &["Steve", "Alex", "Mara", "Jonas", "Priya", "Kenji", "Sofia", "Noah", "Hana", "Owen", "Felix", "Chloe"];
/// Minutes between two comings or goings: least, most.
const PAUSE_MIN: (u64, u64) = (2, 25);
/// Minutes a stopped server rests before somebody knocks: least, most.
const REST_MIN: (u64, u64) = (60, 14 * 60);
/// One in so many comings and goings ends in a crash.
const CRASH_ONE_IN: u64 = 150;
const MINUTE_MS: u64 = 60_000;

/// When the next player comes or goes.
pub(super) fn plan_play(world: &mut World, id: &str) {
    if !world.is_eventful {
        return;
    }
    let wait = decide(world, id, 2, PAUSE_MIN.0 * MINUTE_MS, PAUSE_MIN.1 * MINUTE_MS);
    let at = world.now.plus_millis(wait);
    if let Some(server) = world.servers.get_mut(id) {
        server.play.next_at = Some(at);
    }
}

/// When somebody knocks at a server that does not run.
pub(super) fn plan_knock(world: &mut World, id: &str) {
    if !world.is_eventful {
        return;
    }
    let wait = decide(world, id, 3, REST_MIN.0 * MINUTE_MS, REST_MIN.1 * MINUTE_MS);
    let at = world.now.plus_millis(wait);
    if let Some(server) = world.servers.get_mut(id) {
        server.knock_at = Some(at);
    }
}

/// Somebody comes, goes, or the game crashes.
pub(super) fn play(world: &mut World, id: &str) {
    if decide(world, id, 4, 1, CRASH_ONE_IN) == 1 {
        world.crash(id);
        return;
    }
    let luck = decide(world, id, 5, 0, 99);
    let who = usize::try_from(decide(world, id, 6, 0, NAMES.len() as u64 - 1)).unwrap_or(0);
    let name = NAMES.get(who).copied().unwrap_or("Steve");
    let Some(server) = world.servers.get(id) else { return };
    let there = server.players.len();
    // The more there are, the likelier one leaves.
    let comes = there == 0 && luck < 55 || there > 0 && luck < 70_u64.saturating_sub(there as u64 * 18);
    if comes {
        join(world, id, name);
    } else if let Some(name) = server.players.first().cloned() {
        leave(world, id, &name);
    }
    plan_play(world, id);
}

/// A player comes.
pub(super) fn join(world: &mut World, id: &str, name: &str) -> bool {
    let Some(server) = world.servers.get_mut(id).filter(|server| server.status == Status::Online) else {
        return false;
    };
    if server.players.iter().any(|player| player == name)
        || server.players.len() >= server.max_players as usize
    {
        return false;
    }
    server.players.push(name.to_owned());
    world.say(id, &format!("[Server thread/INFO]: {name} joined the game"));
    world.tell(id, Notice::Managed(management::JOINED, management::player(name)));
    world.watch_emptiness(id);
    world.tell(id, Notice::Status);
    true
}

/// A player goes.
pub(super) fn leave(world: &mut World, id: &str, name: &str) -> bool {
    let Some(server) = world.servers.get_mut(id) else { return false };
    let before = server.players.len();
    server.players.retain(|player| player != name);
    if server.players.len() == before {
        return false;
    }
    world.say(id, &format!("[Server thread/INFO]: {name} left the game"));
    world.tell(id, Notice::Managed(management::LEFT, management::player(name)));
    world.watch_emptiness(id);
    world.tell(id, Notice::Status);
    true
}

/// A decision of a server's luck; each one another.
fn decide(world: &mut World, id: &str, kind: u64, low: u64, high: u64) -> u64 {
    let seed = world.seed;
    let Some(server) = world.servers.get_mut(id) else { return low };
    server.play.decisions += 1;
    random::between(seed, &[server.number, server.play.decisions, kind], low, high)
}
