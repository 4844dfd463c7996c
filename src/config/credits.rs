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
    /// A plan after which its balance lasts shorter asks once more, milliseconds; 0 for never.
    pub guard_runway_ms: u64,
    /// A plan that takes the month past so much of the budget asks once more, percent; 0 for never.
    pub guard_month_percent: u32,
}

/// An account at DatHost.
#[derive(Debug, Clone)]
pub struct DathostConfig {
    /// Its name.
    pub account: AccountId,
    /// The API's address with its version, without a trailing slash; nothing for the provider's own.
    pub url: Option<String>,
    /// The address it logs in with.
    pub email: String,
    /// Where its password is kept.
    pub password: SecretSource,
    /// Another account that has invited it, to be acted on.
    pub account_email: Option<String>,
    /// What top-ups come in multiples of; nothing where that is not known.
    pub top_up_unit: Option<Decimal>,
    /// PEM file of a private authority.
    pub ca_file: Option<PathBuf>,
}

/// The accounts at exaroton.
pub(super) fn exaroton(layers: &Layers) -> Result<Vec<ExarotonConfig>, ConfigError> {
    let names = layers.names_below("exaroton");
    let read = |name: &String| {
        let table = Table { layers, provider: "exaroton", name };
        table.check_name("token", &["panel", "orders"])?;
        Ok(ExarotonConfig {
            account: AccountId::from(name.as_str()),
            url: table.url("the token")?,
            token: table.secret("token")?,
            top_up_unit: table.top_up_unit()?,
            ca_file: table.ca_file(),
        })
    };
    let accounts = names.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    check_units(layers, "exaroton", accounts.iter().map(|account| (&account.account, account.top_up_unit)))?;
    Ok(accounts)
}

/// The accounts at DatHost.
pub(super) fn dathost(layers: &Layers) -> Result<Vec<DathostConfig>, ConfigError> {
    let names = layers.names_below("dathost");
    let read = |name: &String| {
        let table = Table { layers, provider: "dathost", name };
        table.check_name("email", &["panel", "orders", "exaroton"])?;
        let email = table.at("email");
        Ok(DathostConfig {
            account: AccountId::from(name.as_str()),
            url: table.url("the password")?,
            email: layers
                .optional_text(&email)
                .ok_or_else(|| layers.error_at(&email, format!("{email} is missing")))?,
            password: table.secret("password")?,
            account_email: layers.optional_text(&table.at("account_email")),
            top_up_unit: table.top_up_unit()?,
            ca_file: table.ca_file(),
        })
    };
    let accounts = names.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    check_units(layers, "dathost", accounts.iter().map(|account| (&account.account, account.top_up_unit)))?;
    Ok(accounts)
}

/// One provider sells credits in one way: two answers cannot both be true.
fn check_units<'a>(
    layers: &Layers,
    provider: &str,
    units: impl Iterator<Item = (&'a AccountId, Option<Decimal>)>,
) -> Result<(), ConfigError> {
    let mut units = units.filter_map(|(account, unit)| Some((account, unit?)));
    if let Some((first, unit)) = units.next()
        && let Some((other, _)) = units.find(|(_, other)| *other != unit)
    {
        let path = format!("{provider}.{other}.top_up_unit");
        let message = format!("{path} is not what {provider}.{first}.top_up_unit says");
        return Err(layers.error_at(&path, message));
    }
    Ok(())
}

/// The table of one account.
struct Table<'a> {
    layers: &'a Layers,
    provider: &'static str,
    name: &'a str,
}

impl Table<'_> {
    fn at(&self, field: &str) -> String {
        format!("{}.{}.{field}", self.provider, self.name)
    }

    /// No name is used by an account of another provider too: lists are told apart by it. `field` is one that every such
    /// table has.
    fn check_name(&self, field: &str, others: &[&str]) -> Result<(), ConfigError> {
        let is_taken = |other: &&&str| self.layers.names_below(other).iter().any(|taken| taken == self.name);
        let Some(other) = others.iter().find(is_taken) else { return Ok(()) };
        let message = format!("there is a [{other}.{}] too: give one of them another name", self.name);
        Err(self.layers.error_at(&self.at(field), message))
    }

    fn url(&self, shown: &str) -> Result<Option<String>, ConfigError> {
        let path = self.at("url");
        let url = self.layers.optional_text(&path);
        url.map(|url| checked_url(self.layers, &path, &url, &self.at("allow_plain_http"), shown)).transpose()
    }

    fn secret(&self, field: &str) -> Result<SecretSource, ConfigError> {
        let path = self.at(field);
        self.layers.secret(&path).ok_or_else(|| self.layers.error_at(&path, format!("{path} is missing")))
    }

    fn top_up_unit(&self) -> Result<Option<Decimal>, ConfigError> {
        let path = self.at("top_up_unit");
        let unit = self.layers.decimal(&path);
        if unit.is_sign_negative() {
            return Err(self.layers.error_at(&path, format!("{path} is negative")));
        }
        Ok(Some(unit).filter(|unit| !unit.is_zero()))
    }

    fn ca_file(&self) -> Option<PathBuf> {
        self.layers.optional_text(&self.at("ca_file")).map(PathBuf::from)
    }
}

/// The budget.
pub(super) fn budget(layers: &Layers) -> Result<BudgetConfig, ConfigError> {
    let monthly = layers.decimal("budget.monthly");
    if monthly.is_sign_negative() {
        return Err(layers.error_at("budget.monthly", "budget.monthly is negative"));
    }
    let critical_hours = layers.number("budget.runway_critical_hours");
    let is_given = layers.is_set("budget.guard_runway_hours");
    let guard_hours = if is_given { layers.number("budget.guard_runway_hours") } else { critical_hours };
    let percent = layers.number("budget.guard_month_percent");
    let budget = BudgetConfig {
        monthly: Some(monthly).filter(|monthly| !monthly.is_zero()),
        runway_warning_ms: layers.number("budget.runway_warning_days").saturating_mul(DAY_MS),
        runway_critical_ms: critical_hours.saturating_mul(HOUR_MS),
        guard_runway_ms: guard_hours.saturating_mul(HOUR_MS),
        guard_month_percent: u32::try_from(percent).unwrap_or(u32::MAX),
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
