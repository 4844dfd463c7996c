//! Accounts with prepaid money, and what a month may cost.

use std::path::PathBuf;

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::load::{ConfigError, Layers};
use super::secret::SecretSource;
use super::typed::checked_url;
use crate::model::ids::AccountId;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// An account at exaroton.
#[derive(Debug, Clone)]
pub struct ExarotonConfig {
    /// Its name.
    pub account: AccountId,
    /// The API's address with its version, without a trailing slash; nothing for the provider's own.
    pub url: Option<String>,
    /// Where the API token is kept.
    pub token: SecretSource,
    /// What top-ups come in multiples of; nothing where that is not known.
    pub top_up_unit: Option<Decimal>,
    /// PEM file of a private authority.
    pub ca_file: Option<PathBuf>,
}

/// What a month may cost, and which runway is too short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetConfig {
    /// In the reporting currency; nothing for no budget.
    pub monthly: Option<Decimal>,
    /// Milliseconds.
    pub runway_warning_ms: u64,
    /// Milliseconds.
    pub runway_critical_ms: u64,
}

/// The accounts at exaroton. No name is used by an account of another provider too: lists are told apart by it.
pub(super) fn exaroton(layers: &Layers) -> Result<Vec<ExarotonConfig>, ConfigError> {
    let names = layers.names_below("exaroton");
    let accounts = names.iter().map(|name| account(layers, name)).collect::<Result<Vec<_>, _>>()?;
    // One provider sells credits in one way: two answers cannot both be true.
    let mut units = accounts.iter().filter_map(|account| Some((&account.account, account.top_up_unit?)));
    if let Some((first, unit)) = units.next()
        && let Some((other, _)) = units.find(|(_, other)| *other != unit)
    {
        let path = format!("exaroton.{other}.top_up_unit");
        return Err(layers.error_at(&path, format!("{path} is not what exaroton.{first}.top_up_unit says")));
    }
    Ok(accounts)
}

fn account(layers: &Layers, name: &str) -> Result<ExarotonConfig, ConfigError> {
    let at = |field: &str| format!("exaroton.{name}.{field}");
    let token = at("token");
    for other in ["panel", "orders"] {
        if layers.names_below(other).iter().any(|taken| taken == name) {
            let message = format!("there is a [{other}.{name}] too: give one of them another name");
            return Err(layers.error_at(&token, message));
        }
    }
    let unit = layers.decimal(&at("top_up_unit"));
    if unit.is_sign_negative() {
        return Err(layers.error_at(&at("top_up_unit"), format!("{} is negative", at("top_up_unit"))));
    }
    let url = layers.optional_text(&at("url"));
    Ok(ExarotonConfig {
        account: AccountId::from(name),
        url: url
            .map(|url| checked_url(layers, &at("url"), &url, &at("allow_plain_http"), "the token"))
            .transpose()?,
        token: layers.secret(&token).ok_or_else(|| layers.error_at(&token, format!("{token} is missing")))?,
        top_up_unit: Some(unit).filter(|unit| !unit.is_zero()),
        ca_file: layers.optional_text(&at("ca_file")).map(PathBuf::from),
    })
}

/// The budget.
pub(super) fn budget(layers: &Layers) -> Result<BudgetConfig, ConfigError> {
    let monthly = layers.decimal("budget.monthly");
    if monthly.is_sign_negative() {
        return Err(layers.error_at("budget.monthly", "budget.monthly is negative"));
    }
    let budget = BudgetConfig {
        monthly: Some(monthly).filter(|monthly| !monthly.is_zero()),
        runway_warning_ms: layers.number("budget.runway_warning_days").saturating_mul(DAY_MS),
        runway_critical_ms: layers.number("budget.runway_critical_hours").saturating_mul(HOUR_MS),
    };
    if budget.runway_critical_ms > budget.runway_warning_ms {
        let message = "budget.runway_critical_hours is more than budget.runway_warning_days: the warning would never come first";
        return Err(layers.error_at("budget.runway_critical_hours", message));
    }
    Ok(budget)
}

/// The site's time zone, in which days begin.
pub(super) fn time_zone(layers: &Layers) -> Result<Tz, ConfigError> {
    let name = layers.text("site.time_zone");
    name.parse().map_err(|_| {
        let message =
            format!("site.time_zone is the name of a zone such as Europe/Berlin or UTC, not {name:?}");
        layers.error_at("site.time_zone", message)
    })
}
