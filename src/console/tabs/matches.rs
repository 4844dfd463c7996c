//! The matches tab: not connected until its provider has an adapter.

use super::not_connected::NotConnected;

/// The tab.
#[must_use]
pub fn tab() -> NotConnected {
    NotConnected::new(
        "Matches are not connected",
        &[
            "This tab will show rented CS2 match servers at DatHost. Each match with its phase, its server and what it burns, from the request to the destroyed server.",
            "This version of Quarterdeck has no adapter for DatHost yet, so there is nothing to configure. When it comes, one account section in config.toml connects it; `quarterdeck config show` prints the file in use.",
        ],
    )
}
