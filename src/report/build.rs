//! From plain inputs to the report: everything is added up here, exactly, and what does not add up becomes a line.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::group::{GroupName, Groups};
use super::input::{OrphanRecord, PayerInput, ReportInput, ServerSpend, SpendSource};
use super::line::History;
use super::model::{
    Amount, DayPart, DayReport, NotAttributed, OrphanReport, PayerReport, RateUsed, Report, ReportAlert,
    ServerReport, Totals, VERSION,
};
use super::notes;
use crate::model::balance::BalanceKey;
use crate::model::money::{Currency, Money, Rates};
use crate::model::sanitise::sanitise;
use crate::model::spend::{Alert, AlertEvent, AlertKey, BURN_WINDOWS, days_of, spend_of};
use crate::model::time::Timestamp;

/// Digits kept where time multiplies a price; sums of what is kept are exact.
const DIGITS: u32 = 9;

/// Milliseconds of an hour.
const HOUR_MS: u32 = 3_600_000;

impl Report {
    /// The report of a period. One that is not over is reported until it was made.
    #[must_use]
    pub fn build(input: &ReportInput) -> Self {
        let (from, rates) = (input.from, &input.site.rates);
        let to = input.to.min(input.generated_at).max(from);
        let histories: Vec<History> = input.payers.iter().map(History::of).collect();
        let payers: Vec<PayerReport> = input
            .payers
            .iter()
            .zip(&histories)
            .map(|(payer, history)| payer_report(payer, history, (from, to), rates))
            .collect();
        let servers = server_reports(&input.servers, &payers, rates);
        let not_attributed = not_attributed(&payers, &servers, rates);
        let orphans = orphan_reports(&input.orphans, (from, to), rates);
        let mut report = Self {
            version: VERSION,
            site: sanitise(&input.site.name),
            word: sanitise(&input.site.word),
            is_simulated: input.site.is_simulated,
            zone: input.zone.name().to_owned(),
            from,
            to,
            generated_at: input.generated_at,
            reporting: rates.reporting.clone(),
            rates: rates_used(&payers, &orphans, rates),
            totals: totals(&payers, &orphans, rates),
            days: day_reports(&payers, &histories, (from, to), input.zone, rates),
            providers: by_provider(&payers, &servers),
            owners: by_owner(&input.servers, &servers, &not_attributed),
            servers,
            not_attributed,
            alerts: alert_reports(&input.alerts, (from, to), &payers),
            orphans,
            notes: input.notes.iter().map(|note| sanitise(note)).collect(),
            payers,
        };
        let of_figures = notes::of(&report, input.to, input.zone);
        report.notes.splice(0..0, of_figures);
        report
    }

    /// The zone whose midnights divide the days; UTC where its name is not known to this program.
    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }
}

fn amount(rates: &Rates, amount: Decimal, unit: &Currency) -> Amount {
    let reporting = rates.convert(&Money { amount, currency: unit.clone() }).map(|money| money.amount);
    Amount { amount, unit: unit.clone(), reporting }
}

/// A name made clean; the id where nothing of it is left.
fn named(name: &str, id: &str) -> String {
    let clean = sanitise(name);
    if clean.trim().is_empty() { sanitise(id) } else { clean }
}

fn payer_report(
    input: &PayerInput,
    history: &History,
    (from, to): (Timestamp, Timestamp),
    rates: &Rates,
) -> PayerReport {
    let of = |value: Decimal| amount(rates, value, &input.unit);
    let window = spend_of(&history.curve, from, to);
    let top_ups = history.top_ups(from, to);
    PayerReport {
        key: input.key.clone(),
        name: sanitise(&input.name),
        provider: input.provider,
        unit: input.unit.clone(),
        is_prepaid: matches!(input.spend, SpendSource::Observed(_)),
        opening: history.balance_at(from).map(of),
        closing: history.balance_at(to).map(of),
        spent: of(window.spent),
        topped_up: of(top_ups.iter().map(|top_up| top_up.amount).sum()),
        unexplained: of(history.unexplained(from, to)),
        per_hour: window.per_hour,
        per_day: window.per_day,
        doubt: history.doubt(from, to),
        watched_ms: window.watched_ms,
        gaps: history.gaps(from, to),
        top_ups,
        line: history.line(from, to),
    }
}

