//! Runs: a plan being carried out, as screens and the journal see it.

use serde::{Deserialize, Serialize};

use super::action::ActionPlan;
use super::ids::{OperatorName, RunId};
use super::problem::Problem;
use super::time::Timestamp;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Going forward.
    Running,
    /// Undoing what was done, after a failure or a cancel.
    Undoing,
    /// Ended as planned.
    Succeeded,
    /// Ended with everything undone.
    Failed,
    /// Ended because the operator canceled; everything undone.
    Canceled,
    /// Stopped where only a person can go on.
    NeedsOperator,
}

impl RunStatus {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_ended(self) -> bool {
        !matches!(self, Self::Running | Self::Undoing)
    }

    /// The word for screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Undoing => "undoing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::NeedsOperator => "needs operator",
        }
    }
}

/// Where a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its turn has not come.
    Waiting,
    /// Looking whether it already happened, acting, or verifying.
    Acting,
    /// Happened and verified.
    Done,
    /// Did not happen.
    Failed,
    /// Happened and was undone.
    Undone,
    /// Its undo failed.
    UndoFailed,
    /// Not needed.
    Skipped,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// Stable name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Where it stands.
    pub status: StepStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What came of it, or what it waits for now.
    pub detail: String,
    /// Attempts made.
    pub attempts: u32,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The plan that was approved; what resumes after a crash.
    pub plan: ActionPlan,
    /// Who approved it.
    pub by: OperatorName,
    /// Where it stands.
    pub status: RunStatus,
    /// Its steps.
    pub steps: Vec<StepState>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed or needs an operator.
    pub problem: Option<Problem>,
    /// What it made, for copying: `203.0.113.10:25565`.
    pub result: Option<String>,
    /// Whether a cancel was asked for.
    pub is_cancel_requested: bool,
}

impl Run {
    /// The step that acts now, if any.
    #[must_use]
    pub fn acting(&self) -> Option<&StepState> {
        self.steps.iter().find(|step| step.status == StepStatus::Acting)
    }

    /// Steps done and steps in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let done = self
            .steps
            .iter()
            .filter(|step| matches!(step.status, StepStatus::Done | StepStatus::Skipped))
            .count();
        (done, self.steps.len())
    }
}
