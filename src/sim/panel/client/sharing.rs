//! Schedules and other people on a server.

use serde_json::{Value, json};

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, ok};
use crate::sim::panel::check::{Check, at, boolean, integer, text};
use crate::sim::panel::entities::{Schedule, Subuser, User};
use crate::sim::panel::listing::plain_list;
use crate::sim::panel::objects::{date, object};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::objects::subuser;
use super::permissions;
use super::servers::server_of;

const NEED: Need = Need::ReadyServer;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client/servers/{server}/schedules", need: NEED, run: schedules },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/schedules",
        need: NEED,
        run: create_schedule,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/schedules/{id}/tasks",
        need: NEED,
        run: create_task,
    },
    Route { method: "GET", pattern: "/api/client/servers/{server}/users", need: NEED, run: subusers },
    Route { method: "POST", pattern: "/api/client/servers/{server}/users", need: NEED, run: create_subuser },
];

/// Schedules, tasks and people that a server may have; more are refused.
const MOST_ROWS: usize = 100;

fn show(row: &Schedule) -> Value {
    let mut attributes = row.body.clone();
    if let Some(fields) = attributes.as_object_mut() {
        let tasks: Vec<Value> = row.tasks.iter().cloned().map(|task| object("schedule_task", task)).collect();
        fields.insert("relationships".to_owned(), json!({"tasks": {"object": "list", "data": tasks}}));
    }
    object("server_schedule", attributes)
}

fn schedules(call: &Call, world: &mut World) -> Reply {
    ok(plain_list(server_of(call, world)?.extras.schedules.iter().map(show).collect()))
}

fn create_schedule(call: &Call, world: &mut World) -> Reply {
    let body = &call.body;
    let mut check = Check::new(body);
    check.required_string("name", 191);
    let parts = ["minute", "hour", "day_of_month", "month", "day_of_week"];
    for field in parts {
        check.required(field);
    }
    check.finish()?;
    let id = world.next_id("schedules");
    let stamp = world.stamp;
    let cron: serde_json::Map<String, Value> =
        parts.iter().map(|field| ((*field).to_owned(), json!(text(body, field)))).collect();
    let row = Schedule {
        id,
        body: json!({
            "id": id, "name": text(body, "name"), "cron": cron, "is_active": boolean(body, "is_active").unwrap_or(true),
            "is_processing": false, "only_when_online": boolean(body, "only_when_online").unwrap_or(false),
            "last_run_at": null, "next_run_at": date(stamp.plus_millis(86_400_000)),
            "created_at": date(stamp), "updated_at": date(stamp),
        }),
        tasks: Vec::new(),
        created_at: stamp,
    };
    let shown = show(&row);
    let server = world.servers.get_mut(&call.server_id).ok_or_else(Failure::not_found)?;
    if server.extras.schedules.len() >= MOST_ROWS {
        return Err(Failure::refused("DisplayException", "This server has too many schedules."));
    }
    server.extras.schedules.push(row);
    ok(shown)
}

fn create_task(call: &Call, world: &mut World) -> Reply {
    let mut check = Check::new(&call.body);
    check.required("action");
    check.finish()?;
    let (wanted, task_id) = (call.id(1), world.next_id("tasks"));
    let server = world.servers.get_mut(&call.server_id).ok_or_else(Failure::not_found)?;
    let row =
        server.extras.schedules.iter_mut().find(|row| row.id == wanted).ok_or_else(Failure::not_found)?;
    if row.tasks.len() >= MOST_ROWS {
        return Err(Failure::refused("ServiceLimitExceededException", "Schedules may not have more tasks."));
    }
    let at = date(row.created_at);
    let task = json!({
        "id": task_id, "sequence_id": row.tasks.len() + 1, "action": text(&call.body, "action"),
        "payload": text(&call.body, "payload"), "time_offset": integer(&call.body, "time_offset").unwrap_or(0),
        "is_queued": false, "continue_on_failure": boolean(&call.body, "continue_on_failure").unwrap_or(false),
        "created_at": at, "updated_at": at,
    });
    row.tasks.push(task.clone());
    ok(object("schedule_task", task))
}

fn subusers(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    ok(plain_list(server.extras.subusers.iter().map(|row| subuser(world, row)).collect()))
}

/// An address without an account gets one; unknown permissions are dropped, connecting is always granted.
fn create_subuser(call: &Call, world: &mut World) -> Reply {
    let mut check = Check::new(&call.body);
    check.required_string("email", 191);
    check.required("permissions");
    check.finish()?;
    let email = text(&call.body, "email").unwrap_or_default();
    let known = world.users.values().find(|user| user.email.eq_ignore_ascii_case(&email)).map(|user| user.id);
    let user_id = known.unwrap_or_else(|| make_user(world, &email));
    let asked = at(&call.body, "permissions").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut granted: Vec<String> = asked
        .iter()
        .filter_map(Value::as_str)
        .filter(|word| permissions::is_known(word))
        .map(str::to_owned)
        .collect();
    if !granted.iter().any(|word| word == "websocket.connect") {
        granted.push("websocket.connect".to_owned());
    }
    let created_at = world.stamp;
    let server = world.servers.get_mut(&call.server_id).ok_or_else(Failure::not_found)?;
    if server.extras.subusers.iter().any(|row| row.user_id == user_id) {
        let text = "A user with that email address is already assigned as a subuser for this server.";
        return Err(Failure::refused("ServerSubuserExistsException", text));
    }
    if server.extras.subusers.len() >= MOST_ROWS {
        return Err(Failure::refused("DisplayException", "This server has too many subusers."));
    }
    let row = Subuser { user_id, permissions: granted, created_at };
    server.extras.subusers.push(row.clone());
    ok(subuser(world, &row))
}

fn make_user(world: &mut World, email: &str) -> i64 {
    let stamp = world.stamp;
    let name = email.split('@').next().unwrap_or("sub").to_lowercase();
    world.insert_user(|id, seed| User {
        id,
        external_id: None,
        uuid: random::uuid(seed, &[id.cast_unsigned(), 73]),
        username: format!("{name}{}", random::letters(seed, &[id.cast_unsigned(), 701], 3).to_lowercase()),
        email: email.to_owned(),
        first_name: "Server".to_owned(),
        last_name: "Subuser".to_owned(),
        language: "en".to_owned(),
        is_root_admin: false,
        created_at: stamp,
        updated_at: stamp,
    })
}
