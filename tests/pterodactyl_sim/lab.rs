//! The laboratory in which the captures were made, rebuilt in the simulator.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use quarterdeck::model::time::ManualClock;
use quarterdeck::sim::panel::{
    DEFAULT_START, DaemonMode, InstallPolicy, PanelSim, PanelSimOptions, RateLimits, WorldKind,
};
use serde_json::{Value, json};

use crate::http::{Request, Response};

/// A recorded answer.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub status: u16,
    headers: Vec<String>,
    pub body: Option<Value>,
}

impl Recorded {
    fn new(value: &Value) -> Self {
        let headers = value["headers"].as_array().into_iter().flatten();
        let body =
            value.get("body_json").or_else(|| value.get("body")).cloned().filter(|body| !body.is_null());
        Self {
            status: u16::try_from(value["status"].as_u64().expect("a status")).expect("a small status"),
            headers: headers.filter_map(|pair| pair[0].as_str()).map(str::to_lowercase).collect(),
            body,
        }
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }
}

/// A capture.
#[derive(Debug, Clone)]
pub struct Capture {
    pub number: u32,
    pub name: String,
    value: Value,
}

/// All captures in order.
pub fn captures() -> Vec<Capture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/pterodactyl");
    let mut all: Vec<Capture> = std::fs::read_dir(folder)
        .expect("the captures")
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.get(..3)?.parse().ok()?;
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some(Capture { number, name, value: serde_json::from_str(&text).ok()? })
        })
        .collect();
    all.sort_by_key(|capture| capture.number);
    all
}

/// Locks and unlocks the story's first backup.
const BACKUP_LOCK: &str = "/api/client/servers/88c40aa0/backups/256a0b19-e449-433e-8cb1-67c3b15450e9/lock";

/// The simulator with what the story needs to know.
pub struct Lab {
    pub sim: PanelSim,
    clock: Arc<ManualClock>,
    /// Recorded server uuids with their numbers.
    servers: BTreeMap<String, i64>,
    /// Other recorded words with what they are here.
    words: BTreeMap<String, String>,
}

async fn start() -> (PanelSim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(DEFAULT_START));
    let options = PanelSimOptions {
        seed: LAB_SEED,
        clock: Some(clock.clone()),
        world: WorldKind::Empty,
        rate_limits: RateLimits::RAISED,
        installs: InstallPolicy { is_held: true, ..InstallPolicy::default() },
        daemon_timeout_ms: 10,
        create_pause_ms: 1,
        ..PanelSimOptions::default()
    };
    (PanelSim::start(options).await.expect("a panel"), clock)
}

/// A seed with which the one random placement of the story does not take a port that a later request names.
const LAB_SEED: u64 = 3;

