//! Where the program's own words go: standard error, which a background engine's start points at its log file.

use tracing_subscriber::EnvFilter;

/// Sets up logging: `QUARTERDECK_LOG` chooses what (`debug`, `quarterdeck::engine=trace`), `info` by default.
///
/// A second call changes nothing.
pub fn start() {
    super::panics::log_them();
    let filter = EnvFilter::try_from_env("QUARTERDECK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr);
    // Fails only when logging was set up already.
    let _already = subscriber.try_init();
}
