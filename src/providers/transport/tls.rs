//! TLS for requests and sockets: ring, the authorities that the machine trusts, and those an account names besides.
//!
//! Must not: offer a way around the checks.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::{BuilderVerifierExt, Verifier};

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// The largest file of authorities read: the bundle of a whole operating system is some 200 KiB.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// What the connection will carry, which decides the protocols offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Requests: HTTP/2 or HTTP/1.1.
    Requests,
    /// A websocket: HTTP/1.1 only.
    Socket,
}

/// Authorities that one account trusts beside those of the machine: a panel behind a private CA.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// The certificates of a PEM file. Fails when it cannot be read or holds none.
    pub fn read(file: &Path) -> Result<Self, Problem> {
        let refuse = |why: String| {
            unusable(
                format!("ca_file {}: {why}", file.display()),
                "name a PEM file with the certificate of the authority (-----BEGIN CERTIFICATE-----)",
            )
        };
        let size = std::fs::metadata(file).map_err(|error| refuse(error.to_string()))?.len();
        if size > MAX_FILE_BYTES {
            return Err(refuse(format!("{size} bytes are too many")));
        }
        let text = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let found = found.map_err(|error| refuse(format!("not PEM: {error}")))?;
        if found.is_empty() {
            return Err(refuse("no certificate in it".to_owned()));
        }
        // What is no certificate is found here, with the file's name, and not at the first connection.
        let mut store = RootCertStore::empty();
        for certificate in &found {
            store.add(certificate.clone()).map_err(|error| refuse(error.to_string()))?;
        }
        Ok(Self(found))
    }
}

/// Reading the machine's authorities takes tens of milliseconds: once per program, not per account.
static REQUESTS: OnceLock<ClientConfig> = OnceLock::new();
/// The same for sockets.
static SOCKETS: OnceLock<ClientConfig> = OnceLock::new();

/// A TLS configuration over ring. Cheap after the first for accounts without authorities of their own.
pub fn client_config(usage: Use, authorities: &Authorities) -> Result<ClientConfig, Problem> {
    if !authorities.0.is_empty() {
        return fresh_config(usage, authorities);
    }
    let kept = match usage {
        Use::Requests => &REQUESTS,
        Use::Socket => &SOCKETS,
    };
    if let Some(config) = kept.get() {
        return Ok(config.clone());
    }
    let config = fresh_config(usage, authorities)?;
    Ok(kept.get_or_init(|| config).clone())
}

/// Where the machine trusts nobody, plain HTTP still works and TLS fails with its reason.
fn fresh_config(usage: Use, authorities: &Authorities) -> Result<ClientConfig, Problem> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&ring))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))
    };
    let mut config = if authorities.0.is_empty() {
        match builder()?.with_platform_verifier() {
            Ok(builder) => builder.with_no_client_auth(),
            Err(error) => {
                tracing::warn!(%error, "no certificate authority found on this machine: https will be refused");
                builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
            }
        }
    } else {
        let verifier = Verifier::new_with_extra_roots(authorities.0.iter().cloned(), Arc::clone(&ring))
            .map_err(|error| broken(&error))?;
        // `dangerous` is the library's word for any verifier handed in; this one checks everything.
        builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
    };
    config.alpn_protocols = match usage {
        Use::Requests => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Use::Socket => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

fn broken(error: &rustls::Error) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("TLS cannot be set up: {error}"),
        advice: String::new(),
    }
}

fn unusable(message: String, advice: &str) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message,
        advice: advice.to_owned(),
    }
}
