//! The listener: faults, the service before the API, authentication, limits, and the answer on the wire.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use tokio::sync::watch;

use super::answer::{Answer, Content, Refusal};
use super::handle::RequestRecord;
use super::routes::{self, Call};
use super::shared::Shared;
use super::socket;
use super::world::World;
use crate::sim::faults::{Fault, OVERSIZED_BYTES};
use crate::sim::listener::{CutListener, Scissors};
use crate::sim::random;

/// The largest request body that is read: what the service before the API lets through.
const MOST_BODY_BYTES: usize = 10_000_000;

/// What handlers are given.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) shared: Arc<Shared>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Serves until stopped.
pub(super) async fn serve(listener: CutListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let mut until = stopped.clone();
    let app = Router::new()
        .route("/v1/servers/{id}/websocket", get(socket::connect))
        .route("/v1/servers/{id}/websocket/", get(socket::connect))
        .fallback(answer)
        .with_state(Site { shared, stopped });
    let service = app.into_make_service_with_connect_info::<Scissors>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        drop(until.wait_for(|is_stopped| *is_stopped).await);
    });
    drop(served.await);
}

/// Answers one request; a stopping simulator cuts it.
async fn answer(
    State(site): State<Site>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    let mut stopped = site.stopped.clone();
    let work = work(&site.shared, &scissors, request);
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
    let path = parts.uri.path().to_owned();
    let (fault, latency_ms) = choose_fault(shared, &method, &path);
    pause(latency_ms).await;
    if let Some(Fault::Hang { millis }) = fault {
        pause(millis).await;
    }
    if let Some(answer) = fault.and_then(fails_before) {
        let is_dropped = fault == Some(Fault::DropBefore);
        record(shared, &method, &path, if is_dropped { 0 } else { answer.status });
        if is_dropped {
            scissors.cut();
        }
        return send(answer);
    }
    let Ok(bytes) = axum::body::to_bytes(body, MOST_BODY_BYTES).await else {
        return send(Answer::challenge(524));
    };
    let answer = admit(shared, &parts.headers, &method, &path, &bytes);
    finish(shared, scissors, fault, answer, &method, &path)
}

/// The service before the API, the token, the limit; then the handler.
fn admit(shared: &Shared, headers: &HeaderMap, method: &str, path: &str, raw: &[u8]) -> Answer {
    if text_of(headers, header::USER_AGENT).is_empty() {
        return Answer::nameless();
    }
    let language = shared.with(|world| world.language);
    let Some(account) = shared.with(|world| account_of(world, headers)) else {
        return Refusal::WrongToken.answer(language);
    };
    if let Some(wait_s) = shared.faults().count(&account, shared.clock.base_now()) {
        return Answer { retry_after_s: Some(wait_s), ..Refusal::TooMany.answer(language) };
    }
    let content_type = text_of(headers, header::CONTENT_TYPE);
    let body = serde_json::from_slice(raw).unwrap_or(Value::Null);
    let call = Call { method, account, body, raw, content_type };
    shared.with(|world| routes::answer(world, &call, path))
}

/// The account whose token the request carries.
pub(super) fn account_of(world: &World, headers: &HeaderMap) -> Option<String> {
    let token = text_of(headers, header::AUTHORIZATION).strip_prefix("Bearer ")?.trim();
    world.accounts.values().find(|account| account.token == token).map(|account| account.id.clone())
}

