//! How matches are settled and watched, and whether orphans of theirs are reaped.

use rust_decimal::Decimal;

use super::load::{ConfigError, Layers};
use super::typed::checked_url;
use crate::model::matches::{RatingRule, SettlementPolicy};
use crate::model::money::Currency;

/// How matches of the site are carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchesConfig {
    /// What a result does to ratings, and what it earns.
    pub settlement: SettlementPolicy,
    /// The address at which the provider can reach this engine, without a trailing slash.
    pub public_url: Option<String>,
    /// Whether orphans that were seen twice are deleted by the engine itself.
    pub is_reaping: bool,
}

/// Reads `[matches]`.
///
/// # Errors
/// A reward below zero, more points than a rating can take, or an address that is none.
pub(super) fn matches(layers: &Layers) -> Result<MatchesConfig, ConfigError> {
    let reward = layers.decimal("matches.reward");
    if reward < Decimal::ZERO {
        return Err(layers.error_at("matches.reward", "matches.reward is negative"));
    }
    let points = u16::try_from(layers.number("matches.points"))
        .map_err(|_| layers.error_at("matches.points", "matches.points is more than a rating can take"))?;
    let rating = match layers.text("matches.rating").as_str() {
        "elo" => RatingRule::Elo(points),
        _ => RatingRule::Fixed(points),
    };
    let url = layers.optional_text("matches.public_url");
    let public_url = url
        .map(|url| {
            checked_url(
                layers,
                "matches.public_url",
                &url,
                "matches.allow_plain_http",
                "the secret of the calls",
            )
        })
        .transpose()?;
    Ok(MatchesConfig {
        settlement: SettlementPolicy { rating, reward, currency: Currency(layers.text("matches.currency")) },
        public_url,
        is_reaping: layers.is_on("matches.reap"),
    })
}
