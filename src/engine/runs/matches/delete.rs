//! The server is deleted and seen to be gone: a 2xx is not believed. A delete that fails is tried again for hours; at the end a
//! person is called, with what the server costs.

use futures::future::BoxFuture;
use rust_decimal::Decimal;

use super::{Stage, made, off};
use crate::engine::matches::provider::MatchProvider;
use crate::engine::matches::shown::minutes_cost;
use crate::engine::observation::Observation;
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::ids::ServerKey;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;
use crate::providers::dathost::ServerSettings;

pub(super) struct DeleteServer;

impl Step for DeleteServer {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            Ok(off::kept(scene, &stage, stage.server()?)?.map(Made::saying))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let gone_at = delete_until_gone(scene, &stage, stage.server()?).await?;
            let words = cost_words(stage.facts, gone_at);
            let facts = MatchFacts { gone_at: Some(gone_at), ..MatchFacts::default() };
            Ok(Made { result: Some(words.clone()), ..made(facts, format!("gone; {words}")) })
        })
    }
}

/// What the match cost, and by whose word.
fn cost_words(facts: &MatchFacts, gone_at: Timestamp) -> String {
    let counted = facts
        .price_per_hour
        .zip(facts.match_created_at)
        .map(|(per_hour, since)| minutes_cost(per_hour, since, facts.off_at.unwrap_or(gone_at)));
    match (facts.cost, counted) {
        (Some(cost), Some(counted)) if (cost - counted).abs() > allowed_difference(facts) => {
            format!(
                "it cost {cost} credits by the provider, {} by the minutes counted here",
                counted.normalize()
            )
        }
        (Some(cost), _) => format!("it cost {cost} credits"),
        (None, Some(counted)) => {
            format!("it cost about {} credits by the minutes counted here", counted.normalize())
        }
        (None, None) => "nobody can say what it cost".to_owned(),
    }
}

/// Clocks differ by seconds: one minute more or less says nothing.
fn allowed_difference(facts: &MatchFacts) -> Decimal {
    facts.price_per_hour.unwrap_or_default() / Decimal::from(60) + Decimal::new(1, 6)
}

/// Deletes a match's server, and whatever else carries its mark, until nothing of it is left; when that was.
pub(super) async fn delete_until_gone(
    scene: &Scene<'_>,
    stage: &Stage<'_>,
    id: &str,
) -> Result<Timestamp, StepFailure> {
    let mark = stage.plan.match_id.server_mark();
    // Before its settings are made a copy is as protected as its template; later only a person can have protected it.
    let is_unprotected_first = stage.facts.is_set_up.is_none();
    let doomed = Doomed {
        provider: stage.provider.as_ref(),
        id,
        mark: Some(&mark),
        is_unprotected_first,
        name: &stage.plan.server_name,
        per_hour: stage.facts.price_per_hour.filter(|_| stage.facts.off_at.is_none()),
    };
    until_gone(scene, &doomed).await
}

/// A server that is to be deleted.
pub(super) struct Doomed<'a> {
    pub(super) provider: &'a dyn MatchProvider,
    pub(super) id: &'a str,
    /// Others that carry this go with it: a create that was taken for lost may have come late.
    pub(super) mark: Option<&'a str>,
    pub(super) is_unprotected_first: bool,
    pub(super) name: &'a str,
    /// What it may burn while it stands.
    pub(super) per_hour: Option<Decimal>,
}

/// Deletes until it is gone.
pub(super) async fn until_gone(scene: &Scene<'_>, doomed: &Doomed<'_>) -> Result<Timestamp, StepFailure> {
    let policy = &scene.services.policy;
    let begun = scene.services.now();
    let mut pause_ms = policy.retry_first_ms;
    loop {
        let problem = match attempt(doomed).await {
            Ok(None) => {
                let key = ServerKey { account: doomed.provider.account().clone(), id: doomed.id.to_owned() };
                scene.services.fleet.observe(Observation::ServerGone(key));
                return Ok(scene.services.now());
            }
            Ok(Some(left)) => still_there(doomed, &left),
            Err(problem) => problem,
        };
        if scene.services.now().millis_since(begun) > policy.match_delete_ms {
            return Err(StepFailure::keeping(given_up(doomed, &problem, policy.match_delete_ms)));
        }
        scene.say(&format!("not gone yet, tried again and again: {problem}"));
        scene.wait_through(pause_ms).await?;
        pause_ms = (pause_ms * 2).min(policy.retry_longest_ms);
    }
}

/// One attempt; the id of a server that is still there.
async fn attempt(doomed: &Doomed<'_>) -> Result<Option<String>, Problem> {
    let provider = doomed.provider;
    if doomed.is_unprotected_first {
        let open = ServerSettings { is_protected: Some(false), ..ServerSettings::default() };
        match provider.update(doomed.id, &open).await {
            Err(problem) if problem.kind != ProblemKind::NotFound => return Err(problem),
            _ => {}
        }
    }
    provider.delete(doomed.id).await?;
    match provider.server(doomed.id).await {
        Ok(_) => return Ok(Some(doomed.id.to_owned())),
        Err(problem) if problem.kind == ProblemKind::NotFound => {}
        Err(problem) => return Err(problem),
    }
    let Some(mark) = doomed.mark else { return Ok(None) };
    let strays = provider.servers().await?;
    let mut left = None;
    for stray in strays.iter().filter(|server| server.user_data == mark) {
        provider.delete(&stray.key.id).await?;
        left = Some(stray.key.id.clone());
    }
    Ok(left)
}

fn still_there(doomed: &Doomed<'_>, left: &str) -> Problem {
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Provider,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: format!("the provider took the delete of {}, but still shows server {left}", doomed.name),
        advice: String::new(),
    }
}

/// The last word: red, with what it costs.
fn given_up(doomed: &Doomed<'_>, problem: &Problem, tried_ms: u64) -> Problem {
    let cost = match doomed.per_hour {
        Some(per_hour) => format!("it may burn {per_hour} credits per hour"),
        None => "it was off when it was last seen".to_owned(),
    };
    Problem {
        kind: problem.kind,
        fault: problem.fault,
        retry: Retry::Never,
        // Not looked at once more by the framework: this was hours of looking.
        effect: Effect::None,
        message: format!(
            "server {} ({}) could not be deleted for {} minutes: {cost}. {}",
            doomed.name,
            doomed.id,
            tried_ms / 60_000,
            problem.message
        ),
        advice: "delete it on the provider's page now, or destroy it again from the list of servers"
            .to_owned(),
    }
}
