//! Backups (`providers/pterodactyl.md` §4.7).

use serde_json::{Value, json};

use crate::model::time::Timestamp;
use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::text;
use crate::sim::panel::daemon;
use crate::sim::panel::entities::{Backup, Server};
use crate::sim::panel::listing::{Page, client_list};
use crate::sim::panel::objects::{date, object};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::files::signed_url;
use super::servers::server_of;

const NEED: Need = Need::ReadyServer;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client/servers/{server}/backups", need: NEED, run: list },
    Route { method: "POST", pattern: "/api/client/servers/{server}/backups", need: NEED, run: create },
    Route { method: "GET", pattern: "/api/client/servers/{server}/backups/{backup}", need: NEED, run: view },
    Route {
        method: "DELETE",
        pattern: "/api/client/servers/{server}/backups/{backup}",
        need: NEED,
        run: delete,
    },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/backups/{backup}/download",
        need: NEED,
        run: download,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/backups/{backup}/lock",
        need: NEED,
        run: lock,
    },
];

/// So many backups within so many seconds.
const THROTTLE: (usize, u64) = (2, 600);
/// How long a backup takes, in milliseconds of the world.
const LENGTH_MS: u64 = 1_000;
const BYTES: u64 = 1_048_576;

fn show(now: Timestamp, seed: u64, row: &Backup) -> Value {
    let is_done = row.completes_at <= now;
    let checksum = format!("sha1:{}", random::hex(seed, &[random::of_text(&row.uuid)], 40));
    let attributes = json!({
        "uuid": row.uuid, "is_successful": is_done, "is_locked": row.is_locked, "name": row.name,
        "ignored_files": [], "checksum": is_done.then_some(checksum), "bytes": if is_done { BYTES } else { 0 },
        "created_at": date(row.created_at), "completed_at": is_done.then(|| date(row.created_at.plus_millis(LENGTH_MS))),
    });
    object("backup", attributes)
}

fn list(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let page = Page::of_client(call, 20, 50)?;
    let rows: Vec<&Backup> = server.extras.backups.iter().collect();
    let mut body = client_list(call, &world.url, page, rows, |row| show(world.now, world.seed, row));
    if let Some(meta) = body.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("backup_count".to_owned(), json!(server.extras.backups.len()));
    }
    ok(body)
}

fn create(call: &Call, world: &mut World) -> Reply {
    let (now, stamp, seed) = (world.now, world.stamp, world.seed);
    let server = server_of(call, world)?;
    let recent: Vec<Timestamp> = server
        .extras
        .backups
        .iter()
        .map(|row| row.created_at)
        .filter(|at| stamp.millis_since(*at) < THROTTLE.1 * 1_000)
        .collect();
    if recent.len() >= THROTTLE.0 {
        let text = format!(
            "Only {} backups may be generated within a {} second span of time.",
            THROTTLE.0, THROTTLE.1
        );
        let mut failure = Failure::new(429, "TooManyRequestsHttpException", &text);
        let first = recent.first().copied().unwrap_or(stamp);
        let wait_s = first.plus_millis(THROTTLE.1 * 1_000).millis_since(stamp).div_ceil(1_000);
        failure.headers.push(("retry-after", wait_s.to_string()));
        return Err(failure);
    }
    let most = usize::try_from(server.features.backups).unwrap_or(0);
    if server.extras.backups.len() >= most {
        let text =
            format!("Cannot create a new backup, this server has reached its limit of {most} backups.");
        return Err(Failure::refused("TooManyBackupsException", &text));
    }
    let node_id = server.node_id;
    let number = server.extras.backups.len() as u64;
    let done = move |call: &Call, world: &mut World| {
        let row = Backup {
            uuid: random::uuid(seed, &[call.server_id.cast_unsigned(), number, stamp.0.cast_unsigned(), 601]),
            name: text(&call.body, "name").unwrap_or_else(|| format!("Backup at {}", date(stamp))),
            is_locked: false,
            created_at: stamp,
            completes_at: now.plus_millis(LENGTH_MS),
        };
        let shown = show(now, seed, &row);
        if let Some(server) = world.servers.get_mut(&call.server_id) {
            server.extras.backups.push(row);
        }
        ok(shown)
    };
    daemon::through(call, world, node_id, done, daemon::pass_on)
}

fn find<'a>(call: &Call, server: &'a Server) -> Result<(usize, &'a Backup), Failure> {
    let wanted = call.param(1);
    server
        .extras
        .backups
        .iter()
        .enumerate()
        .find(|(_, row)| row.uuid == wanted)
        .ok_or_else(Failure::not_found)
}

fn view(call: &Call, world: &mut World) -> Reply {
    let (_, row) = find(call, server_of(call, world)?)?;
    ok(show(world.now, world.seed, row))
}

fn download(call: &Call, world: &mut World) -> Reply {
    find(call, server_of(call, world)?)?;
    signed_url(call, world, "download/backup")
}

fn lock(call: &Call, world: &mut World) -> Reply {
    let (at, _) = find(call, server_of(call, world)?)?;
    if let Some(row) =
        world.servers.get_mut(&call.server_id).and_then(|server| server.extras.backups.get_mut(at))
    {
        row.is_locked = !row.is_locked;
    }
    view(call, world)
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let (at, row) = find(call, server_of(call, world)?)?;
    if row.is_locked {
        let text = "Cannot delete a backup that is marked as locked.";
        return Err(Failure::refused("BackupLockedException", text));
    }
    if let Some(server) = world.servers.get_mut(&call.server_id) {
        server.extras.backups.remove(at);
    }
    none()
}
