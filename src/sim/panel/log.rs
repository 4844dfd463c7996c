//! What was asked of the panel: a bounded log and counters, for assertions. Keys are never written down.

use std::collections::{BTreeMap, VecDeque};

use crate::model::time::Timestamp;

/// One request that reached the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The route it matched, such as `POST /api/application/servers`; empty when none did.
    pub route: String,
    /// When it arrived (base clock).
    pub at: Timestamp,
    /// The status that was sent; 0 when the connection was dropped.
    pub status: u16,
}

/// Requests kept; the oldest leave. Counters go on.
const MOST_RECORDS: usize = 10_000;

/// The log.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    records: VecDeque<RequestRecord>,
    by_route: BTreeMap<String, u64>,
    total: u64,
}

impl RequestLog {
    /// Writes a request down.
    pub(super) fn add(&mut self, record: RequestRecord) {
        self.total += 1;
        *self.by_route.entry(record.route.clone()).or_default() += 1;
        if self.records.len() >= MOST_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// The latest requests, oldest first.
    pub(super) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }

    /// How often a route was asked.
    pub(super) fn count(&self, route: &str) -> u64 {
        self.by_route.get(route).copied().unwrap_or(0)
    }

    /// All counters.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.by_route.clone()
    }

    /// Requests in all.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Starts anew.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
