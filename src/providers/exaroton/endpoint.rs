//! Every address of the API that Quarterdeck uses, as data: there is no other way to build one.
//!
//! `start`, `stop`, `restart` and `logs/share` change something although some are GETs: the class is told here, not by the
//! method (`providers/exaroton.md` §3.1).

use reqwest::Method;

use crate::model::problem::Problem;
use crate::providers::path::{self, plain_id, segment};
use crate::providers::transport::Class;

/// One endpoint with what its path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Account,
    Servers,
    Server { id: &'a str },
    Start { id: &'a str },
    Stop { id: &'a str },
    Restart { id: &'a str },
    Command { id: &'a str },
    ExtendTime { id: &'a str },
    Log { id: &'a str },
    ShareLog { id: &'a str },
    Ram { id: &'a str },
    SetRam { id: &'a str },
    Motd { id: &'a str },
    SetMotd { id: &'a str },
    PlayerLists { id: &'a str },
    PlayerList { id: &'a str, list: &'a str },
    AddToPlayerList { id: &'a str, list: &'a str },
    RemoveFromPlayerList { id: &'a str, list: &'a str },
    FileInfo { id: &'a str, path: &'a str },
    ReadFile { id: &'a str, path: &'a str },
    WriteFile { id: &'a str, path: &'a str },
    DeleteFile { id: &'a str, path: &'a str },
    ConfigOptions { id: &'a str, path: &'a str },
    SetConfigOptions { id: &'a str, path: &'a str },
    Pools,
    Pool { id: &'a str },
    PoolServers { id: &'a str },
    PoolMembers { id: &'a str },
}

/// Which of the configured deadlines holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    Read,
    Change,
    Storage,
}

impl Endpoint<'_> {
    /// The method.
    pub(super) fn method(self) -> Method {
        match self {
            // The official clients start with POST, with a body; stop and restart are GETs.
            Self::Start { .. }
            | Self::Command { .. }
            | Self::ExtendTime { .. }
            | Self::SetRam { .. }
            | Self::SetMotd { .. }
            | Self::SetConfigOptions { .. } => Method::POST,
            Self::AddToPlayerList { .. } | Self::WriteFile { .. } => Method::PUT,
            Self::RemoveFromPlayerList { .. } | Self::DeleteFile { .. } => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Whether it changes something.
    pub(super) fn class(self) -> Class {
        match self {
            Self::Stop { .. } | Self::Restart { .. } | Self::ShareLog { .. } => Class::Change,
            other if other.method() != Method::GET => Class::Change,
            _ => Class::Read,
        }
    }

    /// Whether it changes a server's process, where 208 says that it is already under way.
    pub(super) fn is_signal(self) -> bool {
        matches!(self, Self::Start { .. } | Self::Stop { .. } | Self::Restart { .. })
    }

    /// Whether a 400 is about the server's state and not about the values sent (§1.2).
    pub(super) fn depends_on_state(self) -> bool {
        self.is_signal()
            || matches!(
                self,
                Self::Command { .. }
                    | Self::ExtendTime { .. }
                    | Self::ShareLog { .. }
                    | Self::SetRam { .. }
                    | Self::ReadFile { .. }
                    | Self::WriteFile { .. }
                    | Self::DeleteFile { .. }
                    | Self::SetConfigOptions { .. }
            )
    }

    /// Whether its answer is a file's bytes and no envelope.
    pub(super) fn is_raw(self) -> bool {
        matches!(self, Self::ReadFile { .. })
    }

    /// The deadline.
    pub(super) fn deadline(self) -> Deadline {
        match self {
            Self::PlayerLists { .. }
            | Self::PlayerList { .. }
            | Self::AddToPlayerList { .. }
            | Self::RemoveFromPlayerList { .. }
            | Self::FileInfo { .. }
            | Self::ReadFile { .. }
            | Self::WriteFile { .. }
            | Self::DeleteFile { .. }
            | Self::ConfigOptions { .. }
            | Self::SetConfigOptions { .. }
            | Self::Log { .. }
            | Self::ShareLog { .. } => Deadline::Storage,
            other if other.class() == Class::Change => Deadline::Change,
            _ => Deadline::Read,
        }
    }

    /// The path below the API's address, percent-encoded, with the slash at its end that the specification has.
    pub(super) fn path(self) -> Result<String, Problem> {
        let (server, rest) = match self {
            Self::Account => return Ok("/account/".to_owned()),
            Self::Servers => return Ok("/servers/".to_owned()),
            Self::Pools => return Ok("/billing/pools/".to_owned()),
            Self::Pool { id } => return pool(id, ""),
            Self::PoolServers { id } => return pool(id, "servers/"),
            Self::PoolMembers { id } => return pool(id, "members/"),
            Self::Server { id } => (id, String::new()),
            Self::Start { id } => (id, "start/".to_owned()),
            Self::Stop { id } => (id, "stop/".to_owned()),
            Self::Restart { id } => (id, "restart/".to_owned()),
            Self::Command { id } => (id, "command/".to_owned()),
            Self::ExtendTime { id } => (id, "extend-time/".to_owned()),
            Self::Log { id } => (id, "logs/".to_owned()),
            Self::ShareLog { id } => (id, "logs/share/".to_owned()),
            Self::Ram { id } | Self::SetRam { id } => (id, "options/ram/".to_owned()),
            Self::Motd { id } | Self::SetMotd { id } => (id, "options/motd/".to_owned()),
            Self::PlayerLists { id } => (id, "playerlists/".to_owned()),
            Self::PlayerList { id, list }
            | Self::AddToPlayerList { id, list }
            | Self::RemoveFromPlayerList { id, list } => (id, format!("playerlists/{}/", segment(list)?)),
            Self::FileInfo { id, path } => (id, format!("files/info/{}", file_path(path)?)),
            Self::ReadFile { id, path } | Self::WriteFile { id, path } | Self::DeleteFile { id, path } => {
                (id, format!("files/data/{}", file_path(path)?))
            }
            Self::ConfigOptions { id, path } | Self::SetConfigOptions { id, path } => {
                (id, format!("files/config/{}", file_path(path)?))
            }
        };
        Ok(format!("/servers/{}/{rest}", checked_id(server)?))
    }
}

fn pool(id: &str, rest: &str) -> Result<String, Problem> {
    Ok(format!("/billing/pools/{}/{rest}", checked_id(id)?))
}

/// Ids are letters and digits (§1).
pub(super) fn checked_id(id: &str) -> Result<&str, Problem> {
    plain_id(id, "exaroton")
}

/// A file's path with the slash at its end that the file endpoints want (§1).
fn file_path(path: &str) -> Result<String, Problem> {
    let path = path::file_path(path)?;
    Ok(if path.is_empty() { path } else { path + "/" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gets_that_change_something_are_changes() {
        let id = "Ab12Cd34Ef56Gh78";
        for endpoint in [Endpoint::Stop { id }, Endpoint::Restart { id }, Endpoint::ShareLog { id }] {
            assert_eq!((endpoint.method(), endpoint.class()), (Method::GET, Class::Change), "{endpoint:?}");
        }
        assert_eq!(Endpoint::Start { id }.method(), Method::POST);
        assert_eq!(Endpoint::Log { id }.class(), Class::Read);
        assert_eq!(Endpoint::Start { id }.path().unwrap(), "/servers/Ab12Cd34Ef56Gh78/start/");
    }

    #[test]
    fn ids_and_paths_are_checked() {
        for wrong in ["", "../x", "a/b", "a b", "a?b", "ä"] {
            assert!(Endpoint::Server { id: wrong }.path().is_err(), "{wrong}");
            assert!(Endpoint::PoolServers { id: wrong }.path().is_err(), "{wrong}");
        }
        let id = "Ab12";
        let path = |path| Endpoint::ReadFile { id, path }.path();
        assert_eq!(path("/world/level dat#1").unwrap(), "/servers/Ab12/files/data/world/level%20dat%231/");
        assert!(path("world/../../x").is_err());
        assert!(path("world//x").is_err());
    }

    proptest! {
        #[test]
        fn no_path_is_resolved_away(path in any::<String>()) {
            if let Ok(path) = (Endpoint::WriteFile { id: "Ab12", path: &path }).path() {
                let url = reqwest::Url::parse(&format!("http://exaroton.test{path}")).unwrap();
                prop_assert_eq!(url.path(), path);
            }
        }
    }
}
