//! A sparkline: one character per bucket of time; a bucket without a point is a gap, never a zero.

/// Steps between points that buckets may have, in seconds: a bucket never changes length with every new point.
const BUCKET_STEPS_S: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3_600, 86_400];

/// Points put into buckets of equal length, oldest first; nothing where no point fell.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    /// The highest value of each bucket: a peak is what an operator looks for.
    pub values: Vec<Option<f32>>,
    /// The length of one bucket, milliseconds.
    pub bucket_ms: i64,
}

impl Buckets {
    /// Puts `(milliseconds, value)` points, oldest first, into `width` buckets that end at `now_ms`.
    ///
    /// The length follows the usual distance between points, so that regular points leave no false gaps; bucket edges
    /// stand on multiples of the length, so that a drawn point does not change when time goes on.
    #[must_use]
    pub fn of(points: &[(i64, f32)], now_ms: i64, width: usize) -> Self {
        let bucket_ms = bucket_length_ms(points);
        let last = now_ms.div_euclid(bucket_ms);
        let mut values = vec![None; width];
        for &(at, value) in points.iter().rev() {
            let Ok(back) = usize::try_from(last - at.div_euclid(bucket_ms)) else { continue };
            if back >= width {
                break;
            }
            let kept: &mut Option<f32> = &mut values[width - 1 - back];
            *kept = Some(kept.map_or(value, |highest| highest.max(value)));
        }
        // The bucket of this moment is not a gap before its first point was due.
        if values.last().is_some_and(Option::is_none) {
            values.rotate_right(1);
            if let Some(first) = values.first_mut() {
                *first = None;
            }
        }
        Self { values, bucket_ms }
    }

    /// The highest value, or nothing when there is no point.
    #[must_use]
    pub fn highest(&self) -> Option<f32> {
        self.values.iter().flatten().copied().reduce(f32::max)
    }

    /// The newest value, or nothing when the newest buckets are gaps.
    #[must_use]
    pub fn newest(&self) -> Option<f32> {
        self.values.last().copied().flatten()
    }

    /// The span of all buckets, milliseconds.
    #[must_use]
    pub fn span_ms(&self) -> u64 {
        let count = u64::try_from(self.values.len()).unwrap_or(0);
        u64::try_from(self.bucket_ms).unwrap_or(0).saturating_mul(count)
    }

    /// One symbol per bucket on a scale from 0 to `top`, from the eight `levels`, lowest first.
    ///
    /// A zero draws the lowest level, so that it differs from a gap.
    #[must_use]
    pub fn draw(&self, top: f32, levels: &[&str; 8], gap: &str) -> String {
        self.values.iter().map(|value| value.map_or(gap, |value| levels[level(value, top)])).collect()
    }
}

/// The first step that is at least one and a half times the usual (median) distance between points.
fn bucket_length_ms(points: &[(i64, f32)]) -> i64 {
    let mut distances: Vec<i64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let middle = distances.len() / 2;
    let usual = if distances.is_empty() { 0 } else { *distances.select_nth_unstable(middle).1 };
    let steps = BUCKET_STEPS_S.map(|seconds| seconds * 1_000);
    steps.into_iter().find(|step| step * 2 >= usual.saturating_mul(3)).unwrap_or(86_400_000)
}

/// The height of a value, 0 to 7.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=7; not-a-number becomes 0"
)]
pub(super) fn level(value: f32, top: f32) -> usize {
    if top > 0.0 { (value / top * 7.0).round().clamp(0.0, 7.0) as usize } else { 0 }
}

/// The next round number (1, 2 or 5 times a power of ten) at or above `value`: a top that rarely moves.
#[must_use]
pub fn round_top(value: f32) -> f32 {
    let mut top = 1.0_f32;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(60) {
        if top >= value {
            return top;
        }
        top *= factor;
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LETTERS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

    #[test]
    fn gaps_are_gaps_and_zeros_are_drawn() {
        let points = [(0, 0.0), (10_000, 50.0), (40_000, 100.0), (50_000, 0.0)];
        let buckets = Buckets::of(&points, 59_000, 6);
        assert_eq!(buckets.bucket_ms, 15_000);
        assert_eq!(buckets.draw(100.0, &LETTERS, "."), "..4.70");
        assert_eq!((buckets.highest(), buckets.newest()), (Some(100.0), Some(0.0)));
    }

    #[test]
    fn regular_points_leave_no_gap_and_do_not_wander() {
        let points: Vec<(i64, f32)> =
            (0..100_u8).map(|i| (i64::from(i) * 5_000 + 700, f32::from(i))).collect();
        let at = |now| Buckets::of(&points, now, 20).draw(100.0, &LETTERS, " ");
        assert!(!at(496_000).contains(' '));
        assert_eq!(at(496_000), at(497_500));
    }

    #[test]
    fn tops_are_round() {
        let tops = [0.0, 1.5, 3.0, 51.0, 1_000.0].map(|value| round_top(value).to_string());
        assert_eq!(tops, ["1", "2", "5", "100", "1000"]);
    }

    proptest! {
        #[test]
        fn any_points_draw_one_character_per_cell(
            mut points in prop::collection::vec((any::<i32>(), any::<f32>()), 0..50),
            width in 0_usize..60,
        ) {
            points.sort_by_key(|point| point.0);
            let points: Vec<(i64, f32)> = points.into_iter().map(|(at, value)| (i64::from(at), value)).collect();
            let buckets = Buckets::of(&points, 0, width);
            prop_assert_eq!(buckets.draw(10.0, &LETTERS, " ").chars().count(), width);
        }
    }
}
