//! The simulated site behind `demo` and `sim`: the simulators, an embedded shop whose orders fit them, and its engine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_decimal::Decimal;
use secrecy::SecretString;

use super::args::SimulationArguments;
use crate::engine::EngineSetup;
use crate::engine::matches::setup::MatchSetup;
use crate::engine::money::MoneySetup;
use crate::engine::money::bookkeeper::MoneyPolicy;
use crate::engine::policy::{Cadence, Policy};
use crate::model::account::Provider;
use crate::model::credits::CREDITS;
use crate::model::game_server::DATHOST_CREDITS;
use crate::model::ids::{AccountId, OrderId};
use crate::model::matches::SettlementPolicy;
use crate::model::money::{Currency, Rates};
use crate::model::problem::Problem;
use crate::model::site::Site;
use crate::model::spend::AlertPolicy;
use crate::model::time::Clock;
use crate::providers::dathost::{DathostClient, DathostSettings};
use crate::providers::exaroton::{ExarotonClient, ExarotonSettings};
use crate::providers::orders::{
    self, DemoArrivals, DemoEggs, DemoRegion, DemoServer, DemoShop, OrdersSettings, OrdersSource,
};
use crate::providers::pterodactyl::{PanelClient, PanelSettings};
use crate::sim::panel::WorldKind;
use crate::sim::{DemoOptions, DemoSite};

/// Servers on one node of a site made for measuring.
const SERVERS_PER_NODE: u32 = 50;

/// Simulated seconds between two new orders, on average.
const NEW_ORDER_EVERY_S: f64 = 90.0;

/// Paid orders that may wait before no more arrive: the demo is no flood.
const WAITING_ORDERS_AT_MOST: u32 = 6;

/// A running simulated site.
pub struct Simulation {
    /// The simulators.
    pub site: DemoSite,
    /// The embedded orders database.
    pub orders_file: PathBuf,
    pub(super) seed: u64,
    speed: f64,
}

/// The account names of the simulated site.
const PANEL: &str = "panel";
const SHOP: &str = "shop";
pub(super) const EXAROTON: &str = "exaroton";

const DATHOST: &str = "dathost";

/// Credits that the simulated accounts are topped up with at a time.
pub(super) const TOP_UP_UNIT: i64 = 100;
const DATHOST_TOP_UP_UNIT: i64 = 10;

/// What each player of a winning team earns in the demo.
const MATCH_REWARD: i64 = 50;

/// What credits may cost in a month of the demo, in its reporting currency.
const MONTHLY_BUDGET: i64 = 900;

/// The demo's rates: exaroton's credit is a cent (`providers/exaroton.md` §4); what DatHost's is worth is not stated, here
/// it is a euro.
fn rates() -> Rates {
    let exaroton = (Currency(CREDITS.to_owned()), Decimal::new(1, 2));
    let dathost = (Currency(DATHOST_CREDITS.to_owned()), Decimal::ONE);
    Rates { per_unit: BTreeMap::from([exaroton, dathost]), ..Rates::default() }
}

/// How the demo's books are kept, with its budget.
pub(super) fn money_policy() -> MoneyPolicy {
    MoneyPolicy {
        top_up_units: BTreeMap::from([
            (Provider::Exaroton, Decimal::from(TOP_UP_UNIT)),
            (Provider::Dathost, Decimal::from(DATHOST_TOP_UP_UNIT)),
        ]),
        alerts: AlertPolicy { monthly_budget: Some(Decimal::from(MONTHLY_BUDGET)), ..AlertPolicy::default() },
        rates: rates(),
        ..MoneyPolicy::default()
    }
}

impl Simulation {
    /// Starts the simulators and fills the shop in `folder`.
    ///
    /// # Errors
    /// No port could be opened, or the folder cannot be written.
    pub async fn start(
        arguments: &SimulationArguments,
        listen: SocketAddr,
        folder: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let world = arguments.servers.map_or(WorldKind::Demo, |servers| WorldKind::Large {
            nodes: servers.div_ceil(SERVERS_PER_NODE).max(1),
            servers,
        });
        let options = DemoOptions {
            seed: arguments.seed,
            speed: arguments.speed,
            faults: arguments.faults.unwrap_or_default(),
            clock: Arc::clone(clock),
            world,
            listen,
        };
        let site = DemoSite::start(options).await.map_err(|error| unheard(listen, &error))?;
        let orders_file = folder.join(super::site::EMBEDDED_FILE);
        orders::create_embedded(&orders_file).await?;
        orders::seed_demo(&orders_file, &shop(&site, arguments.seed), clock.as_ref()).await?;
        Ok(Self { site, orders_file, seed: arguments.seed, speed: arguments.speed })
    }

