//! The only request path to any provider: budget, deadline, retry class, redaction, size cap, no redirect.
//!
//! A call's life: a turn from the [`budget`] → sent with the key, JSON headers and nothing that identifies a browser →
//! status and headers (budget corrected, a redirect refused) → body read up to the cap → judged by the provider's own
//! module, which turns refusals into [`Problem`]s → a read that failed quickly is asked again, at most twice.
//!
//! Must not: know a provider's words; follow a redirect; put a secret into any text.

pub mod budget;
mod call;
mod download;
mod failure;
mod login;
mod redact;
mod refusal;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rand::Rng;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

pub use budget::{Budget, BudgetLevel, Priority};
pub use call::{Answer, Call, Class, Field, Payload};
pub use download::Download;
pub use login::Login;
pub use redact::Redactor;
pub use refusal::Refusal;
pub use tls::{Authorities, Use as TlsUse, client_config as tls_client_config};

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Clock;
use budget::{Permit, Told};

/// The largest answer read unless configured otherwise, in decoded bytes: a page of 100 servers is some 300 KiB.
pub const DEFAULT_BODY_CAP_BYTES: usize = 8 * 1024 * 1024;
/// How often one read is sent at most.
const MAX_ATTEMPTS: u32 = 3;
/// The first pause between attempts of a read; doubles, with jitter.
const FIRST_PAUSE_MS: u64 = 250;
/// Idle connections are closed before common servers close them (nginx: 75 s), so that a change rarely meets a dead one.
const POOL_IDLE: Duration = Duration::from_secs(30);
/// The status that says so.
const TOO_MANY_REQUESTS: u16 = 429;
/// Who asks; some protective proxies refuse clients without a name.
pub const USER_AGENT: &str = concat!("quarterdeck/", env!("CARGO_PKG_VERSION"));

