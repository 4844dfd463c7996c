//! What is done to one rented server by hand: destroyed, or said to stay.

use futures::future::BoxFuture;

use super::delete::{Doomed, until_gone};
use super::off::switch_off_at;
use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::engine::runs::actions::{Action, StepDefinition};
use crate::engine::runs::journal::KeepNote;
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::action::{ActionRequest, Confirmation, Parameters, RentedParameters};
use crate::model::game_server::{DATHOST_CREDITS, GameServer, SubscriptionState};
use crate::model::ids::{MatchId, ServerKey};
use crate::model::matches::is_match_server_name;
use crate::model::money::Money;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::time::Timestamp;

/// Deletes a rented server and sees it gone.
pub struct DestroyServer;

impl Action for DestroyServer {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::DestroyMatchServer { server } = request else {
                return Err(Problem::refused("not a request to destroy a rented server", ""));
            };
            let server = services.matches.provider(&server.account)?.server(&server.id).await?;
            let mut draft = begin("destroy", &server);
            let name = if server.name.trim().is_empty() { &server.key.id } else { &server.name };
            draft.confirmation = Confirmation::TypeName(name.clone());
            draft.burn = burn(&server);
            check_owner(&mut draft, services, &server);
            if server.is_protected {
                draft.refuse(
                    "protection",
                    "it is protected from being deleted: take that off on the provider's page",
                );
            }
            if server.price.subscription != SubscriptionState::PayAsYouGo {
                draft.warn(
                    "subscription",
                    format!("{}: what is paid ahead is lost", server.price.subscription),
                );
            }
            draft.warn("files", "recordings and everything else on it are deleted; nothing brings them back");
            Ok(draft)
        })
    }

    fn steps(&self, _: &ActionRequest) -> Vec<StepDefinition> {
        vec![
            StepDefinition {
                name: "stop_server",
                title: "switch the server off",
                undo: "",
                step: Box::new(StopRented),
            },
            StepDefinition {
                name: "delete_server",
                title: "delete the server and see it gone",
                undo: "",
                step: Box::new(DeleteRented),
            },
        ]
    }
}

/// Says that a rented server stays, why and until when.
pub struct KeepServer;

impl Action for KeepServer {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::KeepMatchServer { server, reason, until } = request else {
                return Err(Problem::refused("not a request to keep a rented server", ""));
            };
            let server = services.matches.provider(&server.account)?.server(&server.id).await?;
            let mut draft = begin("keep", &server);
            draft.burn = BurnChange::None;
            match reason.trim() {
                "" => draft.refuse("reason", "say why it shall stay"),
                reason => draft.pass("reason", reason),
            }
            match until {
                Some(until) if *until <= services.now() => draft.refuse("until", "that moment is over"),
                Some(until) => {
                    draft.pass("until", until.to_datetime().format("%-d %b %H:%M UTC").to_string());
                }
                None => draft.warn("until", "without an end: it bills until somebody destroys it"),
            }
            let per_hour = server.price.per_hour.or(server.price.most_per_hour);
            if let Some(per_hour) = per_hour.filter(|_| server.is_billed_by_hour()) {
                draft.warn("cost", format!("it goes on to cost {per_hour} credits per hour"));
            }
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let (reason, until) = match request {
            ActionRequest::KeepMatchServer { reason, until, .. } => (reason.clone(), *until),
            _ => (String::new(), None),
        };
        vec![StepDefinition {
            name: "note_keep",
            title: "write down that the server stays, why and until when",
            undo: "",
            step: Box::new(NoteKeep { reason, until }),
        }]
    }
}

fn begin(verb: &str, server: &GameServer) -> Draft {
    let mut draft = Draft::titled(format!("{verb} {} ({})", server.name, server.key));
    draft.parameters = Parameters::Rented(RentedParameters {
        server: server.key.clone(),
        name: server.name.clone(),
        match_id: MatchId::of_mark(&server.user_data),
    });
    draft.pass("server", format!("{} is {} at {}", server.name, server.state, server.location));
    draft
}

fn burn(server: &GameServer) -> BurnChange {
    if !server.is_billed_by_hour() {
        return BurnChange::None;
    }
    let per_hour = server.price.per_hour.or(server.price.most_per_hour);
    per_hour
        .map_or(BurnChange::Unknown, |per_hour| BurnChange::Removes(Money::new(per_hour, DATHOST_CREDITS)))
}

