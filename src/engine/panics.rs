//! Where a panic of one piece of work becomes a failure of that piece, so that nobody waits for it for ever.
//!
//! Must not: repeat a panic's words: they may quote anything. They go to the log of the process only.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// Waits for `work`; a panic in it is a problem that says `what` failed.
///
/// # Errors
/// `Unavailable`: it panicked, and may have taken effect.
pub async fn caught<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Problem> {
    // What it may leave half changed is its own: the fleet's lock does not mind, and the store guards itself.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: format!("{what} failed inside Quarterdeck (a panic)"),
        advice: "the engine's log tells the place; please report it".to_owned(),
    })
}
