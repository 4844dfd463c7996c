//! What the keys may do, for the doctor: asked without changing anything.
//!
//! The panel checks a key before it checks a body, so an empty creation tells whether writing is allowed: 403 is no, 422
//! is yes, and nothing can come of it.

use serde_json::json;

use super::PanelClient;
use crate::model::problem::{Problem, ProblemKind};
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::types::{Access, PanelApi, PermissionFinding};
use crate::providers::pterodactyl::wire::{AccountOfKey, List, Node};
use crate::providers::transport::Priority;

impl PanelClient {
    /// Which reads and writes that Quarterdeck needs the keys allow. Fails only when the panel cannot be asked at all.
    pub async fn check_permissions(&self) -> Result<Vec<PermissionFinding>, Problem> {
        let mut findings = Vec::new();
        let nodes = self.probe_nodes().await;
        if let Err(problem) = &nodes
            && !is_about_permission(problem.kind)
        {
            return Err(problem.clone());
        }
        findings.push(application("nodes", Access::Read, &nodes));
        for (resource, endpoint) in [
            ("locations", Endpoint::Locations),
            ("nests", Endpoint::Nests),
            ("users", Endpoint::Users),
            ("servers", Endpoint::Servers),
        ] {
            findings.push(application(resource, Access::Read, &self.probe(endpoint).await));
        }
        // These two need the id of something that exists; without one the question stays open.
        if let Ok(Some(node)) = nodes {
            findings.push(application(
                "allocations",
                Access::Read,
                &self.probe(Endpoint::Allocations { node }).await,
            ));
        }
        if let Some(nest) = self.first_nest().await {
            findings.push(application("eggs", Access::Read, &self.probe(Endpoint::Eggs { nest }).await));
        }
        for (resource, endpoint) in [("users", Endpoint::UserCreate), ("servers", Endpoint::ServerCreate)] {
            findings.push(application(resource, Access::Write, &self.tell(endpoint, Some(json!({}))).await));
        }
        findings.push(self.client_finding().await);
        Ok(findings)
    }

    async fn probe(&self, endpoint: Endpoint<'_>) -> Result<(), Problem> {
        self.ask(endpoint, one_row(), None, Priority::Run).await.map(drop)
    }

    async fn probe_nodes(&self) -> Result<Option<i64>, Problem> {
        let list: List<Node> = self.ask_for(Endpoint::Nodes, one_row(), None, Priority::Run).await?;
        Ok(list.into_items().first().map(|node| node.id))
    }

    async fn first_nest(&self) -> Option<i64> {
        let list: List<crate::providers::pterodactyl::wire::Nest> =
            self.ask_for(Endpoint::Nests, one_row(), None, Priority::Run).await.ok()?;
        list.into_items().first().map(|nest| nest.id)
    }

    /// The client API: the key must be an administrator's to see servers of others.
    async fn client_finding(&self) -> PermissionFinding {
        let account =
            self.ask_for_item::<AccountOfKey>(Endpoint::Account, Vec::new(), None, Priority::Run).await;
        match account {
            Ok(account) if account.admin => {
                finding(PanelApi::Client, "power, use and consoles", Access::Write, Ok(()))
            }
            Ok(_) => PermissionFinding {
                api: PanelApi::Client,
                resource: "power, use and consoles".to_owned(),
                access: Access::Write,
                is_granted: Some(false),
                detail: "the client key's user is no administrator and sees only servers of its own"
                    .to_owned(),
                advice: "set client_key to an account key (ptlc_…) of an administrator".to_owned(),
            },
            Err(problem) => {
                finding(PanelApi::Client, "power, use and consoles", Access::Write, Err(&problem))
            }
        }
    }
}

fn one_row() -> Vec<(&'static str, String)> {
    vec![("per_page", "1".to_owned())]
}

fn is_about_permission(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Forbidden | ProblemKind::Unauthenticated)
}

fn application<T>(resource: &str, access: Access, outcome: &Result<T, Problem>) -> PermissionFinding {
    finding(PanelApi::Application, resource, access, outcome.as_ref().map(|_| ()))
}

fn finding(
    api: PanelApi,
    resource: &str,
    access: Access,
    outcome: Result<(), &Problem>,
) -> PermissionFinding {
    let (is_granted, said) = match outcome {
        Ok(()) => (Some(true), None),
        // The body was looked at, so the key may write.
        Err(problem) if access == Access::Write && problem.kind == ProblemKind::Invalid => (Some(true), None),
        Err(problem) if is_about_permission(problem.kind) => (Some(false), Some(problem)),
        Err(problem) => (None, Some(problem)),
    };
    PermissionFinding {
        api,
        resource: resource.to_owned(),
        access,
        is_granted,
        detail: said.map(|problem| problem.message.clone()).unwrap_or_default(),
        advice: said.map(|problem| problem.advice.clone()).unwrap_or_default(),
    }
}
