//! Startup, network, databases and settings of a server.

use serde_json::{Map, Value, json};

use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, text};
use crate::sim::panel::egg_rules;
use crate::sim::panel::listing::plain_list;
use crate::sim::panel::world::World;

use super::objects::{allocation, invocation, variable, variables};
use super::servers::server_of;

const NEED: Need = Need::ReadyServer;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client/servers/{server}/startup", need: NEED, run: startup },
    Route {
        method: "PUT",
        pattern: "/api/client/servers/{server}/startup/variable",
        need: NEED,
        run: set_variable,
    },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/network/allocations",
        need: NEED,
        run: allocations,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/network/allocations",
        need: NEED,
        run: add_allocation,
    },
    Route { method: "GET", pattern: "/api/client/servers/{server}/databases", need: NEED, run: databases },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/databases",
        need: NEED,
        run: add_database,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/settings/rename",
        need: NEED,
        run: rename,
    },
    Route {
        method: "PUT",
        pattern: "/api/client/servers/{server}/settings/docker-image",
        need: NEED,
        run: set_image,
    },
];

fn startup(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let egg = world.eggs.get(&server.egg_id).ok_or_else(Failure::not_found)?;
    let images: Map<String, Value> =
        egg.images.iter().map(|(label, image)| (label.clone(), json!(image))).collect();
    ok(json!({
        "object": "list", "data": variables(world, server),
        "meta": {
            "startup_command": invocation(world, server), "docker_images": images,
            "raw_startup_command": server.startup,
        },
    }))
}

fn set_variable(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let egg = world.eggs.get(&server.egg_id).ok_or_else(Failure::not_found)?;
    let mut check = Check::new(&call.body);
    check.required_string("key", 191);
    check.finish()?;
    let key = text(&call.body, "key").unwrap_or_default();
    // An unknown key is the panel's own mistake.
    let row = egg.variables.iter().find(|row| row.env_variable == key);
    let row = row.ok_or_else(|| Failure::unexpected("ErrorException"))?.clone();
    if !row.is_user_editable {
        return Err(Failure::refused(
            "BadRequestHttpException",
            "The environment variable you are trying to edit is read-only.",
        ));
    }
    let value = text(&call.body, "value");
    let broken = egg_rules::broken(&row.rules, value.as_deref());
    if !broken.is_empty() {
        let problem = |rule| ("value".to_owned(), rule, "The value format is invalid.".to_owned());
        return Err(Failure::invalid(broken.into_iter().map(problem).collect()));
    }
    if let Some(server) = world.servers.get_mut(&call.server_id) {
        server.environment.insert(key, value.unwrap_or_default());
    }
    let server = server_of(call, world)?;
    let mut body = variable(server, &row);
    if let Some(fields) = body.as_object_mut() {
        let meta =
            json!({"startup_command": invocation(world, server), "raw_startup_command": server.startup});
        fields.insert("meta".to_owned(), meta);
    }
    ok(body)
}

fn allocations(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    ok(plain_list(world.allocations_of(server).into_iter().map(|row| allocation(server, row)).collect()))
}

fn add_allocation(_: &Call, _: &mut World) -> Reply {
    let text = "Server auto-allocation is not enabled for this instance.";
    Err(Failure::refused("AutoAllocationNotEnabledException", text))
}

fn databases(_: &Call, _: &mut World) -> Reply {
    ok(plain_list(Vec::new()))
}

fn add_database(_: &Call, _: &mut World) -> Reply {
    let text = "No database host was found that meets the requirements for this server.";
    Err(Failure::refused("NoSuitableDatabaseHostException", text))
}

fn rename(call: &Call, world: &mut World) -> Reply {
    let mut check = Check::new(&call.body);
    check.required_string("name", 191);
    check.finish()?;
    let stamp = world.stamp;
    if let Some(server) = world.servers.get_mut(&call.server_id) {
        server.name = text(&call.body, "name").unwrap_or_default();
        if call.body.get("description").is_some() {
            server.description = text(&call.body, "description").unwrap_or_default();
        }
        server.updated_at = stamp;
    }
    none()
}

fn set_image(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let egg = world.eggs.get(&server.egg_id).ok_or_else(Failure::not_found)?;
    let image = text(&call.body, "docker_image");
    let is_known = egg.images.iter().any(|(_, known)| Some(known) == image.as_ref());
    let mut check = Check::new(&call.body);
    if check.required("docker_image") && !is_known {
        check.fail("docker_image", "in", "The selected docker image is invalid.");
    }
    check.finish()?;
    if let Some(server) = world.servers.get_mut(&call.server_id) {
        server.image = image.unwrap_or_default();
    }
    Ok(Answer::none().into())
}
