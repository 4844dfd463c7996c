//! Every address of the API that Quarterdeck uses, as data: there is no other way to build one.

use reqwest::Method;

use crate::model::problem::Problem;
use crate::providers::path::plain_id;
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
}

/// Which of the configured deadlines holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    Read,
    Change,
    Create,
}

impl Endpoint<'_> {
    /// The method.
    pub(super) fn method(self) -> Method {
        match self {
            Self::CreateServer | Self::Start { .. } | Self::Stop { .. } => Method::POST,
            Self::DeleteServer { .. } => Method::DELETE,
            Self::Account | Self::Servers | Self::Server { .. } => Method::GET,
        }
    }

    /// Whether it changes something.
    pub(super) fn class(self) -> Class {
        if self.method() == Method::GET { Class::Read } else { Class::Change }
    }

    /// Whether a 400 is about the server's state and not about the values sent: none are (§1.1, partly a guess).
    pub(super) fn depends_on_state(self) -> bool {
        matches!(self, Self::DeleteServer { .. } | Self::Start { .. } | Self::Stop { .. })
    }

    /// The deadline.
    pub(super) fn deadline(self) -> Deadline {
        match self {
            Self::CreateServer => Deadline::Create,
            other if other.class() == Class::Change => Deadline::Change,
            _ => Deadline::Read,
        }
    }

    /// The path below the API's address, percent-encoded.
    pub(super) fn path(self) -> Result<String, Problem> {
        let (id, rest) = match self {
            Self::Account => return Ok("/account".to_owned()),
            Self::Servers | Self::CreateServer => return Ok("/game-servers".to_owned()),
            Self::Server { id } | Self::DeleteServer { id } => (id, ""),
            Self::Start { id } => (id, "/start"),
            Self::Stop { id } => (id, "/stop"),
        };
        Ok(format!("/game-servers/{}{rest}", plain_id(id, "DatHost")?))
    }
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
    fn ids_are_checked() {
        for wrong in ["", "../account", "a/b", "a b", "a?b", "ä"] {
            assert!(Endpoint::DeleteServer { id: wrong }.path().is_err(), "{wrong}");
        }
    }
}
