//! The settings, made while the server is off: a change of one that is on restarts it.

use futures::future::BoxFuture;

use super::{Stage, made, settings};
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::game_server::{GameServer, GameServerState};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

pub(super) struct SetUpServer;

impl Step for SetUpServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let server = stage.provider.server(stage.server()?).await?;
            // Somebody switched it on: what is set now would restart it, and it bills.
            if server.state != GameServerState::Off {
                stage.provider.stop(&server.key.id).await?;
            }
            Ok(is_set_up(&stage, &server).then(|| set_up(&server)))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            stage.provider.update(stage.server()?, &settings::of(stage.request, stage.plan)).await?;
            Ok(Made::default())
        })
    }

    fn verify<'a>(&'a self, scene: &'a Scene<'a>, _: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let server = stage.provider.server(stage.server()?).await?;
            if is_set_up(&stage, &server) { Ok(set_up(&server)) } else { Err(not_taken(&server).into()) }
        })
    }
}

/// Whether it is off and carries what finds it again, ends it and bounds its cost.
fn is_set_up(stage: &Stage<'_>, server: &GameServer) -> bool {
    server.user_data == stage.plan.match_id.server_mark()
        && server.name == stage.plan.server_name
        && server.autostop_minutes == Some(settings::autostop_minutes(stage.request))
        && !server.is_protected
        && server.state == GameServerState::Off
}

fn set_up(server: &GameServer) -> Made {
    let price = server.price.per_hour.or(server.price.most_per_hour);
    let facts = MatchFacts {
        is_set_up: Some(true),
        location: Some(server.location.clone()),
        price_per_hour: price,
        address: server.address(),
        ..MatchFacts::default()
    };
    let price = price.map_or_else(|| "an unknown price".to_owned(), |price| format!("{price} credits/h"));
    made(facts, format!("{} at {}, {price} while it is on", server.name, server.location))
}

fn not_taken(server: &GameServer) -> Problem {
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Provider,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: format!("server {} did not take its settings", server.key),
        advice: "look at it at the provider".to_owned(),
    }
}
