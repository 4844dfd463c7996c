//! What runs work with: providers, the orders databases, the fleet, the clock, and gates that keep creates apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::matches::desk::Matches;
use crate::engine::money::CreditAccounts;
use crate::engine::shared::SharedFleet;
use crate::model::external_id::Shops;
use crate::model::ids::{AccountId, RunId, ServerKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::{Clock, Timestamp};
use crate::providers::orders::OrdersDatabase;
use crate::providers::pterodactyl::PanelClient;

use super::journal::RunLog;
use super::policy::RunPolicy;

/// An orders database and the panel its orders are provisioned on.
pub type OrdersAccount = (Arc<dyn OrdersDatabase>, AccountId);

/// Lets one through at a time.
type Gate = Arc<tokio::sync::Mutex<()>>;

/// Everything a step may use.
pub struct Services {
    /// Panels by account.
    pub panels: BTreeMap<AccountId, PanelClient>,
    /// Orders databases by account.
    pub orders: BTreeMap<AccountId, OrdersAccount>,
    /// Accounts whose servers burn credits.
    pub credits: CreditAccounts,
    /// Accounts that rent servers for matches, with what is kept of matches.
    pub matches: Matches,
    /// What is known and shown.
    pub fleet: Arc<SharedFleet>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How patient to be.
    pub policy: RunPolicy,
    /// The durable memory.
    pub log: Arc<dyn RunLog>,
    /// Runs of this journal that ended: their claims on orders may be taken over.
    pub(super) ended: Mutex<BTreeSet<RunId>>,
    /// One create at a time per node: the panel checks capacity and allocations without a lock (§3.9).
    create_gates: Mutex<BTreeMap<(AccountId, i64), Gate>>,
}

impl Services {
    /// The services of a runner that remembers in `log`.
    #[must_use]
    pub fn new(context: super::RunContext, log: Arc<dyn RunLog>) -> Self {
        let matches = Matches::new(context.matches, context.store, Arc::clone(&context.fleet));
        Self {
            panels: context.panels,
            orders: context.orders,
            credits: context.credits,
            matches,
            fleet: context.fleet,
            clock: context.clock,
            policy: context.policy,
            log,
            ended: Mutex::new(BTreeSet::new()),
            create_gates: Mutex::new(BTreeMap::new()),
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The client of a panel account.
    pub fn panel(&self, account: &AccountId) -> Result<&PanelClient, Problem> {
        self.panels.get(account).ok_or_else(|| not_configured("panel", account))
    }

    /// An orders database and its panel.
    pub fn orders(&self, account: &AccountId) -> Result<&OrdersAccount, Problem> {
        self.orders.get(account).ok_or_else(|| not_configured("orders database", account))
    }

    /// Who sells on a panel.
    #[must_use]
    pub fn shops_of(&self, panel: &AccountId) -> Shops {
        let sells = |(shop, (_, sold)): (&AccountId, &OrdersAccount)| (sold == panel).then(|| shop.clone());
        self.orders.iter().filter_map(sells).collect()
    }

    /// Whether a claim token is that of a run of ours that is over.
    #[must_use]
    pub fn is_ended_run(&self, token: &str) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(&RunId::from(token))
    }

    pub(super) fn note_ended(&self, run: RunId) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
    }

    pub(super) fn create_gate(&self, panel: &AccountId, node: i64) -> Gate {
        let mut gates = self.create_gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry((panel.clone(), node)).or_default())
    }
}

pub(super) fn not_configured(what: &str, account: &AccountId) -> Problem {
    Problem {
        kind: ProblemKind::NotFound,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("no {what} named '{account}' is configured"),
        advice: "add it to the configuration, or undo its removal".to_owned(),
    }
}

/// The panel's numeric id of a server; anything but digits is refused, because the panel's database would read the digits
/// at its front as another server (`providers/pterodactyl-observed.md`).
pub fn panel_server_id(key: &ServerKey) -> Result<i64, Problem> {
    let is_number = !key.id.is_empty() && key.id.bytes().all(|byte| byte.is_ascii_digit());
    key.id.parse().ok().filter(|_| is_number).ok_or_else(|| {
        Problem::refused(
            format!("'{}' is not a panel server id", key.id),
            "choose the server from the list again",
        )
    })
}
