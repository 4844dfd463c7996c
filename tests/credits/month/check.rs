//! What must be true of a balance beside the bill. Pure: what is not becomes a sentence.

use std::collections::BTreeMap;
use std::fmt;

use quarterdeck::model::balance_view::BalanceView;
use quarterdeck::model::request::CreditsHistory;
use quarterdeck::model::spend::Period;
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

/// How far declared burn may be off while polls are healthy, as a part of the bill.
const DECLARED_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// Beside that: what everything burns between two polls. It counts where hardly anything ran.
const DECLARED_ONCE: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

/// Violations that are kept; one is enough.
const VIOLATIONS_MAX: usize = 20;

/// What a life came to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was not true.
    pub violations: Vec<String>,
    /// How often something happened.
    pub counts: BTreeMap<&'static str, u32>,
    /// Sums of all balances.
    pub billed: Decimal,
    /// What running cost in stretches that were watched without a gap.
    pub billed_watched: Decimal,
    /// What running was declared to cost in those.
    pub declared: Decimal,
    /// How far the spend may be off, as shown in the end.
    pub doubt: Decimal,
}

impl Verdict {
    /// Notes what is not true.
    pub fn must(&mut self, outcome: Result<(), String>) {
        if let Err(violation) = outcome
            && self.violations.len() < VIOLATIONS_MAX
        {
            self.violations.push(violation);
        }
    }

    /// Counts an event.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Whether this happened.
    pub fn has_seen(&self, what: &str) -> bool {
        self.counts.contains_key(what)
    }

    /// Whether everything happened that the month is about.
    pub fn saw_everything(&self) -> bool {
        let all = [
            "read",
            "crash",
            "started from outside",
            "auto-stop",
            "memory changed",
            "storage charged",
            "polls lost",
            "engine stopped",
            "engine killed",
            "topped up",
            "topped up unseen",
            "pool topped up",
        ];
        all.iter().all(|what| self.has_seen(what))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "billed {}, of it watched {}, declared {}, doubt {}; {:?}",
            self.billed, self.billed_watched, self.declared, self.doubt, self.counts
        )
    }
}

/// What the bill says a balance paid until a moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Billed {
    pub running: Decimal,
    pub storage: Decimal,
}

impl Billed {
    fn total(self) -> Decimal {
        self.running + self.storage
    }
}

/// One balance as it was followed.
pub struct Followed {
    opening: Decimal,
    billed_at_first: Billed,
    /// The last reading shown, and what was billed until then.
    last: (BalanceView, Billed),
    first_at: Timestamp,
    declared: Decimal,
    billed_watched: Decimal,
}

impl Followed {
    /// Begins with the first reading.
    pub fn new(view: BalanceView, billed: Billed) -> Self {
        Self {
            opening: view.balance.amount,
            billed_at_first: billed,
            first_at: view.balance.observed_at,
            last: (view, billed),
            declared: Decimal::ZERO,
            billed_watched: Decimal::ZERO,
        }
    }

    /// What the shown reading says was spent since the first.
    fn observed(&self) -> Decimal {
        let view = &self.last.0;
        self.opening + view.topped_up_total - view.balance.amount
    }

    /// What was billed since the first reading.
    fn billed(&self) -> Decimal {
        self.last.1.total() - self.billed_at_first.total()
    }

    /// The next reading; `is_healthy` when no poll was lost since the one before.
    pub fn read(&mut self, view: BalanceView, billed: Billed, is_healthy: bool) -> Result<(), String> {
        let (before, billed_before) = (&self.last.0, self.last.1);
        if is_healthy {
            let passed_ms = view.balance.observed_at.millis_since(before.balance.observed_at);
            let running = before.declared.running_per_hour;
            self.declared += running * Decimal::from(passed_ms) / Decimal::from(3_600_000);
            self.billed_watched += billed.running - billed_before.running;
        }
        let doubted = view.doubt_total - before.doubt_total;
        let off_before = self.observed() - self.billed();
        self.last = (view, billed);
        let view = &self.last.0;
        let who = format!("{} at {}", view.balance.key, view.balance.observed_at);
        // Whatever is off came with a movement that was doubted, and is no more than that.
        observed_is_billed(&who, self.observed() - off_before, self.billed(), doubted)?;
        let month = view.windows.iter().find(|(period, _)| *period == Period::Month).map(|(_, month)| month);
        match month {
            Some(month) if month.from <= self.first_at && month.spent != self.observed() => {
                Err(format!("{who}: observed {}, but the month says {}", self.observed(), month.spent))
            }
            Some(_) => Ok(()),
            None => Err(format!("{who}: observed nothing of the month")),
        }
    }

