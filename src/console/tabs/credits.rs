//! The credits tab: not connected until its provider has an adapter.

use super::not_connected::NotConnected;

/// The tab.
#[must_use]
pub fn tab() -> NotConnected {
    NotConnected::new(
        "Credits are not connected",
        &[
            "This tab will show prepaid credits at exaroton. Balances, what they burn, how long they last, and the readings kept for every day.",
            "This version of Quarterdeck has no adapter for exaroton yet, so there is nothing to configure. When it comes, one account section in config.toml connects it; `quarterdeck config show` prints the file in use.",
        ],
    )
}
