//! The client API's objects.

use serde_json::{Map, Value, json};

use crate::sim::panel::call::Call;
use crate::sim::panel::entities::{Allocation, EggVariable, Server, Status, Subuser, User};
use crate::sim::panel::listing::plain_list;
use crate::sim::panel::objects::{date, feature_limits, limits, null_resource, object};
use crate::sim::panel::world::World;
use crate::sim::random;

/// Whether the caller may do something on a server: owners and admins everything, others what they were given.
pub(super) fn may(call: &Call, server: &Server, permission: &str) -> bool {
    call.is_admin
        || server.user_id == call.user_id
        || server
            .extras
            .subusers
            .iter()
            .any(|row| row.user_id == call.user_id && row.permissions.iter().any(|given| given == permission))
}

/// What the caller may do, as the panel lists it.
pub(super) fn permissions(call: &Call, server: &Server) -> Vec<String> {
    let words: &[&str] = if call.is_admin {
        &["*", "admin.websocket.errors", "admin.websocket.install", "admin.websocket.transfer"]
    } else if server.user_id == call.user_id {
        &["*"]
    } else {
        let row = server.extras.subusers.iter().find(|row| row.user_id == call.user_id);
        return row.map(|row| row.permissions.clone()).unwrap_or_default();
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The command with its variables filled in.
pub(super) fn invocation(world: &World, server: &Server) -> String {
    let mut command = server.startup.clone();
    for (key, value) in &server.environment {
        command = command.replace(&format!("{{{{{key}}}}}"), value);
    }
    let port = world.allocations.get(&server.allocation_id).map_or(0, |row| row.port);
    command
        .replace("{{SERVER_MEMORY}}", &server.limits.memory_mib.to_string())
        .replace("{{SERVER_PORT}}", &port.to_string())
}

/// An allocation of a server.
pub(super) fn allocation(server: &Server, row: &Allocation) -> Value {
    let attributes = json!({
        "id": row.id, "ip": row.ip, "ip_alias": row.alias, "port": row.port, "notes": row.notes,
        "is_default": row.id == server.allocation_id,
    });
    object("allocation", attributes)
}

/// A variable of a server.
pub(super) fn variable(server: &Server, row: &EggVariable) -> Value {
    let attributes = json!({
        "name": row.name, "description": row.description, "env_variable": row.env_variable,
        "default_value": row.default_value, "server_value": server.environment.get(&row.env_variable),
        "is_editable": row.is_user_editable, "rules": row.rules,
    });
    object("egg_variable", attributes)
}

/// Variables that customers see.
pub(super) fn variables(world: &World, server: &Server) -> Vec<Value> {
    let egg = world.eggs.get(&server.egg_id);
    let rows = egg.into_iter().flat_map(|egg| &egg.variables).filter(|row| row.is_user_viewable);
    rows.map(|row| variable(server, row)).collect()
}

/// A person, as other people on a server see them.
pub(super) fn person(user: &User) -> Map<String, Value> {
    let mut attributes = Map::new();
    let hash = random::hex(random::of_text(&user.email.to_lowercase()), &[], 32);
    attributes.insert("uuid".to_owned(), json!(user.uuid));
    attributes.insert("username".to_owned(), json!(user.username));
    attributes.insert("email".to_owned(), json!(user.email));
    attributes.insert("image".to_owned(), json!(format!("https://gravatar.com/avatar/{hash}")));
    attributes.insert("2fa_enabled".to_owned(), json!(false));
    attributes.insert("created_at".to_owned(), json!(date(user.created_at)));
    attributes
}

/// Someone who may use a server.
pub(super) fn subuser(world: &World, row: &Subuser) -> Value {
    let Some(user) = world.users.get(&row.user_id) else { return null_resource() };
    let mut attributes = person(user);
    attributes.insert("permissions".to_owned(), json!(row.permissions));
    object("server_subuser", Value::Object(attributes))
}

/// A server.
pub(super) fn server(call: &Call, world: &World, row: &Server) -> Value {
    let node = world.nodes.get(&row.node_id);
    let egg = world.eggs.get(&row.egg_id);
    let attributes = json!({
        "server_owner": row.user_id == call.user_id, "identifier": row.identifier(), "internal_id": row.id,
        "uuid": row.uuid, "name": row.name, "node": node.map(|node| node.name.clone()),
        "is_node_under_maintenance": node.is_some_and(|node| node.is_in_maintenance),
        "sftp_details": {"ip": node.map(|node| node.fqdn.clone()), "port": node.map(|node| node.daemon_sftp)},
        "description": row.description, "limits": limits(row), "invocation": invocation(world, row),
        "docker_image": row.image, "egg_features": egg.map(|egg| egg.features.clone()),
        "feature_limits": feature_limits(row), "status": row.status.map(Status::word),
        "is_suspended": row.status == Some(Status::Suspended),
        "is_installing": matches!(row.status, Some(Status::Installing | Status::InstallFailed)),
        "is_transferring": false, "relationships": relations(call, world, row),
    });
    object("server", attributes)
}

fn relations(call: &Call, world: &World, row: &Server) -> Map<String, Value> {
    let mut relations = Map::new();
    let list = plain_list;
    let mut allocations = world.allocations_of(row);
    if !may(call, row, "allocation.read") {
        allocations.retain(|allocation| allocation.id == row.allocation_id);
    }
    let shown = allocations.into_iter().map(|at| allocation(row, at)).collect();
    relations.insert("allocations".to_owned(), list(shown));
    let shown = if may(call, row, "startup.read") { list(variables(world, row)) } else { null_resource() };
    relations.insert("variables".to_owned(), shown);
    if call.includes("egg") {
        let egg = world.eggs.get(&row.egg_id);
        let shown = egg.map(|egg| object("egg", json!({"uuid": egg.uuid, "name": egg.name})));
        relations.insert("egg".to_owned(), shown.unwrap_or_else(null_resource));
    }
    if call.includes("subusers") {
        let shown = list(row.extras.subusers.iter().map(|row| subuser(world, row)).collect());
        let shown = if may(call, row, "user.read") { shown } else { null_resource() };
        relations.insert("subusers".to_owned(), shown);
    }
    relations
}
