//! What screens show of a balance, and the facts alerts are judged by, from the books. Pure.

use rust_decimal::Decimal;

use super::billed::{BilledServer, Committed, FlatCharge};
use super::bookkeeper::{Bookkeeper, STORAGE_PERIOD_MS};
use crate::model::balance::BalanceKey;
use crate::model::balance_view::{BalanceView, ScheduledCharge};
use crate::model::ids::ServerKey;
use crate::model::money::{Currency, Money};
use crate::model::spend::{
    AlertFacts, BURN_WINDOWS, BurnRange, Burner, BurnerKind, Exposure, StepScale, Total, spend_of,
    totals_by_balance, windows,
};
use crate::model::time::Timestamp;

/// Digits kept of a price or a pace per hour.
pub(super) const RATE_DIGITS: u32 = 8;

const HOUR_MS: u64 = 3_600_000;

/// The least time watched that makes a pace: shorter ones are noise of single charges.
const OBSERVED_AT_LEAST_MS: u64 = 10 * 60_000;

/// The time over which declared and observed are compared.
const COMPARED_OVER_MS: u64 = HOUR_MS;

/// A difference counts from this part of what was declared: a poll's interval of an hour is 1 to 2 %.
const MISMATCH_PERCENT: u32 = 10;

/// Before the end of a storage period another may begin while nobody looks: a day.
const PERIOD_ENDS_SOON_MS: u64 = 24 * HOUR_MS;

/// What of the declared burn is certain: some of it is counted before a stop is seen.
const SURE_OF_DECLARED: Decimal = Decimal::from_parts(95, 0, 0, false, 2);

/// Charges shown at most.
const CHARGES_SHOWN: usize = 20;

/// The bounds of a burn that nothing was observed of yet: as far off as a difference would not be told.
fn unobserved(per_hour: Decimal) -> BurnRange {
    let part = per_hour * Decimal::new(i64::from(MISMATCH_PERCENT), 2);
    BurnRange::of(per_hour, &[per_hour - part, per_hour + part])
}

impl Bookkeeper {
    /// What screens show of a balance; nothing for one that was not read.
    #[must_use]
    pub fn view(&self, key: &BalanceKey, now: Timestamp) -> Option<BalanceView> {
        let kept = self.books.get(key)?;
        let balance = kept.balance.clone()?;
        let last = kept.book.last()?;
        let declared: Total = totals_by_balance(&self.burners).remove(key).unwrap_or_default();
        let read_at = last.reading.at;
        let pace = |back_ms: u64| {
            let from = Timestamp(read_at.0.saturating_sub_unsigned(back_ms));
            let window = spend_of(kept.book.curve(), from, read_at);
            window.per_hour.filter(|_| window.watched_ms >= OBSERVED_AT_LEAST_MS)
        };
        let observed_per_hour = pace(COMPARED_OVER_MS);
        let paces: Vec<Decimal> =
            [pace(HOUR_MS), pace(6 * HOUR_MS), pace(24 * HOUR_MS)].into_iter().flatten().collect();
        let per_hour = declared.running_per_hour + declared.committed_per_hour;
        Some(BalanceView {
            balance,
            observed_per_hour,
            mismatch: self.mismatch(key, read_at, declared.running),
            range: if paces.is_empty() { unobserved(per_hour) } else { BurnRange::of(per_hour, &paces) },
            windows: windows(kept.book.curve(), now.max(read_at), self.policy.zone),
            topped_up_total: last.topped_up_total,
            doubt_total: kept.book.doubt(),
            exposure: self.exposure(key, read_at),
            correction: kept.correction.clone(),
            charges: self.charges(key),
            declared,
        })
    }

    /// The most that can leave a balance, whatever starts while nobody looks.
    pub(super) fn exposure(&self, key: &BalanceKey, now: Timestamp) -> Exposure {
        let mut exposure = Exposure::default();
        for server in self.paid_by(key) {
            exposure.per_hour += server.per_hour.unwrap_or_default();
            exposure.at_once += self.lump_at_most(server, now);
        }
        exposure
    }

    /// Whether the price of everything that a balance pays for is known.
    pub(super) fn is_priced(&self, key: &BalanceKey) -> bool {
        self.paid_by(key).all(|server| server.per_hour.is_some())
    }

    fn paid_by(&self, key: &BalanceKey) -> impl Iterator<Item = &BilledServer> {
        self.servers.values().filter(move |server| server.payer.as_ref() == Some(key))
    }

    /// The most that may be charged for a server at once at any moment now.
    fn lump_at_most(&self, server: &BilledServer, now: Timestamp) -> Decimal {
        match &server.committed {
            Committed::Nothing => Decimal::ZERO,
            Committed::Flat { per_month, next } => next.as_ref().map_or(*per_month, |charge| charge.amount),
            Committed::Storage { per_period } => self.storage_at_most(&server.key, *per_period, now),
        }
    }

    /// The most that a server's storage may cost at any moment now: nobody says when its period really ends. The true
    /// period began before the one counted here, so that at least as much was burnt in it.
    fn storage_at_most(&self, server: &ServerKey, whole: Decimal, now: Timestamp) -> Decimal {
        let Some(period) = self.periods.get(server) else { return whole };
        if now.millis_since(period.began) + PERIOD_ENDS_SOON_MS >= STORAGE_PERIOD_MS {
            return whole;
        }
        let run = self.meter.run_by(server) - period.run_before;
        (whole - run * SURE_OF_DECLARED).max(Decimal::ZERO)
    }

