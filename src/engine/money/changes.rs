//! What changed the burn: lists of what runs go in, changes to keep come out, and what stepped without us is remembered. Pure.
//!
//! A change counts once its record is kept: one that could not be kept is told again by the next list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::balance::BalanceKey;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::spend::{
    BurnChange, Burner, BurnerKind, BurnerOwner, ChangeKind, STEP_REMEMBERED_MS, Steps,
};
use crate::model::time::Timestamp;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// Changes in one record at most: some hundred bytes each, far below the largest record.
pub const CHANGES_IN_A_RECORD: usize = 1_000;

/// What the ledger keeps of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRecord {
    /// Servers whose burn changed, seen at once.
    Changed(Vec<BurnChange>),
    /// Somebody silenced the step of a balance: what stepped until then is known.
    Acknowledged {
        /// The balance.
        payer: BalanceKey,
        /// Until when.
        at: Timestamp,
    },
}

impl ChangeRecord {
    /// The key of records of one day (UTC), so that a window reads the days that it covers.
    #[must_use]
    pub fn day_key(at: Timestamp) -> String {
        format!("burn/{}", at.to_datetime().format("%Y-%m-%d"))
    }

    /// The keys of every day between two moments, oldest first.
    #[must_use]
    pub fn day_keys(from: Timestamp, to: Timestamp) -> Vec<String> {
        let (first, last) = (from.0.div_euclid(DAY_MS), to.0.div_euclid(DAY_MS));
        (first..=last).map(|day| Self::day_key(Timestamp(day * DAY_MS))).collect()
    }

    /// From when records are read at a start: what stepped before is usual by now.
    #[must_use]
    pub fn remembered_from(now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub_unsigned(STEP_REMEMBERED_MS))
    }
}

type Place = (BalanceKey, ServerKey);

/// What runs as its records say, and what stepped.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// When each account's servers were listed last; one that never was begins without a change.
    listed: BTreeMap<AccountId, Timestamp>,
    /// What burnt at its last record: a price that creeps is compared with that.
    known: BTreeMap<Place, Burner>,
    steps: Steps,
}

impl Changes {
    /// Goes on from a snapshot of what ran, of accounts that were listed by then, and from the records since.
    #[must_use]
    pub fn restored(
        taken_at: Timestamp,
        accounts: impl IntoIterator<Item = AccountId>,
        burners: &[Burner],
        records: &[ChangeRecord],
    ) -> Self {
        let mut changes = Self {
            listed: accounts.into_iter().map(|account| (account, taken_at)).collect(),
            known: running(burners).map(|burner| (place_of(burner), burner.clone())).collect(),
            steps: Steps::default(),
        };
        for record in records {
            match record {
                ChangeRecord::Changed(all) => {
                    for change in all {
                        changes.steps.apply(change);
                        // The snapshot knows what came before it.
                        if change.at >= taken_at {
                            changes.note(change);
                        }
                    }
                }
                ChangeRecord::Acknowledged { payer, at } => changes.steps.acknowledge(payer, *at),
            }
        }
        changes
    }

    /// What changed, given everything that burns: only the servers of `account` were listed.
    pub fn list(&mut self, account: &AccountId, burners: &[Burner], now: Timestamp) -> Vec<BurnChange> {
        let is_of_account = |key: &ServerKey| key.account == *account;
        let listed: BTreeMap<Place, &Burner> = running(burners)
            .filter(|burner| is_of_account(&burner.server))
            .map(|burner| (place_of(burner), burner))
            .collect();
        let Some(since) = self.listed.get(account).copied() else {
            self.listed.insert(account.clone(), now);
            self.known.extend(listed.into_iter().map(|(place, burner)| (place, burner.clone())));
            return Vec::new();
        };
        // What ran for nothing and is gone changes nothing.
        self.known.retain(|place, burner| {
            !is_of_account(&place.1) || listed.contains_key(place) || !burner.per_hour.is_zero()
        });
        let gone = self.known.iter().filter(|((_, server), _)| is_of_account(server));
        let mut changes: Vec<BurnChange> = gone
            .filter(|(place, _)| !listed.contains_key(*place))
            .filter_map(|(_, burner)| BurnChange::between(Some(burner), None, since, now))
            .collect();
        for (place, burner) in listed {
            let known = self.known.get_mut(&place);
            changes.extend(BurnChange::between(known.as_deref(), Some(burner), since, now));
            // What it is called and who answers for it is no change of the burn.
            if let Some(known) = known {
                known.name.clone_from(&burner.name);
                known.owner.clone_from(&burner.owner);
            }
            if matches!(burner.owner, BurnerOwner::Kept { .. }) {
                self.steps.explain(&burner.server);
            }
        }
        if changes.is_empty() {
            self.listed.insert(account.clone(), now);
        }
        changes
    }

