//! The running process: resources, power, commands, websocket tokens (`providers/pterodactyl.md` §4.2 to §4.5).

use serde_json::{Value, json};

use crate::model::server::{PowerSignal, PowerState};
use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, text};
use crate::sim::panel::daemon;
use crate::sim::panel::entities::Server;
use crate::sim::panel::life::ProcessEvent;
use crate::sim::panel::listing::{Page, client_list};
use crate::sim::panel::objects::{date, object};
use crate::sim::panel::token;
use crate::sim::panel::usage;
use crate::sim::panel::world::World;

use super::objects::{may, permissions, person};
use super::servers::server_of;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/resources",
        need: Need::ReadyServer,
        run: resources,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/power",
        need: Need::ReadyServer,
        run: power,
    },
    Route {
        method: "POST",
        pattern: "/api/client/servers/{server}/command",
        need: Need::ReadyServer,
        run: command,
    },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/websocket",
        need: Need::WatchableServer,
        run: websocket,
    },
    Route {
        method: "GET",
        pattern: "/api/client/servers/{server}/activity",
        need: Need::ReadyServer,
        run: activity,
    },
];

/// How long the panel keeps an answer of the daemon, in milliseconds of the world.
const CACHE_MS: u64 = 20_000;
/// Websocket tokens are limited over this time on newer panels.
const TOKEN_WINDOW_MS: u64 = 60_000;

fn stats(world: &World, server: &Server) -> Value {
    let used = usage::usage(world.seed, server, world.game_of(server), world.now);
    let cpu = if used.cpu_percent == 0.0 { json!(0) } else { json!(used.cpu_percent) };
    let attributes = json!({
        "current_state": server.process.state.word(), "is_suspended": false,
        "resources": {
            "memory_bytes": used.memory_bytes, "cpu_absolute": cpu, "disk_bytes": used.disk_bytes,
            "network_rx_bytes": used.network_rx_bytes, "network_tx_bytes": used.network_tx_bytes,
            "uptime": used.uptime_ms,
        },
    });
    object("stats", attributes)
}

fn resources(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    if let Some((at, cached)) = &server.extras.cached_resources
        && world.now.millis_since(*at) < CACHE_MS
    {
        return ok(cached.clone());
    }
    let node_id = server.node_id;
    let done = |call: &Call, world: &mut World| {
        let answer = stats(world, server_of(call, world)?);
        let now = world.now;
        if let Some(server) = world.servers.get_mut(&call.server_id) {
            server.extras.cached_resources = Some((now, answer.clone()));
        }
        ok(answer)
    };
    // Whatever the daemon's trouble is, this route calls it 504.
    daemon::through(call, world, node_id, done, |_, _, _| Err(daemon::unreachable()))
}

fn signal_of(word: &str) -> Option<PowerSignal> {
    match word {
        "start" => Some(PowerSignal::Start),
        "stop" => Some(PowerSignal::Stop),
        "restart" => Some(PowerSignal::Restart),
        "kill" => Some(PowerSignal::Kill),
        _ => None,
    }
}

fn power(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let signal_word = text(&call.body, "signal");
    let is_subuser = !call.is_admin && server.user_id != call.user_id;
    let needed = match signal_word.as_deref() {
        Some("start") => "control.start",
        Some("restart") => "control.restart",
        Some("stop" | "kill") => "control.stop",
        _ if is_subuser => return Err(Failure::unauthorized_action()),
        _ => "",
    };
    if !needed.is_empty() && !may(call, server, needed) {
        return Err(Failure::unauthorized_action());
    }
    let mut check = Check::new(&call.body);
    let signal = signal_word.as_deref().and_then(signal_of);
    if check.required("signal") && signal.is_none() {
        check.fail("signal", "in", "The selected signal is invalid.");
    }
    check.finish()?;
    let Some(signal) = signal else { return none() };
    let (id, node_id) = (server.id, server.node_id);
    let done = move |call: &Call, world: &mut World| {
        world.process_event(id, ProcessEvent::Signal(signal));
        world.note_activity(id, call.user_id, &format!("server:power.{}", signal.word()), json!({}));
        none()
    };
    daemon::through(call, world, node_id, done, daemon::pass_on)
}

