//! What a daemon's socket says and hears: frames, notices and seconds in, events out. Without IO.

use serde_json::{Value, json};

use super::client::run_command;
use super::console;
use super::entities::Server;
use super::life::ProcessEvent;
use super::token::{self, Claims};
use super::usage;
use super::world::{Notice, World};
use crate::model::server::{PowerSignal, PowerState};
use crate::model::time::Timestamp;

/// The daemon looks at a token's remaining time this often.
const TOKEN_CHECK_MS: u64 = 30_000;
/// Less than this left is announced.
const EXPIRING_MS: u64 = 60_000;

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    /// A frame.
    Event(String),
    /// The server is gone: close 1001.
    Close,
}

impl Out {
    /// Ends the connection.
    pub(super) fn close() -> Self {
        Self::Close
    }
}

fn event(name: &str, args: &[&str]) -> Out {
    let frame = if args.is_empty() { json!({ "event": name }) } else { json!({"event": name, "args": args}) };
    Out::Event(frame.to_string())
}

/// One connection's memory.
#[derive(Debug)]
pub(super) struct Session {
    node_id: i64,
    server_id: i64,
    claims: Option<Claims>,
    /// World time up to which generated console lines were sent.
    lines_until: Timestamp,
    /// Base time of the next look at the token.
    check_at: Timestamp,
}

impl Session {
    /// A connection that has said nothing yet.
    pub(super) fn new(world: &World, node_id: i64, server_id: i64) -> Self {
        Self {
            node_id,
            server_id,
            claims: None,
            lines_until: world.now,
            check_at: world.stamp.plus_millis(TOKEN_CHECK_MS),
        }
    }

