//! Packing points of a series: times as differences of differences, values as the bits that changed.
//!
//! A chunk is `format, count, first time, per point (time change, value change), crc32`; numbers are varints. A steady
//! series takes two bytes a point.
//!
//! Must not: panic on any input.

use crate::model::fleet::Sample;
use crate::model::time::Timestamp;

/// The first byte of a chunk.
const FORMAT: u8 = 1;

/// More points than an hour of milliseconds has are damage.
const POINTS_MAX: u64 = 3_600_000;

/// Packs points in the order given.
pub(super) fn pack(points: &[Sample]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + points.len() * 4);
    bytes.push(FORMAT);
    push_varint(&mut bytes, u64::try_from(points.len()).unwrap_or(0));
    let (mut at, mut step, mut bits) = (0_i64, 0_i64, 0_u32);
    for point in points {
        let next_step = point.at.0.wrapping_sub(at);
        push_varint(&mut bytes, zigzag(next_step.wrapping_sub(step)));
        // Round values end in zero bits: reversed, their change is a small number.
        push_varint(&mut bytes, u64::from((point.value.to_bits() ^ bits).reverse_bits()));
        (at, step, bits) = (point.at.0, next_step, point.value.to_bits());
    }
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Unpacks a chunk; nothing when it is damaged.
pub(super) fn unpack(chunk: &[u8]) -> Option<Vec<Sample>> {
    let (content, checksum) = chunk.split_last_chunk()?;
    if crc32fast::hash(content) != u32::from_be_bytes(*checksum) {
        return None;
    }
    let mut rest = content.strip_prefix(&[FORMAT])?;
    let count = take_varint(&mut rest)?;
    if count > POINTS_MAX {
        return None;
    }
    let mut points = Vec::new();
    let (mut at, mut step, mut bits) = (0_i64, 0_i64, 0_u32);
    for _ in 0..count {
        step = step.wrapping_add(unzigzag(take_varint(&mut rest)?));
        at = at.wrapping_add(step);
        bits ^= u32::try_from(take_varint(&mut rest)?).ok()?.reverse_bits();
        points.push(Sample { at: Timestamp(at), value: f32::from_bits(bits) });
    }
    rest.is_empty().then_some(points)
}

/// Sorts by time; of several points at one moment the one given last stays.
pub(super) fn normalise(points: &mut Vec<Sample>) {
    points.sort_by_key(|point| point.at);
    points.dedup_by(|later, kept| {
        let is_same = later.at == kept.at;
        if is_same {
            *kept = *later;
        }
        is_same
    });
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7F).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        number |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points() -> impl Strategy<Value = Vec<Sample>> {
        let point = (any::<i64>(), any::<u32>());
        proptest::collection::vec(point, 0..50).prop_map(|raw| {
            raw.into_iter()
                .map(|(at, bits)| Sample { at: Timestamp(at), value: f32::from_bits(bits) })
                .collect()
        })
    }

    fn bits(points: &[Sample]) -> Vec<(i64, u32)> {
        points.iter().map(|point| (point.at.0, point.value.to_bits())).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back_bit_for_bit(points in points()) {
            prop_assert_eq!(bits(&unpack(&pack(&points)).unwrap()), bits(&points));
        }

        #[test]
        fn any_changed_byte_is_noticed_and_nothing_panics(
            points in points(), at in any::<usize>(), flip in 1_u8..=255, noise in any::<Vec<u8>>(),
        ) {
            let mut chunk = pack(&points);
            let place = at % chunk.len();
            chunk[place] ^= flip;
            prop_assert!(unpack(&chunk).is_none());
            unpack(&noise);
        }

        /// With a right checksum the bytes behind it are what the decoder has to stand.
        #[test]
        fn any_content_with_a_right_checksum_unpacks_within_its_own_size(
            noise in proptest::collection::vec(any::<u8>(), 0..400),
            points in points(), changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..5),
        ) {
            let mut changed = pack(&points);
            changed.truncate(changed.len() - 4);
            for (place, byte) in changes {
                let length = changed.len();
                changed[place % length] = byte;
            }
            let framed = [&[FORMAT][..], &noise].concat();
            for mut content in [changed, noise, framed] {
                let length = content.len();
                let checksum = crc32fast::hash(&content);
                content.extend_from_slice(&checksum.to_be_bytes());
                if let Some(mut unpacked) = unpack(&content) {
                    prop_assert!(unpacked.len() <= length, "a point takes two bytes at least");
                    normalise(&mut unpacked);
                }
            }
        }

        #[test]
        fn normalised_points_are_in_order_and_the_last_given_wins(raw in proptest::collection::vec((0_i64..20, 0_u8..9), 0..40)) {
            let mut points: Vec<Sample> =
                raw.iter().map(|(at, value)| Sample { at: Timestamp(*at), value: f32::from(*value) }).collect();
            normalise(&mut points);
            let expected: std::collections::BTreeMap<i64, u8> = raw.into_iter().collect();
            let expected: Vec<(i64, u32)> =
                expected.into_iter().map(|(at, value)| (at, f32::from(value).to_bits())).collect();
            prop_assert_eq!(bits(&points), expected);
        }
    }

    #[test]
    fn a_steady_series_takes_two_bytes_a_point() {
        let points: Vec<Sample> = (0..360)
            .map(|n| Sample { at: Timestamp(1_795_000_000_000 + n * 10_000), value: 100.0 })
            .collect();
        assert!(pack(&points).len() < 2 * 360 + 40, "{}", pack(&points).len());
    }
}
