//! The merged values as types, with what belongs together checked together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono_tz::Tz;

use crate::model::credits::CREDITS;
use crate::model::ids::AccountId;
use crate::model::money::{Currency, Rates};
use crate::model::site::Site;

use super::credits::{self, BudgetConfig, DathostConfig, ExarotonConfig};
use super::load::{ConfigError, Layers, Origin, Value};
use super::matches::{self, MatchesConfig};
use super::secret::SecretSource;

/// A panel account.
#[derive(Debug, Clone)]
pub struct PanelConfig {
    /// Its name.
    pub account: AccountId,
    /// Address without a trailing slash.
    pub url: String,
    /// Where the application key is kept.
    pub application_key: SecretSource,
    /// Where the client key is kept.
    pub client_key: Option<SecretSource>,
    /// Origin of the websocket, when not the address.
    pub origin: Option<String>,
    /// PEM file of a private authority.
    pub ca_file: Option<PathBuf>,
    /// Cap of an answer, bytes.
    pub max_body_bytes: u64,
}

/// An orders database.
#[derive(Debug, Clone)]
pub struct OrdersConfig {
    /// Its name.
    pub account: AccountId,
    /// The panel its orders are provisioned on.
    pub panel: AccountId,
    /// `sqlite`, `postgres` or `mysql`.
    pub database: String,
    /// The SQLite file.
    pub path: Option<PathBuf>,
    /// Where the database's address is kept.
    pub url: Option<SecretSource>,
    /// PEM file of the authority of the database's certificate.
    pub ca_file: Option<PathBuf>,
    /// `embedded`, `supabase` or `billing`.
    pub preset: String,
    /// Currency of amounts whose row does not say.
    pub currency: String,
    /// `auto`, `major` or `minor`.
    pub amounts: String,
    /// The NOTIFY channel, if there is one.
    pub listen_channel: Option<String>,
    /// `auto`, `direct` or `transaction`.
    pub pooler: String,
    /// Names over the preset's: `table` or `table.column` → name, empty for "does not exist".
    pub names: BTreeMap<String, String>,
}

/// Keys of an action, with their place for messages about conflicts.
#[derive(Debug, Clone)]
pub struct KeyBinding {
    /// The action's name.
    pub action: String,
    /// Its keys.
    pub keys: Vec<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// The console's settings.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// Theme name.
    pub theme: String,
    /// Folder of the operator's own themes.
    pub theme_dir: Option<PathBuf>,
    /// `auto`, `true`, `256`, `16` or `none`.
    pub colours: String,
    /// `auto`, `on` or `off`.
    pub unicode: String,
    /// Take the mouse.
    pub is_mouse_on: bool,
    /// `auto`, `on` or `off`.
    pub synchronised_output: String,
    /// Ask for no action.
    pub is_read_only: bool,
    /// Rebound keys.
    pub keys: Vec<KeyBinding>,
}

/// When something counts as stuck, and other limits.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Milliseconds.
    pub paid_too_long_ms: u64,
    /// Milliseconds.
    pub provisioning_too_long_ms: u64,
    /// Milliseconds.
    pub install_deadline_ms: u64,
    /// In the reporting currency.
    pub orphan_cost_per_gib_hour: rust_decimal::Decimal,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The site.
    pub site: Site,
    /// The data folder, when not the default.
    pub data_dir: Option<PathBuf>,
    /// When an engine started on demand leaves, milliseconds.
    pub idle_exit_ms: u64,
    /// Limits.
    pub limits: LimitsConfig,
    /// The console.
    pub console: ConsoleConfig,
    /// Panels.
    pub panels: Vec<PanelConfig>,
    /// Orders databases.
    pub orders: Vec<OrdersConfig>,
    /// Accounts at exaroton.
    pub exaroton: Vec<ExarotonConfig>,
    /// Accounts at DatHost.
    pub dathost: Vec<DathostConfig>,
    /// How matches are carried out.
    pub matches: MatchesConfig,
    /// What a month may cost.
    pub budget: BudgetConfig,
    /// The zone whose days are counted.
    pub time_zone: Tz,
}

const MINUTE_MS: u64 = 60_000;
const MIB: u64 = 1024 * 1024;

impl Config {
    /// Reads the merged layers.
    ///
    /// # Errors
    /// What does not fit together, with its place.
    pub fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let panels = layers
            .names_below("panel")
            .iter()
            .map(|name| panel(layers, name))
            .collect::<Result<Vec<_>, _>>()?;
        let orders = layers
            .names_below("orders")
            .iter()
            .map(|name| orders(layers, name, &panels))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            site: site(layers),
            data_dir: layers.optional_text("engine.data_dir").map(PathBuf::from),
            idle_exit_ms: layers.number("engine.idle_exit_minutes").saturating_mul(MINUTE_MS),
            limits: LimitsConfig {
                paid_too_long_ms: layers.number("limits.paid_too_long_minutes").saturating_mul(MINUTE_MS),
                provisioning_too_long_ms: layers
                    .number("limits.provisioning_too_long_minutes")
                    .saturating_mul(MINUTE_MS),
                install_deadline_ms: layers
                    .number("limits.install_deadline_minutes")
                    .saturating_mul(MINUTE_MS),
                orphan_cost_per_gib_hour: layers.decimal("limits.orphan_cost_per_gib_hour"),
            },
            console: console(layers),
            panels,
            orders,
            exaroton: credits::exaroton(layers)?,
            dathost: credits::dathost(layers)?,
            matches: matches::matches(layers)?,
            budget: credits::budget(layers)?,
            time_zone: credits::time_zone(layers)?,
        })
    }
}

