//! Lists of many pages, finding, and what is sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::server::{PowerSignal, PowerState, ServerStatus};
use quarterdeck::providers::pterodactyl::{Access, DetailsChange};
use quarterdeck::providers::transport::Priority;
use serde_json::{Value, json};

use crate::captures::new_server;
use crate::server::{KEY, Reply, Seen, Server, client};

fn page_of(request: &Seen) -> i64 {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("page="))
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

fn server_row(id: i64, external_id: Option<&str>) -> Value {
    json!({"object": "server", "attributes": {
        "id": id, "external_id": external_id, "uuid": format!("88c40aa0-7247-461f-8414-{id:012}"),
        "identifier": "88c40aa0", "name": format!("s{id}"), "status": null, "user": 1, "node": 1, "allocation": 5, "egg": 4,
        "limits": {"memory": 0, "swap": -1, "disk": 0, "io": 500, "cpu": 0},
        "relationships": {"allocations": {"object": "list", "data": [
            {"object": "allocation", "attributes": {"id": 5, "ip": "10.0.0.1", "alias": null, "port": 25565, "assigned": true}}
        ]}}
    }})
}

fn page(rows: &[Value], total: i64, total_pages: i64) -> Value {
    json!({"object": "list", "data": rows, "meta": {"pagination": {
        "total": total, "count": rows.len(), "per_page": 100, "current_page": 1, "total_pages": total_pages,
        "links": {"next": "http://127.0.0.1:9/elsewhere?page=2"}
    }}})
}

#[tokio::test]
async fn pages_are_counted_not_followed_and_each_id_is_once() {
    let server = Server::start(|request| {
        let number = page_of(request);
        // The last row of each page moved to the next one meanwhile.
        let rows: Vec<Value> =
            ((number - 1) * 100..=number * 100).map(|id| server_row(id + 1, None)).collect();
        Reply::json(200, &page(&rows, 700, 7))
    })
    .await;
    let servers = client(&server.url).servers(Priority::Poll).await.expect("servers");
    assert_eq!(servers.len(), 701);
    assert_eq!(servers[0].address.as_deref(), Some("10.0.0.1:25565"));
    assert_eq!((servers[0].limits.memory_mib, servers[0].limits.swap_mib), (0, -1));
    assert_eq!(servers[0].status, ServerStatus::Ready);
    let seen = server.seen();
    assert_eq!(seen.len(), 7);
    for request in &seen {
        assert!(request.target.starts_with("/api/application/servers?"), "{}", request.target);
        for part in ["include=allocations", "sort=id", "per_page=100"] {
            assert!(request.target.contains(part), "{}", request.target);
        }
    }
}

#[tokio::test]
async fn a_list_that_shrank_while_it_was_read_is_read_again() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|request| {
        let is_first_reading = ASKED.fetch_add(1, Ordering::SeqCst) < 2;
        let rows =
            |ids: std::ops::RangeInclusive<i64>| ids.map(|id| server_row(id, None)).collect::<Vec<_>>();
        Reply::json(
            200,
            &match (is_first_reading, page_of(request)) {
                (true, 1) => page(&rows(1..=100), 150, 2),
                // Server 1 was deleted meanwhile: 101 slipped onto page 1.
                (false, 1) => page(&rows(2..=101), 149, 2),
                _ => page(&rows(102..=150), 149, 2),
            },
        )
    })
    .await;
    let servers = client(&server.url).servers(Priority::Poll).await.expect("servers");
    let ids: Vec<&str> = servers.iter().map(|server| server.key.id.as_str()).collect();
    assert!(ids.contains(&"101"), "the row that slipped is there");
    assert!(!ids.contains(&"1"), "the deleted one is not");
    assert_eq!(ids.len(), 149);
}

#[tokio::test]
async fn external_ids_are_encoded_and_compared_exactly() {
    let server = Server::start(|request| {
        if request.target.contains("/external/") {
            Reply::json(200, &server_row(1, Some("a b%2F:c,d")))
        } else {
            Reply::json(200, &page(&[server_row(1, Some("x/12")), server_row(2, Some("x/1"))], 2, 1))
        }
    })
    .await;
    let client = client(&server.url);
    let found = client.server_by_external_id("a b%2F:c,d", Priority::Run).await.expect("an answer");
    assert_eq!(found.expect("found").key.id, "1");
    let target = server.seen().last().expect("a request").target.clone();
    assert_eq!(target, "/api/application/servers/external/a%20b%252F%3Ac%2Cd?include=allocations");
    let other = client.server_by_external_id("other", Priority::Run).await.expect("an answer");
    assert!(other.is_none(), "an answer about another id is none");
    // No route takes a slash: the filter finds it, and matches more.
    let found = client.server_by_external_id("x/1", Priority::Run).await.expect("an answer");
    assert_eq!(found.expect("found").key.id, "2");
    assert!(server.seen().last().expect("a request").target.contains("filter%5Bexternal_id%5D=x%2F1"));
    for nothing in ["", ".", ".."] {
        assert!(client.server_by_external_id(nothing, Priority::Run).await.expect("an answer").is_none());
    }
}

