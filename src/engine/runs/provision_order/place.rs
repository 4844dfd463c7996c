//! Where the server goes: a free allocation on the planned node, or on the next that fits.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use rand::seq::IndexedRandom;

use super::{expect_ours, parties, read_order};
use crate::engine::observation::Observation;
use crate::engine::runs::events::Facts;
use crate::engine::runs::node_choice::{Need, choose_node};
use crate::engine::runs::step::{Avoid, Made, Scene, Step, StepFailure};
use crate::model::ids::NodeKey;
use crate::model::order::RegionNode;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::orders::Offer;
use crate::providers::pterodactyl::Allocation;
use crate::providers::transport::Priority;

/// Free allocations read to pick one from: enough that parallel runs rarely pick the same.
const ALLOCATIONS_READ: usize = 50;

/// A place for a server.
pub(super) struct Place {
    pub node: i64,
    pub allocation: Allocation,
}

pub(super) struct PlaceServer;

impl Step for PlaceServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            // No create of this run happened yet: a server that is there now was there before, and is adopted.
            expect_ours(scene).await?;
            let (_, panel) = parties(scene)?;
            let external_id = &scene.provision()?.external_id;
            let found = panel.server_by_external_id(external_id, Priority::Run).await?;
            Ok(found.map(|server| Made {
                facts: Facts {
                    was_server_found: Some(true),
                    node_id: server.node.id.parse().ok(),
                    ..Facts::default()
                },
                detail: format!("server {} of this order stands already: it is adopted", server.key),
                result: None,
            }))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            expect_ours(scene).await?;
            let place = find_place(scene, planned_node(scene)?).await?;
            Ok(Made {
                facts: Facts {
                    was_server_found: Some(false),
                    node_id: Some(place.node),
                    allocation_id: Some(place.allocation.id),
                    ..Facts::default()
                },
                detail: format!("{} on node {}", place.allocation.address(), place.node),
                result: None,
            })
        })
    }
}

/// The node that the plan chose.
pub(super) fn planned_node(scene: &Scene<'_>) -> Result<i64, Problem> {
    let node = &scene.provision()?.node.id;
    node.parse().map_err(|_| Problem::refused(format!("node '{node}' is no panel node id"), ""))
}

/// A free allocation, first on `preferred`, then on the other nodes that fit, best first; a node whose daemon failed
/// comes last.
pub(super) async fn find_place(scene: &Scene<'_>, preferred: i64) -> Result<Place, StepFailure> {
    let mut reasons = Vec::new();
    let avoided = scene.learned.avoided_nodes();
    let mut tried: BTreeSet<i64> = avoided.keys().copied().collect();
    let mut candidate = Some(preferred).filter(|node| !tried.contains(node));
    loop {
        if let Some(node) = candidate {
            tried.insert(node);
            match free_allocation(scene, node).await? {
                Some(allocation) => return Ok(Place { node, allocation }),
                None => reasons.push(format!("node {node}: no free allocation")),
            }
        }
        match next_fitting(scene, &tried).await? {
            Ok(node) => {
                scene.say(&format!("{}; trying node {node}", reasons.join("; ")));
                candidate = Some(node);
            }
            Err(why) => {
                reasons.push(why);
                return last_resort(scene, &avoided, preferred, &reasons).await;
            }
        }
    }
}

/// The planned node once more, when nothing but its daemon's failure spoke against it.
async fn last_resort(
    scene: &Scene<'_>,
    avoided: &BTreeMap<i64, Avoid>,
    preferred: i64,
    reasons: &[String],
) -> Result<Place, StepFailure> {
    if avoided.get(&preferred) == Some(&Avoid::DaemonFailed)
        && let Some(allocation) = free_allocation(scene, preferred).await?
    {
        return Ok(Place { node: preferred, allocation });
    }
    Err(no_room(reasons).into())
}

/// A free allocation of the node: the one that this run picked already, if it is still to be had, and rather one that no other
/// took away from this step before.
async fn free_allocation(scene: &Scene<'_>, node: i64) -> Result<Option<Allocation>, StepFailure> {
    let (_, panel) = parties(scene)?;
    let mut free = panel.free_allocations(node, ALLOCATIONS_READ, Priority::Run).await?;
    free.retain(|allocation| !allocation.is_assigned);
    let untried: Vec<_> =
        free.iter().filter(|allocation| !scene.learned.avoids_allocation(allocation.id)).cloned().collect();
    let candidates = if untried.is_empty() { free } else { untried };
    let picked = candidates.iter().find(|allocation| scene.facts.allocation_id == Some(allocation.id));
    Ok(picked.or_else(|| candidates.choose(&mut rand::rng())).cloned())
}

/// The best node that fits now and was not tried, or why there is none.
async fn next_fitting(scene: &Scene<'_>, tried: &BTreeSet<i64>) -> Result<Result<i64, String>, StepFailure> {
    let ((database, panel_account), panel) = parties(scene)?;
    let wanted = scene.provision()?;
    let order = read_order(scene).await?;
    let offer = match &order {
        Some(order) => database.read_offer(&order.plan).await?,
        None => Offer::default(),
    };
    let rows = offer.region_nodes.into_iter();
    let map: Vec<RegionNode> = rows.filter(|row| !tried.contains(&row.panel_node_id)).collect();
    let region = order.and_then(|order| order.region);
    let asked_at = scene.services.now();
    let nodes = panel.nodes(Priority::Run).await?;
    let need = Need {
        region: region.as_deref(),
        memory_mib: wanted.limits.memory_mib,
        disk_mib: wanted.limits.disk_mib,
    };
    let choice = choose_node(need, &map, &nodes);
    scene.services.fleet.observe(Observation::Nodes { account: panel_account.clone(), asked_at, nodes });
    let none = || {
        if choice.rejected.is_empty() {
            "no other node serves the region".to_owned()
        } else {
            choice.rejections()
        }
    };
    Ok(choice.best().map(|(node, _)| node).ok_or_else(none))
}

/// Whether the node still has room by the shop's rules, read from the panel just now.
pub(super) async fn still_fits(scene: &Scene<'_>, node: i64) -> Result<bool, StepFailure> {
    let (_, panel) = parties(scene)?;
    let wanted = scene.provision()?;
    let nodes = panel.nodes(Priority::Run).await?;
    let key = NodeKey { account: panel.account().clone(), id: node.to_string() };
    let row = scene
        .services
        .fleet
        .read(|fleet| {
            let is_row =
                |row: &&RegionNode| row.account == wanted.orders_account && row.panel_node_id == node;
            fleet.region_nodes.iter().find(is_row).cloned()
        })
        .unwrap_or(RegionNode {
            account: wanted.orders_account.clone(),
            row: String::new(),
            region: String::new(),
            panel_node_id: node,
            is_enabled: true,
            reserved_ram_mib: 0,
            reserved_disk_mib: 0,
        });
    let need = Need { region: None, memory_mib: wanted.limits.memory_mib, disk_mib: wanted.limits.disk_mib };
    // Whether an allocation is left shows when it is asked for.
    let mut candidates: Vec<_> = nodes.into_iter().filter(|candidate| candidate.key == key).collect();
    for candidate in &mut candidates {
        candidate.allocations_free = None;
    }
    Ok(choose_node(need, &[row], &candidates).best().is_some())
}

fn no_room(reasons: &[String]) -> Problem {
    Problem {
        kind: ProblemKind::NoCapacity,
        fault: Fault::Request,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("no node has room: {}", reasons.join("; ")),
        advice: "add allocations or a node to the region, then provision the order again".to_owned(),
    }
}
