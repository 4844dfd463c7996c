//! Provision: a paid order becomes a running server with the order's id as its external id.
//!
//! claim → panel user → place → create → installed → link → write back. Each step looks first; each undo looks first;
//! whatever fails, the order is handed back with a message a person can act on, and planning it again goes on.

mod claim;
mod create;
mod install;
mod panel_user;
mod place;
mod plan;
mod write_back;

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::ActionRequest;
use crate::model::order::{Order, OrderStatus};
use crate::model::problem::Problem;
use crate::providers::pterodactyl::PanelClient;

use super::actions::{Action, StepDefinition};
use super::plan::Draft;
use super::services::{OrdersAccount, Services};
use super::step::{Scene, StepFailure};

/// The action.
pub struct ProvisionOrder;

/// How the order is to be got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// It waits, or failed: it is claimed.
    Provision,
    /// Somebody holds it and is dead: the claim is taken over.
    TakeOver,
}

/// The claim is the first step; its undo hands the order back.
const CLAIM_STEP: usize = 0;

impl Action for ProvisionOrder {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            match request {
                ActionRequest::ProvisionOrder { order } => plan::plan(services, order, Aim::Provision).await,
                ActionRequest::TakeOverOrder { order } => plan::plan(services, order, Aim::TakeOver).await,
                _ => Err(Problem::refused("not a request to provision an order", "")),
            }
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let is_taken_over = matches!(request, ActionRequest::TakeOverOrder { .. });
        vec![
            StepDefinition {
                name: "claim_order",
                title: if is_taken_over { "take the claim over" } else { "claim the order" },
                undo: "hand the order back",
                step: Box::new(claim::ClaimOrder),
            },
            StepDefinition {
                name: "panel_user",
                title: "find or create the customer's panel user",
                undo: "delete the user if this run created it and it has no server",
                step: Box::new(panel_user::FindOrCreate),
            },
            StepDefinition {
                name: "place_server",
                title: "pick a free allocation on the node",
                undo: "",
                step: Box::new(place::PlaceServer),
            },
            StepDefinition {
                name: "create_server",
                title: "create the server",
                undo: "delete the server and see it gone",
                step: Box::new(create::CreateServer),
            },
            StepDefinition {
                name: "wait_installed",
                title: "wait until it is installed",
                undo: "",
                step: Box::new(install::WaitInstalled),
            },
            StepDefinition {
                name: "link_customer",
                title: "remember the customer's panel user",
                undo: "",
                step: Box::new(panel_user::Link),
            },
            StepDefinition {
                name: "write_back",
                title: "write the server into the order",
                undo: "",
                step: Box::new(write_back::WriteBack),
            },
        ]
    }

    fn hand_back(&self) -> Option<usize> {
        Some(CLAIM_STEP)
    }
}

/// The orders database and the panel of a provisioning run.
fn parties<'a>(scene: &'a Scene<'_>) -> Result<(&'a OrdersAccount, &'a PanelClient), Problem> {
    let account = scene.services.orders(&scene.provision()?.orders_account)?;
    let panel = scene.services.panel(&account.1)?;
    Ok((account, panel))
}

/// The order as its database has it now; shown at once.
async fn read_order(scene: &Scene<'_>) -> Result<Option<Order>, Problem> {
    let ((database, _), _) = parties(scene)?;
    let order = database.read_order(&scene.provision()?.order).await?;
    if let Some(order) = &order {
        scene.services.fleet.observe(Observation::OneOrder(Box::new(order.clone())));
    }
    Ok(order)
}

/// Whether the order is still this run's: provisioning, under its token where the database keeps one.
fn is_ours(scene: &Scene<'_>, order: &Order) -> bool {
    order.status == OrderStatus::Provisioning
        && order.claim_token.as_deref().is_none_or(|token| token == scene.run.id.as_str())
}

/// Fails when the order was taken away from this run: canceled by the shop, or changed by another hand.
async fn expect_ours(scene: &Scene<'_>) -> Result<(), StepFailure> {
    let order = read_order(scene).await?;
    match order {
        Some(order) if is_ours(scene, &order) => Ok(()),
        other => Err(lost(other.as_ref())),
    }
}

/// Who has the order now, when its database says that another run took it from this one: what stands on the panel is the
/// other's then, and this run takes nothing back.
async fn taker(scene: &Scene<'_>) -> Result<Option<String>, Problem> {
    let Some(order) = read_order(scene).await? else { return Ok(None) };
    let taker = order.claim_token.filter(|token| token != scene.run.id.as_str());
    Ok(taker.filter(|_| order.status.owns_a_server()))
}

/// What a run says whose order is not its own any more.
fn lost(order: Option<&Order>) -> StepFailure {
    let now = match order {
        None => "gone from its database".to_owned(),
        Some(order) if order.status == OrderStatus::Provisioning => {
            format!("claimed by {}", order.claim_token.as_deref().unwrap_or("somebody else"))
        }
        Some(order) => format!("{} now", order.status),
    };
    StepFailure::conflict(
        format!("the order was taken from this run: it is {now}"),
        "what the run made is taken back; nothing is left to do",
    )
}
