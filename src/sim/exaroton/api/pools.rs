//! Credit pools (`providers/exaroton.md` §2): only members see one.

use serde_json::Value;

use crate::sim::exaroton::answer::{Answer, Refusal};
use crate::sim::exaroton::entities::Pool;
use crate::sim::exaroton::objects;
use crate::sim::exaroton::routes::{Call, Reply};
use crate::sim::exaroton::world::World;

#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::exaroton) fn list(world: &World, call: &Call<'_>) -> Reply {
    let pools = world.pools.values().filter(|pool| is_member(pool, call));
    Ok(Answer::ok(&Value::Array(pools.map(|pool| objects::pool(world, pool, &call.account)).collect())))
}

pub(in crate::sim::exaroton) fn show(world: &World, call: &Call<'_>, id: &str) -> Reply {
    let pool = find(world, call, id)?;
    Ok(Answer::ok(&objects::pool(world, pool, &call.account)))
}

pub(in crate::sim::exaroton) fn servers(world: &World, call: &Call<'_>, id: &str) -> Reply {
    let pool = find(world, call, id)?;
    let servers = world.servers.values().filter(|server| server.pool.as_ref() == Some(&pool.id));
    Ok(Answer::ok(&Value::Array(servers.map(|server| objects::server(server, &call.account)).collect())))
}

pub(in crate::sim::exaroton) fn members(world: &World, call: &Call<'_>, id: &str) -> Reply {
    let pool = find(world, call, id)?;
    Ok(Answer::ok(&objects::members(world, pool)))
}

fn find<'a>(world: &'a World, call: &Call<'_>, id: &str) -> Result<&'a Pool, Refusal> {
    world.pools.get(id).filter(|pool| is_member(pool, call)).ok_or(Refusal::Unknown)
}

fn is_member(pool: &Pool, call: &Call<'_>) -> bool {
    pool.members.iter().any(|member| member.account == call.account)
}
