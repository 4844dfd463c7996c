//! Prepaid credits: the accounts and pools that pay, and the servers that burn them (`providers/exaroton.md` §2, §3).
//!
//! What a server costs per hour is in [`super::credit_pricing`].

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::account::Provider;
use super::balance::{Balance, BalanceKey, PoolShare};
use super::ids::{AccountId, ServerKey};
use super::money::{Currency, Money};
use super::server::PowerState;
use super::time::Timestamp;

/// The unit of every amount here.
pub const CREDITS: &str = "credits";

/// Memory that a server may have, GiB (§3.1).
pub const RAM_GIB: std::ops::RangeInclusive<u32> = 2..=16;

/// The longest that the auto-stop is put off at once: a day.
pub const EXTENSION_S_MAX: u32 = 86_400;

/// The state of a server at exaroton, by the provider's number (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditServerStatus {
    /// 0: does not run.
    Offline,
    /// 1: players can join.
    Online,
    /// 2: the game starts.
    Starting,
    /// 3: the game stops.
    Stopping,
    /// 4: stops and starts again.
    Restarting,
    /// 5: its files go back into storage.
    Saving,
    /// 6: its files come from storage.
    Loading,
    /// 7: ended by itself.
    Crashed,
    /// 8: waits for a place.
    Pending,
    /// 9: moves to another machine.
    Transferring,
    /// 10: a place is made ready.
    Preparing,
    /// A number this version does not know; never taken for stopped.
    Unknown(u32),
}

impl CreditServerStatus {
    /// Reads the provider's number.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        match number {
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
    pub fn number(self) -> u32 {
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
            Self::Unknown(number) => number,
        }
    }

    /// Whether it certainly does not run and nothing is on its way: offline or crashed.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        matches!(self, Self::Offline | Self::Crashed)
    }

    /// Whether it is on its way up.
    #[must_use]
    pub fn is_coming_up(self) -> bool {
        matches!(self, Self::Pending | Self::Preparing | Self::Loading | Self::Starting | Self::Restarting)
    }

    /// Whether it is on its way down.
    #[must_use]
    pub fn is_going_down(self) -> bool {
        matches!(self, Self::Stopping | Self::Saving)
    }

    /// The state in the words all servers share.
    #[must_use]
    pub fn power(self) -> PowerState {
        match self {
            Self::Offline | Self::Crashed => PowerState::Offline,
            Self::Online => PowerState::Running,
            Self::Pending | Self::Preparing | Self::Loading | Self::Starting | Self::Restarting => {
                PowerState::Starting
            }
            Self::Stopping | Self::Saving => PowerState::Stopping,
            Self::Transferring | Self::Unknown(_) => PowerState::Unknown,
        }
    }
}

impl fmt::Display for CreditServerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
            Self::Unknown(number) => return write!(f, "unknown({number})"),
        })
    }
}

/// Whose credits a server burns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// The pools were not read yet.
    Undecided,
    /// A balance that we see: a pool's, and then the account's own stays untouched, or the account's own.
    Balance(BalanceKey),
    /// The owner who shares it with us.
    Owner,
}

/// Who plays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreditServerPlayers {
    /// How many are there, where known.
    pub count: Option<u32>,
    /// How many may be.
    pub max: Option<u32>,
    /// Their names, where known; sanitised.
    pub names: Vec<String>,
}

/// The game a server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditServerSoftware {
    /// `Paper`.
    pub name: String,
    /// `1.21.4`.
    pub version: String,
}

/// A server that burns credits while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditServer {
    /// Account and the provider's own id.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// The address players use: `weekend.exaroton.me`.
    pub address: String,
    /// The message of the day, without formatting codes.
    pub motd: String,
    /// Its state.
    pub status: CreditServerStatus,
    /// The machine it runs on; nothing while it does not.
    pub host: Option<String>,
    /// Its port; stays while it does not run.
    pub port: Option<u16>,
    /// Who plays.
    pub players: CreditServerPlayers,
    /// The game.
    pub software: Option<CreditServerSoftware>,
    /// Whether somebody else owns it and shares it.
    pub is_shared: bool,
    /// Its memory, GiB; the list does not tell, so it is asked for on its own.
    pub ram_gib: Option<u32>,
    /// Whose credits it burns.
    pub payer: Payer,
    /// When it was last observed.
    pub observed_at: Timestamp,
}

/// An account with its balance. Zero is not "out of money" where a pool pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditAccount {
    /// The configured name.
    pub account: AccountId,
    /// The provider's name for it.
    pub name: String,
    /// Whether its email address is confirmed.
    pub is_verified: bool,
    /// Credits left.
    pub balance: Money,
    /// When it was observed.
    pub observed_at: Timestamp,
}

