//! What a report is made from: plain facts of one period, gathered by whoever keeps them.

use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::ids::{OperatorName, ServerKey};
use crate::model::money::{Currency, Money};
use crate::model::site::Site;
use crate::model::spend::{AlertEvent, BurnerOwner, Movement};
use crate::model::time::Timestamp;

/// The facts of one period.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// The site, with the reporting currency and its rates.
    pub site: Site,
    /// Whose midnights divide the days.
    pub zone: Tz,
    /// The first moment reported.
    pub from: Timestamp,
    /// The end of the period, itself not in it.
    pub to: Timestamp,
    /// When the report is made.
    pub generated_at: Timestamp,
    /// Whoever paid: balances, and accounts that are billed later.
    pub payers: Vec<PayerInput>,
    /// What each server was declared to cost in the period.
    pub servers: Vec<ServerSpend>,
    /// Events of alerts up to the end of the period, oldest first; those before it tell what held when it began.
    pub alerts: Vec<(Timestamp, AlertEvent)>,
    /// What billed and belonged to nobody.
    pub orphans: Vec<OrphanRecord>,
    /// What else the reader must know, a sentence each.
    pub notes: Vec<String>,
}

/// A balance or an account, and what was spent from it.
#[derive(Debug, Clone)]
pub struct PayerInput {
    /// Which.
    pub key: BalanceKey,
    /// Its name for people.
    pub name: String,
    /// Who is paid.
    pub provider: Provider,
    /// What it is counted in.
    pub unit: Currency,
    /// How its spend is known.
    pub spend: SpendSource,
}

/// How spend is known.
#[derive(Debug, Clone)]
pub enum SpendSource {
    /// From readings of a prepaid balance: movements that follow each other and cover the period, where known.
    Observed(Vec<Movement>),
    /// Nothing can be read; what ran at its price, stretches that follow each other.
    Declared(Vec<Stretch>),
}

/// Declared spend of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Its first moment.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What was declared, in the payer's unit.
    pub spent: Decimal,
    /// Whether nobody watched: what ran meanwhile is supposed.
    pub is_gap: bool,
}

/// What one server was declared to cost in the period, from one payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpend {
    /// Which.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// Who paid.
    pub payer: BalanceKey,
    /// For whom it ran.
    pub owner: BurnerOwner,
    /// For running, in the payer's unit.
    pub running: Decimal,
    /// For being there (storage, a subscription), in the payer's unit.
    pub committed: Decimal,
    /// How long it ran, where that is known, milliseconds.
    pub ran_ms: Option<u64>,
}

/// Something that billed and belonged to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanRecord {
    /// Which.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// What it cost per hour.
    pub per_hour: Money,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was ended, or adopted; nothing while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Who ended it.
    pub ended_by: Option<OperatorName>,
}
