//! Alerts on money: which conditions hold, since when, and who silenced them until when. Pure: facts in, events out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::balance::BalanceKey;
use crate::model::ids::OperatorName;
use crate::model::time::Timestamp;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How bad an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// A pair of windows over which the budget burns too fast. Both must exceed the factor: the long one says that it
/// matters, the short one that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnWindow {
    /// The word for screens.
    pub name: &'static str,
    /// Milliseconds.
    pub long_ms: u64,
    /// Milliseconds.
    pub short_ms: u64,
    /// How many times the even pace of the monthly budget, in tenths.
    pub factor_tenths: u32,
    /// How bad it is.
    pub level: AlertLevel,
}

/// The windows: as for error budgets, 2 % of the month in an hour, 5 % in six hours, 10 % in three days.
pub const BURN_WINDOWS: [BurnWindow; 3] = [
    BurnWindow {
        name: "1 h",
        long_ms: HOUR_MS,
        short_ms: 5 * MINUTE_MS,
        factor_tenths: 144,
        level: AlertLevel::Critical,
    },
    BurnWindow {
        name: "6 h",
        long_ms: 6 * HOUR_MS,
        short_ms: 30 * MINUTE_MS,
        factor_tenths: 60,
        level: AlertLevel::Critical,
    },
    BurnWindow {
        name: "3 d",
        long_ms: 3 * DAY_MS,
        short_ms: 6 * HOUR_MS,
        factor_tenths: 10,
        level: AlertLevel::Warning,
    },
];

/// What an alert is about; its identity over restarts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKey {
    /// The month's budget burns too fast over the window of this index in [`BURN_WINDOWS`].
    BudgetBurn(u8),
    /// A balance runs out soon.
    Runway(BalanceKey),
    /// A balance falls faster or slower than what runs explains.
    Mismatch(BalanceKey),
    /// The burn of a balance stepped up and no action of ours explains it.
    Step(BalanceKey),
}

/// When alerts begin and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPolicy {
    /// What a month may cost, in the reporting currency; nothing for no budget.
    pub monthly_budget: Option<Decimal>,
    /// A runway shorter than this warns, milliseconds.
    pub runway_warning_ms: u64,
    /// A runway shorter than this is critical, milliseconds.
    pub runway_critical_ms: u64,
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self { monthly_budget: None, runway_warning_ms: 7 * DAY_MS, runway_critical_ms: DAY_MS }
    }
}

/// What is known at one moment. A fact that is not known is left out: its alerts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct AlertFacts {
    /// Spend per hour in the reporting currency over the long and the short part of each of [`BURN_WINDOWS`].
    pub spend_per_hour: Vec<Option<(Decimal, Decimal)>>,
    /// Milliseconds that each balance lasts; nothing inside for one that does not end.
    pub runways: BTreeMap<BalanceKey, Option<u64>>,
    /// Why each balance moves otherwise than declared; nothing inside for one that does not.
    pub mismatches: BTreeMap<BalanceKey, Option<String>>,
    /// Unexplained steps of the burn; nothing inside when what stepped is explained or over.
    pub steps: BTreeMap<BalanceKey, Option<String>>,
}

/// A person's word that an alert is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Who.
    pub by: OperatorName,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Timestamp,
}

/// An alert that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub key: AlertKey,
    /// How bad it is.
    pub level: AlertLevel,
    /// What is wrong, in a sentence.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// Who silenced it, while that holds.
    pub silence: Option<Silence>,
}

impl Alert {
    /// Whether it is silenced at `now`.
    #[must_use]
    pub fn is_silenced(&self, now: Timestamp) -> bool {
        self.silence.as_ref().is_some_and(|silence| silence.until > now)
    }
}

/// What became of an alert: kept as a record, so that states persist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertEvent {
    /// It began, or its level changed.
    Fired(Alert),
    /// It ended.
    Resolved(AlertKey),
    /// Somebody silenced it.
    Silenced(AlertKey, Silence),
    /// Somebody took a silence back.
    Unsilenced(AlertKey),
}

/// Every alert that holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alerts {
    held: BTreeMap<AlertKey, Alert>,
}

impl Alerts {
    /// Every alert that holds, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.held.values()
    }

    /// Replays one event of the past, or one that was just kept.
    pub fn apply(&mut self, event: &AlertEvent) {
        match event {
            AlertEvent::Fired(alert) => {
                let silence = self.held.remove(&alert.key).and_then(|known| known.silence);
                let silence = alert.silence.clone().or(silence);
                self.held.insert(alert.key.clone(), Alert { silence, ..alert.clone() });
            }
            AlertEvent::Resolved(key) => {
                self.held.remove(key);
            }
            AlertEvent::Silenced(key, silence) => {
                if let Some(alert) = self.held.get_mut(key) {
                    alert.silence = Some(silence.clone());
                }
            }
            AlertEvent::Unsilenced(key) => {
                if let Some(alert) = self.held.get_mut(key) {
                    alert.silence = None;
                }
            }
        }
    }

    /// What the facts change; the caller keeps the events and then applies them. A text that only changes its figures
    /// is no event.
    #[must_use]
    pub fn judge(&self, policy: &AlertPolicy, facts: &AlertFacts, now: Timestamp) -> Vec<AlertEvent> {
        judgements(policy, facts)
            .into_iter()
            .filter_map(|(key, verdict)| match (self.held.get(&key), verdict) {
                (Some(_), None) => Some(AlertEvent::Resolved(key)),
                (None, Some((level, text))) => {
                    Some(AlertEvent::Fired(Alert { key, level, text, since: now, silence: None }))
                }
                (Some(known), Some((level, text))) if known.level != level => {
                    Some(AlertEvent::Fired(Alert { level, text, ..known.clone() }))
                }
                _ => None,
            })
            .collect()
    }
}

