//! Which handler a path leads to. Both slash forms; `start`, `stop` and `restart` by GET and by POST (`providers/exaroton.md`
//! §1, §3.1, §7).

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::api;
use super::world::World;
use crate::sim::path;

/// One authenticated request.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// The account whose token it carries.
    pub(super) account: String,
    /// The body read as JSON whatever its content type; null when it is none.
    pub(super) body: Value,
    pub(super) raw: &'a [u8],
    pub(super) content_type: &'a str,
}

/// Answers an authenticated request.
pub(super) fn answer(world: &mut World, call: &Call<'_>, path: &str) -> Answer {
    let decoded = path::segments(path);
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let language = world.language;
    let outcome = match segments.as_slice() {
        ["v1", rest @ ..] => route(world, call, rest),
        _ => Err(Refusal::Unknown),
    };
    outcome.unwrap_or_else(|refusal| refusal.answer(language))
}

/// What a handler makes of a request.
pub(super) type Reply = Result<Answer, Refusal>;

fn route(world: &mut World, call: &Call<'_>, path: &[&str]) -> Reply {
    match (call.method, path) {
        ("GET", ["account"]) => api::account::show(world, call),
        ("GET", ["billing", "pools"]) => api::pools::list(world, call),
        ("GET", ["billing", "pools", pool]) => api::pools::show(world, call, pool),
        ("GET", ["billing", "pools", pool, "servers"]) => api::pools::servers(world, call, pool),
        ("GET", ["billing", "pools", pool, "members"]) => api::pools::members(world, call, pool),
        ("GET", ["servers"]) => api::servers::list(world, call),
        (_, ["servers", id, rest @ ..]) => {
            api::servers::check_access(world, call, id)?;
            of_server(world, call, id, rest)
        }
        _ => Err(Refusal::Unknown),
    }
}

fn of_server(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    match (call.method, path) {
        ("GET", []) => api::servers::show(world, call, id),
        ("GET" | "POST", ["start"]) => api::servers::start(world, call, id),
        ("GET" | "POST", ["stop"]) => api::servers::stop(world, id),
        ("GET" | "POST", ["restart"]) => api::servers::restart(world, id),
        ("POST", ["command"]) => api::servers::command(world, call, id),
        ("POST", ["extend-time"]) => api::servers::extend_time(world, call, id),
        ("GET", ["logs"]) => api::settings::log(world, id),
        ("GET", ["logs", "share"]) => api::settings::share_log(world, id),
        ("GET" | "POST", ["options", "ram"]) => api::settings::ram(world, call, id),
        ("GET" | "POST", ["options", "motd"]) => api::settings::motd(world, call, id),
        ("GET", ["playerlists"]) => api::settings::player_lists(world, id),
        ("GET" | "PUT" | "DELETE", ["playerlists", list]) => {
            api::settings::player_list(world, call, id, list)
        }
        ("GET", ["files", "info", path @ ..]) => api::files::info(world, id, path),
        ("GET" | "PUT" | "DELETE", ["files", "data", path @ ..]) => api::files::data(world, call, id, path),
        ("GET" | "POST", ["files", "config", path @ ..]) => api::files::config(world, call, id, path),
        _ => Err(Refusal::Unknown),
    }
}
