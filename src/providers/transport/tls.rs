//! TLS for requests and sockets: ring, and the certificate authorities that the machine trusts.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// What the connection will carry, which decides the protocols offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Requests: HTTP/2 or HTTP/1.1.
    Requests,
    /// A websocket: HTTP/1.1 only.
    Socket,
}

/// Reading the machine's authorities takes tens of milliseconds: once per program, not per account.
static REQUESTS: OnceLock<ClientConfig> = OnceLock::new();
/// The same for sockets.
static SOCKETS: OnceLock<ClientConfig> = OnceLock::new();

/// A TLS configuration over ring, the same for every account. Cheap after the first.
pub fn client_config(usage: Use) -> Result<ClientConfig, Problem> {
    let kept = match usage {
        Use::Requests => &REQUESTS,
        Use::Socket => &SOCKETS,
    };
    if let Some(config) = kept.get() {
        return Ok(config.clone());
    }
    let config = fresh_config(usage)?;
    Ok(kept.get_or_init(|| config).clone())
}

/// Where the machine trusts nobody, plain HTTP still works and TLS fails with its reason.
fn fresh_config(usage: Use) -> Result<ClientConfig, Problem> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))
    };
    let mut config = match builder()?.with_platform_verifier() {
        Ok(builder) => builder.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no certificate authority found on this machine: https will be refused");
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
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
