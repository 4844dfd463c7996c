//! Memory, message of the day, player lists, logs (`providers/exaroton.md` §3.1).

use serde_json::{Value, json};

use super::servers::{find, find_mut};
use crate::sim::exaroton::answer::{Answer, Refusal};
use crate::sim::exaroton::entities::Status;
use crate::sim::exaroton::routes::{Call, Reply};
use crate::sim::exaroton::world::{Notice, World};
use crate::sim::random;

pub(in crate::sim::exaroton) fn ram(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let is_refused_while_running = world.refuses_ram_while_running;
    let server = find_mut(world, id)?;
    if call.method == "POST" {
        let ram = call.body.get("ram").and_then(Value::as_u64).filter(|ram| (2..=16).contains(ram));
        let ram = ram.and_then(|ram| u32::try_from(ram).ok()).ok_or(Refusal::RamRange)?;
        if is_refused_while_running && !server.status.is_stopped() {
            return Err(Refusal::RamWhileRunning);
        }
        // A run keeps the memory it began with.
        server.ram_gib = ram;
    }
    Ok(Answer::ok(&json!({ "ram": server.ram_gib })))
}

pub(in crate::sim::exaroton) fn motd(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let server = find_mut(world, id)?;
    if call.method == "POST" {
        let motd = call.body.get("motd").and_then(Value::as_str).ok_or(Refusal::BadRequest)?;
        motd.clone_into(&mut server.motd);
    }
    let answer = Answer::ok(&json!({ "motd": server.motd }));
    if call.method == "POST" {
        world.tell(id, Notice::Status);
    }
    Ok(answer)
}

pub(in crate::sim::exaroton) fn player_lists(world: &World, id: &str) -> Reply {
    let names: Vec<&String> = find(world, id)?.lists.keys().collect();
    Ok(Answer::ok(&json!(names)))
}

pub(in crate::sim::exaroton) fn player_list(
    world: &mut World,
    call: &Call<'_>,
    id: &str,
    list: &str,
) -> Reply {
    let list = find_mut(world, id)?.lists.get_mut(list).ok_or(Refusal::Unknown)?;
    if call.method != "GET" {
        let entries = call.body.get("entries").and_then(Value::as_array).ok_or(Refusal::BadRequest)?;
        let entries: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
        if call.method == "DELETE" {
            list.retain(|entry| !entries.contains(&entry.as_str()));
        } else {
            for entry in entries {
                if !list.iter().any(|known| known == entry) {
                    list.push(entry.to_owned());
                }
            }
        }
    }
    Ok(Answer::ok(&json!(list)))
}

/// As it was when the server last stopped: cached, never live; not there while files move.
pub(in crate::sim::exaroton) fn log(world: &World, id: &str) -> Reply {
    let server = find(world, id)?;
    let is_moving = matches!(server.status, Status::Loading | Status::Stopping | Status::Saving);
    let content = server.stored_log.as_ref().filter(|_| !is_moving);
    Ok(Answer::ok(&json!({ "content": content })))
}

/// A GET with a side effect: everyone can read the log afterwards.
pub(in crate::sim::exaroton) fn share_log(world: &mut World, id: &str) -> Reply {
    let server = find(world, id)?;
    if server.status.has_files_away() {
        return Err(Refusal::FilesAway);
    }
    if server.stored_log.as_ref().is_none_or(String::is_empty) {
        return Err(Refusal::NoLog);
    }
    world.logs_shared += 1;
    let name = random::letters(world.seed, &[world.logs_shared, 9], 7);
    Ok(Answer::ok(&json!({
        "id": name,
        "url": format!("https://mclo.gs/{name}"),
        "raw": format!("https://api.mclo.gs/1/raw/{name}"),
    })))
}
