//! The provider's calls about matches: a call is a hint to look now, never a fact.
//!
//! The provider signs nothing; it copies one header that we chose (`providers/dathost.md` §4.5), and may lose calls, repeat
//! them and mix their order. So what a call says is not believed: the match is read anew, and polling stays the source of truth.
//! A forged, repeated or oversized call changes nothing and is counted.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq;

use crate::model::ids::MatchId;

/// The largest body read. A match of ten players with all their figures and the events of a long game is some tens of KiB.
pub const HOOK_BODY_MAX_BYTES: usize = 256 * 1024;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookVerdict {
    /// It tells of something new: look at the match now.
    LookNow,
    /// It tells nothing that was not told before.
    Repeated,
    /// It is about no match that is being watched.
    Unknown,
    /// It does not carry the secret of its match.
    Forged,
    /// Its body is over [`HOOK_BODY_MAX_BYTES`]; it was not parsed.
    TooLarge,
    /// Its body is not a match, or another than it was sent for.
    Malformed,
}

impl HookVerdict {
    /// The HTTP status of the answer. A match that is not watched and a wrong secret look the same from outside.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::LookNow | Self::Repeated => 204,
            Self::Unknown | Self::Forged => 401,
            Self::TooLarge => 413,
            Self::Malformed => 400,
        }
    }
}

/// How many calls came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HookCounts {
    /// Led to a look.
    pub looked: u64,
    /// Told nothing new.
    pub repeated: u64,
    /// About no match that is watched.
    pub unknown: u64,
    /// Without the secret.
    pub forged: u64,
    /// Too large.
    pub too_large: u64,
    /// Not understood.
    pub malformed: u64,
}

impl HookCounts {
    fn count(&mut self, verdict: HookVerdict) {
        let counter = match verdict {
            HookVerdict::LookNow => &mut self.looked,
            HookVerdict::Repeated => &mut self.repeated,
            HookVerdict::Unknown => &mut self.unknown,
            HookVerdict::Forged => &mut self.forged,
            HookVerdict::TooLarge => &mut self.too_large,
            HookVerdict::Malformed => &mut self.malformed,
        };
        *counter = counter.saturating_add(1);
    }
}

/// A match whose calls are heeded.
struct Expected {
    provider_match: String,
    secret: SecretString,
    events_seen: usize,
}

/// The matches whose calls are heeded, by our own ids: those are in the address that the provider calls.
#[derive(Default)]
pub struct Hooks {
    expected: BTreeMap<MatchId, Expected>,
    counts: HookCounts,
}

/// The part of a body that is read: whose it is, and how much has happened.
#[derive(Deserialize)]
struct Body {
    id: String,
    #[serde(default)]
    events: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    rounds_played: Option<u64>,
    #[serde(default)]
    finished: Option<bool>,
}

impl Body {
    /// Grows with everything that happens, also in the older calls that carry no events.
    fn happened(&self) -> usize {
        let rounds = usize::try_from(self.rounds_played.unwrap_or(0)).unwrap_or(usize::MAX);
        let events = self.events.as_ref().map_or(0, Vec::len);
        events.saturating_add(rounds).saturating_add(usize::from(self.finished.unwrap_or(false)))
    }
}

impl Hooks {
    /// Heeds calls about a match from now on; `secret` is what was given to the provider to send back.
    pub fn expect(&mut self, match_id: MatchId, provider_match: impl Into<String>, secret: SecretString) {
        let provider_match = provider_match.into();
        self.expected.insert(match_id, Expected { provider_match, secret, events_seen: 0 });
    }

    /// Heeds no more calls about a match.
    pub fn forget(&mut self, match_id: &MatchId) {
        self.expected.remove(match_id);
    }

    /// How many calls came to what.
    #[must_use]
    pub fn counts(&self) -> HookCounts {
        self.counts
    }

    /// Judges a call for `match_id` (from its address) with its `Authorization` header and body, and counts it.
    pub fn judge(&mut self, match_id: &MatchId, authorization: Option<&[u8]>, body: &[u8]) -> HookVerdict {
        let verdict = self.verdict(match_id, authorization, body);
        self.counts.count(verdict);
        verdict
    }

