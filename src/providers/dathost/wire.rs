//! The API's JSON, as `providers/dathost.md` §2–§3 show it. Only the fields that are used.
//!
//! Whatever the reference calls required may be missing or null in a real answer (§3.2): all but an id is an option. The
//! secrets that answers hold (FTP, MySQL and rcon passwords) are not even read; the join password and the secret of a match's
//! calls only where somebody asks for them.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
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

/// A text that cannot be printed from here on.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

#[derive(Debug, Clone, Deserialize)]
pub struct Console {
    #[serde(default)]
    pub lines: Option<Vec<String>>,
}

/// Here `players_online` is a list, unlike a server's number (§3.6).
#[derive(Debug, Clone, Deserialize)]
pub struct Metrics {
    #[serde(default)]
    pub players_online: Option<Vec<PlayerOnline>>,
    #[serde(default)]
    pub maps_played: Option<Vec<MapPlayed>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PlayerOnline {
    #[serde(default)]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MapPlayed {
    #[serde(default)]
    pub map: Option<String>,
    #[serde(default)]
    pub seconds: Option<Exact>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct File {
    pub path: String,
    #[serde(default)]
    pub size: Option<Exact>,
    #[serde(default)]
    pub deleted: Option<bool>,
}

/// The one secret of a server that is read, and only when somebody asks for it.
#[derive(Deserialize)]
pub struct JoinPassword {
    #[serde(default)]
    pub cs2_settings: Option<PasswordOnly>,
}

#[derive(Deserialize)]
pub struct PasswordOnly {
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<SecretString>,
}

/// A match (§4.3). Every part but the id may be missing.
#[derive(Debug, Clone, Deserialize)]
pub struct Match {
    pub id: String,
    #[serde(default)]
    pub game_server_id: Option<String>,
    #[serde(default)]
    pub team1: Option<MatchTeam>,
    #[serde(default)]
    pub team2: Option<MatchTeam>,
    #[serde(default)]
    pub players: Option<Vec<MatchPlayer>>,
    #[serde(default)]
    pub rounds_played: Option<Exact>,
    #[serde(default)]
    pub finished: Option<bool>,
    #[serde(default)]
    pub cancel_reason: Option<String>,
    #[serde(default)]
    pub events: Option<Vec<MatchEvent>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MatchTeam {
    #[serde(default)]
    pub stats: Option<TeamStats>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct TeamStats {
    #[serde(default)]
    pub score: Option<Exact>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MatchPlayer {
    #[serde(default)]
    pub steam_id_64: Option<String>,
    #[serde(default)]
    pub team: Option<String>,
    #[serde(default)]
    pub nickname_override: Option<String>,
    #[serde(default)]
    pub connected: Option<bool>,
    #[serde(default)]
    pub kicked: Option<bool>,
    #[serde(default)]
    pub disconnected_at: Option<Exact>,
    #[serde(default)]
    pub stats: Option<PlayerStats>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct PlayerStats {
    #[serde(default)]
    pub kills: Option<Exact>,
    #[serde(default)]
    pub deaths: Option<Exact>,
    #[serde(default)]
    pub assists: Option<Exact>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MatchEvent {
    #[serde(default)]
    pub event: Option<String>,
    #[serde(default)]
    pub timestamp: Option<Exact>,
    #[serde(default)]
    pub payload: Option<Value>,
}

/// What the older call about a vote carries.
#[derive(Debug, Clone, Deserialize)]
pub struct VotekickPlayer {
    pub match_id: String,
    pub steam_id_64: String,
}

/// The secret that a match's calls carry, read back after a restart: the answer echoes it (§4.3).
#[derive(Deserialize)]
pub struct MatchHooks {
    #[serde(default)]
    pub webhooks: Option<Webhooks>,
}

#[derive(Deserialize)]
pub struct Webhooks {
    #[serde(default, deserialize_with = "secret")]
    pub authorization_header: Option<SecretString>,
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
            let _ = serde_json::from_slice::<Match>(&bytes);
            let _ = serde_json::from_slice::<Metrics>(&bytes);
            let _ = serde_json::from_slice::<Vec<File>>(&bytes);
        }
    }
}
