//! What a refusal means, decided by the status and by whether the body is the API's envelope; never by its text, which is
//! localised to the account's language (`providers/exaroton.md` §1.2).

use super::endpoint::Endpoint;
use super::wire::Envelope;
use crate::model::problem::{Fault, Problem, ProblemKind, Retry};
use crate::providers::transport::Answer;
use crate::providers::verdict::{LIMITED_PAUSE_MS, Verdict, effect_when_lost, retry};

/// The pause after the protective service before the API refused: recovery was seen after 30 s or more (§8).
const CHALLENGE_PAUSE_MS: u64 = 60_000;
/// A start or stop of a server that is already starting or stopping.
pub(super) const ALREADY_UNDER_WAY: u16 = 208;

/// What was asked, as far as judging its answer needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) endpoint: Endpoint<'a>,
    /// `POST /servers/Ab12/start/`.
    pub(super) what: &'a str,
}

/// Passes on what says success, and a signal that was already under way; turns everything else into its problem.
/// `clean` takes secrets and control characters out.
pub(super) fn judge(
    asked: Asked<'_>,
    answer: &Answer,
    clean: impl Fn(&str) -> String,
) -> Result<(), Problem> {
    let status = answer.status;
    if asked.endpoint.is_raw() && answer.is_success() {
        return Ok(());
    }
    let envelope = serde_json::from_slice::<Envelope<'_>>(&answer.body).ok();
    let (verdict, said) = match &envelope {
        Some(envelope) if answer.is_success() && envelope.success => return Ok(()),
        Some(_) if status == ALREADY_UNDER_WAY && asked.endpoint.is_signal() => return Ok(()),
        Some(envelope) => {
            let text = envelope.reason();
            (
                of_envelope(asked, status, answer.retry_after_ms),
                format!("{} ({status})", text.as_deref().unwrap_or("refused without a reason")),
            )
        }
        None if answer.is_success() => return Err(malformed(asked, "no answer of the API")),
        None => (
            of_foreign(asked, status, answer.retry_after_ms),
            format!("the answer ({status}) is not the API's but of a service before it"),
        ),
    };
    Err(verdict.into_problem(asked.what, &clean(&said)))
}

/// A success whose body is not what the API says.
pub(super) fn malformed(asked: Asked<'_>, why: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: effect_when_lost(asked.endpoint.class()),
        message: format!("{}: the answer is not what exaroton should say: {why}", asked.what),
        advice: "check that the account's url is exaroton's and that no proxy answers in its place"
            .to_owned(),
    }
}

/// The API's own refusal.
fn of_envelope(asked: Asked<'_>, status: u16, retry_after_ms: Option<u64>) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match status {
        200..=299 => {
            Verdict::new(K::Conflict, F::Request, R::Backoff, "look at the server's state, then try again")
        }
        400 | 409 if asked.endpoint.depends_on_state() => {
            Verdict::new(K::Conflict, F::Request, R::Backoff, "the server's state forbids it now: look at it")
        }
        401 => Verdict::new(K::Unauthenticated, F::Configuration, R::Never, TOKEN_ADVICE),
        // A wrong token and a missing permission have the same status; the account is everybody's own to read.
        403 if asked.endpoint == Endpoint::Account => {
            Verdict::new(K::Unauthenticated, F::Configuration, R::Never, TOKEN_ADVICE)
        }
        403 => Verdict::new(
            K::Forbidden,
            F::Configuration,
            R::Never,
            "the token is wrong, the owner does not share this with the account, or the file is protected",
        ),
        404 => Verdict::new(K::NotFound, F::Request, R::Never, ""),
        405 => Verdict::new(
            K::Malformed,
            F::Configuration,
            R::Never,
            "exaroton does not know this call: check the url",
        ),
        429 => limited(retry_after_ms),
        500..=599 => Verdict::new(K::ServerError, F::Provider, retry(retry_after_ms), "")
            .with_effect(effect_when_lost(asked.endpoint.class())),
        _ => Verdict::new(K::Invalid, F::Request, R::Never, ""),
    }
}

