//! The site: what one engine watches, as every frame and confirmation names it.

use serde::{Deserialize, Serialize};

use super::money::Rates;

/// Name, colour and word of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The site's name, shown in every frame.
    pub name: String,
    /// A word for what it is: `PRODUCTION`, `STAGING`; empty for none.
    pub word: String,
    /// A theme colour name or `#rrggbb` for the word; empty for the theme's own.
    pub colour: String,
    /// Whether everything behind it is simulated; the screen says SIMULATED.
    pub is_simulated: bool,
    /// Whether the engine refuses every action.
    pub is_read_only: bool,
    /// The reporting currency and its rates.
    pub rates: Rates,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: "quarterdeck".to_owned(),
            word: String::new(),
            colour: String::new(),
            is_simulated: false,
            is_read_only: false,
            rates: Rates::default(),
        }
    }
}