fn site(layers: &Layers) -> Site {
    let per_unit = layers
        .names_below("site.rates")
        .into_iter()
        .map(|name| {
            let rate = layers.decimal(&format!("site.rates.{name}"));
            // Currencies have codes in capitals; a provider's own unit has its own name.
            let unit =
                if name.eq_ignore_ascii_case(CREDITS) { CREDITS.to_owned() } else { name.to_uppercase() };
            (Currency(unit), rate)
        })
        .collect();
    Site {
        name: layers.text("site.name"),
        word: layers.text("site.word"),
        colour: layers.text("site.colour"),
        is_simulated: false,
        is_read_only: layers.is_on("site.read_only"),
        rates: Rates { reporting: Currency(layers.text("site.currency")), per_unit },
    }
}

fn console(layers: &Layers) -> ConsoleConfig {
    let keys = layers
        .below("console.keys")
        .into_iter()
        .filter_map(|(action, at)| match &at.value {
            Value::List(keys) => Some(KeyBinding { action, keys: keys.clone(), origin: at.origin.clone() }),
            Value::Text(one) => {
                Some(KeyBinding { action, keys: vec![one.clone()], origin: at.origin.clone() })
            }
            Value::Secret(_) => None,
        })
        .collect();
    ConsoleConfig {
        theme: layers.text("console.theme"),
        theme_dir: layers.optional_text("console.theme_dir").map(PathBuf::from),
        colours: layers.text("console.colours"),
        unicode: layers.text("console.unicode"),
        is_mouse_on: layers.is_on("console.mouse"),
        synchronised_output: layers.text("console.synchronised_output"),
        is_read_only: layers.is_on("console.read_only"),
        keys,
    }
}

fn panel(layers: &Layers, name: &str) -> Result<PanelConfig, ConfigError> {
    let at = |field: &str| format!("panel.{name}.{field}");
    let needed = |field: &str| layers.error_at(&at(field), format!("{} is missing", at(field)));
    let url = layers.optional_text(&at("url")).ok_or_else(|| needed("url"))?;
    Ok(PanelConfig {
        account: AccountId::from(name),
        url: checked_url(layers, &at("url"), &url, &at("allow_plain_http"), "the keys")?,
        application_key: layers.secret(&at("application_key")).ok_or_else(|| needed("application_key"))?,
        client_key: layers.secret(&at("client_key")),
        origin: layers.optional_text(&at("origin")),
        ca_file: layers.optional_text(&at("ca_file")).map(PathBuf::from),
        max_body_bytes: layers.number(&at("max_body_mib")).max(1).saturating_mul(MIB),
    })
}

/// An address without a trailing slash; one that would show `what` to others is refused unless `allow` is set.
pub(super) fn checked_url(
    layers: &Layers,
    path: &str,
    url: &str,
    allow: &str,
    what: &str,
) -> Result<String, ConfigError> {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(layers.error_at(path, format!("{path} begins with https:// or http://")));
    }
    if is_plain_abroad(url) && !layers.is_on(allow) {
        let message = format!(
            "{path} is plain http to another machine, which shows {what} to everyone on the way: write https://, or set {allow} = true where the way is private"
        );
        return Err(layers.error_at(path, message));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Whether an address is http without TLS to a host that is not this machine.
fn is_plain_abroad(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_this_machine = host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !is_this_machine
}

fn orders(layers: &Layers, name: &str, panels: &[PanelConfig]) -> Result<OrdersConfig, ConfigError> {
    let at = |field: &str| format!("orders.{name}.{field}");
    let database = layers.text(&at("database"));
    let url = layers.secret(&at("url"));
    if database != "sqlite" && url.is_none() {
        return Err(layers
            .error_at(&at("database"), format!("{} is missing: a {database} database needs it", at("url"))));
    }
    let preset = layers.optional_text(&at("preset")).unwrap_or_else(|| {
        match database.as_str() {
            "postgres" => "supabase",
            "mysql" => "billing",
            _ => "embedded",
        }
        .to_owned()
    });
    let texts = |table: &str| -> BTreeMap<String, String> {
        layers
            .below(&at(table))
            .into_iter()
            .filter_map(|(path, value)| match &value.value {
                Value::Text(text) => Some((path, text.clone())),
                _ => None,
            })
            .collect()
    };
    Ok(OrdersConfig {
        account: AccountId::from(name),
        panel: orders_panel(layers, name, panels)?,
        path: layers.optional_text(&at("path")).map(PathBuf::from),
        url,
        ca_file: layers.optional_text(&at("ca_file")).map(PathBuf::from),
        preset,
        currency: layers.text(&at("currency")),
        amounts: layers.text(&at("amounts")),
        listen_channel: layers.optional_text(&at("listen_channel")),
        pooler: layers.text(&at("pooler")),
        names: texts("tables").into_iter().chain(texts("columns")).collect(),
        database,
    })
}

/// The panel an orders database belongs to: the one named, or the only one.
fn orders_panel(layers: &Layers, name: &str, panels: &[PanelConfig]) -> Result<AccountId, ConfigError> {
    let path = format!("orders.{name}.panel");
    match (layers.optional_text(&path), panels) {
        (Some(wanted), panels) => panels
            .iter()
            .map(|panel| panel.account.clone())
            .find(|account| account.as_str() == wanted)
            .ok_or_else(|| layers.error_at(&path, format!("there is no [panel.{wanted}]"))),
        (None, [only]) => Ok(only.account.clone()),
        (None, []) => {
            Err(layers.error_at(&path, format!("[orders.{name}] needs a [panel.NAME] to provision on")))
        }
        (None, _) => Err(layers.error_at(&path, format!("{path} is missing: there are several panels"))),
    }
}
