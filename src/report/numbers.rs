//! How figures are printed: rounding happens here and nowhere else.

use chrono::{LocalResult, TimeZone};
use chrono_tz::Tz;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::time::Timestamp;

/// Digits of a printed amount.
pub const AMOUNT_DIGITS: u32 = 2;

/// Digits of a printed price per hour, which is often less than a cent.
pub const PER_HOUR_DIGITS: u32 = 4;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Rounded as people do it: half away from zero.
pub fn rounded(amount: Decimal, digits: u32) -> Decimal {
    amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// `1,234.50`.
pub fn figure(amount: Decimal, digits: u32) -> String {
    let mut shown = rounded(amount, digits);
    shown.rescale(digits);
    if shown.is_zero() {
        shown.set_sign_positive(true);
    }
    let text = shown.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut grouped = String::with_capacity(text.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

/// An amount with two digits.
pub fn amount(amount: Decimal) -> String {
    figure(amount, AMOUNT_DIGITS)
}

/// A rate: as exact as it is, with at least two digits.
pub fn rate(rate: Decimal) -> String {
    figure(rate, rate.normalize().scale().max(AMOUNT_DIGITS))
}

/// Whether the printed parts miss their printed sum.
pub fn is_sum_rounded(parts: impl IntoIterator<Item = Decimal>, sum: Decimal) -> bool {
    let printed: Decimal = parts.into_iter().map(|part| rounded(part, AMOUNT_DIGITS)).sum();
    printed != rounded(sum, AMOUNT_DIGITS)
}

/// The word for a sum: it says when rounding keeps the parts above it from adding up.
pub fn sum_word(parts: impl IntoIterator<Item = Decimal>, sum: Decimal) -> &'static str {
    if is_sum_rounded(parts, sum) { "Total (rounded)" } else { "Total" }
}

/// A length of time, two units at most: `3 d 4 h`, `5 h 20 min`, `12 min`.
pub fn duration(ms: u64) -> String {
    let minutes = (ms + MINUTE_MS / 2) / MINUTE_MS;
    let (days, hours, minutes) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Hours with one digit, as run times are told.
pub fn hours(ms: u64) -> String {
    format!("{} h", figure(Decimal::from(ms) / Decimal::from(HOUR_MS), 1))
}

/// A share of a whole as `12.3 %`; nothing of a whole that is not positive.
pub fn percent(part: Decimal, whole: Decimal) -> Option<String> {
    if whole <= Decimal::ZERO {
        return None;
    }
    let share = part.checked_div(whole)?.checked_mul(Decimal::ONE_HUNDRED)?;
    Some(format!("{} %", figure(share, 1)))
}

/// A moment in the site's zone; where the clocks show a time twice, with the zone's abbreviation.
pub fn moment(at: Timestamp, zone: Tz) -> String {
    let local = at.to_datetime().with_timezone(&zone);
    let is_twice = matches!(zone.from_local_datetime(&local.naive_local()), LocalResult::Ambiguous(..));
    let form = if is_twice { "%Y-%m-%d %H:%M %Z" } else { "%Y-%m-%d %H:%M" };
    local.format(form).to_string()
}

/// The period in words: whole days as dates, the last one included; else moments.
pub fn period(from: Timestamp, to: Timestamp, zone: Tz) -> String {
    let local = |at: Timestamp| at.to_datetime().with_timezone(&zone);
    let is_midnight = |at: Timestamp| local(at).time() == chrono::NaiveTime::MIN;
    if to > from && is_midnight(from) && is_midnight(to) {
        let last = local(Timestamp(to.0 - 1)).date_naive();
        return format!("{} to {last}", local(from).date_naive());
    }
    format!("{} to {}", moment(from, zone), moment(to, zone))
}

/// `1 alert`, `2 alerts`.
pub fn count(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Whole days of a length of time, at least one.
pub fn whole_days(ms: u64) -> u64 {
    (ms / DAY_MS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_rounded_half_up_and_never_minus_zero() {
        for (text, shown) in [
            ("1234567.005", "1,234,567.01"),
            ("-1234.5", "-1,234.50"),
            ("-0.004", "0.00"),
            ("999.995", "1,000.00"),
            ("12", "12.00"),
        ] {
            assert_eq!(amount(text.parse().unwrap()), shown);
        }
        assert_eq!(rate("0.0100".parse().unwrap()), "0.01");
        assert_eq!(rate("0.92315".parse().unwrap()), "0.92315");
    }

    #[test]
    fn a_sum_says_when_its_printed_parts_do_not_add_up() {
        let third = Decimal::ONE / Decimal::from(3);
        assert_eq!(sum_word([third, third, third], third * Decimal::from(3)), "Total (rounded)");
        assert_eq!(sum_word([Decimal::ONE, Decimal::TWO], Decimal::from(3)), "Total");
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_apart() {
        let zone = chrono_tz::Europe::Berlin;
        let first = Timestamp::parse("2026-10-25T00:30:00Z").unwrap();
        assert_eq!(moment(first, zone), "2026-10-25 02:30 CEST");
        assert_eq!(moment(first.plus_millis(HOUR_MS), zone), "2026-10-25 02:30 CET");
        assert_eq!(moment(first.plus_millis(2 * HOUR_MS), zone), "2026-10-25 03:30");
    }

    #[test]
    fn whole_days_are_told_as_dates() {
        let zone = chrono_tz::Europe::Berlin;
        let from = Timestamp::parse("2026-09-30T22:00:00Z").unwrap();
        let to = Timestamp::parse("2026-10-31T23:00:00Z").unwrap();
        assert_eq!(period(from, to, zone), "2026-10-01 to 2026-10-31");
        assert_eq!(period(from, Timestamp(to.0 - 60_000), zone), "2026-10-01 00:00 to 2026-10-31 23:59");
    }
}
