//! The listener: faults, the service before the API, authentication, limits, and the answer on the wire.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use tokio::sync::watch;

use super::answer::{Answer, Refusal};
use super::routes::{self, Call};
use super::shared::Shared;
use super::socket;
use super::world::World;
use crate::sim::answer::Manner;
use crate::sim::listener::{CutListener, Scissors};
use crate::sim::records::RequestRecord;

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

/// 403 and 524 come from the service before the API, as a page; the rest from the API.
const MANNER: Manner = Manner {
    failure: |status| match status {
        403 | 502..=599 => Answer::challenge(status),
        429 => Answer::refused(429, "Too many requests"),
        500 => Answer::refused(500, "Internal Server Error"),
        other => Answer::refused(other, "An error was injected by the simulator"),
    },
    json: "{\"success\":tr",
    list: ("{\"success\":true,\"error\":null,\"data\":[", "]}"),
};

/// A proxy that gave up waiting.
const GAVE_UP: u16 = 524;

async fn work(shared: &Shared, scissors: &Scissors, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let (fault, latency_ms) = {
        let strikes = &mut shared.faults().strikes;
        (strikes.choose(shared.seed, &method, &path, GAVE_UP), strikes.rates.latency_ms)
    };
    let (status, response) = match MANNER.before(fault, latency_ms, scissors).await {
        Some(failed) => failed,
        None => match axum::body::to_bytes(body, MOST_BODY_BYTES).await {
            Err(_) => return Answer::challenge(GAVE_UP).send(),
            Ok(bytes) => MANNER.after(fault, admit(shared, &parts.headers, &method, &path, &bytes), scissors),
        },
    };
    let record = RequestRecord { method, path, at: shared.clock.base_now(), status };
    shared.with(|world| world.records.add(record));
    response
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
    if let Some(wait_s) = shared.faults().limit.count(&account, shared.clock.base_now()) {
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
