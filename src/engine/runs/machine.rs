//! The pure state machine of a run: `(state, event) -> (state, effect)`, and replay of a journal.
//!
//! The table of legal transitions (everything else is [`IllegalEvent`]):
//!
//! | stage | event | next stage |
//! |---|---|---|
//! | Ready(n) | `StepIntent n` | Acting(n) |
//! | Acting(n) | `StepOutcome n` done | Ready(n+1), Finished after the last, Rewinding when a cancel waits |
//! | Acting(n) | `StepOutcome n` failed, or canceled when a cancel waits | Rewinding |
//! | Ready(n), n < steps | `CancelRequested` | Rewinding |
//! | Acting, Finished, Rewinding, Undoing | `CancelRequested` | the same |
//! | Rewinding(n) | `UndoIntent n` | Undoing(n) |
//! | Undoing(n) | `UndoOutcome n` | Rewinding(the one before), or Finished |
//! | Finished | `RunEnded` with the computed status | Ended |
//!
//! Must not: know a clock, a runtime or a provider.

use crate::model::ids::RunId;
use crate::model::problem::{Effect as Possible, Fault, Problem, ProblemKind, Retry};
use crate::model::run::{Run, RunStatus, StepStatus};
use crate::model::time::Timestamp;

use super::events::{AfterFailure, Facts, JournalEvent, StepOutcome, UndoOutcome};

/// Where a run stands between two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The step may begin.
    Ready(usize),
    /// The step's intent is durable, its outcome is not: it may have happened.
    Acting(usize),
    /// The step's undo may begin.
    Rewinding(usize),
    /// The undo's intent is durable, its outcome is not.
    Undoing(usize),
    /// Only the end is to be recorded.
    Finished,
    /// Over.
    Ended,
}

/// What to do next, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Append this step's intent.
    RecordIntent(usize),
    /// Check, act, verify; then append the outcome.
    Perform {
        /// The step.
        step: usize,
        /// When an attempt may have acted that nobody knows the outcome of; nothing when this is the first.
        unsure_since: Option<Timestamp>,
    },
    /// Append this step's undo intent.
    RecordUndoIntent(usize),
    /// Undo, looking first; then append the outcome.
    Undo {
        /// The step.
        step: usize,
    },
    /// Append the end.
    RecordEnd(RunStatus),
    /// Nothing: the run is over.
    Nothing,
}

/// An event that the table of transitions does not know at this stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal of run {run}: {event} is not legal at {stage:?}")]
pub struct IllegalEvent {
    /// The run.
    pub run: RunId,
    /// The event's name.
    pub event: &'static str,
    /// Where the run stood.
    pub stage: Stage,
}

/// Why a run is being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed; nothing for a cancel between steps.
    pub problem: Option<Problem>,
    /// What happens to what was made.
    pub then: AfterFailure,
}

/// What is known of one step beside its public state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct StepRecord {
    intent_at: Option<Timestamp>,
    is_done: bool,
    failed_undo: Option<Problem>,
}

/// The state of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMachine {
    run: Run,
    origin: String,
    stage: Stage,
    facts: Facts,
    steps: Vec<StepRecord>,
    hand_back: Option<usize>,
    failure: Option<Failure>,
}

impl RunMachine {
    /// The state after `RunStarted`; any other first event is illegal.
    pub fn begin(event: JournalEvent) -> Result<Self, IllegalEvent> {
        let name = event.name();
        let JournalEvent::RunStarted { run, origin, hand_back } = event else {
            return Err(IllegalEvent { run: RunId(String::new()), event: name, stage: Stage::Ended });
        };
        let steps = vec![StepRecord::default(); run.steps.len()];
        let stage = if steps.is_empty() { Stage::Finished } else { Stage::Ready(0) };
        Ok(Self { run: *run, origin, stage, facts: Facts::default(), steps, hand_back, failure: None })
    }

