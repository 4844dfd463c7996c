//! `credits changes` and `credits burn`: what changed the burn and who did it, and where it went, as lists.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::args::{BurnBy, Format};
use super::exit::Exit;
use super::money_listing::exact;
use super::output::Listing;
use super::session::Session;
use crate::model::balance::BalanceKey;
use crate::model::money::{Currency, Money};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::spend::{Attribution, BurnChange, Cause, CauseSum, Share, Who};
use crate::model::time::Timestamp;

/// What is asked about a window.
pub struct Asked<'a> {
    /// Only what this balance or account pays, as `get credits` names it.
    pub payer: Option<&'a str>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// How the list is written.
    pub output: Format,
}

/// Lists what changed the burn: the sums by who did it, then every change.
///
/// # Errors
/// The engine went away or refused; there is no such balance.
pub async fn changes(session: &mut Session, asked: &Asked<'_>) -> Result<Exit, Problem> {
    let told = attribution(session, asked).await?;
    if asked.output == Format::Json {
        let document = json!({
            "from": told.from,
            "to": told.to,
            "by": per_unit(told.changed().iter()),
            "causes": told.sums.iter().map(sum_json).collect::<Vec<_>>(),
            "changes": told.changes,
        });
        println!("{}", serde_json::to_string_pretty(&document).unwrap_or_default());
        return Ok(Exit::Done);
    }
    if asked.output == Format::Table {
        println!("{}", crate::model::sanitise::sanitise(&headline(&told)));
        for sum in &told.sums {
            let words = format!("  {:+} {}/h  {sum}", sum.by_per_hour.normalize(), sum.unit);
            println!("{}", crate::model::sanitise::sanitise(&words));
        }
        if told.changes.is_empty() {
            return Ok(Exit::Done);
        }
        println!();
    }
    let rows = told.changes.iter().map(change_row).collect();
    let columns = vec!["at", "server", "name", "what", "by_per_hour", "now", "who", "action", "for", "payer"];
    written(&Listing { columns, rows, items: told.changes.clone() }, asked.output)
}

/// Lists where the burn went.
///
/// # Errors
/// As [`changes`].
pub async fn burn(session: &mut Session, asked: &Asked<'_>, by: BurnBy) -> Result<Exit, Problem> {
    let told = attribution(session, asked).await?;
    let shares = match by {
        BurnBy::Server => &told.by_server,
        BurnBy::Provider => &told.by_provider,
        BurnBy::Owner => &told.by_owner,
    };
    let rates = &session.fleet.site.rates;
    let cost = |amount: Decimal, unit: &Currency| rates.convert(&Money { amount, currency: unit.clone() });
    let row = |share: &Share| {
        let reported = cost(share.per_hour, &share.unit);
        vec![
            who_words(&share.who),
            share.burnt.normalize().to_string(),
            share.per_hour_before.normalize().to_string(),
            share.per_hour.normalize().to_string(),
            share.unit.to_string(),
            reported.map_or_else(|| "-".to_owned(), |money| money.to_string()),
            rate_words(&share.unit, rates),
        ]
    };
    let item = |share: &Share| {
        json!({
            "who": share.who,
            "words": who_words(&share.who),
            "from": told.from,
            "to": told.to,
            "burnt": exact(share.burnt),
            "perHourBefore": exact(share.per_hour_before),
            "perHour": exact(share.per_hour),
            "unit": share.unit,
            "reportedPerHour": cost(share.per_hour, &share.unit),
        })
    };
    let columns = vec!["who", "burnt", "per_hour_before", "per_hour", "unit", "cost", "rate"];
    let (rows, items) = (shares.iter().map(row).collect(), shares.iter().map(item).collect::<Vec<Value>>());
    written(&Listing { columns, rows, items }, asked.output)
}

async fn attribution(session: &mut Session, asked: &Asked<'_>) -> Result<Attribution, Problem> {
    let payer = asked.payer.map(|wanted| payer(session, wanted)).transpose()?;
    let request = Request::BurnAttribution { payer, from: asked.from, to: asked.to };
    match session.ask(request).await? {
        Reply::BurnAttribution(told) => Ok(*told),
        _ => Err(Problem::refused("the engine answered something else than was asked", "")),
    }
}

/// The balance or the account of this name.
fn payer(session: &Session, wanted: &str) -> Result<BalanceKey, Problem> {
    let fleet = &session.fleet;
    let mut known = fleet.balances.keys().chain(fleet.billed_later.keys());
    let found = known.find(|key| key.to_string() == wanted).cloned();
    found.ok_or_else(|| Problem::not_found(format!("there is no balance {wanted}")))
}

fn written<T: serde::Serialize>(listing: &Listing<T>, output: Format) -> Result<Exit, Problem> {
    let mut bytes = Vec::new();
    let write = listing.write(output, &mut bytes);
    write.map_err(|error| Problem::storage(format!("writing the list: {error}")))?;
    // Whoever reads may close the pipe.
    let _closed = std::io::Write::write_all(&mut std::io::stdout(), &bytes);
    Ok(Exit::Done)
}

/// `since 2026-11-20T14:00:00.000Z +3.2 credits/h: 4 starts by ann@bastion, order 812`.
fn headline(told: &Attribution) -> String {
    let changed: Vec<String> =
        told.changed().iter().map(|(unit, by)| format!("{:+} {unit}/h", by.normalize())).collect();
    let changed = if changed.is_empty() { "nothing changed".to_owned() } else { changed.join(", ") };
    let causes: Vec<String> = told.sums.iter().map(ToString::to_string).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join("; ")) };
    format!("since {} {changed}{causes}", told.from)
}

fn per_unit<'a>(amounts: impl Iterator<Item = (&'a Currency, &'a Decimal)>) -> Value {
    amounts.map(|(unit, amount)| (unit.0.clone(), exact(*amount))).collect::<serde_json::Map<_, _>>().into()
}

fn sum_json(sum: &CauseSum) -> Value {
    json!({
        "what": sum.kind,
        "by": sum.by,
        "orders": sum.orders,
        "count": sum.count,
        "byPerHour": exact(sum.by_per_hour),
        "unit": sum.unit,
        "words": sum.to_string(),
    })
}

fn change_row(change: &BurnChange) -> Vec<String> {
    let (who, action) = match &change.cause {
        Cause::Run { by, action, .. } => (by.to_string(), action.clone()),
        Cause::Outside => ("outside".to_owned(), "-".to_owned()),
    };
    vec![
        change.at.to_string(),
        change.server.to_string(),
        change.name.clone(),
        change.kind.verb().to_owned(),
        format!("{:+}", change.by_per_hour().normalize()),
        change.after.normalize().to_string(),
        who,
        action,
        change.owner.words(),
        change.payer.to_string(),
    ]
}

fn who_words(who: &Who) -> String {
    match who {
        Who::Server { key, name } => format!("{name} ({key})"),
        Who::Provider(provider) => provider.word().to_owned(),
        Who::Owner(owner) => owner.words(),
        Who::Others(count) => format!("{count} others"),
    }
}

/// The rate that a cost is told at.
fn rate_words(unit: &Currency, rates: &crate::model::money::Rates) -> String {
    if *unit == rates.reporting {
        return "1".to_owned();
    }
    rates.per_unit.get(unit).map_or_else(|| "none".to_owned(), |rate| rate.normalize().to_string())
}