type Verdict = Option<(AlertLevel, String)>;

fn judgements(policy: &AlertPolicy, facts: &AlertFacts) -> Vec<(AlertKey, Verdict)> {
    let budget =
        BURN_WINDOWS.iter().zip(&facts.spend_per_hour).zip(0_u8..).filter_map(|((window, spend), index)| {
            let spend = (*spend)?;
            let verdict = policy.monthly_budget.and_then(|budget| budget_verdict(budget, window, spend));
            Some((AlertKey::BudgetBurn(index), verdict))
        });
    let runways = facts
        .runways
        .iter()
        .map(|(balance, lasts_ms)| (AlertKey::Runway(balance.clone()), runway_verdict(policy, *lasts_ms)));
    let told = |text: &Option<String>| text.clone().map(|text| (AlertLevel::Warning, text));
    let mismatches =
        facts.mismatches.iter().map(|(balance, text)| (AlertKey::Mismatch(balance.clone()), told(text)));
    let steps = facts.steps.iter().map(|(balance, text)| (AlertKey::Step(balance.clone()), told(text)));
    budget.chain(runways).chain(mismatches).chain(steps).collect()
}

fn budget_verdict(budget: Decimal, window: &BurnWindow, (long, short): (Decimal, Decimal)) -> Verdict {
    let pace = budget / Decimal::from(crate::model::money::HOURS_PER_MONTH);
    let limit = pace * Decimal::new(i64::from(window.factor_tenths), 1);
    let exceeds = pace > Decimal::ZERO && long > limit && short > limit;
    exceeds.then(|| {
        let times = (long / pace).round_dp(1).normalize();
        (window.level, format!("the month's budget burns {times} times too fast over {}", window.name))
    })
}

fn runway_verdict(policy: &AlertPolicy, lasts_ms: Option<u64>) -> Verdict {
    let lasts_ms = lasts_ms?;
    let level = if lasts_ms < policy.runway_critical_ms {
        AlertLevel::Critical
    } else if lasts_ms < policy.runway_warning_ms {
        AlertLevel::Warning
    } else {
        return None;
    };
    let hours = lasts_ms / HOUR_MS;
    let lasts = if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} h") };
    Some((level, format!("runs out in {lasts}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runway_facts(lasts_ms: Option<u64>) -> AlertFacts {
        AlertFacts {
            runways: BTreeMap::from([(BalanceKey::account("exa".into()), lasts_ms)]),
            ..AlertFacts::default()
        }
    }

    /// Judges and applies, as the engine does.
    fn step(alerts: &mut Alerts, policy: &AlertPolicy, facts: &AlertFacts, at: i64) -> Vec<AlertEvent> {
        let events = alerts.judge(policy, facts, Timestamp(at));
        for event in &events {
            alerts.apply(event);
        }
        events
    }

    #[test]
    fn a_budget_alert_needs_both_windows() {
        let policy = AlertPolicy { monthly_budget: Some(Decimal::from(730)), ..AlertPolicy::default() };
        let facts = |long, short| AlertFacts {
            spend_per_hour: vec![Some((Decimal::from(long), Decimal::from(short))), None, None],
            ..AlertFacts::default()
        };
        let mut alerts = Alerts::default();
        assert!(step(&mut alerts, &policy, &facts(20, 1), 0).is_empty(), "it is over already");
        assert!(step(&mut alerts, &policy, &facts(1, 20), 1).is_empty(), "it does not matter yet");
        assert_eq!(step(&mut alerts, &policy, &facts(20, 20), 2).len(), 1);
        assert!(
            step(&mut alerts, &policy, &AlertFacts::default(), 3).is_empty(),
            "not knowing resolves nothing"
        );
        let resolved = step(&mut alerts, &policy, &facts(20, 14), 4);
        assert_eq!(resolved, [AlertEvent::Resolved(AlertKey::BudgetBurn(0))]);
    }

    #[test]
    fn an_alert_keeps_its_start_and_its_silence_while_its_level_changes() {
        let (policy, mut alerts) = (AlertPolicy::default(), Alerts::default());
        step(&mut alerts, &policy, &runway_facts(Some(3 * DAY_MS)), 10);
        let key = AlertKey::Runway(BalanceKey::account("exa".into()));
        let silence =
            Silence { by: "anna@desk".into(), reason: "top-up is ordered".to_owned(), until: Timestamp(100) };
        alerts.apply(&AlertEvent::Silenced(key, silence));
        step(&mut alerts, &policy, &runway_facts(Some(HOUR_MS)), 20);
        let alert = alerts.iter().next().unwrap();
        assert_eq!((alert.level, alert.since), (AlertLevel::Critical, Timestamp(10)));
        assert!(alert.is_silenced(Timestamp(99)) && !alert.is_silenced(Timestamp(100)));
        step(&mut alerts, &policy, &runway_facts(None), 30);
        assert_eq!(alerts.iter().count(), 0);
    }

    #[test]
    fn replaying_the_events_gives_the_same_alerts() {
        let (policy, mut alerts) = (AlertPolicy::default(), Alerts::default());
        let mut kept = Vec::new();
        for (at, lasts_ms) in [(1, Some(HOUR_MS)), (2, Some(3 * DAY_MS)), (3, None), (4, Some(2 * DAY_MS))] {
            kept.extend(step(&mut alerts, &policy, &runway_facts(lasts_ms), at));
        }
        let json = serde_json::to_string(&kept).unwrap();
        let mut replayed = Alerts::default();
        serde_json::from_str::<Vec<AlertEvent>>(&json)
            .unwrap()
            .iter()
            .for_each(|event| replayed.apply(event));
        assert_eq!(replayed, alerts);
    }
}
