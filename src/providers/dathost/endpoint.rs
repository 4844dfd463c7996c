//! Every address of the API that Quarterdeck uses, as data: there is no other way to build one.

use reqwest::Method;

use crate::model::problem::Problem;
use crate::providers::path::{file_path, plain_id};
use crate::providers::transport::Class;

/// One endpoint with what its path needs (`providers/dathost.md` §2, §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Account,
    Servers,
    CreateServer,
    Server { id: &'a str },
    DeleteServer { id: &'a str },
    Start { id: &'a str },
    Stop { id: &'a str },
    UpdateServer { id: &'a str },
    DuplicateServer { id: &'a str },
    CreateMatch,
    Match { id: &'a str },
    CancelMatch { id: &'a str },
    AddMatchPlayer { id: &'a str },
    ResetServer { id: &'a str },
    SyncFiles { id: &'a str },
    Console { id: &'a str },
    Command { id: &'a str },
    Metrics { id: &'a str },
    Files { id: &'a str },
    ReadFile { id: &'a str, path: &'a str },
    Locations,
}

/// Which of the configured deadlines holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    Read,
    Change,
    Create,
    Transfer,
}

impl Endpoint<'_> {
    /// The method.
    pub(super) fn method(self) -> Method {
        match self {
            Self::CreateServer
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::DuplicateServer { .. }
            | Self::CreateMatch
            | Self::CancelMatch { .. }
            | Self::AddMatchPlayer { .. }
            | Self::ResetServer { .. }
            | Self::SyncFiles { .. }
            | Self::Command { .. } => Method::POST,
            Self::UpdateServer { .. } => Method::PUT,
            Self::DeleteServer { .. } => Method::DELETE,
            Self::Account
            | Self::Servers
            | Self::Server { .. }
            | Self::Match { .. }
            | Self::Console { .. }
            | Self::Metrics { .. }
            | Self::Files { .. }
            | Self::ReadFile { .. }
            | Self::Locations => Method::GET,
        }
    }

    /// Whether it changes something.
    pub(super) fn class(self) -> Class {
        if self.method() == Method::GET { Class::Read } else { Class::Change }
    }

    /// Whether a 400 is about the server's state and not about the values sent: none are (§1.1, partly a guess).
    pub(super) fn depends_on_state(self) -> bool {
        matches!(
            self,
            Self::DeleteServer { .. } | Self::Start { .. } | Self::Stop { .. } | Self::CancelMatch { .. }
        )
    }

    /// The deadline.
    pub(super) fn deadline(self) -> Deadline {
        match self {
            Self::CreateServer
            | Self::DuplicateServer { .. }
            | Self::ResetServer { .. }
            | Self::SyncFiles { .. }
            | Self::CreateMatch => Deadline::Create,
            Self::ReadFile { .. } => Deadline::Transfer,
            other if other.class() == Class::Change => Deadline::Change,
            _ => Deadline::Read,
        }
    }

    /// The path below the API's address, percent-encoded.
    pub(super) fn path(self) -> Result<String, Problem> {
        let (id, rest) = match self {
            Self::Account => return Ok("/account".to_owned()),
            Self::Servers | Self::CreateServer => return Ok("/game-servers".to_owned()),
            Self::Server { id } | Self::DeleteServer { id } | Self::UpdateServer { id } => (id, ""),
            Self::Start { id } => (id, "/start"),
            Self::Stop { id } => (id, "/stop"),
            Self::DuplicateServer { id } => (id, "/duplicate"),
            Self::ResetServer { id } => (id, "/reset"),
            Self::SyncFiles { id } => (id, "/sync-files"),
            Self::Console { id } | Self::Command { id } => (id, "/console"),
            Self::Metrics { id } => (id, "/metrics"),
            Self::Files { id } => (id, "/files"),
            Self::ReadFile { id, path } => {
                let id = plain_id(id, "DatHost")?;
                return Ok(format!("/game-servers/{id}/files/{}", file_path(path)?));
            }
            Self::Locations => return Ok("/locations".to_owned()),
            Self::CreateMatch => return Ok("/cs2-matches".to_owned()),
            Self::Match { id } => return of_match(id, ""),
            Self::CancelMatch { id } => return of_match(id, "/cancel"),
            Self::AddMatchPlayer { id } => return of_match(id, "/players"),
        };
        Ok(format!("/game-servers/{}{rest}", plain_id(id, "DatHost")?))
    }
}

fn of_match(id: &str, rest: &str) -> Result<String, Problem> {
    Ok(format!("/cs2-matches/{}{rest}", plain_id(id, "DatHost")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6530aa00bb11cc22dd33ee44";

    #[test]
    fn only_gets_read() {
        for endpoint in [Endpoint::Start { id: ID }, Endpoint::Stop { id: ID }, Endpoint::CreateServer] {
            assert_eq!((endpoint.method(), endpoint.class()), (Method::POST, Class::Change), "{endpoint:?}");
        }
        assert_eq!(Endpoint::Servers.class(), Class::Read);
        let path = Endpoint::Start { id: ID }.path().unwrap();
        assert_eq!(path, "/game-servers/6530aa00bb11cc22dd33ee44/start");
    }

    #[test]
    fn files_keep_their_folders_and_nothing_is_resolved_away() {
        let path = |path| Endpoint::ReadFile { id: ID, path }.path();
        assert_eq!(
            path("/cfg/my server.cfg").unwrap(),
            format!("/game-servers/{ID}/files/cfg/my%20server.cfg")
        );
        assert!(path("cfg/../../account").is_err());
    }

    #[test]
    fn ids_are_checked() {
        for wrong in ["", "../account", "a/b", "a b", "a?b", "ä"] {
            assert!(Endpoint::DeleteServer { id: wrong }.path().is_err(), "{wrong}");
        }
    }
}
