//! Nodes (`providers/pterodactyl.md` §3.2, §3.3).

use serde_json::{Value, json};

use crate::model::time::Timestamp;
use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, at, boolean, integer, text};
use crate::sim::panel::daemon;
use crate::sim::panel::daemon::DaemonMode;
use crate::sim::panel::entities::{Node, Resource};
use crate::sim::panel::listing::{SortKey, application_list, check_filters, filter_parts, plain_list, sort};
use crate::sim::panel::objects::{Includes, Render, object};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::locations::add_resource;

const READ: Need = Need::Read(Resource::Nodes);
const WRITE: Need = Need::Write(Resource::Nodes);

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/nodes", need: READ, run: list },
    Route { method: "POST", pattern: "/api/application/nodes", need: WRITE, run: create },
    Route { method: "GET", pattern: "/api/application/nodes/deployable", need: READ, run: deployable },
    Route { method: "GET", pattern: "/api/application/nodes/{id}", need: READ, run: view },
    Route { method: "PATCH", pattern: "/api/application/nodes/{id}", need: WRITE, run: update },
    Route { method: "DELETE", pattern: "/api/application/nodes/{id}", need: WRITE, run: delete },
    Route {
        method: "GET",
        pattern: "/api/application/nodes/{id}/configuration",
        need: READ,
        run: configuration,
    },
];

fn list(call: &Call, world: &mut World) -> Reply {
    check_filters(call, &["uuid", "name", "fqdn", "daemon_token_id"])?;
    let mut rows = filter_parts(call, world.nodes.values(), |row, name| match name {
        "uuid" => Some(row.uuid.as_str()),
        "name" => Some(row.name.as_str()),
        "fqdn" => Some(row.fqdn.as_str()),
        _ => Some(row.token_id.as_str()),
    });
    sort(call, &mut rows, &["id", "uuid", "memory", "disk"], |row, name| match name {
        "id" => SortKey::Number(row.id),
        "memory" => SortKey::Number(row.memory_mib),
        "disk" => SortKey::Number(row.disk_mib),
        _ => SortKey::Text(row.uuid.clone()),
    })?;
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.node(row, &includes))?)
}

fn view(call: &Call, world: &mut World) -> Reply {
    let row = world.nodes.get(&call.id(0)).ok_or_else(Failure::not_found)?;
    ok(Render::new(world, &call.acl).node(row, &Includes(call.query.includes())))
}

fn configuration(call: &Call, world: &mut World) -> Reply {
    let node = world.nodes.get(&call.id(0)).ok_or_else(Failure::not_found)?;
    let certificates = format!("/etc/letsencrypt/live/{}", node.fqdn);
    ok(json!({
        "debug": false, "uuid": node.uuid, "token_id": node.token_id, "token": node.token,
        "api": {
            "host": "0.0.0.0", "port": node.daemon_listen, "upload_limit": node.upload_size,
            "ssl": {
                "enabled": node.scheme == "https",
                "cert": format!("{certificates}/fullchain.pem"), "key": format!("{certificates}/privkey.pem"),
            },
        },
        "system": {"data": node.daemon_base, "sftp": {"bind_port": node.daemon_sftp}},
        "allowed_mounts": [], "remote": world.url,
    }))
}

fn check(call: &Call, world: &World) -> Result<(), Failure> {
    let body = &call.body;
    let mut check = Check::new(body);
    check.required_string("name", 100);
    check.shape("name", "regex", |name| name.chars().all(|c| c.is_alphanumeric() || "_ .-".contains(c)));
    if check.required("location_id") {
        let is_there = integer(body, "location_id").is_some_and(|id| world.locations.contains_key(&id));
        check.exists("location_id", is_there);
    }
    check.required_string("fqdn", 191);
    check.required_string("scheme", 5);
    for (field, least) in
        [("memory", 1.0), ("memory_overallocate", -1.0), ("disk", 1.0), ("disk_overallocate", -1.0)]
    {
        if check.required(field) {
            check.number_from(field, least);
        }
    }
    for field in ["daemon_sftp", "daemon_listen"] {
        if check.required(field) {
            check.number_between(field, 1.0, 65_535.0);
        }
    }
    check.number_between("upload_size", 1.0, 1_024.0);
    for field in ["public", "behind_proxy", "maintenance_mode"] {
        check.truth_value(field);
    }
    check.finish()
}

/// Writes the request's fields into a row.
fn fill(node: &mut Node, body: &Value) {
    let keep = |slot: &mut i64, field: &str| {
        if let Some(value) = integer(body, field) {
            *slot = value;
        }
    };
    keep(&mut node.location_id, "location_id");
    keep(&mut node.memory_mib, "memory");
    keep(&mut node.memory_overallocate, "memory_overallocate");
    keep(&mut node.disk_mib, "disk");
    keep(&mut node.disk_overallocate, "disk_overallocate");
    keep(&mut node.upload_size, "upload_size");
    keep(&mut node.daemon_listen, "daemon_listen");
    keep(&mut node.daemon_sftp, "daemon_sftp");
    let keep_text = |slot: &mut String, field: &str| {
        if let Some(value) = text(body, field) {
            *slot = value;
        }
    };
    keep_text(&mut node.name, "name");
    keep_text(&mut node.fqdn, "fqdn");
    keep_text(&mut node.scheme, "scheme");
    keep_text(&mut node.daemon_base, "daemon_base");
    let keep_truth = |slot: &mut bool, field: &str| {
        if let Some(value) = boolean(body, field) {
            *slot = value;
        }
    };
    keep_truth(&mut node.is_public, "public");
    keep_truth(&mut node.is_behind_proxy, "behind_proxy");
    keep_truth(&mut node.is_in_maintenance, "maintenance_mode");
}

