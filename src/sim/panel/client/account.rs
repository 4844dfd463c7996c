//! The caller's account.

use serde_json::{Value, json};

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, at, text};
use crate::sim::panel::entities::{Acl, ApiKey, KeyKind};
use crate::sim::panel::listing::{Page, client_list, plain_list};
use crate::sim::panel::objects::{date, object};
use crate::sim::panel::world::World;

const NEED: Need = Need::Account;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/client/account", need: NEED, run: view },
    Route { method: "GET", pattern: "/api/client/account/activity", need: NEED, run: activity },
    Route { method: "GET", pattern: "/api/client/account/api-keys", need: NEED, run: keys },
    Route { method: "POST", pattern: "/api/client/account/api-keys", need: NEED, run: create_key },
    Route {
        method: "DELETE",
        pattern: "/api/client/account/api-keys/{identifier}",
        need: NEED,
        run: delete_key,
    },
    Route { method: "GET", pattern: "/api/client/account/ssh-keys", need: NEED, run: ssh_keys },
];

fn view(call: &Call, world: &mut World) -> Reply {
    let user = world.users.get(&call.user_id).ok_or_else(Failure::not_found)?;
    let attributes = json!({
        "id": user.id, "admin": user.is_root_admin, "username": user.username, "email": user.email,
        "first_name": user.first_name, "last_name": user.last_name, "language": user.language,
    });
    ok(object("user", attributes))
}

/// The simulator keeps no activity of accounts.
fn activity(call: &Call, world: &mut World) -> Reply {
    let page = Page::of_client(call, 25, 100)?;
    ok(client_list(call, &world.url, page, Vec::<Value>::new(), |row| row))
}

fn key_object(key: &ApiKey) -> Value {
    let attributes = json!({
        "identifier": key.identifier, "description": key.description, "allowed_ips": key.allowed_ips,
        "last_used_at": key.last_used_at.map(date), "created_at": date(key.created_at),
    });
    object("api_key", attributes)
}

fn keys(call: &Call, world: &mut World) -> Reply {
    let own = world.keys.iter().filter(|key| key.user_id == call.user_id && key.kind == KeyKind::Client);
    ok(plain_list(own.map(key_object).collect()))
}

fn create_key(call: &Call, world: &mut World) -> Reply {
    let mut check = Check::new(&call.body);
    check.required_string("description", 500);
    check.array("allowed_ips");
    check.finish()?;
    let ips = at(&call.body, "allowed_ips").and_then(Value::as_array).cloned().unwrap_or_default();
    let created_at = world.stamp;
    let secret = world.insert_key(ApiKey {
        kind: KeyKind::Client,
        identifier: String::new(),
        secret: String::new(),
        user_id: call.user_id,
        description: text(&call.body, "description").unwrap_or_default(),
        acl: Acl::All,
        allowed_ips: ips.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        last_used_at: None,
        created_at,
    });
    let key = world.keys.last().ok_or_else(Failure::not_found)?;
    let mut body = key_object(key);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("meta".to_owned(), json!({"secret_token": secret.get(16..)}));
    }
    ok(body)
}

fn delete_key(call: &Call, world: &mut World) -> Reply {
    let before = world.keys.len();
    world.keys.retain(|key| {
        !(key.identifier == call.param(0) && key.user_id == call.user_id && key.kind == KeyKind::Client)
    });
    if world.keys.len() == before { Err(Failure::not_found()) } else { none() }
}

fn ssh_keys(_: &Call, _: &mut World) -> Reply {
    ok(plain_list(Vec::new()))
}
