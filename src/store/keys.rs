//! Keys of every table as bytes whose order is the order of what they stand for.
//!
//! Must not: be encoded anywhere else.

use super::record::RecordKind;
use crate::model::balance::BalanceKey;
use crate::model::fleet::{Metric, SeriesKey, SeriesOwner};
use crate::model::ids::AccountId;

/// The index's own state: sorts before all entries.
pub(super) const INDEX_STATE: &[u8] = &[0];
const BY_KIND: u8 = 1;
const BY_KEY: u8 = 2;

/// A zero byte inside text is written as these two, so that the terminator sorts before every continuation.
const ESCAPED_ZERO: [u8; 2] = [0, 0xFF];
const TEXT_END: [u8; 2] = [0, 1];

/// Kinds by number: part of the format on disk, never renumbered. 0 is a kind of a newer program.
const fn kind_code(kind: Option<RecordKind>) -> u8 {
    match kind {
        None => 0,
        Some(RecordKind::Journal) => 1,
        Some(RecordKind::Audit) => 2,
        Some(RecordKind::Ledger) => 3,
        Some(RecordKind::Snapshot) => 4,
        Some(RecordKind::Settlement) => 5,
        Some(RecordKind::Alert) => 6,
        Some(RecordKind::Note) => 7,
    }
}

/// Metrics by number: part of the format on disk, never renumbered.
const fn metric_code(metric: Metric) -> u8 {
    match metric {
        Metric::CpuPercent => 1,
        Metric::MemoryBytes => 2,
        Metric::NetworkBytesPerSecond => 3,
        Metric::NodeMemoryPercent => 4,
        Metric::NodeDiskPercent => 5,
        Metric::BurnPerHour => 6,
    }
}

/// Appends text so that encoded order is text order whatever follows.
fn push_text(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if byte == 0 { key.extend_from_slice(&ESCAPED_ZERO) } else { key.push(byte) }
    }
    key.extend_from_slice(&TEXT_END);
}

/// Appends a signed number so that negative ones sort first.
fn push_signed(key: &mut Vec<u8>, number: i64) {
    key.extend_from_slice(&(number ^ i64::MIN).to_be_bytes());
}

/// All entries by kind.
pub(super) fn every_kind() -> Vec<u8> {
    vec![BY_KIND]
}

/// All entries of one kind.
pub(super) fn of_kind(kind: Option<RecordKind>) -> Vec<u8> {
    vec![BY_KIND, kind_code(kind)]
}

/// One entry by kind.
pub(super) fn by_kind(kind: Option<RecordKind>, sequence: u64) -> Vec<u8> {
    let mut key = of_kind(kind);
    key.extend_from_slice(&sequence.to_be_bytes());
    key
}

/// All entries by key.
pub(super) fn every_key() -> Vec<u8> {
    vec![BY_KEY]
}

/// All entries of one kind and key.
pub(super) fn of_key(kind: Option<RecordKind>, text: &str) -> Vec<u8> {
    let mut key = vec![BY_KEY, kind_code(kind)];
    push_text(&mut key, text);
    key
}

/// One entry by key.
pub(super) fn by_key(kind: Option<RecordKind>, text: &str, sequence: u64) -> Vec<u8> {
    let mut key = of_key(kind, text);
    key.extend_from_slice(&sequence.to_be_bytes());
    key
}