    /// While nobody can read: what is really left lies within what is shown, whatever came in meanwhile.
    pub fn is_within_bounds(&self, billed: Billed, now: Timestamp) -> Result<(), String> {
        let (view, billed_then) = &self.last;
        let (least, most) = view.bounds(now);
        let left = view.balance.amount - (billed.total() - billed_then.total());
        if least <= left && left <= most {
            return Ok(());
        }
        let age_ms = now.millis_since(view.balance.observed_at);
        Err(format!(
            "{}: {left} left is not within {least} to {most}, {age_ms} ms after it was read",
            view.balance.key
        ))
    }

    /// A history from before the first reading on tells the same in its points and in its days.
    pub fn is_history_of(&self, history: &CreditsHistory) -> Result<(), String> {
        let points: Decimal = history.points.iter().map(|point| point.spent).sum();
        let days: Decimal = history.days.iter().map(|day| day.spend.spent).sum();
        let (who, observed) = (&self.last.0.balance.key, self.observed());
        if points == observed && days == observed {
            return Ok(());
        }
        Err(format!("{who}: observed {observed}, {points} in points of a chart, {days} in days"))
    }

    /// In the end: the declared burn of what was watched.
    pub fn finish(&self, verdict: &mut Verdict) {
        verdict.billed += self.billed();
        verdict.billed_watched += self.billed_watched;
        verdict.declared += self.declared;
        verdict.doubt += self.last.0.doubt_total;
        let who = self.last.0.balance.key.to_string();
        verdict.must(declared_is_billed(&who, self.declared, self.billed_watched));
        // Packs of a thousand are told apart from whatever burns in a night: an account's month is exact.
        if self.last.0.balance.key.pool.is_none() {
            verdict.must(observed_is_billed(&who, self.observed(), self.billed(), Decimal::ZERO));
        }
    }
}

/// To the last unit, or within the doubt that is shown.
pub fn observed_is_billed(
    who: &str,
    observed: Decimal,
    billed: Decimal,
    doubt: Decimal,
) -> Result<(), String> {
    let off = (observed - billed).abs();
    if off <= doubt {
        Ok(())
    } else {
        Err(format!("{who}: observed {observed}, billed {billed}, doubt {doubt}"))
    }
}

/// Within 1 %.
fn declared_is_billed(who: &str, declared: Decimal, billed: Decimal) -> Result<(), String> {
    let off = (declared - billed).abs();
    if off <= billed * DECLARED_TOLERANCE + DECLARED_ONCE {
        Ok(())
    } else {
        Err(format!("{who}: declared {}, billed {billed}", declared.round_dp(6)))
    }
}

#[test]
fn a_charge_or_a_price_that_is_off_by_little_is_a_violation() {
    let unit = Decimal::new(1, 6);
    let billed = Decimal::from(1_000);
    assert!(observed_is_billed("exa", billed, billed, Decimal::ZERO).is_ok());
    assert!(observed_is_billed("exa", billed - unit, billed, Decimal::ZERO).is_err(), "one unit is missed");
    assert!(observed_is_billed("exa", billed + unit, billed, Decimal::ZERO).is_err(), "one unit is made up");
    assert!(observed_is_billed("exa", billed - unit, billed, unit).is_ok(), "the doubt is shown");
    assert!(declared_is_billed("exa", Decimal::from(1_010), billed).is_ok());
    assert!(declared_is_billed("exa", Decimal::from(1_011), billed).is_err());
    assert!(declared_is_billed("exa", Decimal::from(989), billed).is_err());
}
