//! Reinstall: runs the install script again. Not repeatable: a second one while the first runs is reported as failed
//! (`providers/pterodactyl.md` §6.3), so what cannot be known is left to an operator.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::{ActionRequest, Confirmation};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::server::ServerStatus;

use super::actions::{Action, StepDefinition};
use super::identity;
use super::plan::{BurnChange, Draft};
use super::services::Services;
use super::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct Reinstall;

impl Action for Reinstall {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::Reinstall { server } = request else {
                return Err(Problem::refused("not a request to reinstall a server", ""));
            };
            let server = identity::read_for_plan(services, server).await?;
            let mut draft = identity::begin_draft("reinstall", &server);
            draft.burn = BurnChange::None;
            draft.confirmation = Confirmation::TypeName(server.name.clone());
            match server.status {
                ServerStatus::Installing => draft.refuse("state", "an install runs already"),
                ServerStatus::Suspended => draft.refuse("state", "it is suspended: lift that first"),
                ServerStatus::RestoringBackup => draft.refuse("state", "a backup is being restored"),
                _ => draft.pass("state", server.status.word()),
            }
            draft.warn("files", "a running process is stopped; the install script may overwrite files");
            Ok(draft)
        })
    }

    fn steps(&self, _request: &ActionRequest) -> Vec<StepDefinition> {
        vec![
            StepDefinition {
                name: "reinstall_server",
                title: "start the install script",
                undo: "",
                step: Box::new(StartInstall),
            },
            StepDefinition {
                name: "wait_installed",
                title: "wait until it is installed",
                undo: "",
                step: Box::new(WaitInstalled),
            },
        ]
    }
}

struct StartInstall;

impl Step for StartInstall {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let server = identity::reread_present(scene).await?;
            if scene.unsure_since.is_none() {
                return Ok(None);
            }
            if server.status == ServerStatus::Installing {
                return Ok(Some(Made::saying("the install runs")));
            }
            // It may have run and ended, or never begun: the panel keeps no trace of either.
            Err(StepFailure::keeping(Problem {
                kind: ProblemKind::Conflict,
                fault: Fault::Provider,
                retry: Retry::Never,
                effect: Effect::None,
                message: format!(
                    "nobody can say whether the reinstall began: the answer was lost and the server is {}",
                    server.status.word()
                ),
                advice: "look at the server's files or console; if they are the old ones, reinstall again"
                    .to_owned(),
            }))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (panel, id, _) = identity::target(scene)?;
            panel.reinstall(id).await?;
            Ok(Made::saying("the install runs"))
        })
    }
}

struct WaitInstalled;

impl Step for WaitInstalled {
    fn check<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let policy = &scene.services.policy;
            let mut pause_ms = policy.install_poll_first_ms;
            loop {
                let server = identity::reread_present(scene).await?;
                match server.status {
                    ServerStatus::Ready => return Ok(Made::saying("installed")),
                    ServerStatus::InstallFailed | ServerStatus::ReinstallFailed => {
                        return Err(StepFailure::conflict(
                            format!("the install script failed: the server is {}", server.status.word()),
                            "read the install log on the node, then reinstall again",
                        ));
                    }
                    _ => scene.say_waiting("the install to end", scene.intent_at),
                }
                if scene.elapsed_ms() > policy.install_deadline_ms {
                    return Err(StepFailure::keeping(too_long(&server.status)));
                }
                scene.wait(pause_ms).await?;
                pause_ms = (pause_ms + pause_ms / 2).min(policy.install_poll_longest_ms);
            }
        })
    }
}

fn too_long(status: &ServerStatus) -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the install does not end: the server is still {}", status.word()),
        advice: "look at the install log on the node; restart the daemon or reinstall".to_owned(),
    }
}
