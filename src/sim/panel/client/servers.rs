//! Servers of the caller (`providers/pterodactyl.md` §4.1).

use serde_json::{Value, json};

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, ok};
use crate::sim::panel::entities::{Allocation, Server};
use crate::sim::panel::listing::{Page, check_filters, client_list, holds_part};
use crate::sim::panel::objects::object;
use crate::sim::panel::world::World;

use super::objects;
use super::permissions;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client", need: Need::Account, run: list },
    Route { method: "GET", pattern: "/api/client/permissions", need: Need::Account, run: all_permissions },
    Route { method: "GET", pattern: "/api/client/servers/{server}", need: Need::Server, run: view },
];

/// Rows of a page of the list unless asked otherwise, and at most.
const PER_PAGE: (usize, usize) = (50, 100);

/// The server of the call.
pub(super) fn server_of<'a>(call: &Call, world: &'a World) -> Result<&'a Server, Failure> {
    world.servers.get(&call.server_id).ok_or_else(Failure::not_found)
}

fn is_listed(call: &Call, row: &Server) -> bool {
    let is_own = row.user_id == call.user_id;
    let is_shared = row.extras.subusers.iter().any(|subuser| subuser.user_id == call.user_id);
    match call.query.get("type") {
        Some("owner") => is_own,
        Some("admin") => call.is_admin && !is_own && !is_shared,
        Some("admin-all") => call.is_admin,
        _ => is_own || is_shared,
    }
}

fn passes(world: &World, row: &Server, name: &str, asked: &str) -> bool {
    match name {
        "uuid" => holds_part(Some(&row.uuid), asked),
        "name" => holds_part(Some(&row.name), asked),
        "description" => holds_part(Some(&row.description), asked),
        "external_id" => holds_part(row.external_id.as_deref(), asked),
        _ => passes_any(world, row, asked),
    }
}

/// `filter[*]`: addresses when it looks like one, else names and ids.
fn passes_any(world: &World, row: &Server, asked: &str) -> bool {
    let fits = |allocation: &&Allocation| {
        let (ip, port) = asked.split_once(':').unwrap_or((asked, ""));
        (ip.is_empty() || allocation.ip == ip) && allocation.port.to_string().starts_with(port)
    };
    let looks_like_address = asked.starts_with(':')
        || asked.split(':').next().is_some_and(|ip| ip.parse::<std::net::Ipv4Addr>().is_ok());
    if looks_like_address {
        return world.allocations_of(row).iter().any(fits);
    }
    row.uuid.starts_with(asked)
        || row.identifier() == asked
        || row.external_id.as_deref() == Some(asked)
        || holds_part(Some(&row.name), asked)
}

fn list(call: &Call, world: &mut World) -> Reply {
    check_filters(call, &["uuid", "name", "description", "external_id", "*"])?;
    let filters = call.query.filters();
    let rows: Vec<&Server> = world
        .servers
        .values()
        .filter(|row| is_listed(call, row))
        .filter(|row| filters.iter().all(|(name, asked)| passes(world, row, name, asked)))
        .collect();
    let page = Page::of_client(call, PER_PAGE.0, PER_PAGE.1)?;
    ok(client_list(call, &world.url, page, rows, |row| objects::server(call, world, row)))
}

fn view(call: &Call, world: &mut World) -> Reply {
    let row = server_of(call, world)?;
    let mut body = objects::server(call, world, row);
    if let Some(fields) = body.as_object_mut() {
        let meta = json!({
            "is_server_owner": row.user_id == call.user_id, "user_permissions": objects::permissions(call, row),
        });
        fields.insert("meta".to_owned(), meta);
    }
    ok(body)
}

fn all_permissions(_: &Call, _: &mut World) -> Reply {
    let groups: serde_json::Map<String, Value> = permissions::GROUPS
        .iter()
        .map(|(group, keys)| {
            let keys: serde_json::Map<String, Value> =
                keys.iter().map(|key| ((*key).to_owned(), json!(format!("May {key} ({group})")))).collect();
            ((*group).to_owned(), json!({"description": format!("Permissions of {group}."), "keys": keys}))
        })
        .collect();
    ok(object("system_permissions", json!({ "permissions": groups })))
}