fn create(call: &Call, world: &mut World) -> Reply {
    check(call, world)?;
    let id = world.next_id("nodes");
    let (seed, number) = (world.seed, id.cast_unsigned());
    let mut node = Node {
        id,
        uuid: random::uuid(seed, &[number, 74]),
        is_public: true,
        name: String::new(),
        location_id: 0,
        fqdn: String::new(),
        scheme: String::new(),
        is_behind_proxy: false,
        is_in_maintenance: false,
        memory_mib: 0,
        memory_overallocate: 0,
        disk_mib: 0,
        disk_overallocate: 0,
        upload_size: 100,
        daemon_listen: 0,
        daemon_sftp: 0,
        daemon_base: "/var/lib/pterodactyl/volumes".to_owned(),
        token_id: random::letters(seed, &[number, 75], 16),
        token: random::letters(seed, &[number, 76], 64),
        created_at: world.stamp,
        updated_at: world.stamp,
        daemon: DaemonMode::Up,
        socket_port: None,
        booted_at: Timestamp(0),
    };
    fill(&mut node, &call.body);
    world.nodes.insert(id, node);
    let row = world.nodes.get(&id).ok_or_else(Failure::not_found)?;
    let mut body = Render::new(world, &call.acl).node(row, &Includes::default());
    add_resource(&mut body, &world.url, &format!("nodes/{id}"));
    Ok(Answer::created(body).into())
}

/// The row is saved before the daemon is told, and stays saved when it cannot be told: 400.
fn update(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.nodes.contains_key(&id) {
        return Err(Failure::not_found());
    }
    check(call, world)?;
    let stamp = world.stamp;
    if let Some(node) = world.nodes.get_mut(&id) {
        fill(node, &call.body);
        if boolean(&call.body, "reset_secret") == Some(true) {
            node.token = random::letters(world.seed, &[id.cast_unsigned(), 76, stamp.0.cast_unsigned()], 64);
        }
        node.updated_at = stamp;
    }
    daemon::through(call, world, id, updated, |_, _, _| {
        let text = "The daemon configuration <strong>has been updated</strong>, however there was an error encountered while attempting to automatically update the configuration file on the Daemon.";
        Err(Failure::refused("ConfigurationNotPersistedException", text))
    })
}

fn updated(call: &Call, world: &mut World) -> Reply {
    let row = world.nodes.get(&call.id(0)).ok_or_else(Failure::not_found)?;
    let mut body = Render::new(world, &call.acl).node(row, &Includes(call.query.includes()));
    // An update's answer carries a relation that was loaded on the way.
    if let Some(fields) = body.get_mut("attributes").and_then(Value::as_object_mut) {
        fields.insert("mounts".to_owned(), json!([]));
    }
    ok(body)
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.nodes.contains_key(&id) {
        return Err(Failure::not_found());
    }
    if world.servers.values().any(|server| server.node_id == id) {
        let text = "A node must have no servers linked to it in order to be deleted.";
        return Err(Failure::refused("HasActiveServersException", text));
    }
    world.nodes.remove(&id);
    for allocation in world.allocations_of_node.remove(&id).unwrap_or_default() {
        world.allocations.remove(&allocation);
    }
    none()
}

/// Public nodes with room for so much, by the panel's formula: -1 is not special, it means 99 %.
pub(super) fn viable(world: &World, memory: i64, disk: i64, locations: &[i64]) -> Vec<i64> {
    let sums = world.allocated();
    let fits = |used: i64, asked: i64, size: i64, over: i64| {
        (used + asked) as f64 <= size as f64 * (1.0 + over as f64 / 100.0)
    };
    world
        .nodes
        .values()
        .filter(|node| {
            let (used_memory, used_disk) = sums.get(&node.id).copied().unwrap_or_default();
            node.is_public
                && (locations.is_empty() || locations.contains(&node.location_id))
                && fits(used_memory, memory, node.memory_mib, node.memory_overallocate)
                && fits(used_disk, disk, node.disk_mib, node.disk_overallocate)
        })
        .map(|node| node.id)
        .collect()
}

/// No node fits.
pub(super) fn no_viable_node() -> Failure {
    let text = "No nodes satisfying the requirements specified for automatic deployment could be found.";
    Failure::refused("NoViableNodeException", text)
}

fn deployable(call: &Call, world: &mut World) -> Reply {
    let asked = json!({"memory": call.query.get("memory"), "disk": call.query.get("disk")});
    let mut check = Check::new(&asked);
    for field in ["memory", "disk"] {
        if check.required(field) {
            check.whole_number(field);
        }
    }
    check.finish()?;
    let number = |field: &str| {
        at(&asked, field).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let locations: Vec<i64> =
        call.query.list("location_ids").iter().filter_map(|id| id.parse().ok()).collect();
    let nodes = viable(world, number("memory"), number("disk"), &locations);
    if nodes.is_empty() {
        return Err(no_viable_node());
    }
    let render = Render::new(world, &call.acl);
    let show = |id: i64| {
        let mut attributes =
            world.nodes.get(&id).map(|node| render.node_attributes(node)).unwrap_or_default();
        let (memory, disk) = render.allocated(id);
        if let Some(fields) = attributes.as_object_mut() {
            fields.insert("sum_memory".to_owned(), json!(memory.to_string()));
            fields.insert("sum_disk".to_owned(), json!(disk.to_string()));
        }
        object("node", attributes)
    };
    if call.query.get("page").is_some() {
        return ok(application_list(call, &world.url, nodes, show)?);
    }
    ok(plain_list(nodes.into_iter().map(show).collect()))
}
