//! Fixed windows of sixty seconds per user and API (`providers/pterodactyl.md` §5.5).

use std::collections::HashMap;

use crate::model::time::Timestamp;

/// A window opens with the first request and lasts this long.
const WINDOW_MS: u64 = 60_000;

/// What a request's throttling says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Set when refused: seconds to wait, and the unix second at which the window ends.
    pub(super) refused: Option<(u64, i64)>,
}

/// Which API is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Api {
    Application,
    Client,
}

/// The open windows.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<(i64, Api), (Timestamp, u32)>);

impl Throttle {
    /// Counts a request of a user.
    pub(super) fn count(&mut self, user: i64, api: Api, limit: u32, now: Timestamp) -> Verdict {
        let window = self.0.entry((user, api)).or_insert((now, 0));
        if now.millis_since(window.0) >= WINDOW_MS {
            *window = (now, 0);
        }
        if window.1 >= limit {
            let ends = window.0.plus_millis(WINDOW_MS);
            let wait = ends.millis_since(now).div_ceil(1_000);
            return Verdict { limit, remaining: 0, refused: Some((wait, ends.0.div_euclid(1_000))) };
        }
        window.1 += 1;
        Verdict { limit, remaining: limit - window.1, refused: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_fixed_and_per_user_and_api() {
        let mut throttle = Throttle::default();
        let at = |ms: i64| Timestamp(ms);
        assert_eq!(throttle.count(1, Api::Application, 2, at(0)).remaining, 1);
        assert_eq!(throttle.count(1, Api::Application, 2, at(30_000)).remaining, 0);
        assert_eq!(throttle.count(1, Api::Application, 2, at(59_500)).refused, Some((1, 60)));
        assert_eq!(throttle.count(1, Api::Client, 2, at(59_500)).refused, None);
        assert_eq!(throttle.count(2, Api::Application, 2, at(59_500)).refused, None);
        assert_eq!(throttle.count(1, Api::Application, 2, at(60_000)).remaining, 1);
    }
}
