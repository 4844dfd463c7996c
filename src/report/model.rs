//! The one report model: what every writer prints. All amounts are exact; all text is clean.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::money::Currency;
use crate::model::spend::AlertLevel;
use crate::model::time::Timestamp;

/// The shape of the JSON; a change that breaks readers raises it.
pub const VERSION: u32 = 1;

/// An amount in its own unit and in the reporting currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// In `unit`.
    pub amount: Decimal,
    /// The payer's own unit.
    pub unit: Currency,
    /// In the reporting currency; nothing where no rate is configured.
    pub reporting: Option<Decimal>,
}

/// A rate that this report uses, or lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateUsed {
    /// One of this…
    pub unit: Currency,
    /// …is so much of the reporting currency; nothing where no rate is configured, and then it is in no total.
    pub per_unit: Option<Decimal>,
}

/// A period's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this shape.
    pub version: u32,
    /// The site's name.
    pub site: String,
    /// The site's word: `PRODUCTION`; empty for none.
    pub word: String,
    /// Whether every figure is of a simulated site.
    pub is_simulated: bool,
    /// The name of the time zone whose midnights divide the days.
    pub zone: String,
    /// The first moment reported.
    pub from: Timestamp,
    /// The end of the period.
    pub to: Timestamp,
    /// When the report was made.
    pub generated_at: Timestamp,
    /// What totals are in.
    pub reporting: Currency,
    /// Every rate used or missing.
    pub rates: Vec<RateUsed>,
    /// Everything together.
    pub totals: Totals,
    /// Balances and accounts.
    pub payers: Vec<PayerReport>,
    /// Day by day, oldest first.
    pub days: Vec<DayReport>,
    /// By provider, the largest first.
    pub providers: Vec<SpendGroup>,
    /// By owner, the largest first, the unowned and the not attributed last.
    pub owners: Vec<SpendGroup>,
    /// By server and payer, the largest first.
    pub servers: Vec<ServerReport>,
    /// What the servers do not explain, for each payer where that is not zero.
    pub not_attributed: Vec<NotAttributed>,
    /// Alerts that held in the period, oldest first.
    pub alerts: Vec<ReportAlert>,
    /// Orphans of the period, the dearest first.
    pub orphans: Vec<OrphanReport>,
    /// What else the reader must know.
    pub notes: Vec<String>,
}

/// Everything together, in the reporting currency; what has no rate is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What was spent, from balances and billed later.
    pub spent: Decimal,
    /// What of it was spent from balances: `closing = opening - spent_from_balances + topped_up + unexplained`.
    pub spent_from_balances: Decimal,
    /// What came in.
    pub topped_up: Decimal,
    /// What balances changed by otherwise.
    pub unexplained: Decimal,
    /// All balances when the period began.
    pub opening: Decimal,
    /// All balances when it ended.
    pub closing: Decimal,
    /// Average over the watched hours of each payer.
    pub per_hour: Option<Decimal>,
    /// The same for a day of 24 hours.
    pub per_day: Option<Decimal>,
    /// What orphans cost after they were found.
    pub orphan_cost: Decimal,
    /// What ending orphans saved until the end of the period.
    pub saved: Decimal,
    /// Units that have no rate and are in none of these.
    pub left_out: Vec<Currency>,
}

/// One balance or account. For a balance `closing = opening - spent + topped_up + unexplained`, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerReport {
    /// Which.
    pub key: BalanceKey,
    /// Its name.
    pub name: String,
    /// Who is paid.
    pub provider: Provider,
    /// What it is counted in.
    pub unit: Currency,
    /// Whether it is a balance that is read; else what ran at its price is all that is known.
    pub is_prepaid: bool,
    /// The balance when the period began, or at its first reading.
    pub opening: Option<Amount>,
    /// The balance when the period ended, or at its last reading.
    pub closing: Option<Amount>,
    /// What was spent.
    pub spent: Amount,
    /// What came in.
    pub topped_up: Amount,
    /// What the balance changed by between readings that do not follow each other; zero in a whole history.
    pub unexplained: Amount,
    /// Average over the watched hours, in its unit.
    pub per_hour: Option<Decimal>,
    /// The same for a day of 24 hours.
    pub per_day: Option<Decimal>,
    /// How far `spent` may be off.
    pub doubt: Decimal,
    /// Milliseconds of the period that were watched.
    pub watched_ms: u64,
    /// The rest of the period.
    pub gaps: Vec<GapReport>,
    /// What came in, one by one.
    pub top_ups: Vec<TopUp>,
    /// The balance over time, thinned for a chart.
    pub line: Vec<LinePoint>,
}

/// A stretch that was not watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapReport {
    /// Its first moment.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What was spent meanwhile, spread evenly over it; nothing before the first and after the last reading.
    pub spent: Option<Decimal>,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// When it was seen: the reading after it.
    pub seen_at: Timestamp,
    /// How much, in the payer's unit.
    pub amount: Decimal,
    /// How far the spend beside it may be off.
    pub doubt: Decimal,
}

/// A point of a balance's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePoint {
    /// When.
    pub at: Timestamp,
    /// The balance.
    pub balance: Decimal,
    /// Whether nobody watched between the point before and this one: the line is broken there.
    pub is_after_gap: bool,
}

/// One day in the site's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    /// Its date.
    pub date: NaiveDate,
    /// Its first moment in the period.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What was spent, in the reporting currency.
    pub spent: Decimal,
    /// Milliseconds of it that were not watched, of the payer watched least.
    pub unwatched_ms: u64,
    /// Payer by payer, in the order of [`Report::payers`].
    pub parts: Vec<DayPart>,
}

/// One payer's part of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPart {
    /// Whose.
    pub payer: BalanceKey,
    /// What was spent.
    pub spent: Amount,
    /// Milliseconds that were watched.
    pub watched_ms: u64,
}

/// Spend of a provider or an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendGroup {
    /// What kind of group: `provider`, `order`, `match`, `deployment`, `unowned`, `not_attributed`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// How many servers it had.
    pub servers: u32,
    /// What was spent, each unit apart.
    pub amounts: Vec<Amount>,
    /// In the reporting currency, without what has no rate.
    pub spent: Decimal,
}

/// What one server cost from one payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    /// Which.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// Who paid.
    pub payer: BalanceKey,
    /// Who was paid; nothing where the payer is not in the report.
    pub provider: Option<Provider>,
    /// For whom it ran.
    pub owner: String,
    /// For running and for being there.
    pub spent: Amount,
    /// What of it was for being there.
    pub committed: Decimal,
    /// How long it ran, where that is known, milliseconds.
    pub ran_ms: Option<u64>,
}

/// Spend of a payer that its servers do not explain; negative where they were declared to cost more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotAttributed {
    /// Whose.
    pub payer: BalanceKey,
    /// Its name.
    pub name: String,
    /// How much.
    pub amount: Amount,
}

/// An alert that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAlert {
    /// How bad it became.
    pub level: AlertLevel,
    /// What it was about.
    pub about: String,
    /// What was wrong.
    pub text: String,
    /// Since when, perhaps before the period.
    pub began: Timestamp,
    /// When it ended; nothing while it held at the period's end.
    pub ended: Option<Timestamp>,
    /// Who silenced it, why; empty for nobody.
    pub silenced: String,
}

/// Something that billed and belonged to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanReport {
    /// Which.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// What it cost per hour.
    pub per_hour: Amount,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// Who ended it; empty where nobody did.
    pub ended_by: String,
    /// What it cost in the period after it was found.
    pub cost: Amount,
    /// What it would have cost from its end until the end of the period.
    pub saved: Amount,
}
