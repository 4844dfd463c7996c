//! Steps up of a balance's burn that no action of ours explains: kept while what stepped goes on. Pure: changes in, text out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::burn::BurnerOwner;
use super::change::{BurnChange, Cause, ChangeKind};
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::time::Timestamp;

/// How long a step may wait for its explanation, milliseconds: a watchdog of exaroton servers takes two minutes of silence
/// for its own stops to settle (`providers/exaroton.md` §8), and a start that somebody takes back is over by then.
pub const STEP_GRACE_MS: u64 = 2 * 60_000;

/// How long a step is told, milliseconds: what has burnt for a week is the usual burn.
pub const STEP_REMEMBERED_MS: u64 = 7 * 24 * 3_600_000;

/// The part of the whole burn from which on a step counts, percent: as far as declared and observed may disagree.
const STEP_FROM_PERCENT: u32 = 10;

/// The least step per hour that counts, hundredths of the reporting currency: seven a month, half of the smallest server at
/// exaroton.
const STEP_AT_LEAST_HUNDREDTHS: i64 = 1;

/// Names told one by one.
const NAMES_TOLD: usize = 3;

/// A server that burns more than before, and nothing of ours made it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unexplained {
    at: Timestamp,
    name: String,
    by_per_hour: Decimal,
}

/// What stepped and is neither over nor explained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steps {
    unexplained: BTreeMap<(BalanceKey, ServerKey), Unexplained>,
}

/// How much a balance burns, and what a unit of it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepScale {
    /// Its whole burn per hour now.
    pub per_hour: Decimal,
    /// Units of the reporting currency for one of the balance's; nothing where no rate is configured.
    pub rate: Option<Decimal>,
    /// The unit's name.
    pub unit: String,
}

impl Steps {
    /// Takes a change of the past, or one that was just kept.
    pub fn apply(&mut self, change: &BurnChange) {
        let place = (change.payer.clone(), change.server.clone());
        let by = change.by_per_hour();
        // What a person said to keep has somebody who answers for it; a run of ours answers for all that the server burns.
        let is_explained = change.cause != Cause::Outside || is_kept(&change.owner);
        // A server that has reached its month's cap burns again when the next begins: that is its price's own course.
        let is_capped = change.kind == ChangeKind::Repriced && change.before.is_zero();
        if is_capped {
            return;
        }
        if is_explained {
            self.unexplained.remove(&place);
        } else if by > Decimal::ZERO {
            let known = self.unexplained.remove(&place);
            let before = known.map_or(Decimal::ZERO, |known| known.by_per_hour);
            let step = Unexplained { at: change.at, name: change.name.clone(), by_per_hour: before + by };
            self.unexplained.insert(place, step);
        } else if let Some(step) = self.unexplained.get_mut(&place) {
            step.by_per_hour += by;
            if change.after <= Decimal::ZERO || step.by_per_hour <= Decimal::ZERO {
                self.unexplained.remove(&place);
            }
        }
    }

    /// Takes note that a person answers for a server now.
    pub fn explain(&mut self, server: &ServerKey) {
        self.unexplained.retain(|(_, stepped), _| stepped != server);
    }

    /// Takes note that somebody knows what stepped of a balance until `at`.
    pub fn acknowledge(&mut self, payer: &BalanceKey, at: Timestamp) {
        self.unexplained.retain(|(of, _), step| of != payer || step.at > at);
    }

    /// Forgets what has become usual.
    pub fn forget(&mut self, now: Timestamp) {
        self.unexplained.retain(|_, step| now.millis_since(step.at) < STEP_REMEMBERED_MS);
    }

    /// Whether anything of a balance stepped.
    #[must_use]
    pub fn has(&self, payer: &BalanceKey) -> bool {
        self.unexplained.keys().any(|(of, _)| of == payer)
    }

    /// What stepped of a balance, in a sentence; nothing while it is too little, or still within its grace.
    #[must_use]
    pub fn told(&self, payer: &BalanceKey, scale: &StepScale, now: Timestamp) -> Option<String> {
        let mut steps: Vec<&Unexplained> = self
            .unexplained
            .iter()
            .filter(|((of, _), step)| of == payer && now.millis_since(step.at) >= STEP_GRACE_MS)
            .map(|(_, step)| step)
            .collect();
        let by: Decimal = steps.iter().map(|step| step.by_per_hour).sum();
        let since = steps.iter().map(|step| step.at).min()?;
        if !scale.is_enough(by) {
            return None;
        }
        steps.sort_by(|a, b| b.by_per_hour.cmp(&a.by_per_hour).then_with(|| a.name.cmp(&b.name)));
        let mut names: Vec<&str> = steps.iter().take(NAMES_TOLD).map(|step| step.name.as_str()).collect();
        let more = format!("{} more", steps.len().saturating_sub(NAMES_TOLD));
        if steps.len() > NAMES_TOLD {
            names.push(&more);
        }
        Some(format!(
            "+{} {}/h since {} UTC that no action here explains: {}",
            by.round_dp(4).normalize(),
            scale.unit,
            since.to_datetime().format("%-d %b %H:%M"),
            names.join(", ")
        ))
    }
}

impl StepScale {
    /// Whether a step is a part of the burn that matters, and worth telling at all.
    fn is_enough(&self, by: Decimal) -> bool {
        let part = self.per_hour * Decimal::new(i64::from(STEP_FROM_PERCENT), 2);
        let worth = self.rate.and_then(|rate| by.checked_mul(rate));
        by > Decimal::ZERO
            && by >= part
            && worth.is_none_or(|worth| worth >= Decimal::new(STEP_AT_LEAST_HUNDREDTHS, 2))
    }
}

