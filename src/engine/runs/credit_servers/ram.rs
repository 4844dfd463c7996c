//! Memory: set, and read back. It holds from the next start on, so nothing burns otherwise until then.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::ActionRequest;
use crate::model::credits::{CreditServer, CreditServerStatus, RAM_GIB};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::transport::Priority;

use super::{begin_draft, money, read_with_ram, reread, target};
use crate::engine::runs::actions::{Action, StepDefinition};
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct SetRam;

impl Action for SetRam {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::SetCreditServerRam { server, ram_gib } = request else {
                return Err(Problem::refused("not a request to set memory", ""));
            };
            let server = read_with_ram(services, server).await?;
            let mut draft = begin_draft(&format!("set {ram_gib} GiB for"), &server);
            draft.burn = BurnChange::None;
            check_amount(&mut draft, &server, *ram_gib);
            check_state(&mut draft, server.status);
            money::check_ram(&mut draft, services, &server, *ram_gib);
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let ram_gib = match request {
            ActionRequest::SetCreditServerRam { ram_gib, .. } => *ram_gib,
            _ => *RAM_GIB.start(),
        };
        vec![StepDefinition {
            name: "set_ram",
            title: "set the memory and read it back",
            undo: "",
            step: Box::new(SetMemory { ram_gib }),
        }]
    }
}

fn check_amount(draft: &mut Draft, server: &CreditServer, ram_gib: u32) {
    if !RAM_GIB.contains(&ram_gib) {
        let (least, most) = (RAM_GIB.start(), RAM_GIB.end());
        draft.refuse("memory", format!("exaroton gives {least} to {most} GiB, not {ram_gib}"));
        return;
    }
    match server.ram_gib {
        Some(now) if now == ram_gib => draft.refuse("memory", format!("it has {now} GiB already")),
        Some(now) => draft.pass("memory", format!("{now} GiB becomes {ram_gib} GiB")),
        None => draft.warn("memory", format!("what it has now is not known; it becomes {ram_gib} GiB")),
    }
}

fn check_state(draft: &mut Draft, status: CreditServerStatus) {
    if status.is_stopped() {
        draft.pass("state", format!("it is {status}: the memory is there when it starts"));
    } else {
        draft.warn(
            "state",
            format!(
                "it is {status}: the memory holds from its next start; exaroton may refuse while it runs"
            ),
        );
    }
}

struct SetMemory {
    ram_gib: u32,
}

impl SetMemory {
    async fn is_there(&self, scene: &Scene<'_>) -> Result<bool, StepFailure> {
        let (client, planned) = target(scene)?;
        let ram_gib = client.ram(&planned.server.id, Priority::Run).await?;
        Ok(ram_gib == self.ram_gib)
    }
}

impl Step for SetMemory {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let is_there = self.is_there(scene).await?;
            Ok(is_there.then(|| Made::saying(format!("it has {} GiB", self.ram_gib))))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (client, planned) = target(scene)?;
            match client.set_ram(&planned.server.id, self.ram_gib).await {
                Ok(_) => Ok(Made::saying(format!("it has {} GiB", self.ram_gib))),
                // The state forbids it, and waiting does not change the state.
                Err(problem) if problem.kind == ProblemKind::Conflict => Err(Problem {
                    retry: Retry::Never,
                    advice: "stop the server first, then set the memory".to_owned(),
                    ..problem
                }
                .into()),
                Err(problem) => Err(problem.into()),
            }
        })
    }

    fn verify<'a>(&'a self, scene: &'a Scene<'a>, made: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            if !self.is_there(scene).await? {
                return Err(Problem {
                    kind: ProblemKind::ServerError,
                    fault: Fault::Provider,
                    retry: Retry::Backoff,
                    effect: Effect::None,
                    message: format!(
                        "exaroton accepted {} GiB, but the server has not got them",
                        self.ram_gib
                    ),
                    advice: "look at the server's options on exaroton's page".to_owned(),
                }
                .into());
            }
            let server = CreditServer { ram_gib: Some(self.ram_gib), ..reread(scene).await? };
            scene.services.fleet.observe(Observation::OneCreditServer(Box::new(server)));
            Ok(made)
        })
    }
}
