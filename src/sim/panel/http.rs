//! The panel's listener: faults, routing, authentication, limits, and the answer on the wire.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use tokio::sync::watch;

use super::answer::{Answer, Content, Failure};
use super::call::{Call, Outcome, Wait};
use super::gate::{self, Arrived};
use super::log::RequestRecord;
use super::routes;
use super::shared::Shared;
use crate::sim::faults::Fault;
use crate::sim::listener::{CutListener, Scissors};

/// The largest request body that is read.
const MOST_BODY_BYTES: usize = 4 * 1024 * 1024;
/// How often an answer may be put off before the simulator gives up on its handler.
const MOST_WAITS: usize = 8;

#[derive(Clone)]
struct Panel {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

/// Serves the panel until stopped.
pub(super) async fn serve(listener: CutListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let mut until = stopped.clone();
    let app = Router::new().fallback(answer).with_state(Panel { shared, stopped });
    let service = app.into_make_service_with_connect_info::<Scissors>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        drop(until.wait_for(|is_stopped| *is_stopped).await);
    });
    drop(served.await);
}

/// Answers one request; a stopping panel cuts it.
async fn answer(
    State(panel): State<Panel>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    let mut stopped = panel.stopped.clone();
    let work = work(&panel.shared, &scissors, request);
    tokio::select! {
        response = work => response,
        _ = stopped.wait_for(|is_stopped| *is_stopped) => {
            scissors.cut();
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn work(shared: &Shared, scissors: &Scissors, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let (fault, latency_ms) = choose_fault(shared, &method, &target);
    pause(latency_ms).await;
    if let Some(Fault::Hang { millis }) = fault {
        pause(millis).await;
    }
    let wants_json = gate::wants_json(&parts.headers);
    if let Some(answer) = fault.and_then(|fault| fails_before(fault, wants_json)) {
        let is_dropped = fault == Some(Fault::DropBefore);
        record(shared, &method, &target, if is_dropped { 0 } else { answer.status });
        if is_dropped {
            scissors.cut();
        }
        return send(answer, &method);
    }
    let Ok(bytes) = axum::body::to_bytes(body, MOST_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let arrived = Arrived { method: &method, target: &target, headers: &parts.headers, body: &bytes };
    let answer = handle(shared, &arrived).await;
    finish(shared, scissors, fault, answer, &method, &target)
}

/// Authenticates and runs the handler, with its waits.
async fn handle(shared: &Shared, arrived: &Arrived<'_>) -> Answer {
    let wants_json = gate::wants_json(arrived.headers);
    if arrived.method == "OPTIONS" {
        return preflight();
    }
    let admitted = gate::admit(shared, arrived);
    let url = shared.with(|world| world.url.clone());
    let mut headers = admitted.headers;
    let result = match admitted.call {
        Err(failure) => Err(failure),
        Ok((call, route)) => run(shared, &call, route.run).await,
    };
    let mut answer = result.unwrap_or_else(|failure| failure.into_answer(wants_json, &url));
    headers.append(&mut answer.headers);
    answer.headers = headers;
    answer
}

async fn run(shared: &Shared, call: &Call, handler: super::call::Handler) -> Result<Answer, Failure> {
    let mut outcome = shared.with(|world| handler(call, world))?;
    for _ in 0..MOST_WAITS {
        match outcome {
            Outcome::Done(answer) => return Ok(answer),
            Outcome::Later(wait, then) => {
                match wait {
                    Wait::Daemon => tokio::time::sleep(shared.daemon_timeout).await,
                    Wait::Commit => shared.before_commit().await,
                }
                outcome = shared.with(|world| then(call, world))?;
            }
        }
    }
    Err(Failure::unexpected("LogicException"))
}

/// The answer to a browser's question before a cross-origin request.
fn preflight() -> Answer {
    Answer {
        status: 204,
        content: Content::Empty,
        headers: vec![
            ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, HEAD".to_owned()),
            ("access-control-max-age", "0".to_owned()),
        ],
    }
}

/// The fault for this request, and the latency.
fn choose_fault(shared: &Shared, method: &str, target: &str) -> (Option<Fault>, u64) {
    let path = target.split('?').next().unwrap_or(target);
    let strikes = &mut shared.faults().strikes;
    (strikes.choose(shared.seed, method, path, 504), strikes.rates.latency_ms)
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Faults that keep the request from having any effect.
fn fails_before(fault: Fault, wants_json: bool) -> Option<Answer> {
    let failure = match fault {
        Fault::FailBefore(status) => proxy_failure(status),
        Fault::DropBefore => Failure::unexpected("Dropped"),
        Fault::TooMany { retry_after_s } => too_many(retry_after_s),
        _ => return None,
    };
    Some(failure.into_answer(wants_json, ""))
}

/// A 429 that no window caused.
fn too_many(retry_after_s: u64) -> Failure {
    let mut failure = Failure::new(429, "ThrottleRequestsException", "Too Many Attempts.");
    failure.headers = vec![
        ("x-ratelimit-limit", "240".to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("retry-after", retry_after_s.to_string()),
    ];
    failure
}

fn proxy_failure(status: u16) -> Failure {
    match status {
        504 => Failure::new(
            504,
            "DaemonConnectionException",
            "Could not establish a connection to the machine running this server. Please try again.",
        ),
        500 => Failure::unexpected("QueryException"),
        other => Failure::new(other, "HttpException", "An error was injected by the simulator."),
    }
}

/// Applies what a fault does to a finished answer, writes it down and sends it.
fn finish(
    shared: &Shared,
    scissors: &Scissors,
    fault: Option<Fault>,
    answer: Answer,
    method: &str,
    target: &str,
) -> Response<Body> {
    let status = match fault {
        Some(Fault::CommitThenDrop) => 0,
        Some(Fault::CommitThenStatus(status)) => status,
        _ => answer.status,
    };
    record(shared, method, target, status);
    match fault {
        Some(Fault::CommitThenDrop) => {
            scissors.cut();
            send(answer, method)
        }
        Some(Fault::CommitThenStatus(status)) => send(proxy_failure(status).into_answer(true, ""), method),
        Some(Fault::MalformedJson) => {
            let text = match answer.content {
                Content::Json(value) => value.to_string(),
                _ => "{\"object\":\"list\",\"data\":[".to_owned(),
            };
            let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            raw(answer.status.max(200), "application/json", Body::from(text[..half].to_owned()))
        }
        Some(Fault::Html) => {
            raw(200, "text/html", Body::from("<html><head><title>502 Bad Gateway</title></head></html>"))
        }
        Some(Fault::Oversized { bytes }) => raw(200, "application/json", oversized(bytes)),
        _ => send(answer, method),
    }
}

/// A valid JSON list of that many bytes, made while it is sent.
fn oversized(bytes: u64) -> Body {
    let chunk = Bytes::from(vec![b' '; 65_536]);
    let chunks = bytes / 65_536;
    let open = std::iter::once(Bytes::from_static(b"{\"object\":\"list\",\"data\":["));
    let filling = (0..chunks).map(move |_| chunk.clone());
    let close = std::iter::once(Bytes::from_static(b"]}"));
    let all = open.chain(filling).chain(close).map(Ok::<_, std::convert::Infallible>);
    Body::from_stream(futures::stream::iter(all))
}

fn record(shared: &Shared, method: &str, target: &str, status: u16) {
    let path = target.split('?').next().unwrap_or(target);
    let route = routes::find(method, path)
        .map(|(route, _)| format!("{} {}", route.method, route.pattern))
        .unwrap_or_default();
    let at = shared.clock.base_now();
    shared.with(|world| {
        world.log.add(RequestRecord {
            method: method.to_owned(),
            path: target.to_owned(),
            route,
            at,
            status,
        });
    });
}

fn send(answer: Answer, method: &str) -> Response<Body> {
    let (kind, body) = match answer.content {
        Content::Empty => ("", Body::empty()),
        Content::Json(value) => ("application/json", Body::from(value.to_string())),
        Content::Text(text) => ("text/plain; charset=UTF-8", Body::from(text)),
        Content::Html(text) => ("text/html; charset=UTF-8", Body::from(text)),
    };
    let body = if method == "HEAD" { Body::empty() } else { body };
    let mut response = raw(answer.status, kind, body);
    add_headers(response.headers_mut(), &answer.headers);
    response
}

fn add_headers(into: &mut HeaderMap, headers: &[(&'static str, String)]) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            into.insert(*name, value);
        }
    }
}

fn raw(status: u16, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !kind.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    }
    response
}
