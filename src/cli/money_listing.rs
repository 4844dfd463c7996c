//! Balances and alerts as columns and rows.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::listing::Cell;
use crate::model::balance_view::BalanceView;
use crate::model::money::{Money, Rates};
use crate::model::spend::{Alert, AlertKey, AlertLevel, BURN_WINDOWS, Period};
use crate::model::time::Timestamp;

/// Columns of balances.
pub const CREDITS: &[&str] = &[
    "balance",
    "name",
    "left",
    "unit",
    "burn",
    "committed",
    "observed",
    "cost",
    "today",
    "month",
    "runway",
    "ends",
    "read",
    "note",
];

/// Columns of alerts.
pub const ALERTS: &[&str] = &["about", "level", "age", "text", "silenced_until", "by", "reason"];

/// A balance's cells; amounts are per hour where they burn, in the balance's unit, but for `cost` in the reporting currency.
pub fn balance(view: &BalanceView, rates: &Rates, now: Timestamp) -> Vec<Cell> {
    let runway = view.runway(now);
    let per_hour = Money { amount: view.per_hour(), currency: view.balance.unit.clone() };
    let cost = rates.convert(&per_hour);
    let spent = |period: Period| {
        let window = view.windows.iter().find(|(one, _)| *one == period);
        window.map_or_else(|| Cell::text("-"), |(_, window)| Cell::number(window.spent, ""))
    };
    let note = match (&view.mismatch, &cost) {
        (Some(mismatch), _) => mismatch.clone(),
        (None, None) => format!("no rate from {} to {}", view.balance.unit, rates.reporting),
        (None, Some(_)) => String::new(),
    };
    vec![
        Cell::text(view.balance.key.to_string()),
        Cell::text(&view.balance.name),
        Cell::number(view.balance.amount, ""),
        Cell::text(view.balance.unit.to_string()),
        Cell::number(view.declared.running_per_hour, ""),
        Cell::number(view.declared.committed_per_hour, ""),
        view.observed_per_hour.map_or_else(|| Cell::text("-"), |observed| Cell::number(observed, "")),
        Cell::money(cost.as_ref()),
        spent(Period::Today),
        spent(Period::Month),
        runway.as_ref().map_or_else(|| Cell::text("-"), |runway| Cell::duration(runway.lasts_ms)),
        Cell::text(runway.map_or_else(|| "-".to_owned(), |runway| runway.ends_at.to_string())),
        Cell::age(Some(view.balance.observed_at), now),
        Cell::text(note),
    ]
}

/// A balance for programs: the value itself, with what depends on the moment beside it.
pub fn balance_json(view: &BalanceView, now: Timestamp) -> Value {
    let mut item = serde_json::to_value(view).unwrap_or_default();
    if let Value::Object(fields) = &mut item {
        fields.insert("per_hour".to_owned(), json!(view.per_hour()));
        fields.insert("predicted_now".to_owned(), json!(view.predicted(now)));
        fields.insert("runway".to_owned(), json!(view.runway(now)));
    }
    item
}

/// What an alert is about, in words.
fn about(key: &AlertKey) -> String {
    match key {
        AlertKey::BudgetBurn(window) => {
            let name = BURN_WINDOWS.get(usize::from(*window)).map_or("", |window| window.name);
            format!("budget over {name}")
        }
        AlertKey::Runway(balance) => format!("runway of {balance}"),
        AlertKey::Mismatch(balance) => format!("burn of {balance}"),
        AlertKey::Step(balance) => format!("step of {balance}"),
    }
}

/// An alert's cells.
pub fn alert(alert: &Alert, now: Timestamp) -> Vec<Cell> {
    let level = match alert.level {
        AlertLevel::Warning => "warning",
        AlertLevel::Critical => "critical",
    };
    let silence = alert.silence.as_ref().filter(|_| alert.is_silenced(now));
    vec![
        Cell::text(about(&alert.key)),
        Cell::text(level),
        Cell::age(Some(alert.since), now),
        Cell::text(&alert.text),
        Cell::text(silence.map_or_else(|| "-".to_owned(), |silence| silence.until.to_string())),
        Cell::text(silence.map_or("-", |silence| silence.by.as_str())),
        Cell::text(silence.map_or("", |silence| silence.reason.as_str())),
    ]
}

/// An alert for programs.
pub fn alert_json(alert: &Alert, now: Timestamp) -> Value {
    let mut item = serde_json::to_value(alert).unwrap_or_default();
    if let Value::Object(fields) = &mut item {
        fields.insert("about".to_owned(), json!(about(&alert.key)));
        fields.insert("is_silenced".to_owned(), json!(alert.is_silenced(now)));
    }
    item
}

/// An amount for programs: a text, so that no digit is lost.
pub fn exact(amount: Decimal) -> Value {
    json!(amount.normalize().to_string())
}

/// A balance's name: the account, and the pool's own.
pub fn balance_name(view: &BalanceView) -> String {
    let account = &view.balance.key.account;
    match &view.balance.key.pool {
        Some(_) => format!("{account}/{}", view.balance.name),
        None => account.to_string(),
    }
}