/// A header's text; empty without one.
pub(super) fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// The targeted fault for this request, else one by luck; and the latency.
fn choose_fault(shared: &Shared, method: &str, path: &str) -> (Option<Fault>, u64) {
    let mut faults = shared.faults();
    faults.requests += 1;
    let number = faults.requests;
    let rates = faults.rates;
    if let Some(fault) = faults.targets.take(method, path) {
        return (Some(fault), rates.latency_ms);
    }
    drop(faults);
    let luck = random::share(shared.seed, &[number, 101]);
    let is_late = random::mix(shared.seed, &[number, 102]).is_multiple_of(2);
    let gateway = if is_late { Fault::CommitThenStatus(524) } else { Fault::FailBefore(524) };
    let table = [
        (rates.too_many, Fault::TooMany { retry_after_s: 1 }),
        (rates.internal, Fault::FailBefore(500)),
        (rates.gateway, gateway),
        (rates.reset, Fault::DropBefore),
        (rates.lost, Fault::CommitThenDrop),
        (rates.malformed, Fault::MalformedJson),
        (rates.oversized, Fault::Oversized { bytes: OVERSIZED_BYTES }),
    ];
    let mut sum = 0.0;
    let chosen = table.into_iter().find(|(rate, _)| {
        sum += rate;
        luck < sum
    });
    (chosen.map(|(_, fault)| fault), rates.latency_ms)
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Faults that keep the request from having any effect.
fn fails_before(fault: Fault) -> Option<Answer> {
    match fault {
        Fault::FailBefore(status) => Some(proxy_failure(status)),
        Fault::DropBefore => Some(proxy_failure(500)),
        Fault::TooMany { retry_after_s } => {
            Some(Answer { retry_after_s: Some(retry_after_s), ..Answer::refused(429, "Too many requests") })
        }
        _ => None,
    }
}

/// 403 and 524 come from the service before the API, as a page; the rest from the API.
fn proxy_failure(status: u16) -> Answer {
    match status {
        403 | 502..=599 => Answer::challenge(status),
        500 => Answer::refused(500, "Internal Server Error"),
        other => Answer::refused(other, "An error was injected by the simulator"),
    }
}

/// Applies what a fault does to a finished answer, writes it down and sends it.
fn finish(
    shared: &Shared,
    scissors: &Scissors,
    fault: Option<Fault>,
    answer: Answer,
    method: &str,
    path: &str,
) -> Response<Body> {
    let status = match fault {
        Some(Fault::CommitThenDrop) => 0,
        Some(Fault::CommitThenStatus(status)) => status,
        _ => answer.status,
    };
    record(shared, method, path, status);
    match fault {
        Some(Fault::CommitThenDrop) => {
            scissors.cut();
            send(answer)
        }
        Some(Fault::CommitThenStatus(status)) => send(proxy_failure(status)),
        Some(Fault::MalformedJson) => {
            let text = match answer.content {
                Content::Json(value) => value.to_string(),
                _ => "{\"success\":tr".to_owned(),
            };
            let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            raw(answer.status, "application/json", Body::from(text[..half].to_owned()))
        }
        Some(Fault::Html) => send(Answer { status: 200, ..Answer::challenge(200) }),
        Some(Fault::Oversized { bytes }) => raw(200, "application/json", oversized(bytes)),
        _ => send(answer),
    }
}

/// A valid envelope of that many bytes, made while it is sent.
fn oversized(bytes: u64) -> Body {
    let chunk = Bytes::from(vec![b' '; 65_536]);
    let open = std::iter::once(Bytes::from_static(b"{\"success\":true,\"error\":null,\"data\":["));
    let filling = (0..bytes / 65_536).map(move |_| chunk.clone());
    let close = std::iter::once(Bytes::from_static(b"]}"));
    let all = open.chain(filling).chain(close).map(Ok::<_, std::convert::Infallible>);
    Body::from_stream(futures::stream::iter(all))
}

fn record(shared: &Shared, method: &str, path: &str, status: u16) {
    let at = shared.clock.base_now();
    let record = RequestRecord { method: method.to_owned(), path: path.to_owned(), at, status };
    shared.with(|world| world.record(record));
}

fn send(answer: Answer) -> Response<Body> {
    let (kind, body) = match answer.content {
        Content::Json(value) => ("application/json", Body::from(value.to_string())),
        Content::Raw(bytes) => ("application/octet-stream", Body::from(bytes)),
        Content::Html(text) => ("text/html; charset=UTF-8", Body::from(text)),
        Content::Text(text) => ("text/plain; charset=UTF-8", Body::from(text)),
    };
    let mut response = raw(answer.status, kind, body);
    if let Some(wait_s) = answer.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    response
}

fn raw(status: u16, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
