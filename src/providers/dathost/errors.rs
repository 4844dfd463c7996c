//! What a refusal means. The shape of error bodies is not documented, so the status decides and the text is only shown:
//! `message`, else `error`, else the text as it is; a page of HTML is not DatHost's API at all (`providers/dathost.md` §1.1).

use serde_json::Value;

use super::endpoint::Endpoint;
use crate::model::problem::{Fault, Problem, ProblemKind, Retry};
use crate::providers::transport::Answer;
use crate::providers::verdict::{LIMITED_PAUSE_MS, Verdict, effect_when_lost, retry};

/// What was asked, as far as judging its answer needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) endpoint: Endpoint<'a>,
    /// `POST /game-servers/6530…/start`.
    pub(super) what: &'a str,
}

/// Passes on every success that is no page; turns everything else into its problem. `clean` takes secrets and control
/// characters out.
pub(super) fn judge(
    asked: Asked<'_>,
    answer: &Answer,
    clean: impl Fn(&str) -> String,
) -> Result<(), Problem> {
    let is_page = is_page(&answer.body);
    if answer.is_success() && is_page {
        return Err(malformed(asked, "a page and no answer of the API"));
    }
    if answer.is_success() {
        return Ok(());
    }
    let said = if is_page { "a page and no answer of the API".to_owned() } else { reason(&answer.body) };
    let verdict = of_status(asked, answer.status, answer.retry_after_ms, is_page);
    Err(verdict.into_problem(asked.what, &clean(&format!("{said} ({})", answer.status))))
}

/// A success whose body is not what the API says.
pub(super) fn malformed(asked: Asked<'_>, why: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: effect_when_lost(asked.endpoint.class()),
        message: format!("{}: the answer is not what DatHost should say: {why}", asked.what),
        advice: "check that the account's url is DatHost's and that no proxy answers in its place".to_owned(),
    }
}

/// Whether a body is HTML: what proxies and captive portals say.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The text for people.
fn reason(body: &[u8]) -> String {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let told = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| text(&value, "message").or_else(|| text(&value, "error")));
    let plain = told.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    if plain.is_empty() { "refused without a reason".to_owned() } else { plain }
}

fn of_status(asked: Asked<'_>, status: u16, retry_after_ms: Option<u64>, is_page: bool) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match status {
        400 | 422 if asked.endpoint.depends_on_state() => Verdict::new(
            K::Conflict,
            F::Request,
            R::Backoff,
            "its state forbids it now: look at it, at its deletion protection and at the credits left",
        ),
        401 => Verdict::new(K::Unauthenticated, F::Configuration, R::Never, LOGIN_ADVICE),
        402 => Verdict::new(K::Conflict, F::Request, R::Never, "add credits to the account"),
        403 if asked.endpoint == Endpoint::Account => {
            Verdict::new(K::Unauthenticated, F::Configuration, R::Never, LOGIN_ADVICE)
        }
        403 => Verdict::new(
            K::Forbidden,
            F::Configuration,
            R::Never,
            "the account may not do this: check who invited it (account_email)",
        ),
        404 => Verdict::new(K::NotFound, F::Request, R::Never, ""),
        405 => Verdict::new(
            K::Malformed,
            F::Configuration,
            R::Never,
            "DatHost does not know this call: check the url",
        ),
        409 => {
            Verdict::new(K::Conflict, F::Request, R::Backoff, "look at the server's state, then try again")
        }
        413 => Verdict::new(K::Invalid, F::Request, R::Never, "this is too large to be uploaded"),
        429 => Verdict::limited(
            retry_after_ms.unwrap_or(LIMITED_PAUSE_MS),
            "other programs with this login count too",
        ),
        507 => Verdict::new(
            K::NoCapacity,
            F::Request,
            R::Never,
            "the server's disk quota is used up: delete files or raise it",
        ),
        500..=599 => {
            let fault = if is_page { F::Network } else { F::Provider };
            Verdict::new(K::ServerError, fault, retry(retry_after_ms), "")
                .with_effect(effect_when_lost(asked.endpoint.class()))
        }
        _ => Verdict::new(K::Invalid, F::Request, R::Never, "correct what was sent"),
    }
}

const LOGIN_ADVICE: &str =
    "check email and password; accounts of a social login need a password of their own to use the API";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::problem::Effect;

    const ID: &str = "6530aa00bb11cc22dd33ee44";

    fn ask(endpoint: Endpoint<'_>, status: u16, body: &str) -> Result<(), Problem> {
        let asked = Asked { endpoint, what: "POST /x" };
        let answer = Answer { status, retry_after_ms: None, body: Bytes::copy_from_slice(body.as_bytes()) };
        judge(asked, &answer, str::to_owned)
    }

    #[test]
    fn the_table_of_refusals() {
        use {Effect as E, Endpoint as P, ProblemKind as K, Retry as R};
        let (start, delete) = (P::Start { id: ID }, P::DeleteServer { id: ID });
        let no = r#"{"message":"no"}"#;
        for (endpoint, status, body, kind, retry, effect) in [
            (delete, 400, no, K::Conflict, R::Backoff, E::None),
            (P::CreateServer, 400, no, K::Invalid, R::Never, E::None),
            (P::Servers, 401, "", K::Unauthenticated, R::Never, E::None),
            (P::Account, 403, no, K::Unauthenticated, R::Never, E::None),
            (P::Servers, 403, no, K::Forbidden, R::Never, E::None),
            (delete, 404, no, K::NotFound, R::Never, E::None),
            (start, 500, no, K::ServerError, R::Backoff, E::Possible),
            (P::Servers, 502, "<html>Bad Gateway</html>", K::ServerError, R::Backoff, E::None),
            (start, 429, no, K::RateLimited, R::AfterMs(30_000), E::None),
            (P::CreateServer, 507, no, K::NoCapacity, R::Never, E::None),
            (delete, 200, "<!DOCTYPE html>", K::Malformed, R::Never, E::Possible),
        ] {
            let problem = ask(endpoint, status, body).unwrap_err();
            assert_eq!(
                (problem.kind, problem.retry, problem.effect),
                (kind, retry, effect),
                "{status}: {problem}"
            );
            assert!(!problem.message.contains("html"), "{problem}");
        }
    }

    #[test]
    fn a_success_needs_no_body_and_every_shape_of_error_is_read() {
        for body in ["", "null", "OK", "{}"] {
            assert!(ask(Endpoint::Stop { id: ID }, 204, body).is_ok(), "{body}");
        }
        for body in [r#"{"message":"why"}"#, r#"{"error":"why"}"#, "why", r#"{"message":null,"error":"why"}"#]
        {
            let problem = ask(Endpoint::Account, 404, body).unwrap_err();
            assert_eq!(problem.message, "POST /x: why (404)");
        }
        assert!(ask(Endpoint::Account, 404, "").unwrap_err().message.contains("without a reason"));
    }
}
