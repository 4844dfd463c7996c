//! What a refusal of the panel means, decided by status, `code` and broken rule, never by its text.
//!
//! The same status can come from the panel, from the node's daemon behind it, or from a proxy before it: the code tells
//! the first two apart, and a body that is no error envelope is the third (`providers/pterodactyl.md` §5).

use super::endpoint::Endpoint;
use super::types::PanelApi;
use super::wire::{ErrorEntry, Errors};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::transport::Answer;
use crate::providers::verdict::{Verdict, effect_when_lost};

/// What kind of key was used, told by its prefix (§1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `ptla_`: application API only.
    Application,
    /// `ptlc_`: a user's; an admin's works on both.
    Account,
    /// Older than 1.8, or not Pterodactyl's.
    Unknown,
}

impl KeyKind {
    pub(super) fn of(key: &str) -> Self {
        if key.starts_with("ptla_") {
            Self::Application
        } else if key.starts_with("ptlc_") {
            Self::Account
        } else {
            Self::Unknown
        }
    }
}

/// What was asked, as far as judging its answer needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) endpoint: Endpoint<'a>,
    pub(super) key: KeyKind,
    /// `POST /api/application/servers`.
    pub(super) what: &'a str,
}

/// Passes a success on; turns everything else into its problem. `clean` takes secrets and control characters out.
pub(super) fn judge(
    asked: Asked<'_>,
    answer: &Answer,
    clean: impl Fn(&str) -> String,
) -> Result<(), Problem> {
    if answer.is_success() {
        return Ok(());
    }
    let status = answer.status;
    let entries =
        serde_json::from_slice::<Errors>(&answer.body).map(|errors| errors.errors).unwrap_or_default();
    let (verdict, said) = match entries.first() {
        Some(first) => {
            let details: Vec<&str> =
                entries.iter().map(|entry| entry.detail.trim()).filter(|text| !text.is_empty()).collect();
            (
                of_code(asked, status, &entries, first, answer.retry_after_ms),
                format!("{} ({status} {})", details.join(" "), first.code),
            )
        }
        None => (
            of_foreign(asked, status, answer.retry_after_ms),
            format!("the answer ({status}) is not the panel's but a proxy's or another server's"),
        ),
    };
    Err(verdict.into_problem(asked.what, &clean(&without_tags(&said))))
}

/// A success whose body is not what the protocol says.
pub(super) fn malformed(asked: Asked<'_>, why: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: effect_when_lost(asked.endpoint.class()),
        message: format!("{}: the answer is not what the panel should say: {why}", asked.what),
        advice: "check that the url is the panel's and that no proxy answers in its place".to_owned(),
    }
}

/// The panel's own error envelope.
fn of_code(
    asked: Asked<'_>,
    status: u16,
    entries: &[ErrorEntry],
    first: &ErrorEntry,
    retry_after_ms: Option<u64>,
) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match first.code.as_str() {
        "DaemonConnectionException" => of_daemon(asked, status),
        "AuthenticationException" => Verdict::new(
            K::Unauthenticated,
            F::Configuration,
            R::Never,
            "make a new key on the panel and set it in the configuration",
        ),
        "TwoFactorAuthRequiredException" => Verdict::new(
            K::Forbidden,
            F::Configuration,
            R::Never,
            "the panel demands two-factor login: switch it on for the key's user",
        ),
        "ThrottleRequestsException" | "TooManyRequestsHttpException" => limited(retry_after_ms),
        "ValidationException" => of_validation(asked, entries),
        "NoViableNodeException" | "NoViableAllocationException" => Verdict::new(
            K::NoCapacity,
            F::Request,
            R::Backoff,
            "add a free allocation or a node, or choose another region",
        ),
        "ServerStateConflictException" | "ConflictHttpException" => Verdict::new(
            K::Conflict,
            F::Request,
            R::Backoff,
            "wait until the server is installed and neither suspended nor in maintenance",
        ),
        "HasActiveServersException" | "HasActiveNodesException" | "ServerUsingAllocationException" => {
            Verdict::new(K::Conflict, F::Request, R::Never, "something still uses it: remove that first")
        }
        "NotFoundHttpException" | "ModelNotFoundException" if status == 404 => {
            Verdict::new(K::NotFound, F::Request, R::Never, "")
        }
        // A server that does not run takes no commands (§4.4).
        "HttpException" if status == 502 && matches!(asked.endpoint, Endpoint::Command { .. }) => {
            Verdict::new(K::Conflict, F::Request, R::Never, "start the server first")
        }
        // The losers of a race for one allocation or one external id (§3.9): one server exists, not necessarily ours.
        "DataValidationException" | "QueryException" | "UniqueConstraintViolationException"
            if asked.endpoint == Endpoint::ServerCreate && status >= 500 =>
        {
            Verdict::new(
                K::Conflict,
                F::Provider,
                R::Backoff,
                "look the external id up, then try another allocation",
            )
            .with_effect(Effect::Possible)
        }
        _ => of_status(asked, status, retry_after_ms),
    }
}