    /// Lets new orders arrive until the process ends.
    pub fn let_orders_arrive(&self, clock: &Arc<dyn Clock>) {
        let every_s = NEW_ORDER_EVERY_S / self.speed.max(0.01);
        let arrivals = DemoArrivals {
            every_ms: std::time::Duration::from_secs_f64(every_s).as_millis().try_into().unwrap_or(u64::MAX),
            seed: self.seed,
            waiting_at_most: WAITING_ORDERS_AT_MOST,
        };
        let (file, clock) = (self.orders_file.clone(), Arc::clone(clock));
        tokio::spawn(async move {
            let Err(problem) = orders::let_orders_arrive(file, arrivals, clock).await;
            tracing::warn!(%problem, "no new demo orders arrive");
        });
    }

    /// What an engine over this site is started with.
    ///
    /// # Errors
    /// A client cannot be made.
    pub async fn engine_setup(&self, folder: &Path, clock: &Arc<dyn Clock>) -> Result<EngineSetup, Problem> {
        let key = |text: &str| SecretString::from(text.to_owned());
        let panel = PanelClient::new(
            PanelSettings {
                client_key: Some(key(self.site.panel_client_key())),
                ..PanelSettings::new(
                    AccountId::from(PANEL),
                    self.site.panel_url(),
                    key(self.site.panel_application_key()),
                )
            },
            Arc::clone(clock),
        )?;
        let source = OrdersSource::Sqlite { path: self.orders_file.clone() };
        let settings = OrdersSettings::new(AccountId::from(SHOP), AccountId::from(PANEL), source);
        let database = orders::connect(&settings, Arc::clone(clock)).await?;
        Ok(EngineSetup {
            site: Site {
                name: "northwind".to_owned(),
                word: "DEMO".to_owned(),
                is_simulated: true,
                rates: rates(),
                ..Site::default()
            },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: folder.to_path_buf(),
            clock: Arc::clone(clock),
            panels: vec![panel],
            orders: vec![(database, AccountId::from(PANEL))],
            money: self.money(clock)?,
            matches: matches(),
            policy: policy(),
        })
    }

    /// The simulated exaroton and DatHost accounts, with the demo's budget.
    fn money(&self, clock: &Arc<dyn Clock>) -> Result<MoneySetup, Problem> {
        let token = SecretString::from(self.site.exaroton_token().to_owned());
        let settings = ExarotonSettings::new(AccountId::from(EXAROTON), self.site.exaroton_url(), token);
        let dathost = self.site.dathost();
        let password = SecretString::from(dathost.password().to_owned());
        let dathost =
            DathostSettings::new(AccountId::from(DATHOST), dathost.url(), dathost.email(), password);
        Ok(MoneySetup {
            exaroton: vec![ExarotonClient::new(settings, Arc::clone(clock))?],
            dathost: vec![DathostClient::new(dathost, Arc::clone(clock))?],
            policy: money_policy(),
            ..MoneySetup::default()
        })
    }

