//! The wire's objects (`providers/exaroton.md` §2, §3.2).

use serde_json::{Value, json};

use super::entities::{PayerId, Pool, Server};
use super::world::World;
use crate::sim::micro;

/// An account.
pub(super) fn account(world: &World, id: &str) -> Value {
    let Some(account) = world.accounts.get(id) else { return Value::Null };
    json!({
        "name": account.name,
        "email": account.email,
        "verified": account.is_verified,
        "credits": micro::json(world.told_balance(&PayerId::Account(id.to_owned()))),
    })
}

/// A server as this account sees it.
pub(super) fn server(server: &Server, viewer: &str) -> Value {
    let host = server.status.has_game().then(|| format!("node{}.exaroton.example", server.number % 40 + 1));
    let software = server
        .software
        .as_ref()
        .map(|(id, name, version)| json!({ "id": id, "name": name, "version": version }));
    json!({
        "id": server.id,
        "name": server.name,
        "address": format!("{}.exaroton.me", server.name),
        "motd": server.motd,
        "status": server.odd_status.unwrap_or_else(|| server.status.number()),
        "host": host,
        "port": server.port,
        "players": { "max": server.max_players, "count": server.players.len(), "list": server.players },
        "software": software,
        "shared": server.owner != viewer,
    })
}

/// A pool as this member sees it.
pub(super) fn pool(world: &World, pool: &Pool, viewer: &str) -> Value {
    let own = pool.members.iter().position(|member| member.account == viewer);
    let credits = world.member_credits(&pool.id);
    json!({
        "id": pool.id,
        "name": pool.name,
        "credits": micro::json(world.told_balance(&PayerId::Pool(pool.id.clone()))),
        "servers": world.servers.values().filter(|server| server.pool.as_ref() == Some(&pool.id)).count(),
        "owner": pool.owner,
        "isOwner": pool.owner == viewer,
        "members": pool.members.len(),
        "ownShare": own.map_or(0.0, |at| share(pool, at)),
        "ownCredits": micro::json(own.and_then(|at| credits.get(at).copied()).unwrap_or(0)),
    })
}

/// A pool's members.
pub(super) fn members(world: &World, pool: &Pool) -> Value {
    let credits = world.member_credits(&pool.id);
    let rows = pool.members.iter().zip(credits).enumerate().map(|(at, (member, micro))| {
        let name = world.accounts.get(&member.account).map_or("", |account| account.name.as_str());
        json!({
            "account": member.account,
            "name": name,
            "share": share(pool, at),
            "credits": micro::json(micro),
            "isOwner": member.account == pool.owner,
        })
    });
    Value::Array(rows.collect())
}

/// A member's part of a pool.
fn share(pool: &Pool, at: usize) -> f64 {
    let given: u64 = pool.members.iter().map(|member| member.given).sum();
    pool.members.get(at).map_or(0.0, |member| member.given as f64 / given.max(1) as f64)
}
