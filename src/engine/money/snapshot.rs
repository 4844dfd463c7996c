//! Snapshots: what everything stood at, kept for ever, and which are due. Pure.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::billed::Committed;
use super::book::Checkpoint;
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::ids::{OperatorName, ServerKey};
use crate::model::money::Currency;
use crate::model::spend::{BurnerKind, BurnerOwner, counted_of, next_day, start_of_day, total_of};
use crate::model::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;

/// How long before midnight the end of a day is taken: a poll of the busiest cadence fits in, and no hour is lost.
const END_OF_DAY_BEFORE_MS: u64 = 60_000;

/// Why a snapshot was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotKind {
    /// The first of a day.
    StartOfDay,
    /// In the last minute of a day; one that was missed cannot be made up.
    EndOfDay,
    /// Every hour.
    Hourly,
    /// Somebody asked for it.
    Manual,
}

impl SnapshotKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::StartOfDay, Self::EndOfDay, Self::Hourly, Self::Manual];

    /// The word of records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::StartOfDay => "start_of_day",
            Self::EndOfDay => "end_of_day",
            Self::Hourly => "hourly",
            Self::Manual => "manual",
        }
    }
}

/// A server as a snapshot has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotServer {
    /// Which.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// Its state in the provider's word.
    pub state: String,
    /// Its memory in GiB, where known.
    pub ram_gib: Option<u32>,
    /// Whether it is charged for.
    pub is_running: bool,
    /// The balance that pays.
    pub payer: Option<BalanceKey>,
    /// What it is declared to burn per hour now.
    pub per_hour: Decimal,
    /// What it burns per hour while it runs, where known; older records do not tell.
    #[serde(default)]
    pub price_per_hour: Option<Decimal>,
    /// What it costs whether it runs or not; older records say what storage costs per period.
    #[serde(alias = "storage_per_period", deserialize_with = "Committed::of_record")]
    pub committed: Committed,
    /// What of that it is declared to accrue per hour now; older records do not tell.
    #[serde(default)]
    pub committed_per_hour: Decimal,
    /// In older records: what was declared for it since the meter began. See [`SnapshotServer::declared`].
    #[serde(rename = "declared", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) totals: Vec<(BalanceKey, BurnerKind, Decimal)>,
    /// The same before it is divided by the hour: price × milliseconds, exact. See [`SnapshotServer::counted`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) counted: Vec<(BalanceKey, BurnerKind, Decimal)>,
    /// When its storage period is taken to have begun.
    pub period_began: Option<Timestamp>,
    /// What of `declared` by running lies before that.
    pub run_before_period: Decimal,
    /// For whom it runs; nobody in snapshots of earlier versions.
    #[serde(default = "nobody")]
    pub owner: BurnerOwner,
}

fn nobody() -> BurnerOwner {
    BurnerOwner::Unowned
}

/// What a balance is, for whoever reads a snapshot years later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceLabel {
    /// Its name for people.
    pub name: String,
    /// Who keeps it.
    pub provider: Provider,
    /// What it is counted in.
    pub unit: Currency,
}

impl SnapshotServer {
    /// What was declared for it since the meter began, by payer and kind: the difference of two snapshots is what it burnt
    /// between them.
    pub fn declared(&self) -> impl Iterator<Item = (&BalanceKey, BurnerKind, Decimal)> {
        let totals = self.totals.iter().map(|(payer, kind, total)| (payer, *kind, *total));
        let counted = self.counted.iter().map(|(payer, kind, counted)| (payer, *kind, total_of(*counted)));
        totals.chain(counted)
    }

    /// The same as price × milliseconds.
    pub fn counted(&self) -> impl Iterator<Item = (&BalanceKey, BurnerKind, Decimal)> {
        let totals = self.totals.iter().map(|(payer, kind, total)| (payer, *kind, counted_of(*total)));
        let counted = self.counted.iter().map(|(payer, kind, counted)| (payer, *kind, *counted));
        totals.chain(counted)
    }
}

/// What everything stood at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Why it was taken.
    pub kind: SnapshotKind,
    /// What it stands for: the hour's or day's first moment; for the end of a day its last; for a manual one when it was
    /// asked for. No two snapshots of one kind have the same.
    pub slot: Timestamp,
    /// When it was taken: later than the slot where the machine was off.
    pub taken_at: Timestamp,
    /// Who asked for it.
    pub by: Option<OperatorName>,
    /// Every balance's book.
    pub balances: BTreeMap<String, (BalanceKey, Checkpoint)>,
    /// What each balance is; nothing in snapshots of earlier versions.
    #[serde(default)]
    pub labels: BTreeMap<String, BalanceLabel>,
    /// Every server.
    pub servers: Vec<SnapshotServer>,
    /// Servers that went since the day began: what they burnt in it stays known.
    #[serde(default)]
    pub gone: Vec<SnapshotServer>,
    /// How many are charged for.
    pub running: u32,
    /// Memory of those, GiB.
    pub ram_gib_in_use: u64,
}

