//! Whether a server is still the one that was planned for: every act on a server reads it again first.

use crate::engine::observation::Observation;
use crate::model::action::{Parameters, ServerParameters};
use crate::model::external_id::Named;
use crate::model::fleet::OrderEntry;
use crate::model::ids::{OrderKey, ServerKey};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::server::{Ownership, Server};
use crate::providers::pterodactyl::PanelClient;
use crate::providers::transport::Priority;
use std::sync::Arc;

use super::plan::Draft;
use super::services::{Services, panel_server_id};
use super::step::{Scene, StepFailure};

/// A server as the panel has it now, for a plan; `NotFound` when it is gone.
pub async fn read_for_plan(services: &Services, key: &ServerKey) -> Result<Server, Problem> {
    let panel = services.panel(&key.account)?;
    let read = panel.server(panel_server_id(key)?, Priority::Run).await;
    if let Err(problem) = &read
        && problem.kind == ProblemKind::NotFound
    {
        services.fleet.observe(Observation::ServerGone(key.clone()));
    }
    let server = read?;
    services.fleet.observe(Observation::OneServer(Box::new(server.clone())));
    Ok(server)
}

/// The beginning of every plan on a server: what it is, and its parameters.
#[must_use]
pub fn begin_draft(verb: &str, server: &Server) -> Draft {
    let mut draft = Draft::titled(format!("{verb} {} ({})", server.name, server.key));
    draft.parameters = Parameters::Server(ServerParameters {
        server: server.key.clone(),
        uuid: server.uuid.clone(),
        name: server.name.clone(),
        external_id: server.external_id.clone(),
    });
    draft.pass("server", format!("{} is {} on node {}", server.name, server.status.word(), server.node.id));
    draft
}

/// The order that has this server and still owns it, as far as known.
#[must_use]
pub fn live_order(services: &Services, server: &Server) -> Option<Arc<OrderEntry>> {
    services.fleet.read(|fleet| {
        let owner = match fleet.servers.get(&server.key).map(|known| &known.ownership) {
            Some(Ownership::Order(order)) => Some(order.clone()),
            Some(Ownership::Ambiguous(orders)) => orders.first().cloned(),
            _ => named(services, server),
        };
        let entry = fleet.orders.get(&owner?)?;
        entry.order.status.owns_a_server().then(|| Arc::clone(entry))
    })
}

/// The order that the server's external id names for sure.
fn named(services: &Services, server: &Server) -> Option<OrderKey> {
    let shops = services.shops_of(&server.key.account);
    match shops.read(server.external_id.as_deref().filter(|id| !id.is_empty())?)? {
        Named::Order(order) => Some(order),
        Named::OneOf(_) => None,
    }
}

/// The panel and the number of the planned server.
pub fn target<'a>(scene: &'a Scene<'_>) -> Result<(&'a PanelClient, i64, &'a ServerParameters), Problem> {
    let parameters = scene.server()?;
    let panel = scene.services.panel(&parameters.server.account)?;
    Ok((panel, panel_server_id(&parameters.server)?, parameters))
}

/// The planned server as it is now, nothing when it is gone.
///
/// # Errors
/// `Conflict` when another server answers under its number, or its name or external id changed since the plan.
pub async fn reread(scene: &Scene<'_>) -> Result<Option<Server>, StepFailure> {
    let (panel, id, planned) = target(scene)?;
    let server = match panel.server(id, Priority::Run).await {
        Ok(server) => server,
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            scene.services.fleet.observe(Observation::ServerGone(planned.server.clone()));
            return Ok(None);
        }
        Err(problem) => return Err(problem.into()),
    };
    if let Some(difference) = difference(planned, &server) {
        return Err(StepFailure::conflict(
            format!("server {id} is not the one that was planned for: {difference}"),
            "look at the server, then plan the action again",
        ));
    }
    scene.services.fleet.observe(Observation::OneServer(Box::new(server.clone())));
    Ok(Some(server))
}

/// As [`reread`], for acts that need the server.
pub async fn reread_present(scene: &Scene<'_>) -> Result<Server, StepFailure> {
    reread(scene).await?.ok_or_else(|| StepFailure::conflict("the server is gone from the panel", ""))
}

/// What tells the server from the planned one.
fn difference(planned: &ServerParameters, server: &Server) -> Option<String> {
    if planned.uuid != server.uuid {
        return Some(format!("its uuid is {}, not {}", server.uuid, planned.uuid));
    }
    if planned.name != server.name {
        return Some(format!("its name is '{}', not '{}'", server.name, planned.name));
    }
    if planned.external_id != server.external_id {
        let word = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        return Some(format!(
            "its external id is {}, not {}",
            word(&server.external_id),
            word(&planned.external_id)
        ));
    }
    None
}
