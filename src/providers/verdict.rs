//! What a refusal means, before it has a text: the part of a [`Problem`] that a provider's table decides.

use super::transport::Class;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// The pause after a 429 that names none, of a provider that publishes no numbers.
pub(super) const LIMITED_PAUSE_MS: u64 = 30_000;

/// The part of a [`Problem`] that the classification decides.
pub(super) struct Verdict {
    kind: ProblemKind,
    fault: Fault,
    retry: Retry,
    effect: Effect,
    advice: &'static str,
}

impl Verdict {
    /// A refusal that had no effect.
    pub(super) fn new(kind: ProblemKind, fault: Fault, retry: Retry, advice: &'static str) -> Self {
        Self { kind, fault, retry, effect: Effect::None, advice }
    }

    /// Too many requests: not again before this pause is over.
    pub(super) fn limited(pause_ms: u64, advice: &'static str) -> Self {
        Self::new(ProblemKind::RateLimited, Fault::Provider, Retry::AfterMs(pause_ms), advice)
    }

    /// With another effect.
    pub(super) fn with_effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// The whole problem: `what` was asked and this was `said`.
    pub(super) fn into_problem(self, what: &str, said: &str) -> Problem {
        Problem {
            kind: self.kind,
            fault: self.fault,
            retry: self.retry,
            effect: self.effect,
            message: format!("{what}: {said}"),
            advice: self.advice.to_owned(),
        }
    }
}

/// With the pause that was asked for, else the caller's own.
pub(super) fn retry(retry_after_ms: Option<u64>) -> Retry {
    retry_after_ms.map_or(Retry::Backoff, Retry::AfterMs)
}

/// Whether a call of this class may have taken effect when its answer is lost or says nothing.
pub(super) fn effect_when_lost(class: Class) -> Effect {
    match class {
        Class::Read => Effect::None,
        Class::Change => Effect::Possible,
    }
}
