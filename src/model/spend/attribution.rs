//! What changed the burn: the same things at two moments, compared.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::burn::{Burner, BurnerKind, BurnerOwner};
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;

/// Why a burn changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// It did not burn before.
    Started,
    /// It does not burn any more.
    Stopped,
    /// It burns at another price (RAM, share, price list).
    Repriced,
}

/// One thing whose burn changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnChange {
    /// The server.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// The balance it is paid from.
    pub payer: BalanceKey,
    /// For whom it runs.
    pub owner: BurnerOwner,
    /// Why.
    pub cause: ChangeCause,
    /// By how much per hour, in the payer's unit.
    pub by_per_hour: Decimal,
}

type Place = (BalanceKey, ServerKey, BurnerKind);

/// What changed between two lists of what burns, the largest first.
#[must_use]
pub fn changes_between(before: &[Burner], after: &[Burner]) -> Vec<BurnChange> {
    let places = |burners: &[Burner]| -> BTreeMap<Place, Burner> {
        burners.iter().map(|b| ((b.payer.clone(), b.server.clone(), b.kind), b.clone())).collect()
    };
    let (before, after) = (places(before), places(after));
    let started = after.iter().filter(|(place, _)| !before.contains_key(*place));
    let stopped = before.iter().filter(|(place, _)| !after.contains_key(*place));
    let repriced = after.iter().filter_map(|(place, now)| {
        let by = now.per_hour - before.get(place)?.per_hour;
        (!by.is_zero()).then(|| change(now, ChangeCause::Repriced, by))
    });
    let mut changes: Vec<BurnChange> = started
        .map(|(_, burner)| change(burner, ChangeCause::Started, burner.per_hour))
        .chain(stopped.map(|(_, burner)| change(burner, ChangeCause::Stopped, -burner.per_hour)))
        .chain(repriced)
        .collect();
    changes
        .sort_by(|a, b| b.by_per_hour.abs().cmp(&a.by_per_hour.abs()).then_with(|| a.server.cmp(&b.server)));
    changes
}

fn change(burner: &Burner, cause: ChangeCause, by_per_hour: Decimal) -> BurnChange {
    BurnChange {
        server: burner.server.clone(),
        name: burner.name.clone(),
        payer: burner.payer.clone(),
        owner: burner.owner.clone(),
        cause,
        by_per_hour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_sum_to_the_difference_and_the_largest_comes_first() {
        let burner = |name: &str, per_hour: i64| Burner {
            server: ServerKey { account: "exa".into(), id: name.into() },
            name: name.to_owned(),
            payer: BalanceKey::account("exa".into()),
            per_hour: Decimal::from(per_hour),
            kind: BurnerKind::Running,
            owner: BurnerOwner::Unowned,
        };
        let before = [burner("a", 4), burner("b", 2), burner("c", 3)];
        let after = [burner("b", 8), burner("c", 3), burner("d", 5)];
        let changes = changes_between(&before, &after);
        let causes: Vec<(&str, ChangeCause)> = changes.iter().map(|c| (c.name.as_str(), c.cause)).collect();
        assert_eq!(
            causes,
            [("b", ChangeCause::Repriced), ("d", ChangeCause::Started), ("a", ChangeCause::Stopped)]
        );
        assert_eq!(changes.iter().map(|c| c.by_per_hour).sum::<Decimal>(), Decimal::from(7));
    }
}
