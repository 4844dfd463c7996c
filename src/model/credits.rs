//! Prepaid money and what is paid from it: balances, pools, and the exaroton servers that burn credits.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::account::Provider;
use super::ids::{AccountId, ServerKey};
use super::money::Currency;
use super::time::Timestamp;

/// A balance: an account's own, or a pool of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BalanceKey {
    /// The account that sees it.
    pub account: AccountId,
    /// The provider's id of a pool; nothing for the account's own balance.
    pub pool: Option<String>,
}

impl BalanceKey {
    /// The account's own balance.
    #[must_use]
    pub fn account(account: AccountId) -> Self {
        Self { account, pool: None }
    }

    /// A pool that the account sees.
    #[must_use]
    pub fn pool(account: AccountId, pool: impl Into<String>) -> Self {
        Self { account, pool: Some(pool.into()) }
    }
}

impl fmt::Display for BalanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pool {
            None => write!(f, "{}", self.account),
            Some(pool) => write!(f, "{}/{pool}", self.account),
        }
    }
}

/// What of a pool is the account's own (`providers/exaroton.md` §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolShare {
    /// Whether the account owns the pool.
    pub is_owner: bool,
    /// The account's share, 0 to 1.
    pub share: Decimal,
    /// The account's part of the pool's credits.
    pub amount: Decimal,
    /// How many members it has.
    pub members: u32,
}

/// A prepaid balance as last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Which.
    pub key: BalanceKey,
    /// Who keeps it.
    pub provider: Provider,
    /// The account holder's or the pool's name.
    pub name: String,
    /// What is left, as the provider says.
    pub amount: Decimal,
    /// What it is counted in.
    pub unit: Currency,
    /// For a pool: what of it is the account's.
    pub share: Option<PoolShare>,
    /// When it was read.
    pub observed_at: Timestamp,
}

/// What an exaroton server does (`providers/exaroton.md` §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostedStatus {
    /// Off.
    Offline,
    /// Up.
    Online,
    /// Booting.
    Starting,
    /// Going down.
    Stopping,
    /// Going down and up again.
    Restarting,
    /// Its files go to storage.
    Saving,
    /// Its files come from storage.
    Loading,
    /// Ended by itself.
    Crashed,
    /// Waits for a machine.
    Pending,
    /// Its files move between machines.
    Transferring,
    /// A machine is made ready.
    Preparing,
    /// A number this version does not know: shown as it is and taken as not stopped.
    Unknown(i64),
}

impl HostedStatus {
    /// Reads the provider's number.
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Offline,
            1 => Self::Online,
            2 => Self::Starting,
            3 => Self::Stopping,
            4 => Self::Restarting,
            5 => Self::Saving,
            6 => Self::Loading,
            7 => Self::Crashed,
            8 => Self::Pending,
            9 => Self::Transferring,
            10 => Self::Preparing,
            other => Self::Unknown(other),
        }
    }

    /// The provider's number.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Offline => 0,
            Self::Online => 1,
            Self::Starting => 2,
            Self::Stopping => 3,
            Self::Restarting => 4,
            Self::Saving => 5,
            Self::Loading => 6,
            Self::Crashed => 7,
            Self::Pending => 8,
            Self::Transferring => 9,
            Self::Preparing => 10,
            Self::Unknown(code) => code,
        }
    }

    /// Whether it is charged for while in this state: from preparing to the end of stopping, and in states that are not
    /// known, so that nothing bills unnoticed (`providers/exaroton.md` §4: a guess, not documented).
    #[must_use]
    pub fn is_billed(self) -> bool {
        match self {
            Self::Preparing
            | Self::Loading
            | Self::Starting
            | Self::Online
            | Self::Restarting
            | Self::Stopping
            | Self::Transferring
            | Self::Unknown(_) => true,
            Self::Offline | Self::Crashed | Self::Pending | Self::Saving => false,
        }
    }
}

impl fmt::Display for HostedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Restarting => "restarting",
            Self::Saving => "saving",
            Self::Loading => "loading",
            Self::Crashed => "crashed",
            Self::Pending => "pending",
            Self::Transferring => "transferring",
            Self::Preparing => "preparing",
            Self::Unknown(code) => return write!(f, "unknown({code})"),
        };
        f.write_str(word)
    }
}

/// A server that burns credits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostedServer {
    /// Account and the provider's own id.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// The name players connect to.
    pub address: String,
    /// What it does.
    pub status: HostedStatus,
    /// Software and version, where known.
    pub software: Option<String>,
    /// Players on it, where known.
    pub players: Option<u32>,
    /// The most players it takes.
    pub players_max: Option<u32>,
    /// Whether somebody else shares it with the account: its owner pays, unless started with own credits.
    pub is_shared: bool,
    /// RAM in GiB, where it was asked for: lists do not say.
    pub ram_gib: Option<u32>,
    /// The balance that pays; nothing when somebody else's pays.
    pub payer: Option<BalanceKey>,
    /// When it was observed.
    pub observed_at: Timestamp,
}

impl HostedServer {
    /// Credits per hour while it is billed: one per GiB of RAM (`providers/exaroton.md` §4); nothing while the RAM is not
    /// known.
    #[must_use]
    pub fn credits_per_hour(&self) -> Option<Decimal> {
        self.ram_gib.map(Decimal::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_number_comes_back_and_unknown_ones_are_taken_as_billed() {
        for code in -3..120 {
            assert_eq!(HostedStatus::from_code(code).code(), code);
        }
        assert!(HostedStatus::from_code(99).is_billed());
        assert_eq!(HostedStatus::from_code(99).to_string(), "unknown(99)");
    }
}
