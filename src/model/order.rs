//! Orders: a purchase to be turned into a server, and the shop's plans, regions and addons.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{AccountId, OrderId, OrderKey, ShopPlanId, ShopPlanKey};
use super::money::Money;
use super::time::Timestamp;

/// Where an order stands in its own database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Not paid yet.
    Pending,
    /// Paid: waits for a server.
    Paid,
    /// Claimed by a run.
    Provisioning,
    /// Has its server.
    Provisioned,
    /// Provisioning failed; the message says why.
    Error,
    /// Canceled by the customer or the shop.
    Canceled,
    /// A word this version does not know, shown as it is.
    Other(String),
}

impl OrderStatus {
    /// Reads the database's word; unknown ones are kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "paid" => Self::Paid,
            "provisioning" => Self::Provisioning,
            "provisioned" => Self::Provisioned,
            "error" => Self::Error,
            "canceled" | "cancelled" => Self::Canceled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word for screens and databases.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Provisioning => "provisioning",
            Self::Provisioned => "provisioned",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Other(word) => word,
        }
    }

    /// Whether an order in this state owns the server that carries its id.
    #[must_use]
    pub fn owns_a_server(&self) -> bool {
        matches!(self, Self::Paid | Self::Provisioning | Self::Provisioned | Self::Error)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The customer behind an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's key in the shop.
    pub user_id: String,
    /// E-mail; provisioning needs one.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// The panel user this customer is linked to.
    pub panel_user_id: Option<i64>,
}

/// Something bought on top of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// What it is called.
    pub name: String,
    /// Extra memory, MiB.
    pub ram_mib: i64,
    /// Extra disk, MiB.
    pub disk_mib: i64,
    /// Extra CPU, percent of a core.
    pub cpu_percent: i64,
    /// Extra backups.
    pub backups: i64,
    /// Extra databases.
    pub databases: i64,
    /// Extra allocations (ports).
    pub allocations: i64,
}

/// Stripe's ids of an order; shown, never called here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StripeIds {
    /// `cs_…`
    pub checkout_session: Option<String>,
    /// `sub_…`
    pub subscription: Option<String>,
    /// `pi_…`
    pub payment_intent: Option<String>,
    /// `cus_…`
    pub customer: Option<String>,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Key in the orders database.
    pub id: OrderId,
    /// The orders database it lives in.
    pub account: AccountId,
    /// Where it stands.
    pub status: OrderStatus,
    /// The run (or other program) that claimed it.
    pub claim_token: Option<String>,
    /// Who bought.
    pub customer: Customer,
    /// What was bought.
    pub plan: ShopPlanId,
    /// Where the server shall stand, in the shop's words.
    pub region: Option<String>,
    /// The server's wished name.
    pub server_name: Option<String>,
    /// What the customer pays.
    pub amount: Option<Money>,
    /// When it was placed.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// The panel's numeric server id, once provisioned.
    pub panel_server_id: Option<i64>,
    /// The panel's short identifier, once provisioned.
    pub panel_identifier: Option<String>,
    /// The panel's node id, once provisioned.
    pub panel_node_id: Option<i64>,
    /// Why it is in error, in words a person can act on.
    pub error_message: Option<String>,
    /// Bought on top.
    pub addons: Vec<Addon>,
    /// Stripe's ids.
    pub stripe: StripeIds,
    /// When this row was read.
    pub observed_at: Timestamp,
}

impl Order {
    /// Its name among the orders of every shop.
    #[must_use]
    pub fn key(&self) -> OrderKey {
        OrderKey { account: self.account.clone(), id: self.id.clone() }
    }

    /// When it was claimed, as far as the row says: the later of its last change and of the moment in the claim's token
    /// (runs' ids begin with their time); without both, when it was placed or read.
    #[must_use]
    pub fn claimed_at(&self) -> Timestamp {
        let run = self.claim_token.as_deref().and_then(|token| ulid::Ulid::from_string(token).ok());
        let begun = run.and_then(|run| i64::try_from(run.timestamp_ms()).ok()).map(Timestamp);
        self.updated_at.max(begun).or(self.created_at).unwrap_or(self.observed_at)
    }

    /// The name of what was bought among the plans of every shop.
    #[must_use]
    pub fn plan_key(&self) -> ShopPlanKey {
        ShopPlanKey { account: self.account.clone(), id: self.plan.clone() }
    }
}

/// What the shop sells, with the size and egg of the server it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopPlan {
    /// Key in the orders database.
    pub id: ShopPlanId,
    /// The orders database it lives in.
    pub account: AccountId,
    /// What customers call it.
    pub name: String,
    /// Whether it is sold now.
    pub is_active: bool,
    /// What the customer pays per month.
    pub price: Option<Money>,
    /// What it costs us per month, where the shop knows.
    pub cost: Option<Money>,
    /// `price_…`
    pub stripe_price_id: Option<String>,
    /// Memory, MiB; 0 = unlimited.
    pub ram_mib: i64,
    /// Disk, MiB; 0 = unlimited.
    pub disk_mib: i64,
    /// CPU, percent of one core; 0 = unlimited.
    pub cpu_percent: i64,
    /// Swap, MiB; 0 = none, -1 = unlimited.
    pub swap_mib: i64,
    /// Block-IO weight, 10–1000.
    pub io_weight: i64,
    /// Databases allowed.
    pub databases: i64,
    /// Backups allowed.
    pub backups: i64,
    /// Extra allocations allowed.
    pub allocations: i64,
    /// The panel's egg id.
    pub egg_id: Option<i64>,
    /// Image to use instead of the egg's first.
    pub docker_image: Option<String>,
    /// Startup line to use instead of the egg's.
    pub startup: Option<String>,
    /// Values over the egg's defaults.
    pub environment: BTreeMap<String, String>,
}

impl ShopPlan {
    /// Its name among the plans of every shop.
    #[must_use]
    pub fn key(&self) -> ShopPlanKey {
        ShopPlanKey { account: self.account.clone(), id: self.id.clone() }
    }

    /// What a server of this plan burns: its cost to us, or its price where no cost is known.
    #[must_use]
    pub fn burn_per_hour(&self) -> Option<Money> {
        self.cost.as_ref().or(self.price.as_ref()).map(Money::per_hour_of_month)
    }
}

/// One row of the shop's map from regions to panel nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionNode {
    /// The orders database it lives in.
    pub account: AccountId,
    /// Key of the row, for messages.
    pub row: String,
    /// The shop's region.
    pub region: String,
    /// The panel's node id.
    pub panel_node_id: i64,
    /// Whether new servers may be placed there.
    pub is_enabled: bool,
    /// Memory never to be sold, MiB.
    pub reserved_ram_mib: i64,
    /// Disk never to be sold, MiB.
    pub reserved_disk_mib: i64,
}
