//! What the captures do not show: limits over time, life over time, races without a barrier.

use std::sync::Arc;

use quarterdeck::model::server::{PowerSignal, PowerState};
use quarterdeck::model::time::ManualClock;
use quarterdeck::sim::panel::{
    DEFAULT_START, DaemonMode, InstallPolicy, PanelSim, PanelSimOptions, RateLimits,
};
use serde_json::{Value, json};

use crate::http::{Request, Response};

/// A small world whose clock stands still until moved.
pub async fn small(change: impl FnOnce(&mut PanelSimOptions)) -> (PanelSim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(DEFAULT_START));
    let mut options = PanelSimOptions {
        clock: Some(clock.clone()),
        daemon_timeout_ms: 10,
        create_pause_ms: 1,
        installs: InstallPolicy { min_ms: 1_000, max_ms: 2_000, ..InstallPolicy::default() },
        ..PanelSimOptions::default()
    };
    change(&mut options);
    (PanelSim::start(options).await.expect("a panel"), clock)
}

/// The body of a create on an allocation.
pub fn create_body(external_id: &str, allocation: i64) -> Value {
    json!({
        "external_id": external_id, "name": external_id, "user": 2, "egg": 5,
        "docker_image": "ghcr.io/pterodactyl/yolks:java_21", "startup": "java -jar {{SERVER_JARFILE}}",
        "environment": {
            "MINECRAFT_VERSION": "latest", "SERVER_JARFILE": "server.jar", "DL_PATH": "", "BUILD_NUMBER": "latest",
        },
        "limits": {"memory": 2048, "swap": 0, "disk": 10_240, "io": 500, "cpu": 200},
        "feature_limits": {"databases": 0, "allocations": 0, "backups": 1}, "allocation": {"default": allocation},
    })
}

/// A request with the application key.
pub async fn application(sim: &PanelSim, method: &str, path: &str, body: Option<&Value>) -> Response {
    let request = Request::new(method, &format!("/api/application/{path}"), sim.application_key());
    let request = if let Some(body) = body { request.json(body) } else { request };
    request.send(&sim.url()).await.expect("an answer")
}

/// A request with the admin's client key.
pub async fn client(sim: &PanelSim, method: &str, path: &str, body: Option<&Value>) -> Response {
    let request = Request::new(method, &format!("/api/client/{path}"), sim.client_key());
    let request = if let Some(body) = body { request.json(body) } else { request };
    request.send(&sim.url()).await.expect("an answer")
}

#[tokio::test]
async fn an_install_takes_its_time_and_may_fail() {
    let (sim, clock) = small(|options| options.installs.failure_rate = 1.0).await;
    let made = application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    assert_eq!((made.status, made.json()["attributes"]["status"].as_str()), (201, Some("installing")));
    clock.advance_millis(900);
    assert_eq!(sim.world().server(1).expect("it exists").status, Some("installing"));
    clock.advance_millis(1_200);
    assert_eq!(sim.world().server(1).expect("it exists").status, Some("install_failed"));
    sim.stop().await;
}

#[tokio::test]
async fn power_is_accepted_and_then_done_or_not() {
    let (sim, clock) = small(|_| {}).await;
    let mut body = create_body("order-1", 1);
    body["start_on_completion"] = json!(true);
    assert_eq!(application(&sim, "POST", "servers", Some(&body)).await.status, 201);
    clock.advance_millis(2_100);
    let world = sim.world();
    assert_eq!(world.server(1).expect("it exists").power, PowerState::Starting);
    clock.advance_millis(60_000);
    let uuid = world.server(1).expect("it exists").uuid;
    let path = format!("servers/{uuid}/power");
    assert_eq!(client(&sim, "POST", &path, Some(&json!({"signal": "stop"}))).await.status, 204);
    assert_eq!(world.server(1).expect("it exists").power, PowerState::Stopping);
    assert_eq!(client(&sim, "POST", &path, Some(&json!({"signal": "start"}))).await.status, 204, "dropped");
    clock.advance_millis(60_000);
    assert_eq!(world.server(1).expect("it exists").power, PowerState::Offline);
    world.power(1, PowerSignal::Start);
    world.crash(1);
    assert_eq!(world.server(1).expect("it exists").power, PowerState::Starting, "only what runs can crash");
    sim.stop().await;
}

#[tokio::test]
async fn resources_are_twenty_seconds_old() {
    let (sim, clock) = small(|_| {}).await;
    application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    clock.advance_millis(3_000);
    let uuid = sim.world().server(1).expect("it exists").uuid;
    let path = format!("servers/{uuid}/resources");
    let state = |answer: &Response| answer.json()["attributes"]["current_state"].as_str().map(str::to_owned);
    assert_eq!(state(&client(&sim, "GET", &path, None).await).as_deref(), Some("offline"));
    sim.world().power(1, PowerSignal::Start);
    clock.advance_millis(19_000);
    assert_eq!(state(&client(&sim, "GET", &path, None).await).as_deref(), Some("offline"));
    clock.advance_millis(60_000);
    let running = client(&sim, "GET", &path, None).await;
    assert_eq!(state(&running).as_deref(), Some("running"));
    assert!(running.json()["attributes"]["resources"]["memory_bytes"].as_u64() > Some(100_000_000));
    sim.stop().await;
}

