//! Which handler a path leads to (`providers/dathost.md` §2, §3.1).

use super::answer::{Answer, Refusal, Reply};
use super::api;
use super::body::Received;
use super::world::World;
use crate::sim::path;

/// One authenticated request.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// The account that is acted on.
    pub(super) account: String,
    pub(super) body: Received,
}

/// Answers an authenticated request.
pub(super) fn answer(world: &mut World, call: &Call<'_>, path: &str) -> Answer {
    let decoded = path::segments(path);
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let outcome = match segments.as_slice() {
        ["api", "0.1", rest @ ..] => route(world, call, rest),
        _ => Err(Refusal::Unknown),
    };
    outcome.unwrap_or_else(Refusal::answer)
}

fn route(world: &mut World, call: &Call<'_>, path: &[&str]) -> Reply {
    match (call.method, path) {
        ("GET", ["account"]) => api::account::show(world, call),
        ("GET", ["custom-domains"]) => api::account::custom_domains(),
        ("GET", ["game-servers"]) => api::servers::list(world, call),
        ("POST", ["game-servers"]) => api::servers::create(world, call),
        (_, ["game-servers", id, rest @ ..]) => {
            api::servers::check_access(world, call, id)?;
            of_server(world, call, id, rest)
        }
        _ => Err(Refusal::Unknown),
    }
}

fn of_server(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    match (call.method, path) {
        ("GET", []) => api::servers::show(world, id),
        ("DELETE", []) => api::servers::delete(world, id),
        ("POST", ["start"]) => api::servers::start(world, id),
        ("POST", ["stop"]) => api::servers::stop(world, id),
        _ => Err(Refusal::Unknown),
    }
}