/// The sequence number at the end of an entry's key.
pub(super) fn sequence_of(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// All chunks of a series.
pub(super) fn series(series: &SeriesKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    let mut push_owner = |tag: u8, names: Option<(&AccountId, &str)>| {
        key.push(tag);
        if let Some((account, id)) = names {
            push_text(&mut key, account.as_str());
            push_text(&mut key, id);
        }
    };
    match &series.owner {
        SeriesOwner::Site => push_owner(1, None),
        SeriesOwner::Node(node) => push_owner(2, Some((&node.account, &node.id))),
        SeriesOwner::Server(server) => push_owner(3, Some((&server.account, &server.id))),
        SeriesOwner::Balance(BalanceKey { account, pool }) => {
            key.push(4);
            push_text(&mut key, account.as_str());
            key.push(u8::from(pool.is_some()));
            if let Some(pool) = pool {
                push_text(&mut key, pool);
            }
        }
    }
    key.push(metric_code(series.metric));
    key
}

/// All parts of an hour of a series; hours are counted from 1970.
pub(super) fn series_hour(of: &SeriesKey, hour: i64) -> Vec<u8> {
    let mut key = series(of);
    push_signed(&mut key, hour);
    key
}

/// One part of an hour of a series.
pub(super) fn series_part(of: &SeriesKey, hour: i64, part: u32) -> Vec<u8> {
    let mut key = series_hour(of, hour);
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// The hour in a chunk's key.
pub(super) fn hour_of(key: &[u8]) -> Option<i64> {
    let hour = key.get(..key.len().checked_sub(size_of::<u32>())?)?;
    hour.last_chunk().map(|bytes| i64::from_be_bytes(*bytes) ^ i64::MIN)
}

/// The part number at the end of a chunk's key.
pub(super) fn part_of(key: &[u8]) -> Option<u32> {
    key.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{NodeKey, ServerKey};
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        // Zero bytes and shared prefixes are what an encoding gets wrong.
        proptest::collection::vec(
            prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('b'), any::<char>()],
            0..5,
        )
        .prop_map(String::from_iter)
    }

    fn owner() -> impl Strategy<Value = SeriesOwner> {
        prop_oneof![
            Just(SeriesOwner::Site),
            (text(), text()).prop_map(|(a, id)| SeriesOwner::Node(NodeKey { account: a.into(), id })),
            (text(), text()).prop_map(|(a, id)| SeriesOwner::Server(ServerKey { account: a.into(), id })),
            (text(), proptest::option::of(text()))
                .prop_map(|(a, pool)| SeriesOwner::Balance(BalanceKey { account: a.into(), pool })),
        ]
    }

    fn metric() -> impl Strategy<Value = Metric> {
        proptest::sample::select(vec![
            Metric::CpuPercent,
            Metric::MemoryBytes,
            Metric::NetworkBytesPerSecond,
            Metric::NodeMemoryPercent,
            Metric::NodeDiskPercent,
            Metric::BurnPerHour,
        ])
    }

    fn kind() -> impl Strategy<Value = RecordKind> {
        proptest::sample::select(RecordKind::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn series_keys_sort_as_what_they_stand_for(
            a in (owner(), metric(), any::<i64>(), any::<u32>()),
            b in (owner(), metric(), any::<i64>(), any::<u32>()),
        ) {
            let encode = |(owner, metric, hour, part): &(SeriesOwner, Metric, i64, u32)| {
                series_part(&SeriesKey { owner: owner.clone(), metric: *metric }, *hour, *part)
            };
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
            prop_assert_eq!((hour_of(&encode(&a)), part_of(&encode(&a))), (Some(a.2), Some(a.3)));
        }

        #[test]
        fn entry_keys_sort_as_what_they_stand_for(
            a in (kind(), text(), any::<u64>()), b in (kind(), text(), any::<u64>()),
        ) {
            let encode = |(kind, text, sequence): &(RecordKind, String, u64)| by_key(Some(*kind), text, *sequence);
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
            prop_assert_eq!(by_kind(Some(a.0), a.2).cmp(&by_kind(Some(b.0), b.2)), (a.0, a.2).cmp(&(b.0, b.2)));
            prop_assert_eq!(sequence_of(&encode(&a)), Some(a.2));
        }

        #[test]
        fn the_entries_of_a_key_are_a_range_of_their_own(kind in kind(), a in text(), b in text(), at in any::<u64>()) {
            prop_assert_eq!(by_key(Some(kind), &b, at).starts_with(&of_key(Some(kind), &a)), a == b);
        }
    }
}