/// Whether a person said that it shall stay.
fn is_kept(owner: &BurnerOwner) -> bool {
    matches!(owner, BurnerOwner::Kept { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn payer() -> BalanceKey {
        BalanceKey::account("exa".into())
    }

    fn change(id: &str, at_minute: i64, before: i64, after: i64) -> BurnChange {
        BurnChange {
            at: Timestamp(at_minute * MINUTE),
            since: Timestamp(at_minute * MINUTE - MINUTE),
            server: ServerKey { account: "exa".into(), id: id.to_owned() },
            name: format!("server {id}"),
            payer: payer(),
            unit: None,
            owner: BurnerOwner::Unowned,
            kind: ChangeKind::of(Decimal::from(before), Decimal::from(after)).unwrap(),
            before: Decimal::from(before),
            after: Decimal::from(after),
            cause: Cause::Outside,
        }
    }

    fn ours(change: BurnChange) -> BurnChange {
        let cause = Cause::Run {
            run: "r1".into(),
            by: "ann@bastion".into(),
            action: "start_server".to_owned(),
            order: None,
        };
        BurnChange { cause, ..change }
    }

    fn told(steps: &Steps, per_hour: i64, minute: i64) -> Option<String> {
        let scale = StepScale {
            per_hour: Decimal::from(per_hour),
            rate: Some(Decimal::new(1, 2)),
            unit: "credits".to_owned(),
        };
        steps.told(&payer(), &scale, Timestamp(minute * MINUTE))
    }

    #[test]
    fn a_step_is_told_after_its_grace_and_until_it_is_over() {
        let mut steps = Steps::default();
        steps.apply(&change("a", 10, 0, 4));
        assert_eq!(told(&steps, 12, 11), None, "within its grace");
        let text = told(&steps, 12, 12).unwrap();
        assert_eq!(text, "+4 credits/h since 1 Jan 00:10 UTC that no action here explains: server a");
        assert_eq!(told(&steps, 100, 12), None, "a twentieth of the burn");
        steps.apply(&change("a", 20, 4, 6));
        steps.apply(&change("a", 21, 6, 3));
        assert!(told(&steps, 12, 30).unwrap().starts_with("+3 "));
        steps.apply(&change("a", 40, 3, 0));
        assert_eq!(told(&steps, 12, 60), None);
        assert!(!steps.has(&payer()));
    }

    #[test]
    fn what_is_ours_kept_or_acknowledged_is_no_step() {
        let mut steps = Steps::default();
        steps.apply(&ours(change("a", 10, 0, 4)));
        assert!(!steps.has(&payer()));
        steps.apply(&change("b", 10, 0, 4));
        steps.apply(&ours(change("b", 11, 4, 6)));
        assert!(!steps.has(&payer()), "a run of ours answers for it now");
        steps.apply(&change("c", 12, 0, 4));
        steps.explain(&ServerKey { account: "exa".into(), id: "c".to_owned() });
        assert!(!steps.has(&payer()));
        let kept = BurnerOwner::Kept { by: "ann@bastion".into(), reason: "event".to_owned() };
        steps.apply(&BurnChange { owner: kept, ..change("c", 13, 0, 4) });
        assert!(!steps.has(&payer()));
        steps.apply(&change("d", 14, 0, 4));
        steps.acknowledge(&payer(), Timestamp(15 * MINUTE));
        assert!(!steps.has(&payer()));
        steps.apply(&change("e", 16, 0, 4));
        assert!(told(&steps, 4, 20).unwrap().ends_with("server e"), "another step is another alert");
        steps.forget(Timestamp(16 * MINUTE).plus_millis(STEP_REMEMBERED_MS));
        assert!(!steps.has(&payer()));
    }

    #[test]
    fn a_month_that_begins_anew_is_no_step() {
        let mut steps = Steps::default();
        let capped = BurnChange { kind: ChangeKind::Repriced, ..change("a", 10, 0, 4) };
        steps.apply(&capped);
        assert!(!steps.has(&payer()));
    }

    #[test]
    fn the_least_amount_needs_a_rate() {
        let mut steps = Steps::default();
        steps.apply(&change("a", 0, 0, 1));
        let scale = |rate| StepScale { per_hour: Decimal::ONE, rate, unit: "credits".to_owned() };
        let told = |rate| steps.told(&payer(), &scale(rate), Timestamp(9 * MINUTE)).is_some();
        assert!(told(Some(Decimal::new(1, 2))) && told(None));
        assert!(!told(Some(Decimal::new(9, 3))), "less than a cent an hour");
    }

    proptest! {
        /// Whatever happens from outside, what is told is never more than what burns more than at first.
        #[test]
        fn steps_are_never_more_than_what_rose(prices in prop::collection::vec(0_i64..20, 1..30)) {
            let (mut steps, mut before, mut lowest) = (Steps::default(), 5_i64, 5_i64);
            for (minute, after) in prices.into_iter().enumerate() {
                if after != before {
                    steps.apply(&change("a", i64::try_from(minute).unwrap(), before, after));
                }
                before = after;
                lowest = lowest.min(after);
            }
            let by: Decimal = steps.unexplained.values().map(|step| step.by_per_hour).sum();
            prop_assert!(by >= Decimal::ZERO && by <= Decimal::from(before - lowest), "{} of {}", by, before - lowest);
        }
    }
}
