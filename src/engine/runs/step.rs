//! One step of a run: look whether it already happened, act, verify, undo.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::engine::observation::Observation;
use crate::engine::shared::SharedFleet;
use crate::model::action::{
    CreditServerParameters, MatchParameters, Parameters, ProvisionParameters, RentedParameters,
    ServerParameters,
};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::run::Run;
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;

use super::events::{AfterFailure, Facts};
use super::services::Services;

/// What a step found done, or did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// For later steps and undo.
    pub facts: Facts,
    /// For people.
    pub detail: String,
    /// What the run made, for copying.
    pub result: Option<String>,
}

impl Made {
    /// Nothing but a sentence.
    #[must_use]
    pub fn saying(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::default() }
    }
}

/// Why a step did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFailure {
    /// It failed; the problem says whether to try again.
    Failed {
        /// Why.
        problem: Problem,
        /// What happens to what was made before.
        then: AfterFailure,
    },
    /// A cancel ended its waiting.
    Canceled,
    /// The engine goes away; nothing is recorded and the next start resumes here.
    ShuttingDown,
}

impl From<Problem> for StepFailure {
    fn from(problem: Problem) -> Self {
        Self::Failed { problem, then: AfterFailure::Undo }
    }
}

impl StepFailure {
    /// A failure after which what was made stays for an operator or a later run.
    #[must_use]
    pub fn keeping(problem: Problem) -> Self {
        Self::Failed { problem, then: AfterFailure::Keep }
    }

    /// The state of the world forbids the step; trying again changes nothing.
    #[must_use]
    pub fn conflict(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Problem {
            kind: ProblemKind::Conflict,
            fault: Fault::Request,
            retry: Retry::Never,
            effect: Effect::None,
            message: message.into(),
            advice: advice.into(),
        }
        .into()
    }
}

/// One step of an action. Every future may be dropped at any await: the next attempt looks first.
pub trait Step: Send + Sync {
    /// Finds out whether the step already happened; nothing means that acting is right.
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>>;

    /// Does it.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>>;

    /// Confirms what was found or done by looking again.
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, made: Made) -> BoxFuture<'a, Result<Made, StepFailure>> {
        let _ = scene;
        Box::pin(std::future::ready(Ok(made)))
    }

    /// Takes it back, looking first; says what was taken back.
    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        let _ = scene;
        Box::pin(std::future::ready(Ok("nothing to undo".to_owned())))
    }

    /// As [`Step::undo`], for a step whose undo finds out what has to be remembered.
    fn take_back<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move { self.undo(scene).await.map(Made::saying) })
    }
}

/// What a run is told to do beside its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orders {
    /// An operator asked to stop and undo.
    pub is_canceled: bool,
    /// The engine goes away.
    pub is_shutting_down: bool,
}

/// Why a run is being undone, for the step that hands its target back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoReason {
    /// What failed; nothing for a cancel.
    pub problem: Option<Problem>,
    /// Whether everything else was undone: nothing is left of the attempt.
    pub is_clean: bool,
}

/// Why a node is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Avoid {
    /// It has no room any more.
    Full,
    /// Its daemon failed: only when no other node fits.
    DaemonFailed,
}

/// What attempts of one step learned, until the step ends or the engine does.
#[derive(Debug, Default)]
pub struct Learned {
    nodes: Mutex<BTreeMap<i64, Avoid>>,
    allocations: Mutex<BTreeSet<i64>>,
    sent_at: Mutex<Option<Timestamp>>,
}

impl Learned {
    /// Notes a node to avoid.
    pub fn avoid_node(&self, node: i64, why: Avoid) {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).insert(node, why);
    }

    /// Nodes to avoid.
    pub fn avoided_nodes(&self) -> BTreeMap<i64, Avoid> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that something was sent whose answer was lost.
    pub fn note_sent(&self, at: Timestamp) {
        *self.sent_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When something was sent last whose answer was lost.
    pub fn sent_at(&self) -> Option<Timestamp> {
        *self.sent_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an allocation that was lost to another.
    pub fn avoid_allocation(&self, allocation: i64) {
        self.allocations.lock().unwrap_or_else(PoisonError::into_inner).insert(allocation);
    }

    /// Whether an allocation was lost to another.
    pub fn avoids_allocation(&self, allocation: i64) -> bool {
        self.allocations.lock().unwrap_or_else(PoisonError::into_inner).contains(&allocation)
    }
}

/// A run's public face: what screens see of it between two journal events.
pub struct Progress {
    view: Mutex<Run>,
    fleet: Arc<SharedFleet>,
}

impl Progress {
    /// Shows a run.
    #[must_use]
    pub fn new(run: Run, fleet: Arc<SharedFleet>) -> Self {
        let progress = Self { view: Mutex::new(run.clone()), fleet };
        progress.show(run);
        progress
    }

    /// Shows the run as the journal has it now.
    pub fn show(&self, run: Run) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = run.clone();
        self.fleet.observe(Observation::Run(Box::new(run)));
    }

    /// Changes what is shown of one step until the next journal event.
    fn touch(&self, step: usize, change: impl FnOnce(&mut crate::model::run::StepState)) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = view.steps.get_mut(step) else { return };
        change(state);
        let run = view.clone();
        drop(view);
        self.fleet.observe(Observation::Run(Box::new(run)));
    }

    /// Says what a step does or waits for now.
    pub fn say(&self, step: usize, detail: &str) {
        let detail = sanitise(detail);
        self.touch(step, |state| {
            if state.detail != detail {
                state.detail = detail;
            }
        });
    }

    /// Shows how many attempts a step has made.
    pub fn count_attempt(&self, step: usize, attempts: u32) {
        self.touch(step, |state| state.attempts = attempts);
    }

    /// The run as it is shown.
    #[must_use]
    pub fn view(&self) -> Run {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Everything one attempt of a step sees.
pub struct Scene<'a> {
    /// Providers, policy, clock.
    pub services: &'a Services,
    /// The run with its plan.
    pub run: &'a Run,
    /// The step's place.
    pub step: usize,
    /// What earlier steps found out or made.
    pub facts: &'a Facts,
    /// When the step's intent was recorded: deadlines count from here, also over restarts.
    pub intent_at: Timestamp,
    /// Since when an effect of an earlier attempt may still show up; nothing when there is none.
    pub unsure_since: Option<Timestamp>,
    /// What earlier attempts learned.
    pub learned: &'a Learned,
    /// Why the run is undone; only meaningful in an undo.
    pub reason: UndoReason,
    /// Where to say what is waited for.
    pub progress: &'a Progress,
    /// Cancel and shutdown.
    pub orders: watch::Receiver<Orders>,
    /// Whether a cancel ends waiting: true going forward, false in an undo.
    pub heeds_cancel: bool,
}

