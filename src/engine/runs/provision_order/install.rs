//! Waiting for the install: polled, over restarts of the engine too, with a deadline counted from the step's intent.

use futures::future::BoxFuture;

use super::claim::missing_fact;
use super::{expect_ours, parties};
use crate::engine::observation::Observation;
use crate::engine::runs::policy::InstallDeadline;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::server::{Server, ServerStatus};
use crate::providers::transport::Priority;

pub(super) struct WaitInstalled;

impl Step for WaitInstalled {
    fn check<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        // Waiting changes nothing: there is nothing to find done.
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let policy = &scene.services.policy;
            let mut pause_ms = policy.install_poll_first_ms;
            loop {
                if let Some(made) = look(scene).await? {
                    return Ok(made);
                }
                if scene.elapsed_ms() > policy.install_deadline_ms {
                    return Err(at_deadline(scene));
                }
                scene.wait(pause_ms).await?;
                pause_ms = (pause_ms + pause_ms / 2).min(policy.install_poll_longest_ms);
            }
        })
    }
}

/// One look at the server and the order; nothing while the install goes on or nobody answers.
async fn look(scene: &Scene<'_>) -> Result<Option<Made>, StepFailure> {
    let (_, panel) = parties(scene)?;
    let id = scene.facts.server_id.ok_or_else(|| missing_fact("which server it waits for"))?;
    let server = match panel.server(id, Priority::Run).await {
        Ok(server) => server,
        Err(problem) => return tolerate(scene, problem).map(|()| None),
    };
    scene.services.fleet.observe(Observation::OneServer(Box::new(server.clone())));
    match &server.status {
        ServerStatus::Ready => return Ok(Some(Made::saying("installed"))),
        ServerStatus::InstallFailed | ServerStatus::ReinstallFailed => {
            return Err(install_failed(scene, &server));
        }
        ServerStatus::Installing => scene.say_waiting("the install to end", scene.intent_at),
        other => scene.say(&format!("waiting: the server is {}", other.word())),
    }
    match expect_ours(scene).await {
        Err(StepFailure::Failed { problem, .. }) if problem.retry != Retry::Never => {
            tolerate(scene, problem).map(|()| None)
        }
        Err(failure) => Err(failure),
        Ok(()) => Ok(None),
    }
}

/// A provider that does not answer for a while is no reason to take an installing server back.
fn tolerate(scene: &Scene<'_>, problem: Problem) -> Result<(), StepFailure> {
    if problem.kind == ProblemKind::NotFound {
        return Err(StepFailure::conflict(
            "the server was deleted while it was being installed",
            "somebody destroyed it, or its daemon refused it; provision the order again",
        ));
    }
    if problem.retry == Retry::Never {
        return Err(StepFailure::keeping(problem));
    }
    scene.say(&format!("cannot see the install: {problem}"));
    Ok(())
}

fn install_failed(scene: &Scene<'_>, server: &Server) -> StepFailure {
    let is_adopted = scene.facts.was_server_found == Some(true);
    let advice = if is_adopted {
        "this server is older than the run and is kept: reinstall or destroy it, then provision the order again"
    } else {
        "read the install log on the node; check egg, image and variables; then provision the order again"
    };
    StepFailure::conflict(
        format!("the install script of server {} ({}) failed", server.key, server.status.word()),
        advice,
    )
}

fn at_deadline(scene: &Scene<'_>) -> StepFailure {
    let minutes = scene.services.policy.install_deadline_ms / 60_000;
    let is_kept = scene.services.policy.install_deadline == InstallDeadline::Keep;
    let problem = Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the install did not end within {minutes} minutes"),
        advice: if is_kept {
            "the server is kept and bills: look at its install log; provisioning the order again adopts it"
                .to_owned()
        } else {
            "the node may be overloaded or the egg broken; provision the order again".to_owned()
        },
    };
    if is_kept { StepFailure::keeping(problem) } else { problem.into() }
}