fn command(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    if !may(call, server, "control.console") {
        return Err(Failure::unauthorized_action());
    }
    let mut check = Check::new(&call.body);
    check.required_string("command", usize::MAX);
    check.finish()?;
    let line = text(&call.body, "command").unwrap_or_default();
    let (id, node_id) = (server.id, server.node_id);
    let done = move |call: &Call, world: &mut World| {
        if !run_command(world, id, &line) {
            return Err(Failure::new(
                502,
                "HttpException",
                "Server must be online in order to send commands.",
            ));
        }
        world.note_activity(id, call.user_id, "server:console.command", json!({"command": line}));
        none()
    };
    daemon::through(call, world, node_id, done, daemon::pass_on)
}

/// Types a line into a server's console; `false` when nothing runs.
pub(in crate::sim::panel) fn run_command(world: &mut World, id: i64, line: &str) -> bool {
    let Some(server) = world.servers.get(&id) else { return false };
    if server.process.state == PowerState::Offline {
        return false;
    }
    let online = usage::players(world.seed, server, world.game_of(server), world.now);
    world.say(id, format!("> {line}"));
    match line.split_whitespace().next() {
        Some("list") => world.say(id, format!("There are {online} of a max of 40 players online")),
        Some("say") => world.say(id, format!("[Server] {}", line.strip_prefix("say ").unwrap_or(""))),
        Some("stop" | "end" | "quit") => world.process_event(id, ProcessEvent::Signal(PowerSignal::Stop)),
        Some("crash") => world.process_event(id, ProcessEvent::Crashed),
        _ => world.say(id, "Unknown or incomplete command".to_owned()),
    }
    true
}

/// No daemon is asked for a token.
fn websocket(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    if !may(call, server, "websocket.connect") {
        let text = "You do not have permission to connect to this server's websocket.";
        return Err(Failure::new(403, "HttpForbiddenException", text));
    }
    let granted = permissions(call, server);
    let node = world.nodes.get(&server.node_id).ok_or_else(Failure::not_found)?;
    let scheme = if node.scheme == "https" { "wss" } else { "ws" };
    let socket = format!("{scheme}://{}:{}/api/servers/{}/ws", node.fqdn, node.daemon_listen, server.uuid);
    let token = token::issue(world, server, call.user_id, &granted).ok_or_else(Failure::not_found)?;
    count_token(call, world)?;
    ok(json!({"data": {"token": token, "socket": socket}}))
}

fn count_token(call: &Call, world: &mut World) -> Result<(), Failure> {
    let Some(limit) = world.websocket_tokens_per_minute else { return Ok(()) };
    let now = world.stamp;
    let Some(server) = world.servers.get_mut(&call.server_id) else { return Ok(()) };
    let moments = &mut server.extras.token_moments;
    moments.retain(|at| now.millis_since(*at) < TOKEN_WINDOW_MS);
    if moments.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        let wait = moments
            .front()
            .map_or(1, |first| first.plus_millis(TOKEN_WINDOW_MS).millis_since(now).div_ceil(1_000));
        let mut failure = Failure::new(429, "ThrottleRequestsException", "Too Many Attempts.");
        failure.headers.push(("retry-after", wait.to_string()));
        return Err(failure);
    }
    moments.push_back(now);
    Ok(())
}

fn activity(call: &Call, world: &mut World) -> Reply {
    let server = server_of(call, world)?;
    let page = Page::of_client(call, 25, 100)?;
    let rows: Vec<_> = server.extras.activity.iter().enumerate().collect();
    ok(client_list(call, &world.url, page, rows, |(number, row)| {
        let luck = [server.id.cast_unsigned(), number as u64, row.at.0.cast_unsigned()];
        let mut attributes = json!({
            "id": crate::sim::random::hex(world.seed, &luck, 40), "batch": null, "event": row.event,
            "is_api": true, "ip": "127.0.0.1", "description": null, "properties": row.properties,
            "has_additional_metadata": false, "timestamp": date(row.at),
        });
        if call.includes("actor")
            && let (Some(user), Some(fields)) = (world.users.get(&row.user_id), attributes.as_object_mut())
        {
            let actor = object("user", Value::Object(person(user)));
            fields.insert("relationships".to_owned(), json!({ "actor": actor }));
        }
        object("activity_log", attributes)
    }))
}