    /// Takes changes of one list that are kept now.
    pub fn kept(&mut self, changes: &[BurnChange]) {
        for change in changes {
            self.note(change);
            self.steps.apply(change);
        }
    }

    /// Takes note that what stepped of a balance is known.
    pub fn acknowledged(&mut self, payer: &BalanceKey, at: Timestamp) {
        self.steps.acknowledge(payer, at);
    }

    /// What stepped and is not over.
    #[must_use]
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Forgets what has become usual.
    pub fn thin(&mut self, now: Timestamp) {
        self.steps.forget(now);
    }

    fn note(&mut self, change: &BurnChange) {
        let place = (change.payer.clone(), change.server.clone());
        let listed = self.listed.entry(change.server.account.clone()).or_insert(change.at);
        *listed = (*listed).max(change.at);
        if change.kind == ChangeKind::Stopped {
            self.known.remove(&place);
            return;
        }
        let burner = Burner {
            server: change.server.clone(),
            name: change.name.clone(),
            payer: change.payer.clone(),
            per_hour: change.after,
            kind: BurnerKind::Running,
            owner: change.owner.clone(),
        };
        self.known.insert(place, burner);
    }
}

fn running(burners: &[Burner]) -> impl Iterator<Item = &Burner> {
    burners.iter().filter(|burner| burner.kind == BurnerKind::Running)
}

