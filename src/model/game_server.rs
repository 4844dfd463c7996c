//! Rented game servers that bill by the hour while they are on (`providers/dathost.md` §3.2, §5).
//!
//! Every field may be missing at the provider: what is not known is `None`, never a made-up zero.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::account::Provider;
use super::balance::{Balance, BalanceKey};
use super::ids::{AccountId, ServerKey};
use super::money::Currency;
use super::server::PowerState;
use super::time::Timestamp;

/// The unit of every amount here: other credits than exaroton's, with a rate of their own.
pub const DATHOST_CREDITS: &str = "dathost-credits";

/// How a server is paid (§3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// By the hour while it is on.
    #[default]
    PayAsYouGo,
    /// Flat, by the month: on or off changes nothing.
    Active,
    /// The last renewal was not paid; it is tried again.
    RenewalFailed,
    /// No renewal was paid for too long.
    Suspended,
    /// Ends with its paid time.
    Canceling,
    /// Ended.
    Canceled,
    /// A word this version does not know.
    Other(String),
}

impl SubscriptionState {
    /// Reads the provider's word; none is pay as you go.
    #[must_use]
    pub fn from_word(word: Option<&str>) -> Self {
        match word {
            None | Some("" | "PAY_AS_YOU_GO") => Self::PayAsYouGo,
            Some("ACTIVE") => Self::Active,
            Some("RENEWAL_FAILED") => Self::RenewalFailed,
            Some("SUSPENDED") => Self::Suspended,
            Some("CANCELING") => Self::Canceling,
            Some("CANCELED") => Self::Canceled,
            Some(other) => Self::Other(other.to_owned()),
        }
    }

    /// Whether a flat price is charged again at the end of the paid time.
    #[must_use]
    pub fn renews(&self) -> bool {
        matches!(self, Self::Active | Self::RenewalFailed)
    }

    /// Whether the paid time covers running, so that on or off changes nothing.
    #[must_use]
    pub fn covers_running(&self) -> bool {
        matches!(self, Self::Active | Self::RenewalFailed | Self::Canceling)
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PayAsYouGo => "pay as you go",
            Self::Active => "subscribed",
            Self::RenewalFailed => "renewal failed",
            Self::Suspended => "suspended",
            Self::Canceling => "ends with its paid time",
            Self::Canceled => "canceled",
            Self::Other(word) => word,
        })
    }
}

/// What a server costs, in [`DATHOST_CREDITS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameServerPrice {
    /// Per hour, now.
    pub per_hour: Option<Decimal>,
    /// Per hour at most.
    pub most_per_hour: Option<Decimal>,
    /// For a month: the price of a subscription, and the most that hours of one month cost.
    pub most_per_month: Option<Decimal>,
    /// Used in the present month of this server.
    pub used_in_month: Option<Decimal>,
    /// When the month begins anew.
    pub month_ends_at: Option<Timestamp>,
    /// How it is paid.
    pub subscription: SubscriptionState,
    /// Months paid at a time; 0 for pay as you go.
    pub cycle_months: u32,
    /// What is taken off the price of a cycle of this length, percent.
    pub cycle_discount_percent: u32,
    /// When a failed renewal is tried again.
    pub renewal_tried_at: Option<Timestamp>,
}

impl GameServerPrice {
    /// What a subscription comes to per month; nothing where the price is not known.
    #[must_use]
    pub fn subscription_per_month(&self) -> Option<Decimal> {
        let paid = Decimal::from(100_u32.saturating_sub(self.cycle_discount_percent));
        Some(self.most_per_month? * paid / Decimal::ONE_HUNDRED)
    }
}

/// Ports of a server. They are there while it is off, too: no sign that it is ready (§3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameServerPorts {
    /// Where players connect.
    pub game: Option<u16>,
    /// Where spectators connect.
    pub gotv: Option<u16>,
}

/// Whether it is there for players. `on` is what bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GameServerState {
    /// Off: nothing bills.
    Off,
    /// On, and not ready yet. In a list this may be long over (§3.1).
    Booting,
    /// On and ready.
    On,
}

