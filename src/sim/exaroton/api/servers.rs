//! Servers and their signals (`providers/exaroton.md` §3.1, §3.3).

use serde_json::Value;

use crate::sim::exaroton::answer::{Answer, Refusal};
use crate::sim::exaroton::chatter;
use crate::sim::exaroton::entities::{PayerId, Server, Status};
use crate::sim::exaroton::objects;
use crate::sim::exaroton::routes::{Call, Reply};
use crate::sim::exaroton::world::World;

/// A server of somebody else's is denied, one that does not exist is unknown.
pub(in crate::sim::exaroton) fn check_access(
    world: &World,
    call: &Call<'_>,
    id: &str,
) -> Result<(), Refusal> {
    let server = find(world, id)?;
    if is_visible(server, &call.account) { Ok(()) } else { Err(Refusal::Denied) }
}

/// Whether an account sees a server.
pub(in crate::sim::exaroton) fn is_visible(server: &Server, account: &str) -> bool {
    server.owner == account || server.shared_with.contains(account)
}

pub(super) fn find<'a>(world: &'a World, id: &str) -> Result<&'a Server, Refusal> {
    world.servers.get(id).ok_or(Refusal::Unknown)
}

pub(super) fn find_mut<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Server, Refusal> {
    world.servers.get_mut(id).ok_or(Refusal::Unknown)
}

#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::exaroton) fn list(world: &World, call: &Call<'_>) -> Reply {
    let mut servers: Vec<&Server> =
        world.servers.values().filter(|server| is_visible(server, &call.account)).collect();
    servers.sort_by_key(|server| server.number);
    let rows = servers.into_iter().map(|server| objects::server(server, &call.account)).collect();
    Ok(Answer::ok(&Value::Array(rows)))
}

pub(in crate::sim::exaroton) fn show(world: &World, call: &Call<'_>, id: &str) -> Reply {
    Ok(Answer::ok(&objects::server(find(world, id)?, &call.account)))
}

pub(in crate::sim::exaroton) fn start(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let with_own_credits = call.body.get("useOwnCredits").and_then(Value::as_bool).unwrap_or(false);
    let server = find(world, id)?;
    if server.status.is_coming_up() {
        return Err(Refusal::AlreadyStarting);
    }
    if !server.status.is_stopped() {
        return Err(Refusal::NotOffline);
    }
    let payer = if with_own_credits { PayerId::Account(call.account.clone()) } else { server.usual_payer() };
    if !world.can_pay(&payer) {
        return Err(Refusal::NoCredits);
    }
    world.begin_start(id, payer);
    Ok(Answer::ok(&Value::Null))
}

pub(in crate::sim::exaroton) fn stop(world: &mut World, id: &str) -> Reply {
    match find(world, id)?.status {
        Status::Stopping | Status::Saving => Err(Refusal::AlreadyStopping),
        Status::Online => {
            world.begin_stop(id);
            Ok(Answer::ok(&Value::Null))
        }
        _ => Err(Refusal::NotOnline),
    }
}

pub(in crate::sim::exaroton) fn restart(world: &mut World, id: &str) -> Reply {
    check_online(world, id)?;
    world.begin_restart(id);
    Ok(Answer::ok(&Value::Null))
}

pub(in crate::sim::exaroton) fn command(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    check_online(world, id)?;
    let line = call.body.get("command").and_then(Value::as_str).ok_or(Refusal::BadRequest)?;
    run_command(world, id, line);
    Ok(Answer::ok(&Value::Null))
}

/// What a command does, whichever way it came.
pub(in crate::sim::exaroton) fn run_command(world: &mut World, id: &str, line: &str) {
    let Ok(server) = find(world, id) else { return };
    if line.trim_start_matches('/').trim() == "stop" {
        world.begin_stop(id);
        return;
    }
    let answer = chatter::answer(server, line);
    world.say(id, &answer);
}

pub(in crate::sim::exaroton) fn extend_time(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    check_online(world, id)?;
    let seconds = call.body.get("time").and_then(Value::as_u64).ok_or(Refusal::BadRequest)?;
    let server = find_mut(world, id)?;
    server.auto_stop_at = server.auto_stop_at.map(|at| at.plus_millis(seconds.saturating_mul(1_000)));
    Ok(Answer::ok(&Value::Null))
}

fn check_online(world: &World, id: &str) -> Result<(), Refusal> {
    if find(world, id)?.status == Status::Online { Ok(()) } else { Err(Refusal::NotOnline) }
}
