//! What was asked of a simulator, for tests to look at.

use std::collections::VecDeque;

use crate::model::time::Timestamp;

/// Requests kept; the oldest leave.
const MOST_RECORDS: usize = 10_000;

/// One request that reached a simulator. Logins are never written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// When it arrived (base clock).
    pub at: Timestamp,
    /// The status that was sent; 0 when the connection was dropped.
    pub status: u16,
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(super) struct Records(VecDeque<RequestRecord>);

impl Records {
    /// Writes a request down.
    pub(super) fn add(&mut self, record: RequestRecord) {
        if self.0.len() >= MOST_RECORDS {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<RequestRecord> {
        self.0.iter().cloned().collect()
    }

    /// How often a method and path was asked.
    pub(super) fn count(&self, method: &str, path_part: &str) -> usize {
        self.0.iter().filter(|record| record.method == method && record.path.contains(path_part)).count()
    }
}