    /// The file of the token of the simulated exaroton, written for its owner only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn exaroton_token_file(&self, folder: &Path) -> Result<PathBuf, Problem> {
        let file = folder.join("exaroton.token");
        write_private(&file, self.site.exaroton_token())?;
        Ok(file)
    }

    /// The file of the password of the simulated DatHost, written for its owner only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn dathost_password_file(&self, folder: &Path) -> Result<PathBuf, Problem> {
        let file = folder.join("dathost.password");
        write_private(&file, self.site.dathost().password())?;
        Ok(file)
    }

    /// A configuration that points at these simulators; the keys are written beside the orders, for their owner only.
    ///
    /// # Errors
    /// The key files cannot be written.
    pub fn configuration(&self, folder: &Path) -> Result<String, Problem> {
        let application_key = folder.join("application.key");
        let client_key = folder.join("client.key");
        for (file, key) in [
            (&application_key, self.site.panel_application_key()),
            (&client_key, self.site.panel_client_key()),
        ] {
            write_private(file, key)?;
        }
        let mut table = toml::Table::new();
        let text = |text: String| toml::Value::String(text);
        let kept_in = |file: &Path| {
            toml::Value::Table(toml::Table::from_iter([(
                "file".to_owned(),
                text(file.display().to_string()),
            )]))
        };
        let rate = |rate: &Decimal| text(rate.to_string());
        let rates = rates().per_unit.iter().map(|(unit, worth)| (unit.0.clone(), rate(worth))).collect();
        let site = [
            ("name", text("simulated".to_owned())),
            ("word", text("SIMULATED".to_owned())),
            ("rates", toml::Value::Table(rates)),
        ];
        let exaroton = [
            ("url", text(self.site.exaroton_url())),
            ("token", kept_in(&self.exaroton_token_file(folder)?)),
            ("top_up_unit", toml::Value::Integer(TOP_UP_UNIT)),
            ("allow_plain_http", toml::Value::Boolean(true)),
        ];
        let dathost = [
            ("url", text(self.site.dathost().url())),
            ("email", text(self.site.dathost().email().to_owned())),
            ("password", kept_in(&self.dathost_password_file(folder)?)),
            ("top_up_unit", toml::Value::Integer(DATHOST_TOP_UP_UNIT)),
            ("allow_plain_http", toml::Value::Boolean(true)),
        ];
        let budget = [("monthly", toml::Value::Integer(MONTHLY_BUDGET))];
        let panel = [
            ("url", text(self.site.panel_url())),
            ("application_key", kept_in(&application_key)),
            ("client_key", kept_in(&client_key)),
            // The simulators speak no TLS, and their keys are worth nothing.
            ("allow_plain_http", toml::Value::Boolean(true)),
        ];
        let shop = [("path", text(self.orders_file.display().to_string()))];
        table.insert("site".to_owned(), section(site));
        table.insert("panel".to_owned(), section([(PANEL, section(panel))]));
        table.insert("orders".to_owned(), section([(SHOP, section(shop))]));
        table.insert("exaroton".to_owned(), section([(EXAROTON, section(exaroton))]));
        table.insert("dathost".to_owned(), section([(DATHOST, section(dathost))]));
        table.insert("budget".to_owned(), section(budget));
        Ok(table.to_string())
    }
}

/// The address that the simulators cannot have.
fn unheard(listen: SocketAddr, error: &std::io::Error) -> Problem {
    Problem::refused(
        format!("the simulators cannot listen on {listen}: {error}"),
        "name a free port of this machine with --listen, or leave it out",
    )
}

/// A TOML table of named values.
fn section<const N: usize>(values: [(&str, toml::Value); N]) -> toml::Value {
    toml::Value::Table(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn write_private(file: &Path, text: &str) -> Result<(), Problem> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|error| Problem::storage(format!("{}: {error}", file.display())))
}

/// The demo's matches: a win earns something.
fn matches() -> MatchSetup {
    let settlement = SettlementPolicy { reward: Decimal::from(MATCH_REWARD), ..SettlementPolicy::default() };
    MatchSetup { settlement, ..MatchSetup::default() }
}

/// The demo asks often: everything is on this machine, and people are looking.
fn policy() -> Policy {
    let mut policy = Policy::default();
    // A match of the demo is over in a minute of watching.
    policy.runs.match_poll_ms = 500;
    let cadence = |visible_ms| Cadence {
        running_ms: 1_000,
        visible_ms,
        background_ms: visible_ms * 2,
        idle_ms: 60_000,
    };
    policy.polling.orders = cadence(2_000);
    policy.polling.servers = cadence(5_000);
    policy.polling.nodes = cadence(10_000);
    policy.polling.credits = cadence(5_000);
    policy
}

/// A shop whose regions, eggs and provisioned orders are those of the simulated panel.
fn shop(site: &DemoSite, seed: u64) -> DemoShop {
    let world = site.world();
    let eggs = world.eggs();
    let egg = |name: &str| eggs.iter().find(|egg| egg.name.contains(name)).map(|egg| egg.id);
    let regions = world
        .nodes()
        .into_iter()
        .map(|node| DemoRegion { region: node.location, panel_node_id: node.id })
        .collect();
    let servers = world
        .servers()
        .into_iter()
        .filter_map(|server| {
            Some(DemoServer {
                order_id: OrderId(server.external_id?),
                server_id: server.id,
                identifier: server.uuid.chars().take(8).collect(),
                node_id: server.node_id,
                name: server.name,
                ram_mib: server.memory_mib,
                egg_id: server.egg_id,
            })
        })
        .collect();
    DemoShop {
        seed,
        regions,
        eggs: DemoEggs {
            minecraft: egg("Paper"),
            cs2: egg("Counter-Strike 2"),
            rust: egg("Rust"),
            valheim: egg("Valheim"),
        },
        servers,
    }
}