#[tokio::test]
async fn e_mail_addresses_are_found_exactly_whatever_their_case() {
    let user = |id: i64, email: &str| json!({"object": "user", "attributes": {"id": id, "email": email, "username": "u"}});
    let rows = vec![user(1, "aa@b.iox"), user(2, "A+b@B.io")];
    let server = Server::always(200, page(&rows, 2, 1)).await;
    let client = client(&server.url);
    let found = client.user_by_email(" a+B@b.io ", Priority::Run).await.expect("an answer").expect("found");
    assert_eq!(found.id, 2);
    assert!(
        server.seen()[0].target.contains("filter%5Bemail%5D=a%2BB%40b.io"),
        "{}",
        server.seen()[0].target
    );
    assert!(client.user_by_email("a@b.io", Priority::Run).await.expect("an answer").is_none());
}

#[tokio::test]
async fn requests_carry_the_key_and_json_and_nothing_of_a_browser() {
    let server = Server::start(|request| match request.method.as_str() {
        "POST" => Reply::json(201, &server_row(9, Some("lab-0001"))),
        "DELETE" => Reply::with(204, &[], b""),
        _ => Reply::json(200, &server_row(9, Some("lab-0001"))),
    })
    .await;
    let client = client(&server.url);
    assert_eq!(client.create_server(&new_server()).await.expect("created").key.id, "9");
    client
        .update_details(9, &DetailsChange { name: Some("n".to_owned()), ..DetailsChange::default() })
        .await
        .expect("changed");
    client.delete_server(9, true).await.expect("deleted");
    let seen = server.seen();
    for request in &seen {
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        assert!(request.header("user-agent").is_some_and(|agent| agent.starts_with("quarterdeck/")));
        for foreign in ["origin", "referer", "cookie"] {
            assert_eq!(request.header(foreign), None);
        }
        if !request.body.is_empty() {
            assert_eq!(request.header("content-type"), Some("application/json"));
        }
    }
    let created: Value = serde_json::from_str(&seen[0].body).expect("JSON");
    assert_eq!(created["external_id"], "lab-0001");
    assert_eq!(created["allocation"], json!({"default": 1}));
    assert_eq!(created["limits"]["threads"], Value::Null);
    assert!(created["environment"].is_object());
    assert_eq!(
        (seen[1].method.as_str(), seen[2].method.as_str()),
        ("GET", "PATCH"),
        "details are read first"
    );
    let details: Value = serde_json::from_str(&seen[2].body).expect("JSON");
    assert_eq!(details["external_id"], "lab-0001", "the handle is kept");
    assert_eq!(
        (seen[3].method.as_str(), seen[3].target.as_str()),
        ("DELETE", "/api/application/servers/9/force")
    );
}

#[tokio::test]
async fn ids_that_are_none_are_never_sent() {
    let server = Server::always(200, json!({})).await;
    let client = client(&server.url);
    for outcome in [
        client.delete_server(0, false).await,
        client.delete_server(-1, true).await,
        client.delete_user(-5).await,
        client.power("1/../../x", PowerSignal::Kill).await,
        client.resources("", Priority::Poll).await.map(drop),
    ] {
        assert_eq!(outcome.expect_err("refused").kind, ProblemKind::Refused);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn use_is_read_and_an_unknown_state_is_unknown() {
    let body = json!({"object": "stats", "attributes": {"current_state": "running", "is_suspended": false, "resources": {
        "memory_bytes": "1070369785", "cpu_absolute": 6.642, "disk_bytes": 104_857_600_u64, "network_rx_bytes": 59878,
        "network_tx_bytes": 64292, "uptime": 23341}}});
    let server = Server::always(200, body).await;
    let uuid = "88c40aa0-7247-461f-8414-2bab8e2a5794";
    let (power, usage) = client(&server.url).resources(uuid, Priority::Poll).await.expect("use");
    let usage = usage.expect("use");
    assert_eq!(power, PowerState::Running);
    assert_eq!((usage.memory_bytes, usage.uptime_ms), (1_070_369_785, 23_341));
    let server =
        Server::always(200, json!({"object": "stats", "attributes": {"current_state": "missing"}})).await;
    let (power, usage) = client(&server.url).resources(uuid, Priority::Poll).await.expect("an answer");
    assert_eq!((power, usage), (PowerState::Unknown, None));
}

#[tokio::test]
async fn permissions_are_found_without_changing_anything() {
    let refused = |code: &str, status: u16| {
        Reply::json(
            status,
            &json!({"errors": [{"code": code, "status": status.to_string(), "detail": "no"}]}),
        )
    };
    let server = Server::start(move |request| {
        let path = request.target.split('?').next().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("POST", "/api/application/servers") => refused("ValidationException", 422),
            ("POST", _) | ("GET", "/api/application/locations") => refused("AccessDeniedHttpException", 403),
            ("GET", "/api/client/account") => {
                Reply::json(200, &json!({"object": "user", "attributes": {"id": 1, "admin": false}}))
            }
            _ => Reply::json(200, &page(&[], 0, 1)),
        }
    })
    .await;
    let findings = client(&server.url).check_permissions().await.expect("findings");
    let of = |resource: &str, access| {
        findings
            .iter()
            .find(|finding| finding.resource == resource && finding.access == access)
            .expect("checked")
            .is_granted
    };
    assert_eq!(of("servers", Access::Write), Some(true));
    assert_eq!(of("users", Access::Write), Some(false));
    assert_eq!(of("locations", Access::Read), Some(false));
    assert_eq!(of("nodes", Access::Read), Some(true));
    assert_eq!(of("power, use and consoles", Access::Write), Some(false));
    for request in server.seen() {
        assert!(request.method == "GET" || request.body == "{}", "{} {}", request.method, request.body);
    }
}
