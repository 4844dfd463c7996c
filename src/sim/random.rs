//! Reproducible randomness: everything is a pure function of the seed and of what it is asked for.

/// A well-mixed number for a seed and a list of parts (splitmix64 folded over the parts).
pub(super) fn mix(seed: u64, parts: &[u64]) -> u64 {
    let mut state = step(seed ^ 0x9e37_79b9_7f4a_7c15);
    for part in parts {
        state = step(state ^ step(part.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    }
    state
}

fn step(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number from 0 (inclusive) to 1 (exclusive).
pub(super) fn share(seed: u64, parts: &[u64]) -> f64 {
    (mix(seed, parts) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number from `low` to `high`, both inclusive.
pub(super) fn between(seed: u64, parts: &[u64], low: u64, high: u64) -> u64 {
    if high <= low {
        return low;
    }
    low + mix(seed, parts) % (high - low + 1)
}

/// Smooth noise from 0 to 1 over `position`: random values at the whole numbers, eased between them.
pub(super) fn noise(seed: u64, parts: &[u64], position: f64) -> f64 {
    let floor = position.floor();
    let fraction = position - floor;
    let at = |offset: i64| {
        let mut all = parts.to_vec();
        all.push(to_lattice(floor).wrapping_add(offset).cast_unsigned());
        share(seed, &all)
    };
    let eased = fraction * fraction * (3.0 - 2.0 * fraction);
    at(0) * (1.0 - eased) + at(1) * eased
}

#[expect(clippy::cast_possible_truncation, reason = "world time in any unit used here is far below 2^63")]
fn to_lattice(value: f64) -> i64 {
    value as i64
}

/// A non-negative number as an integer; the fraction is dropped.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u64 first"
)]
pub(super) fn to_u64(value: f64) -> u64 {
    value.clamp(0.0, 9.0e18) as u64
}

/// A version 4 uuid.
pub(super) fn uuid(seed: u64, parts: &[u64]) -> String {
    let mut with = parts.to_vec();
    with.push(1);
    let high = mix(seed, &with);
    with.push(2);
    let low = mix(seed, &with);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// Letters and digits, `length` of them.
pub(super) fn letters(seed: u64, parts: &[u64], length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut with = parts.to_vec();
    with.push(0);
    (0..length as u64)
        .map(|index| {
            if let Some(last) = with.last_mut() {
                *last = index;
            }
            let at = usize::try_from(mix(seed, &with) % ALPHABET.len() as u64).unwrap_or(0);
            ALPHABET.get(at).copied().map_or('a', char::from)
        })
        .collect()
}

/// Lower-case hexadecimal digits, `length` of them (shaped like a hash).
pub(super) fn hex(seed: u64, parts: &[u64], length: usize) -> String {
    let mut with = parts.to_vec();
    with.push(0);
    (0..length as u64)
        .filter_map(|index| {
            if let Some(last) = with.last_mut() {
                *last = index;
            }
            char::from_digit(u32::try_from(mix(seed, &with) % 16).unwrap_or(0), 16)
        })
        .collect()
}

/// A number for a text, to mix in.
pub(super) fn of_text(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(mix(1, &[2, 3]), mix(1, &[2, 3]));
        assert_ne!(mix(1, &[2, 3]), mix(1, &[3, 2]));
        assert_eq!(uuid(7, &[1]).len(), 36);
        assert_eq!(letters(7, &[1], 32).len(), 32);
        assert_eq!(hex(7, &[1], 40).len(), 40);
        let values: Vec<f64> = (0..1000).map(|index| share(5, &[index])).collect();
        let mean = values.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
