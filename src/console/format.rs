//! Numbers as people read them: ages, sizes, rates, money. Every form has a widest text, so columns never jitter.
//!
//! Must not: know the terminal, the theme or the width of a table.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::money::Money;
use crate::model::time::Timestamp;

/// Widest text of [`age`]: `23 h 59 m`.
pub const AGE_WIDTH: usize = 9;
/// Widest text of [`age_short`]: `59 m`.
pub const AGE_SHORT_WIDTH: usize = 5;
/// Widest text of [`bytes()`]: `9.99 GiB`.
pub const BYTES_WIDTH: usize = 8;
/// Widest text of [`bytes_per_second`].
pub const RATE_WIDTH: usize = 10;
/// Widest text of [`percent`] up to `999 %`.
pub const PERCENT_WIDTH: usize = 5;
/// Widest text of an IPv4 address with its port.
pub const ADDRESS_WIDTH: usize = 21;

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "-";

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A span in its two largest units: `42 s`, `3 m`, `2 h 14 m`, `3 d 04 h`, `124 d`.
#[must_use]
pub fn age(millis: u64) -> String {
    let (seconds, minutes, hours, days) =
        (millis / SECOND_MS, millis / MINUTE_MS, millis / HOUR_MS, millis / DAY_MS);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} m"),
        (0, ..) => format!("{hours} h {:02} m", minutes % 60),
        (1..100, ..) => format!("{days} d {:02} h", hours % 24),
        _ => format!("{} d", days.min(999_999)),
    }
}

/// A span as [`age`], but to the minute: what a table tells must not tick every second.
#[must_use]
pub fn age_minutes(millis: u64) -> String {
    if millis < MINUTE_MS { "< 1 m".to_owned() } else { age(millis) }
}

/// A span in its largest unit: `42 s`, `3 m`, `2 h`, `3 d`.
#[must_use]
pub fn age_short(millis: u64) -> String {
    match millis {
        0..MINUTE_MS => format!("{} s", millis / SECOND_MS),
        MINUTE_MS..HOUR_MS => format!("{} m", millis / MINUTE_MS),
        HOUR_MS..DAY_MS => format!("{} h", millis / HOUR_MS),
        _ => format!("{} d", (millis / DAY_MS).min(999)),
    }
}

/// How long something took or is taking, to the second: `0 s`, `12 s`, `1 m 02 s`, `2 h 14 m`.
#[must_use]
pub fn elapsed(millis: u64) -> String {
    if (MINUTE_MS..HOUR_MS).contains(&millis) {
        format!("{} m {:02} s", millis / MINUTE_MS, millis / SECOND_MS % 60)
    } else {
        age(millis)
    }
}

/// Bytes with three digits: `512 B`, `1.50 GiB`, `40.0 GiB`, `400 GiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    // 999.5 would be written with four digits.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.995) + usize::from(value < 99.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Mebibytes as [`bytes()`]; a negative amount (oversold) keeps its sign.
#[must_use]
pub fn mib(count: i64) -> String {
    let text = bytes(count.unsigned_abs().saturating_mul(1 << 20));
    if count < 0 { format!("-{text}") } else { text }
}

/// A limit in MiB, where the panel's 0 means unlimited (`providers/pterodactyl.md` §6.1).
#[must_use]
pub fn mib_limit(count: i64) -> String {
    if count == 0 { "unlimited".to_owned() } else { mib(count) }
}

/// Bytes per second: `1.20 MiB/s`.
#[must_use]
pub fn bytes_per_second(rate: f32) -> String {
    format!("{}/s", bytes(whole(rate)))
}

/// Whole percent: `7 %`.
#[must_use]
pub fn percent(value: f32) -> String {
    format!("{} %", whole(value))
}

/// A non-negative number without its fraction; not-a-number is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the sign is checked"
)]
fn whole(value: f32) -> u64 {
    if value > 0.0 { value.round() as u64 } else { 0 }
}

/// An amount with two decimals: `9.99 EUR`.
#[must_use]
pub fn money(amount: &Money) -> String {
    format!("{} {}", fixed(amount.amount, 2), amount.currency)
}

