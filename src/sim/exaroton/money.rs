//! Credits as whole millionths: what the simulator charges is exact, whoever asks and however often.

use serde_json::Value;

/// Millionths of a credit in a credit.
pub(super) const MICRO: u64 = 1_000_000;
/// Seconds in an hour.
const HOUR_S: u128 = 3_600;

/// What running with this memory for so many whole seconds costs: a credit per GiB and hour, rounded down to a millionth
/// over the whole run, so that how often it is looked at changes nothing.
pub(super) fn runtime_cost(ram_gib: u32, seconds: u64) -> u64 {
    let micro = u128::from(ram_gib) * u128::from(seconds) * u128::from(MICRO) / HOUR_S;
    u64::try_from(micro).unwrap_or(u64::MAX)
}

/// The least whole seconds after which running costs at least this.
pub(super) fn seconds_until(ram_gib: u32, cost: u64) -> u64 {
    let per_hour = u128::from(ram_gib.max(1)) * u128::from(MICRO);
    u64::try_from((u128::from(cost) * HOUR_S).div_ceil(per_hour)).unwrap_or(u64::MAX)
}

/// Millionths as the JSON number with the digits they have: `42.05`.
pub(super) fn json(micro: i64) -> Value {
    serde_json::from_str(&digits(micro)).unwrap_or(Value::Null)
}

/// Millionths as decimal text without needless zeros.
pub(super) fn digits(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let micro = micro.unsigned_abs();
    let text = format!("{sign}{}.{:06}", micro / MICRO, micro % MICRO);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_per_gib_and_hour() {
        assert_eq!(runtime_cost(4, 3_600), 4 * MICRO);
        assert_eq!(runtime_cost(1, 1), 277);
        assert_eq!(seconds_until(4, 4 * MICRO), 3_600);
        assert!(runtime_cost(3, seconds_until(3, 12_345)) >= 12_345);
        assert!(runtime_cost(3, seconds_until(3, 12_345) - 1) < 12_345);
    }

    #[test]
    fn digits_are_exact() {
        assert_eq!(digits(42_050_000), "42.05");
        assert_eq!(digits(-250_000), "-0.25");
        assert_eq!(digits(7 * 1_000_000), "7");
        assert_eq!(json(123_456_789_123_456).to_string(), "123456789.123456");
    }
}
