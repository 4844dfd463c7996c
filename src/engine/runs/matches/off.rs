//! The server goes off first: that ends the bill whatever becomes of the delete, and what it cost is final then and can be read
//! to the last unit.

use futures::future::BoxFuture;
use rust_decimal::Decimal;

use super::{Stage, made};
use crate::engine::matches::provider::MatchProvider;
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::services::Services;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::game_server::GameServerState;
use crate::model::ids::ServerKey;
use crate::model::matches::KeptServer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::time::Timestamp;

pub(super) struct SwitchOff;

impl Step for SwitchOff {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            Ok(kept(scene, &stage, stage.server()?)?.map(Made::saying))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let off = switch_off(scene, &stage, stage.server()?).await?;
            let words = off.words();
            Ok(made(off.into_facts(MatchFacts::default()), words))
        })
    }
}

/// How a server went off.
pub(super) struct Off {
    /// When it was seen to be off; nothing when it would not go.
    pub(super) seen_at: Option<Timestamp>,
    /// What it cost in all, by the provider's word: it was made for this match alone.
    pub(super) cost: Option<Decimal>,
    /// Whether it was gone already.
    pub(super) is_gone: bool,
}

impl Off {
    pub(super) fn into_facts(self, facts: MatchFacts) -> MatchFacts {
        MatchFacts { off_at: self.seen_at, cost: self.cost, ..facts }
    }

    pub(super) fn words(&self) -> String {
        match (&self.cost, self.seen_at) {
            (Some(cost), _) => format!("off; it cost {cost} credits"),
            (None, Some(_)) if self.is_gone => "it is gone already".to_owned(),
            (None, Some(_)) => "off; the provider does not say what it cost".to_owned(),
            (None, None) => "it did not go off in time: it is deleted as it is".to_owned(),
        }
    }
}

/// The word of a person that the server stays, while it holds.
pub(super) fn kept_by(services: &Services, key: &ServerKey) -> Result<Option<KeptServer>, Problem> {
    let note = services.log.notes()?.into_iter().rfind(|note| note.server == *key);
    let kept = note.map(|note| KeptServer { by: note.by, reason: note.reason, until: note.until });
    Ok(kept.filter(|kept| kept.holds(services.now())))
}

/// What is said instead of ending a server that a person keeps.
pub(super) fn kept(scene: &Scene<'_>, stage: &Stage<'_>, id: &str) -> Result<Option<String>, Problem> {
    let key = ServerKey { account: stage.request.account.clone(), id: id.to_owned() };
    let kept = kept_by(scene.services, &key)?;
    Ok(kept.map(|kept| format!("{} keeps it ({}): it stays and bills on", kept.by, kept.reason)))
}

/// Switches a match's server off.
pub(super) async fn switch_off(scene: &Scene<'_>, stage: &Stage<'_>, id: &str) -> Result<Off, StepFailure> {
    switch_off_at(scene, stage.provider.as_ref(), id).await
}

/// Switches a server off, patiently but not for ever: a delete ends the bill too.
pub(super) async fn switch_off_at(
    scene: &Scene<'_>,
    provider: &dyn MatchProvider,
    id: &str,
) -> Result<Off, StepFailure> {
    let policy = &scene.services.policy;
    let begun = scene.services.now();
    let mut is_asked = false;
    loop {
        let now = scene.services.now();
        match provider.server(id).await {
            Ok(server) if server.state == GameServerState::Off => {
                let cost = server.price.used_in_month;
                return Ok(Off { seen_at: Some(now), cost, is_gone: false });
            }
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                return Ok(Off { seen_at: Some(now), cost: None, is_gone: true });
            }
            Ok(_) => {}
            Err(problem) => scene.say(&format!("the server cannot be read: {problem}")),
        }
        if now.millis_since(begun) > policy.match_stop_ms {
            return Ok(Off { seen_at: None, cost: None, is_gone: false });
        }
        // What was just asked for is looked at once more before it is waited for.
        let is_first = !std::mem::replace(&mut is_asked, true);
        match provider.stop(id).await {
            Ok(()) if is_first => continue,
            Ok(()) => scene.say_waiting("the server to go off", begun),
            Err(problem) => scene.say(&format!("the server does not go off: {problem}")),
        }
        scene.wait_through(policy.match_poll_ms).await?;
    }
}
