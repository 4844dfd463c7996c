//! The listener: faults, the old address, authentication, limits, and the answer on the wire.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::sync::watch;

use super::answer::{Answer, Refusal, page, said};
use super::body::{self, Received};
use super::routes::{self, Call};
use super::shared::Shared;
use super::world::World;
use crate::sim::answer::{Content, Manner};
use crate::sim::listener::{CutListener, Scissors};
use crate::sim::records::RequestRecord;

/// The largest request body that is read: uploads over it are refused (§3.7).
const MOST_BODY_BYTES: usize = 100 * 1024 * 1024;
/// The path of the old address, which only redirects (§1).
pub(super) const OLD_PATH: &str = "/old/api/0.1";
/// A proxy that gave up waiting.
const GAVE_UP: u16 = 504;

/// 502 to 504 come from a proxy, as a page; the rest from the API.
const MANNER: Manner = Manner {
    failure: |status| match status {
        502..=504 => page(status),
        429 => said(429, "Too many requests"),
        other => said(other, "An error was injected by the simulator"),
    },
    json: "{\"id\":\"65",
    list: ("[", "]"),
};

/// What handlers are given.
#[derive(Clone)]
struct Site {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

/// Serves until stopped.
pub(super) async fn serve(listener: CutListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let mut until = stopped.clone();
    let app = Router::new().fallback(answer).with_state(Site { shared, stopped });
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
    let (fault, latency_ms) = {
        let strikes = &mut shared.faults().strikes;
        (strikes.choose(shared.seed, &method, &path, GAVE_UP), strikes.rates.latency_ms)
    };
    let failed = MANNER.before(fault, latency_ms, scissors).await;
    let (status, response) = if let Some(failed) = failed {
        failed
    } else {
        let Ok(bytes) = axum::body::to_bytes(body, MOST_BODY_BYTES).await else {
            return said(413, "Too large").send();
        };
        let received = body::read(&parts, bytes).await;
        MANNER.after(fault, admit(shared, &parts, received), scissors)
    };
    let record = RequestRecord { method, path, at: shared.clock.base_now(), status };
    shared.with(|world| world.records.add(record));
    response
}

/// The old address, the login, the limit; then the handler.
fn admit(shared: &Shared, parts: &Parts, received: Option<Received>) -> Answer {
    let path = parts.uri.path();
    if let Some(rest) = path.strip_prefix(OLD_PATH) {
        return Answer {
            status: 301,
            content: Content::Moved(format!("{}{rest}", shared.url)),
            retry_after_s: None,
        };
    }
    let account = match shared.with(|world| account_of(world, &parts.headers)) {
        Ok(account) => account,
        Err(refusal) => return refusal.answer(),
    };
    if let Some(wait_s) = shared.faults().limit.count(&account, shared.clock.base_now()) {
        return Answer { retry_after_s: Some(wait_s), ..said(429, "Too many requests") };
    }
    let Some(body) = received else { return said(400, "The body could not be read") };
    let query = Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default();
    let call = Call { method: parts.method.as_str(), account, body, query };
    shared.with(|world| routes::answer(world, &call, path))
}

/// The account that a request acts on: its login's, or one that invited it.
fn account_of(world: &World, headers: &HeaderMap) -> Result<String, Refusal> {
    let (email, password) = login_of(headers).ok_or(Refusal::WrongLogin)?;
    let account = world
        .accounts
        .values()
        .find(|account| account.email == email && account.password == password)
        .ok_or(Refusal::WrongLogin)?;
    let Some(other) = headers.get("account-email").and_then(|other| other.to_str().ok()) else {
        return Ok(account.id.clone());
    };
    if other != account.email && !account.invited_by.contains(other) {
        return Err(Refusal::NotInvited);
    }
    let other = world.accounts.values().find(|account| account.email == other);
    other.map(|account| account.id.clone()).ok_or(Refusal::NotInvited)
}

/// Email and password of a Basic login.
fn login_of(headers: &HeaderMap) -> Option<(String, String)> {
    let pair = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(pair.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(email, password)| (email.to_owned(), password.to_owned()))
}
