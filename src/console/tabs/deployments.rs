//! The deployments tab: not connected until its provider has an adapter.

use super::not_connected::NotConnected;

/// The tab.
#[must_use]
pub fn tab() -> NotConnected {
    NotConnected::new(
        "Deployments are not connected",
        &[
            "This tab will show customers' web, API and database containers at Docker. Each deployment with its state, its domain, its restarts and what it burns.",
            "This version of Quarterdeck has no adapter for Docker yet, so there is nothing to configure. When it comes, one account section in config.toml connects it; `quarterdeck config show` prints the file in use.",
        ],
    )
}
