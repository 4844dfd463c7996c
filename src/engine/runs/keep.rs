//! Keep: an operator says that a server without owner shall stay, and why.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::ActionRequest;
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
            let server = identity::read_for_plan(services, server).await?;
            let mut draft = identity::begin_draft("keep", &server);
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
            identity::reread_present(scene).await?;
            let note = self.note(scene)?;
            scene.services.log.append_note(&note).await?;
            scene.services.fleet.observe(Observation::Kept {
                server: note.server,
                by: note.by,
                reason: note.reason,
            });
            Ok(Made::saying("kept"))
        })
    }
}
