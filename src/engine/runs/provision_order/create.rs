//! The create: never repeated before the external id was looked up for as long as a lost request may still take effect.

use futures::future::BoxFuture;

use super::claim::missing_fact;
use super::place::{Place, find_place, planned_node, still_fits};
use super::{expect_ours, parties, read_order, taker};
use crate::engine::observation::Observation;
use crate::engine::runs::events::Facts;
use crate::engine::runs::step::{Avoid, Made, Scene, Step, StepFailure, time_of_day};
use crate::model::order::OrderStatus;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::server::Server;
use crate::providers::pterodactyl::{FeatureLimits, NewServer};
use crate::providers::transport::Priority;

pub(super) struct CreateServer;

impl Step for CreateServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            expect_ours(scene).await?;
            Ok(look_until_settled(scene).await?.map(|server| made(&server, "stands")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            expect_ours(scene).await?;
            let mut last = None;
            for _ in 0..scene.services.policy.placement_attempts.max(1) {
                let place = match (next_place(scene).await, &last) {
                    (Ok(place), _) => place,
                    // What was refused before says more than that nothing else is left.
                    (Err(_), Some(_)) => break,
                    (Err(failure), None) => return Err(failure),
                };
                match create_at(scene, &place).await {
                    Ok(made) => return Ok(made),
                    Err(problem) if is_lost_place(&problem) => {
                        scene.say(&format!("not at {}: {problem}", place.allocation.address()));
                        if let Some(server) = look(scene).await? {
                            return Ok(self::made(&server, "stands"));
                        }
                        last = Some(problem);
                    }
                    Err(problem) => return Err(problem.into()),
                }
            }
            Err(last.unwrap_or_else(|| missing_fact("where the server goes")).into())
        })
    }

    fn verify<'a>(&'a self, scene: &'a Scene<'a>, made: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (_, panel) = parties(scene)?;
            let id = made.facts.server_id.ok_or_else(|| missing_fact("which server was created"))?;
            let server = match panel.server(id, Priority::Run).await {
                Ok(server) => server,
                Err(problem) if problem.kind == ProblemKind::NotFound => return Err(vanished(id).into()),
                Err(problem) => return Err(problem.into()),
            };
            let wanted = &scene.provision()?.external_id;
            if server.external_id.as_ref() != Some(wanted) {
                return Err(StepFailure::conflict(
                    format!("server {id} does not carry the order's id {wanted}"),
                    "look at the server on the panel",
                ));
            }
            scene.services.fleet.observe(Observation::OneServer(Box::new(server.clone())));
            let mut facts = made.facts.clone();
            facts.merge(&facts_of(&server));
            Ok(Made { facts, ..made })
        })
    }

    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        Box::pin(async move {
            if scene.facts.was_server_found == Some(true) {
                return Ok("the server was there before this run: kept".to_owned());
            }
            let Some(server) = look_until_settled(scene).await? else {
                return Ok("no server is left".to_owned());
            };
            if let Some(taker) = taker(scene).await? {
                return Ok(format!("run {taker} took the order over and answers for server {}", server.key));
            }
            if is_owned_by_the_order(scene, &server).await? {
                return Ok(format!("the order has server {}: kept", server.key));
            }
            delete(scene, &server).await.map_err(|failure| with_by_hand(failure, &server))
        })
    }
}

/// Whether a create that may have been sent can take no more effect.
pub(super) fn is_settled(scene: &Scene<'_>) -> bool {
    scene.unsure_since.is_none_or(|since| {
        scene.services.now().millis_since(since) >= scene.services.policy.create_settle_ms
    })
}

async fn look(scene: &Scene<'_>) -> Result<Option<Server>, Problem> {
    let (_, panel) = parties(scene)?;
    panel.server_by_external_id(&scene.provision()?.external_id, Priority::Run).await
}

/// Looks the order's id up, and keeps looking while a lost request may still make its row appear.
async fn look_until_settled(scene: &Scene<'_>) -> Result<Option<Server>, StepFailure> {
    loop {
        // Decided before the look: what appears during the look is not missed.
        let is_last = is_settled(scene);
        let found = look(scene).await?;
        if found.is_some() || is_last {
            return Ok(found);
        }
        let until =
            scene.unsure_since.unwrap_or_default().plus_millis(scene.services.policy.create_settle_ms);
        scene.say(&format!("looking until {} whether a lost request created the server", time_of_day(until)));
        scene.wait(scene.services.policy.settle_poll_ms).await?;
    }
}

/// The place to try now: the journaled one first, another after it was lost.
async fn next_place(scene: &Scene<'_>) -> Result<Place, StepFailure> {
    let preferred = scene.facts.node_id.map_or_else(|| planned_node(scene), Ok)?;
    find_place(scene, preferred).await
}

