//! Every recorded answer of a real panel: decoded with the client's types or recognised as the error that it is, and
//! replayed to the client itself.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind};
use quarterdeck::model::server::{Limits, PowerSignal};
use quarterdeck::providers::pterodactyl::wire::{self, Errors, Item, List};
use quarterdeck::providers::pterodactyl::{FeatureLimits, NewAllocations, NewServer, NewUser, PanelClient};
use quarterdeck::providers::transport::Priority;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::{Reply, Server, client};

/// One recorded exchange.
#[derive(Clone)]
struct Capture {
    name: String,
    method: String,
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    text: Option<String>,
}

impl Capture {
    /// The first error's code, when the body is the panel's envelope.
    fn code(&self) -> Option<String> {
        let errors: Errors = serde_json::from_value(self.body.clone()?).ok()?;
        Some(errors.errors.first()?.code.clone())
    }

    fn bytes(&self) -> Vec<u8> {
        let body = self.body.as_ref().map(Value::to_string).or_else(|| self.text.clone()).unwrap_or_default();
        let kept = ["content-type", "location", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"];
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .filter(|(name, _)| kept.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let Reply::Bytes(bytes) = Reply::with(self.status, &headers, body.as_bytes()) else {
            panic!("bytes")
        };
        bytes
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/pterodactyl")
}

/// All recorded exchanges; the two simultaneous ones of a race are two.
fn captures() -> Vec<Capture> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("captures")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(|first: char| first.is_ascii_digit())
        })
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("readable")).expect("JSON");
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if let Some(responses) = json.get("responses").and_then(Value::as_array) {
            let race = responses.iter();
            all.extend(race.map(|response| {
                capture(&name, "POST", "/api/application/servers", response, "body", "text")
            }));
        } else {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (method, path) = (text(&json["request"]["method"]), text(&json["request"]["path"]));
            all.push(capture(&name, &method, &path, &json["response"], "body_json", "body_text"));
        }
    }
    all
}

fn capture(name: &str, method: &str, path: &str, response: &Value, body: &str, text: &str) -> Capture {
    let pairs: Vec<(String, String)> = serde_json::from_value(response["headers"].clone()).expect("headers");
    Capture {
        name: name.to_owned(),
        method: method.to_owned(),
        path: path.split('?').next().unwrap_or_default().to_owned(),
        status: u16::try_from(response["status"].as_u64().expect("a status")).expect("a status"),
        headers: pairs,
        body: response.get(body).filter(|value| !value.is_null()).cloned(),
        text: response.get(text).and_then(Value::as_str).map(str::to_owned),
    }
}

/// The endpoints of the client's, recognised by method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nodes,
    Node,
    Allocations,
    AllocationsCreate,
    Locations,
    Location,
    Nests,
    Nest,
    Eggs,
    Egg,
    Users,
    User,
    UserExternal,
    UserCreate,
    UserUpdate,
    UserDelete,
    Servers,
    Server,
    ServerExternal,
    ServerCreate,
    ServerUpdate,
    Suspend,
    Unsuspend,
    Reinstall,
    ServerDelete,
    Account,
    Resources,
    Power,
    Command,
    Websocket,
}

