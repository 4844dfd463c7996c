//! What running costs (`providers/exaroton.md` §4), in whole millionths of a credit.

use crate::sim::micro::MICRO;

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
}
