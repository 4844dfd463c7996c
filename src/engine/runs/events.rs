//! What the journal of a run says: events as data, in the order in which they were made durable.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::ids::OperatorName;
use crate::model::matches::{MatchEnd, MatchReading};
use crate::model::problem::Problem;
use crate::model::run::{Run, RunStatus};
use crate::model::time::Timestamp;

/// What steps found out or made, for later steps, for undo and for the end's report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The panel user of the customer.
    pub panel_user_id: Option<i64>,
    /// Whether this run created that user.
    pub was_panel_user_created: Option<bool>,
    /// The node finally chosen.
    pub node_id: Option<i64>,
    /// The allocation to ask for.
    pub allocation_id: Option<i64>,
    /// Whether a server with the order's id stood there before this run created one: then it is adopted, never deleted.
    pub was_server_found: Option<bool>,
    /// The panel's numeric id of the server.
    pub server_id: Option<i64>,
    /// The panel's 36-character id.
    pub uuid: Option<String>,
    /// The panel's short id.
    pub identifier: Option<String>,
    /// `ip:port`.
    pub address: Option<String>,
    /// When a power signal was sent.
    pub signalled_at: Option<Timestamp>,
    /// How long the process had been up just before the signal.
    pub uptime_before_ms: Option<u64>,
    /// What a match run found out or made.
    #[serde(rename = "match")]
    pub of_match: MatchFacts,
}

/// What the steps of a match run found out or made. No secret is among it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchFacts {
    /// The rented server, by the provider's id.
    pub server: Option<String>,
    /// When it was rented.
    pub rented_at: Option<Timestamp>,
    /// Where it stands.
    pub location: Option<String>,
    /// What it costs per hour.
    pub price_per_hour: Option<Decimal>,
    /// Whether its settings are made: from then on its deletion protection is nobody's but a person's.
    pub is_set_up: Option<bool>,
    /// Where players connect.
    pub address: Option<String>,
    /// The provider's id of the match.
    pub provider_match: Option<String>,
    /// When the match was asked for, which switches the server on.
    pub match_created_at: Option<Timestamp>,
    /// The last reading of the match.
    pub reading: Option<Box<MatchReading>>,
    /// How it ended.
    pub end: Option<MatchEnd>,
    /// When that was seen.
    pub ended_at: Option<Timestamp>,
    /// Where the recording was saved.
    pub demo_file: Option<String>,
    /// When the server was seen to be off, so that it bills no more.
    pub off_at: Option<Timestamp>,
    /// What it cost, by the provider's own word.
    pub cost: Option<Decimal>,
    /// When the server was verified gone.
    pub gone_at: Option<Timestamp>,
}

/// Takes a newer value over where there is one.
fn take<T: Clone>(slot: &mut Option<T>, newer: Option<&T>) {
    if let Some(value) = newer {
        *slot = Some(value.clone());
    }
}

impl MatchFacts {
    fn merge(&mut self, newer: &Self) {
        take(&mut self.server, newer.server.as_ref());
        take(&mut self.rented_at, newer.rented_at.as_ref());
        take(&mut self.location, newer.location.as_ref());
        take(&mut self.price_per_hour, newer.price_per_hour.as_ref());
        take(&mut self.is_set_up, newer.is_set_up.as_ref());
        take(&mut self.address, newer.address.as_ref());
        take(&mut self.provider_match, newer.provider_match.as_ref());
        take(&mut self.match_created_at, newer.match_created_at.as_ref());
        take(&mut self.reading, newer.reading.as_ref());
        take(&mut self.end, newer.end.as_ref());
        take(&mut self.ended_at, newer.ended_at.as_ref());
        take(&mut self.demo_file, newer.demo_file.as_ref());
        take(&mut self.off_at, newer.off_at.as_ref());
        take(&mut self.cost, newer.cost.as_ref());
        take(&mut self.gone_at, newer.gone_at.as_ref());
    }
}

impl Facts {
    /// Takes over everything that `newer` knows.
    pub fn merge(&mut self, newer: &Self) {
        take(&mut self.panel_user_id, newer.panel_user_id.as_ref());
        take(&mut self.was_panel_user_created, newer.was_panel_user_created.as_ref());
        take(&mut self.node_id, newer.node_id.as_ref());
        take(&mut self.allocation_id, newer.allocation_id.as_ref());
        take(&mut self.was_server_found, newer.was_server_found.as_ref());
        take(&mut self.server_id, newer.server_id.as_ref());
        take(&mut self.uuid, newer.uuid.as_ref());
        take(&mut self.identifier, newer.identifier.as_ref());
        take(&mut self.address, newer.address.as_ref());
        take(&mut self.signalled_at, newer.signalled_at.as_ref());
        take(&mut self.uptime_before_ms, newer.uptime_before_ms.as_ref());
        self.of_match.merge(&newer.of_match);
    }
}

/// What a failed step means for what was done before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    /// Undo it.
    Undo,
    /// Keep it for an operator or a later run; only hand the target back.
    Keep,
}

/// How a step came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It happened (now or earlier) and was verified.
    Done {
        /// What it found out or made.
        facts: Box<Facts>,
        /// For people.
        detail: String,
        /// What the run made so far, for copying.
        result: Option<String>,
    },
    /// It did not happen, or nobody can say.
    Failed {
        /// Why.
        problem: Problem,
        /// What happens to the steps before it.
        then: AfterFailure,
    },
    /// It stopped waiting because the run is canceled; it may have happened in part.
    Canceled,
}

fn is_nothing(facts: &Facts) -> bool {
    *facts == Facts::default()
}

/// How an undo came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoOutcome {
    /// Nothing of the step is left.
    Undone {
        /// For people.
        detail: String,
        /// What the undo found out.
        #[serde(default, skip_serializing_if = "is_nothing")]
        facts: Box<Facts>,
    },
    /// Something may be left; the problem's advice says what to do by hand.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// One record of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalEvent {
    /// A plan was approved: the run with its plan, nothing done yet.
    RunStarted {
        /// The run.
        run: Box<Run>,
        /// From where it was approved: `console`, `cli`.
        origin: String,
        /// The step whose undo hands the target back even when everything else is kept.
        hand_back: Option<usize>,
    },
    /// A step is about to act.
    StepIntent {
        /// Which.
        step: usize,
        /// When.
        at: Timestamp,
    },
    /// A step ended.
    StepOutcome {
        /// Which.
        step: usize,
        /// When.
        at: Timestamp,
        /// Attempts made.
        attempts: u32,
        /// How.
        outcome: StepOutcome,
    },
    /// A step is about to be undone.
    UndoIntent {
        /// Which.
        step: usize,
        /// When.
        at: Timestamp,
    },
    /// A step was undone, or could not be.
    UndoOutcome {
        /// Which.
        step: usize,
        /// When.
        at: Timestamp,
        /// How.
        outcome: UndoOutcome,
    },
    /// An operator asked to stop and undo.
    CancelRequested {
        /// When.
        at: Timestamp,
        /// Who.
        by: OperatorName,
    },
    /// Nothing more will happen.
    RunEnded {
        /// When.
        at: Timestamp,
        /// How.
        status: RunStatus,
    },
}

impl JournalEvent {
    /// The event's name, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::StepIntent { .. } => "step_intent",
            Self::StepOutcome { .. } => "step_outcome",
            Self::UndoIntent { .. } => "undo_intent",
            Self::UndoOutcome { .. } => "undo_outcome",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::RunEnded { .. } => "run_ended",
        }
    }
}
