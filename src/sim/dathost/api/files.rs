//! A server's files (`providers/dathost.md` §3.7). A folder's archive is not made: asked for one, it says so.

use super::servers::{find, find_mut};
use crate::sim::dathost::answer::{Answer, Refusal, Reply, done};
use crate::sim::dathost::files::{self, QUOTA_BYTES};
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::world::World;

pub(in crate::sim::dathost) fn list(world: &World, call: &Call<'_>, id: &str) -> Reply {
    let folder = call.query.get("path").map_or("", |path| path.trim_matches('/'));
    let rows = files::list(&find(world, id)?.files, folder).ok_or(Refusal::Unknown)?;
    Ok(Answer::json(200, rows))
}

pub(in crate::sim::dathost) fn read(world: &World, id: &str, path: &[&str]) -> Reply {
    let (server, path) = (find(world, id)?, path.join("/"));
    match server.files.get(&path) {
        Some(bytes) => Ok(Answer::raw(bytes.clone())),
        None if files::is_folder(&server.files, &path) => {
            Err(Refusal::Invalid("archives of folders are not simulated".to_owned()))
        }
        None => Err(Refusal::Unknown),
    }
}

/// A file as it came; without a part it is empty.
pub(in crate::sim::dathost) fn write(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    let path = path.join("/");
    let server = find_mut(world, id)?;
    if files::is_folder(&server.files, &path) {
        return Err(Refusal::Invalid("The path is a directory".to_owned()));
    }
    let bytes = call.body.file.clone().unwrap_or_default();
    let used: usize =
        server.files.iter().filter(|(one, _)| **one != path).map(|(_, bytes)| bytes.len()).sum();
    if used + bytes.len() > QUOTA_BYTES {
        return Err(Refusal::NoSpace);
    }
    server.files.insert(path, bytes);
    Ok(done())
}

pub(in crate::sim::dathost) fn rename(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    let to = call.body.form.get("destination").map(|to| to.trim_matches('/').to_owned());
    let to = to.ok_or_else(|| Refusal::Invalid("destination: this field is required".to_owned()))?;
    let path = path.join("/");
    if to == path || to.starts_with(&format!("{path}/")) {
        return Err(Refusal::Invalid("A file cannot be moved into itself".to_owned()));
    }
    let server = find_mut(world, id)?;
    let bytes = server.files.remove(&path).ok_or(Refusal::Unknown)?;
    server.files.insert(to, bytes);
    Ok(done())
}

pub(in crate::sim::dathost) fn delete(world: &mut World, id: &str, path: &[&str]) -> Reply {
    let path = path.join("/");
    let below = format!("{path}/");
    let server = find_mut(world, id)?;
    let before = server.files.len();
    server.files.retain(|one, _| *one != path && !one.starts_with(&below));
    if server.files.len() == before { Err(Refusal::Unknown) } else { Ok(done()) }
}
