//! Servers, made and deleted, on and off (`providers/dathost.md` §3.1, §3.3).

use serde_json::Value;

use crate::sim::dathost::answer::{Answer, Refusal, Reply, done};
use crate::sim::dathost::entities::{BootFate, Server};
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::settings::{self, GAMES};
use crate::sim::dathost::world::World;
use crate::sim::dathost::{objects, seed};

/// Servers of others do not exist.
pub(in crate::sim::dathost) fn check_access(world: &World, call: &Call<'_>, id: &str) -> Result<(), Refusal> {
    if find(world, id)?.owner == call.account { Ok(()) } else { Err(Refusal::NoServer) }
}

pub(super) fn find<'a>(world: &'a World, id: &str) -> Result<&'a Server, Refusal> {
    world.servers.get(id).ok_or(Refusal::NoServer)
}

pub(super) fn find_mut<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Server, Refusal> {
    world.servers.get_mut(id).ok_or(Refusal::NoServer)
}

/// Every server, its `booting` as it was last looked at.
#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::dathost) fn list(world: &World, call: &Call<'_>) -> Reply {
    let mut servers: Vec<&Server> =
        world.servers.values().filter(|server| server.owner == call.account).collect();
    servers.sort_by_key(|server| server.number);
    let rows = servers.into_iter().map(|server| objects::server(world, server)).collect();
    Ok(Answer::json(200, Value::Array(rows)))
}

/// One server; looks again whether it still boots.
pub(in crate::sim::dathost) fn show(world: &mut World, id: &str) -> Reply {
    let server = find_mut(world, id)?;
    server.listed_booting = server.boot.is_some();
    Ok(Answer::json(200, objects::server(world, find(world, id)?)))
}

pub(in crate::sim::dathost) fn create(world: &mut World, call: &Call<'_>) -> Reply {
    let form = &call.body.form;
    let Some(game) = form.get("game") else {
        return Err(Refusal::Invalid("game: this field is required".to_owned()));
    };
    if !GAMES.contains(&game.as_str()) {
        return Err(Refusal::Invalid(format!("game: {game:?} is not known")));
    }
    let location = form.get("location").map_or("stockholm", String::as_str).to_owned();
    let id = seed::add_server(world, &call.account, game, &location);
    let server = find_mut(world, &id)?;
    let (mut fields, mut options) = (server.fields.clone(), server.settings.clone());
    if let Err(why) = settings::take(game, form, &mut fields, &mut options) {
        world.servers.remove(&id);
        return Err(Refusal::Invalid(why));
    }
    (server.fields, server.settings) = (fields, options);
    Ok(Answer::json(200, objects::server(world, find(world, &id)?)))
}

pub(in crate::sim::dathost) fn start(world: &mut World, id: &str) -> Reply {
    let server = find_mut(world, id)?;
    if server.fate == BootFate::Refused {
        server.fate = BootFate::Normal;
        return Err(Refusal::HostRefused);
    }
    check_credits(world, id)?;
    world.switch_on(id);
    Ok(done())
}

/// A server that is switched on has to be paid for.
pub(super) fn check_credits(world: &World, id: &str) -> Result<(), Refusal> {
    let server = find(world, id)?;
    if server.pays_by_minute() && !world.can_pay(&server.owner) {
        return Err(Refusal::NoCredits(world.rules.no_credits_status));
    }
    Ok(())
}

pub(in crate::sim::dathost) fn stop(world: &mut World, id: &str) -> Reply {
    find(world, id)?;
    world.switch_off(id);
    Ok(done())
}

pub(in crate::sim::dathost) fn delete(world: &mut World, id: &str) -> Reply {
    if find(world, id)?.is_set("deletion_protection") {
        return Err(Refusal::Protected(world.rules.protected_status));
    }
    world.remove(id);
    Ok(done())
}
