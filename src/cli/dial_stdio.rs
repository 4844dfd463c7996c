//! `quarterdeck dial-stdio`: the engine's socket on standard input and output, for `--host ssh://…`.
//!
//! Must not: print anything else to standard output; it carries the protocol.

use std::path::Path;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::engine::{EnginePaths, Launch, start_if_needed};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// Joins the standard streams and the engine's socket until either side ends; starts the engine when none answers.
///
/// # Errors
/// The engine cannot be started or reached, or the connection broke.
pub async fn dial_stdio(paths: &EnginePaths, launch: &Launch) -> Result<(), Problem> {
    start_if_needed(paths, launch).await?;
    let stream = UnixStream::connect(&paths.socket).await.map_err(|error| broken(&paths.socket, &error))?;
    let (mut from_engine, mut to_engine) = stream.into_split();
    let mut input = tokio::io::stdin();
    let mut output = tokio::io::stdout();
    let up = async {
        tokio::io::copy(&mut input, &mut to_engine).await?;
        to_engine.shutdown().await
    };
    let down = async {
        tokio::io::copy(&mut from_engine, &mut output).await?;
        output.flush().await
    };
    // The end of either direction ends both: a console that is gone needs no more words from the engine.
    let ended = tokio::select! {
        ended = up => ended,
        ended = down => ended,
    };
    ended.map_err(|error| broken(&paths.socket, &error))
}

fn broken(socket: &Path, error: &std::io::Error) -> Problem {
    Problem {
        kind: ProblemKind::Unreachable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: format!("the connection to {} broke: {error}", socket.display()),
        advice: String::new(),
    }
}