fn place_of(burner: &Burner) -> Place {
    (burner.payer.clone(), burner.server.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spend::Cause;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn burner(id: &str, per_hour: i64) -> Burner {
        Burner {
            server: ServerKey { account: "exa".into(), id: id.to_owned() },
            name: format!("server {id}"),
            payer: BalanceKey::account("exa".into()),
            per_hour: Decimal::from(per_hour),
            kind: BurnerKind::Running,
            owner: BurnerOwner::Unowned,
        }
    }

    fn list(changes: &mut Changes, burners: &[Burner], at: i64) -> Vec<BurnChange> {
        changes.list(&"exa".into(), burners, Timestamp(at))
    }

    fn told(changes: &[BurnChange]) -> Vec<(&str, ChangeKind, i64)> {
        changes.iter().map(|change| (change.server.id.as_str(), change.kind, change.since.0)).collect()
    }

    #[test]
    fn the_first_list_is_where_it_begins_and_what_is_not_kept_is_told_again() {
        let mut changes = Changes::default();
        assert_eq!(list(&mut changes, &[burner("a", 4)], 10), []);
        let seen = list(&mut changes, &[burner("b", 2)], 20);
        assert_eq!(told(&seen), [("a", ChangeKind::Stopped, 10), ("b", ChangeKind::Started, 10)]);
        let again = list(&mut changes, &[burner("b", 2)], 30);
        assert_eq!(told(&again), told(&seen), "nobody kept it");
        changes.kept(&again);
        assert_eq!(list(&mut changes, &[burner("b", 2)], 40), []);
        let other =
            Burner { server: ServerKey { account: "other".into(), id: "x".into() }, ..burner("x", 9) };
        assert_eq!(list(&mut changes, &[burner("b", 2), other], 50), [], "another account's were not listed");
        let seen = list(&mut changes, &[burner("b", 3)], 60);
        assert_eq!(told(&seen), [("b", ChangeKind::Repriced, 50)]);
    }

    #[test]
    fn a_price_that_creeps_is_told_when_it_has_moved_by_a_hundredth() {
        let mut changes = Changes::default();
        list(&mut changes, &[burner("a", 1_000)], 0);
        assert_eq!(list(&mut changes, &[burner("a", 1_006)], 1), []);
        let seen = list(&mut changes, &[burner("a", 1_012)], 2);
        assert_eq!(seen[0].by_per_hour(), Decimal::from(12));
    }

    #[test]
    fn a_server_at_its_months_cap_runs_on_and_begins_anew_without_a_step() {
        let mut changes = Changes::default();
        list(&mut changes, &[burner("a", 4)], 0);
        for (at, price) in [(1, 0), (2, 4)] {
            let seen = list(&mut changes, &[burner("a", price)], at);
            assert_eq!(seen.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::Repriced]);
            changes.kept(&seen);
        }
        assert!(!changes.steps().has(&BalanceKey::account("exa".into())));
        list(&mut changes, &[burner("a", 0)], 3);
        assert_eq!(told(&list(&mut changes, &[], 4)), [("a", ChangeKind::Stopped, 2)]);
    }

    #[test]
    fn who_keeps_a_server_answers_for_its_step() {
        let mut changes = Changes::default();
        list(&mut changes, &[], 0);
        let seen = list(&mut changes, &[burner("a", 4)], 1);
        changes.kept(&seen);
        let payer = BalanceKey::account("exa".into());
        assert!(changes.steps().has(&payer));
        let kept = BurnerOwner::Kept { by: "ann@bastion".into(), reason: "event".to_owned() };
        list(&mut changes, &[Burner { owner: kept, ..burner("a", 4) }], 2);
        assert!(!changes.steps().has(&payer));
    }

    #[test]
    fn a_window_reads_its_days() {
        let day = |text: &str| Timestamp::parse(text).unwrap();
        let keys = ChangeRecord::day_keys(day("2026-02-27T23:59:00Z"), day("2026-03-01T00:00:00Z"));
        assert_eq!(keys, ["burn/2026-02-27", "burn/2026-02-28", "burn/2026-03-01"]);
    }

    proptest! {
        /// An engine that is killed at any moment and starts again from an older snapshot and the records since tells each
        /// change once: all changes together are the difference of what burns.
        #[test]
        fn over_kills_the_changes_tell_the_whole_difference(
            life in prop::collection::vec((0_usize..4, 0_i64..6, prop::bool::weighted(0.2), prop::bool::weighted(0.2)), 1..40),
        ) {
            let mut prices = [0_i64; 4];
            let burners = |prices: &[i64; 4]| -> Vec<Burner> {
                let some = prices.iter().enumerate().filter(|(_, price)| **price > 0);
                some.map(|(id, price)| burner(&id.to_string(), *price)).collect()
            };
            let mut changes = Changes::default();
            let (mut snapshot, mut records) = ((Timestamp(0), Vec::new()), Vec::new());
            list(&mut changes, &[], 0);
            for (minute, (server, price, is_snapshot, is_killed)) in life.into_iter().enumerate() {
                let at = i64::try_from(minute).unwrap() + 1;
                prices[server] = price;
                if is_killed {
                    let (taken_at, burners) = &snapshot;
                    changes = Changes::restored(*taken_at, ["exa".into()], burners, &records);
                }
                let seen = list(&mut changes, &burners(&prices), at);
                for change in &seen {
                    prop_assert_eq!(&change.cause, &Cause::Outside);
                }
                changes.kept(&seen);
                if !seen.is_empty() {
                    records.push(ChangeRecord::Changed(seen));
                }
                if is_snapshot {
                    snapshot = (Timestamp(at), burners(&prices));
                }
            }
            let told: Decimal = records
                .iter()
                .flat_map(|record| match record {
                    ChangeRecord::Changed(all) => all.iter().map(BurnChange::by_per_hour).collect(),
                    ChangeRecord::Acknowledged { .. } => Vec::new(),
                })
                .sum();
            prop_assert_eq!(told, Decimal::from(prices.iter().sum::<i64>()));
        }
    }
}
