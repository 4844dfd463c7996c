//! Actions an operator may ask for, and the plan that shows what one would do before anything happens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::balance::BalanceKey;
use super::credits::{CreditServerSignal, CreditServerStatus};
use super::ids::{MatchId, NodeKey, OrderId, OrderKey, PlanId, ServerKey};
use super::matches::{MatchDeadlines, MatchRequest, SettlementPolicy};
use super::money::Money;
use super::server::{Limits, PowerSignal};
use super::spend::BudgetWarning;
use super::time::Timestamp;

/// What an operator asks the engine to do. Everything else about it is decided by planning.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionRequest {
    /// Turn a paid order into a running server; on an order in error: try again.
    ProvisionOrder {
        /// The order.
        order: OrderKey,
    },
    /// Take an order over from whoever claimed it and died, and go on with it: what stands on the panel is adopted.
    TakeOverOrder {
        /// The order.
        order: OrderKey,
    },
    /// Start, stop, restart or kill a server's process.
    Power {
        /// The server.
        server: ServerKey,
        /// What to do.
        signal: PowerSignal,
    },
    /// Suspend a server: it stops and its owner is locked out.
    Suspend {
        /// The server.
        server: ServerKey,
    },
    /// Lift a suspension.
    Unsuspend {
        /// The server.
        server: ServerKey,
    },
    /// Run the install script again.
    Reinstall {
        /// The server.
        server: ServerKey,
    },
    /// Delete a server and verify that it is gone.
    Destroy {
        /// The server.
        server: ServerKey,
        /// Go on although the daemon does not answer; files may stay on the node.
        is_forced: bool,
    },
    /// Say that a server without an owner shall stay, with a reason; it is no orphan then.
    Keep {
        /// The server.
        server: ServerKey,
        /// Why.
        reason: String,
    },
    /// Start, stop or restart a server that burns credits.
    SignalCreditServer {
        /// The server.
        server: ServerKey,
        /// What to do.
        signal: CreditServerSignal,
    },
    /// Set the memory of a server that burns credits; it holds from its next start.
    SetCreditServerRam {
        /// The server.
        server: ServerKey,
        /// Whole GiB.
        ram_gib: u32,
    },
    /// Put off the moment at which a server that burns credits stops because nobody plays.
    ExtendCreditServer {
        /// The server.
        server: ServerKey,
        /// By how much.
        seconds: u32,
    },
    /// Rent a server, play a match on it, settle it and destroy the server.
    RunMatch {
        /// What is asked for.
        request: Box<MatchRequest>,
    },
    /// Delete a rented match server and verify that it is gone.
    DestroyMatchServer {
        /// The server.
        server: ServerKey,
    },
    /// Say that a rented match server shall stay, why and until when; it bills on and is no orphan until then.
    KeepMatchServer {
        /// The server.
        server: ServerKey,
        /// Why.
        reason: String,
        /// Until when; nothing for as long as nobody says otherwise.
        until: Option<Timestamp>,
    },
}

/// What an action can do to what its target burns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BurnEffect {
    /// Nothing.
    Nothing,
    /// The target may begin to burn.
    Begins,
    /// It may stop.
    Ends,
    /// Both: it stops and starts again, is undone after a failure, or gets another price.
    Either,
}

impl ActionRequest {
    /// What it can do to what its target burns.
    #[must_use]
    pub fn burn_effect(&self) -> BurnEffect {
        match self {
            // Other memory is paid for from the next start on: that is another run's doing.
            Self::Keep { .. }
            | Self::KeepMatchServer { .. }
            | Self::SetCreditServerRam { .. }
            | Self::ExtendCreditServer { .. } => BurnEffect::Nothing,
            Self::Power { signal: PowerSignal::Start, .. }
            | Self::Unsuspend { .. }
            | Self::SignalCreditServer { signal: CreditServerSignal::Start { .. }, .. } => BurnEffect::Begins,
            Self::Power { signal: PowerSignal::Stop | PowerSignal::Kill, .. }
            | Self::Suspend { .. }
            | Self::Destroy { .. }
            | Self::DestroyMatchServer { .. }
            | Self::SignalCreditServer { signal: CreditServerSignal::Stop, .. } => BurnEffect::Ends,
            Self::ProvisionOrder { .. }
            | Self::TakeOverOrder { .. }
            | Self::Power { signal: PowerSignal::Restart, .. }
            | Self::Reinstall { .. }
            | Self::SignalCreditServer { signal: CreditServerSignal::Restart, .. }
            | Self::RunMatch { .. } => BurnEffect::Either,
        }
    }

