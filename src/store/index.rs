//! The index: where in the log each record is, by kind and by key, and up to where it was built.
//!
//! Must not: hold a record's body. It can be rebuilt from the log at any time.

use std::ops::{Bound, ControlFlow};

use super::keys;
use super::record::RecordKind;
use super::segment::SegmentName;
use super::tables::{Direction, Put, Table, TableFault, Tables};

/// Where a record's line is, in the segment's plain form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub segment: SegmentName,
    pub offset: u64,
    /// Without the newline.
    pub length: u32,
    pub checksum: u32,
}

const PLACE_BYTES: usize = 28;

impl Place {
    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PLACE_BYTES);
        bytes.extend_from_slice(&self.segment.first.to_be_bytes());
        bytes.extend_from_slice(&self.segment.month.to_be_bytes());
        bytes.extend_from_slice(&self.offset.to_be_bytes());
        bytes.extend_from_slice(&self.length.to_be_bytes());
        bytes.extend_from_slice(&self.checksum.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        let (month, rest) = rest.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (checksum, rest) = rest.split_first_chunk()?;
        rest.is_empty().then_some(Self {
            segment: SegmentName { first: u64::from_be_bytes(*first), month: u32::from_be_bytes(*month) },
            offset: u64::from_be_bytes(*offset),
            length: u32::from_be_bytes(*length),
            checksum: u32::from_be_bytes(*checksum),
        })
    }
}

/// A record as the index sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub sequence: u64,
    pub kind: Option<RecordKind>,
    pub key: String,
    pub place: Place,
}

/// Up to where the index was built, and a fold over its entries that shows whether one was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct IndexState {
    /// The last sequence number indexed.
    pub through: u64,
    /// How many records.
    pub entries: u64,
    /// All of them folded into one number, in any order.
    pub fold: u64,
}

impl IndexState {
    /// Takes a record in.
    pub(super) fn include(&mut self, sequence: u64, checksum: u32) {
        self.through = self.through.max(sequence);
        self.entries += 1;
        self.fold ^= mix(sequence, checksum);
    }

    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(28);
        bytes.extend_from_slice(&self.through.to_be_bytes());
        bytes.extend_from_slice(&self.entries.to_be_bytes());
        bytes.extend_from_slice(&self.fold.to_be_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, checksum) = bytes.split_last_chunk()?;
        let (through, rest) = content.split_first_chunk()?;
        let (entries, rest) = rest.split_first_chunk()?;
        let (fold, rest) = rest.split_first_chunk()?;
        (rest.is_empty() && crc32fast::hash(content) == u32::from_be_bytes(*checksum)).then_some(Self {
            through: u64::from_be_bytes(*through),
            entries: u64::from_be_bytes(*entries),
            fold: u64::from_be_bytes(*fold),
        })
    }
}

/// Spreads a record's sequence and checksum over 64 bits (the finaliser of splitmix64).
pub(super) fn mix(sequence: u64, checksum: u32) -> u64 {
    let mut bits = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(checksum);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// A span of keys in the order of their text: those of one kind of snapshot between two moments, for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpan {
    /// The first key in it.
    pub from: String,
    /// The first key behind it.
    pub to: String,
}

impl KeySpan {
    /// Whether a key lies in it.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        (self.from.as_str()..self.to.as_str()).contains(&key)
    }
}

/// Adds records behind those indexed already; the new state is written with them or not at all.
pub(super) fn add(tables: &dyn Tables, state: &mut IndexState, entries: &[Entry]) -> Result<(), TableFault> {
    let mut next = *state;
    let mut puts: Vec<Put> = Vec::with_capacity(entries.len() * 2 + 1);
    for entry in entries.iter().filter(|entry| entry.sequence > state.through) {
        next.include(entry.sequence, entry.place.checksum);
        puts.push((keys::by_kind(entry.kind, entry.sequence), Some(entry.place.encode())));
        puts.push((keys::by_key(entry.kind, &entry.key, entry.sequence), Some(Vec::new())));
    }
    puts.push((keys::INDEX_STATE.to_vec(), Some(next.encode())));
    tables.apply(Table::Index, puts)?;
    *state = next;
    Ok(())
}

