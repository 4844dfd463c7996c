//! Exit codes, the same for every command.

use crate::model::problem::{Problem, ProblemKind};
use crate::model::run::RunStatus;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Refused by a check or by the operator, or what it is about does not exist.
    Refused = 3,
    /// A provider or the engine could not be reached.
    Unreachable = 4,
    /// A run stopped where only a person can go on.
    NeedsOperator = 5,
}

impl Exit {
    /// The code for `std::process::ExitCode`.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What a problem ends a command with.
    #[must_use]
    pub fn of_problem(problem: &Problem) -> Self {
        match problem.kind {
            ProblemKind::Unreachable | ProblemKind::Timeout | ProblemKind::Unavailable => Self::Unreachable,
            ProblemKind::Refused | ProblemKind::Conflict | ProblemKind::NotFound => Self::Refused,
            _ => Self::Failed,
        }
    }

    /// What an ended run ends a command with.
    #[must_use]
    pub fn of_run(status: RunStatus) -> Self {
        match status {
            RunStatus::Succeeded => Self::Done,
            RunStatus::NeedsOperator => Self::NeedsOperator,
            RunStatus::Running | RunStatus::Undoing | RunStatus::Failed | RunStatus::Canceled => Self::Failed,
        }
    }
}

/// The table of exit codes, for `--help` and the man page.
pub const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 wrong usage · 3 refused by a check, an alert holds (get alerts), or there is no such thing · 4 unreachable · 5 needs an operator";
