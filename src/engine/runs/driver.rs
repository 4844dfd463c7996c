//! Drives one run: the only writer of its journal. Effects of the machine go out, events come back in.
//!
//! Must not: act when an append failed; two drivers never share a run.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::ids::{OperatorName, RunId};
use crate::model::problem::{Effect as Possible, Fault, Problem, ProblemKind, Retry};
use crate::model::request::AuditEntry;
use crate::model::run::{Run, RunStatus};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;

use super::attempts::{perform, perform_undo};
use super::events::{AfterFailure, JournalEvent, StepOutcome, UndoOutcome};
use super::machine::{Effect, RunMachine};
use super::services::Services;
use super::step::{Learned, Made, Orders, Progress, Scene, Step, StepFailure, UndoReason};

/// An operator's wish to cancel; answered once it is in the journal.
pub struct CancelWish {
    /// Who.
    pub by: OperatorName,
    /// Told once the wish is durable, or why it is not.
    pub done: oneshot::Sender<Result<(), Problem>>,
}

/// Wishes that may wait; more callers wait for room.
pub const CANCEL_QUEUE: usize = 4;

/// Why a driver stopped before its run ended.
enum Stopped {
    /// The engine goes away, or the journal failed: the next start resumes.
    Abandoned,
}

/// One run being carried out.
pub struct Driver {
    /// What steps work with.
    pub services: Arc<Services>,
    /// The run's state; nothing only while an event is being applied.
    pub machine: RunMachine,
    /// The action's steps.
    pub steps: Vec<Box<dyn Step>>,
    /// The public face.
    pub progress: Arc<Progress>,
    /// Cancel wishes.
    pub cancels: mpsc::Receiver<CancelWish>,
    /// Cancel and shutdown, as steps see them.
    pub orders: watch::Sender<Orders>,
    /// Called once when the run has ended, before anybody sees it: its target is free then.
    pub on_end: Box<dyn Fn(&RunId) + Send + Sync>,
}

impl Driver {
    /// Carries the run out to its end, or until it stands still (the journal failed, or the engine goes away); its target
    /// stays locked then. `first` is what to do now.
    pub async fn drive(mut self, first: Effect) {
        let mut effect = first;
        // After a start nobody knows what the last process did up to its end.
        let mut unsure_since = match effect {
            Effect::Perform { unsure_since: Some(_), .. } | Effect::Undo { .. } => Some(self.services.now()),
            _ => None,
        };
        while effect != Effect::Nothing {
            match self.carry_out(effect, &mut unsure_since).await {
                Ok(next) => effect = next,
                Err(Stopped::Abandoned) => return,
            }
        }
    }

    /// Does what one effect says and records what came of it.
    async fn carry_out(
        &mut self,
        effect: Effect,
        unsure_since: &mut Option<Timestamp>,
    ) -> Result<Effect, Stopped> {
        if self.orders.borrow().is_shutting_down {
            return Err(Stopped::Abandoned);
        }
        if let Ok(wish) = self.cancels.try_recv() {
            return self.record_cancel(wish).await;
        }
        let at = self.services.now();
        match effect {
            Effect::RecordIntent(step) => {
                *unsure_since = None;
                self.record(JournalEvent::StepIntent { step, at }).await
            }
            Effect::Perform { step, .. } => self.perform_step(step, unsure_since).await,
            Effect::RecordUndoIntent(step) => self.record(JournalEvent::UndoIntent { step, at }).await,
            Effect::Undo { step } => self.undo_step(step, *unsure_since).await,
            Effect::RecordEnd(status) => self.finish(status, at).await,
            Effect::Nothing => Ok(Effect::Nothing),
        }
    }

    async fn perform_step(
        &mut self,
        step: usize,
        unsure_since: &mut Option<Timestamp>,
    ) -> Result<Effect, Stopped> {
        let learned = Learned::default();
        let facts = self.machine.facts().clone();
        let run = self.machine.run().clone();
        let services = Arc::clone(&self.services);
        let progress = Arc::clone(&self.progress);
        let mut scene = Scene {
            services: &services,
            run: &run,
            step,
            facts: &facts,
            intent_at: self.machine.intent_at(step).unwrap_or(run.started_at),
            unsure_since: *unsure_since,
            learned: &learned,
            reason: UndoReason::default(),
            progress: &progress,
            orders: self.orders.subscribe(),
            heeds_cancel: true,
        };
        let steps = std::mem::take(&mut self.steps);
        let outcome = match steps.get(step) {
            Some(definition) => {
                let performing: BoxFuture<'_, _> = Box::pin(perform(definition.as_ref(), &mut scene));
                self.listening(performing).await
            }
            None => Err(Stopped::Abandoned),
        };
        *unsure_since = scene.unsure_since;
        self.steps = steps;
        let (attempts, outcome) = outcome?;
        let outcome = match outcome {
            Ok(made) => done(made),
            Err(StepFailure::Failed { problem, then }) => StepOutcome::Failed { problem, then },
            Err(StepFailure::Canceled) => StepOutcome::Canceled,
            Err(StepFailure::ShuttingDown) => return Err(Stopped::Abandoned),
        };
        let at = self.services.now();
        self.record(JournalEvent::StepOutcome { step, at, attempts, outcome }).await
    }

