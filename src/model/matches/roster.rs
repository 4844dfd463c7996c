//! Teams that are saved to be chosen again.

use serde::{Deserialize, Serialize};

use super::request::TeamRequest;
use crate::model::ids::OperatorName;
use crate::model::time::Timestamp;

/// Saved teams of a site, at most: more than a form can offer.
pub const ROSTERS_MAX: usize = 200;

/// A team that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRoster {
    /// What it is saved as; upper and lower case are the same name.
    pub name: String,
    /// The team.
    pub team: TeamRequest,
    /// Who saved it.
    pub by: OperatorName,
    /// When.
    pub at: Timestamp,
}

impl SavedRoster {
    /// The teams that these records leave, by name: the last of a name counts, and one without players is forgotten.
    #[must_use]
    pub fn latest(records: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut by_name = std::collections::BTreeMap::new();
        for roster in records {
            by_name.insert(roster.key(), roster);
        }
        by_name.into_values().filter(|roster| !roster.team.players.is_empty()).collect()
    }

    /// What tells two names apart.
    #[must_use]
    pub fn key(&self) -> String {
        self.name.trim().to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::tests::player;
    use super::*;

    fn roster(name: &str, players: std::ops::Range<u32>) -> SavedRoster {
        SavedRoster {
            name: name.to_owned(),
            team: TeamRequest { players: players.map(player).collect(), ..TeamRequest::default() },
            by: "ann@desk".into(),
            at: Timestamp(0),
        }
    }

    #[test]
    fn the_last_of_a_name_counts_and_an_empty_one_is_forgotten() {
        let records = [
            roster("Red", 1..3),
            roster("blue", 5..6),
            roster("red ", 1..4),
            roster("Gone", 7..9),
            roster("gone", 0..0),
        ];
        let kept: Vec<(String, usize)> =
            SavedRoster::latest(records).into_iter().map(|one| (one.name, one.team.players.len())).collect();
        assert_eq!(kept, [("blue".to_owned(), 1), ("red ".to_owned(), 3)]);
    }
}