/// The match that still works with a server; nothing when none does.
fn working_match(services: &Services, key: &ServerKey, mark: Option<&MatchId>) -> Option<MatchId> {
    services.fleet.read(|fleet| {
        let is_it = |one: &&crate::model::matches::Match| {
            let has_it =
                one.rented.as_ref().is_some_and(|rented| rented.key == *key) || mark == Some(&one.id);
            has_it && fleet.runs.get(&one.run).is_some_and(|run| !run.status.is_ended())
        };
        fleet.matches.values().find(is_it).map(|one| one.id.clone())
    })
}

fn check_owner(draft: &mut Draft, services: &Services, server: &GameServer) {
    let mark = MatchId::of_mark(&server.user_data);
    match (working_match(services, &server.key, mark.as_ref()), mark) {
        (Some(id), _) => {
            draft.refuse("match", format!("match {id} still works with it: cancel that instead"));
        }
        (None, Some(id)) => {
            draft.pass("match", format!("it was rented for match {id}, which is over or not known"));
        }
        (None, None) if is_match_server_name(&server.name) => {
            draft.warn("match", "it is named like ours and carries no match: look whose it is");
        }
        (None, None) => draft.warn("match", "it is not ours as far as anybody can tell: look whose it is"),
    }
}

/// Looks again: whether it is still the server that was planned for, and nobody works with it.
async fn reread(scene: &Scene<'_>) -> Result<Option<GameServer>, StepFailure> {
    let planned = scene.rented()?;
    let provider = scene.services.matches.provider(&planned.server.account)?;
    let server = match provider.server(&planned.server.id).await {
        Ok(server) => server,
        Err(problem) if problem.kind == ProblemKind::NotFound => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    if server.name != planned.name || MatchId::of_mark(&server.user_data) != planned.match_id {
        return Err(StepFailure::conflict(
            format!("server {} is not the one that was planned for", planned.server),
            "look at the server, then plan the action again",
        ));
    }
    if let Some(id) = working_match(scene.services, &planned.server, planned.match_id.as_ref()) {
        return Err(StepFailure::conflict(
            format!("match {id} works with it again"),
            "cancel the match instead",
        ));
    }
    Ok(Some(server))
}

struct StopRented;

impl Step for StopRented {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(
            async move { Ok(reread(scene).await?.is_none().then(|| Made::saying("it is gone already"))) },
        )
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let planned = scene.rented()?;
            let provider = scene.services.matches.provider(&planned.server.account)?;
            let off = switch_off_at(scene, provider.as_ref(), &planned.server.id).await?;
            Ok(Made::saying(off.words()))
        })
    }
}

struct DeleteRented;

impl Step for DeleteRented {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move { Ok(reread(scene).await?.is_none().then(|| Made::saying("it is gone"))) })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let planned = scene.rented()?;
            let provider = scene.services.matches.provider(&planned.server.account)?;
            let doomed = Doomed {
                provider: provider.as_ref(),
                id: &planned.server.id,
                mark: None,
                is_unprotected_first: false,
                name: &planned.name,
                per_hour: None,
            };
            until_gone(scene, &doomed).await?;
            Ok(Made::saying("the provider knows it no more"))
        })
    }
}

struct NoteKeep {
    reason: String,
    until: Option<Timestamp>,
}

impl NoteKeep {
    fn note(&self, scene: &Scene<'_>) -> Result<KeepNote, Problem> {
        Ok(KeepNote {
            server: scene.rented()?.server.clone(),
            uuid: String::new(),
            by: scene.run.by.clone(),
            reason: self.reason.clone(),
            // The run's start, so that the same run writes the same note.
            at: scene.run.started_at,
            until: self.until,
        })
    }
}

impl Step for NoteKeep {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let is_written = scene.services.log.notes()?.contains(&self.note(scene)?);
            Ok(is_written.then(|| Made::saying("already written down")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let note = self.note(scene)?;
            scene.services.log.append_note(&note).await?;
            let KeepNote { server, by, reason, until, .. } = note;
            scene.services.fleet.observe(Observation::Kept { server, by, reason, until });
            Ok(Made::saying("kept"))
        })
    }
}
