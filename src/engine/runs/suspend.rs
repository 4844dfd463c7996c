//! Suspend and unsuspend: both are idempotent at the panel (`providers/pterodactyl.md` §3.11).

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::ActionRequest;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::server::ServerStatus;

use super::actions::{Action, StepDefinition};
use super::identity;
use super::plan::{BurnChange, Draft};
use super::services::Services;
use super::step::{Made, Scene, Step, StepFailure};

/// The action, both ways.
pub struct Suspend;

impl Action for Suspend {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let (verb, key, suspends) = match request {
                ActionRequest::Suspend { server } => ("suspend", server, true),
                ActionRequest::Unsuspend { server } => ("unsuspend", server, false),
                _ => return Err(Problem::refused("not a request to suspend a server", "")),
            };
            let server = identity::read_for_plan(services, key).await?;
            let mut draft = identity::begin_draft(verb, &server);
            // A suspended server keeps its memory and disk sold.
            draft.burn = BurnChange::None;
            let is_suspended = server.status == ServerStatus::Suspended;
            if is_suspended == suspends {
                draft.warn("state", format!("it is {} already", server.status.word()));
            }
            if suspends && matches!(server.status, ServerStatus::Installing | ServerStatus::InstallFailed) {
                draft.warn("install", "suspending now hides how its install ends; lifting it says ready");
            }
            if let (true, Some(entry)) = (suspends, identity::live_order(services, &server)) {
                draft.warn(
                    "customer",
                    format!("order {} is {}: its customer is locked out", entry.order.id, entry.order.status),
                );
            }
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        if matches!(request, ActionRequest::Unsuspend { .. }) {
            return vec![StepDefinition {
                name: "unsuspend_server",
                title: "lift the suspension and see it lifted",
                undo: "",
                step: Box::new(SetSuspension { suspends: false }),
            }];
        }
        vec![StepDefinition {
            name: "suspend_server",
            title: "suspend the server and see it suspended",
            undo: "",
            step: Box::new(SetSuspension { suspends: true }),
        }]
    }
}

struct SetSuspension {
    suspends: bool,
}

impl SetSuspension {
    fn word(&self) -> &'static str {
        if self.suspends { "suspended" } else { "not suspended" }
    }

    async fn is_there(&self, scene: &Scene<'_>) -> Result<bool, StepFailure> {
        let server = identity::reread_present(scene).await?;
        Ok((server.status == ServerStatus::Suspended) == self.suspends)
    }
}

impl Step for SetSuspension {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move { Ok(self.is_there(scene).await?.then(|| Made::saying(self.word()))) })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (panel, id, _) = identity::target(scene)?;
            if self.suspends {
                panel.suspend(id).await?;
            } else {
                panel.unsuspend(id).await?;
            }
            Ok(Made::saying(self.word()))
        })
    }

    fn verify<'a>(&'a self, scene: &'a Scene<'a>, made: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            if self.is_there(scene).await? {
                return Ok(made);
            }
            Err(Problem {
                kind: ProblemKind::Daemon,
                fault: Fault::Provider,
                retry: Retry::Backoff,
                effect: Effect::None,
                message: format!("the panel accepted, but the server is still not {}", self.word()),
                advice: "look whether its node's daemon answers".to_owned(),
            }
            .into())
        })
    }
}