    fn verdict(&mut self, match_id: &MatchId, authorization: Option<&[u8]>, body: &[u8]) -> HookVerdict {
        if body.len() > HOOK_BODY_MAX_BYTES {
            return HookVerdict::TooLarge;
        }
        let Some(expected) = self.expected.get_mut(match_id) else {
            return HookVerdict::Unknown;
        };
        let secret = expected.secret.expose_secret().as_bytes();
        // An empty secret would let everybody in.
        if secret.is_empty() || !bool::from(authorization.unwrap_or_default().ct_eq(secret)) {
            return HookVerdict::Forged;
        }
        match serde_json::from_slice::<Body>(body) {
            Ok(body) if body.id == expected.provider_match => {
                let happened = body.happened();
                if happened <= expected.events_seen {
                    return HookVerdict::Repeated;
                }
                expected.events_seen = happened;
                HookVerdict::LookNow
            }
            _ => HookVerdict::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "hook-5f2c";

    fn hooks() -> Hooks {
        let mut hooks = Hooks::default();
        hooks.expect("m1".into(), "6530aa", SECRET.to_owned().into());
        hooks
    }

    fn body(events: usize) -> Vec<u8> {
        let events: Vec<_> =
            (0..events).map(|at| serde_json::json!({ "event": "round_end", "timestamp": at })).collect();
        serde_json::to_vec(&serde_json::json!({ "id": "6530aa", "events": events, "extra": [1, 2] })).unwrap()
    }

    #[test]
    fn something_new_is_looked_at_and_the_same_again_is_not() {
        let mut hooks = hooks();
        let mut call = |events| hooks.judge(&"m1".into(), Some(SECRET.as_bytes()), &body(events));
        assert_eq!(call(1), HookVerdict::LookNow);
        assert_eq!(call(1), HookVerdict::Repeated, "replayed");
        assert_eq!(call(3), HookVerdict::LookNow);
        assert_eq!(call(2), HookVerdict::Repeated, "out of order");
        assert_eq!(hooks.counts(), HookCounts { looked: 2, repeated: 2, ..HookCounts::default() });
    }

    #[test]
    fn what_is_forged_oversized_or_foreign_is_counted_and_leads_to_no_look() {
        let mut hooks = hooks();
        let id = MatchId::from("m1");
        assert_eq!(hooks.judge(&id, None, &body(1)), HookVerdict::Forged);
        assert_eq!(hooks.judge(&id, Some(b"hook-5f2d"), &body(1)), HookVerdict::Forged);
        assert_eq!(hooks.judge(&id, Some(b""), &body(1)), HookVerdict::Forged);
        let large = vec![b' '; HOOK_BODY_MAX_BYTES + 1];
        assert_eq!(hooks.judge(&id, Some(SECRET.as_bytes()), &large), HookVerdict::TooLarge);
        assert_eq!(hooks.judge(&"m2".into(), Some(SECRET.as_bytes()), &body(1)), HookVerdict::Unknown);
        let foreign = br#"{"id":"another","events":[1,2,3]}"#;
        assert_eq!(hooks.judge(&id, Some(SECRET.as_bytes()), foreign), HookVerdict::Malformed);
        hooks.forget(&id);
        assert_eq!(hooks.judge(&id, Some(SECRET.as_bytes()), &body(9)), HookVerdict::Unknown);
        let expected =
            HookCounts { looked: 0, repeated: 0, unknown: 2, forged: 3, too_large: 1, malformed: 1 };
        assert_eq!(hooks.counts(), expected);
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        let mut hooks = Hooks::default();
        hooks.expect("m1".into(), "6530aa", String::new().into());
        assert_eq!(hooks.judge(&"m1".into(), Some(b""), &body(1)), HookVerdict::Forged);
        assert_eq!(hooks.judge(&"m1".into(), None, &body(1)), HookVerdict::Forged);
    }

    proptest! {
        #[test]
        fn no_body_panics_and_none_without_the_secret_is_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..300), authorization in prop::option::of(prop::collection::vec(any::<u8>(), 0..20))) {
            let mut hooks = hooks();
            let verdict = hooks.judge(&"m1".into(), authorization.as_deref(), &bytes);
            let has_secret = authorization.as_deref() == Some(SECRET.as_bytes());
            prop_assert!(has_secret || verdict == HookVerdict::Forged);
            prop_assert_ne!(hooks.judge(&"m1".into(), Some(SECRET.as_bytes()), &bytes), HookVerdict::Forged);
        }
    }
}
