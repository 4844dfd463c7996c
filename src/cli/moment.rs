//! Moments as people type them: `14:00`, `2h`, `2026-11-28`, `2026-11-28T14:00`, in the site's time zone.

use chrono::{Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::model::time::Timestamp;

/// Reads a moment before `now`: a time of day is the last one that has passed, a date its midnight.
///
/// # Errors
/// What may be typed, when it is something else, or not over yet.
pub fn before(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp, String> {
    let text = text.trim();
    let moment = ago(text, now)
        .or_else(|| Timestamp::parse(text).ok())
        .or_else(|| time_of_day(text, now, zone))
        .or_else(|| local(text).and_then(|moment| in_zone(moment, zone)))
        .ok_or_else(|| format!("{text:?} is no moment: write 2h, 14:00, 2026-11-28 or 2026-11-28T14:00"))?;
    if moment >= now {
        return Err(format!("{text} has not passed yet"));
    }
    Ok(moment)
}

/// `30m`, `2h`, `3d`.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms: i64 = match text.get(digits.len()..)? {
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return None,
    };
    let millis = digits.parse::<i64>().ok()?.checked_mul(unit_ms)?;
    Some(Timestamp(now.0.checked_sub(millis)?))
}

fn time_of_day(text: &str, now: Timestamp, zone: Tz) -> Option<Timestamp> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    let today = now.to_datetime().with_timezone(&zone).date_naive();
    let days = [today, today.checked_sub_days(Days::new(1))?];
    days.into_iter().filter_map(|day| in_zone(day.and_time(time), zone)).find(|moment| *moment < now)
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.and_time(NaiveTime::MIN));
    date.or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok())
}

/// The earlier of two where a clock is set back; the first moment after the gap where it is set forward.
fn in_zone(moment: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    match zone.from_local_datetime(&moment) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(Timestamp(at.timestamp_millis())),
        LocalResult::None => {
            let later = moment.checked_add_signed(chrono::TimeDelta::hours(1))?;
            Some(Timestamp(zone.from_local_datetime(&later).earliest()?.timestamp_millis()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    #[test]
    fn moments_are_those_of_the_sites_zone_and_have_passed() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-11-20T12:30:00Z");
        for (typed, expected) in [
            ("2h", "2026-11-20T10:30:00Z"),
            ("90m", "2026-11-20T11:00:00Z"),
            ("3d", "2026-11-17T12:30:00Z"),
            ("13:00", "2026-11-20T12:00:00Z"),
            ("14:00", "2026-11-19T13:00:00Z"),
            ("2026-11-01", "2026-10-31T23:00:00Z"),
            ("2026-11-20T09:15", "2026-11-20T08:15:00Z"),
            ("2026-11-20T09:15:00Z", "2026-11-20T09:15:00Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(before(typed, now, Berlin), Ok(at(expected)), "{typed}");
        }
        for typed in ["", "soon", "25:00", "2026-13-01", "2026-11-21", "h", "99999999999999999999d"] {
            assert!(before(typed, now, Berlin).is_err(), "{typed}");
        }
    }
}