#[tokio::test]
async fn windows_of_a_minute_are_per_user_and_api() {
    let limits =
        RateLimits { application_per_minute: 2, client_per_minute: 2, websocket_tokens_per_minute: None };
    let (sim, clock) = small(|options| options.rate_limits = limits).await;
    assert_eq!(application(&sim, "GET", "nodes", None).await.header("x-ratelimit-remaining"), Some("1"));
    clock.advance_millis(20_000);
    assert_eq!(application(&sim, "GET", "nodes", None).await.status, 200);
    let refused = application(&sim, "GET", "nodes", None).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "ThrottleRequestsException"));
    assert_eq!(refused.header("retry-after"), Some("40"));
    assert_eq!(client(&sim, "GET", "account", None).await.status, 200);
    clock.advance_millis(40_000);
    assert_eq!(application(&sim, "GET", "nodes", None).await.status, 200);
    sim.faults().set_rate_limits(RateLimits::RAISED);
    for _ in 0..5 {
        assert_eq!(application(&sim, "GET", "nodes", None).await.status, 200);
    }
    sim.stop().await;
}

#[tokio::test]
async fn newer_panels_limit_websocket_tokens() {
    let (sim, clock) = small(|options| options.rate_limits = RateLimits::V1_12).await;
    application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    clock.advance_millis(3_000);
    let path = format!("servers/{}/websocket", sim.world().server(1).expect("it exists").uuid);
    for _ in 0..5 {
        assert_eq!(client(&sim, "GET", &path, None).await.status, 200);
    }
    assert_eq!(client(&sim, "GET", &path, None).await.status, 429);
    clock.advance_millis(60_000);
    assert_eq!(client(&sim, "GET", &path, None).await.status, 200);
    sim.stop().await;
}

#[tokio::test]
async fn a_daemon_in_trouble_rolls_back_as_the_panel_does() {
    let (sim, clock) = small(|_| {}).await;
    application(&sim, "POST", "servers", Some(&create_body("order-1", 1))).await;
    clock.advance_millis(3_000);
    let status = || sim.world().server(1).and_then(|server| server.status);
    sim.faults().daemon(1, DaemonMode::Refuse);
    assert_eq!(application(&sim, "POST", "servers/1/suspend", None).await.status, 504);
    assert_eq!(status(), None);
    sim.faults().daemon(1, DaemonMode::Up);
    assert_eq!(application(&sim, "POST", "servers/1/suspend", None).await.status, 204);
    sim.faults().daemon(1, DaemonMode::Status(409));
    let refused = application(&sim, "POST", "servers/1/unsuspend", None).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "DaemonConnectionException"));
    assert_eq!(status(), Some("suspended"));
    assert_eq!(application(&sim, "POST", "servers/1/reinstall", None).await.status, 409);
    assert_eq!(status(), Some("suspended"));
    assert_eq!(application(&sim, "DELETE", "servers/1", None).await.status, 409);
    assert_eq!(application(&sim, "DELETE", "servers/1/force", None).await.status, 204);
    assert_eq!(sim.world().orphans_on_nodes().len(), 1, "the node still holds it");
    sim.stop().await;
}

#[tokio::test]
async fn a_number_with_letters_is_that_number() {
    let (sim, _clock) = small(|_| {}).await;
    for (external_id, allocation) in [("order-1", 1), ("order-2", 2)] {
        application(&sim, "POST", "servers", Some(&create_body(external_id, allocation))).await;
    }
    assert_eq!(application(&sim, "DELETE", "servers/2abc", None).await.status, 204);
    assert_eq!(sim.world().servers_with_external_id("order-2"), []);
    assert_eq!(sim.world().servers_deleted_ever(), 1);
    assert_eq!(application(&sim, "DELETE", "servers/2", None).await.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn the_bill_is_the_time_that_a_server_existed_and_ran() {
    let (sim, clock) = small(|_| {}).await;
    let mut body = create_body("order-1", 1);
    body["start_on_completion"] = json!(true);
    application(&sim, "POST", "servers", Some(&body)).await;
    clock.advance_millis(1_800_000);
    let bigger = json!({
        "allocation": 1, "limits": {"memory": 4096, "swap": 0, "disk": 10_240, "io": 500, "cpu": 200},
        "feature_limits": {"databases": 0, "allocations": 0, "backups": 1},
    });
    assert_eq!(application(&sim, "PATCH", "servers/1/build", Some(&bigger)).await.status, 200);
    clock.advance_millis(1_800_000);
    assert_eq!(application(&sim, "DELETE", "servers/1", None).await.status, 204);
    clock.advance_millis(3_600_000);
    let bill = sim.world().bill();
    assert_eq!((bill.len(), bill[0].existed_ms, bill[0].is_live), (1, 3_600_000, false));
    assert!((bill[0].ram_hours() - 3.0).abs() < 1e-9);
    assert!(bill[0].ran_ms > 3_590_000 && bill[0].ran_ms < 3_600_000, "{}", bill[0].ran_ms);
    sim.stop().await;
}