fn known(method: &str, path: &str) -> Option<Known> {
    use Known as K;
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match (method, parts.as_slice()) {
        ("GET", ["api", "application", rest @ ..]) => match rest {
            ["nodes"] | ["nodes", "deployable"] => K::Nodes,
            ["nodes", _] => K::Node,
            ["nodes", _, "allocations"] => K::Allocations,
            ["locations"] => K::Locations,
            ["locations", _] => K::Location,
            ["nests"] => K::Nests,
            ["nests", _] => K::Nest,
            ["nests", _, "eggs"] => K::Eggs,
            ["nests", _, "eggs", _] => K::Egg,
            ["users"] => K::Users,
            ["users", "external", _] => K::UserExternal,
            ["users", _] => K::User,
            ["servers"] => K::Servers,
            ["servers", "external", _] => K::ServerExternal,
            ["servers", _] => K::Server,
            _ => return None,
        },
        ("POST", ["api", "application", "locations"]) | ("PATCH", ["api", "application", "locations", _]) => {
            K::Location
        }
        ("POST", ["api", "application", "nodes"]) | ("PATCH", ["api", "application", "nodes", _]) => K::Node,
        ("POST", ["api", "application", "nodes", _, "allocations"]) => K::AllocationsCreate,
        ("POST", ["api", "application", "users"]) => K::UserCreate,
        ("PATCH", ["api", "application", "users", _]) => K::UserUpdate,
        ("DELETE", ["api", "application", "users", _]) => K::UserDelete,
        ("POST", ["api", "application", "servers"]) => K::ServerCreate,
        ("PATCH", ["api", "application", "servers", _, "details" | "build" | "startup"]) => K::ServerUpdate,
        ("POST", ["api", "application", "servers", _, "suspend"]) => K::Suspend,
        ("POST", ["api", "application", "servers", _, "unsuspend"]) => K::Unsuspend,
        ("POST", ["api", "application", "servers", _, "reinstall"]) => K::Reinstall,
        ("DELETE", ["api", "application", "servers", _] | ["api", "application", "servers", _, "force"]) => {
            K::ServerDelete
        }
        ("GET", ["api", "client", "account"]) => K::Account,
        ("GET", ["api", "client", "servers", _, "resources"]) => K::Resources,
        ("GET", ["api", "client", "servers", _, "websocket"]) => K::Websocket,
        ("POST", ["api", "client", "servers", _, "power"]) => K::Power,
        ("POST", ["api", "client", "servers", _, "command"]) => K::Command,
        _ => return None,
    })
}

fn list<T: DeserializeOwned>(body: &Value) -> Result<(), String> {
    let list: List<T> = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    let sent = body["data"].as_array().map_or(0, Vec::len);
    let read = list.into_items().len();
    if read == sent { Ok(()) } else { Err(format!("{sent} items were sent, {read} read")) }
}

fn item<T: DeserializeOwned>(body: &Value) -> Result<(), String> {
    let item: Item<T> = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    item.attributes.map(drop).ok_or_else(|| "empty".to_owned())
}

/// Decodes a success with the client's own type for it.
fn decode(kind: Known, body: Option<&Value>) -> Result<(), String> {
    use Known as K;
    let Some(body) = body else {
        let is_silent = matches!(
            kind,
            K::AllocationsCreate
                | K::UserDelete
                | K::Suspend
                | K::Unsuspend
                | K::Reinstall
                | K::ServerDelete
                | K::Power
                | K::Command
        );
        return if is_silent { Ok(()) } else { Err("no body".to_owned()) };
    };
    match kind {
        K::Nodes => list::<wire::Node>(body),
        K::Node => item::<wire::Node>(body),
        K::Allocations => list::<wire::Allocation>(body),
        K::Locations => list::<wire::Location>(body),
        K::Location => item::<wire::Location>(body),
        K::Nests => list::<wire::Nest>(body),
        K::Nest => item::<wire::Nest>(body),
        K::Eggs => list::<wire::Egg>(body),
        K::Egg => item::<wire::Egg>(body),
        K::Users => list::<wire::User>(body),
        K::User | K::UserExternal | K::UserCreate | K::UserUpdate => item::<wire::User>(body),
        K::Servers => list::<wire::Server>(body),
        K::Server | K::ServerExternal | K::ServerCreate | K::ServerUpdate => item::<wire::Server>(body),
        K::Account => item::<wire::AccountOfKey>(body),
        K::Resources => item::<wire::Stats>(body),
        K::Websocket => serde_json::from_value::<wire::WebsocketData>(body.clone())
            .map(drop)
            .map_err(|error| error.to_string()),
        silent => Err(format!("{silent:?} says nothing")),
    }
}

