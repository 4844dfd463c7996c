//! The write-back: server, identifier, node and `provisioned` go into the order while the claim is still ours.

use futures::future::BoxFuture;

use super::claim::{database_in_the_way, missing_fact};
use super::{lost, parties, read_order};
use crate::engine::observation::Observation;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::order::{Order, OrderStatus};
use crate::model::problem::Problem;
use crate::providers::orders::ProvisionedServer;
use crate::providers::transport::Priority;

pub(super) struct WriteBack;

impl Step for WriteBack {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let order = read_order(scene).await.map_err(database_in_the_way)?;
            Ok(order.filter(|order| has_our_server(scene, order)).map(|_| made(scene)))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let ((database, _), _) = parties(scene)?;
            let server = server(scene)?;
            let is_written = database
                .complete(&scene.provision()?.order, scene.run.id.as_str(), &server)
                .await
                .map_err(database_in_the_way)?;
            if is_written {
                return Ok(made(scene));
            }
            let order = read_order(scene).await.map_err(database_in_the_way)?;
            match order {
                Some(order) if has_our_server(scene, &order) => Ok(made(scene)),
                other => Err(lost(other.as_ref())),
            }
        })
    }

    fn verify<'a>(&'a self, scene: &'a Scene<'a>, made: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let order = read_order(scene).await.map_err(database_in_the_way)?;
            if !order.as_ref().is_some_and(|order| has_our_server(scene, order)) {
                return Err(lost(order.as_ref()));
            }
            // The address may have come with the install; a panel that does not answer now does not matter any more.
            let (_, panel) = parties(scene)?;
            let mut made = made;
            if let Ok(server) = panel.server(server(scene)?.server_id, Priority::Run).await {
                made.result = server.address.clone().or(made.result);
                scene.services.fleet.observe(Observation::OneServer(Box::new(server)));
            }
            Ok(made)
        })
    }
}

fn server(scene: &Scene<'_>) -> Result<ProvisionedServer, Problem> {
    let facts = scene.facts;
    Ok(ProvisionedServer {
        server_id: facts.server_id.ok_or_else(|| missing_fact("which server was created"))?,
        identifier: facts.identifier.clone().ok_or_else(|| missing_fact("the server's identifier"))?,
        node_id: facts.node_id.ok_or_else(|| missing_fact("the server's node"))?,
    })
}

fn has_our_server(scene: &Scene<'_>, order: &Order) -> bool {
    order.status == OrderStatus::Provisioned
        && order.panel_server_id.is_some()
        && order.panel_server_id == scene.facts.server_id
}

fn made(scene: &Scene<'_>) -> Made {
    let address = scene.facts.address.clone();
    Made {
        detail: address
            .as_ref()
            .map_or_else(|| "provisioned".to_owned(), |at| format!("provisioned at {at}")),
        result: address,
        ..Made::default()
    }
}
