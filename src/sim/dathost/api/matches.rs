//! Matches: made, read, called off, joined (`providers/dathost.md` §4.1).

use serde_json::Value;

use crate::sim::dathost::answer::{Answer, Refusal, Reply};
use crate::sim::dathost::api::servers;
use crate::sim::dathost::matches::{Match, new_match, new_player, object, player_object};
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::world::World;

pub(in crate::sim::dathost) fn create(world: &mut World, call: &Call<'_>) -> Reply {
    let mut one = new_match(call.body.json.as_ref().unwrap_or(&Value::Null)).map_err(Refusal::Invalid)?;
    servers::check_access(world, call, &one.server)?;
    if servers::find(world, &one.server)?.game != "cs2" {
        return Err(Refusal::Invalid("game_server_id: not a cs2 server".to_owned()));
    }
    servers::check_credits(world, &one.server)?;
    one.owner.clone_from(&call.account);
    let id = world.begin_match(one);
    show(world, call, &id)
}

pub(in crate::sim::dathost) fn show(world: &World, call: &Call<'_>, id: &str) -> Reply {
    Ok(Answer::json(200, object(find(world, call, id)?, true)))
}

pub(in crate::sim::dathost) fn cancel(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    if find(world, call, id)?.is_finished {
        return Err(Refusal::Invalid("The match is finished already".to_owned()));
    }
    let is_event = world.rules.cancel_is_event;
    world.call_off(id, "USER_API_CANCEL", is_event);
    world.call_end_url(id);
    show(world, call, id)
}

pub(in crate::sim::dathost) fn add_player(world: &mut World, call: &Call<'_>, id: &str) -> Reply {
    if find(world, call, id)?.is_finished {
        return Err(Refusal::Invalid("The match is finished already".to_owned()));
    }
    let player = new_player(call.body.json.as_ref().unwrap_or(&Value::Null)).map_err(Refusal::Invalid)?;
    let answer = player_object(id, &player);
    let Some(one) = world.matches.get_mut(id) else { return Err(Refusal::Unknown) };
    if one.players.iter().any(|listed| listed.steam_id == player.steam_id) {
        return Err(Refusal::Invalid("steam_id_64: listed already".to_owned()));
    }
    one.players.push(player);
    Ok(Answer::json(200, answer))
}

fn find<'a>(world: &'a World, call: &Call<'_>, id: &str) -> Result<&'a Match, Refusal> {
    world.matches.get(id).filter(|one| one.owner == call.account).ok_or(Refusal::Unknown)
}
