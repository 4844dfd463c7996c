//! The windows people ask for, in days of the site's own time zone.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::curve::SpendCurve;
use crate::model::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Hours of the day an average per day is told for.
const HOURS_PER_DAY: u32 = 24;

/// Digits kept of an average.
const AVERAGE_DIGITS: u32 = 6;

/// A span of time with a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Since midnight.
    Today,
    /// Today and the two days before it.
    ThreeDays,
    /// Today and the six days before it.
    Week,
    /// Today and the twenty-nine days before it.
    Month,
}

impl Period {
    /// Every period, shortest first.
    pub const ALL: [Self; 4] = [Self::Today, Self::ThreeDays, Self::Week, Self::Month];

    /// How many days it covers, today included.
    #[must_use]
    pub fn days(self) -> u32 {
        match self {
            Self::Today => 1,
            Self::ThreeDays => 3,
            Self::Week => 7,
            Self::Month => 30,
        }
    }

    /// The word for screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::ThreeDays => "3 days",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// When it began, in `zone`.
    #[must_use]
    pub fn began(self, now: Timestamp, zone: Tz) -> Timestamp {
        let today = now.to_datetime().with_timezone(&zone).date_naive();
        let first = today.checked_sub_days(Days::new(u64::from(self.days()) - 1)).unwrap_or(today);
        start_of(first, zone)
    }
}

/// What was spent in one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSpend {
    /// Its first moment.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What was spent.
    pub spent: Decimal,
    /// Average over the hours really watched; nothing when there were none.
    pub per_hour: Option<Decimal>,
    /// The same for a day of 24 hours.
    pub per_day: Option<Decimal>,
    /// Milliseconds of the window that were watched: less than its length where there are gaps.
    pub watched_ms: u64,
}

/// Spend of every named period up to now.
pub type Windows = Vec<(Period, WindowSpend)>;

/// One day in the site's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Its date.
    pub date: NaiveDate,
    /// What was spent in it; 23 or 25 hours where the clocks change.
    pub spend: WindowSpend,
}

/// The first moment of a day: midnight, or where the clocks jump over it the first moment that exists.
#[must_use]
pub fn start_of(date: NaiveDate, zone: Tz) -> Timestamp {
    let midnight = date.and_time(NaiveTime::MIN);
    let found: Option<DateTime<Tz>> = match zone.from_local_datetime(&midnight) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Some(moment),
        LocalResult::None => (1..=24)
            .filter_map(|quarter| midnight.checked_add_signed(chrono::TimeDelta::minutes(quarter * 15)))
            .find_map(|later| zone.from_local_datetime(&later).earliest()),
    };
    Timestamp(found.map_or_else(|| midnight.and_utc().timestamp_millis(), |moment| moment.timestamp_millis()))
}

/// The first moment of the day of `at`.
#[must_use]
pub fn start_of_day(at: Timestamp, zone: Tz) -> Timestamp {
    start_of(at.to_datetime().with_timezone(&zone).date_naive(), zone)
}

/// The first moment of the day after that of `at`.
#[must_use]
pub fn next_day(at: Timestamp, zone: Tz) -> Timestamp {
    let today = at.to_datetime().with_timezone(&zone).date_naive();
    start_of(today.succ_opt().unwrap_or(today), zone)
}

/// What was spent from `from` until `to`, with averages over the time really watched.
#[must_use]
pub fn spend_of(curve: &SpendCurve, from: Timestamp, to: Timestamp) -> WindowSpend {
    let spent = curve.between(from, to);
    let (watched_ms, watched_spent) = curve.watched(from, to);
    let hours = Decimal::from(watched_ms) / Decimal::from(HOUR_MS);
    let per_hour =
        watched_spent.checked_div(hours).map(|average| average.round_dp(AVERAGE_DIGITS).normalize());
    let per_day = per_hour.map(|average| (average * Decimal::from(HOURS_PER_DAY)).normalize());
    WindowSpend { from, to, spent, per_hour, per_day, watched_ms }
}

