//! Errors that answer: whose fault, may it be retried, did it take effect, what should the operator do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who has to do something about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Our configuration: a wrong key, address or mapping.
    Configuration,
    /// What the operator asked for cannot be done.
    Request,
    /// The provider answered wrongly or not at all.
    Provider,
    /// The way to the provider: DNS, TLS, connection, proxy.
    Network,
    /// Quarterdeck itself, or its disk.
    Internal,
}

/// Whether and when the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same call will fail the same way.
    Never,
    /// With the caller's own back-off.
    Backoff,
    /// Not before this many milliseconds (a 429's `Retry-After`).
    AfterMs(u64),
}

/// Whether the failed call may have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing happened: it was refused, or never sent.
    None,
    /// Unknown: the reply was lost. Look before repeating.
    Possible,
}

/// What kind of problem, for code that must react; text is for people only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// Not reached: refused, DNS, TLS, reset before an answer.
    Unreachable,
    /// No answer within the deadline.
    Timeout,
    /// The budget is used up.
    RateLimited,
    /// The key is missing, wrong or expired.
    Unauthenticated,
    /// The key may not do this.
    Forbidden,
    /// The thing does not exist (or is invisible to this key).
    NotFound,
    /// The thing's state forbids it now (installing, suspended, claimed by another run).
    Conflict,
    /// The provider refused the values sent.
    Invalid,
    /// No room: no free allocation, no viable node.
    NoCapacity,
    /// The daemon behind the panel failed.
    Daemon,
    /// A 5xx without a better word.
    ServerError,
    /// A body that is not what the protocol says.
    Malformed,
    /// A body over the cap; it was not read.
    TooLarge,
    /// Refused by a check of ours (read-only, wrong confirmation, failed precondition).
    Refused,
    /// The engine is going away or its queue is full.
    Unavailable,
    /// The disk or the store failed.
    Storage,
}

/// A failure, as it travels to runs, screens and exit codes. It never carries a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub struct Problem {
    /// What kind, for code.
    pub kind: ProblemKind,
    /// Whose fault.
    pub fault: Fault,
    /// May it be tried again.
    pub retry: Retry,
    /// May it have taken effect.
    pub effect: Effect,
    /// One sentence for a person: what failed, where.
    pub message: String,
    /// One sentence: what the operator should do. Empty when nothing is to be done.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " · {}", self.advice) }
    }
}

impl Problem {
    /// A refusal by one of our own checks: nothing was sent.
    #[must_use]
    pub fn refused(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Refused,
            fault: Fault::Request,
            retry: Retry::Never,
            effect: Effect::None,
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// A failure of our own disk or store.
    #[must_use]
    pub fn storage(message: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Storage,
            fault: Fault::Internal,
            retry: Retry::Never,
            effect: Effect::None,
            message: message.into(),
            advice: "check the disk of the data folder, then `quarterdeck store verify`".to_owned(),
        }
    }

    /// Something that is not there.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::NotFound,
            fault: Fault::Request,
            retry: Retry::Never,
            effect: Effect::None,
            message: message.into(),
            advice: String::new(),
        }
    }
}