/// No envelope: the protective service before the API, a proxy, or not exaroton at all.
fn of_foreign(asked: Asked<'_>, status: u16, retry_after_ms: Option<u64>) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match status {
        401 | 407 => Verdict::new(
            K::Unauthenticated,
            F::Configuration,
            R::Never,
            "a proxy asks for a login of its own",
        ),
        // Never the token: that refusal comes as an envelope.
        403 => Verdict::new(
            K::RateLimited,
            F::Network,
            R::AfterMs(retry_after_ms.unwrap_or(CHALLENGE_PAUSE_MS)),
            "exaroton's protective service refuses this machine for now: ask less often; it may take hours",
        ),
        413 => Verdict::new(K::Invalid, F::Request, R::Never, "this is too large to be uploaded"),
        429 => limited(retry_after_ms),
        // 524: the protective service gave up waiting, as it does for uploads over 10 MB.
        500..=599 => Verdict::new(K::ServerError, F::Network, retry(retry_after_ms), "")
            .with_effect(effect_when_lost(asked.endpoint.class())),
        _ => Verdict::new(
            K::Malformed,
            F::Configuration,
            R::Never,
            "check that the account's url is exaroton's",
        ),
    }
}

const TOKEN_ADVICE: &str = "make a new API token on exaroton.com/account and set it in the configuration";

fn limited(retry_after_ms: Option<u64>) -> Verdict {
    Verdict::limited(retry_after_ms.unwrap_or(LIMITED_PAUSE_MS), "other programs with this token count too")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::problem::Effect;

    const ID: &str = "Ab12Cd34Ef56Gh78";

    fn ask(endpoint: Endpoint<'_>, status: u16, body: &str) -> Result<(), Problem> {
        let asked = Asked { endpoint, what: "GET /x" };
        let answer = Answer { status, retry_after_ms: None, body: Bytes::copy_from_slice(body.as_bytes()) };
        judge(asked, &answer, str::to_owned)
    }

    fn refusal(text: &str) -> String {
        format!(r#"{{"success":false,"error":"{text}","data":null}}"#)
    }

    #[test]
    fn the_table_of_refusals() {
        use {Effect as E, Endpoint as P, ProblemKind as K, Retry as R};
        let start = P::Start { id: ID };
        let ram = P::Ram { id: ID };
        let html = "<html><title>Just a moment...</title></html>".to_owned();
        for (endpoint, status, body, kind, retry, effect) in [
            (start, 400, refusal("Server is not offline"), K::Conflict, R::Backoff, E::None),
            (start, 400, refusal("服务器未离线"), K::Conflict, R::Backoff, E::None),
            (start, 200, refusal("no"), K::Conflict, R::Backoff, E::None),
            (start, 500, refusal("Server is already starting"), K::ServerError, R::Backoff, E::Possible),
            (start, 524, html.clone(), K::ServerError, R::Backoff, E::Possible),
            (start, 429, refusal("slow down"), K::RateLimited, R::AfterMs(30_000), E::None),
            (ram, 500, refusal("Internal Server Error"), K::ServerError, R::Backoff, E::None),
            (ram, 403, refusal("Access denied"), K::Forbidden, R::Never, E::None),
            (P::Account, 403, refusal("Invalid API token"), K::Unauthenticated, R::Never, E::None),
            (ram, 403, html, K::RateLimited, R::AfterMs(60_000), E::None),
            (ram, 403, "error code: 1010".to_owned(), K::RateLimited, R::AfterMs(60_000), E::None),
            (ram, 404, refusal("File not found"), K::NotFound, R::Never, E::None),
            (P::SetMotd { id: ID }, 400, refusal("too long"), K::Invalid, R::Never, E::None),
            (start, 200, "hello".to_owned(), K::Malformed, R::Never, E::Possible),
        ] {
            let problem = ask(endpoint, status, &body).unwrap_err();
            assert_eq!(
                (problem.kind, problem.retry, problem.effect),
                (kind, retry, effect),
                "{status}: {problem}"
            );
        }
    }

    #[test]
    fn already_under_way_is_no_failure_and_no_plain_success() {
        let body = refusal("Server is already starting");
        assert!(ask(Endpoint::Start { id: ID }, 208, &body).is_ok());
        assert_eq!(ask(Endpoint::Motd { id: ID }, 208, &body).unwrap_err().kind, ProblemKind::Conflict);
        assert!(ask(Endpoint::ReadFile { id: ID, path: "a" }, 200, &body).is_ok(), "a file is its bytes");
    }
}