impl Scene<'_> {
    /// What a provisioning run creates.
    pub fn provision(&self) -> Result<&ProvisionParameters, Problem> {
        match &self.run.plan.parameters {
            Parameters::Provision(parameters) => Ok(parameters),
            _ => Err(wrong_parameters(self.run)),
        }
    }

    /// What a run on an existing server works on.
    pub fn server(&self) -> Result<&ServerParameters, Problem> {
        match &self.run.plan.parameters {
            Parameters::Server(parameters) => Ok(parameters),
            _ => Err(wrong_parameters(self.run)),
        }
    }

    /// What a run on a server that burns credits works on.
    pub fn credit_server(&self) -> Result<&CreditServerParameters, Problem> {
        match &self.run.plan.parameters {
            Parameters::CreditServer(parameters) => Ok(parameters),
            _ => Err(wrong_parameters(self.run)),
        }
    }

    /// What a match run works on.
    pub fn match_plan(&self) -> Result<&MatchParameters, Problem> {
        match &self.run.plan.parameters {
            Parameters::Match(parameters) => Ok(parameters),
            _ => Err(wrong_parameters(self.run)),
        }
    }

    /// What a run on one rented server works on.
    pub fn rented(&self) -> Result<&RentedParameters, Problem> {
        match &self.run.plan.parameters {
            Parameters::Rented(parameters) => Ok(parameters),
            _ => Err(wrong_parameters(self.run)),
        }
    }

    /// Says what the step does or waits for now.
    pub fn say(&self, detail: &str) {
        self.progress.say(self.step, detail);
    }

    /// Says what the step waits for, and since when.
    pub fn say_waiting(&self, what: &str, since: Timestamp) {
        self.say(&format!("waiting for {what} since {}", time_of_day(since)));
    }

    /// Waits; a cancel (going forward) or a shutdown ends it with a failure.
    pub async fn wait(&self, millis: u64) -> Result<(), StepFailure> {
        self.wait_or(millis, std::future::pending()).await
    }

    /// As [`Self::wait`], ending early when `hint` is done.
    pub async fn wait_or(&self, millis: u64, hint: impl Future<Output = ()>) -> Result<(), StepFailure> {
        self.pause(millis, self.heeds_cancel, hint).await
    }

    /// Waits where a cancel changes nothing any more; only a shutdown ends it.
    pub async fn wait_through(&self, millis: u64) -> Result<(), StepFailure> {
        self.pause(millis, false, std::future::pending()).await
    }

    async fn pause(
        &self,
        millis: u64,
        heeds_cancel: bool,
        hint: impl Future<Output = ()>,
    ) -> Result<(), StepFailure> {
        let mut orders = self.orders.clone();
        let interrupted =
            orders.wait_for(|orders| orders.is_shutting_down || (heeds_cancel && orders.is_canceled));
        let pause = tokio::time::sleep(std::time::Duration::from_millis(millis));
        tokio::select! {
            biased;
            orders = interrupted => match orders {
                Ok(orders) if !orders.is_shutting_down => Err(StepFailure::Canceled),
                _ => Err(StepFailure::ShuttingDown),
            },
            () = hint => Ok(()),
            () = pause => Ok(()),
        }
    }

    /// Milliseconds since the step's intent.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        self.services.now().millis_since(self.intent_at)
    }
}

/// The moment of the day in UTC, for "since when".
#[must_use]
pub fn time_of_day(at: Timestamp) -> String {
    at.to_datetime().format("%H:%M:%S UTC").to_string()
}

fn wrong_parameters(run: &Run) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("run {} has parameters of another action", run.id),
        advice: "plan the action again".to_owned(),
    }
}
