//! Locations.

use serde_json::{Value, json};

use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, text};
use crate::sim::panel::entities::{Location, Resource};
use crate::sim::panel::listing::{SortKey, application_list, check_filters, filter_parts, sort};
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;

const READ: Need = Need::Read(Resource::Locations);
const WRITE: Need = Need::Write(Resource::Locations);

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/locations", need: READ, run: list },
    Route { method: "POST", pattern: "/api/application/locations", need: WRITE, run: create },
    Route { method: "GET", pattern: "/api/application/locations/{id}", need: READ, run: view },
    Route { method: "PATCH", pattern: "/api/application/locations/{id}", need: WRITE, run: update },
    Route { method: "DELETE", pattern: "/api/application/locations/{id}", need: WRITE, run: delete },
];

fn list(call: &Call, world: &mut World) -> Reply {
    check_filters(call, &["short", "long"])?;
    let mut rows = filter_parts(call, world.locations.values(), |row, name| match name {
        "short" => Some(row.short.as_str()),
        _ => row.long.as_deref(),
    });
    sort(call, &mut rows, &["id"], |row, _| SortKey::Number(row.id))?;
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.location(row, &includes))?)
}

fn view(call: &Call, world: &mut World) -> Reply {
    let row = world.locations.get(&call.id(0)).ok_or_else(Failure::not_found)?;
    ok(Render::new(world, &call.acl).location(row, &Includes(call.query.includes())))
}

fn check(call: &Call, world: &World, own_id: i64) -> Result<(String, Option<String>), Failure> {
    let mut check = Check::new(&call.body);
    check.required_string("short", 60);
    let short = text(&call.body, "short").unwrap_or_default();
    check.unique("short", world.locations.values().any(|row| row.short == short && row.id != own_id));
    check.string("long", 191);
    check.finish()?;
    Ok((short, text(&call.body, "long")))
}

fn create(call: &Call, world: &mut World) -> Reply {
    let (short, long) = check(call, world, 0)?;
    let id = world.next_id("locations");
    let stamp = world.stamp;
    world.locations.insert(id, Location { id, short, long, created_at: stamp, updated_at: stamp });
    let row = world.locations.get(&id).ok_or_else(Failure::not_found)?;
    let mut body = Render::new(world, &call.acl).location(row, &Includes::default());
    add_resource(&mut body, &world.url, &format!("locations/{id}"));
    Ok(Answer::created(body).into())
}

/// `meta.resource` of a created row.
pub(super) fn add_resource(body: &mut Value, url: &str, path: &str) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("meta".to_owned(), json!({"resource": format!("{url}/api/application/{path}")}));
    }
}

fn update(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.locations.contains_key(&id) {
        return Err(Failure::not_found());
    }
    let (short, long) = check(call, world, id)?;
    let stamp = world.stamp;
    if let Some(row) = world.locations.get_mut(&id) {
        row.short = short;
        row.long = long;
        row.updated_at = stamp;
    }
    view(call, world)
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.locations.contains_key(&id) {
        return Err(Failure::not_found());
    }
    if world.nodes.values().any(|node| node.location_id == id) {
        let text = "Cannot delete a location that has active nodes attached to it.";
        return Err(Failure::refused("HasActiveNodesException", text));
    }
    world.locations.remove(&id);
    none()
}