    /// The action's stable name, as in the table of actions, the journal and the audit log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ProvisionOrder { .. } => "provision_order",
            Self::TakeOverOrder { .. } => "take_over_order",
            Self::Power { signal, .. } => match signal {
                PowerSignal::Start => "start_server",
                PowerSignal::Stop => "stop_server",
                PowerSignal::Restart => "restart_server",
                PowerSignal::Kill => "kill_server",
            },
            Self::Suspend { .. } => "suspend_server",
            Self::Unsuspend { .. } => "unsuspend_server",
            Self::Reinstall { .. } => "reinstall_server",
            Self::Destroy { .. } => "destroy_server",
            Self::Keep { .. } => "keep_server",
            Self::SignalCreditServer { signal, .. } => match signal {
                CreditServerSignal::Start { .. } => "start_server",
                CreditServerSignal::Stop => "stop_server",
                CreditServerSignal::Restart => "restart_server",
            },
            Self::SetCreditServerRam { .. } => "set_ram",
            Self::ExtendCreditServer { .. } => "extend_time",
            Self::RunMatch { .. } => "run_match",
            Self::DestroyMatchServer { .. } => "destroy_match_server",
            Self::KeepMatchServer { .. } => "keep_match_server",
        }
    }

    /// The order it is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<&OrderKey> {
        match self {
            Self::ProvisionOrder { order } | Self::TakeOverOrder { order } => Some(order),
            _ => None,
        }
    }

    /// The server it is about, if it is about one.
    #[must_use]
    pub fn server(&self) -> Option<&ServerKey> {
        match self {
            Self::ProvisionOrder { .. } | Self::TakeOverOrder { .. } | Self::RunMatch { .. } => None,
            Self::Power { server, .. }
            | Self::Suspend { server }
            | Self::Unsuspend { server }
            | Self::Reinstall { server }
            | Self::Destroy { server, .. }
            | Self::Keep { server, .. }
            | Self::SignalCreditServer { server, .. }
            | Self::SetCreditServerRam { server, .. }
            | Self::ExtendCreditServer { server, .. }
            | Self::DestroyMatchServer { server }
            | Self::KeepMatchServer { server, .. } => Some(server),
        }
    }

    /// What the action is about, for locks ("one run per target") and lists: `order/shop/812`, `server/panel/42`.
    #[must_use]
    pub fn target(&self) -> String {
        match (self.order(), self.server()) {
            (Some(order), _) => format!("order/{order}"),
            (None, Some(server)) => format!("server/{server}"),
            (None, None) => "match/new".to_owned(),
        }
    }
}

/// How a check of a plan came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Fine.
    Pass,
    /// May go on; the operator should know.
    Warn,
    /// The action is refused.
    Refuse,
}

/// One check of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked, in a few words.
    pub title: String,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// What was seen, with the reason (why this node, why refused).
    pub detail: String,
}

/// One step of a plan, before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Stable name: `create_server`.
    pub name: String,
    /// What it does, for people.
    pub title: String,
    /// What a cancel or failure after it would undo; empty for nothing.
    pub undo: String,
}

/// How much the operator must do to confirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// y or n.
    YesNo,
    /// Type this name.
    TypeName(String),
}

/// Somebody's claim on an order, as seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenClaim {
    /// The token in the row; nothing when its claimant left none.
    pub token: Option<String>,
}

/// What a provisioning run will create, decided while planning and stored with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionParameters {
    /// The orders database.
    pub orders_account: super::ids::AccountId,
    /// The order.
    pub order: OrderId,
    /// The claim that is taken over, as it was when this was planned; nothing for an order that nobody holds.
    pub taken_over: Option<SeenClaim>,
    /// What the server carries as its external id: how it is found again.
    pub external_id: String,
    /// The chosen node.
    pub node: NodeKey,
    /// Why this node.
    pub node_reason: String,
    /// Nest of the egg.
    pub nest_id: i64,
    /// The egg.
    pub egg_id: i64,
    /// The image.
    pub docker_image: String,
    /// The startup line.
    pub startup: String,
    /// Every variable of the egg, complete.
    pub environment: BTreeMap<String, String>,
    /// Sizes.
    pub limits: Limits,
    /// Block-IO weight.
    pub io_weight: i64,
    /// Databases allowed.
    pub databases: i64,
    /// Backups allowed.
    pub backups: i64,
    /// Extra allocations allowed.
    pub allocations: i64,
    /// The server's name.
    pub server_name: String,
    /// The customer's e-mail.
    pub email: String,
    /// The customer's name, where known.
    pub customer_name: Option<String>,
    /// The customer's key in the shop.
    pub customer_id: String,
    /// What a panel user made for the customer carries as its external id.
    pub customer_external_id: String,
    /// The panel user already linked, where known.
    pub panel_user_id: Option<i64>,
}

