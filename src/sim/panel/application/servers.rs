//! Servers: lists and single rows, and their databases, of which there are none.

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, ok};
use crate::sim::panel::check::Check;
use crate::sim::panel::entities::{Resource, Server};
use crate::sim::panel::listing::{SortKey, application_list, check_filters, filter_parts, plain_list, sort};
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;

use super::{server_changes, server_create};

/// May read servers.
pub(super) const READ: Need = Need::Read(Resource::Servers);
/// May change servers.
pub(super) const WRITE: Need = Need::Write(Resource::Servers);

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/servers", need: READ, run: list },
    Route { method: "POST", pattern: "/api/application/servers", need: WRITE, run: server_create::create },
    Route {
        method: "GET",
        pattern: "/api/application/servers/external/{external_id}",
        need: READ,
        run: view_external,
    },
    Route { method: "GET", pattern: "/api/application/servers/{id}", need: READ, run: view },
    Route {
        method: "PATCH",
        pattern: "/api/application/servers/{id}/details",
        need: WRITE,
        run: server_changes::details,
    },
    Route {
        method: "PATCH",
        pattern: "/api/application/servers/{id}/build",
        need: WRITE,
        run: server_changes::build,
    },
    Route {
        method: "PATCH",
        pattern: "/api/application/servers/{id}/startup",
        need: WRITE,
        run: server_changes::startup,
    },
    Route {
        method: "GET",
        pattern: "/api/application/servers/{id}/databases",
        need: Need::Read(Resource::Databases),
        run: databases,
    },
    Route {
        method: "POST",
        pattern: "/api/application/servers/{id}/databases",
        need: Need::Write(Resource::Databases),
        run: create_database,
    },
];

fn list(call: &Call, world: &mut World) -> Reply {
    check_filters(call, &["uuid", "uuidShort", "name", "description", "image", "external_id"])?;
    let mut rows = filter_parts(call, world.servers.values(), |row, name| match name {
        "uuid" => Some(row.uuid.as_str()),
        "uuidShort" => Some(row.identifier()),
        "name" => Some(row.name.as_str()),
        "description" => Some(row.description.as_str()),
        "image" => Some(row.image.as_str()),
        _ => row.external_id.as_deref(),
    });
    sort(call, &mut rows, &["id", "uuid"], |row: &Server, name| match name {
        "id" => SortKey::Number(row.id),
        _ => SortKey::Text(row.uuid.clone()),
    })?;
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.server(row, &includes))?)
}

/// 200 with a server.
pub(super) fn show(call: &Call, world: &World, id: i64) -> Reply {
    let row = world.servers.get(&id).ok_or_else(Failure::not_found)?;
    ok(Render::new(world, &call.acl).server(row, &Includes(call.query.includes())))
}

/// The number of an existing server.
pub(super) fn known(call: &Call, world: &World) -> Result<i64, Failure> {
    let id = call.id(0);
    if world.servers.contains_key(&id) { Ok(id) } else { Err(Failure::not_found()) }
}

fn view(call: &Call, world: &mut World) -> Reply {
    show(call, world, call.id(0))
}

fn view_external(call: &Call, world: &mut World) -> Reply {
    let external_id = call.param(0);
    let row = world.servers.values().find(|row| row.external_id.as_deref() == Some(external_id));
    show(call, world, row.map(|row| row.id).ok_or_else(Failure::not_found)?)
}

fn databases(call: &Call, world: &mut World) -> Reply {
    known(call, world)?;
    ok(plain_list(Vec::new()))
}

/// There is no database host, so none is valid.
fn create_database(call: &Call, world: &mut World) -> Reply {
    known(call, world)?;
    let mut check = Check::new(&call.body);
    check.required_string("database", 48);
    check.required_string("remote", 15);
    if check.required("host") {
        check.exists("host", false);
    }
    check.finish()?;
    Err(Failure::not_found())
}
