//! A limit of requests per minute and account, for providers that publish none.

use std::collections::HashMap;

use crate::model::time::Timestamp;

/// The window in which requests are counted.
const WINDOW_MS: u64 = 60_000;

/// Counts requests in fixed windows.
#[derive(Debug, Default)]
pub(super) struct Limit {
    /// Requests a minute that an account may make; nothing: as many as it likes.
    pub(super) per_minute: Option<u32>,
    windows: HashMap<String, (Timestamp, u32)>,
}

impl Limit {
    /// A limit of so many.
    pub(super) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, windows: HashMap::new() }
    }

    /// Counts a request of an account; seconds to wait when it is one too many.
    pub(super) fn count(&mut self, account: &str, now: Timestamp) -> Option<u64> {
        let limit = self.per_minute?;
        let window = self.windows.entry(account.to_owned()).or_insert((now, 0));
        if now.millis_since(window.0) >= WINDOW_MS {
            *window = (now, 0);
        }
        if window.1 >= limit {
            return Some(window.0.plus_millis(WINDOW_MS).millis_since(now).div_ceil(1_000));
        }
        window.1 += 1;
        None
    }
}
