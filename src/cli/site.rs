//! From configuration to the settings of providers: the one place where secrets are resolved for use.

use std::path::Path;
use std::sync::Arc;

use crate::config::credits::{DathostConfig, ExarotonConfig};
use crate::config::typed::{Config, OrdersConfig, PanelConfig};
use crate::engine::matches::setup::MatchSetup;
use crate::engine::money::MoneySetup;
use crate::engine::money::bookkeeper::MoneyPolicy;
use crate::model::account::Provider;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::spend::{AlertPolicy, GuardPolicy};
use crate::model::time::Clock;
use crate::providers::dathost::{self, DathostClient, DathostSettings};
use crate::providers::exaroton::{DEFAULT_URL, ExarotonClient, ExarotonSettings};
use crate::providers::orders::{AmountUnit, OrdersSettings, OrdersSource, PoolerMode, Preset};
use crate::providers::pterodactyl::{PanelClient, PanelSettings};

/// A configuration that cannot be used, as a problem.
fn misconfigured(message: String, advice: &str) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message,
        advice: advice.to_owned(),
    }
}

/// Reads secrets from this process's environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A client for every configured panel.
///
/// # Errors
/// A secret cannot be read, or a client cannot be made.
pub fn panels(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<PanelClient>, Problem> {
    config.panels.iter().map(|panel| PanelClient::new(panel_settings(panel)?, Arc::clone(clock))).collect()
}

fn panel_settings(panel: &PanelConfig) -> Result<PanelSettings, Problem> {
    let unreadable = |key: &str, message: String| {
        misconfigured(format!("panel.{}.{key}: {message}", panel.account), "run `quarterdeck config check`")
    };
    let application_key = panel
        .application_key
        .resolve(&environment)
        .map_err(|message| unreadable("application_key", message))?;
    let client_key = panel
        .client_key
        .as_ref()
        .map(|source| source.resolve(&environment).map_err(|message| unreadable("client_key", message)))
        .transpose()?;
    Ok(PanelSettings {
        client_key,
        origin: panel.origin.clone(),
        ca_file: panel.ca_file.clone(),
        body_cap_bytes: usize::try_from(panel.max_body_bytes).unwrap_or(usize::MAX),
        ..PanelSettings::new(panel.account.clone(), panel.url.clone(), application_key)
    })
}

/// The accounts with prepaid money and how their books are kept.
///
/// # Errors
/// As [`panels`].
pub fn money(config: &Config, clock: &Arc<dyn Clock>) -> Result<MoneySetup, Problem> {
    let exaroton = config
        .exaroton
        .iter()
        .map(|account| ExarotonClient::new(exaroton_settings(account)?, Arc::clone(clock)))
        .collect::<Result<Vec<_>, _>>()?;
    let dathost = config
        .dathost
        .iter()
        .map(|account| DathostClient::new(dathost_settings(account)?, Arc::clone(clock)))
        .collect::<Result<Vec<_>, _>>()?;
    let units = [
        (Provider::Exaroton, config.exaroton.iter().find_map(|account| account.top_up_unit)),
        (Provider::Dathost, config.dathost.iter().find_map(|account| account.top_up_unit)),
    ];
    Ok(MoneySetup {
        exaroton,
        dathost,
        policy: MoneyPolicy {
            zone: config.time_zone,
            top_up_units: units.into_iter().filter_map(|(provider, unit)| Some((provider, unit?))).collect(),
            alerts: AlertPolicy {
                monthly_budget: config.budget.monthly,
                runway_warning_ms: config.budget.runway_warning_ms,
                runway_critical_ms: config.budget.runway_critical_ms,
            },
            guard: GuardPolicy {
                runway_ms: config.budget.guard_runway_ms,
                monthly_budget: config.budget.monthly,
                month_percent: config.budget.guard_month_percent,
            },
            rates: config.site.rates.clone(),
            ..MoneyPolicy::default()
        },
        ..MoneySetup::default()
    })
}

/// How matches are carried out; every account of DatHost rents servers for them.
pub fn matches(config: &Config) -> MatchSetup {
    MatchSetup {
        settlement: config.matches.settlement.clone(),
        public_url: config.matches.public_url.clone(),
        is_reaping: config.matches.is_reaping,
        ..MatchSetup::default()
    }
}

fn exaroton_settings(exaroton: &ExarotonConfig) -> Result<ExarotonSettings, Problem> {
    let token = exaroton.token.resolve(&environment).map_err(|message| {
        misconfigured(
            format!("exaroton.{}.token: {message}", exaroton.account),
            "run `quarterdeck config check`",
        )
    })?;
    let url = exaroton.url.as_deref().unwrap_or(DEFAULT_URL);
    Ok(ExarotonSettings {
        ca_file: exaroton.ca_file.clone(),
        ..ExarotonSettings::new(exaroton.account.clone(), url, token)
    })
}

fn dathost_settings(dathost: &DathostConfig) -> Result<DathostSettings, Problem> {
    let password = dathost.password.resolve(&environment).map_err(|message| {
        misconfigured(
            format!("dathost.{}.password: {message}", dathost.account),
            "run `quarterdeck config check`",
        )
    })?;
    let url = dathost.url.as_deref().unwrap_or(dathost::DEFAULT_URL);
    Ok(DathostSettings {
        account_email: dathost.account_email.clone(),
        ca_file: dathost.ca_file.clone(),
        ..DathostSettings::new(dathost.account.clone(), url, dathost.email.clone(), password)
    })
}

/// The settings of one orders database; an embedded one without a path lives in the data folder.
///
/// # Errors
/// The secret cannot be read.
pub fn orders_settings(orders: &OrdersConfig, data_dir: &Path) -> Result<OrdersSettings, Problem> {
    let url = || {
        let missing = || misconfigured(format!("orders.{}.url is missing", orders.account), "");
        orders.url.as_ref().ok_or_else(missing)?.resolve(&environment).map_err(|message| {
            misconfigured(
                format!("orders.{}.url: {message}", orders.account),
                "run `quarterdeck config check`",
            )
        })
    };
    let source = match orders.database.as_str() {
        "postgres" => OrdersSource::Postgres { url: url()? },
        "mysql" => OrdersSource::MariaDb { url: url()? },
        _ => {
            OrdersSource::Sqlite { path: orders.path.clone().unwrap_or_else(|| data_dir.join(EMBEDDED_FILE)) }
        }
    };
    let mut settings = OrdersSettings::new(orders.account.clone(), orders.panel.clone(), source);
    settings.preset = match orders.preset.as_str() {
        "supabase" => Preset::Supabase,
        "billing" => Preset::Billing,
        _ => Preset::Embedded,
    };
    settings.pooler = match orders.pooler.as_str() {
        "direct" => PoolerMode::Direct,
        "transaction" => PoolerMode::Transaction,
        _ => PoolerMode::Auto,
    };
    settings.amounts = match orders.amounts.as_str() {
        "major" => Some(AmountUnit::Major),
        "minor" => Some(AmountUnit::Minor),
        _ => None,
    };
    settings.ca_file.clone_from(&orders.ca_file);
    settings.overrides.clone_from(&orders.names);
    settings.currency.clone_from(&orders.currency);
    settings.listen_channel.clone_from(&orders.listen_channel);
    Ok(settings)
}

/// The embedded orders database inside the data folder.
pub const EMBEDDED_FILE: &str = "orders.sqlite";
