//! Reaching the site's engine from a command: on this machine, started when needed, or on another over SSH.

use super::args::Arguments;
use super::engine::{EnginePaths, Launch, answers, attach_or_start};
use crate::config::Config;
use crate::config::paths::Paths;
use crate::link::transport::ssh_transport;
use crate::link::wire::Hello;
use crate::link::{LinkClient, LinkOptions, connect};
use crate::model::ids::OperatorName;
use crate::model::problem::Problem;

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name that the audit log knows this person by: `user@host`.
#[must_use]
pub fn operator() -> OperatorName {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten()
        .map_or_else(|| nix::unistd::getuid().to_string(), |user| user.name);
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    OperatorName(format!("{user}@{host}"))
}

/// What this program says when it connects; `origin` is `console` or `cli`.
#[must_use]
pub fn options(origin: &str, is_read_only: bool) -> LinkOptions {
    LinkOptions {
        hello: Hello { operator: operator(), origin: origin.to_owned(), is_read_only, wants_fleet: true },
        version: VERSION.to_owned(),
    }
}

/// Where the engine of this call keeps its files.
#[must_use]
pub fn engine_paths(paths: &Paths) -> EnginePaths {
    EnginePaths::in_data_dir(&paths.data_dir)
}

/// How a background engine is started: this program, with the same configuration and data folder.
///
/// # Errors
/// This program's own path is not known.
pub fn launch(paths: &Paths) -> Result<Launch, Problem> {
    let program = std::env::current_exe()
        .map_err(|error| Problem::storage(format!("finding this program: {error}")))?;
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
    };
    let mut arguments = vec!["--data-dir".to_owned(), absolute(&paths.data_dir)];
    if paths.config_file.exists() {
        arguments.extend(["--config".to_owned(), absolute(&paths.config_file)]);
    }
    arguments.extend(["engine", "run", "--background"].map(str::to_owned));
    Ok(Launch { program, arguments })
}

/// What is said where there is nothing to watch.
#[must_use]
pub fn nothing_configured(paths: &Paths) -> Problem {
    Problem::refused(
        format!("no panel is configured in {}", paths.config_file.display()),
        "try `quarterdeck demo`, or begin with `quarterdeck config init`",
    )
}

/// Connects to the engine that this call is about; an engine is not started where it would have nothing to watch.
///
/// # Errors
/// Nothing is configured and no engine runs, it cannot be started or reached, or speaks another protocol.
pub async fn connect_to_engine(
    arguments: &Arguments,
    config: &Config,
    paths: &Paths,
    origin: &str,
) -> Result<LinkClient, Problem> {
    let options = options(origin, config.console.is_read_only);
    match &arguments.host {
        Some(host) => connect(ssh_transport(host)?, options).await,
        None if config.panels.is_empty() && !answers(&engine_paths(paths).socket).await => {
            Err(nothing_configured(paths))
        }
        None => attach_or_start(&engine_paths(paths), &launch(paths)?, options).await,
    }
}
