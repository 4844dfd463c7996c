//! Users (`providers/pterodactyl.md` §3.6).

use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, at, boolean, text};
use crate::sim::panel::entities::{Resource, User};
use crate::sim::panel::listing::{SortKey, application_list, check_filters, filter_parts, sort};
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::locations::add_resource;

const READ: Need = Need::Read(Resource::Users);
const WRITE: Need = Need::Write(Resource::Users);

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/users", need: READ, run: list },
    Route { method: "POST", pattern: "/api/application/users", need: WRITE, run: create },
    Route {
        method: "GET",
        pattern: "/api/application/users/external/{external_id}",
        need: READ,
        run: view_external,
    },
    Route { method: "GET", pattern: "/api/application/users/{id}", need: READ, run: view },
    Route { method: "PATCH", pattern: "/api/application/users/{id}", need: WRITE, run: update },
    Route { method: "DELETE", pattern: "/api/application/users/{id}", need: WRITE, run: delete },
];

fn list(call: &Call, world: &mut World) -> Reply {
    check_filters(call, &["email", "uuid", "username", "external_id"])?;
    let mut rows = filter_parts(call, world.users.values(), |row, name| match name {
        "email" => Some(row.email.as_str()),
        "uuid" => Some(row.uuid.as_str()),
        "username" => Some(row.username.as_str()),
        _ => row.external_id.as_deref(),
    });
    sort(call, &mut rows, &["id", "uuid"], |row, name| match name {
        "id" => SortKey::Number(row.id),
        _ => SortKey::Text(row.uuid.clone()),
    })?;
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.user(row, &includes))?)
}

fn show(call: &Call, world: &World, id: i64) -> Reply {
    let row = world.users.get(&id).ok_or_else(Failure::not_found)?;
    ok(Render::new(world, &call.acl).user(row, &Includes(call.query.includes())))
}

fn view(call: &Call, world: &mut World) -> Reply {
    show(call, world, call.id(0))
}

fn view_external(call: &Call, world: &mut World) -> Reply {
    let external_id = call.param(0);
    let row = world.users.values().find(|row| row.external_id.as_deref() == Some(external_id));
    show(call, world, row.map(|row| row.id).ok_or_else(Failure::not_found)?)
}

fn check(call: &Call, world: &World, own_id: i64) -> Result<(), Failure> {
    let body = &call.body;
    let mut check = Check::new(body);
    check.required_string("email", 191);
    check.shape("email", "email", is_email);
    let others = || world.users.values().filter(|row| row.id != own_id);
    let email = text(body, "email").unwrap_or_default();
    check.unique("email", others().any(|row| row.email.eq_ignore_ascii_case(&email)));
    check.string("external_id", 191);
    let external_id = text(body, "external_id");
    check.unique("external_id", external_id.is_some() && others().any(|row| row.external_id == external_id));
    check.required_string("username", 191);
    check.shape("username", "p_username", |name| is_username(&name.to_lowercase()));
    let username = text(body, "username").unwrap_or_default().to_lowercase();
    check.unique("username", others().any(|row| row.username == username));
    check.required_string("first_name", 191);
    check.required_string("last_name", 191);
    check.string("password", 191);
    check.truth_value("root_admin");
    if at(body, "language").is_some_and(|language| language != "en") {
        check.fail("language", "in", "The selected language is invalid.");
    }
    check.finish()
}

fn is_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !text.contains(' '))
}

fn is_username(name: &str) -> bool {
    let is_end =
        |character: Option<char>| character.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    name.len() >= 3
        && is_end(name.chars().next())
        && is_end(name.chars().next_back())
        && name.chars().all(is_inner)
}

fn create(call: &Call, world: &mut World) -> Reply {
    check(call, world, 0)?;
    let stamp = world.stamp;
    let field = |name: &str| text(&call.body, name);
    let id = world.insert_user(|id, seed| User {
        id,
        external_id: field("external_id"),
        uuid: random::uuid(seed, &[id.cast_unsigned(), 73]),
        username: field("username").unwrap_or_default().to_lowercase(),
        email: field("email").unwrap_or_default(),
        first_name: field("first_name").unwrap_or_default(),
        last_name: field("last_name").unwrap_or_default(),
        language: field("language").unwrap_or_else(|| "en".to_owned()),
        is_root_admin: boolean(&call.body, "root_admin").unwrap_or(false),
        created_at: stamp,
        updated_at: stamp,
    });
    let row = world.users.get(&id).ok_or_else(Failure::not_found)?;
    let mut body = Render::new(world, &call.acl).user(row, &Includes::default());
    add_resource(&mut body, &world.url, &format!("users/{id}"));
    Ok(Answer::created(body).into())
}

fn update(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.users.contains_key(&id) {
        return Err(Failure::not_found());
    }
    check(call, world, id)?;
    let stamp = world.stamp;
    if let Some(row) = world.users.get_mut(&id) {
        let field = |name: &str| text(&call.body, name);
        row.email = field("email").unwrap_or_default();
        row.username = field("username").unwrap_or_default().to_lowercase();
        row.first_name = field("first_name").unwrap_or_default();
        row.last_name = field("last_name").unwrap_or_default();
        // Left out, it is kept; null clears it.
        if call.body.get("external_id").is_some() {
            row.external_id = field("external_id");
        }
        if let Some(is_root_admin) = boolean(&call.body, "root_admin") {
            row.is_root_admin = is_root_admin;
        }
        row.updated_at = stamp;
    }
    show(call, world, id)
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let id = call.id(0);
    if !world.users.contains_key(&id) {
        return Err(Failure::not_found());
    }
    if world.servers.values().any(|server| server.user_id == id) {
        let text = "Cannot delete a user with active servers attached to their account. Please delete their servers before continuing.";
        return Err(Failure::refused("DisplayException", text));
    }
    world.users.remove(&id);
    none()
}
