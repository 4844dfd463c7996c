//! What runs: signals, commands, and the timer that stops an empty server.
//!
//! No signal is ever sent twice from here. When its answer is lost, the server is read once: what its state shows is told,
//! and where it shows nothing the problem says that the signal may have taken effect.

use serde_json::json;

use super::ExarotonClient;
use crate::model::credits::{CreditServerSignal, EXTENSION_S_MAX};
use crate::model::problem::{Effect, Problem};
use crate::providers::exaroton::endpoint::Endpoint;
use crate::providers::exaroton::types::Signalled;
use crate::providers::transport::{Payload, Priority};

/// The longest command.
const MAX_COMMAND_BYTES: usize = 3_000;

impl ExarotonClient {
    /// Sends a signal. Accepted is not done: watch the state, with a deadline and with crashes in mind (§8). `Conflict`: the
    /// state forbids it. With [`Effect::Possible`] the caller reads the server before it decides anything.
    pub async fn signal(&self, id: &str, signal: CreditServerSignal) -> Result<Signalled, Problem> {
        let (endpoint, body) = match signal {
            CreditServerSignal::Start { with_own_credits } => {
                (Endpoint::Start { id }, Some(json!({ "useOwnCredits": with_own_credits })))
            }
            CreditServerSignal::Stop => (Endpoint::Stop { id }, None),
            CreditServerSignal::Restart => (Endpoint::Restart { id }, None),
        };
        match self.tell(endpoint, body.map(Payload::Json)).await {
            Ok(false) => Ok(Signalled::Accepted),
            Ok(true) => Ok(Signalled::AlreadyUnderWay),
            Err(problem) if problem.effect == Effect::Possible => self.look(id, signal, problem).await,
            Err(problem) => Err(problem),
        }
    }

    /// Starts a server; see [`Self::signal`].
    pub async fn start(&self, id: &str, with_own_credits: bool) -> Result<Signalled, Problem> {
        self.signal(id, CreditServerSignal::Start { with_own_credits }).await
    }

    /// Stops a server; see [`Self::signal`].
    pub async fn stop(&self, id: &str) -> Result<Signalled, Problem> {
        self.signal(id, CreditServerSignal::Stop).await
    }

    /// Restarts a server; see [`Self::signal`].
    pub async fn restart(&self, id: &str) -> Result<Signalled, Problem> {
        self.signal(id, CreditServerSignal::Restart).await
    }

    /// After a lost answer: whether the server's state shows that the signal took effect.
    async fn look(&self, id: &str, signal: CreditServerSignal, lost: Problem) -> Result<Signalled, Problem> {
        match self.server(id, Priority::Run).await {
            Ok(server) if signal.is_seen_in(server.status) == Some(true) => {
                Ok(Signalled::Seen(Box::new(server)))
            }
            // Not seen yet is not the same as not done.
            _ => Err(lost),
        }
    }

    /// Sends a line to a running server's console; `Conflict` when it does not run.
    pub async fn command(&self, id: &str, line: &str) -> Result<(), Problem> {
        let line = checked_command(line)?;
        self.tell(Endpoint::Command { id }, Some(Payload::Json(json!({ "command": line })))).await.map(drop)
    }

    /// Puts off the moment at which an empty server is stopped, by 1 s to a day. `Effect::Possible` when the answer is lost:
    /// the API does not tell the timer, so repeating it may put it off twice.
    pub async fn extend_time(&self, id: &str, seconds: u32) -> Result<(), Problem> {
        if !(1..=EXTENSION_S_MAX).contains(&seconds) {
            return Err(Problem::refused("the auto-stop can be put off by 1 s to a day", ""));
        }
        let body = Payload::Json(json!({ "time": seconds }));
        self.tell(Endpoint::ExtendTime { id }, Some(body)).await.map(drop)
    }
}

/// One line that is not empty and not too long, without its end.
pub(in crate::providers::exaroton) fn checked_command(line: &str) -> Result<&str, Problem> {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Problem::refused("an empty command was not sent", ""));
    }
    if line.len() > MAX_COMMAND_BYTES || line.contains(['\r', '\n', '\0']) {
        return Err(Problem::refused("this command was not sent: it is too long or has several lines", ""));
    }
    Ok(line)
}
