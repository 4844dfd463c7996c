//! What a rented server carries so that it is found again: our match's id in its free text, and a name that tells it apart.

use crate::model::ids::MatchId;

/// Begins the free text of every server that we rent for a match; DatHost never touches it (`providers/dathost.md` §3.2).
const MARK_PREFIX: &str = "quarterdeck:match:";

/// Begins the name of every server that we rent for a match.
const NAME_PREFIX: &str = "qd-match-";

/// Characters of the match's id in the name: the random end of it, short enough to be typed to confirm.
const NAME_ID_CHARS: usize = 8;

impl MatchId {
    /// What the match's server carries as its free text.
    #[must_use]
    pub fn server_mark(&self) -> String {
        format!("{MARK_PREFIX}{self}")
    }

    /// What the match's server is called.
    #[must_use]
    pub fn server_name(&self) -> String {
        let skipped = self.0.chars().count().saturating_sub(NAME_ID_CHARS);
        let end: String = self.0.chars().skip(skipped).collect();
        format!("{NAME_PREFIX}{}", end.to_lowercase())
    }

    /// The match whose mark a free text is.
    #[must_use]
    pub fn of_mark(user_data: &str) -> Option<Self> {
        let id = user_data.strip_prefix(MARK_PREFIX)?;
        (!id.is_empty()).then(|| Self(id.to_owned()))
    }
}

/// Whether a name is one that we give to the servers of matches.
#[must_use]
pub fn is_match_server_name(name: &str) -> bool {
    name.starts_with(NAME_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_server_is_named_after_the_end_of_its_matchs_id() {
        let id = MatchId::from("01JDXK3W8Z6Q4T2N9V5B7C1FGH");
        assert_eq!(id.server_name(), "qd-match-5b7c1fgh");
        assert!(is_match_server_name(&id.server_name()) && !is_match_server_name("match-5b7c1fgh"));
        assert_eq!(MatchId::of_mark("quarterdeck:match:"), None);
        assert_eq!(MatchId::of_mark("saga:7f3c"), None);
    }

    proptest! {
        #[test]
        fn a_mark_is_read_back(id in "[0-9A-Z]{1,26}") {
            let id = MatchId(id);
            prop_assert_eq!(MatchId::of_mark(&id.server_mark()), Some(id));
        }
    }
}
