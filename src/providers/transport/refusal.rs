//! TLS that was refused: whose fault it is and what to do, the same words for panels, nodes and databases.
//!
//! A refused certificate is no outage: nothing was sent, and asking again changes nothing until a person acts.

use std::error::Error;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// Why a TLS connection was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was found, with the peer's name.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// Who has to do it.
    pub fault: Fault,
    /// Whether another attempt would end the same way.
    pub is_final: bool,
}

impl Refusal {
    /// The TLS failure inside an error of an HTTP client, a websocket or a database driver; nothing where TLS is not
    /// the cause. `host` is the peer as the configuration names it.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static), host: &str) -> Option<Self> {
        std::iter::successors(Some(error), |error| (*error).source())
            .find_map(tls_error)
            .map(|error| explain(error, host))
    }

    /// As a problem; `what` says what was attempted, as in `GET servers`.
    #[must_use]
    pub fn problem(self, what: &str) -> Problem {
        Problem {
            kind: ProblemKind::Unreachable,
            fault: self.fault,
            retry: if self.is_final { Retry::Never } else { Retry::Backoff },
            effect: Effect::None,
            message: format!("{what}: {}", self.message),
            advice: self.advice,
        }
    }
}

/// TLS errors travel inside IO errors, which do not show them as a source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    let inner: &(dyn Error + 'static) = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    tls_error(inner)
}

const RENEW: &str = "have it renewed where the certificate is served; nothing is sent until then";
const CLOCKS: &str = "compare the clocks of this machine and of the server";
const TRUST: &str = "if it is a private authority, name its certificate as ca_file of the account; \
else install ca-certificates, and have the server send its intermediate certificates";
const NAME: &str =
    "write the address with a name of the certificate, or have the certificate made for this one";
const OWN_AUTHORITY: &str = "make an authority, sign the server's certificate with it and name the authority as ca_file of the account";
const NOT_TLS: &str = "check scheme and port of the address";
const OLD: &str = "TLS 1.2 or 1.3 is needed: update the server";

fn explain(error: &rustls::Error, host: &str) -> Refusal {
    let refuse = |message: String, advice: &str, fault: Fault| Refusal {
        message,
        advice: advice.to_owned(),
        fault,
        is_final: true,
    };
    match error {
        rustls::Error::InvalidCertificate(found) => of_certificate(found, host),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            refuse(format!("{host} does not speak TLS on this port"), NOT_TLS, Fault::Configuration)
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            refuse(format!("{host} speaks no TLS that is safe: {error}"), OLD, Fault::Provider)
        }
        _ => Refusal {
            message: format!("the TLS connection to {host} failed: {error}"),
            advice: NOT_TLS.to_owned(),
            fault: Fault::Network,
            is_final: false,
        },
    }
}

fn of_certificate(found: &CertificateError, host: &str) -> Refusal {
    let (message, advice, fault) = match found {
        CertificateError::Expired => {
            (format!("the certificate of {host} has expired"), RENEW, Fault::Provider)
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("the certificate of {host} expired on {}", day(*not_after)), RENEW, Fault::Provider)
        }
        CertificateError::NotValidYet => {
            (format!("the certificate of {host} is not valid yet"), CLOCKS, Fault::Provider)
        }
        CertificateError::NotValidYetContext { not_before, .. } => (
            format!("the certificate of {host} is not valid before {}", day(*not_before)),
            CLOCKS,
            Fault::Provider,
        ),
        CertificateError::UnknownIssuer => (
            format!("the certificate of {host} comes from an authority that is not trusted here"),
            TRUST,
            Fault::Configuration,
        ),
        CertificateError::NotValidForName => {
            (format!("the certificate of {host} is for another name"), NAME, Fault::Configuration)
        }
        CertificateError::NotValidForNameContext { presented, .. } => (
            format!("the certificate of {host} is for another name: {}", names(presented)),
            NAME,
            Fault::Configuration,
        ),
        CertificateError::Revoked => {
            (format!("the certificate of {host} was revoked"), RENEW, Fault::Provider)
        }
        // The verifier's own error, which has no variant here.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            format!("the certificate of {host} is an authority's own, not a server's"),
            OWN_AUTHORITY,
            Fault::Provider,
        ),
        other => (format!("the certificate of {host} was refused: {other}"), RENEW, Fault::Provider),
    };
    Refusal { message, advice: advice.to_owned(), fault, is_final: true }
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "an unknown day".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// `DnsName("a.test")` as `a.test`, at most three of them.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        crate::model::sanitise::sanitise(inner.trim_matches('"'))
    };
    let mut shown: Vec<String> = presented.iter().take(3).map(bare).collect();
    if presented.len() > shown.len() {
        shown.push(format!("and {} more", presented.len() - shown.len()));
    }
    if shown.is_empty() { "it names none".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_failure_is_found_inside_io_errors_and_nothing_else_is_one() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let inner = std::io::Error::other(tls);
        let outer = std::io::Error::other(inner);
        let found = Refusal::of(&outer, "panel.test").unwrap();
        assert!(found.is_final && found.advice.contains("ca_file"), "{found:?}");
        assert_eq!(Refusal::of(&std::io::Error::other("reset"), "panel.test"), None);
    }

    #[test]
    fn a_broken_handshake_may_pass() {
        let alert = rustls::Error::AlertReceived(AlertDescription::InternalError);
        assert!(!explain(&alert, "panel.test").is_final);
        let plain = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert!(explain(&plain, "panel.test").message.contains("does not speak TLS"));
    }

    #[test]
    fn names_are_bare_and_few() {
        let presented: Vec<String> =
            ["DnsName(\"a.test\")", "IpAddress(127.0.0.1)", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(names(&presented), "a.test, 127.0.0.1, b, and 1 more");
        assert_eq!(names(&[]), "it names none");
    }
}