fn totals(payers: &[PayerReport], orphans: &[OrphanReport], rates: &Rates) -> Totals {
    let sum = |of: &dyn Fn(&PayerReport) -> Option<&Amount>| -> Decimal {
        payers.iter().filter_map(of).filter_map(|amount| amount.reporting).sum()
    };
    let per_hour = payers
        .iter()
        .filter_map(|payer| amount(rates, payer.per_hour?, &payer.unit).reporting)
        .reduce(|sum, more| sum + more);
    let mut left_out: Vec<Currency> = payers
        .iter()
        .filter(|payer| payer.spent.reporting.is_none())
        .map(|payer| payer.unit.clone())
        .collect();
    left_out.sort();
    left_out.dedup();
    Totals {
        spent: sum(&|payer| Some(&payer.spent)),
        spent_from_balances: sum(&|payer| payer.is_prepaid.then_some(&payer.spent)),
        topped_up: sum(&|payer| Some(&payer.topped_up)),
        unexplained: sum(&|payer| Some(&payer.unexplained)),
        opening: sum(&|payer| payer.opening.as_ref()),
        closing: sum(&|payer| payer.closing.as_ref()),
        per_hour,
        per_day: per_hour.map(|average| average * Decimal::from(24)),
        orphan_cost: orphans.iter().filter_map(|orphan| orphan.cost.reporting).sum(),
        saved: orphans.iter().filter_map(|orphan| orphan.saved.reporting).sum(),
        left_out,
    }
}

fn rates_used(payers: &[PayerReport], orphans: &[OrphanReport], rates: &Rates) -> Vec<RateUsed> {
    let units = payers.iter().map(|payer| &payer.unit).chain(orphans.iter().map(|o| &o.per_hour.unit));
    let used: BTreeMap<&Currency, Option<Decimal>> = units
        .filter(|unit| **unit != rates.reporting)
        .map(|unit| (unit, rates.per_unit.get(unit).copied()))
        .collect();
    used.into_iter().map(|(unit, per_unit)| RateUsed { unit: unit.clone(), per_unit }).collect()
}

fn day_reports(
    payers: &[PayerReport],
    histories: &[History],
    (from, to): (Timestamp, Timestamp),
    zone: Tz,
    rates: &Rates,
) -> Vec<DayReport> {
    let frame = days_of(&crate::model::spend::SpendCurve::default(), from, to, zone);
    frame
        .into_iter()
        .map(|day| {
            let (from, to) = (day.spend.from, day.spend.to);
            let parts: Vec<DayPart> = payers
                .iter()
                .zip(histories)
                .map(|(payer, history)| DayPart {
                    payer: payer.key.clone(),
                    spent: amount(rates, history.curve.between(from, to), &payer.unit),
                    watched_ms: history.curve.watched(from, to).0,
                })
                .collect();
            let watched_ms = parts.iter().map(|part| part.watched_ms).min().unwrap_or(0);
            let spent = parts.iter().filter_map(|part| part.spent.reporting).sum();
            let unwatched_ms = to.millis_since(from).saturating_sub(watched_ms);
            DayReport { date: day.date, from, to, spent, unwatched_ms, parts }
        })
        .collect()
}

fn server_reports(servers: &[ServerSpend], payers: &[PayerReport], rates: &Rates) -> Vec<ServerReport> {
    let by_key: BTreeMap<&BalanceKey, &PayerReport> =
        payers.iter().map(|payer| (&payer.key, payer)).collect();
    let mut reports: Vec<ServerReport> = servers
        .iter()
        .map(|server| {
            let payer = by_key.get(&server.payer);
            let committed = server.committed.round_dp(DIGITS).normalize();
            let spent = server.running.round_dp(DIGITS).normalize() + committed;
            let unknown = Currency("unknown".to_owned());
            ServerReport {
                server: server.server.clone(),
                name: named(&server.name, &server.server.id),
                payer: server.payer.clone(),
                provider: payer.map(|payer| payer.provider),
                owner: GroupName::owner(&server.owner).name,
                spent: amount(rates, spent, payer.map_or(&unknown, |payer| &payer.unit)),
                committed,
                ran_ms: server.ran_ms,
            }
        })
        .collect();
    reports.sort_by(|a, b| {
        let key = |server: &ServerReport| (server.spent.reporting, server.spent.amount);
        key(b).cmp(&key(a)).then_with(|| (&a.server, &a.payer).cmp(&(&b.server, &b.payer)))
    });
    reports
}

fn not_attributed(payers: &[PayerReport], servers: &[ServerReport], rates: &Rates) -> Vec<NotAttributed> {
    let mut explained: BTreeMap<&BalanceKey, Decimal> = BTreeMap::new();
    for server in servers {
        *explained.entry(&server.payer).or_default() += server.spent.amount;
    }
    payers
        .iter()
        .filter_map(|payer| {
            let rest = payer.spent.amount - explained.get(&payer.key).copied().unwrap_or_default();
            let amount = amount(rates, rest, &payer.unit);
            (!rest.is_zero()).then(|| NotAttributed {
                payer: payer.key.clone(),
                name: payer.name.clone(),
                amount,
            })
        })
        .collect()
}

fn by_provider(payers: &[PayerReport], servers: &[ServerReport]) -> Vec<super::model::SpendGroup> {
    let mut groups = Groups::default();
    for payer in payers {
        groups.add(GroupName::provider(payer.provider), &payer.spent);
    }
    for server in servers {
        if let Some(provider) = server.provider {
            groups.count(GroupName::provider(provider), 1);
        }
    }
    groups.sorted()
}

