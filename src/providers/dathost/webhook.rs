//! Bodies of the calls about matches (`providers/dathost.md` §4.5), read without being believed.
//!
//! Whether a call is authentic is for whoever knows the secret of its match to say, before a body comes here. Pure.

use super::{match_map, wire};
use crate::model::matches::{MatchReading, SteamId};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;

/// What a call tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookPayload {
    /// A whole match. What fired is one of its events, mostly the last: take them as a log, not the last for the news.
    Match(Box<MatchReading>),
    /// Somebody was voted out: the older call about it carries the player only.
    Votekick {
        /// The provider's id of the match.
        match_id: String,
        /// Who.
        player: SteamId,
    },
}

/// Reads the body of a call that came at `now`.
///
/// # Errors
/// `Malformed`: it is neither a match nor a player.
pub fn payload(body: &[u8], now: Timestamp) -> Result<HookPayload, Problem> {
    if let Ok(one) = serde_json::from_slice::<wire::Match>(body) {
        return Ok(HookPayload::Match(Box::new(match_map::reading(one, now))));
    }
    let player = serde_json::from_slice::<wire::VotekickPlayer>(body).ok();
    let told = player.and_then(|told| {
        let player = told.steam_id_64.parse().ok()?;
        Some(HookPayload::Votekick { match_id: crate::model::sanitise::sanitise(&told.match_id), player })
    });
    told.ok_or_else(|| Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::None,
        message: "a call about a match holds neither a match nor a player".to_owned(),
        advice: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_kinds_of_bodies_are_read_and_others_are_not() {
        let read = |text: &str| payload(text.as_bytes(), Timestamp(7));
        let with_events =
            r#"{"id":"m1","finished":true,"events":[{"event":"match_ended","timestamp":5}],"extra":{}}"#;
        let HookPayload::Match(one) = read(with_events).unwrap() else { panic!("a match") };
        assert_eq!((one.id.as_str(), one.events.len(), one.observed_at), ("m1", 1, Timestamp(7)));
        let older = r#"{"id":"m1","finished":false,"rounds_played":3}"#;
        assert!(matches!(read(older), Ok(HookPayload::Match(one)) if one.rounds_played == 3));
        let player = SteamId::of_account(5);
        let kicked = format!(r#"{{"match_id":"m1","steam_id_64":"{player}","kicked":true}}"#);
        assert_eq!(read(&kicked), Ok(HookPayload::Votekick { match_id: "m1".to_owned(), player }));
        for wrong in ["", "[]", "{}", r#"{"match_id":"m1","steam_id_64":"x"}"#, "<html>"] {
            assert_eq!(read(wrong).unwrap_err().kind, ProblemKind::Malformed, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = payload(&bytes, Timestamp(0));
        }
    }
}
