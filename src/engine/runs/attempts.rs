//! Attempts of one step: when to try again, after which pause, and that every attempt looks before it acts.

use rand::Rng;

use crate::model::problem::{Effect, Problem, ProblemKind, Retry};

use super::policy::RunPolicy;
use super::step::{Made, Scene, Step, StepFailure};

/// Counts attempts and spaces them out.
#[derive(Debug)]
pub struct Attempts<'a> {
    policy: &'a RunPolicy,
    /// Attempts made.
    pub made: u32,
    rate_limited: u32,
}

impl<'a> Attempts<'a> {
    /// No attempt made yet.
    #[must_use]
    pub fn new(policy: &'a RunPolicy) -> Self {
        Self { policy, made: 0, rate_limited: 0 }
    }

    /// The pause before the next attempt, or nothing when the failure is final or the attempts are used up. An effect
    /// that may have happened is always looked at once more, whatever the problem says about retrying.
    pub fn pause_after(&mut self, problem: &Problem) -> Option<u64> {
        if problem.kind == ProblemKind::RateLimited {
            self.rate_limited += 1;
            self.made = self.made.saturating_sub(1);
            if self.rate_limited > self.policy.rate_limited_attempts {
                return None;
            }
        }
        let is_worth_a_look = problem.effect == Effect::Possible || problem.retry != Retry::Never;
        if !is_worth_a_look || self.made >= self.policy.attempts {
            return None;
        }
        let own = self
            .policy
            .retry_first_ms
            .saturating_mul(1 << (self.made + self.rate_limited).saturating_sub(1).min(16))
            .min(self.policy.retry_longest_ms);
        let asked = match problem.retry {
            Retry::AfterMs(asked_ms) => asked_ms.min(self.policy.retry_longest_ms),
            Retry::Backoff | Retry::Never => 0,
        };
        // Between half and all of our own pause, so that many runs do not come back together; never before what was asked.
        Some(asked.max(rand::rng().random_range(own / 2..=own)))
    }
}

/// Performs a step until it is done, fails for good, or the engine goes away.
pub async fn perform(step: &dyn Step, scene: &mut Scene<'_>) -> (u32, Result<Made, StepFailure>) {
    let services = scene.services;
    let mut attempts = Attempts::new(&services.policy);
    loop {
        attempts.made += 1;
        scene.progress.count_attempt(scene.step, attempts.made);
        let failure = match attempt(step, scene).await {
            Ok(made) => return (attempts.made, Ok(made)),
            Err(failure) => failure,
        };
        if let Err(end) = pause(&mut attempts, scene, failure).await {
            return (attempts.made.max(1), Err(end));
        }
    }
}

/// Looks, acts if nothing was found, verifies.
async fn attempt(step: &dyn Step, scene: &Scene<'_>) -> Result<Made, StepFailure> {
    let made = match step.check(scene).await? {
        Some(made) => made,
        None => step.act(scene).await?,
    };
    step.verify(scene, made).await
}

/// Undoes a step, with the same patience; an undo looks first by itself.
pub async fn perform_undo(step: &dyn Step, scene: &mut Scene<'_>) -> Result<Made, StepFailure> {
    let services = scene.services;
    let mut attempts = Attempts::new(&services.policy);
    loop {
        attempts.made += 1;
        match step.take_back(scene).await {
            Ok(made) => return Ok(made),
            Err(failure) => pause(&mut attempts, scene, failure).await?,
        }
    }
}

/// Waits before the next attempt, or gives the failure back when there is none.
async fn pause(
    attempts: &mut Attempts<'_>,
    scene: &mut Scene<'_>,
    failure: StepFailure,
) -> Result<(), StepFailure> {
    let StepFailure::Failed { problem, then } = failure else {
        return Err(failure);
    };
    if problem.effect == Effect::Possible {
        scene.unsure_since = Some(scene.services.now());
    }
    let Some(pause_ms) = attempts.pause_after(&problem) else {
        return Err(StepFailure::Failed { problem, then });
    };
    let next_at = scene.services.now().plus_millis(pause_ms);
    scene.say(&format!(
        "attempt {} failed: {problem}; again at {}",
        attempts.made.max(1),
        super::step::time_of_day(next_at)
    ));
    scene.wait(pause_ms).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::problem::Fault;

    fn problem(kind: ProblemKind, retry: Retry, effect: Effect) -> Problem {
        let fault = Fault::Provider;
        Problem { kind, fault, retry, effect, message: "no".to_owned(), advice: String::new() }
    }

    #[test]
    fn pauses_grow_are_bounded_and_end() {
        let policy =
            RunPolicy { attempts: 5, retry_first_ms: 100, retry_longest_ms: 300, ..RunPolicy::default() };
        let mut attempts = Attempts::new(&policy);
        let lost = problem(ProblemKind::Timeout, Retry::Backoff, Effect::Possible);
        let mut pauses = Vec::new();
        loop {
            attempts.made += 1;
            match attempts.pause_after(&lost) {
                Some(pause_ms) => pauses.push(pause_ms),
                None => break,
            }
        }
        assert_eq!(pauses.len(), 4);
        for (pause_ms, own) in pauses.iter().zip([100, 200, 300, 300]) {
            assert!((own / 2..=own).contains(pause_ms), "{pause_ms} of {own}");
        }
    }

    #[test]
    fn a_certain_refusal_is_final_and_an_unsure_one_is_looked_at() {
        let policy = RunPolicy::default();
        let mut attempts = Attempts { policy: &policy, made: 1, rate_limited: 0 };
        assert_eq!(attempts.pause_after(&problem(ProblemKind::Invalid, Retry::Never, Effect::None)), None);
        assert!(
            attempts
                .pause_after(&problem(ProblemKind::ServerError, Retry::Never, Effect::Possible))
                .is_some()
        );
    }

    #[test]
    fn rate_limits_have_their_own_bound_and_their_time_is_kept() {
        let policy = RunPolicy { attempts: 2, rate_limited_attempts: 3, ..RunPolicy::default() };
        let mut attempts = Attempts::new(&policy);
        let limited = problem(ProblemKind::RateLimited, Retry::AfterMs(30_000), Effect::None);
        for _ in 0..3 {
            attempts.made += 1;
            assert!(attempts.pause_after(&limited).is_some_and(|pause_ms| pause_ms >= 30_000));
        }
        attempts.made += 1;
        assert_eq!(attempts.pause_after(&limited), None);
    }
}