fn server_uuids(captures: &[Capture]) -> BTreeMap<String, i64> {
    fn walk(value: &Value, found: &mut BTreeMap<String, i64>) {
        match value {
            Value::Object(map) => {
                let id = map.get("internal_id").or_else(|| map.get("id")).and_then(Value::as_i64);
                let uuid = map.get("uuid").and_then(Value::as_str);
                if let (Some(id), Some(uuid), true) = (id, uuid, map.contains_key("identifier")) {
                    found.insert(uuid.to_owned(), id);
                }
                map.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for capture in captures {
        walk(&capture.value, &mut found);
    }
    found
}

/// What the story's servers are created from.
fn server(name: &str, egg: i64, memory: i64, environment: &Value, allocation: i64) -> Value {
    json!({
        "name": name, "user": 2, "egg": egg, "docker_image": "ghcr.io/pterodactyl/yolks:java_21",
        "startup": "java -jar {{SERVER_JARFILE}}", "environment": environment,
        "limits": {"memory": memory, "swap": 0, "disk": 4096, "io": 500, "cpu": 100},
        "feature_limits": {"databases": 0, "allocations": 1, "backups": 1}, "allocation": {"default": allocation},
    })
}

impl Lab {
    /// As before capture 001.
    pub async fn empty(captures: &[Capture]) -> Self {
        let (sim, clock) = start().await;
        Self { sim, clock, servers: server_uuids(captures), words: BTreeMap::new() }
    }

    /// As before capture 301: three nodes and three servers.
    pub async fn small(captures: &[Capture]) -> Self {
        let lab = Self::empty(captures).await;
        for short in ["eu-1", "us-1"] {
            lab.make("locations", &json!({"short": short, "long": "Somewhere"})).await;
        }
        for (name, location, memory) in
            [("node-eu", 1, 32_768), ("node-us", 2, 4_096), ("node-dead", 2, 4_096)]
        {
            let node = json!({
                "name": name, "location_id": location, "fqdn": "127.0.0.1", "scheme": "http", "memory": memory,
                "memory_overallocate": 0, "disk": 204_800, "disk_overallocate": 0, "daemon_listen": 23_181,
                "daemon_sftp": 2_022,
            });
            lab.make("nodes", &node).await;
        }
        let ports = json!({"ip": "127.0.0.1", "alias": "play.example.test", "ports": ["25565-25584"]});
        lab.make("nodes/1/allocations", &ports).await;
        lab.make("nodes/2/allocations", &json!({"ip": "127.0.0.2", "ports": ["25600"]})).await;
        let paper = json!({
            "MINECRAFT_VERSION": "latest", "SERVER_JARFILE": "server.jar", "DL_PATH": "", "BUILD_NUMBER": "latest",
        });
        let vanilla = json!({"SERVER_JARFILE": "server.jar", "VANILLA_VERSION": "latest"});
        let bungee = json!({"BUNGEE_VERSION": "latest", "SERVER_JARFILE": "bungeecord.jar"});
        let rows = [
            ("Survival", 5, 1_024, paper, 1),
            ("Creative", 4, 1_024, vanilla, 2),
            ("Lobby proxy", 1, 512, bungee, 21),
        ];
        for (number, (name, egg, memory, environment, allocation)) in rows.iter().enumerate() {
            let mut body = server(name, *egg, *memory, environment, *allocation);
            body["external_id"] = json!(format!("world-{}", number + 1));
            lab.make("servers", &body).await;
        }
        lab.finish_installs();
        lab
    }

    async fn make(&self, path: &str, body: &Value) {
        let path = format!("/api/application/{path}");
        let request = Request::new("POST", &path, self.sim.application_key()).json(body);
        let response = request.send(&self.sim.url()).await.expect("an answer");
        assert!(response.status < 300, "{path}: {} {}", response.status, response.json());
    }

    fn finish_installs(&self) {
        let world = self.sim.world();
        for server in world.servers() {
            world.finish_install(server.id, true);
        }
    }

    pub async fn stop(self) {
        self.sim.stop().await;
    }

    /// Plays a capture: what happened before it, the request or requests, and what is learnt from the answer.
    pub async fn play(&mut self, capture: &Capture) -> Vec<(Recorded, Response)> {
        self.prepare(capture.number).await;
        if let Some(both) = capture.value["responses"].as_array() {
            return self.race(both).await;
        }
        let request = self.request(capture);
        let recorded = Recorded::new(&capture.value["response"]);
        let response = request.send(&self.sim.url()).await.expect("an answer");
        if let Some(body) = &recorded.body {
            self.learn(body, &response.json());
        }
        vec![(recorded, response)]
    }

    /// Two creates that are certain to meet; the winner is compared with the recorded winner.
    async fn race(&self, both: &[Value]) -> Vec<(Recorded, Response)> {
        self.sim.faults().race_next_creates(2);
        let url = self.sim.url();
        let request = |value: &Value| {
            Request::new("POST", "/api/application/servers", self.sim.application_key())
                .json(&value["request_body"])
        };
        let (first, second) = (request(&both[0]), request(&both[1]));
        let (first, second) = tokio::join!(first.send(&url), second.send(&url));
        let mut actual = vec![first.expect("an answer"), second.expect("an answer")];
        actual.sort_by_key(|response| response.status);
        let mut recorded: Vec<Recorded> = both.iter().map(Recorded::new).collect();
        recorded.sort_by_key(|answer| answer.status);
        recorded.into_iter().zip(actual).collect()
    }

    /// What the notes of the captures say had happened before.
    async fn prepare(&self, number: u32) {
        let (world, faults) = (self.sim.world(), self.sim.faults());
        match number {
            103 => {
                let path = "/api/application/servers/1/unsuspend";
                let request = Request::new("POST", path, self.sim.application_key());
                assert_eq!(request.send(&self.sim.url()).await.expect("an answer").status, 204);
                world.finish_install(1, true);
            }
            128 => faults.daemon(3, DaemonMode::Refuse),
            130 | 237 | 346 => faults.daemon(1, DaemonMode::Status(500)),
            131 => faults.daemon(1, DaemonMode::Status(422)),
            132 => faults.daemon(1, DaemonMode::Hang),
            133 | 239 | 276 => faults.daemon(1, DaemonMode::Up),
            144 => self.finish_installs(),
            193 => self.clock.advance_millis(70_000),
            220 => self.clock.advance_millis(1_500),
            // Unlocked by hand between the two.
            225 => {
                let path = self.translated(BACKUP_LOCK);
                let request = Request::new("POST", &path, &self.sim.keys().player);
                assert_eq!(request.send(&self.sim.url()).await.expect("an answer").status, 200);
            }
            238 => {
                self.clock.advance_millis(21_000);
                faults.daemon(1, DaemonMode::Status(404));
            }
            245 | 348 => faults.daemon(2, DaemonMode::Refuse),
            253 => faults.daemon(2, DaemonMode::Up),
            265 => world.finish_install(1, false),
            268 => world.report_install(1, false, false),
            275 => faults.daemon(1, DaemonMode::Status(404)),
            282 => faults.set_rate_limits(RateLimits { application_per_minute: 1, ..RateLimits::V1_11 }),
            _ => {}
        }
    }

    fn request(&self, capture: &Capture) -> Request {
        let recorded = &capture.value["request"];
        let mut headers: Vec<(String, String)> = recorded["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned())))
            .filter(|(name, _)| !matches!(name.as_str(), "Host" | "Content-Length" | "Connection"))
            .collect();
        for (name, value) in &mut headers {
            if name == "Authorization" {
                *value = self.authorization(capture.number, value);
            }
        }
        let body = match (&recorded["body"], recorded["body_raw"].as_str()) {
            (Value::Null, None) => Vec::new(),
            (Value::Null, Some(raw)) => raw.as_bytes().to_vec(),
            (body, _) => body.to_string().into_bytes(),
        };
        let path = recorded["path"].as_str().expect("a path");
        // 157 asks for a server by a uuid that is no server's number: taken as it is.
        let path = if capture.number == 157 { path.to_owned() } else { self.translated(path) };
        Request { method: recorded["method"].as_str().expect("a method").to_owned(), path, headers, body }
    }

    fn authorization(&self, number: u32, recorded: &str) -> String {
        let keys = self.sim.keys();
        let key = match recorded.strip_prefix("Bearer ").unwrap_or(recorded) {
            // These two carried keys that do not exist.
            _ if number == 2 || number == 16 => "ptla_0123456789x0123456789x0123456789x0123456789x",
            "ptla_<app key>" => &keys.application,
            "ptla_<read key>" => &keys.read_only,
            "ptla_<none key>" => &keys.powerless,
            "ptla_<srvonly key>" => &keys.servers_only,
            "ptla_<ipbound key>" => &keys.application_bound,
            "ptlc_<admin key>" => &keys.admin,
            "ptlc_<player key>" => &keys.player,
            "ptlc_<ipbound key>" => &keys.client_bound,
            other => other,
        };
        format!("Bearer {key}")
    }

    /// A recorded path with the words that it has here.
    fn translated(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for (recorded, id) in &self.servers {
            if let Some(server) = self.sim.world().server(*id) {
                path =
                    path.replace(recorded.as_str(), &server.uuid).replace(&recorded[..8], &server.uuid[..8]);
            }
        }
        for (recorded, here) in &self.words {
            path = path.replace(recorded.as_str(), here);
        }
        path
    }

    /// Remembers what recorded uuids of backups and names of keys are here.
    fn learn(&mut self, recorded: &Value, actual: &Value) {
        for name in ["uuid", "identifier"] {
            let word = |value: &Value| value["attributes"][name].as_str().map(str::to_owned);
            if let (Some(was), Some(is), "backup" | "api_key") =
                (word(recorded), word(actual), recorded["object"].as_str().unwrap_or_default())
            {
                self.words.insert(was, is);
            }
        }
    }
}
