//! Which node a new server goes to, as a pure rule, with the reason for the choice and against every other node.

use std::cmp::Reverse;

use crate::model::node::{Capacity, Node};
use crate::model::order::RegionNode;

/// What a server needs of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need<'a> {
    /// The order's region; without one every mapped node is a candidate.
    pub region: Option<&'a str>,
    /// Memory, MiB; 0 = unlimited, which the panel counts as nothing.
    pub memory_mib: i64,
    /// Disk, MiB; 0 = unlimited.
    pub disk_mib: i64,
}

/// A node that was looked at and why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The node's name, or `node 7` when the panel does not know it.
    pub node: String,
    /// Why.
    pub reason: String,
}

/// The outcome of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChoice {
    /// Candidates that fit, best first: the panel's node id and why it fits.
    pub fitting: Vec<(i64, String)>,
    /// The others.
    pub rejected: Vec<Rejection>,
}

impl NodeChoice {
    /// The best node and why it was taken.
    #[must_use]
    pub fn best(&self) -> Option<(i64, &str)> {
        self.fitting.first().map(|(id, reason)| (*id, reason.as_str()))
    }

    /// Every rejection in one line, for a plan.
    #[must_use]
    pub fn rejections(&self) -> String {
        self.rejected.iter().map(|r| format!("{}: {}", r.node, r.reason)).collect::<Vec<_>>().join("; ")
    }
}

/// Chooses among the nodes that the shop's map names for the region: enabled, not in maintenance, with memory, disk and
/// an allocation left after the reserved headroom; the one with most memory left first, then disk, then the lower id.
#[must_use]
pub fn choose_node(need: Need<'_>, map: &[RegionNode], nodes: &[Node]) -> NodeChoice {
    let mut rejected = Vec::new();
    let mut fitting: Vec<(Reverse<i64>, Reverse<i64>, i64, String)> = Vec::new();
    for row in
        map.iter().filter(|row| need.region.is_none_or(|region| region.eq_ignore_ascii_case(&row.region)))
    {
        let known = nodes.iter().find(|node| node.key.id == row.panel_node_id.to_string());
        let name = known.map_or_else(|| format!("node {}", row.panel_node_id), |node| node.name.clone());
        match judge(need, row, known) {
            Ok((memory_left, disk_left)) => {
                if fitting.iter().any(|(_, _, id, _)| *id == row.panel_node_id) {
                    continue;
                }
                let reason = format!(
                    "{name} has most room: {memory_left} MiB memory and {disk_left} MiB disk free after reserve"
                );
                fitting.push((Reverse(memory_left), Reverse(disk_left), row.panel_node_id, reason));
            }
            Err(reason) => rejected.push(Rejection { node: name, reason }),
        }
    }
    fitting.sort();
    let mut fitting: Vec<(i64, String)> =
        fitting.into_iter().map(|(_, _, id, reason)| (id, reason)).collect();
    for (_, reason) in fitting.iter_mut().skip(1) {
        *reason = reason.replace("has most room", "fits, but another has more room");
    }
    NodeChoice { fitting, rejected }
}

/// The memory and disk left on a node that fits, or why it does not.
fn judge(need: Need<'_>, row: &RegionNode, node: Option<&Node>) -> Result<(i64, i64), String> {
    let node = node.ok_or("the panel has no such node")?;
    if !row.is_enabled {
        return Err(format!("disabled in the shop's map (row {})", row.row));
    }
    if node.is_maintenance {
        return Err("in maintenance".to_owned());
    }
    if node.allocations_free == Some(0) {
        return Err("no free allocation".to_owned());
    }
    let memory = left_over("memory", node.memory, row.reserved_ram_mib, need.memory_mib)?;
    let disk = left_over("disk", node.disk, row.reserved_disk_mib, need.disk_mib)?;
    Ok((memory, disk))
}

