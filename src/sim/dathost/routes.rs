//! Which handler a path leads to (`providers/dathost.md` §2, §3.1).

use std::collections::BTreeMap;

use super::answer::{Answer, Refusal, Reply, done};
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
    /// Parameters behind the path.
    pub(super) query: BTreeMap<String, String>,
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
        ("GET", ["locations"]) => api::extras::locations(),
        ("POST", ["cs2-matches"]) => api::matches::create(world, call),
        ("GET", ["cs2-matches", id]) => api::matches::show(world, call, id),
        ("POST", ["cs2-matches", id, "cancel"]) => api::matches::cancel(world, call, id),
        ("POST", ["cs2-matches", id, "players"]) => api::matches::add_player(world, call, id),
        _ => Err(Refusal::Unknown),
    }
}

fn of_server(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    match (call.method, path) {
        ("GET", []) => api::servers::show(world, id),
        ("DELETE", []) => api::servers::delete(world, id),
        ("POST", ["start"]) => api::servers::start(world, id),
        ("POST", ["stop"]) => api::servers::stop(world, id),
        ("PUT", []) => api::changes::update(world, call, id),
        ("POST", ["duplicate"]) => api::changes::duplicate(world, call, id),
        ("POST", ["reset"]) => api::changes::reset(world, id),
        ("POST", ["sync-files"]) => api::changes::sync_files(world, id),
        ("POST", ["reassign-host"]) => api::changes::reassign_host(world, id),
        ("GET", ["console"]) => api::extras::console(world, call, id),
        ("POST", ["console"]) => api::extras::command(world, call, id),
        ("GET", ["metrics"]) => api::extras::metrics(world, id),
        ("POST", ["regenerate-ftp-password"]) => Ok(done()),
        ("GET", ["backups"]) => api::extras::backups(),
        ("GET", ["files"]) => api::files::list(world, call, id),
        ("GET", ["files", path @ ..]) => api::files::read(world, id, path),
        ("POST", ["files", path @ ..]) => api::files::write(world, call, id, path),
        ("PUT", ["files", path @ ..]) => api::files::rename(world, call, id, path),
        ("DELETE", ["files", path @ ..]) => api::files::delete(world, id, path),
        _ => Err(Refusal::Unknown),
    }
}
