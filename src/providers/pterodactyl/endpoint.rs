//! Every address of the panel that Quarterdeck uses, as data: there is no other way to build one.
//!
//! The panel's delete route takes any last segment and deletes the server all the same, and it compares ids as numbers,
//! so that `1abc` or a uuid can reach another server (`providers/pterodactyl.md` §3). Ids are therefore numbers here,
//! uuids are checked, and external ids are percent-encoded.

use reqwest::Method;

use super::types::PanelApi;
use crate::model::problem::Problem;
use crate::providers::path::percent_encoded;
use crate::providers::transport::Class;

/// One endpoint with what its path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Nodes,
    Allocations { node: i64 },
    AllocationsCreate { node: i64 },
    Locations,
    Nests,
    Eggs { nest: i64 },
    Egg { nest: i64, egg: i64 },
    Users,
    User { id: i64 },
    UserByExternalId { external_id: &'a str },
    UserCreate,
    UserUpdate { id: i64 },
    UserDelete { id: i64 },
    Servers,
    Server { id: i64 },
    ServerByExternalId { external_id: &'a str },
    ServerCreate,
    ServerDetails { id: i64 },
    ServerBuild { id: i64 },
    ServerStartup { id: i64 },
    ServerSuspend { id: i64 },
    ServerUnsuspend { id: i64 },
    ServerReinstall { id: i64 },
    ServerDelete { id: i64, is_forced: bool },
    Account,
    Resources { uuid: &'a str },
    Power { uuid: &'a str },
    Command { uuid: &'a str },
    Websocket { uuid: &'a str },
}

/// Which of the configured deadlines holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    Read,
    Change,
    /// The panel may wait for a daemon twice (§5.6).
    Create,
}

impl Endpoint<'_> {
    /// The API it belongs to.
    pub(super) fn api(self) -> PanelApi {
        match self {
            Self::Account
            | Self::Resources { .. }
            | Self::Power { .. }
            | Self::Command { .. }
            | Self::Websocket { .. } => PanelApi::Client,
            _ => PanelApi::Application,
        }
    }

    /// The method.
    pub(super) fn method(self) -> Method {
        match self {
            Self::AllocationsCreate { .. }
            | Self::UserCreate
            | Self::ServerCreate
            | Self::ServerSuspend { .. }
            | Self::ServerUnsuspend { .. }
            | Self::ServerReinstall { .. }
            | Self::Power { .. }
            | Self::Command { .. } => Method::POST,
            Self::UserUpdate { .. }
            | Self::ServerDetails { .. }
            | Self::ServerBuild { .. }
            | Self::ServerStartup { .. } => Method::PATCH,
            Self::UserDelete { .. } | Self::ServerDelete { .. } => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Whether it changes anything.
    pub(super) fn class(self) -> Class {
        if self.method() == Method::GET { Class::Read } else { Class::Change }
    }

    /// How long it may take.
    pub(super) fn deadline(self) -> Deadline {
        match (self, self.class()) {
            (Self::ServerCreate | Self::ServerDelete { .. }, _) => Deadline::Create,
            (_, Class::Read) => Deadline::Read,
            (_, Class::Change) => Deadline::Change,
        }
    }

    /// Whether it has a limit of its own whose headers say nothing of the account's budget: newer panels allow five
    /// console tokens a minute per server (§5.5).
    pub(super) fn has_own_limit(self) -> bool {
        matches!(self, Self::Websocket { .. })
    }

    /// The path below the panel's address. Refuses ids that are not positive, uuids that are none, and external ids that
    /// no path can carry.
    pub(super) fn path(self) -> Result<String, Problem> {
        Ok(match self {
            Self::Account => "/api/client/account".to_owned(),
            Self::Resources { uuid } => client_path(uuid, "resources")?,
            Self::Power { uuid } => client_path(uuid, "power")?,
            Self::Command { uuid } => client_path(uuid, "command")?,
            Self::Websocket { uuid } => client_path(uuid, "websocket")?,
            application => format!("/api/application/{}", application.application_path()?),
        })
    }

    fn application_path(self) -> Result<String, Problem> {
        Ok(match self {
            Self::Nodes => "nodes".to_owned(),
            Self::Allocations { node } | Self::AllocationsCreate { node } => {
                format!("nodes/{}/allocations", digits(node)?)
            }
            Self::Locations => "locations".to_owned(),
            Self::Nests => "nests".to_owned(),
            Self::Eggs { nest } => format!("nests/{}/eggs", digits(nest)?),
            Self::Egg { nest, egg } => format!("nests/{}/eggs/{}", digits(nest)?, digits(egg)?),
            Self::Users | Self::UserCreate => "users".to_owned(),
            Self::User { id } | Self::UserUpdate { id } | Self::UserDelete { id } => {
                format!("users/{}", digits(id)?)
            }
            Self::UserByExternalId { external_id } => format!("users/external/{}", segment(external_id)?),
            Self::Servers | Self::ServerCreate => "servers".to_owned(),
            Self::Server { id } | Self::ServerDelete { id, is_forced: false } => {
                format!("servers/{}", digits(id)?)
            }
            Self::ServerDelete { id, is_forced: true } => format!("servers/{}/force", digits(id)?),
            Self::ServerByExternalId { external_id } => format!("servers/external/{}", segment(external_id)?),
            Self::ServerDetails { id } => format!("servers/{}/details", digits(id)?),
            Self::ServerBuild { id } => format!("servers/{}/build", digits(id)?),
            Self::ServerStartup { id } => format!("servers/{}/startup", digits(id)?),
            Self::ServerSuspend { id } => format!("servers/{}/suspend", digits(id)?),
            Self::ServerUnsuspend { id } => format!("servers/{}/unsuspend", digits(id)?),
            Self::ServerReinstall { id } => format!("servers/{}/reinstall", digits(id)?),
            Self::Account
            | Self::Resources { .. }
            | Self::Power { .. }
            | Self::Command { .. }
            | Self::Websocket { .. } => String::new(),
        })
    }
}

/// Whether an external id can stand in a path: no slash (the panel has no such route), nor a segment that is resolved away.
pub(super) fn fits_in_path(external_id: &str) -> bool {
    !external_id.is_empty() && !external_id.contains('/') && !matches!(external_id, "." | "..")
}

fn client_path(uuid: &str, rest: &str) -> Result<String, Problem> {
    // Newer panels know a third form, `serv_…`; all are made of these characters (§10).
    let is_identifier = (8..=64).contains(&uuid.len())
        && uuid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_identifier {
        return Err(Problem::refused("a server's uuid is not one", "read the server again"));
    }
    Ok(format!("/api/client/servers/{uuid}/{rest}"))
}

fn digits(id: i64) -> Result<String, Problem> {
    if id > 0 { Ok(id.to_string()) } else { Err(Problem::refused(format!("{id} is no id of the panel"), "")) }
}

fn segment(external_id: &str) -> Result<String, Problem> {
    if !fits_in_path(external_id) {
        return Err(Problem::refused("this external id fits in no path", ""));
    }
    Ok(percent_encoded(external_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_positive_numbers_and_delete_has_two_forms() {
        assert_eq!(
            Endpoint::ServerDelete { id: 42, is_forced: false }.path().unwrap(),
            "/api/application/servers/42"
        );
        assert_eq!(
            Endpoint::ServerDelete { id: 42, is_forced: true }.path().unwrap(),
            "/api/application/servers/42/force"
        );
        assert!(Endpoint::ServerDelete { id: 0, is_forced: true }.path().is_err());
        assert!(Endpoint::Server { id: -1 }.path().is_err());
    }

    #[test]
    fn uuids_are_checked() {
        for wrong in ["", "short", "../../../servers", "88c40aa0/x", "88c40aa0?x", "88c40aa0 "] {
            assert!(Endpoint::Power { uuid: wrong }.path().is_err(), "{wrong}");
        }
        let path = Endpoint::Websocket { uuid: "serv_abcdefgh234567" }.path().unwrap();
        assert_eq!(path, "/api/client/servers/serv_abcdefgh234567/websocket");
    }

    proptest! {
        #[test]
        fn external_ids_are_one_plain_segment(external_id in any::<String>()) {
            if let Ok(path) = (Endpoint::ServerByExternalId { external_id: &external_id }).path() {
                let last = path.strip_prefix("/api/application/servers/external/").unwrap();
                prop_assert!(last.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
                let url = reqwest::Url::parse(&format!("http://panel.test{path}")).unwrap();
                prop_assert_eq!(url.path(), path, "nothing is resolved away");
            }
        }
    }
}
