//! The settings of a match's server, and the secrets that are made for it.

use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::SecretString;

use crate::model::action::MatchParameters;
use crate::model::matches::{MatchRequest, ServerSource};
use crate::providers::dathost::{Cs2Settings, MapsSource, ServerSettings};

/// Players type this one.
const JOIN_PASSWORD_CHARS: usize = 10;
/// Nobody types this one.
const RCON_PASSWORD_CHARS: usize = 24;
/// What the provider's calls prove themselves with: they carry nothing else (`providers/dathost.md` §4.5).
const HOOK_SECRET_CHARS: usize = 40;

/// The least and the most that the provider takes (§3.4).
const SLOTS: std::ops::RangeInclusive<usize> = 5..=64;

/// The second net under everything: an empty server stops itself so long after everybody's time to connect.
const AUTOSTOP_MARGIN_MIN: u32 = 15;

/// A secret of letters and digits.
fn secret(chars: usize) -> SecretString {
    rand::rng().sample_iter(Alphanumeric).take(chars).map(char::from).collect::<String>().into()
}

/// What the provider's calls about one match are to carry.
pub(super) fn hook_secret() -> SecretString {
    secret(HOOK_SECRET_CHARS)
}

/// Everything about the server of a match, with new passwords.
pub(super) fn of(request: &MatchRequest, plan: &MatchParameters) -> ServerSettings {
    ServerSettings {
        name: Some(plan.server_name.clone()),
        location: match &request.source {
            ServerSource::Fresh { location } => Some(location.clone()),
            ServerSource::Template { .. } => None,
        },
        user_data: Some(plan.match_id.server_mark()),
        autostop_minutes: Some(autostop_minutes(request)),
        // Copies inherit their template's protection, and then nobody could delete them (§8).
        is_protected: Some(false),
        reboots_on_crash: None,
        cs2: Cs2Settings {
            slots: Some(slots(request)),
            rcon: Some(secret(RCON_PASSWORD_CHARS)),
            password: Some(secret(JOIN_PASSWORD_CHARS)),
            steam_token: None,
            game_mode: Some("competitive".to_owned()),
            maps: Some(maps(request)),
            // Without it there is no recording at all (§8).
            has_gotv: Some(request.is_demo_kept || !request.spectators.is_empty()),
            has_no_bots: Some(true),
            is_private: Some(true),
        },
    }
}

/// After so many empty minutes the server stops itself.
pub(super) fn autostop_minutes(request: &MatchRequest) -> u32 {
    request.connect_time_s.div_ceil(60) + AUTOSTOP_MARGIN_MIN
}

/// Who plays at once, who watches, and the broadcast: what drives the price (§3.4: 11 for five against five).
pub(super) fn slots(request: &MatchRequest) -> u32 {
    let wanted = request.team1.starters() + request.team2.starters() + request.spectators.len() + 1;
    u32::try_from(wanted.clamp(*SLOTS.start(), *SLOTS.end())).unwrap_or(u32::MAX)
}

fn maps(request: &MatchRequest) -> MapsSource {
    match request.map.strip_prefix("workshop/") {
        Some(id) => MapsSource::WorkshopMap(id.to_owned()),
        None => MapsSource::Group { group: "mg_active".to_owned(), start_map: request.map.clone() },
    }
}
