//! Destroy: deletes a server and sees it gone, by its number and by its external id.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::{ActionRequest, Confirmation};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::transport::Priority;

use super::actions::{Action, StepDefinition};
use super::identity;
use super::plan::{BurnChange, Draft};
use super::services::Services;
use super::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct Destroy;

impl Action for Destroy {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::Destroy { server, is_forced } = request else {
                return Err(Problem::refused("not a request to destroy a server", ""));
            };
            let server = identity::read_for_plan(services, server).await?;
            let mut draft = identity::begin_draft("destroy", &server);
            draft.confirmation = Confirmation::TypeName(server.name.clone());
            let known = services
                .fleet
                .read(|fleet| fleet.servers.get(&server.key).and_then(|s| s.burn_per_hour.clone()));
            draft.burn = known.map_or(BurnChange::Unknown, BurnChange::Removes);
            match identity::live_order(services, &server) {
                Some(entry) => draft.warn(
                    "order",
                    format!(
                        "order {} is {}: a customer pays for this server and loses it with all files",
                        entry.order.id, entry.order.status
                    ),
                ),
                None => draft.pass("order", "no live order is known to own it"),
            }
            if *is_forced {
                draft.warn(
                    "forced",
                    "the panel forgets it even if its daemon fails: files may stay on the node",
                );
            }
            draft.warn(
                "files",
                "all files, databases and backups on the node are deleted; nothing brings them back",
            );
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let is_forced = matches!(request, ActionRequest::Destroy { is_forced: true, .. });
        vec![
            StepDefinition {
                name: "delete_server",
                title: "delete the server",
                undo: "",
                step: Box::new(DeleteServer { is_forced }),
            },
            StepDefinition {
                name: "verify_gone",
                title: "see that it is gone",
                undo: "",
                step: Box::new(VerifyGone),
            },
        ]
    }
}

struct DeleteServer {
    is_forced: bool,
}

impl Step for DeleteServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            Ok(identity::reread(scene).await?.is_none().then(|| Made::saying("it is gone already")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (panel, id, _) = identity::target(scene)?;
            match panel.delete_server(id, self.is_forced).await {
                Ok(()) => Ok(Made::saying("deleted")),
                Err(mut problem) => {
                    if problem.kind == ProblemKind::Daemon && !self.is_forced {
                        "the node's daemon does not delete it: repair the daemon, or destroy with force"
                            .clone_into(&mut problem.advice);
                    }
                    Err(problem.into())
                }
            }
        })
    }
}

struct VerifyGone;

impl Step for VerifyGone {
    fn check<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            loop {
                if is_gone(scene).await? {
                    let planned = scene.server()?;
                    scene.services.fleet.observe(Observation::ServerGone(planned.server.clone()));
                    return Ok(Made::saying("the panel knows it no more"));
                }
                if scene.elapsed_ms() > scene.services.policy.gone_deadline_ms {
                    return Err(StepFailure::keeping(still_there()));
                }
                scene.say_waiting("the panel to forget the server", scene.intent_at);
                scene.wait(scene.services.policy.settle_poll_ms).await?;
            }
        })
    }
}

/// Whether neither the number nor the external id leads to the planned server.
async fn is_gone(scene: &Scene<'_>) -> Result<bool, StepFailure> {
    let (panel, id, planned) = identity::target(scene)?;
    match panel.server(id, Priority::Run).await {
        Ok(server) if server.uuid == planned.uuid => return Ok(false),
        Ok(_) => {}
        Err(problem) if problem.kind == ProblemKind::NotFound => {}
        Err(problem) => return Err(problem.into()),
    }
    let Some(external_id) = &planned.external_id else {
        return Ok(true);
    };
    let found = panel.server_by_external_id(external_id, Priority::Run).await?;
    Ok(found.is_none_or(|server| server.uuid != planned.uuid))
}

fn still_there() -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::Possible,
        message: "the panel accepted the delete, but still lists the server".to_owned(),
        advice: "it may still bill: look at the panel and the node, then destroy it again".to_owned(),
    }
}