/// Makes the client ask for what the capture answers; nothing where it has no such call of its own.
async fn ask(client: &PanelClient, kind: Known) -> Option<Result<(), Problem>> {
    use Known as K;
    let (p, uuid) = (Priority::Run, "88c40aa0-7247-461f-8414-2bab8e2a5794");
    Some(match kind {
        K::Nodes => client.nodes(p).await.map(drop),
        K::Allocations => client.free_allocations(1, 100, p).await.map(drop),
        K::AllocationsCreate => client.create_allocations(1, &new_allocations()).await,
        K::Locations => client.locations(p).await.map(drop),
        K::Nests | K::Eggs => client.eggs(p).await.map(drop),
        K::Users => client.users(p).await.map(drop),
        K::User => client.user(1, p).await.map(drop),
        K::UserExternal => client.user_by_external_id("ext-alice", p).await.map(drop),
        K::UserCreate => client.create_user(&NewUser::default()).await.map(drop),
        K::UserDelete => client.delete_user(1).await,
        K::Servers => client.servers(p).await.map(drop),
        K::Server => client.server(1, p).await.map(drop),
        K::ServerExternal => client.server_by_external_id("lab-0001", p).await.map(drop),
        K::ServerCreate => client.create_server(&new_server()).await.map(drop),
        K::Suspend => client.suspend(1).await,
        K::Unsuspend => client.unsuspend(1).await,
        K::Reinstall => client.reinstall(1).await,
        K::ServerDelete => client.delete_server(1, false).await,
        K::Resources => client.resources(uuid, p).await.map(drop),
        K::Power => client.power(uuid, PowerSignal::Start).await,
        K::Command => client.command(uuid, "say hi").await,
        K::Node
        | K::Location
        | K::Nest
        | K::Egg
        | K::UserUpdate
        | K::ServerUpdate
        | K::Account
        | K::Websocket => return None,
    })
}

fn new_allocations() -> NewAllocations {
    NewAllocations { ip: "127.0.0.1".to_owned(), ports: vec!["25565".to_owned()], alias: None }
}

pub fn new_server() -> NewServer {
    NewServer {
        external_id: "lab-0001".to_owned(),
        name: "lab one".to_owned(),
        description: String::new(),
        user_id: 2,
        egg_id: 4,
        docker_image: "ghcr.io/pterodactyl/yolks:java_21".to_owned(),
        startup: "java".to_owned(),
        environment: [("SERVER_JARFILE".to_owned(), "server.jar".to_owned())].into(),
        limits: Limits { memory_mib: 1024, swap_mib: 0, disk_mib: 5120, cpu_percent: 100 },
        io_weight: 500,
        feature_limits: FeatureLimits::default(),
        allocation_id: 1,
        additional_allocation_ids: Vec::new(),
        is_started_on_completion: false,
    }
}

/// What the client must make of a recorded refusal: nothing where being gone is fine or is an answer.
fn expected(kind: Known, capture: &Capture) -> Option<ProblemKind> {
    use ProblemKind as P;
    let Some(code) = capture.code() else {
        return Some(P::Malformed); // a redirect or a page
    };
    let may_be_gone = matches!(
        kind,
        Known::User | Known::UserExternal | Known::ServerExternal | Known::UserDelete | Known::ServerDelete
    );
    Some(match (code.as_str(), capture.status) {
        ("NotFoundHttpException", 404) if may_be_gone => return None,
        ("NotFoundHttpException", 404) => P::NotFound,
        ("AuthenticationException", 401) => P::Unauthenticated,
        ("AccessDeniedHttpException", 403) => P::Forbidden,
        ("DaemonConnectionException", _) => P::Daemon,
        ("ServerStateConflictException", 409) => P::Conflict,
        ("NoViableNodeException" | "NoViableAllocationException", 400) => P::NoCapacity,
        ("QueryException" | "DataValidationException", 500) if kind == Known::ServerCreate => P::Conflict,
        ("QueryException" | "TypeError", 500) => P::ServerError,
        ("HttpException", 502) if kind == Known::Command => P::Conflict,
        ("ThrottleRequestsException", 429) => P::RateLimited,
        ("ValidationException", 422) if is_taken(kind, capture) => P::Conflict,
        (_, 400 | 422) => P::Invalid,
        other => panic!("{}: nothing is expected of {other:?}", capture.name),
    })
}