/// The panel's envelope with a code that has no meaning of its own.
fn of_status(asked: Asked<'_>, status: u16, retry_after_ms: Option<u64>) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match status {
        401 => Verdict::new(
            K::Unauthenticated,
            F::Configuration,
            R::Never,
            "make a new key on the panel and set it in the configuration",
        ),
        403 => Verdict::new(K::Forbidden, F::Configuration, R::Never, forbidden_advice(asked)),
        404 => Verdict::new(K::NotFound, F::Request, R::Never, ""),
        405 => Verdict::new(
            K::Malformed,
            F::Configuration,
            R::Never,
            "the panel does not know this call: check the url and the panel's version",
        ),
        409 => Verdict::new(K::Conflict, F::Request, R::Backoff, "wait until what runs on it has ended"),
        419 => Verdict::new(
            K::Forbidden,
            F::Configuration,
            R::Never,
            "a proxy adds an Origin, Referer or cookie to requests: stop it from doing so",
        ),
        429 => limited(retry_after_ms),
        503 => Verdict::new(
            K::ServerError,
            F::Provider,
            retry_after_ms.map_or(R::Backoff, R::AfterMs),
            "the panel is in maintenance",
        )
        .with_effect(effect_when_lost(asked.endpoint.class())),
        500..=599 => {
            Verdict::new(K::ServerError, F::Provider, R::Backoff, "see the panel's log (storage/logs)")
                .with_effect(effect_when_lost(asked.endpoint.class()))
        }
        _ => Verdict::new(K::Invalid, F::Request, R::Never, ""),
    }
}

/// The daemon behind the panel refused or did not answer (§5.3). Its 4xx keep their status: they never mean the key.
fn of_daemon(asked: Asked<'_>, status: u16) -> Verdict {
    let advice = if asked.endpoint == Endpoint::ServerCreate {
        "check the node's daemon; the panel removes its row again, but look the external id up before repeating"
    } else {
        "check the node's daemon (wings) and its connection to the panel"
    };
    let retry = if status >= 500 || status == 409 { Retry::Backoff } else { Retry::Never };
    let effect = if status >= 500 { effect_when_lost(asked.endpoint.class()) } else { Effect::None };
    Verdict::new(ProblemKind::Daemon, Fault::Provider, retry, advice).with_effect(effect)
}

/// 422: which field broke which rule (§5.2).
fn of_validation(asked: Asked<'_>, entries: &[ErrorEntry]) -> Verdict {
    let breaks = |field: &str, rule: &str| {
        entries
            .iter()
            .filter_map(|entry| entry.meta.as_ref())
            .any(|meta| meta.source_field == field && meta.rule == rule)
    };
    let is_taken = match asked.endpoint {
        // `exists` says that it is taken or that there is none: the panel does not tell which.
        Endpoint::ServerCreate => breaks("external_id", "unique") || breaks("allocation.default", "exists"),
        Endpoint::ServerBuild { .. } => breaks("allocation", "unique"),
        Endpoint::UserCreate | Endpoint::UserUpdate { .. } => {
            ["external_id", "email", "username"].iter().any(|field| breaks(field, "unique"))
        }
        _ => false,
    };
    if is_taken {
        let advice = "it is taken: look up who has it, then choose another";
        Verdict::new(ProblemKind::Conflict, Fault::Request, Retry::Never, advice)
    } else {
        Verdict::new(ProblemKind::Invalid, Fault::Request, Retry::Never, "correct the values named")
    }
}

