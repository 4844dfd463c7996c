//! Files of a server, as far as a listing, small texts and their changes go.

use serde_json::{Value, json};

use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{at, text};
use crate::sim::panel::daemon;
use crate::sim::panel::entities::{MOST_FILES, Server};
use crate::sim::panel::listing::plain_list;
use crate::sim::panel::objects::{date, object};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::servers::server_of;

const NEED: Need = Need::ReadyServer;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client/servers/{server}/files/list", need: NEED, run: list },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/files/contents",
        need: NEED,
        run: contents,
    },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/files/download",
        need: NEED,
        run: download,
    },
    Route { method: "GET", pattern: "/api/client/servers/{server}/files/upload", need: NEED, run: upload },
    Route { method: "POST", pattern: "/api/client/servers/{server}/files/write", need: NEED, run: write },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/files/create-folder",
        need: NEED,
        run: create_folder,
    },
    Route { method: "PUT", pattern: "/api/client/servers/{server}/files/rename", need: NEED, run: rename },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/files/compress",
        need: NEED,
        run: compress,
    },
    Route { method: "POST", pattern: "/api/client/servers/{server}/files/delete", need: NEED, run: delete },
];

/// Passes the call to the server's daemon.
fn on_node(call: &Call, world: &mut World, done: impl FnOnce(&Call, &mut World) -> Reply) -> Reply {
    let node_id = server_of(call, world)?.node_id;
    daemon::through(call, world, node_id, done, daemon::pass_on)
}

fn clean(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

fn file_object(server: &Server, name: &str, size: usize, is_file: bool) -> Value {
    let (mode, bits, kind) =
        if is_file { ("-rw-r--r--", "644", "text/plain") } else { ("drwxr-xr-x", "755", "inode/directory") };
    let at = date(server.created_at);
    let attributes = json!({
        "name": name, "mode": mode, "mode_bits": bits, "size": size, "is_file": is_file, "is_symlink": false,
        "mimetype": kind, "created_at": at, "modified_at": at,
    });
    object("file_object", attributes)
}

/// Every server has these besides what was written.
fn stock(server: &Server, path: &str) -> Option<String> {
    match path {
        "server.properties" => Some(format!("motd={}\nmax-players=20\n", server.name)),
        "eula.txt" => Some("eula=true\n".to_owned()),
        _ => None,
    }
}

fn list(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        let server = server_of(call, world)?;
        let directory = clean(call.query.get("directory").unwrap_or("/"));
        if !directory.is_empty() && !matches!(directory.as_str(), "logs" | "world" | "plugins") {
            return Err(daemon::answered(404, world.seed));
        }
        let mut rows = Vec::new();
        if directory.is_empty() {
            rows.push(file_object(server, "logs", 4_096, false));
            for name in ["eula.txt", "server.properties"] {
                rows.push(file_object(server, name, stock(server, name).unwrap_or_default().len(), true));
            }
        }
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let written =
            server.extras.files.iter().filter_map(|(path, body)| Some((path.strip_prefix(&prefix)?, body)));
        rows.extend(written.map(|(name, body)| file_object(server, name, body.len(), true)));
        ok(plain_list(rows))
    })
}

fn contents(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        let server = server_of(call, world)?;
        let path = clean(call.query.get("file").unwrap_or(""));
        let body = server.extras.files.get(&path).cloned().or_else(|| stock(server, &path));
        body.map(|body| Answer::text(body).into()).ok_or_else(|| daemon::answered(404, world.seed))
    })
}

/// A link to the node with a token of its own.
pub(super) fn signed_url(call: &Call, world: &World, path: &str) -> Reply {
    let server = server_of(call, world)?;
    let node = world.nodes.get(&server.node_id).ok_or_else(Failure::not_found)?;
    let token =
        random::letters(world.seed, &[server.id.cast_unsigned(), world.stamp.0.cast_unsigned(), 501], 43);
    let url = format!("{}://{}:{}/{path}?token={token}", node.scheme, node.fqdn, node.daemon_listen);
    ok(object("signed_url", json!({ "url": url })))
}

fn download(call: &Call, world: &mut World) -> Reply {
    signed_url(call, world, "download/file")
}

fn upload(call: &Call, world: &mut World) -> Reply {
    signed_url(call, world, "upload/file")
}

fn write(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        let path = clean(call.query.get("file").unwrap_or(""));
        let body = call.raw_body.clone();
        if let Some(server) = world.servers.get_mut(&call.server_id) {
            let files = &mut server.extras.files;
            // A full disk is not simulated: the first file leaves.
            if files.len() >= MOST_FILES && !files.contains_key(&path) {
                files.pop_first();
            }
            files.insert(path, body);
        }
        none()
    })
}

fn create_folder(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |_, _| none())
}

fn names(call: &Call) -> Vec<String> {
    let files = at(&call.body, "files").and_then(Value::as_array);
    files.into_iter().flatten().filter_map(Value::as_str).map(clean).collect()
}

fn rename(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        let Some(server) = world.servers.get_mut(&call.server_id) else { return none() };
        for pair in at(&call.body, "files").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(from), Some(to)) = (text(pair, "from"), text(pair, "to"))
                && let Some(body) = server.extras.files.remove(&clean(&from))
            {
                server.extras.files.insert(clean(&to), body);
            }
        }
        none()
    })
}

fn compress(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        let server = server_of(call, world)?;
        let name = world.stamp.to_datetime().format("archive-%Y-%m-%dT%H%M%SZ.tar.gz").to_string();
        ok(file_object(server, &name, 1_234, true))
    })
}

fn delete(call: &Call, world: &mut World) -> Reply {
    on_node(call, world, |call, world| {
        if let Some(server) = world.servers.get_mut(&call.server_id) {
            for name in names(call) {
                server.extras.files.remove(&name);
            }
        }
        none()
    })
}
