//! The match is watched until it is over: by polls, and at once when the provider calls. What is read decides, by the pure
//! rules of the model; a provider that does not answer leaves the last reading standing, with its age.

use futures::future::BoxFuture;

use super::decide::gone_down;
use super::{Stage, made};
use crate::engine::runs::events::MatchFacts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::matches::{CancelReason, MatchEnd, MatchPhase, MatchReading, Watch, watch};
use crate::model::problem::ProblemKind;
use crate::model::time::Timestamp;

/// Events of a match that are kept with its end: a long match has a hundred, and players come and go.
const EVENTS_KEPT: usize = 500;

pub(super) struct WatchMatch;

impl Step for WatchMatch {
    fn check<'a>(&'a self, _: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let (id, created_at) = stage.provider_match()?;
            heed_calls(&stage, id).await;
            let mut watching = Watching {
                scene,
                stage,
                id,
                created_at,
                last: None,
                failing_since: None,
                server_looked_at: None,
            };
            let end = watching.until_over().await?;
            Ok(watching.over(end).await)
        })
    }
}

/// After a restart the secret of the calls is read back from the match; without it the match is polled only.
async fn heed_calls(stage: &Stage<'_>, id: &str) {
    if !stage.plan.has_hooks {
        return;
    }
    match stage.provider.hook_secret(id).await {
        Ok(Some(secret)) => stage.matches.hooks.expect(&stage.plan.match_id, id, secret),
        Ok(None) => {}
        Err(problem) => tracing::warn!(%problem, "calls about a match are not heeded: it is polled"),
    }
}

struct Watching<'a> {
    scene: &'a Scene<'a>,
    stage: Stage<'a>,
    id: &'a str,
    created_at: Timestamp,
    last: Option<MatchReading>,
    failing_since: Option<Timestamp>,
    server_looked_at: Option<Timestamp>,
}

impl Watching<'_> {
    async fn until_over(&mut self) -> Result<MatchEnd, StepFailure> {
        let (services, match_id) = (self.scene.services, &self.stage.plan.match_id);
        let hint = self.stage.matches.hooks.hint(match_id);
        loop {
            let is_missing = self.look().await;
            let now = services.now();
            match watch(self.last.as_ref(), self.created_at, now, &self.stage.plan.deadlines) {
                Watch::Over(MatchEnd::Overdue(phase)) if self.is_blind(now) => {
                    self.say_blind(phase);
                }
                Watch::Over(end) => return Ok(end),
                Watch::GoesOn { phase, until } => {
                    if let Some(reading) = &self.last {
                        self.stage.matches.show_reading(match_id, reading, self.stage.facts, Some(until));
                    }
                    self.say(phase);
                    if let Some(end) = self.look_at_server(phase, is_missing, now).await {
                        return Ok(end);
                    }
                }
            }
            let mut is_called = false;
            let called = async {
                hint.notified().await;
                is_called = true;
            };
            self.scene.wait_or(services.policy.match_poll_ms, called).await?;
            if is_called {
                self.stage.matches.show_hook(match_id);
            }
        }
    }

    /// Reads the match; whether the provider says that there is none.
    async fn look(&mut self) -> bool {
        match self.stage.provider.match_reading(self.id).await {
            Ok(reading) => {
                self.failing_since = None;
                self.last = Some(reading);
                false
            }
            Err(problem) => {
                let is_missing = problem.kind == ProblemKind::NotFound;
                if !is_missing {
                    self.failing_since.get_or_insert_with(|| self.scene.services.now());
                    self.scene.say(&format!("the provider does not answer: {problem}"));
                }
                is_missing
            }
        }
    }

    /// The provider does not answer: nothing could be done to the server, and the result may be waiting there.
    fn is_blind(&self, now: Timestamp) -> bool {
        let blind_ms = self.scene.services.policy.match_blind_ms;
        self.failing_since.is_some_and(|since| now.millis_since(since) < blind_ms)
    }

    fn say_blind(&self, phase: MatchPhase) {
        let since = self.failing_since.unwrap_or_default();
        self.scene.say_waiting(&format!("the provider: the match ({}) is overdue", phase.word()), since);
    }

    fn say(&self, phase: MatchPhase) {
        if self.failing_since.is_some() {
            return;
        }
        let score = self.last.as_ref().map(MatchReading::best_score).unwrap_or_default();
        let words = match phase {
            MatchPhase::Live => format!("live, {}:{}", score.team1, score.team2),
            MatchPhase::Warmup => {
                let connected = self.last.as_ref().map_or(0, MatchReading::connected);
                format!("warm-up, {connected} connected")
            }
            phase => phase.word().to_owned(),
        };
        self.scene.say(&words);
    }

    /// The server itself, now and then, and at every look while it boots: it may have gone down without a word.
    async fn look_at_server(
        &mut self,
        phase: MatchPhase,
        is_missing: bool,
        now: Timestamp,
    ) -> Option<MatchEnd> {
        let every_ms = self.scene.services.policy.match_server_poll_ms;
        let is_due = self.server_looked_at.is_none_or(|at| now.millis_since(at) >= every_ms);
        if !(is_due || is_missing || phase == MatchPhase::Booting) {
            return None;
        }
        let down = |why: String| Some(MatchEnd::Canceled(CancelReason::Other(why)));
        match self.stage.provider.server(self.stage.facts.server.as_deref()?).await {
            Ok(server) => {
                self.server_looked_at = Some(now);
                let address = server.address();
                self.stage.matches.show_address(&self.stage.plan.match_id, address.as_deref());
                let silent_ms = self.scene.services.policy.match_silent_ms;
                gone_down(&server, self.last.as_ref(), self.created_at, now, silent_ms).and_then(down)
            }
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                down("its server was deleted by somebody else".to_owned())
            }
            Err(_) => None,
        }
    }

    /// The end goes into the journal with the last reading: the result needs no provider any more.
    async fn over(self, end: MatchEnd) -> Made {
        let match_id = &self.stage.plan.match_id;
        self.stage.matches.hooks.forget(match_id);
        if !matches!(end, MatchEnd::Finished(_)) {
            // Whoever is still there is sent away; the server goes in any case.
            if let Err(problem) = self.stage.provider.cancel_match(self.id).await {
                tracing::debug!(%problem, "a match that is over could not be called off");
            }
        }
        let mut reading = self.last;
        if let Some(reading) = &mut reading {
            self.stage.matches.show_reading(match_id, reading, self.stage.facts, None);
            let surplus = reading.events.len().saturating_sub(EVENTS_KEPT);
            reading.events.drain(..surplus);
        }
        let words = end.words();
        let facts = MatchFacts {
            reading: reading.map(Box::new),
            end: Some(end),
            ended_at: Some(self.scene.services.now()),
            ..MatchFacts::default()
        };
        made(facts, words)
    }
}