/// What a transport needs to know.
pub struct TransportSettings {
    /// Whose budget, for messages: `account main, application API`.
    pub name: String,
    /// Scheme, host, optional port and path.
    pub url: String,
    /// How requests say who asks.
    pub login: Login,
    /// Further headers of every request; none holds a secret.
    pub headers: Vec<(&'static str, String)>,
    /// Deadline for reaching the provider.
    pub connect_timeout: Duration,
    /// The largest answer read, in decoded bytes.
    pub body_cap_bytes: usize,
    /// Every secret of the account, to be taken out of texts.
    pub redactor: Redactor,
    /// Whom the account trusts beside the machine's authorities.
    pub authorities: Authorities,
}

/// The request path of one account and API. Cheap to clone; clones share connections and budget.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    base: Arc<str>,
    host: Arc<str>,
    authorization: HeaderValue,
    headers: HeaderMap,
    budget: Arc<Budget>,
    body_cap_bytes: usize,
    redactor: Arc<Redactor>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport for these settings. Fails when the address is no plain http(s) URL or the key fits in no header.
    pub fn new(settings: &TransportSettings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let (base, host) = base_of(&settings.url)?;
        let headers = settings
            .headers
            .iter()
            .map(|(name, value)| Ok((HeaderName::from_static(name), header_value(value, name)?)))
            .collect::<Result<HeaderMap, Problem>>()?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(tls::Use::Requests, &settings.authorities)?)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(POOL_IDLE);
        if is_loopback(&host) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| configuration(&format!("the HTTP client cannot be set up: {error}"), ""))?;
        Ok(Self {
            client,
            base: base.into(),
            host: host.into(),
            authorization: settings.login.header()?,
            headers,
            budget: Budget::new(settings.name.clone()),
            body_cap_bytes: settings.body_cap_bytes,
            redactor: Arc::new(settings.redactor.clone()),
            clock,
        })
    }

    /// The account's address without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What is left of the budget.
    #[must_use]
    pub fn level(&self) -> BudgetLevel {
        self.budget.level()
    }

    /// Takes secrets and control characters out of a provider's text.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.redactor.clean(text)
    }

    /// Takes the account's secrets and those of a call out of a provider's text.
    #[must_use]
    pub fn redactor_of(&self, call: &Call) -> Redactor {
        self.redactor.with(&call.secrets)
    }

    /// Sends a call and judges its answer; reads that failed quickly are sent again. Cancel-safe in that a dropped call is
    /// ended, but a change may then have taken effect.
    pub async fn send(
        &self,
        call: &Call,
        judge: impl Fn(&Answer) -> Result<(), Problem> + Send + Sync,
    ) -> Result<Answer, Problem> {
        let mut attempt = 1;
        loop {
            let outcome = match self.attempt(call).await {
                Ok(answer) => match judge(&answer) {
                    Ok(()) => Ok(answer),
                    Err(problem) => Err(self.heed(&answer, problem)),
                },
                Err(problem) => Err(problem),
            };
            match outcome {
                Err(problem) if attempt < MAX_ATTEMPTS && is_worth_repeating(call, &problem) => {
                    tracing::debug!(call = call.describe(), attempt, %problem, "asking again");
                    if problem.kind != ProblemKind::RateLimited {
                        tokio::time::sleep(pause_before(attempt)).await;
                    }
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// A refusal for asking too much that came without the status for it pauses the budget all the same.
    fn heed(&self, answer: &Answer, problem: Problem) -> Problem {
        if let (ProblemKind::RateLimited, Retry::AfterMs(pause_ms), true) =
            (problem.kind, problem.retry, answer.status != TOO_MANY_REQUESTS)
        {
            self.budget.pause(pause_ms);
        }
        problem
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Problem> {
        let request = self.request(call)?;
        let mut permit = self.budget.acquire(call.priority).await?;
        let began = tokio::time::Instant::now();
        let outcome = tokio::time::timeout(call.deadline, self.exchange(call, request, &mut permit))
            .await
            .unwrap_or_else(|_| Err(failure::timed_out(call, &self.host)));
        drop(permit);
        let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = outcome.as_ref().map_or(0, |answer| answer.status);
        tracing::debug!(host = %self.host, call = call.describe(), status, elapsed_ms, "asked");
        outcome
    }

    fn request(&self, call: &Call) -> Result<reqwest::Request, Problem> {
        let wanted = format!("{}{}", self.base, call.path);
        let mut url = reqwest::Url::parse(&wanted).map_err(|_| bent(call))?;
        // A segment like `..` would be resolved away and reach another endpoint.
        if url.as_str() != wanted {
            return Err(bent(call));
        }
        if !call.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(call.query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        let mut request = self
            .client
            .request(call.method.clone(), url)
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, self.authorization.clone())
            .headers(self.headers.clone());
        request = match &call.body {
            None => request,
            Some(Payload::Json(value)) => request.json(value),
            Some(Payload::Form(fields)) => request.multipart(form(fields)),
            Some(Payload::Raw { content_type, bytes }) => {
                request.header(header::CONTENT_TYPE, *content_type).body(bytes.clone())
            }
        };
        request.build().map_err(|error| failure::of_client(error, call, &self.host, &self.redactor))
    }

    async fn exchange(
        &self,
        call: &Call,
        request: reqwest::Request,
        permit: &mut Permit,
    ) -> Result<Answer, Problem> {
        let head = self.head(call, request, permit).await?;
        self.whole(call, head).await
    }

    /// Sends a request and reads what comes before the body; a redirect is refused.
    async fn head(
        &self,
        call: &Call,
        request: reqwest::Request,
        permit: &mut Permit,
    ) -> Result<Head, Problem> {
        let response = self.client.execute(request).await.map_err(|error| self.failed(call, error))?;
        let status = response.status().as_u16();
        let retry_after_ms = retry_after_ms(response.headers(), self.clock.as_ref());
        permit.note(told_by(response.headers(), status, retry_after_ms, call.has_own_limit));
        if (300..400).contains(&status) {
            let target = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            return Err(failure::redirected(call, &self.host, status, target, &self.redactor));
        }
        Ok(Head { response, status, retry_after_ms })
    }

    /// Reads the whole body, up to the cap.
    async fn whole(&self, call: &Call, mut head: Head) -> Result<Answer, Problem> {
        let cap = self.body_cap_bytes;
        if head.response.content_length().is_some_and(|length| length > cap as u64) {
            return Err(failure::too_large(call, &self.host, cap));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = head.response.chunk().await.map_err(|error| self.failed(call, error))? {
            if body.len() + chunk.len() > cap {
                return Err(failure::too_large(call, &self.host, cap));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: head.status, retry_after_ms: head.retry_after_ms, body: body.freeze() })
    }

    fn failed(&self, call: &Call, error: reqwest::Error) -> Problem {
        failure::of_client(error, call, &self.host, &self.redactor)
    }

    /// Begins to read a body that may be larger than memory should hold, at most `cap_bytes` of it; sent once. A refusal is
    /// judged as in [`Self::send`]. Cancel-safe.
    pub async fn download(
        &self,
        call: Call,
        cap_bytes: u64,
        judge: impl Fn(&Answer) -> Result<(), Problem> + Send + Sync,
    ) -> Result<Download, Problem> {
        let ends_at = tokio::time::Instant::now() + call.deadline;
        let request = self.request(&call)?;
        let mut permit = self.budget.acquire(call.priority).await?;
        let opening = async {
            let head = self.head(&call, request, &mut permit).await?;
            if (200..300).contains(&head.status) {
                return Ok(head);
            }
            let refused = self.whole(&call, head).await?;
            judge(&refused)?;
            Err(failure::of_status(&call, &self.host, refused.status))
        };
        let head = tokio::time::timeout_at(ends_at, opening)
            .await
            .unwrap_or_else(|_| Err(failure::timed_out(&call, &self.host)))?;
        let is_too_large = head.response.content_length().is_some_and(|length| length > cap_bytes);
        if is_too_large {
            return Err(failure::too_large(
                &call,
                &self.host,
                usize::try_from(cap_bytes).unwrap_or(usize::MAX),
            ));
        }
        Ok(Download {
            transport: self.clone(),
            response: head.response,
            call,
            cap_bytes,
            read_bytes: 0,
            ends_at,
        })
    }
}

/// What comes before a body.
struct Head {
    response: reqwest::Response,
    status: u16,
    retry_after_ms: Option<u64>,
}

/// The fields of a form as `multipart/form-data`.
fn form(fields: &[Field]) -> reqwest::multipart::Form {
    let empty = reqwest::multipart::Form::new();
    fields.iter().fold(empty, |form, field| form.text(field.name.clone(), field.value().to_owned()))
}

/// A value that a header can carry.
fn header_value(text: &str, what: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| {
        configuration(&format!("the {what} holds characters that no header can carry"), "write it again")
    })
}

/// Whether the same call is sent again here, without asking its caller.
fn is_worth_repeating(call: &Call, problem: &Problem) -> bool {
    if call.is_sent_once {
        return false;
    }
    match problem.kind {
        // Nothing happened; the budget makes the repetition wait as long as it must, or refuses to.
        ProblemKind::RateLimited => {
            !call.has_own_limit && problem.effect == Effect::None && problem.retry != Retry::Never
        }
        // A timeout is not repeated: its caller waited long enough.
        ProblemKind::Unreachable | ProblemKind::ServerError => {
            call.class == Class::Read
                && problem.retry == Retry::Backoff
                && problem.fault != Fault::Configuration
        }
        _ => false,
    }
}

/// 250 ms, 500 ms …, each between half and one and a half times that.
fn pause_before(attempt: u32) -> Duration {
    let base_ms = FIRST_PAUSE_MS << (attempt - 1).min(6);
    Duration::from_millis(rand::rng().random_range(base_ms / 2..=base_ms * 3 / 2))
}

/// What an answer's headers say about the budget.
fn told_by(headers: &HeaderMap, status: u16, retry_after_ms: Option<u64>, has_own_limit: bool) -> Told {
    if has_own_limit {
        return Told::default();
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let pause = if status == 429 { Told::refused(retry_after_ms) } else { Told::default() };
    Told { limit: number("x-ratelimit-limit"), remaining: number("x-ratelimit-remaining"), ..pause }
}

/// `Retry-After` in milliseconds: seconds, or a date as some proxies write it.
fn retry_after_ms(headers: &HeaderMap, clock: &dyn Clock) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(u64::try_from(at.timestamp_millis().saturating_sub(clock.now().0)).unwrap_or(0))
}

/// The address without a slash at its end, and its host for messages.
fn base_of(url: &str) -> Result<(String, String), Problem> {
    let wrong = |why: &str| {
        configuration(&format!("the account's url {why}"), "write it as https://panel.example.net")
    };
    let parsed = reqwest::Url::parse(url.trim()).map_err(|_| wrong("is not a URL"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("holds a user name or password"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("holds a query or fragment"));
    }
    let host =
        parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no host"))?.to_owned();
    Ok((parsed.as_str().trim_end_matches('/').to_owned(), host))
}

/// A proxy of the environment is never asked for loopback addresses.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bent(call: &Call) -> Problem {
    Problem::refused(
        format!("{}: the path would reach another endpoint", call.describe()),
        "check the id that was given",
    )
}

fn configuration(message: &str, advice: &str) -> Problem {
    Problem {
        kind: ProblemKind::Refused,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: message.to_owned(),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{ManualClock, Timestamp};

    #[test]
    fn addresses_are_checked_and_trimmed() {
        assert_eq!(base_of("https://Panel.Example.net/").unwrap().0, "https://panel.example.net");
        assert_eq!(base_of("http://127.0.0.1:8080/panel/").unwrap().0, "http://127.0.0.1:8080/panel");
        for wrong in ["panel.example.net", "ftp://x", "https://u:p@x", "https://x/?a=1", "https://x/#f", ""] {
            let problem = base_of(wrong).unwrap_err();
            assert_eq!(problem.fault, Fault::Configuration, "{wrong}");
            assert!(!problem.message.contains("u:p"), "{problem}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let clock = ManualClock::at(Timestamp::parse("2026-11-20T16:00:00Z").unwrap());
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(value))])
        };
        assert_eq!(retry_after_ms(&headers("45"), &clock), Some(45_000));
        assert_eq!(retry_after_ms(&headers("Fri, 20 Nov 2026 16:00:07 GMT"), &clock), Some(7_000));
        assert_eq!(retry_after_ms(&headers("soon"), &clock), None);
    }

    #[test]
    fn an_endpoint_with_its_own_limit_says_nothing_of_the_budget() {
        let headers = HeaderMap::from_iter([
            (header::HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from_static("5")),
            (header::HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from_static("0")),
        ]);
        assert_eq!(told_by(&headers, 429, Some(9_000), true), Told::default());
        let told = told_by(&headers, 429, Some(9_000), false);
        assert_eq!((told.limit, told.remaining, told.pause_ms), (Some(5), Some(0), Some(9_000)));
        assert_eq!(told_by(&headers, 200, None, false).pause_ms, None);
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for attempt in 1..100 {
            let pause = pause_before(attempt);
            assert!(
                pause >= Duration::from_millis(125) && pause <= Duration::from_secs(24),
                "{attempt}: {pause:?}"
            );
        }
    }
}
