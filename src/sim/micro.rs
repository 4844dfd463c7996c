//! Credits as whole millionths: what a simulator charges is exact, whoever asks and however often.

use rust_decimal::Decimal;
use serde_json::Value;

/// Millionths of a credit in a credit.
pub(super) const MICRO: u64 = 1_000_000;

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

/// Millionths as an exact decimal.
pub(super) fn decimal(micro: u64) -> Decimal {
    Decimal::from_i128_with_scale(i128::from(micro), 6)
}

/// Millionths with a sign; no world has more.
pub(super) fn signed(micro: u64) -> i64 {
    i64::try_from(micro).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_exact() {
        assert_eq!(digits(42_050_000), "42.05");
        assert_eq!(digits(-250_000), "-0.25");
        assert_eq!(digits(7 * 1_000_000), "7");
        assert_eq!(json(123_456_789_123_456).to_string(), "123456789.123456");
    }
}
