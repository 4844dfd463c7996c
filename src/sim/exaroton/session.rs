//! One websocket's conversation: pure, `(state, what happens) -> frames` (`providers/exaroton.md` §5).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::servers::run_command;
use super::entities::Status;
use super::management;
use super::objects;
use super::world::{Notice, World};
use crate::sim::random;

/// The streams that must be started.
const STREAMS: [&str; 5] = ["console", "tick", "stats", "heap", "management"];
/// The longest tail that is sent.
const MOST_TAIL: u64 = 500;
/// Bytes in a GiB.
const GIB: f64 = 1_073_741_824.0;

/// The state of one socket.
pub(super) struct Session {
    id: String,
    viewer: String,
    is_ready: bool,
    has_game: bool,
    streams: BTreeSet<&'static str>,
    seconds: u64,
}

impl Session {
    /// A socket that was just opened.
    pub(super) fn new(id: &str, viewer: &str) -> Self {
        Self {
            id: id.to_owned(),
            viewer: viewer.to_owned(),
            is_ready: false,
            has_game: false,
            streams: BTreeSet::new(),
            seconds: 0,
        }
    }

    /// The delay is over.
    pub(super) fn ready(&mut self, world: &World) -> Vec<String> {
        self.is_ready = true;
        let mut frames = vec![frame(&json!({ "type": "ready", "data": self.id }))];
        frames.extend(self.follow_game(world));
        frames
    }

    /// A frame of the client.
    pub(super) fn frame(&mut self, world: &mut World, text: &str) -> Vec<String> {
        if !self.is_ready {
            world.early_frames += 1;
            return Vec::new();
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Vec::new() };
        let text_of = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let (stream, kind) = (text_of("stream"), text_of("type"));
        let Some(stream) = STREAMS.into_iter().find(|known| *known == stream) else { return Vec::new() };
        let data = value.get("data").cloned().unwrap_or(Value::Null);
        match kind.as_str() {
            "start" => self.start(world, stream, &data),
            "stop" => {
                let was_running = self.streams.remove(stream);
                if was_running { vec![said(stream, "stopped")] } else { Vec::new() }
            }
            "command" if stream == "console" && self.streams.contains("console") => {
                if self.status(world) == Some(Status::Online) {
                    run_command(world, &self.id, data.as_str().unwrap_or(""));
                }
                Vec::new()
            }
            "request" if stream == "management" && self.streams.contains("management") => {
                self.manage(world, &data).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the game answers to a request of the management protocol.
    fn manage(&self, world: &World, request: &Value) -> Option<String> {
        let server = world.servers.get(&self.id).filter(|server| server.status == Status::Online)?;
        let (id, method) = (request.get("id")?.as_str()?, request.get("method")?.as_str()?);
        let data = json!({ "id": id, "data": management::answer(server, method) });
        Some(frame(&json!({ "stream": "management", "type": "response", "data": data })))
    }

    /// Starts a stream where the state allows it; else nothing is said.
    fn start(&mut self, world: &World, stream: &'static str, data: &Value) -> Vec<String> {
        let is_allowed = self.status(world).is_some_and(|status| match stream {
            "console" => status.has_game(),
            "management" => {
                status == Status::Online && world.servers.get(&self.id).is_some_and(management::is_spoken_by)
            }
            _ => status == Status::Online,
        });
        if !is_allowed || !self.streams.insert(stream) {
            return Vec::new();
        }
        let mut frames = vec![said(stream, "started")];
        if stream == "console" {
            let tail = data.get("tail").and_then(Value::as_u64).unwrap_or(0).min(MOST_TAIL);
            let tail = usize::try_from(tail).unwrap_or(0);
            let console = world.servers.get(&self.id).map(|server| &server.console);
            frames.extend(
                console
                    .into_iter()
                    .flat_map(|lines| lines.iter().skip(lines.len().saturating_sub(tail)))
                    .map(|l| line(l)),
            );
        }
        frames
    }

    /// Something happened at the server.
    pub(super) fn notice(&mut self, world: &World, notice: &Notice) -> Vec<String> {
        if !self.is_ready {
            return Vec::new();
        }
        match notice {
            Notice::Line(text) if self.streams.contains("console") => vec![line(text)],
            Notice::Status => {
                let Some(server) = world.servers.get(&self.id) else { return Vec::new() };
                let data = objects::server(server, &self.viewer);
                let mut frames = vec![frame(&json!({ "stream": "status", "type": "status", "data": data }))];
                if server.status != Status::Online {
                    self.streams.retain(|stream| *stream == "console");
                }
                frames.extend(self.follow_game(world));
                frames
            }
            Notice::Managed(name, data) if self.streams.contains("management") => {
                let data = json!({ "name": name, "data": data });
                vec![frame(&json!({ "stream": "management", "type": "notification", "data": data }))]
            }
            Notice::Line(_) | Notice::Managed(..) | Notice::Drop => Vec::new(),
        }
    }

    /// Says when the link to the game comes and goes.
    fn follow_game(&mut self, world: &World) -> Vec<String> {
        let has_game = self.status(world).is_some_and(Status::has_game);
        if has_game == std::mem::replace(&mut self.has_game, has_game) {
            return Vec::new();
        }
        if has_game {
            return vec![frame(&json!({ "type": "connected" }))];
        }
        self.streams.clear();
        vec![frame(&json!({ "type": "disconnected", "data": "invalid-status" }))]
    }

    /// A second passed: what the running streams tell.
    pub(super) fn second(&mut self, world: &World) -> Vec<String> {
        self.seconds += 1;
        let Some(server) = world.servers.get(&self.id).filter(|server| server.status == Status::Online)
        else {
            return Vec::new();
        };
        let luck = random::share(world.seed, &[server.number, self.seconds, 40]);
        let used = GIB * f64::from(server.ram_gib) * (0.35 + 0.3 * luck);
        let row = |stream: &str| match stream {
            "tick" => Some(json!({ "averageTickTime": 6.0 + 20.0 * luck + server.players.len() as f64 })),
            "stats" => {
                Some(json!({ "memory": { "percent": 35.0 + 30.0 * luck, "usage": random::to_u64(used) } }))
            }
            "heap" => Some(json!({ "usage": random::to_u64(used * 0.8) })),
            _ => None,
        };
        self.streams
            .iter()
            .filter_map(|stream| Some(json!({ "stream": stream, "type": stream, "data": row(stream)? })))
            .map(|value| frame(&value))
            .collect()
    }

    fn status(&self, world: &World) -> Option<Status> {
        world.servers.get(&self.id).map(|server| server.status)
    }
}

/// The filler between frames.
pub(super) fn keep_alive() -> String {
    frame(&json!({ "type": "keep-alive" }))
}

fn said(stream: &str, kind: &str) -> String {
    frame(&json!({ "stream": stream, "type": kind }))
}

fn line(text: &str) -> String {
    frame(&json!({ "stream": "console", "type": "line", "data": text }))
}

fn frame(value: &Value) -> String {
    value.to_string()
}
