//! Nodes and locations.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt, stream};

use super::PanelClient;
use crate::model::node::Node;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::types::{AllocationCounts, Location};
use crate::providers::pterodactyl::{map, wire};
use crate::providers::transport::Priority;

/// Nodes whose allocations are counted anew with each reading: two calls each, out of a budget of some 240 a minute.
const COUNTED_PER_READING: usize = 6;
/// Counts asked at the same time.
const COUNTS_AT_ONCE: usize = 2;
/// A count older than this is not shown any more.
const MAX_COUNT_AGE_MS: u64 = 15 * 60_000;

/// Allocation counts of nodes, remembered between readings: the panel has no cheap way to ask for all.
#[derive(Debug, Default)]
pub(super) struct CountMemory(Mutex<BTreeMap<i64, (AllocationCounts, Timestamp)>>);

impl CountMemory {
    fn remember(&self, node_id: i64, counts: AllocationCounts, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(node_id, (counts, at));
    }

    fn recall(&self, node_id: i64) -> Option<(AllocationCounts, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&node_id).copied()
    }

    fn keep_only(&self, node_ids: &[i64]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| node_ids.contains(id));
    }
}

impl PanelClient {
    /// The panel's nodes, with their location's short name (`#id` where the key may not read locations). `servers` is
    /// always 0, the engine counts them. Allocations are counted for a few nodes per poll, the longest uncounted first; a
    /// count is shown for at most 15 minutes. A run gets no counts, they may be old: it asks for those
    /// that it needs.
    pub async fn nodes(&self, p: Priority) -> Result<Vec<Node>, Problem> {
        let query = [("include", "location".to_owned()), ("sort", "id".to_owned())];
        let rows: Vec<wire::Node> = self.list(Endpoint::Nodes, &query, p).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        if p == Priority::Poll {
            self.count_some(&ids).await;
        }
        let now = self.now();
        let nodes = rows.into_iter().map(|row| {
            let id = row.id;
            let mut node = map::node(row, self.account(), now);
            if p == Priority::Poll
                && let Some((counts, at)) = self.shared.counts.recall(id)
                && now.millis_since(at) <= MAX_COUNT_AGE_MS
            {
                node.allocations_total = Some(counts.total);
                node.allocations_free = Some(counts.free);
            }
            node
        });
        Ok(nodes.collect())
    }

    /// Every location.
    pub async fn locations(&self, p: Priority) -> Result<Vec<Location>, Problem> {
        let rows: Vec<wire::Location> =
            self.list(Endpoint::Locations, &[("sort", "id".to_owned())], p).await?;
        Ok(rows.into_iter().map(map::location).collect())
    }

    /// Counts the allocations of the nodes that were not counted for longest. A count that fails is left out: it is worth
    /// less than the nodes.
    async fn count_some(&self, ids: &[i64]) {
        self.shared.counts.keep_only(ids);
        let mut oldest_first: Vec<(Option<Timestamp>, i64)> =
            ids.iter().map(|id| (self.shared.counts.recall(*id).map(|(_, at)| at), *id)).collect();
        oldest_first.sort_unstable();
        stream::iter(oldest_first.into_iter().take(COUNTED_PER_READING))
            .for_each_concurrent(COUNTS_AT_ONCE, |(_, id)| async move {
                match self.allocation_counts(id, Priority::Poll).await {
                    Ok(counts) => self.shared.counts.remember(id, counts, self.now()),
                    Err(problem) => tracing::debug!(node = id, %problem, "allocations not counted"),
                }
            })
            .await;
    }
}
