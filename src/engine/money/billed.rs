//! A server that bills, whoever its provider is: what it costs while it runs, up to a month's cap, and what it costs anyway.
//! Pure.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::money::HOURS_PER_MONTH;
use crate::model::spend::BurnerOwner;
use crate::model::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;

/// A server that bills, as its provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledServer {
    /// Which.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// Its state in the provider's word.
    pub state: String,
    /// Its memory in GiB, where known.
    pub ram_gib: Option<u32>,
    /// Whether it is charged for now.
    pub is_running: bool,
    /// The balance that pays; nothing when somebody else's does.
    pub payer: Option<BalanceKey>,
    /// What it burns per hour while it runs, where known.
    pub per_hour: Option<Decimal>,
    /// The most that its hours may still cost in its month, where there is a most.
    pub cap: Option<MonthCap>,
    /// What it costs whether it runs or not.
    pub committed: Committed,
    /// For whom it runs.
    pub owner: BurnerOwner,
}

impl BilledServer {
    /// What it burns per hour at `now` if it ran since it was listed; nothing where it does not run or is not priced.
    #[must_use]
    pub fn running_per_hour(&self, now: Timestamp) -> Option<Decimal> {
        let per_hour = self.per_hour.filter(|_| self.is_running)?;
        let is_capped = self.cap.as_ref().is_some_and(|cap| cap.is_reached(per_hour, now));
        Some(if is_capped { Decimal::ZERO } else { per_hour })
    }
}

/// How much a server may still cost in its present month (`providers/dathost.md` §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthCap {
    /// What is left until the cap, when it was listed; never below zero.
    pub left: Decimal,
    /// When it was listed.
    pub listed_at: Timestamp,
    /// When the month begins anew, where known.
    pub month_ends_at: Option<Timestamp>,
}

impl MonthCap {
    /// Whether hours at this price have used up at `now` what was left.
    fn is_reached(&self, per_hour: Decimal, now: Timestamp) -> bool {
        if self.month_ends_at.is_some_and(|ends_at| now >= ends_at) {
            return false;
        }
        let ran_ms = Decimal::from(now.millis_since(self.listed_at));
        per_hour * ran_ms / Decimal::from(HOUR_MS) >= self.left
    }
}

/// What a server costs whether it runs or not; charged in lumps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Committed {
    /// Nothing.
    #[default]
    Nothing,
    /// Storage by the period, less what it burnt by running in it (`providers/exaroton.md` §4).
    Storage {
        /// For a whole period.
        per_period: Decimal,
    },
    /// A flat price: a subscription (`providers/dathost.md` §5).
    Flat {
        /// For a month.
        per_month: Decimal,
        /// The next charge, where its time is known.
        next: Option<FlatCharge>,
    },
}

/// A charge of a flat price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlatCharge {
    /// When, as far as known.
    pub at: Timestamp,
    /// How much.
    pub amount: Decimal,
}

impl Committed {
    /// Storage at this price; nothing where it is free.
    #[must_use]
    pub fn storage(per_period: Decimal) -> Self {
        if per_period > Decimal::ZERO { Self::Storage { per_period } } else { Self::Nothing }
    }

    /// What a flat price comes to per hour; nothing for what is not flat.
    #[must_use]
    pub fn flat_per_hour(&self) -> Option<Decimal> {
        match self {
            Self::Flat { per_month, .. } => Some(*per_month / Decimal::from(HOURS_PER_MONTH)),
            Self::Nothing | Self::Storage { .. } => None,
        }
    }

    /// Reads what records hold. Those of before there were flat prices hold storage's price per period only.
    pub(super) fn of_record<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Kept {
            Storage(Decimal),
            Committed(Committed),
        }
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Storage(per_period) => Self::storage(per_period),
            Kept::Committed(committed) => committed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        #[serde(alias = "storage_per_period", deserialize_with = "Committed::of_record")]
        committed: Committed,
    }

    #[test]
    fn old_records_and_new_ones_are_read() {
        let read = |json: &str| serde_json::from_str::<Record>(json).unwrap().committed;
        assert_eq!(read(r#"{"storage_per_period":"10"}"#), Committed::Storage { per_period: Decimal::TEN });
        assert_eq!(read(r#"{"storage_per_period":"0"}"#), Committed::Nothing);
        for committed in [
            Committed::Nothing,
            Committed::storage(Decimal::TEN),
            Committed::Flat {
                per_month: Decimal::new(165, 1),
                next: Some(FlatCharge { at: Timestamp(7), amount: Decimal::ONE }),
            },
        ] {
            let record = Record { committed };
            let json = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record, "{json}");
        }
    }

    #[test]
    fn a_cap_ends_the_burn_when_it_is_reached_and_a_new_month_begins_it_again() {
        let mut server = BilledServer {
            key: ServerKey { account: "dat".into(), id: "a1".to_owned() },
            name: "scrim".to_owned(),
            state: "on".to_owned(),
            ram_gib: None,
            is_running: true,
            payer: None,
            per_hour: Some(Decimal::TWO),
            cap: Some(MonthCap {
                left: Decimal::ONE,
                listed_at: Timestamp(0),
                month_ends_at: Some(Timestamp(7_200_000)),
            }),
            committed: Committed::Nothing,
            owner: BurnerOwner::Unowned,
        };
        let at = |server: &BilledServer, ms| server.running_per_hour(Timestamp(ms));
        assert_eq!(at(&server, 1_799_999), Some(Decimal::TWO));
        assert_eq!(at(&server, 1_800_000), Some(Decimal::ZERO), "half an hour costs what was left");
        assert_eq!(at(&server, 7_200_000), Some(Decimal::TWO), "a new month");
        server.cap = None;
        assert_eq!(at(&server, 1_800_000), Some(Decimal::TWO));
        server.is_running = false;
        assert_eq!(at(&server, 0), None);
    }
}