impl GameServerState {
    /// The state in the words all servers share.
    #[must_use]
    pub fn power(self) -> PowerState {
        match self {
            Self::Off => PowerState::Offline,
            Self::Booting => PowerState::Starting,
            Self::On => PowerState::Running,
        }
    }
}

impl fmt::Display for GameServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Booting => "booting",
            Self::On => "on",
        })
    }
}

/// A rented game server. Its passwords are never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameServer {
    /// Account and the provider's own id.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// Free text that the provider never touches: whose it is, in our words.
    pub user_data: String,
    /// `cs2`.
    pub game: String,
    /// The provider's id of where it stands; historical, not literal.
    pub location: String,
    /// Whether it is there for players.
    pub state: GameServerState,
    /// The match of the match API that goes on there.
    pub match_id: Option<String>,
    /// What the provider found wrong with it; empty for nothing.
    pub error: String,
    /// Players there; lags by 5 to 10 minutes, so nothing is decided by it (§3.2).
    pub players_online: Option<u32>,
    /// Its host name or address.
    pub host: Option<String>,
    /// Its address; connect links work better with it.
    pub ip: Option<String>,
    /// Its ports.
    pub ports: GameServerPorts,
    /// What it costs.
    pub price: GameServerPrice,
    /// It stops itself after so many empty minutes; nothing: never.
    pub autostop_minutes: Option<u32>,
    /// Whether the provider refuses to delete it.
    pub is_protected: bool,
    /// The server it was duplicated from.
    pub duplicated_from: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last observed.
    pub observed_at: Timestamp,
}

impl GameServer {
    /// Whether it bills by the hour now.
    #[must_use]
    pub fn is_billed_by_hour(&self) -> bool {
        self.state != GameServerState::Off && !self.price.subscription.covers_running()
    }

    /// `203.0.113.7:27015`, as players type it; nothing while a part of it is not known.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        let host = self.ip.as_ref().or(self.host.as_ref())?;
        Some(format!("{host}:{}", self.ports.game?))
    }
}

/// An account that rents game servers, with its balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameServerAccount {
    /// The configured name.
    pub account: AccountId,
    /// Its address at the provider.
    pub email: String,
    /// Credits left.
    pub credits: Decimal,
    /// How long the provider says they last, seconds; nothing while no server is on.
    pub lasts_s: Option<u64>,
    /// Whether subscriptions are paid from these credits; where the provider does not say, they are taken to be.
    pub pays_subscriptions: bool,
    /// When it was observed.
    pub observed_at: Timestamp,
}

impl GameServerAccount {
    /// The account as a balance among others.
    #[must_use]
    pub fn to_balance(&self) -> Balance {
        Balance {
            key: BalanceKey::account(self.account.clone()),
            provider: Provider::Dathost,
            name: self.email.clone(),
            amount: self.credits,
            unit: Currency(DATHOST_CREDITS.to_owned()),
            share: None,
            observed_at: self.observed_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_costs_its_month_less_the_discount_of_its_cycle() {
        let price = GameServerPrice {
            most_per_month: Some(Decimal::new(1_650, 2)),
            cycle_discount_percent: 10,
            ..GameServerPrice::default()
        };
        assert_eq!(price.subscription_per_month(), Some(Decimal::new(14_850, 3)));
        assert_eq!(GameServerPrice::default().subscription_per_month(), None, "unknown is not free");
    }

    #[test]
    fn unknown_words_are_kept_and_never_taken_for_paid() {
        let word = SubscriptionState::from_word(Some("PAUSED"));
        assert_eq!(word.to_string(), "PAUSED");
        assert!(!word.covers_running() && !word.renews());
        assert_eq!(SubscriptionState::from_word(None), SubscriptionState::PayAsYouGo);
        let bytes = postcard::to_stdvec(&word).unwrap();
        assert_eq!(postcard::from_bytes::<SubscriptionState>(&bytes).unwrap(), word);
    }
}