    /// What will be charged to a balance in lumps, soonest first.
    fn charges(&self, key: &BalanceKey) -> Vec<ScheduledCharge> {
        let is_committed = |burner: &&Burner| burner.payer == *key && burner.kind == BurnerKind::Committed;
        let mut charges: Vec<ScheduledCharge> =
            self.burners.iter().filter(is_committed).filter_map(|burner| self.charge_of(burner)).collect();
        charges.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.what.cmp(&b.what)));
        charges.truncate(CHARGES_SHOWN);
        charges
    }

    /// The next charge of something committed, where its time is known.
    fn charge_of(&self, burner: &Burner) -> Option<ScheduledCharge> {
        if let Committed::Flat { next, .. } = &self.servers.get(&burner.server)?.committed {
            let FlatCharge { at, amount } = next.clone()?;
            let amount = amount.round_dp(4).normalize();
            return Some(ScheduledCharge { at, amount, what: format!("subscription of {}", burner.name) });
        }
        let hours = Decimal::from(STORAGE_PERIOD_MS / HOUR_MS);
        Some(ScheduledCharge {
            at: self.periods.get(&burner.server)?.began.plus_millis(STORAGE_PERIOD_MS),
            amount: (burner.per_hour * hours).round_dp(4).normalize(),
            what: format!("storage of {}", burner.name),
        })
    }

    /// Why a balance moves otherwise than declared over the last hour watched; nothing when it does not.
    fn mismatch(&self, key: &BalanceKey, read_at: Timestamp, running: u32) -> Option<String> {
        let kept = self.books.get(key)?;
        let from = Timestamp(read_at.0.saturating_sub_unsigned(COMPARED_OVER_MS));
        let window = spend_of(kept.book.curve(), from, read_at);
        let observed = window.per_hour.filter(|_| window.watched_ms >= OBSERVED_AT_LEAST_MS)?;
        let declared = self.declared_pace(key, from, read_at)?;
        let difference = observed - declared;
        let tolerance = (declared * Decimal::new(i64::from(MISMATCH_PERCENT), 2)).max(Decimal::new(5, 1));
        if difference.abs() <= tolerance {
            return None;
        }
        let by = difference.abs().round_dp(2).normalize();
        Some(if difference > Decimal::ZERO {
            let charge = self.charges(key).into_iter().next().filter(|charge| charge.amount >= difference);
            let cause = match (running, charge) {
                (_, Some(charge)) => &format!("perhaps a charge for {}", charge.what),
                (0, _) => "a server that is not listed burns",
                _ => "a server that is not listed, or a higher price",
            };
            format!("{by} per hour more than declared: {cause}")
        } else {
            format!(
                "{by} per hour less than declared: a server listed as running is not charged, or a lower price"
            )
        })
    }

    /// What was declared per hour between two moments of a balance, from the readings nearest to them.
    fn declared_pace(&self, key: &BalanceKey, from: Timestamp, to: Timestamp) -> Option<Decimal> {
        let kept = self.books.get(key)?;
        let spent = kept.book.declared_between(from, to)?;
        let hours = Decimal::from(spent.0) / Decimal::from(HOUR_MS);
        spent.1.checked_div(hours)
    }

    /// What alerts are judged by: a fact that is too old to be one is left out.
    pub(super) fn facts(&self, now: Timestamp) -> AlertFacts {
        let read: Vec<(&BalanceKey, BalanceView)> =
            self.books.keys().filter_map(|key| Some((key, self.view(key, now)?))).collect();
        let runways = read
            .iter()
            .map(|(key, view)| ((*key).clone(), view.runway(now).map(|runway| runway.lasts_ms)))
            .collect();
        let mismatches = read.iter().map(|(key, view)| ((*key).clone(), view.mismatch.clone())).collect();
        let spend_per_hour = BURN_WINDOWS
            .iter()
            .map(|window| Some((self.pace(now, window.long_ms)?, self.pace(now, window.short_ms)?)))
            .collect();
        let steps = read.iter().map(|(key, view)| ((*key).clone(), self.step(view, now))).collect();
        AlertFacts { spend_per_hour, runways, mismatches, steps }
    }

    /// What stepped of a balance and nothing of ours explains.
    fn step(&self, view: &BalanceView, now: Timestamp) -> Option<String> {
        let Currency(unit) = &view.balance.unit;
        let rate = self.policy.rates.convert(&Money::new(Decimal::ONE, unit)).map(|money| money.amount);
        let scale = StepScale { per_hour: view.per_hour(), rate, unit: unit.clone() };
        self.changes.steps().told(&view.balance.key, &scale, now)
    }

    /// Spend per hour of everything over the last `back_ms` in the reporting currency; nothing when a balance was not read
    /// within that time or has no rate.
    fn pace(&self, now: Timestamp, back_ms: u64) -> Option<Decimal> {
        let from = Timestamp(now.0.saturating_sub_unsigned(back_ms));
        let hours = Decimal::from(back_ms) / Decimal::from(HOUR_MS);
        let mut sum = Decimal::ZERO;
        for kept in self.books.values() {
            let Some(balance) = &kept.balance else { continue };
            let last = kept.book.last()?;
            if last.reading.at < from {
                return None;
            }
            let spent = kept.book.curve().between(from, now);
            let Currency(unit) = &balance.unit;
            sum += self.policy.rates.convert(&Money::new(spent, unit))?.amount;
        }
        sum.checked_div(hours)
    }
}