/// Spend of every named period up to `now`.
#[must_use]
pub fn windows(curve: &SpendCurve, now: Timestamp, zone: Tz) -> Windows {
    Period::ALL.into_iter().map(|period| (period, spend_of(curve, period.began(now, zone), now))).collect()
}

/// Spend day by day from the day of `from` until the day of the last moment before `to`, oldest first, cut at both ends.
#[must_use]
pub fn days_of(curve: &SpendCurve, from: Timestamp, to: Timestamp, zone: Tz) -> Vec<Day> {
    let mut days = Vec::new();
    let mut date = from.to_datetime().with_timezone(&zone).date_naive();
    loop {
        let begins = start_of(date, zone);
        let Some(next) = date.succ_opt() else { break };
        if begins >= to {
            break;
        }
        let ends = start_of(next, zone);
        days.push(Day { date, spend: spend_of(curve, begins.max(from), ends.min(to)) });
        date = next;
    }
    days
}

#[cfg(test)]
mod tests {
    use super::super::movement::{MovementPolicy, Reading, movements};
    use super::*;

    /// A balance that falls by one each hour from `start` on.
    fn curve(start: &str, hours: u32) -> SpendCurve {
        let start = Timestamp::parse(start).unwrap();
        let policy = MovementPolicy { gap_after_ms: 2 * HOUR_MS, top_up_unit: Decimal::from(1_000) };
        let readings: Vec<Reading> = (0..=hours)
            .map(|hour| Reading {
                sequence: u64::from(hour),
                at: start.plus_millis(u64::from(hour) * HOUR_MS),
                balance: Decimal::from(10_000) - Decimal::from(hour),
                declared_total: Decimal::from(hour),
            })
            .collect();
        SpendCurve::of(&movements(&readings, &policy))
    }

    #[test]
    fn days_are_those_of_the_sites_zone_and_as_long_as_its_clocks_make_them() {
        // 2026-10-25 has 25 hours in Berlin, 2026-03-29 has 23.
        for (start, date, hours) in [
            ("2026-10-24T10:00:00Z", "2026-10-25", 25),
            ("2026-03-28T10:00:00Z", "2026-03-29", 23),
            ("2026-07-01T10:00:00Z", "2026-07-02", 24),
        ] {
            let curve = curve(start, 72);
            let (from, to) = curve.known().unwrap();
            let days = days_of(&curve, from, to, chrono_tz::Europe::Berlin);
            let day = days.iter().find(|day| day.date.to_string() == date).unwrap();
            assert_eq!(day.spend.spent, Decimal::from(hours), "{date}");
            assert_eq!(day.spend.per_hour, Some(Decimal::ONE));
            let sum: Decimal = days.iter().map(|day| day.spend.spent).sum();
            assert_eq!(sum, curve.total());
        }
    }

    #[test]
    fn a_midnight_that_does_not_exist_begins_the_day_where_time_goes_on() {
        // Brazil's clocks jumped from 00:00 to 01:00 on 2018-11-04.
        let date = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let start = start_of(date, chrono_tz::America::Sao_Paulo);
        assert_eq!(start.to_string(), "2018-11-04T03:00:00.000Z");
    }

    #[test]
    fn an_average_is_of_what_was_watched() {
        let policy = MovementPolicy { gap_after_ms: HOUR_MS, top_up_unit: Decimal::from(1_000) };
        let reading = |sequence, hours: u64, balance: i64| Reading {
            sequence,
            at: Timestamp(0).plus_millis(hours * HOUR_MS),
            balance: Decimal::from(balance),
            declared_total: Decimal::ZERO,
        };
        let readings = [reading(0, 0, 100), reading(1, 1, 90), reading(2, 11, 50), reading(3, 12, 40)];
        let curve = SpendCurve::of(&movements(&readings, &policy));
        let window = spend_of(&curve, Timestamp(0), Timestamp(0).plus_millis(12 * HOUR_MS));
        assert_eq!((window.spent, window.watched_ms), (Decimal::from(60), 2 * HOUR_MS));
        assert_eq!(window.per_hour, Some(Decimal::TEN));
    }
}