/// No envelope: a proxy, a protective service, or not a panel at all.
fn of_foreign(asked: Asked<'_>, status: u16, retry_after_ms: Option<u64>) -> Verdict {
    use {Fault as F, ProblemKind as K, Retry as R};
    match status {
        401 | 407 => Verdict::new(
            K::Unauthenticated,
            F::Configuration,
            R::Never,
            "a proxy before the panel asks for a login of its own",
        ),
        403 => Verdict::new(
            K::Forbidden,
            F::Configuration,
            R::Never,
            "a proxy or protective service before the panel refuses this machine: let it through",
        ),
        413 => Verdict::new(
            K::Invalid,
            F::Configuration,
            R::Never,
            "a proxy before the panel refuses bodies of this size",
        ),
        429 => limited(retry_after_ms),
        500..=599 => {
            let retry = retry_after_ms.map_or(R::Backoff, R::AfterMs);
            Verdict::new(
                K::ServerError,
                F::Network,
                retry,
                "see the log of the web server or proxy before the panel",
            )
            .with_effect(effect_when_lost(asked.endpoint.class()))
        }
        _ => Verdict::new(K::Malformed, F::Configuration, R::Never, "check that the url is the panel's"),
    }
}

fn limited(retry_after_ms: Option<u64>) -> Verdict {
    /// The panel's window (§5.5), for a refusal that names no time.
    const WINDOW_MS: u64 = 60_000;
    Verdict::limited(
        retry_after_ms.unwrap_or(WINDOW_MS),
        "give Quarterdeck a panel user of its own: keys of one user share one budget",
    )
}

