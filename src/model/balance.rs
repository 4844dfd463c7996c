//! Prepaid money: a balance of an account or of a pool, whoever the provider is.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::account::Provider;
use super::ids::AccountId;
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