    /// Why events are not sent now.
    fn jwt_trouble(&self, world: &World) -> Option<&'static str> {
        let Some(claims) = &self.claims else { return Some("no jwt present") };
        if claims.expires_at <= world.stamp {
            return Some("jwt: exp claim is invalid");
        }
        let booted_at = world.nodes.get(&self.node_id).map_or(Timestamp(0), |node| node.booted_at);
        (claims.issued_at.plus_millis(999) < booted_at).then_some("jwt: created too far in past (denylist)")
    }

    /// Events pass while the token is good; each becomes a complaint when it is not.
    fn guarded(&self, world: &World, out: Vec<Out>) -> Vec<Out> {
        match self.jwt_trouble(world) {
            None => out,
            Some(_) if self.claims.is_none() => Vec::new(),
            Some(trouble) => out.iter().map(|_| event("jwt error", &[trouble])).collect(),
        }
    }

    fn may(&self, permission: &str) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.may(permission))
    }

    /// A frame from the client; unreadable and unknown ones are dropped.
    pub(super) fn frame(&mut self, world: &mut World, text: &str) -> Vec<Out> {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return Vec::new() };
        let Some(name) = frame.get("event").and_then(Value::as_str) else { return Vec::new() };
        let args: String = frame
            .get("args")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if name == "auth" {
            return self.authenticate(world, &args);
        }
        if let Some(trouble) = self.jwt_trouble(world) {
            return vec![event("jwt error", &[trouble])];
        }
        match name {
            "send logs" => self.logs(world),
            "send stats" => self.stats(world).into_iter().collect(),
            "set state" => self.set_state(world, &args),
            "send command" => {
                if self.may("control.console") {
                    run_command(world, self.server_id, &args);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn authenticate(&mut self, world: &World, token: &str) -> Vec<Out> {
        let (Some(node), Some(server)) = (world.nodes.get(&self.node_id), world.servers.get(&self.server_id))
        else {
            return vec![Out::Close];
        };
        let Some(claims) = token::read(node, token) else {
            return vec![event(
                "daemon error",
                &["an unexpected error was encountered while handling this request"],
            )];
        };
        if claims.server_uuid != server.uuid {
            return vec![event("jwt error", &["jwt: server uuid mismatch"])];
        }
        if !claims.may("websocket.connect") {
            return vec![event("jwt error", &["jwt: missing connect permission"])];
        }
        let is_first = self.claims.is_none();
        let earlier = self.claims.replace(claims);
        if let Some(trouble) = self.jwt_trouble(world) {
            self.claims = earlier;
            return vec![event("jwt error", &[trouble])];
        }
        let mut out = vec![event("auth success", &[])];
        if is_first {
            out.push(event("status", &[server.process.state.word()]));
            if server.process.state == PowerState::Offline && server.process.install.is_none() {
                out.extend(self.stats(world));
            }
        }
        out
    }

    fn logs(&self, world: &World) -> Vec<Out> {
        let Some(server) = world.servers.get(&self.server_id) else { return Vec::new() };
        let lines = console::backlog(world.seed, server, world.game_of(server), world.now);
        lines.iter().map(|line| event("console output", &[line])).collect()
    }

    fn set_state(&self, world: &mut World, wanted: &str) -> Vec<Out> {
        let (signal, permission) = match wanted {
            "start" => (PowerSignal::Start, "control.start"),
            "stop" => (PowerSignal::Stop, "control.stop"),
            "restart" => (PowerSignal::Restart, "control.restart"),
            "kill" => (PowerSignal::Kill, "control.stop"),
            _ => return Vec::new(),
        };
        if !self.may(permission) {
            return Vec::new();
        }
        let is_locked = world.servers.get(&self.server_id).is_some_and(|server| server.process.is_locked);
        if is_locked && signal != PowerSignal::Kill {
            return vec![
                self.daemon_error("another power action is currently being processed for this server"),
            ];
        }
        world.process_event(self.server_id, ProcessEvent::Signal(signal));
        Vec::new()
    }

    fn daemon_error(&self, text: &str) -> Out {
        let shown =
            if self.may("admin.websocket.errors") { text } else { "an unexpected error was encountered" };
        event("daemon error", &[shown])
    }

    fn stats(&self, world: &World) -> Option<Out> {
        let server = world.servers.get(&self.server_id)?;
        let used = usage::usage(world.seed, server, world.game_of(server), world.now);
        let body = json!({
            "memory_bytes": used.memory_bytes, "memory_limit_bytes": memory_limit(world, server),
            "cpu_absolute": used.cpu_percent, "uptime": used.uptime_ms, "state": server.process.state.word(),
            "network": {"rx_bytes": used.network_rx_bytes, "tx_bytes": used.network_tx_bytes},
            "disk_bytes": used.disk_bytes,
        });
        Some(event("stats", &[&body.to_string()]))
    }

    /// Something happened to the server.
    pub(super) fn notice(&self, world: &World, notice: Notice) -> Vec<Out> {
        let out = match notice {
            Notice::Deleted => return vec![event("deleted", &["null"]), Out::Close],
            Notice::State(state) => {
                let mut out = vec![event("status", &[state.word()])];
                if state == PowerState::Offline {
                    out.extend(self.stats(world));
                }
                out
            }
            Notice::Line(line) => vec![event("console output", &[&line])],
            Notice::InstallLine(_) if !self.may("admin.websocket.install") => Vec::new(),
            Notice::InstallLine(line) => vec![event("install output", &[&line])],
            Notice::InstallStarted => vec![event("install started", &[""])],
            Notice::InstallCompleted => vec![event("install completed", &[""])],
        };
        self.guarded(world, out)
    }

    /// A second of the world has passed: console, stats, and now and then a look at the token.
    pub(super) fn second(&mut self, world: &World) -> Vec<Out> {
        let Some(server) = world.servers.get(&self.server_id) else { return vec![Out::Close] };
        let mut out = Vec::new();
        let lines =
            console::lines_between(world.seed, server, world.game_of(server), self.lines_until, world.now);
        self.lines_until = world.now;
        out.extend(lines.iter().map(|(_, line)| event("console output", &[line])));
        if server.process.state != PowerState::Offline {
            out.extend(self.stats(world));
        }
        let mut out = self.guarded(world, out);
        if world.stamp >= self.check_at {
            self.check_at = world.stamp.plus_millis(TOKEN_CHECK_MS);
            out.extend(self.look_at_token(world));
        }
        out
    }

    fn look_at_token(&self, world: &World) -> Option<Out> {
        let claims = self.claims.as_ref()?;
        match claims.expires_at.millis_since(world.stamp) {
            0 => Some(event("token expired", &[])),
            left if left <= EXPIRING_MS => Some(event("token expiring", &[])),
            _ => None,
        }
    }
}

/// The container's limit: what was sold with an overhead on top, or the node's memory.
fn memory_limit(world: &World, server: &Server) -> i64 {
    match server.limits.memory_mib {
        0 => world.nodes.get(&server.node_id).map_or(0, |node| node.memory_mib * 1_048_576),
        small @ ..=2_048 => small * 1_150_000,
        middle @ ..=4_096 => middle * 1_100_000,
        large => large * 1_050_000,
    }
}
