//! The match at the provider. Creating it boots the server; creating it twice would cancel the first, so it is never repeated
//! before the server was asked whether a match goes on there.

use futures::future::BoxFuture;

use super::decide::{LostMatch, lost_match};
use super::{Stage, made, settings};
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::matches::MatchEventKind;
use crate::model::matches::MatchReading;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::time::Timestamp;
use crate::providers::dathost::NewMatch;

pub(super) struct CreateMatch;

impl Step for CreateMatch {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let Some(unsure_since) = scene.unsure_since else { return Ok(None) };
            let stage = Stage::of(scene)?;
            let policy = &scene.services.policy;
            loop {
                let now = scene.services.now();
                let is_settled = now.millis_since(unsure_since) >= policy.create_settle_ms;
                let server = stage.provider.server(stage.server()?).await?;
                match lost_match(&server, is_settled) {
                    LostMatch::GoesOn(id) => {
                        let reading = stage.provider.match_reading(&id).await?;
                        return Ok(Some(created(scene, &reading, None, "found")));
                    }
                    LostMatch::Create => return Ok(None),
                    LostMatch::Over => return Err(over()),
                    LostMatch::Wait => {}
                }
                scene.say_waiting("a match of a lost request to show up", unsure_since);
                scene.wait(policy.settle_poll_ms).await?;
            }
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let match_id = &stage.plan.match_id;
            // Whoever planned without a public address, or lost it since, only polls.
            let url = stage.plan.has_hooks.then(|| stage.matches.hook_url(match_id)).flatten();
            let secret = settings::hook_secret();
            let hook = url.as_deref().map(|url| (url, &secret));
            let asked_at = scene.services.now();
            let new = NewMatch { server: stage.server()?, request: stage.request, hook };
            let reading = stage.provider.create_match(new).await?;
            if url.is_some() {
                stage.matches.hooks.expect(match_id, &reading.id, secret);
            }
            Ok(created(scene, &reading, Some(asked_at), "created"))
        })
    }

    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            stage.matches.hooks.forget(&stage.plan.match_id);
            let Some(id) = &stage.facts.provider_match else {
                return Ok("no match is known; what there is goes with its server".to_owned());
            };
            if stage.facts.end.is_some() {
                return Ok("the match was over".to_owned());
            }
            match stage.provider.cancel_match(id).await {
                Ok(()) => Ok("called off".to_owned()),
                Err(problem) if problem.kind == ProblemKind::NotFound => Ok("it is gone".to_owned()),
                // Whatever the provider says: the server goes next, and the match with it.
                Err(problem) => Ok(format!("not called off ({problem}): it ends with its server")),
            }
        })
    }
}

fn created(scene: &Scene<'_>, reading: &MatchReading, asked_at: Option<Timestamp>, how: &str) -> Made {
    let booted_at = reading.events.iter().find(|event| event.kind == MatchEventKind::BootingServer);
    let created_at = asked_at.or(booted_at.map(|event| event.at)).unwrap_or(scene.intent_at);
    let detail = format!("{how}: match {}", reading.id);
    let facts = MatchFacts {
        provider_match: Some(reading.id.clone()),
        match_created_at: Some(created_at),
        ..MatchFacts::default()
    };
    made(facts, detail)
}

fn over() -> StepFailure {
    Problem::refused(
        "the match was created, but the answer was lost and the match is over: nobody can say how it ended",
        "look at the players' own word; settle it by hand if it was played",
    )
    .into()
}
