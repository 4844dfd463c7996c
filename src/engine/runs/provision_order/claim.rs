//! The claim: one conditional update with the run's id as token, so that nobody else provisions the order.

use futures::future::BoxFuture;

use super::{is_ours, parties, read_order};
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::action::SeenClaim;
use crate::model::order::OrderStatus;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::orders::{ClaimOutcome, Release};

/// Longest message written into an order, characters; shops have columns of 255 and more.
const MESSAGE_MAX: usize = 250;

pub(super) struct ClaimOrder;

impl Step for ClaimOrder {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            if scene.unsure_since.is_none() {
                return Ok(None);
            }
            // Without a token in the row nothing tells our claim from another's: the claim itself decides.
            let order = read_order(scene).await?;
            let is_claimed = order.is_some_and(|order| order.claim_token.is_some() && is_ours(scene, &order));
            Ok(is_claimed.then(|| Made::saying("claimed")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let outcome = match &scene.provision()?.taken_over {
                Some(seen) => replace(scene, seen).await?,
                None => claim(scene).await?,
            };
            let outcome = match outcome {
                ClaimOutcome::Taken { status: OrderStatus::Provisioning, by: Some(by) }
                    if scene.services.is_ended_run(&by) =>
                {
                    take_over(scene, &by).await?
                }
                outcome => outcome,
            };
            match outcome {
                ClaimOutcome::Claimed => {
                    read_order(scene).await?;
                    Ok(Made::saying("claimed"))
                }
                ClaimOutcome::Taken { status, by } => Err(taken(&status, by.as_deref())),
                ClaimOutcome::Gone => Err(StepFailure::conflict(
                    "the orders database shows no such order",
                    "it was deleted, or row-level security hides it from this role",
                )),
            }
        })
    }

    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        Box::pin(async move {
            let ((database, _), _) = parties(scene)?;
            let order = &scene.provision()?.order;
            let (to, said) = match &scene.reason.problem {
                None if scene.reason.is_clean => (Release::Paid, "paid"),
                problem => (Release::Error { message: message(scene, problem.as_ref()) }, "in error"),
            };
            let is_released = database.release(order, scene.run.id.as_str(), to).await.map_err(unreleased)?;
            read_order(scene).await?;
            if is_released {
                return Ok(format!("handed back: the order is {said}"));
            }
            Ok("the order is not this run's any more: nothing to hand back".to_owned())
        })
    }
}

async fn claim(scene: &Scene<'_>) -> Result<ClaimOutcome, StepFailure> {
    let ((database, _), _) = parties(scene)?;
    Ok(database.claim(&scene.provision()?.order, scene.run.id.as_str()).await?)
}

/// Replaces just the claim that the operator saw.
async fn replace(scene: &Scene<'_>, seen: &SeenClaim) -> Result<ClaimOutcome, StepFailure> {
    let ((database, _), _) = parties(scene)?;
    let wanted = scene.provision()?;
    Ok(database.take_over(&wanted.order, seen.token.as_deref(), scene.run.id.as_str()).await?)
}

/// Takes an order over from a run of ours that ended without being able to hand it back.
async fn take_over(scene: &Scene<'_>, by: &str) -> Result<ClaimOutcome, StepFailure> {
    let ((database, _), _) = parties(scene)?;
    let message = format!("left by run {by}, taken over by run {}", scene.run.id);
    database.release(&scene.provision()?.order, by, Release::Error { message }).await?;
    claim(scene).await
}

fn taken(status: &OrderStatus, by: Option<&str>) -> StepFailure {
    let who = by.map_or_else(String::new, |by| format!(" by {by}"));
    match status {
        OrderStatus::Provisioning => StepFailure::conflict(
            format!("the order is already being provisioned{who}"),
            "another run, engine or the shop works on it: wait for it",
        ),
        other => StepFailure::conflict(
            format!("the order cannot be claimed: it is {other}{who}"),
            "only paid orders and those in error can be provisioned",
        ),
    }
}

/// What the order's error message says: the failure, what to do, and what is left.
fn message(scene: &Scene<'_>, problem: Option<&Problem>) -> String {
    let mut text = problem.map_or_else(|| "canceled".to_owned(), ToString::to_string);
    if !scene.reason.is_clean {
        text.push_str(" · something may be left on the panel");
    }
    text.chars().take(MESSAGE_MAX).collect()
}

/// Says what to do by hand when the order cannot be handed back.
fn unreleased(problem: Problem) -> Problem {
    Problem {
        advice: "once the database answers, provision the order again: it is taken over from this run"
            .to_owned(),
        ..problem
    }
}

/// A failure that leaves the server standing because only the database is in the way.
pub(super) fn database_in_the_way(problem: Problem) -> StepFailure {
    StepFailure::keeping(problem)
}

/// What must not happen: a step without the fact that an earlier step made.
pub(super) fn missing_fact(what: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the journal of this run does not say {what}"),
        advice: "cancel the run and provision the order again".to_owned(),
    }
}
