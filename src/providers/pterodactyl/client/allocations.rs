//! Allocations: the addresses and ports of nodes.

use serde_json::json;

use super::{PAGE_ROWS, PanelClient};
use crate::model::problem::Problem;
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::types::{Allocation, AllocationCounts, NewAllocations};
use crate::providers::pterodactyl::{map, wire};
use crate::providers::transport::Priority;

/// The panel's way to ask for unassigned ones; an empty value would be ignored (§2.3).
const ONLY_FREE: (&str, &str) = ("filter[server_id]", "0");

impl PanelClient {
    /// Free allocations of a node, at most `limit`, in the panel's order. Another may take one at any moment.
    pub async fn free_allocations(
        &self,
        node_id: i64,
        limit: usize,
        p: Priority,
    ) -> Result<Vec<Allocation>, Problem> {
        let endpoint = Endpoint::Allocations { node: node_id };
        let query = [(ONLY_FREE.0, ONLY_FREE.1.to_owned())];
        let rows: Vec<wire::Allocation> = if limit <= PAGE_ROWS {
            self.page(endpoint, &query, 1, limit.max(1), p).await?.0
        } else {
            self.list(endpoint, &query, p).await?
        };
        Ok(rows
            .into_iter()
            .filter_map(map::allocation)
            .filter(|free| !free.is_assigned)
            .take(limit)
            .collect())
    }

    /// How many allocations of a node are free.
    pub async fn count_free_allocations(&self, node_id: i64, p: Priority) -> Result<u32, Problem> {
        self.count(Endpoint::Allocations { node: node_id }, vec![(ONLY_FREE.0, ONLY_FREE.1.to_owned())], p)
            .await
    }

    /// How many allocations a node has, and how many of them are free: two calls.
    pub async fn allocation_counts(&self, node_id: i64, p: Priority) -> Result<AllocationCounts, Problem> {
        let total = self.count(Endpoint::Allocations { node: node_id }, Vec::new(), p).await?;
        let free = self.count_free_allocations(node_id, p).await?;
        Ok(AllocationCounts { total, free })
    }

    /// Makes allocations on a node; ones that exist are skipped, so repeating is harmless. The panel does not say which
    /// ids they got: list them.
    pub async fn create_allocations(&self, node_id: i64, new: &NewAllocations) -> Result<(), Problem> {
        let mut body = json!({ "ip": new.ip, "ports": new.ports });
        if let Some(alias) = &new.alias {
            body["alias"] = json!(alias);
        }
        self.tell(Endpoint::AllocationsCreate { node: node_id }, Some(body)).await
    }
}
