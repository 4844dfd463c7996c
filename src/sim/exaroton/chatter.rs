//! What a Minecraft server writes to its console.

use super::entities::{Server, Status};

/// Lines that a server keeps.
pub(super) const LINES_KEPT: usize = 500;
pub(super) const CRASHED: &str =
    "[Server thread/ERROR]: Encountered an unexpected exception java.lang.OutOfMemoryError: Java heap space";
pub(super) const NO_CREDITS: &str = "[Server thread/INFO]: Stopping the server: no credits left";

/// The lines of a change of state, colours and all.
pub(super) fn lines_of(status: Status) -> &'static [&'static str] {
    match status {
        Status::Starting => &[
            "[ServerMain/INFO]: Environment: production",
            "[Server thread/INFO]: Starting minecraft server version 1.21.4",
            "[Server thread/INFO]: Preparing level \"world\"",
        ],
        Status::Online => {
            &["[Server thread/INFO]: \u{1b}[32mDone (18.732s)!\u{1b}[0m For help, type \"help\"\r"]
        }
        Status::Stopping | Status::Restarting => {
            &["[Server thread/INFO]: Stopping the server", "[Server thread/INFO]: Saving worlds"]
        }
        _ => &[],
    }
}

/// What a server answers to a command.
pub(super) fn answer(server: &Server, command: &str) -> String {
    let command = command.trim_start_matches('/');
    let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
    match word {
        "list" => format!(
            "[Server thread/INFO]: There are {} of a max of {} players online: {}",
            server.players.len(),
            server.max_players,
            server.players.join(", ")
        ),
        "say" => format!("[Server thread/INFO]: [Server] {rest}"),
        _ => format!("[Server thread/INFO]: Unknown or incomplete command: {word}"),
    }
}