/// A rate with four decimals, because one small server costs about a cent an hour: `0.0137 EUR/h`.
#[must_use]
pub fn money_per_hour(amount: &Money) -> String {
    format!("{} {}/h", fixed(amount.amount, 4), amount.currency)
}

/// What changes between two rates, with its sign: `+0.0137 EUR/h`; nothing for different currencies.
#[must_use]
pub fn money_change(before: &Money, after: &Money) -> Option<String> {
    let negative = Money { amount: -before.amount, currency: before.currency.clone() };
    let change = after.checked_add(&negative)?;
    let sign = if change.amount >= Decimal::ZERO { "+" } else { "" };
    Some(format!("{sign}{}", money_per_hour(&change)))
}

/// A decimal with exactly `places` digits after the point, half away from zero.
#[must_use]
pub fn fixed(amount: Decimal, places: u32) -> String {
    let rounded = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    format!("{rounded:.*}", places as usize)
}

/// The time of day in UTC: `18:04:18`.
#[must_use]
pub fn time_of_day(at: Timestamp) -> String {
    at.to_datetime().format("%H:%M:%S").to_string()
}

/// Hour and minute in UTC: `18:04`.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    at.to_datetime().format("%H:%M").to_string()
}

/// Date and time in UTC: `2026-11-20 18:04:18 UTC`.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.to_datetime().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Day and minute in UTC: `24 Nov 05:12`.
#[must_use]
pub fn day_minute(at: Timestamp) -> String {
    at.to_datetime().format("%-d %b %H:%M").to_string()
}

/// `1 server`, `3 servers`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_read_in_two_units() {
        let text = |millis| age(millis);
        assert_eq!(text(0), "0 s");
        assert_eq!(text(59_999), "59 s");
        assert_eq!(text(3 * MINUTE_MS + 40_000), "3 m");
        assert_eq!(text(2 * HOUR_MS + 14 * MINUTE_MS), "2 h 14 m");
        assert_eq!(text(2 * HOUR_MS + 4 * MINUTE_MS), "2 h 04 m");
        assert_eq!(text(3 * DAY_MS + 4 * HOUR_MS), "3 d 04 h");
        assert_eq!(text(124 * DAY_MS), "124 d");
        assert_eq!(elapsed(62_000), "1 m 02 s");
        assert_eq!(age_short(2 * HOUR_MS + 14 * MINUTE_MS), "2 h");
    }

    #[test]
    fn sizes_keep_three_digits() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "0.98 KiB");
        assert_eq!(bytes(1 << 30), "1.00 GiB");
        assert_eq!(bytes(3 << 29), "1.50 GiB");
        assert_eq!(bytes((1 << 30) * 40), "40.0 GiB");
        assert_eq!(mib(-2048), "-2.00 GiB");
        assert_eq!(mib_limit(0), "unlimited");
        assert_eq!(bytes_per_second(f32::NAN), "0 B/s");
        assert_eq!(percent(99.6), "100 %");
    }

    #[test]
    fn money_has_fixed_decimals_and_never_mixes_currencies() {
        let euro = |text: &str| Money::new(text.parse().unwrap(), "EUR");
        assert_eq!(money(&euro("9.9")), "9.90 EUR");
        assert_eq!(money(&euro("0.125")), "0.13 EUR");
        assert_eq!(money_per_hour(&euro("0.013698630")), "0.0137 EUR/h");
        assert_eq!(money_change(&euro("1.5"), &euro("1.4")).as_deref(), Some("-0.1000 EUR/h"));
        assert_eq!(money_change(&euro("1.5"), &euro("1.75")).as_deref(), Some("+0.2500 EUR/h"));
        assert_eq!(money_change(&euro("1"), &Money::new(Decimal::ONE, "USD")), None);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_promised(number in any::<u64>()) {
            prop_assert!(age(number).len() <= AGE_WIDTH);
            prop_assert!(age_short(number).len() <= AGE_SHORT_WIDTH);
            prop_assert!(elapsed(number).len() <= AGE_WIDTH);
            prop_assert!(bytes(number).len() <= BYTES_WIDTH);
            prop_assert!(bytes_per_second(number as f32).len() <= RATE_WIDTH);
        }
    }
}
