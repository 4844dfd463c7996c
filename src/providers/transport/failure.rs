//! Requests that got no usable answer: what happened, and whether the request may have taken effect.

use std::error::Error;

use super::call::{Call, Class};
use super::redact::Redactor;
use super::refusal::Refusal;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::verdict::effect_when_lost;

/// The address does not answer.
const REACH_ADVICE: &str = "check the address, DNS, firewall and VPN";

/// What a failure of the HTTP client means.
pub(super) fn of_client(error: reqwest::Error, call: &Call, host: &str, redactor: &Redactor) -> Problem {
    let error = error.without_url();
    let cause = redactor.clean(&innermost(&error).to_string());
    let asked = call.describe();
    if error.is_connect() {
        if let Some(refusal) = Refusal::of(&error, host) {
            return refusal.problem(&asked);
        }
        return Problem {
            kind: ProblemKind::Unreachable,
            fault: Fault::Network,
            retry: Retry::Backoff,
            effect: Effect::None,
            message: format!("{asked}: {host} was not reached: {cause}"),
            advice: REACH_ADVICE.to_owned(),
        };
    }
    if error.is_builder() {
        return Problem {
            kind: ProblemKind::Refused,
            fault: Fault::Internal,
            retry: Retry::Never,
            effect: Effect::None,
            message: format!("{asked}: the request could not be built: {cause}"),
            advice: String::new(),
        };
    }
    // An answer that is not HTTP, or a body that is not what its encoding says; everything else hyper reports is a
    // connection that broke, also when it is found while decoding.
    let http = sources(&error).find_map(|source| source.downcast_ref::<hyper::Error>());
    let is_not_http = http.map_or_else(|| error.is_decode(), hyper::Error::is_parse);
    Problem {
        kind: if is_not_http { ProblemKind::Malformed } else { ProblemKind::Unreachable },
        fault: if is_not_http { Fault::Provider } else { Fault::Network },
        retry: Retry::Backoff,
        effect: effect_when_lost(call.class),
        message: format!("{asked}: the answer of {host} broke off: {cause}"),
        advice: lost_advice(call.class),
    }
}

/// The deadline passed.
pub(super) fn timed_out(call: &Call, host: &str) -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Backoff,
        effect: effect_when_lost(call.class),
        message: format!("{}: {host} did not answer within {} s", call.describe(), call.deadline.as_secs()),
        advice: lost_advice(call.class),
    }
}

/// A status that is neither a success nor refused by the provider's own judge.
pub(super) fn of_status(call: &Call, host: &str, status: u16) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: effect_when_lost(call.class),
        message: format!("{}: {host} answers {status}", call.describe()),
        advice: String::new(),
    }
}

/// The body is over the cap; the rest was not read.
pub(super) fn too_large(call: &Call, host: &str, cap_bytes: usize) -> Problem {
    Problem {
        kind: ProblemKind::TooLarge,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: effect_when_lost(call.class),
        message: format!(
            "{}: the answer of {host} is larger than {} KiB and was not read",
            call.describe(),
            cap_bytes / 1024
        ),
        advice: "check that the account's url is the provider's".to_owned(),
    }
}

/// A redirect: never followed, so that a key never goes to another address.
pub(super) fn redirected(
    call: &Call,
    host: &str,
    status: u16,
    target: Option<&str>,
    redactor: &Redactor,
) -> Problem {
    let target = target.map(|target| redactor.clean(target.split(['?', '#']).next().unwrap_or_default()));
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: match &target {
            Some(target) => {
                format!("{}: {host} redirects ({status}) to {target}; not followed", call.describe())
            }
            None => format!("{}: {host} redirects ({status}); not followed", call.describe()),
        },
        advice:
            "set the account's url to the provider's own address (https, right host, no path of a login page)"
                .to_owned(),
    }
}

fn lost_advice(class: Class) -> String {
    match class {
        Class::Read => String::new(),
        Class::Change => "it may have taken effect: look before repeating it".to_owned(),
    }
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    sources(error).last().unwrap_or(error)
}
