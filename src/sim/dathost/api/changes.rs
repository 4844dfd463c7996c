//! Servers changed, duplicated, reset and moved (`providers/dathost.md` §3.1, §3.3).

use std::collections::BTreeMap;

use super::servers::{check_access, find, find_mut};
use crate::sim::dathost::answer::{Answer, Refusal, Reply, done};
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::settings;
use crate::sim::dathost::world::World;
use crate::sim::dathost::{files, objects, seed};

/// New settings; one that is on is restarted, and another location is another address.
pub(in crate::sim::dathost) fn update(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let server = find(world, id)?;
    let (mut fields, mut options) = (server.fields.clone(), server.settings.clone());
    settings::take(&server.game.clone(), &call.body.form, &mut fields, &mut options)
        .map_err(Refusal::Invalid)?;
    // The old price up to here.
    world.put_on_bill(id, 0);
    let server = find_mut(world, id)?;
    (server.fields, server.settings) = (fields, options);
    if let Some(location) = call.body.form.get("location").filter(|to| **to != server.location) {
        server.location.clone_from(location);
        server.moves += 1;
    }
    restart(world, id)?;
    Ok(done())
}

/// A copy from the cache, or over another server, which is wiped. Its Steam token is not copied, its protection is.
pub(in crate::sim::dathost) fn duplicate(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    let source = find(world, id)?.clone();
    let location = call.body.form.get("location").unwrap_or(&source.location).clone();
    let copy = match call.body.form.get("destination_server_id") {
        Some(target) => {
            check_access(world, call, target)?;
            world.switch_off(target);
            target.clone()
        }
        None => seed::add_server(world, &call.account, &source.game, &location),
    };
    let server = find_mut(world, &copy)?;
    server.fields.clone_from(&source.cached.fields);
    server.settings.clone_from(&source.cached.settings);
    server.settings.remove("steam_game_server_login_token");
    server.files.clone_from(&source.cached.files);
    server.source = Some(source.id);
    server.sync();
    Ok(Answer::json(200, objects::server(world, find(world, &copy)?)))
}

/// Settings and files as they were when it was made.
pub(in crate::sim::dathost) fn reset(world: &mut World, id: &str) -> Reply {
    world.put_on_bill(id, 0);
    let server = find_mut(world, id)?;
    server.settings = BTreeMap::new();
    server.files = files::fresh();
    restart(world, id)?;
    Ok(done())
}

pub(in crate::sim::dathost) fn sync_files(world: &mut World, id: &str) -> Reply {
    find_mut(world, id)?.sync();
    Ok(done())
}

/// Another host: another address.
pub(in crate::sim::dathost) fn reassign_host(world: &mut World, id: &str) -> Reply {
    find_mut(world, id)?.moves += 1;
    restart(world, id)?;
    Ok(done())
}

fn restart(world: &mut World, id: &str) -> Result<(), Refusal> {
    if find(world, id)?.is_on {
        world.switch_on(id);
    }
    Ok(())
}
