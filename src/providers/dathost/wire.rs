//! The API's JSON, as `providers/dathost.md` §2–§3 show it. Only the fields that are used.
//!
//! Whatever the reference calls required may be missing or null in a real answer (§3.2): all but an id is an option. The
//! secrets that answers hold (FTP, MySQL, rcon and join passwords) are not even read.

use serde::Deserialize;
use serde_json::Value;

use crate::providers::exact::Exact;

#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    #[serde(default)]
    pub email: Option<String>,
    pub credits: Exact,
    #[serde(default)]
    pub seconds_left: Option<Exact>,
    #[serde(default)]
    pub subscription_pay_with_credits: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct GameServer {
    pub id: String,
    #[serde(default)]
    pub created_at: Option<Exact>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub user_data: Option<String>,
    #[serde(default)]
    pub game: Option<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub on: Option<bool>,
    #[serde(default)]
    pub booting: Option<bool>,
    #[serde(default)]
    pub server_error: Option<String>,
    #[serde(default)]
    pub players_online: Option<Exact>,
    #[serde(default)]
    pub match_id: Option<String>,
    #[serde(default)]
    pub ip: Option<String>,
    #[serde(default)]
    pub raw_ip: Option<String>,
    #[serde(default)]
    pub ports: Option<Ports>,
    #[serde(default)]
    pub cost_per_hour: Option<Exact>,
    #[serde(default)]
    pub max_cost_per_hour: Option<Exact>,
    #[serde(default)]
    pub max_cost_per_month: Option<Exact>,
    #[serde(default)]
    pub month_credits: Option<Exact>,
    #[serde(default)]
    pub month_reset_at: Option<Exact>,
    #[serde(default)]
    pub subscription_state: Option<String>,
    #[serde(default)]
    pub subscription_cycle_months: Option<Exact>,
    #[serde(default)]
    pub subscription_renewal_next_attempt_at: Option<Exact>,
    #[serde(default)]
    pub cycle_months_1_discount_percentage: Option<Exact>,
    #[serde(default)]
    pub cycle_months_3_discount_percentage: Option<Exact>,
    #[serde(default)]
    pub cycle_months_6_discount_percentage: Option<Exact>,
    #[serde(default)]
    pub cycle_months_12_discount_percentage: Option<Exact>,
    #[serde(default)]
    pub autostop: Option<bool>,
    #[serde(default)]
    pub autostop_minutes: Option<Exact>,
    #[serde(default)]
    pub deletion_protection: Option<bool>,
    #[serde(default)]
    pub duplicate_source_server: Option<String>,
}

/// An open object: a port that is no number of one is no port.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Ports {
    #[serde(default)]
    pub game: Option<Value>,
    #[serde(default)]
    pub gotv: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<Account>(&bytes);
            let _ = serde_json::from_slice::<Vec<GameServer>>(&bytes);
        }
    }
}