impl CreditAccount {
    /// The account as a balance among others.
    #[must_use]
    pub fn to_balance(&self) -> Balance {
        Balance {
            key: BalanceKey::account(self.account.clone()),
            provider: Provider::Exaroton,
            name: self.name.clone(),
            amount: self.balance.amount,
            unit: Currency(CREDITS.to_owned()),
            share: None,
            observed_at: self.observed_at,
        }
    }
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditPoolMember {
    /// The provider's account id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The part of the pool that is theirs, 0 to 1; zero for one who does not pay.
    pub share: Decimal,
    /// The credits that are theirs.
    pub balance: Money,
    /// Whether it is theirs to manage.
    pub is_owner: bool,
}

/// A pool: credits of several members that pay for servers together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditPool {
    /// Account and the provider's own id.
    pub key: BalanceKey,
    /// Its name.
    pub name: String,
    /// Credits left, of all members.
    pub balance: Money,
    /// The provider's id of the account that manages it.
    pub owner: String,
    /// Whether that is us.
    pub is_owner: bool,
    /// The part that is ours, 0 to 1.
    pub own_share: Decimal,
    /// The credits that are ours.
    pub own_balance: Money,
    /// How many servers it pays for.
    pub server_count: u32,
    /// How many members it has.
    pub member_count: u32,
    /// Its members, where they were read.
    pub members: Vec<CreditPoolMember>,
    /// The servers it pays for, where they were read.
    pub servers: Vec<ServerKey>,
    /// When it was observed.
    pub observed_at: Timestamp,
}

impl CreditPool {
    /// The provider's own id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.key.pool.as_deref().unwrap_or_default()
    }

    /// The pool as a balance among others.
    #[must_use]
    pub fn to_balance(&self) -> Balance {
        Balance {
            key: self.key.clone(),
            provider: Provider::Exaroton,
            name: self.name.clone(),
            amount: self.balance.amount,
            unit: Currency(CREDITS.to_owned()),
            share: Some(PoolShare {
                is_owner: self.is_owner,
                share: self.own_share,
                amount: self.own_balance.amount,
                members: self.member_count,
            }),
            observed_at: self.observed_at,
        }
    }

    /// Our part of what the pool pays.
    #[must_use]
    pub fn own_part(&self, paid: &Money) -> Money {
        Money { amount: paid.amount * self.own_share, currency: paid.currency.clone() }
    }
}

/// An amount of credits.
#[must_use]
pub fn credits(amount: Decimal) -> Money {
    Money::new(amount, CREDITS)
}

/// Writes into each server whose credits it burns: its pool, else its owner, else the account (§2).
pub fn assign_payers(servers: &mut [CreditServer], pools: &[CreditPool]) {
    let by_server: BTreeMap<&ServerKey, &BalanceKey> =
        pools.iter().flat_map(|pool| pool.servers.iter().map(move |server| (server, &pool.key))).collect();
    for server in servers {
        server.payer = match by_server.get(&server.key) {
            Some(pool) => Payer::Balance((*pool).clone()),
            None if server.is_shared => Payer::Owner,
            None => Payer::Balance(BalanceKey::account(server.key.account.clone())),
        };
    }
}

/// What is asked of a server's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditServerSignal {
    /// Start it; with our own credits where the payer would be another.
    Start {
        /// Burn the caller's credits, not the pool's or the owner's.
        with_own_credits: bool,
    },
    /// Stop it.
    Stop,
    /// Stop it, then start it.
    Restart,
}

impl CreditServerSignal {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// Whether a status shows that the signal took effect. `None`: the status tells neither, so look again.
    #[must_use]
    pub fn is_seen_in(self, status: CreditServerStatus) -> Option<bool> {
        use CreditServerStatus as S;
        if matches!(status, S::Unknown(_) | S::Transferring) {
            return None;
        }
        match self {
            Self::Start { .. } if status.is_stopped() => Some(false),
            // One that was started before it went down needs another start.
            Self::Start { .. } => (!status.is_going_down()).then_some(true),
            Self::Stop if status == S::Online => Some(false),
            Self::Stop => (status.is_stopped() || status.is_going_down()).then_some(true),
            // Online may be before or after.
            Self::Restart => matches!(status, S::Restarting | S::Starting).then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_also_unknown_ones() {
        for number in 0..200 {
            assert_eq!(CreditServerStatus::from_number(number).number(), number);
        }
        let unknown = CreditServerStatus::from_number(99);
        assert_eq!(unknown.to_string(), "unknown(99)");
        assert!(!unknown.is_stopped());
        assert_eq!(unknown.power(), PowerState::Unknown);
    }

    #[test]
    fn a_signal_is_seen_by_the_status() {
        use CreditServerStatus as S;
        let start = CreditServerSignal::Start { with_own_credits: false };
        assert_eq!(start.is_seen_in(S::Preparing), Some(true));
        assert_eq!(start.is_seen_in(S::Offline), Some(false));
        assert_eq!(start.is_seen_in(S::Unknown(99)), None);
        assert_eq!(CreditServerSignal::Stop.is_seen_in(S::Saving), Some(true));
        assert_eq!(CreditServerSignal::Stop.is_seen_in(S::Online), Some(false));
        assert_eq!(CreditServerSignal::Restart.is_seen_in(S::Online), None);
    }

    #[test]
    fn rows_survive_the_links_binary_format() {
        let status = CreditServerStatus::Unknown(77);
        let bytes = postcard::to_stdvec(&status).unwrap();
        assert_eq!(postcard::from_bytes::<CreditServerStatus>(&bytes).unwrap(), status);
    }
}
