//! What being on costs (`providers/dathost.md` §5), in whole millionths of a credit.

use super::entities::Server;

/// Millionths for one slot and hour; invented, as all prices here.
const SLOT_HOUR: u64 = 20_000;
/// Hours whose price is a month's by subscription.
const CAP_HOURS: u64 = 75;
/// Minutes of an hour.
const HOUR_MIN: u128 = 60;

/// What a server costs per hour: by slots and by where it stands.
pub(super) fn per_hour(server: &Server) -> u64 {
    let plain = server.slots() * SLOT_HOUR;
    if server.location == "sao_paulo" { plain * 7 / 4 } else { plain }
}

/// What it costs for a month by subscription.
pub(super) fn per_month(server: &Server) -> u64 {
    per_hour(server) * CAP_HOURS
}

/// What so many whole minutes cost: each a sixtieth of an hour, rounded down to a millionth over all of them, so that how
/// often it is looked at changes nothing.
pub(super) fn minutes_cost(per_hour: u64, minutes: u64) -> u64 {
    u64::try_from(u128::from(per_hour) * u128::from(minutes) / HOUR_MIN).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_a_sixtieth() {
        assert_eq!(minutes_cost(220_000, 60), 220_000);
        assert_eq!(minutes_cost(220_000, 1), 3_666);
        assert_eq!(minutes_cost(220_000, 3), 11_000, "nothing is lost by rounding every minute");
    }
}
