//! What the panel gets from a node's daemon, and what it tells its caller then (`providers/pterodactyl.md` §5.3, §5.6).

use super::answer::Failure;
use super::call::{Call, Outcome, Reply, Wait};
use super::world::World;
use crate::sim::random;

/// How the daemon of a node behaves towards the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DaemonMode {
    /// Answers.
    #[default]
    Up,
    /// The connection is refused or dropped: 504 at once.
    Refuse,
    /// Does not answer: 504 after the panel's timeout.
    Hang,
    /// Takes what it is told, but answers too late: 504 after the timeout, and an orphan stays on the node.
    Late,
    /// Answers with this status: 404 does not know the server, 403 does not know the panel's token, 409 busy, 500.
    Status(u16),
}

/// The error of every daemon trouble.
const CODE: &str = "DaemonConnectionException";

/// Nobody answered.
pub(super) fn unreachable() -> Failure {
    let text = "Could not establish a connection to the machine running this server. Please try again.";
    Failure::new(504, CODE, text)
}

/// The daemon answered with an error.
pub(super) fn answered(status: u16, seed: u64) -> Failure {
    let request = random::uuid(seed, &[u64::from(status), 201]);
    let text = if status >= 500 {
        format!(
            "There was an error while communicating with the machine running this server. (code: {status}) (request id: {request})"
        )
    } else {
        format!(
            "An error occurred on the remote host: the daemon refused with {status}. (request id: {request})"
        )
    };
    Failure::new(status, CODE, &text)
}

/// How the daemon of a node takes a request now.
pub(super) enum Contact {
    Fine,
    Failed(Failure, Option<u16>),
    /// No answer within the panel's patience; `true`: but the daemon did what it was told.
    Silent(bool),
}

/// Asks the daemon of a node.
pub(super) fn contact(world: &World, node_id: i64) -> Contact {
    match world.nodes.get(&node_id).map_or(DaemonMode::Refuse, |node| node.daemon) {
        DaemonMode::Up => Contact::Fine,
        DaemonMode::Refuse => Contact::Failed(unreachable(), None),
        DaemonMode::Status(status) => Contact::Failed(answered(status, world.seed), Some(status)),
        DaemonMode::Hang => Contact::Silent(false),
        DaemonMode::Late => Contact::Silent(true),
    }
}

/// Asks the daemon and goes on with one of two continuations; a silent daemon is waited for first.
pub(super) fn through(
    call: &Call,
    world: &mut World,
    node_id: i64,
    done: impl FnOnce(&Call, &mut World) -> Reply,
    failed: impl FnOnce(&Call, &mut World, Failure) -> Reply + Send + 'static,
) -> Reply {
    match contact(world, node_id) {
        Contact::Fine => done(call, world),
        Contact::Failed(failure, _) => failed(call, world, failure),
        Contact::Silent(is_done) => {
            if is_done {
                drop(done(call, world));
            }
            Ok(Outcome::Later(Wait::Daemon, Box::new(move |call, world| failed(call, world, unreachable()))))
        }
    }
}

/// A continuation that only passes the failure on.
pub(super) fn pass_on(_: &Call, _: &mut World, failure: Failure) -> Reply {
    Err(failure)
}