impl Snapshot {
    /// The key of its record: equal for two snapshots that must not both be kept.
    #[must_use]
    pub fn record_key(kind: SnapshotKind, slot: Timestamp) -> String {
        format!("{}/{slot}", kind.word())
    }
}

/// The snapshots that are due at `now`, given the last slot taken of each kind. Missed hours are not made up: they are
/// gaps.
#[must_use]
pub fn due(
    taken: &BTreeMap<SnapshotKind, Timestamp>,
    now: Timestamp,
    zone: Tz,
) -> Vec<(SnapshotKind, Timestamp)> {
    let today = start_of_day(now, zone);
    let tomorrow = next_day(now, zone);
    let hour = Timestamp(now.0 - now.0.rem_euclid(HOUR_MS));
    let is_ending = tomorrow.millis_since(now) <= END_OF_DAY_BEFORE_MS;
    [
        Some((SnapshotKind::StartOfDay, today)),
        Some((SnapshotKind::Hourly, hour)),
        is_ending.then_some((SnapshotKind::EndOfDay, Timestamp(tomorrow.0 - 1))),
    ]
    .into_iter()
    .flatten()
    .filter(|(kind, slot)| taken.get(kind).is_none_or(|last| slot > last))
    .collect()
}

/// The hours from `from` until `to` of which no hourly snapshot was taken, as stretches.
#[must_use]
pub fn missed_hours(taken: &[Timestamp], from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut gaps: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut hour = from.0 - from.0.rem_euclid(HOUR_MS);
    let taken: std::collections::BTreeSet<i64> = taken.iter().map(|slot| slot.0).collect();
    while hour < to.0 {
        let end = Timestamp(hour + HOUR_MS);
        if !taken.contains(&hour) {
            match gaps.last_mut() {
                Some((_, until)) if until.0 == hour => *until = end,
                _ => gaps.push((Timestamp(hour), end)),
            }
        }
        hour += HOUR_MS;
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    /// Takes everything that is due, every `every_ms`, as the engine does.
    fn taken(from: &str, hours: i64, every_ms: i64) -> Vec<(SnapshotKind, Timestamp)> {
        let start = Timestamp::parse(from).unwrap();
        let (mut last, mut all) = (BTreeMap::new(), Vec::new());
        let mut now = start;
        while now.0 < start.0 + hours * HOUR_MS {
            for (kind, slot) in due(&last, now, Berlin) {
                last.insert(kind, slot);
                all.push((kind, slot));
            }
            now.0 += every_ms;
        }
        all
    }

    fn count(all: &[(SnapshotKind, Timestamp)], kind: SnapshotKind) -> usize {
        all.iter().filter(|(one, _)| *one == kind).count()
    }

    #[test]
    fn a_day_has_one_start_one_end_and_as_many_hours_as_its_clocks_make_it() {
        for (midnight, hours) in [
            ("2026-10-25T00:00:00+02:00", 25),
            ("2026-03-29T00:00:00+01:00", 23),
            ("2026-07-01T00:00:00+02:00", 24),
        ] {
            let all = taken(midnight, hours, 30_000);
            let counts = [SnapshotKind::StartOfDay, SnapshotKind::EndOfDay, SnapshotKind::Hourly]
                .map(|kind| count(&all, kind));
            assert_eq!(counts, [1, 1, usize::try_from(hours).unwrap()], "{midnight}");
        }
    }

    #[test]
    fn nothing_is_taken_twice_when_the_clock_steps_back() {
        let noon = Timestamp::parse("2026-11-20T12:00:10Z").unwrap();
        let last: BTreeMap<_, _> = due(&BTreeMap::new(), noon, Berlin).into_iter().collect();
        assert!(due(&last, Timestamp(noon.0 - 2 * HOUR_MS), Berlin).is_empty());
        assert!(due(&last, noon, Berlin).is_empty());
    }

    #[test]
    fn a_snapshot_of_before_there_were_flat_prices_is_read() {
        let old = r#"{"kind":"hourly","slot":"2026-11-20T16:00:00.000Z","taken_at":"2026-11-20T16:00:03.000Z","by":null,
            "balances":{},"running":1,"ram_gib_in_use":4,"servers":[{"key":{"account":"exa","id":"Ab12"},
            "name":"weekend","state":"online","ram_gib":4,"is_running":true,"payer":{"account":"exa","pool":null},
            "per_hour":"4","storage_per_period":"10","declared":[],"period_began":null,"run_before_period":"0"}]}"#;
        let snapshot: Snapshot = serde_json::from_str(old).unwrap();
        assert_eq!(snapshot.servers[0].committed, Committed::storage(10.into()));
        let again: Snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
        assert_eq!(again, snapshot);
    }

    #[test]
    fn missed_hours_are_stretches() {
        let hours: Vec<Timestamp> = [0, 1, 4, 5].iter().map(|hour| Timestamp(hour * HOUR_MS)).collect();
        let gaps = missed_hours(&hours, Timestamp(0), Timestamp(7 * HOUR_MS));
        let expected =
            [(2, 4), (6, 7)].map(|(from, to)| (Timestamp(from * HOUR_MS), Timestamp(to * HOUR_MS)));
        assert_eq!(gaps, expected);
    }
}
