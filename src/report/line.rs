//! A payer in the period: its balance at any moment, what came in, what was not watched, and a line for the chart.

use rust_decimal::Decimal;

use super::input::{PayerInput, SpendSource, Stretch};
use super::model::{GapReport, LinePoint, TopUp};
use crate::model::spend::{Movement, SpendCurve};
use crate::model::time::Timestamp;

/// Points a line keeps besides the edges of gaps and the top-ups: more than a page is wide.
const LINE_SLOTS: u64 = 500;

/// How long before the first and after the last reading nobody needs to mention: they are taken hourly.
const EDGE_MS: u64 = 90 * 60_000;

/// Something that happened to a balance at one moment besides spend.
#[derive(Debug, Clone)]
struct Jump {
    at: Timestamp,
    topped_up: Decimal,
    unexplained: Decimal,
    doubt: Decimal,
}

/// Everything known about one payer.
#[derive(Debug, Clone)]
pub struct History {
    /// What was spent until when.
    pub curve: SpendCurve,
    /// The balance of the first reading; nothing where there is no balance.
    opening: Option<Decimal>,
    jumps: Vec<Jump>,
    movements: Vec<Movement>,
}

impl History {
    /// The history that `input` tells.
    pub fn of(input: &PayerInput) -> Self {
        match &input.spend {
            SpendSource::Observed(movements) => Self::observed(movements),
            SpendSource::Declared(stretches) => {
                let movements: Vec<Movement> = stretches.iter().map(as_movement).collect();
                let curve = SpendCurve::of(&movements);
                Self { curve, opening: None, jumps: Vec::new(), movements }
            }
        }
    }

    fn observed(movements: &[Movement]) -> Self {
        let mut jumps = Vec::new();
        let mut latest = Timestamp(i64::MIN);
        let mut closing: Option<Decimal> = None;
        for movement in movements {
            let began = movement.from.max(latest);
            latest = movement.to.max(began);
            let unexplained = closing.map_or(Decimal::ZERO, |closing| movement.opening - closing);
            if !unexplained.is_zero() {
                jumps.push(Jump { at: began, topped_up: Decimal::ZERO, unexplained, doubt: Decimal::ZERO });
            }
            if !movement.topped_up.is_zero() || !movement.doubt.is_zero() {
                let (topped_up, doubt) = (movement.topped_up, movement.doubt);
                jumps.push(Jump { at: latest, topped_up, unexplained: Decimal::ZERO, doubt });
            }
            closing = Some(movement.closing);
        }
        Self {
            curve: SpendCurve::of(movements),
            opening: movements.first().map(|movement| movement.opening),
            jumps,
            movements: movements.to_vec(),
        }
    }

    /// The balance at a moment: that of the first reading before it, of the last after it.
    pub fn balance_at(&self, at: Timestamp) -> Option<Decimal> {
        let jumped: Decimal = self
            .jumps
            .iter()
            .take_while(|jump| jump.at <= at)
            .map(|jump| jump.topped_up + jump.unexplained)
            .sum();
        Some(self.opening? + jumped - self.curve.until(at))
    }

    fn jumps_in(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Jump> {
        self.jumps.iter().filter(move |jump| jump.at > from && jump.at <= to)
    }

    /// What came in after `from` and until `to`, one by one.
    pub fn top_ups(&self, from: Timestamp, to: Timestamp) -> Vec<TopUp> {
        self.jumps_in(from, to)
            .filter(|jump| !jump.topped_up.is_zero())
            .map(|jump| TopUp { seen_at: jump.at, amount: jump.topped_up, doubt: jump.doubt })
            .collect()
    }

    /// How far the spend may be off.
    pub fn doubt(&self, from: Timestamp, to: Timestamp) -> Decimal {
        self.jumps_in(from, to).map(|jump| jump.doubt).sum()
    }

    /// What the balance changed by between readings that do not follow each other.
    pub fn unexplained(&self, from: Timestamp, to: Timestamp) -> Decimal {
        self.jumps_in(from, to).map(|jump| jump.unexplained).sum()
    }

    /// What of `from`..`to` was not watched.
    pub fn gaps(&self, from: Timestamp, to: Timestamp) -> Vec<GapReport> {
        let Some((first, last)) = self.curve.known() else {
            return vec![GapReport { from, to, spent: None }];
        };
        let mut gaps = Vec::new();
        if first.min(to).millis_since(from) > EDGE_MS {
            gaps.push(GapReport { from, to: first.min(to), spent: None });
        }
        for movement in self.movements.iter().filter(|movement| movement.is_gap) {
            let (begins, ends) = (movement.from.max(from), movement.to.min(to));
            if ends > begins {
                let spent = Some(self.curve.between(begins, ends));
                gaps.push(GapReport { from: begins, to: ends, spent });
            }
        }
        if to.millis_since(last.max(from)) > EDGE_MS {
            gaps.push(GapReport { from: last.max(from), to, spent: None });
        }
        gaps
    }

    /// The balance over time, thinned; empty where there is no balance.
    pub fn line(&self, from: Timestamp, to: Timestamp) -> Vec<LinePoint> {
        let (Some(opening), Some((first, last))) = (self.balance_at(from), self.curve.known()) else {
            return Vec::new();
        };
        let (begins, ends) = (first.max(from), last.min(to));
        if self.opening.is_none() || ends <= begins {
            return Vec::new();
        }
        let slot_ms = (ends.millis_since(begins) / LINE_SLOTS).max(1);
        let slot = |at: Timestamp| at.millis_since(begins) / slot_ms;
        let mut line = vec![LinePoint { at: begins, balance: opening, is_after_gap: false }];
        let mut pending: Option<LinePoint> = None;
        for movement in self.movements.iter().filter(|movement| movement.to > begins && movement.to < ends) {
            let point =
                LinePoint { at: movement.to, balance: movement.closing, is_after_gap: movement.is_gap };
            let is_edge = movement.is_gap || !movement.topped_up.is_zero();
            if let Some(earlier) = pending.take()
                && (is_edge || slot(earlier.at) != slot(point.at))
            {
                line.push(earlier);
            }
            if is_edge { line.push(point) } else { pending = Some(point) }
        }
        line.extend(pending);
        let is_after_gap = self
            .movements
            .iter()
            .any(|movement| movement.is_gap && movement.from < ends && movement.to >= ends);
        line.extend(self.balance_at(ends).map(|balance| LinePoint { at: ends, balance, is_after_gap }));
        line
    }
}

/// Declared spend as the curve takes it.
fn as_movement(stretch: &Stretch) -> Movement {
    Movement {
        from: stretch.from,
        to: stretch.to,
        opening: Decimal::ZERO,
        closing: Decimal::ZERO,
        spent: stretch.spent,
        topped_up: stretch.spent,
        declared: stretch.spent,
        is_gap: stretch.is_gap,
        doubt: Decimal::ZERO,
    }
}