fn forbidden_advice(asked: Asked<'_>) -> &'static str {
    match (asked.endpoint.api(), asked.key) {
        (PanelApi::Client, KeyKind::Application) => {
            "an application key (ptla_…) does not work on the client API: set client_key to an account key (ptlc_…)"
        }
        (PanelApi::Application, KeyKind::Account) => {
            "the key's user is no administrator, or the key's IP list does not hold this machine"
        }
        _ => {
            "the key lacks this permission, its user is no administrator any more, or its IP list does not hold this machine"
        }
    }
}

/// Some of the panel's texts hold HTML.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut is_in_tag = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' if characters.peek().is_some_and(|next| next.is_ascii_alphabetic() || *next == '/') => {
                is_in_tag = true;
            }
            '>' if is_in_tag => is_in_tag = false,
            character if !is_in_tag => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn ask(endpoint: Endpoint<'_>, key: KeyKind, status: u16, body: &str) -> Problem {
        let asked = Asked { endpoint, key, what: "POST /x" };
        let answer = Answer { status, retry_after_ms: None, body: Bytes::copy_from_slice(body.as_bytes()) };
        judge(asked, &answer, str::to_owned).unwrap_err()
    }

    fn envelope(code: &str, status: u16) -> String {
        format!(
            r#"{{"errors":[{{"code":"{code}","status":"{status}","detail":"<strong>no</strong> 1 < 2"}}]}}"#
        )
    }

    #[test]
    fn the_table_of_codes() {
        use {Effect as E, Endpoint as P, Fault as F, ProblemKind as K, Retry as R};
        let create = P::ServerCreate;
        let read = P::Servers;
        let power = P::Power { uuid: "88c40aa0" };
        let delete = P::ServerDelete { id: 1, is_forced: false };
        for (endpoint, code, status, kind, fault, retry, effect) in [
            (read, "AuthenticationException", 401, K::Unauthenticated, F::Configuration, R::Never, E::None),
            (read, "AccessDeniedHttpException", 403, K::Forbidden, F::Configuration, R::Never, E::None),
            (read, "TwoFactorAuthRequiredException", 400, K::Forbidden, F::Configuration, R::Never, E::None),
            (read, "NotFoundHttpException", 404, K::NotFound, F::Request, R::Never, E::None),
            (read, "MethodNotAllowedHttpException", 405, K::Malformed, F::Configuration, R::Never, E::None),
            (read, "InvalidFilterQuery", 400, K::Invalid, F::Request, R::Never, E::None),
            (read, "TypeError", 500, K::ServerError, F::Provider, R::Backoff, E::None),
            (
                read,
                "ThrottleRequestsException",
                429,
                K::RateLimited,
                F::Provider,
                R::AfterMs(60_000),
                E::None,
            ),
            (
                create,
                "ThrottleRequestsException",
                429,
                K::RateLimited,
                F::Provider,
                R::AfterMs(60_000),
                E::None,
            ),
            (create, "QueryException", 500, K::Conflict, F::Provider, R::Backoff, E::Possible),
            (create, "DataValidationException", 500, K::Conflict, F::Provider, R::Backoff, E::Possible),
            (create, "DaemonConnectionException", 504, K::Daemon, F::Provider, R::Backoff, E::Possible),
            (create, "DaemonConnectionException", 422, K::Daemon, F::Provider, R::Never, E::None),
            (create, "NoViableNodeException", 400, K::NoCapacity, F::Request, R::Backoff, E::None),
            (create, "HttpException", 503, K::ServerError, F::Provider, R::Backoff, E::Possible),
            (delete, "DaemonConnectionException", 404, K::Daemon, F::Provider, R::Never, E::None),
            (delete, "NotFoundHttpException", 404, K::NotFound, F::Request, R::Never, E::None),
            (power, "DaemonConnectionException", 409, K::Daemon, F::Provider, R::Backoff, E::None),
            (power, "ServerStateConflictException", 409, K::Conflict, F::Request, R::Backoff, E::None),
            (
                P::Command { uuid: "88c40aa0" },
                "HttpException",
                502,
                K::Conflict,
                F::Request,
                R::Never,
                E::None,
            ),
            (P::UserDelete { id: 2 }, "DisplayException", 400, K::Invalid, F::Request, R::Never, E::None),
        ] {
            let problem = ask(endpoint, KeyKind::Account, status, &envelope(code, status));
            let seen = (problem.kind, problem.fault, problem.retry, problem.effect);
            assert_eq!(seen, (kind, fault, retry, effect), "{code} {status}: {problem}");
            assert!(problem.message.starts_with("POST /x: no 1 < 2"), "{problem}");
        }
    }

    #[test]
    fn what_is_not_the_panels_is_a_proxys() {
        for (status, kind, fault) in [
            (502, ProblemKind::ServerError, Fault::Network),
            (403, ProblemKind::Forbidden, Fault::Configuration),
            (404, ProblemKind::Malformed, Fault::Configuration),
            (429, ProblemKind::RateLimited, Fault::Provider),
        ] {
            for body in ["<html>502 Bad Gateway</html>", "", "{}", r#"{"errors":[]}"#, "{\"message\":\"no\"}"]
            {
                let problem = ask(Endpoint::ServerCreate, KeyKind::Account, status, body);
                assert_eq!((problem.kind, problem.fault), (kind, fault), "{status} {body}");
                assert_eq!(problem.effect == Effect::Possible, status == 502);
                assert!(!problem.message.contains("html"), "a proxy's page is not shown: {problem}");
            }
        }
    }

    #[test]
    fn a_taken_allocation_or_id_is_a_conflict_and_other_rules_are_not() {
        let rule = |field: &str, rule: &str| {
            let body = format!(
                r#"{{"errors":[{{"code":"ValidationException","status":"422","detail":"d","meta":{{"source_field":"{field}","rule":"{rule}"}}}}]}}"#
            );
            ask(Endpoint::ServerCreate, KeyKind::Account, 422, &body).kind
        };
        assert_eq!(rule("external_id", "unique"), ProblemKind::Conflict);
        assert_eq!(rule("allocation.default", "exists"), ProblemKind::Conflict);
        assert_eq!(rule("allocation.default", "required"), ProblemKind::Invalid);
        assert_eq!(rule("environment.SERVER_JARFILE", "regex"), ProblemKind::Invalid);
    }

    #[test]
    fn the_wrong_kind_of_key_is_named() {
        let body = envelope("AccessDeniedHttpException", 403);
        let problem = ask(Endpoint::Account, KeyKind::Application, 403, &body);
        assert!(problem.advice.contains("ptlc_"), "{problem}");
        let problem = ask(Endpoint::Servers, KeyKind::Account, 403, &body);
        assert!(problem.advice.contains("administrator"), "{problem}");
    }
}