    /// The state that a journal leads to; what to do then is [`Self::resume`].
    pub fn replay(events: impl IntoIterator<Item = JournalEvent>) -> Result<Option<Self>, IllegalEvent> {
        let mut machine: Option<Self> = None;
        for event in events {
            machine = Some(match machine {
                None => Self::begin(event)?,
                Some(before) => before.apply(event)?.0,
            });
        }
        Ok(machine)
    }

    /// Applies one event: the next state and what to do in it.
    pub fn apply(mut self, event: JournalEvent) -> Result<(Self, Effect), IllegalEvent> {
        let is_first_act = matches!(event, JournalEvent::StepIntent { .. });
        match (self.stage, event) {
            (Stage::Ready(next), JournalEvent::StepIntent { step, at }) if next == step => {
                self.intend(step, at);
            }
            (Stage::Acting(open), JournalEvent::StepOutcome { step, at, attempts, outcome })
                if open == step && (outcome != StepOutcome::Canceled || self.run.is_cancel_requested) =>
            {
                self.run.steps[step].attempts = attempts;
                self.conclude(step, at, outcome);
            }
            (Stage::Rewinding(next), JournalEvent::UndoIntent { step, .. }) if next == step => {
                self.stage = Stage::Undoing(step);
            }
            (Stage::Undoing(open), JournalEvent::UndoOutcome { step, at, outcome }) if open == step => {
                self.conclude_undo(step, at, outcome);
            }
            (stage, JournalEvent::CancelRequested { .. }) if stage != Stage::Ended => self.cancel(),
            (Stage::Finished, JournalEvent::RunEnded { at, status }) if status == self.end_status() => {
                self.end(at, status);
            }
            (stage, event) => {
                return Err(IllegalEvent { run: self.run.id, event: event.name(), stage });
            }
        }
        let effect = match self.resume() {
            Effect::Perform { step, .. } if is_first_act => Effect::Perform { step, unsure_since: None },
            effect => effect,
        };
        Ok((self, effect))
    }

    /// What to do in this state when nobody knows what happened after its last event (after a start of the engine).
    #[must_use]
    pub fn resume(&self) -> Effect {
        match self.stage {
            Stage::Ready(step) => Effect::RecordIntent(step),
            Stage::Acting(step) => Effect::Perform { step, unsure_since: self.steps[step].intent_at },
            Stage::Rewinding(step) => Effect::RecordUndoIntent(step),
            Stage::Undoing(step) => Effect::Undo { step },
            Stage::Finished => Effect::RecordEnd(self.end_status()),
            Stage::Ended => Effect::Nothing,
        }
    }

    /// The run as screens see it.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// From where the run was approved.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the steps so far found out or made.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where the run stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why the run is being undone, if it is.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// When a step's intent was made durable.
    #[must_use]
    pub fn intent_at(&self, step: usize) -> Option<Timestamp> {
        self.steps.get(step).and_then(|record| record.intent_at)
    }

    /// The undos that failed so far: the step's title and why.
    pub fn failed_undos(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.run.steps.iter().zip(&self.steps).filter_map(|(step, record)| {
            record.failed_undo.as_ref().map(|problem| (step.title.as_str(), problem))
        })
    }

    fn intend(&mut self, step: usize, at: Timestamp) {
        self.steps[step].intent_at = Some(at);
        let state = &mut self.run.steps[step];
        state.status = StepStatus::Acting;
        state.started_at = Some(at);
        self.stage = Stage::Acting(step);
    }

    fn conclude(&mut self, step: usize, at: Timestamp, outcome: StepOutcome) {
        let state = &mut self.run.steps[step];
        state.ended_at = Some(at);
        match outcome {
            StepOutcome::Done { facts, detail, result } => {
                state.status = StepStatus::Done;
                state.detail = detail;
                self.steps[step].is_done = true;
                self.facts.merge(&facts);
                self.run.result = result.or(self.run.result.take());
                self.advance_from(step);
            }
            StepOutcome::Failed { problem, then } => {
                state.status = StepStatus::Failed;
                state.detail = problem.to_string();
                self.failure = Some(Failure { problem: Some(problem), then });
                self.rewind_below(self.steps.len());
            }
            StepOutcome::Canceled => {
                state.status = StepStatus::Failed;
                "canceled".clone_into(&mut state.detail);
                self.begin_cancel();
            }
        }
    }