/// What is free after the reserve, if `requested` fits into it. Unlimited (0) costs nothing but needs a node within its limit.
fn left_over(what: &str, capacity: Capacity, reserved_mib: i64, requested_mib: i64) -> Result<i64, String> {
    let free = capacity.free_mib().saturating_sub(reserved_mib.max(0));
    if free < requested_mib.max(0) {
        return Err(format!(
            "{free} MiB {what} free after {reserved_mib} MiB reserve, {requested_mib} MiB needed"
        ));
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::NodeKey;
    use crate::model::time::Timestamp;
    use proptest::prelude::*;

    fn node(id: i64, memory: Capacity) -> Node {
        Node {
            key: NodeKey { account: "panel".into(), id: id.to_string() },
            name: format!("fra-{id:02}"),
            fqdn: String::new(),
            location: "eu".to_owned(),
            is_public: true,
            is_maintenance: false,
            memory,
            disk: Capacity { total_mib: 100_000, overallocate_percent: 0, allocated_mib: 0 },
            allocations_total: None,
            allocations_free: None,
            servers: 0,
            observed_at: Timestamp(0),
        }
    }

    fn row(id: i64, region: &str) -> RegionNode {
        RegionNode {
            account: "shop".into(),
            row: id.to_string(),
            region: region.to_owned(),
            panel_node_id: id,
            is_enabled: true,
            reserved_ram_mib: 0,
            reserved_disk_mib: 0,
        }
    }

    fn memory(total_mib: i64, overallocate_percent: i64, allocated_mib: i64) -> Capacity {
        Capacity { total_mib, overallocate_percent, allocated_mib }
    }

    const NEED: Need<'static> = Need { region: Some("eu"), memory_mib: 4_000, disk_mib: 1_000 };

    #[test]
    fn the_most_free_node_of_the_region_wins_and_says_why() {
        let nodes = [
            node(1, memory(10_000, 0, 5_000)),
            node(2, memory(10_000, 0, 1_000)),
            node(3, memory(90_000, 0, 0)),
        ];
        let choice = choose_node(NEED, &[row(1, "eu"), row(2, "EU"), row(3, "us")], &nodes);
        assert_eq!(choice.fitting.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 1]);
        let (_, reason) = choice.best().unwrap();
        assert_eq!(reason, "fra-02 has most room: 9000 MiB memory and 100000 MiB disk free after reserve");
    }

    #[test]
    fn every_rejected_node_has_its_reason() {
        let mut maintained = node(2, memory(10_000, 0, 0));
        maintained.is_maintenance = true;
        let mut full = node(4, memory(10_000, 0, 0));
        full.allocations_free = Some(0);
        let nodes = [node(1, memory(10_000, 0, 0)), maintained, full, node(5, memory(10_000, 0, 6_500))];
        let mut disabled = row(1, "eu");
        disabled.is_enabled = false;
        let map = [disabled, row(2, "eu"), row(3, "eu"), row(4, "eu"), row(5, "eu")];
        let choice = choose_node(NEED, &map, &nodes);
        assert_eq!(choice.best(), None);
        assert_eq!(
            choice.rejections(),
            "fra-01: disabled in the shop's map (row 1); fra-02: in maintenance; node 3: the panel has no such node; \
             fra-04: no free allocation; fra-05: 3500 MiB memory free after 0 MiB reserve, 4000 MiB needed"
        );
    }

    #[test]
    fn minus_one_is_ninety_nine_percent_and_the_reserve_counts() {
        // 10 000 MiB × 99 % = 9 900 MiB, of which 5 900 are sold.
        let nodes = [node(1, memory(10_000, -1, 5_900))];
        assert!(choose_node(NEED, &[row(1, "eu")], &nodes).best().is_some());
        assert!(choose_node(Need { memory_mib: 4_001, ..NEED }, &[row(1, "eu")], &nodes).best().is_none());
        let reserved = RegionNode { reserved_ram_mib: 1, ..row(1, "eu") };
        assert!(choose_node(NEED, &[reserved], &nodes).best().is_none());
    }

    #[test]
    fn unlimited_costs_nothing_but_an_oversold_node_still_refuses() {
        let unlimited = Need { memory_mib: 0, ..NEED };
        assert!(
            choose_node(unlimited, &[row(1, "eu")], &[node(1, memory(10_000, 0, 10_000))]).best().is_some()
        );
        assert!(
            choose_node(unlimited, &[row(1, "eu")], &[node(1, memory(10_000, 0, 10_001))]).best().is_none()
        );
    }

    proptest! {
        #[test]
        fn a_chosen_node_always_has_room(
            sizes in proptest::collection::vec((1_000_i64..200_000, -1_i64..100, 0_i64..300_000, 0_i64..50_000), 0..12),
            wanted in 0_i64..100_000,
        ) {
            let nodes: Vec<Node> = (1..).zip(&sizes).map(|(id, (total, over, used, _))| node(id, memory(*total, *over, *used))).collect();
            let map: Vec<RegionNode> = (1..).zip(&sizes)
                .map(|(id, (.., reserved))| RegionNode { reserved_ram_mib: *reserved, ..row(id, "eu") }).collect();
            let choice = choose_node(Need { memory_mib: wanted, ..NEED }, &map, &nodes);
            prop_assert_eq!(choice.fitting.len() + choice.rejected.len(), sizes.len());
            let mut last = i64::MAX;
            for (id, _) in &choice.fitting {
                let (total, over, used, reserved) = sizes[usize::try_from(*id).unwrap() - 1];
                let free = total * (100 + over) / 100 - used - reserved;
                prop_assert!(free >= wanted);
                prop_assert!(free <= last);
                last = free;
            }
        }
    }
}