/// What an action on an existing server works on, decided while planning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerParameters {
    /// The server.
    pub server: ServerKey,
    /// Its uuid, for client paths.
    pub uuid: String,
    /// Its name when it was planned; the run refuses when it changed.
    pub name: String,
    /// The external id when it was planned; a run never acts on a server whose id changed hands.
    pub external_id: Option<String>,
}

/// What an action on a server that burns credits works on, decided while planning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditServerParameters {
    /// The server.
    pub server: ServerKey,
    /// Its name, for people.
    pub name: String,
    /// Its state when it was planned: a run that does not know what became of its signal compares.
    pub status: CreditServerStatus,
    /// Its memory when it was planned, GiB, where known.
    pub ram_gib: Option<u32>,
}

/// What a match run works on, decided while planning. No secret is in it: passwords are made when the server is rented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchParameters {
    /// Our id of the match: a ULID.
    pub match_id: MatchId,
    /// What its server will be called.
    pub server_name: String,
    /// What the server is expected to cost per hour, where that could be told.
    pub price_per_hour: Option<Money>,
    /// How long each part may take.
    pub deadlines: MatchDeadlines,
    /// What its result does to ratings, and what it earns.
    pub settlement: SettlementPolicy,
    /// Whether the provider is asked to call about it.
    pub has_hooks: bool,
}

/// What an action on one rented server works on, decided while planning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RentedParameters {
    /// The server.
    pub server: ServerKey,
    /// Its name when it was planned; the run refuses when it changed.
    pub name: String,
    /// The match that it was rented for, where it says so.
    pub match_id: Option<MatchId>,
}

/// The decided parameters of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameters {
    /// For `provision_order`.
    Provision(Box<ProvisionParameters>),
    /// For the actions on one server.
    Server(ServerParameters),
    /// The plan was refused before anything was decided.
    Undecided,
    /// For the actions on one server that burns credits.
    CreditServer(CreditServerParameters),
    /// For `run_match`.
    Match(Box<MatchParameters>),
    /// For the actions on one rented server.
    Rented(RentedParameters),
}

/// What a plan that adds burn does to the budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanBudget {
    /// What it adds per hour, in the currency of whoever is paid.
    pub adds_per_hour: Money,
    /// The balance that pays, where one does.
    pub payer: Option<BalanceKey>,
    /// The limits that it would pass: the operator is asked once more, and the engine wants to hear the answer.
    pub warnings: Vec<BudgetWarning>,
}

/// What an action would do. Nothing has happened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPlan {
    /// Its id: running a plan twice starts one run.
    pub id: PlanId,
    /// What was asked for.
    pub request: ActionRequest,
    /// One line: `provision order 812 for ann@example.net on fra-01`.
    pub title: String,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What would be done, in order.
    pub steps: Vec<PlannedStep>,
    /// Burn of the whole site before, in the reporting currency per hour, where known.
    pub burn_before: Option<Money>,
    /// Burn of the whole site after.
    pub burn_after: Option<Money>,
    /// How to confirm.
    pub confirmation: Confirmation,
    /// What was decided.
    pub parameters: Parameters,
    /// When it was made.
    pub made_at: Timestamp,
    /// After this it must be made again.
    pub valid_until: Timestamp,
    /// What it does to the budget; nothing where it adds no burn, and in plans of earlier versions.
    #[serde(default)]
    pub budget: Option<PlanBudget>,
}

impl ProvisionParameters {
    /// The order's name among the orders of every shop.
    #[must_use]
    pub fn order_key(&self) -> OrderKey {
        OrderKey { account: self.orders_account.clone(), id: self.order.clone() }
    }
}

impl ActionPlan {
    /// The limits of the budget that it would pass.
    #[must_use]
    pub fn budget_warnings(&self) -> &[BudgetWarning] {
        self.budget.as_ref().map_or(&[], |budget| &budget.warnings)
    }

    /// Whether any check refuses the action.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == CheckOutcome::Refuse)
    }
}