    async fn undo_step(&mut self, step: usize, unsure_since: Option<Timestamp>) -> Result<Effect, Stopped> {
        let learned = Learned::default();
        let facts = self.machine.facts().clone();
        let run = self.machine.run().clone();
        let services = Arc::clone(&self.services);
        let progress = Arc::clone(&self.progress);
        let failure = self.machine.failure();
        let keeps = failure.is_some_and(|failure| failure.then == AfterFailure::Keep);
        let reason = UndoReason {
            problem: failure.and_then(|failure| failure.problem.clone()),
            is_clean: !keeps && self.machine.failed_undos().next().is_none(),
        };
        let mut scene = Scene {
            services: &services,
            run: &run,
            step,
            facts: &facts,
            intent_at: self.machine.intent_at(step).unwrap_or(run.started_at),
            unsure_since,
            learned: &learned,
            reason,
            progress: &progress,
            orders: self.orders.subscribe(),
            heeds_cancel: false,
        };
        let steps = std::mem::take(&mut self.steps);
        let outcome = match steps.get(step) {
            Some(definition) => {
                let undoing: BoxFuture<'_, _> = Box::pin(perform_undo(definition.as_ref(), &mut scene));
                self.listening(undoing).await
            }
            None => Err(Stopped::Abandoned),
        };
        self.steps = steps;
        let outcome = match outcome? {
            Ok(made) => UndoOutcome::Undone { detail: sanitise(&made.detail), facts: Box::new(made.facts) },
            Err(StepFailure::Failed { problem, .. }) => UndoOutcome::Failed { problem },
            // An undo heeds no cancel.
            Err(StepFailure::Canceled | StepFailure::ShuttingDown) => return Err(Stopped::Abandoned),
        };
        let at = self.services.now();
        self.record(JournalEvent::UndoOutcome { step, at, outcome }).await
    }

    /// Waits for a step while cancel wishes go into the journal as they come.
    async fn listening<T>(&mut self, mut work: BoxFuture<'_, T>) -> Result<T, Stopped> {
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => return Ok(outcome),
                Some(wish) = self.cancels.recv() => {
                    self.record_cancel(wish).await?;
                }
            }
        }
    }

    async fn record_cancel(&mut self, wish: CancelWish) -> Result<Effect, Stopped> {
        let by = wish.by.clone();
        let recorded = self.record(JournalEvent::CancelRequested { at: self.services.now(), by }).await;
        let answer = match &recorded {
            Ok(_) => Ok(()),
            Err(Stopped::Abandoned) => {
                Err(Problem::storage("the cancel could not be written to the journal"))
            }
        };
        self.orders.send_modify(|orders| orders.is_canceled = answer.is_ok());
        // A caller that went away does not mind.
        drop(wish.done.send(answer));
        recorded
    }

    /// Appends an event and applies it. When appending fails nothing acts any more.
    async fn record(&mut self, event: JournalEvent) -> Result<Effect, Stopped> {
        let run = self.machine.run().id.clone();
        if let Err(problem) = self.services.log.append_event(&run, &event).await {
            self.stop_for_journal(&problem);
            return Err(Stopped::Abandoned);
        }
        match self.machine.clone().apply(event) {
            Ok((machine, effect)) => {
                self.machine = machine;
                self.services.matches.show(self.machine.run(), &self.machine.facts().of_match);
                if effect == Effect::Nothing {
                    let run = &self.machine.run().id;
                    self.services.note_ended(run.clone());
                    (self.on_end)(run);
                }
                self.progress.show(self.machine.run().clone());
                Ok(effect)
            }
            Err(illegal) => {
                tracing::error!(%illegal, "a run stopped: its journal and its driver disagree");
                self.stop_for_journal(&Problem::storage(illegal.to_string()));
                Err(Stopped::Abandoned)
            }
        }
    }

    /// Shows that the run stands still because its journal cannot be written; the next start resumes it.
    fn stop_for_journal(&self, problem: &Problem) {
        let mut run = self.machine.run().clone();
        run.status = RunStatus::NeedsOperator;
        run.problem = Some(Problem {
            kind: ProblemKind::Storage,
            fault: Fault::Internal,
            retry: Retry::Never,
            effect: Possible::Possible,
            message: format!(
                "the journal could not be written, so nothing more was done: {}",
                problem.message
            ),
            advice: "free the disk of the data folder and restart the engine: the run then goes on by itself"
                .to_owned(),
        });
        self.progress.show(run);
    }

    async fn finish(&mut self, status: RunStatus, at: Timestamp) -> Result<Effect, Stopped> {
        let effect = self.record(JournalEvent::RunEnded { at, status }).await?;
        let run = self.machine.run();
        let entry = audit_of(run, self.machine.origin(), at, outcome_words(run));
        if let Err(problem) = self.services.log.append_audit(&entry).await {
            tracing::error!(%problem, run = %run.id, "the end of a run is not in the audit log");
        }
        Ok(effect)
    }
}

fn done(made: Made) -> StepOutcome {
    StepOutcome::Done {
        facts: Box::new(made.facts),
        detail: sanitise(&made.detail),
        result: made.result.as_deref().map(sanitise),
    }
}

/// How a run ended, in the audit log's words.
fn outcome_words(run: &Run) -> String {
    match &run.problem {
        Some(problem) => format!("{}: {problem}", run.status.word()),
        None => run.status.word().to_owned(),
    }
}

/// The audit entry of a run.
#[must_use]
pub fn audit_of(run: &Run, origin: &str, at: Timestamp, outcome: String) -> AuditEntry {
    AuditEntry {
        at,
        by: run.by.clone(),
        origin: origin.to_owned(),
        action: run.plan.request.name().to_owned(),
        target: run.plan.request.target(),
        run: Some(run.id.clone()),
        outcome,
    }
}