fn is_taken(kind: Known, capture: &Capture) -> bool {
    let text = capture.body.as_ref().map(Value::to_string).unwrap_or_default();
    match kind {
        Known::ServerCreate => {
            text.contains(r#""rule":"unique""#)
                || text.contains(r#""rule":"exists","source_field":"allocation.default""#)
                || text.contains(r#""source_field":"allocation.default","rule":"exists""#)
        }
        Known::UserCreate => text.contains(r#""rule":"unique""#),
        _ => false,
    }
}

#[test]
fn every_capture_decodes_or_is_the_error_that_it_is() {
    let (mut typed, mut generic, mut errors, mut foreign) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    let all = captures();
    for capture in &all {
        let is_success = (200..300).contains(&capture.status);
        if !is_success {
            match capture.code() {
                Some(code) if !code.is_empty() => errors += 1,
                // Redirects to the login page and HTML pages: not the panel's envelope, and recognised as such.
                _ if capture.body.is_none() => foreign += 1,
                _ => wrong.push(format!("{}: neither an envelope nor a page", capture.name)),
            }
            continue;
        }
        match known(&capture.method, &capture.path) {
            Some(kind) => match decode(kind, capture.body.as_ref()) {
                Ok(()) => typed += 1,
                Err(error) => wrong.push(format!("{} as {kind:?}: {error}", capture.name)),
            },
            // Files, backups, schedules and the like: outside the client; still lists, objects, plain data or nothing.
            None => match &capture.body {
                None | Some(Value::Object(_)) => generic += 1,
                Some(other) => wrong.push(format!("{}: {other}", capture.name)),
            },
        }
    }
    assert!(wrong.is_empty(), "not understood:\n{}", wrong.join("\n"));
    assert_eq!(typed + generic + errors + foreign, all.len());
    // Counted, so that nothing is skipped in silence; a new capture changes these numbers.
    assert_eq!((all.len(), typed, generic, errors, foreign), (335, 140, 67, 126, 2));
}

#[test]
fn the_index_names_no_file_that_is_not_walked() {
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder().join("index.json")).expect("index")).expect("JSON");
    let listed = index.as_array().map_or_else(|| index.as_object().map_or(0, serde_json::Map::len), Vec::len);
    let walked: std::collections::BTreeSet<String> =
        captures().into_iter().map(|capture| capture.name).collect();
    assert!(walked.len() >= 330, "{} files", walked.len());
    assert!(listed == 0 || walked.len() >= listed, "{listed} listed, {} walked", walked.len());
}

#[tokio::test]
async fn the_client_itself_understands_every_capture_of_its_endpoints() {
    let present: Arc<Mutex<Vec<u8>>> = Arc::default();
    let bytes = Arc::clone(&present);
    let server = Server::start(move |_| Reply::Bytes(bytes.lock().expect("bytes").clone())).await;
    let (mut replayed, mut wrong) = (0, Vec::new());
    for capture in captures() {
        let Some(kind) = known(&capture.method, &capture.path) else { continue };
        if capture.name.contains("throttle") {
            continue; // a 45 s pause would be obeyed; `faults` has its own
        }
        present.lock().expect("bytes").clone_from(&capture.bytes());
        // A client of its own: budgets told by one capture must not slow the next.
        let Some(outcome) = ask(&client(&server.url), kind).await else { continue };
        replayed += 1;
        let is_success = (200..300).contains(&capture.status);
        let wanted = if is_success { None } else { expected(kind, &capture) };
        match (&outcome, wanted) {
            (Ok(()), None) => {}
            (Err(problem), Some(kind)) if problem.kind == kind => {
                check_answers(&capture, problem, &mut wrong);
            }
            (outcome, wanted) => wrong.push(format!("{}: wanted {wanted:?}, got {outcome:?}", capture.name)),
        }
    }
    assert!(wrong.is_empty(), "misunderstood:\n{}", wrong.join("\n"));
    assert!(replayed > 150, "only {replayed} captures were replayed");
}

/// Whose fault, and whether it may have happened, follow the status.
fn check_answers(capture: &Capture, problem: &Problem, wrong: &mut Vec<String>) {
    let is_change = capture.method != "GET";
    let may_have_happened = is_change && capture.status >= 500 && problem.kind != ProblemKind::Conflict
        || problem.kind == ProblemKind::Conflict && capture.status == 500;
    if (problem.effect == Effect::Possible) != may_have_happened {
        wrong.push(format!("{}: effect {:?}", capture.name, problem.effect));
    }
    if matches!(capture.status, 300..=399 | 401 | 403) && problem.fault != Fault::Configuration {
        wrong.push(format!("{}: fault {:?}", capture.name, problem.fault));
    }
    if problem.message.is_empty() || problem.message.contains('<') {
        wrong.push(format!("{}: message {:?}", capture.name, problem.message));
    }
}
