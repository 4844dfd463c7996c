//! Round numbers beside a chart and round times below it.

use chrono::{DateTime, Timelike};

/// Cells between two labels of the time axis at least.
const CELLS_PER_TICK: usize = 9;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Distances between ticks of the time axis.
const TIME_STEPS_MS: [i64; 14] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    2 * DAY_MS,
    5 * DAY_MS,
    10 * DAY_MS,
];

/// A scale of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Digits after the point of its numbers.
    digits: usize,
    /// The values that are labelled, lowest first.
    pub(super) ticks: Vec<f64>,
}

impl Scale {
    /// A scale with round ends that holds both values, in about `intervals` steps. One that needs no number below zero
    /// has none.
    pub(super) fn of(lowest: f64, highest: f64, intervals: usize) -> Self {
        let spread = (highest - lowest).max(highest.abs() * 1e-6).max(1e-4);
        let step = round_step(spread / intervals as f64);
        let low = (lowest / step).floor() * step;
        let high = ((highest / step).ceil() * step).max(low + step);
        let count = whole(((high - low) / step).round());
        let ticks = (0..=count).map(|number| low + number as f64 * step).collect();
        Self { low, high, digits: digits_of(step), ticks }
    }

    /// Where a value stands, 0 at the top and 1 at the bottom.
    pub(super) fn share_from_top(&self, value: f64) -> f64 {
        ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The number at a tick.
    pub(super) fn number(&self, tick: f64) -> String {
        // Not `-0`.
        format!("{:.*}", self.digits, if tick.abs() < 1e-9 { 0.0 } else { tick })
    }
}

/// The first of 1, 2, 5 times a power of ten that is not below.
fn round_step(at_least: f64) -> f64 {
    let power = 10_f64.powf(at_least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= at_least * 0.999_999);
    step.unwrap_or(10.0) * power
}

/// Digits after the point that a round number needs.
fn digits_of(step: f64) -> usize {
    if step < 1.0 { whole((-step.log10() - 1e-9).ceil().clamp(0.0, 6.0)) } else { 0 }
}

/// The first round number that is not below, and the digits it needs.
pub(super) fn round_up(value: f64) -> (f64, usize) {
    let top = round_step(value);
    (top, digits_of(top))
}

/// A place on the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Its column.
    pub column: usize,
    /// `14:30`, or `20 Nov` at the beginning of a day.
    pub label: String,
}

/// Round times in UTC between two moments, for an axis of `columns`.
#[must_use]
pub fn time_ticks(from: i64, to: i64, columns: usize) -> Vec<Tick> {
    let span = to.saturating_sub(from);
    let wanted = i64::try_from((columns / CELLS_PER_TICK).max(1)).unwrap_or(1);
    let step = TIME_STEPS_MS.into_iter().find(|step| span / step <= wanted).unwrap_or(span.max(1));
    let mut ticks = Vec::new();
    let mut at = from.div_euclid(step) * step + if from.rem_euclid(step) == 0 { 0 } else { step };
    while at < to && span > 0 {
        let share = (at - from) as f64 / span as f64;
        let column = whole((share * columns as f64).floor()).min(columns.saturating_sub(1));
        let moment = DateTime::from_timestamp_millis(at).unwrap_or_default();
        let form = if moment.hour() == 0 && moment.minute() == 0 { "%-d %b" } else { "%H:%M" };
        ticks.push(Tick { column, label: moment.format(form).to_string() });
        at += step;
    }
    ticks
}

/// The place of `share` (0 to 1) among `places`.
pub(super) fn nearest(share: f64, places: usize) -> usize {
    whole((share * places.saturating_sub(1) as f64).round()).min(places.saturating_sub(1))
}

/// A number without its fraction; one that is negative or not a number is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and not-a-number becomes 0"
)]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}

/// The number as sparklines take it.
#[expect(clippy::cast_possible_truncation, reason = "a bar has eight heights")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_round() {
        let numbers = |low, high, count| {
            let scale = Scale::of(low, high, count);
            scale.ticks.iter().map(|tick| scale.number(*tick)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1_187.3, 1_278.0, 3), ["1150", "1200", "1250", "1300"]);
        assert_eq!(numbers(0.0, 0.9, 2), ["0.0", "0.5", "1.0"]);
        assert_eq!(numbers(12.0, 12.0, 2).len(), 2);
    }

    #[test]
    fn times_are_round_and_days_are_named() {
        let hour = |hours: i64| 1_795_132_800_000 + hours * HOUR_MS; // 2026-11-20 00:00 UTC
        let labels = |from, to, columns| {
            time_ticks(from, to, columns).into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(hour(-3), hour(3), 60), ["21:00", "22:00", "23:00", "20 Nov", "01:00", "02:00"]);
        assert_eq!(labels(hour(-72), hour(0), 60).len(), 6);
        assert_eq!(labels(hour(-720), hour(0), 60).len(), 6);
    }

    proptest! {
        #[test]
        fn any_scale_holds_its_values_and_any_axis_its_ticks(
            low in -1e9_f64..1e9,
            spread in 0_f64..1e9,
            intervals in 1_usize..8,
            from in 0_i64..4_000_000_000_000,
            span in 0_i64..400_000_000_000,
            columns in 0_usize..300,
        ) {
            let scale = Scale::of(low, low + spread, intervals);
            for value in [low, low + spread] {
                prop_assert!((0.0..=1.0).contains(&scale.share_from_top(value)));
            }
            prop_assert!(scale.ticks.len() <= intervals * 2 + 3, "{:?}", scale);
            let ticks = time_ticks(from, from + span, columns);
            prop_assert!(ticks.len() <= columns / CELLS_PER_TICK + 2);
            prop_assert!(ticks.iter().all(|tick| tick.column < columns.max(1)));
        }
    }
}
