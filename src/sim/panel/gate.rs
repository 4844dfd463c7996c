//! From bytes to an admitted call: routing, body, key, address, binding, limit, permission, state, in the panel's order.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::answer::Failure;
use super::call::{Call, Need, Route};
use super::entities::{Acl, KeyKind, Server, Status};
use super::query::{self, Query};
use super::routes;
use super::shared::Shared;
use super::throttle::Api;
use super::world::World;

/// A request as it came.
pub(super) struct Arrived<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The result of admission; headers are sent either way.
pub(super) struct Admitted {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) call: Result<(Call, &'static Route), Failure>,
}

/// Whether the first accepted type is JSON; only then are errors JSON.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = accept.split(',').next().unwrap_or("").to_lowercase();
    first.contains("/json") || first.contains("+json")
}

/// Admits a request or refuses it.
pub(super) fn admit(shared: &Shared, arrived: &Arrived<'_>) -> Admitted {
    let mut headers = Vec::new();
    let call = admit_inner(shared, arrived, &mut headers);
    Admitted { headers, call }
}

fn admit_inner(
    shared: &Shared,
    arrived: &Arrived<'_>,
    headers: &mut Vec<(&'static str, String)>,
) -> Result<(Call, &'static Route), Failure> {
    let (path, query) = arrived.target.split_once('?').unwrap_or((arrived.target, ""));
    let (route, params) = find_route(arrived.method, path)?;
    let body = read_body(arrived)?;
    let key = shared.with(|world| authenticate(world, arrived.headers, route.need.api()))?;
    let mut call = Call {
        params,
        path: path.trim_end_matches('/').to_owned(),
        query: Query::parse(query),
        body,
        raw_body: String::from_utf8_lossy(arrived.body).into_owned(),
        user_id: key.user_id,
        is_admin: key.is_admin,
        acl: key.acl,
        server_id: 0,
    };
    if route.need.names_server() {
        call.server_id = shared
            .with(|world| world.server_by_word(call.param(0)).map(|server| server.id))
            .ok_or_else(Failure::not_found)?;
    }
    throttle(shared, &call, route.need.api(), headers)?;
    shared.with(|world| permit(world, &call, route.need))?;
    Ok((call, route))
}

fn find_route(method: &str, path: &str) -> Result<(&'static Route, Vec<String>), Failure> {
    routes::find(method, path).ok_or_else(|| {
        let allowed = routes::methods(path);
        let shown = path.trim_matches('/');
        if allowed.is_empty() {
            return Failure::new(
                404,
                "NotFoundHttpException",
                &format!("The route {shown} could not be found."),
            );
        }
        let detail = format!("The {method} method is not supported for route {shown}.");
        let mut failure = Failure::new(405, "MethodNotAllowedHttpException", &detail);
        failure.headers.push(("allow", allowed.join(", ")));
        failure
    })
}

/// JSON and forms are read; anything else counts as empty.
fn read_body(arrived: &Arrived<'_>) -> Result<Value, Failure> {
    let kind = arrived.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.starts_with("application/x-www-form-urlencoded") {
        let mut body = query::form_object(&String::from_utf8_lossy(arrived.body));
        query::tidy(&mut body);
        return Ok(body);
    }
    if !(kind.contains("/json") || kind.contains("+json")) || arrived.body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut body: Value = serde_json::from_slice(arrived.body).map_err(|_| {
        let text = "The JSON data passed in the request appears to be malformed: Syntax error";
        Failure::new(400, "BadRequestHttpException", text)
    })?;
    query::tidy(&mut body);
    Ok(if body.is_object() { body } else { Value::Object(Map::new()) })
}

struct Sender {
    user_id: i64,
    is_admin: bool,
    acl: Acl,
}

fn authenticate(world: &mut World, headers: &HeaderMap, api: Api) -> Result<Sender, Failure> {
    let unauthenticated = || Failure::new(401, "AuthenticationException", "Unauthenticated.");
    let stamp = world.stamp;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let token = given.strip_prefix("Bearer ").map(str::trim).ok_or_else(unauthenticated)?;
    let (identifier, secret) = token.split_at_checked(16).ok_or_else(unauthenticated)?;
    let key = world.keys.iter_mut().find(|key| key.identifier == identifier && key.secret == secret);
    let key = key.ok_or_else(unauthenticated)?;
    key.last_used_at = Some(stamp);
    if !key.allowed_ips.is_empty() && !key.allowed_ips.iter().any(|ip| ip == "127.0.0.1") {
        let text =
            "This IP address (127.0.0.1) does not have permission to access the API using these credentials.";
        return Err(Failure::new(403, "AccessDeniedHttpException", text));
    }
    if api == Api::Client && key.kind == KeyKind::Application {
        let text = "This endpoint takes account keys, and this is an application key.";
        return Err(Failure::new(403, "AccessDeniedHttpException", text));
    }
    let (user_id, acl) = (key.user_id, key.acl.clone());
    let is_admin = world.users.get(&user_id).ok_or_else(unauthenticated)?.is_root_admin;
    Ok(Sender { user_id, is_admin, acl })
}

fn throttle(
    shared: &Shared,
    call: &Call,
    api: Api,
    headers: &mut Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    let now = shared.clock.base_now();
    let mut faults = shared.faults();
    let limit = match api {
        Api::Application => faults.limits.application_per_minute,
        Api::Client => faults.limits.client_per_minute,
    };
    let verdict = faults.throttle.count(call.user_id, api, limit, now);
    headers.push(("x-ratelimit-limit", verdict.limit.to_string()));
    headers.push(("x-ratelimit-remaining", verdict.remaining.to_string()));
    let Some((wait_s, reset)) = verdict.refused else { return Ok(()) };
    headers.push(("retry-after", wait_s.to_string()));
    headers.push(("x-ratelimit-reset", reset.to_string()));
    Err(Failure::new(429, "ThrottleRequestsException", "Too Many Attempts."))
}

fn permit(world: &World, call: &Call, need: Need) -> Result<(), Failure> {
    match need {
        Need::Account => Ok(()),
        Need::Read(resource) | Need::Write(resource) => {
            if !call.is_admin {
                let text = "This account does not have permission to access the API.";
                return Err(Failure::new(403, "AccessDeniedHttpException", text));
            }
            let may = if matches!(need, Need::Read(_)) {
                call.acl.may_read(resource)
            } else {
                call.acl.may_write(resource)
            };
            if may { Ok(()) } else { Err(Failure::unauthorized_action()) }
        }
        Need::Server | Need::ReadyServer | Need::WatchableServer => {
            let server = world.servers.get(&call.server_id).ok_or_else(Failure::not_found)?;
            let is_subuser = server.extras.subusers.iter().any(|subuser| subuser.user_id == call.user_id);
            if !call.is_admin && server.user_id != call.user_id && !is_subuser {
                let text = "The requested resource does not exist on this server.";
                return Err(Failure::new(404, "NotFoundHttpException", text));
            }
            state_gate(world, call, server, need)
        }
    }
}

/// Which servers may be used (`providers/pterodactyl.md` §4.0).
fn state_gate(world: &World, call: &Call, server: &Server, need: Need) -> Result<(), Failure> {
    if need == Need::Server {
        return Ok(());
    }
    let conflict = |text: &str| Err(Failure::new(409, "ServerStateConflictException", text));
    if server.status == Some(Status::Suspended) {
        return conflict(
            "This server is currently suspended and the functionality requested is unavailable.",
        );
    }
    if world.nodes.get(&server.node_id).is_some_and(|node| node.is_in_maintenance) {
        let text = "The node of this server is currently under maintenance and the functionality requested is unavailable.";
        return conflict(text);
    }
    if need == Need::WatchableServer && call.is_admin {
        return Ok(());
    }
    match server.status {
        Some(Status::Installing | Status::InstallFailed) => {
            conflict("This server has not yet completed its installation process, please try again later.")
        }
        _ => Ok(()),
    }
}