/// Creates the server at a place, alone on its node, if the node still has room.
async fn create_at(scene: &Scene<'_>, place: &Place) -> Result<Made, Problem> {
    let (_, panel) = parties(scene)?;
    let gate = scene.services.create_gate(panel.account(), place.node);
    let _alone_on_the_node = gate.lock().await;
    match still_fits(scene, place.node).await {
        Ok(true) => {}
        Ok(false) => {
            scene.learned.avoid_node(place.node, Avoid::Full);
            return Err(lost_room(place.node));
        }
        Err(StepFailure::Failed { problem, .. }) => return Err(problem),
        Err(StepFailure::Canceled | StepFailure::ShuttingDown) => return Err(lost_room(place.node)),
    }
    scene.learned.avoid_allocation(place.allocation.id);
    scene.say(&format!("creating the server at {}", place.allocation.address()));
    match panel.create_server(&new_server(scene, place.allocation.id)?).await {
        Ok(server) => {
            let mut made = made(&server, "created");
            made.facts.address.get_or_insert_with(|| place.allocation.address());
            Ok(made)
        }
        Err(problem) => {
            if problem.kind == ProblemKind::Daemon {
                scene.learned.avoid_node(place.node, Avoid::DaemonFailed);
            }
            Err(problem)
        }
    }
}

/// Whether the failure speaks only against this place and nothing was made.
fn is_lost_place(problem: &Problem) -> bool {
    problem.effect == Effect::None
        && matches!(problem.kind, ProblemKind::Conflict | ProblemKind::NoCapacity | ProblemKind::Daemon)
}

fn lost_room(node: i64) -> Problem {
    Problem {
        kind: ProblemKind::NoCapacity,
        fault: Fault::Request,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("node {node} has no room any more"),
        advice: "free memory or disk on the node, or add one to the region".to_owned(),
    }
}

/// The row that was there is gone again: the panel took back a create that its daemon refused (§5.6).
fn vanished(id: i64) -> Problem {
    Problem {
        kind: ProblemKind::Daemon,
        fault: Fault::Provider,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: format!("server {id} vanished after its creation"),
        advice: "look whether its node's daemon works".to_owned(),
    }
}

fn new_server(scene: &Scene<'_>, allocation_id: i64) -> Result<NewServer, Problem> {
    let wanted = scene.provision()?;
    Ok(NewServer {
        external_id: wanted.external_id.clone(),
        name: wanted.server_name.clone(),
        description: format!("order {}", wanted.external_id),
        user_id: scene.facts.panel_user_id.ok_or_else(|| missing_fact("which panel user it is for"))?,
        egg_id: wanted.egg_id,
        docker_image: wanted.docker_image.clone(),
        startup: wanted.startup.clone(),
        environment: wanted.environment.clone(),
        limits: wanted.limits,
        io_weight: wanted.io_weight,
        feature_limits: FeatureLimits {
            databases: wanted.databases,
            allocations: wanted.allocations,
            backups: wanted.backups,
        },
        allocation_id,
        additional_allocation_ids: Vec::new(),
        is_started_on_completion: true,
    })
}

pub(super) fn facts_of(server: &Server) -> Facts {
    Facts {
        server_id: server.key.id.parse().ok(),
        uuid: Some(server.uuid.clone()),
        identifier: Some(server.identifier.clone()),
        node_id: server.node.id.parse().ok(),
        address: server.address.clone(),
        ..Facts::default()
    }
}

fn made(server: &Server, how: &str) -> Made {
    Made { facts: facts_of(server), detail: format!("server {} {how}", server.key), result: None }
}

/// Whether the order, as its database says now, is provisioned with just this server: then it is no leftover.
async fn is_owned_by_the_order(scene: &Scene<'_>, server: &Server) -> Result<bool, StepFailure> {
    let order = read_order(scene).await?;
    Ok(order.is_some_and(|order| {
        order.status == OrderStatus::Provisioned
            && order.panel_server_id.is_some_and(|id| id.to_string() == server.key.id)
    }))
}

/// Deletes what this run created and sees it gone, by number and by external id.
async fn delete(scene: &Scene<'_>, server: &Server) -> Result<String, StepFailure> {
    let (_, panel) = parties(scene)?;
    let id = crate::engine::runs::services::panel_server_id(&server.key)?;
    panel.delete_server(id, false).await?;
    let began_at = scene.services.now();
    loop {
        let by_number = match panel.server(id, Priority::Run).await {
            Ok(found) => found.uuid == server.uuid,
            Err(problem) if problem.kind == ProblemKind::NotFound => false,
            Err(problem) => return Err(problem.into()),
        };
        if !by_number && look(scene).await?.is_none_or(|found| found.uuid != server.uuid) {
            scene.services.fleet.observe(Observation::ServerGone(server.key.clone()));
            return Ok(format!("server {} deleted and gone", server.key));
        }
        if scene.services.now().millis_since(began_at) > scene.services.policy.gone_deadline_ms {
            return Err(vanished_not(&server.key.id).into());
        }
        scene.say_waiting("the panel to forget the server", began_at);
        scene.wait(scene.services.policy.settle_poll_ms).await?;
    }
}

fn vanished_not(id: &str) -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::Possible,
        message: format!("the panel accepted the delete of server {id}, but still lists it"),
        advice: String::new(),
    }
}

/// A failed undo of a create says which server is left and what to do with it.
fn with_by_hand(failure: StepFailure, server: &Server) -> StepFailure {
    match failure {
        StepFailure::Failed { problem, then } => StepFailure::Failed {
            problem: Problem {
                advice: format!(
                    "server {} ({}) is left on node {} and bills: destroy it, or provision the order again to adopt it",
                    server.key, server.name, server.node.id
                ),
                ..problem
            },
            then,
        },
        failure => failure,
    }
}
