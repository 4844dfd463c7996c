//! Calls about matches (`providers/dathost.md` §4.5): queued by the world with the faults that strike them, sent over loopback.
//!
//! Nothing is promised by the reference: a call is tried once. Only addresses of this machine are ever called.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header;
use serde_json::Value;
use tokio::sync::watch;

use super::matches::Match;
use super::shared::Shared;
use crate::sim::random;

/// Calls waiting at once; one more is lost.
const MOST_WAITING: usize = 10_000;
/// Calls remembered; the oldest leave.
const MOST_RECORDS: usize = 20_000;
/// The longest an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Between two looks at what waits, milliseconds of the process.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Shares of calls that go wrong, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HookRates {
    /// Never sent.
    pub lost: f64,
    /// Sent twice.
    pub duplicated: f64,
    /// Sent after the one that follows it.
    pub reordered: f64,
    /// Added before each, milliseconds of the process.
    pub delay_ms: u64,
}

/// A call that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRecord {
    /// The match's id.
    pub match_id: String,
    /// The event, or `match_end` and `round_end` of the older calls.
    pub event: String,
    /// What came of it.
    pub outcome: HookOutcome,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOutcome {
    /// A fault ate it, or too many waited.
    Lost,
    /// Its address is not of this machine: never called.
    NotLoopback,
    /// It was answered with this status.
    Answered(u16),
    /// Nobody answered.
    Failed,
}

/// A call that waits to be made.
#[derive(Debug, Clone)]
struct Waiting {
    match_id: String,
    event: String,
    url: String,
    authorization: String,
    body: String,
}

/// The calls of a world.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    pub(super) rates: HookRates,
    seed: u64,
    made: u64,
    waiting: VecDeque<Waiting>,
    /// Sent after the next one.
    held: Option<Waiting>,
    records: VecDeque<HookRecord>,
}

impl Hooks {
    pub(super) fn new(seed: u64, rates: HookRates) -> Self {
        Self { rates, seed, ..Self::default() }
    }

    /// Queues a call, unless no address is given.
    pub(super) fn call(&mut self, one: &Match, event: &str, url: &str, body: &Value) {
        if url.is_empty() {
            return;
        }
        let waiting = Waiting {
            match_id: one.id.clone(),
            event: event.to_owned(),
            url: url.to_owned(),
            authorization: one.webhooks.authorization.clone(),
            body: body.to_string(),
        };
        self.made += 1;
        let luck = |kind: u64, rate: f64| random::share(self.seed, &[self.made, kind]) < rate;
        let (is_lost, is_twice, is_held) = (
            luck(90, self.rates.lost),
            luck(91, self.rates.duplicated),
            luck(92, self.rates.reordered) && self.held.is_none(),
        );
        if !is_loopback(url) {
            self.record(&waiting, HookOutcome::NotLoopback);
        } else if is_lost || self.waiting.len() >= MOST_WAITING {
            self.record(&waiting, HookOutcome::Lost);
        } else if is_held {
            self.held = Some(waiting);
        } else {
            if is_twice {
                self.waiting.push_back(waiting.clone());
            }
            self.waiting.push_back(waiting);
            self.waiting.extend(self.held.take());
        }
    }

    /// What came of the calls so far, oldest first.
    pub(super) fn records(&self) -> Vec<HookRecord> {
        self.records.iter().cloned().collect()
    }

    fn record(&mut self, waiting: &Waiting, outcome: HookOutcome) {
        if self.records.len() >= MOST_RECORDS {
            self.records.pop_front();
        }
        let (match_id, event) = (waiting.match_id.clone(), waiting.event.clone());
        self.records.push_back(HookRecord { match_id, event, outcome });
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    url.scheme() == "http"
        && (host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()))
}

/// Makes calls until stopped.
pub(super) async fn send(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let Ok(client) = client() else { return };
    loop {
        tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        while let Some((waiting, delay_ms)) = next(&shared) {
            if delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            }
            let outcome = make(&client, &waiting).await;
            shared.with(|world| world.hooks.record(&waiting, outcome));
        }
    }
}

fn next(shared: &Shared) -> Option<(Waiting, u64)> {
    shared.with(|world| Some((world.hooks.waiting.pop_front()?, world.hooks.rates.delay_ms)))
}

async fn make(client: &reqwest::Client, waiting: &Waiting) -> HookOutcome {
    let mut request =
        client.post(&waiting.url).header(header::CONTENT_TYPE, "application/json").body(waiting.body.clone());
    if !waiting.authorization.is_empty() {
        request = request.header(header::AUTHORIZATION, &waiting.authorization);
    }
    match request.send().await {
        Ok(answer) => HookOutcome::Answered(answer.status().as_u16()),
        Err(_) => HookOutcome::Failed,
    }
}

/// A client that trusts nobody: calls go over plain loopback.
fn client() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()?)
}
