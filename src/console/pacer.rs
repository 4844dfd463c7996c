//! When a frame may be drawn: at once after quiet, at most thirty a second on average.
//!
//! A small bucket of tokens, refilled at the frame rate. A frame that answers a key may take the last token; a frame
//! for data leaves some, so that a busy site never makes a key wait. A movement key held at a keyboard's usual thirty
//! repeats a second is painted for every repeat.

use std::time::Duration;

/// The time between frames on average: thirty a second.
pub const FRAME_INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / 30);

/// Frames that may follow each other at once after quiet.
const BURST: u32 = 4;

/// Tokens that frames for data leave to keys.
const RESERVED_FOR_KEYS: u32 = 2;

/// Why a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Something changed by itself.
    Data,
    /// The operator did something.
    Key,
}

/// The bucket. Time is whatever duration since a fixed start the caller counts.
#[derive(Debug)]
pub struct Pacer {
    filled_at: Duration,
    /// Credit in nanoseconds of frame intervals.
    credit: Duration,
}

impl Default for Pacer {
    fn default() -> Self {
        Self { filled_at: Duration::ZERO, credit: FRAME_INTERVAL * BURST }
    }
}

impl Pacer {
    /// How long to wait before a frame for this cause may be drawn; zero is now.
    pub fn wait(&mut self, now: Duration, cause: Cause) -> Duration {
        self.credit = (self.credit + now.saturating_sub(self.filled_at)).min(FRAME_INTERVAL * BURST);
        self.filled_at = now;
        let needed = match cause {
            Cause::Key => FRAME_INTERVAL,
            Cause::Data => FRAME_INTERVAL * (RESERVED_FOR_KEYS + 1),
        };
        needed.saturating_sub(self.credit)
    }

    /// Notes that a frame was drawn.
    pub fn drawn(&mut self) {
        self.credit = self.credit.saturating_sub(FRAME_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames drawn within a second when one is wanted for `cause` every `period`.
    fn frames_in_a_second(period: Duration, cause: Cause) -> usize {
        let mut pacer = Pacer::default();
        let mut now = Duration::ZERO;
        let mut frames = 0;
        while now < Duration::from_secs(1) {
            if pacer.wait(now, cause).is_zero() {
                pacer.drawn();
                frames += 1;
            }
            now += period;
        }
        frames
    }

    #[test]
    fn the_first_frame_is_at_once_and_the_rate_is_bounded() {
        assert!(Pacer::default().wait(Duration::ZERO, Cause::Data).is_zero());
        assert!(frames_in_a_second(Duration::from_millis(1), Cause::Key) <= 34);
        assert!(frames_in_a_second(Duration::from_millis(1), Cause::Data) <= 32);
    }

    #[test]
    fn every_repeat_of_a_held_key_is_painted_while_data_changes_all_the_time() {
        let mut pacer = Pacer::default();
        let mut now = Duration::ZERO;
        for key in 0..300_u32 {
            let due = FRAME_INTERVAL * key;
            while now < due {
                if pacer.wait(now, Cause::Data).is_zero() {
                    pacer.drawn();
                }
                now += Duration::from_millis(1);
            }
            now = now.max(due);
            assert!(pacer.wait(now, Cause::Key).is_zero(), "key {key} had to wait");
            pacer.drawn();
        }
    }
}