fn by_owner(
    inputs: &[ServerSpend],
    servers: &[ServerReport],
    not_attributed: &[NotAttributed],
) -> Vec<super::model::SpendGroup> {
    let owners: BTreeMap<_, _> =
        inputs.iter().map(|server| ((&server.server, &server.payer), &server.owner)).collect();
    let mut groups = Groups::default();
    for server in servers.iter().filter(|server| server.provider.is_some()) {
        if let Some(owner) = owners.get(&(&server.server, &server.payer)) {
            groups.add(GroupName::owner(owner), &server.spent);
            groups.count(GroupName::owner(owner), 1);
        }
    }
    for rest in not_attributed {
        groups.add(GroupName::not_attributed(), &rest.amount);
    }
    groups.sorted()
}

fn orphan_reports(
    records: &[OrphanRecord],
    (from, to): (Timestamp, Timestamp),
    rates: &Rates,
) -> Vec<OrphanReport> {
    let cost = |per_hour: &Money, begins: Timestamp, ends: Timestamp| {
        let cost = per_hour.amount * Decimal::from(ends.millis_since(begins)) / Decimal::from(HOUR_MS);
        amount(rates, cost.round_dp(DIGITS).normalize(), &per_hour.currency)
    };
    let mut reports: Vec<OrphanReport> = records
        .iter()
        .filter(|record| record.found_at < to && record.ended_at.is_none_or(|ended| ended > from))
        .map(|record| {
            let ended_at = record.ended_at.filter(|ended| *ended < to);
            let ends = ended_at.unwrap_or(to);
            OrphanReport {
                server: record.server.clone(),
                name: named(&record.name, &record.server.id),
                per_hour: amount(rates, record.per_hour.amount, &record.per_hour.currency),
                found_at: record.found_at,
                ended_at,
                ended_by: record.ended_by.as_ref().map(|name| sanitise(name.as_str())).unwrap_or_default(),
                cost: cost(&record.per_hour, record.found_at.max(from), ends),
                saved: cost(&record.per_hour, ends, to),
            }
        })
        .collect();
    reports.sort_by(|a, b| b.per_hour.reporting.cmp(&a.per_hour.reporting).then(a.found_at.cmp(&b.found_at)));
    reports
}

fn alert_reports(
    events: &[(Timestamp, AlertEvent)],
    (from, to): (Timestamp, Timestamp),
    payers: &[PayerReport],
) -> Vec<ReportAlert> {
    let mut held: BTreeMap<AlertKey, ReportAlert> = BTreeMap::new();
    let mut over = Vec::new();
    for (at, event) in events.iter().filter(|(at, _)| *at < to) {
        match event {
            AlertEvent::Fired(alert) => fire(&mut held, alert, payers),
            AlertEvent::Resolved(key) => over.extend(
                held.remove(key)
                    .filter(|_| *at > from)
                    .map(|alert| ReportAlert { ended: Some(*at), ..alert }),
            ),
            AlertEvent::Silenced(key, silence) => {
                if let Some(alert) = held.get_mut(key) {
                    alert.silenced = sanitise(&format!("{}: {}", silence.by, silence.reason));
                }
            }
            AlertEvent::Unsilenced(_) => {}
        }
    }
    over.extend(held.into_values());
    over.sort_by_key(|alert| alert.began);
    over
}

/// Begins an alert, or raises one that holds; the worst level of it is told.
fn fire(held: &mut BTreeMap<AlertKey, ReportAlert>, alert: &Alert, payers: &[PayerReport]) {
    let known = held.entry(alert.key.clone()).or_insert_with(|| ReportAlert {
        level: alert.level,
        about: about(&alert.key, payers),
        text: sanitise(&alert.text),
        began: alert.since,
        ended: None,
        silenced: String::new(),
    });
    if alert.level > known.level {
        known.level = alert.level;
        known.text = sanitise(&alert.text);
    }
}

fn about(key: &AlertKey, payers: &[PayerReport]) -> String {
    let name = |balance: &BalanceKey| {
        let named = payers.iter().find(|payer| payer.key == *balance).map(|payer| payer.name.clone());
        named.unwrap_or_else(|| sanitise(&balance.to_string()))
    };
    match key {
        AlertKey::BudgetBurn(index) => {
            let window = BURN_WINDOWS.get(usize::from(*index)).map_or("", |window| window.name);
            format!("budget over {window}")
        }
        AlertKey::Runway(balance) => format!("runway of {}", name(balance)),
        AlertKey::Mismatch(balance) => format!("spend of {}", name(balance)),
        AlertKey::Step(balance) => format!("burn of {}", name(balance)),
    }
}
