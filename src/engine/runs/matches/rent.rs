//! The rent: a new server, or a copy of a prepared one. A lost answer is resolved by looking before anything is repeated; the
//! server's id is in the journal before anything else is done with it.

use futures::future::BoxFuture;

use super::decide::{WantedCopy, lost_copy, marked};
use super::{Stage, delete, made, off, settings};
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure, time_of_day};
use crate::model::game_server::GameServer;
use crate::model::matches::ServerSource;

pub(super) struct RentServer;

impl Step for RentServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            // Our match's id is as new as this run: before the first attempt nothing can carry it.
            if scene.unsure_since.is_none() {
                return Ok(None);
            }
            let stage = Stage::of(scene)?;
            let found = look_until_settled(scene, &stage).await?;
            Ok(found.map(|server| rented(scene, &server, "found")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            match &stage.request.source {
                ServerSource::Fresh { location } => {
                    scene.say(&format!("renting a server at {location}"));
                    let server = stage.provider.create(&settings::of(stage.request, stage.plan)).await?;
                    Ok(rented(scene, &server, "rented"))
                }
                ServerSource::Template { server: template, location } => {
                    let gate = stage.matches.gate(&stage.request.account);
                    let _one_at_a_time = gate.lock().await;
                    scene.say(&format!("copying server {template}"));
                    let server = stage.provider.duplicate(template, location.as_deref()).await?;
                    stage.matches.take(&server.key);
                    Ok(rented(scene, &server, "copied"))
                }
            }
        })
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let id = match &stage.facts.server {
                Some(id) => Some(id.clone()),
                // Whether anything was rented is not known for sure: its answer may have been lost.
                None => look_until_settled(scene, &stage).await?.map(|server| server.key.id),
            };
            let Some(id) = id else { return Ok(Made::saying("no server was rented")) };
            let mut facts = MatchFacts { server: Some(id.clone()), ..MatchFacts::default() };
            if let Some(kept) = off::kept(scene, &stage, &id)? {
                return Ok(made(facts, kept));
            }
            facts = off::switch_off(scene, &stage, &id).await?.into_facts(facts);
            facts.gone_at = Some(delete::delete_until_gone(scene, &stage, &id).await?);
            Ok(made(facts, "the server is gone"))
        })
    }
}

fn rented(scene: &Scene<'_>, server: &GameServer, how: &str) -> Made {
    let facts = MatchFacts {
        server: Some(server.key.id.clone()),
        rented_at: Some(scene.services.now()),
        location: Some(server.location.clone()),
        price_per_hour: server.price.per_hour.or(server.price.most_per_hour),
        address: server.address(),
        ..MatchFacts::default()
    };
    made(facts, format!("{how}: server {} at {}", server.key, server.location))
}

/// Looks for the server of a lost call, and keeps looking while that may still take effect.
async fn look_until_settled(scene: &Scene<'_>, stage: &Stage<'_>) -> Result<Option<GameServer>, StepFailure> {
    let policy = &scene.services.policy;
    loop {
        let now = scene.services.now();
        // Decided before the look: what appears during the look is not missed.
        let is_last =
            scene.unsure_since.is_none_or(|since| now.millis_since(since) >= policy.create_settle_ms);
        let found = look(scene, stage).await?;
        if found.is_some() || is_last {
            return Ok(found);
        }
        let until = scene.unsure_since.unwrap_or_default().plus_millis(policy.create_settle_ms);
        scene.say(&format!("looking until {} whether a lost request rented a server", time_of_day(until)));
        scene.wait(policy.settle_poll_ms).await?;
    }
}

async fn look(scene: &Scene<'_>, stage: &Stage<'_>) -> Result<Option<GameServer>, StepFailure> {
    let mark = stage.plan.match_id.server_mark();
    let ServerSource::Template { server: template, location } = &stage.request.source else {
        let servers = stage.provider.servers().await?;
        return Ok(marked(&servers, &mark).cloned());
    };
    let gate = stage.matches.gate(&stage.request.account);
    let _one_at_a_time = gate.lock().await;
    let servers = stage.provider.servers().await?;
    let wanted = WantedCopy { template, location: location.as_deref(), since: scene.intent_at };
    let is_taken = |id: &str| stage.matches.is_taken(&stage.request.account, id);
    let found = marked(&servers, &mark).or_else(|| lost_copy(&servers, &wanted, is_taken));
    if let Some(server) = found {
        stage.matches.take(&server.key);
    }
    Ok(found.cloned())
}