    /// After a done step: the next one, the end, or back when a cancel waits. A cancel during the last step came too late.
    fn advance_from(&mut self, step: usize) {
        let next = step + 1;
        if next == self.steps.len() {
            self.stage = Stage::Finished;
        } else if self.run.is_cancel_requested {
            self.begin_cancel();
        } else {
            self.stage = Stage::Ready(next);
        }
    }

    fn cancel(&mut self) {
        self.run.is_cancel_requested = true;
        if matches!(self.stage, Stage::Ready(_)) {
            self.begin_cancel();
        }
    }

    fn begin_cancel(&mut self) {
        self.failure = Some(Failure { problem: None, then: AfterFailure::Undo });
        self.rewind_below(self.steps.len());
    }

    /// Goes on with the undo of the nearest step before `limit` that may have happened.
    fn rewind_below(&mut self, limit: usize) {
        self.run.status = RunStatus::Undoing;
        let keeps = self.failure.as_ref().is_some_and(|failure| failure.then == AfterFailure::Keep);
        let next = (0..limit)
            .rev()
            .find(|step| self.steps[*step].intent_at.is_some() && (!keeps || self.hand_back == Some(*step)));
        self.stage = next.map_or(Stage::Finished, Stage::Rewinding);
    }

    fn conclude_undo(&mut self, step: usize, at: Timestamp, outcome: UndoOutcome) {
        let was_done = self.steps[step].is_done;
        let state = &mut self.run.steps[step];
        state.ended_at = Some(at);
        match outcome {
            UndoOutcome::Undone { detail, facts } => {
                self.facts.merge(&facts);
                // A step that failed by itself keeps saying so.
                if was_done {
                    state.status = StepStatus::Undone;
                    state.detail = detail;
                }
            }
            UndoOutcome::Failed { problem } => {
                state.status = StepStatus::UndoFailed;
                state.detail = problem.to_string();
                self.steps[step].failed_undo = Some(problem);
            }
        }
        self.rewind_below(step);
    }

    /// How the run ends when nothing is left to do.
    fn end_status(&self) -> RunStatus {
        let Some(failure) = &self.failure else {
            return RunStatus::Succeeded;
        };
        if failure.then == AfterFailure::Keep || self.steps.iter().any(|step| step.failed_undo.is_some()) {
            RunStatus::NeedsOperator
        } else if self.run.is_cancel_requested {
            RunStatus::Canceled
        } else {
            RunStatus::Failed
        }
    }

    fn end(&mut self, at: Timestamp, status: RunStatus) {
        self.stage = Stage::Ended;
        self.run.status = status;
        self.run.ended_at = Some(at);
        self.run.problem = self.final_problem();
        if status != RunStatus::Succeeded {
            self.run.result = None;
        }
        for state in &mut self.run.steps {
            if state.status == StepStatus::Waiting {
                state.status = StepStatus::Skipped;
            }
        }
    }

    /// The failure with what failed undos leave to be done by hand.
    fn final_problem(&self) -> Option<Problem> {
        let failure = self.failure.as_ref()?;
        let by_hand: Vec<String> = self
            .failed_undos()
            .map(|(title, problem)| format!("undo of '{title}' failed: {problem}"))
            .collect();
        let mut problem = match (&failure.problem, by_hand.is_empty()) {
            (Some(problem), _) => problem.clone(),
            (None, true) => return None,
            (None, false) => Problem {
                kind: ProblemKind::Refused,
                fault: Fault::Provider,
                retry: Retry::Never,
                effect: Possible::Possible,
                message: "canceled, but not everything could be undone".to_owned(),
                advice: String::new(),
            },
        };
        if !by_hand.is_empty() {
            problem.effect = Possible::Possible;
            problem.advice = by_hand.join("; ");
        }
        Some(problem)
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
