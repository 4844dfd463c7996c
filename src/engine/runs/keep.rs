//! Keep: an operator says that a server without owner shall stay, and why.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::{ActionRequest, Parameters, ServerParameters};
use crate::model::credits::CreditServer;
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;

use super::actions::{Action, StepDefinition};
use super::identity;
use super::journal::KeepNote;
use super::plan::{BurnChange, Draft};
use super::services::Services;
use super::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct Keep;

impl Action for Keep {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::Keep { server, reason } = request else {
                return Err(Problem::refused("not a request to keep a server", ""));
            };
            let mut draft = match credit_server(services, server) {
                Some(known) => of_credit_server(&known),
                None => identity::begin_draft("keep", &identity::read_for_plan(services, server).await?),
            };
            draft.burn = BurnChange::None;
            if reason.trim().is_empty() {
                draft.refuse("reason", "say why it shall stay");
            } else {
                draft.pass("reason", reason);
            }
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let reason = match request {
            ActionRequest::Keep { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        vec![StepDefinition {
            name: "note_keep",
            title: "write down that the server stays, and why",
            undo: "",
            step: Box::new(NoteKeep { reason }),
        }]
    }
}

/// The server of an account with prepaid money, as listed last: what is written down here changes nothing there.
fn credit_server(services: &Services, key: &ServerKey) -> Option<Arc<CreditServer>> {
    services.fleet.read(|fleet| fleet.credit_servers.get(key).cloned())
}

fn of_credit_server(server: &CreditServer) -> Draft {
    let mut draft = Draft::titled(format!("keep {} ({})", server.name, server.key));
    draft.parameters = Parameters::Server(ServerParameters {
        server: server.key.clone(),
        uuid: server.key.id.clone(),
        name: server.name.clone(),
        external_id: None,
    });
    draft.pass("server", format!("{} is {}", server.name, server.status));
    draft
}

struct NoteKeep {
    reason: String,
}

impl NoteKeep {
    fn note(&self, scene: &Scene<'_>) -> Result<KeepNote, Problem> {
        let planned = scene.server()?;
        Ok(KeepNote {
            server: planned.server.clone(),
            uuid: planned.uuid.clone(),
            by: scene.run.by.clone(),
            reason: self.reason.clone(),
            // The run's start, so that the same run writes the same note.
            at: scene.run.started_at,
            until: None,
        })
    }
}

impl Step for NoteKeep {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let note = self.note(scene)?;
            let is_written = scene.services.log.notes()?.contains(&note);
            Ok(is_written.then(|| Made::saying("already written down")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let note = self.note(scene)?;
            if credit_server(scene.services, &note.server).is_none() {
                identity::reread_present(scene).await?;
            }
            scene.services.log.append_note(&note).await?;
            scene.services.fleet.observe(Observation::Kept {
                server: note.server,
                by: note.by,
                reason: note.reason,
                until: None,
            });
            Ok(Made::saying("kept"))
        })
    }
}