/// Reads up to where the index was built, and whether it still holds all that was put in; nothing when it was never
/// finished.
///
/// # Errors
/// An entry was lost or changed, or the tables failed.
pub(super) fn load(tables: &dyn Tables) -> Result<Option<IndexState>, TableFault> {
    let damaged = |what: &str| TableFault(format!("the index over the records {what}"));
    let Some(bytes) = tables.get(Table::Index, keys::INDEX_STATE)? else { return Ok(None) };
    let state = IndexState::decode(&bytes).ok_or_else(|| damaged("has an unreadable state"))?;
    let mut counted = IndexState { through: state.through, ..IndexState::default() };
    tables.scan(Table::Index, &keys::every_kind(), Direction::Forward, &mut |key, value| {
        if let (Some(sequence), Some(place)) = (keys::sequence_of(key), Place::decode(value)) {
            counted.include(sequence, place.checksum);
        }
        ControlFlow::Continue(())
    })?;
    let mut keyed = 0;
    tables.scan(Table::Index, &keys::every_key(), Direction::Forward, &mut |_, _| {
        keyed += 1;
        ControlFlow::Continue(())
    })?;
    if counted == state && keyed == state.entries {
        Ok(Some(state))
    } else {
        Err(damaged("has lost entries"))
    }
}

/// The places of the records of a kind from a sequence number on, oldest first; at most the newest `limit`.
pub(super) fn places_of_kind(
    tables: &dyn Tables,
    kind: RecordKind,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, Place)>, TableFault> {
    let mut places = Vec::new();
    if limit == 0 {
        return Ok(places);
    }
    let mut is_damaged = false;
    tables.scan(Table::Index, &keys::of_kind(Some(kind)), Direction::Backward, &mut |key, value| {
        match (keys::sequence_of(key), Place::decode(value)) {
            (Some(sequence), Some(_)) if sequence < from => return ControlFlow::Break(()),
            (Some(sequence), Some(place)) => places.push((sequence, place)),
            _ => is_damaged = true,
        }
        if places.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    if is_damaged {
        return Err(TableFault("an entry of the index over the records is unreadable".to_owned()));
    }
    places.reverse();
    Ok(places)
}

/// The places of the records of a kind and key, oldest first.
pub(super) fn places_of_key(
    tables: &dyn Tables,
    kind: RecordKind,
    key: &str,
) -> Result<Vec<(u64, Place)>, TableFault> {
    let mut sequences = Vec::new();
    tables.scan(Table::Index, &keys::of_key(Some(kind), key), Direction::Forward, &mut |key, _| {
        sequences.extend(keys::sequence_of(key));
        ControlFlow::Continue(())
    })?;
    places_of(tables, kind, sequences)
}

/// The places of the records of a kind whose keys lie in a span, in the order of the keys; at most `limit` from that end of
/// the span at which `direction` begins.
pub(super) fn places_in_span(
    tables: &dyn Tables,
    kind: RecordKind,
    span: &KeySpan,
    direction: Direction,
    limit: usize,
) -> Result<Vec<(u64, Place)>, TableFault> {
    let (from, to) = (keys::of_key(Some(kind), &span.from), keys::of_key(Some(kind), &span.to));
    if from >= to || limit == 0 {
        return Ok(Vec::new());
    }
    let mut sequences = Vec::new();
    let range = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
    tables.range(Table::Index, range, direction, &mut |key, _| {
        sequences.extend(keys::sequence_of(key));
        if sequences.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    if direction == Direction::Backward {
        sequences.reverse();
    }
    places_of(tables, kind, sequences)
}

fn places_of(
    tables: &dyn Tables,
    kind: RecordKind,
    sequences: Vec<u64>,
) -> Result<Vec<(u64, Place)>, TableFault> {
    let lost = || TableFault("the index over the records has lost an entry".to_owned());
    sequences
        .into_iter()
        .map(|sequence| {
            let value = tables.get(Table::Index, &keys::by_kind(Some(kind), sequence))?.ok_or_else(lost)?;
            Ok((sequence, Place::decode(&value).ok_or_else(lost)?))
        })
        .collect()
}
