//! Changing servers. None of the panel's updates is partial: what is left out is cleared (§3.10), so each reads first.

use serde_json::{Value, json};

use super::PanelClient;
use super::servers::with_allocations;
use crate::model::problem::Problem;
use crate::model::server::Server;
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::types::{BuildChange, DetailsChange, FeatureLimits, StartupChange};
use crate::providers::pterodactyl::{map, wire};
use crate::providers::transport::Priority;

impl PanelClient {
    /// Changes name, owner, external id or description, keeping the rest; the external id above all, the handle by which a
    /// server belongs to its order.
    pub async fn update_details(&self, id: i64, change: &DetailsChange) -> Result<Server, Problem> {
        let now = self.present(id, "").await?;
        let body = details(&now, change);
        self.change(Endpoint::ServerDetails { id }, body).await
    }

    /// Changes limits and allocations, keeping the rest. Applies live where the daemon can, else at the next start.
    pub async fn update_build(&self, id: i64, change: &BuildChange) -> Result<Server, Problem> {
        let now = self.present(id, "").await?;
        let body = build(&now, change);
        self.change(Endpoint::ServerBuild { id }, body).await
    }

    /// Changes startup command, egg, image and variables, keeping the rest. Takes effect at the next start.
    pub async fn update_startup(&self, id: i64, change: &StartupChange) -> Result<Server, Problem> {
        let now = self.present(id, ",variables").await?;
        let body = startup(&now, change);
        self.change(Endpoint::ServerStartup { id }, body).await
    }

    /// Suspends a server; idempotent. Suspending while it installs hides how the install ends (§3.11).
    pub async fn suspend(&self, id: i64) -> Result<(), Problem> {
        self.tell(Endpoint::ServerSuspend { id }, None).await
    }

    /// Ends a suspension; idempotent.
    pub async fn unsuspend(&self, id: i64) -> Result<(), Problem> {
        self.tell(Endpoint::ServerUnsuspend { id }, None).await
    }

    /// Runs the install script again; files stay except what the script changes. Not idempotent: a second one while the
    /// first runs is reported as failed (§6.3).
    pub async fn reinstall(&self, id: i64) -> Result<(), Problem> {
        self.tell(Endpoint::ServerReinstall { id }, None).await
    }

    async fn present(&self, id: i64, more: &str) -> Result<wire::Server, Problem> {
        let query = vec![("include", format!("allocations{more}"))];
        self.ask_for_item(Endpoint::Server { id }, query, None, Priority::Run).await
    }

    async fn change(&self, endpoint: Endpoint<'_>, body: Value) -> Result<Server, Problem> {
        let row: wire::Server =
            self.ask_for_item(endpoint, with_allocations(), Some(body), Priority::Run).await?;
        Ok(self.server_of(row))
    }
}

fn details(now: &wire::Server, change: &DetailsChange) -> Value {
    json!({
        "name": change.name.as_ref().unwrap_or(&now.name),
        "user": change.user_id.unwrap_or(now.user),
        "external_id": change.external_id.clone().unwrap_or_else(|| now.external_id.clone()),
        "description": change.description.as_ref().unwrap_or(&now.description),
    })
}

fn build(now: &wire::Server, change: &BuildChange) -> Value {
    let limits = change.limits.unwrap_or_else(|| map::limits(&now.limits));
    let present = now.feature_limits;
    let features = change.feature_limits.unwrap_or(FeatureLimits {
        databases: present.databases,
        allocations: present.allocations,
        backups: present.backups,
    });
    let mut body = json!({
        "allocation": change.allocation_id.unwrap_or(now.allocation),
        "limits": {
            "memory": limits.memory_mib,
            "swap": limits.swap_mib,
            "disk": limits.disk_mib,
            "io": now.limits.io,
            "cpu": limits.cpu_percent,
            "threads": now.limits.threads,
        },
        "feature_limits": {
            "databases": features.databases,
            "allocations": features.allocations,
            "backups": features.backups,
        },
        "add_allocations": change.add_allocation_ids,
        "remove_allocations": change.remove_allocation_ids,
    });
    if let Some(is_disabled) = now.limits.oom_disabled {
        body["oom_disabled"] = json!(is_disabled);
    }
    body
}

fn startup(now: &wire::Server, change: &StartupChange) -> Value {
    // The present environment also holds variables of the panel's own; the egg's variables say which are the server's.
    let variables = now.relationships.variables.clone().map(wire::List::into_items).unwrap_or_default();
    let mut environment = now.container.environment.clone();
    if !variables.is_empty() {
        environment.retain(|name, _| variables.iter().any(|variable| variable.env_variable == *name));
        for variable in variables {
            environment.entry(variable.env_variable).or_insert(variable.default_value);
        }
    }
    environment.extend(change.environment.clone());
    json!({
        "startup": change.startup.as_ref().unwrap_or(&now.container.startup_command),
        "environment": environment,
        "egg": change.egg_id.unwrap_or(now.egg),
        // `image` here, `docker_image` on creation (§3.10).
        "image": change.docker_image.as_ref().unwrap_or(&now.container.image),
        "skip_scripts": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> wire::Server {
        let text = include_str!("../../../../tests/captures/pterodactyl/153-servers-view.json");
        let capture: Value = serde_json::from_str(text).unwrap();
        let item: wire::Item<wire::Server> =
            serde_json::from_value(capture["response"]["body_json"].clone()).unwrap();
        item.attributes.unwrap()
    }

    #[test]
    fn details_keep_the_external_id_unless_told_otherwise() {
        let now = recorded();
        let body = details(&now, &DetailsChange { name: Some("new".to_owned()), ..DetailsChange::default() });
        assert_eq!(
            body,
            json!({"name": "new", "user": 2, "external_id": "lab-0001", "description": "first"})
        );
        let body = details(&now, &DetailsChange { external_id: Some(None), ..DetailsChange::default() });
        assert_eq!(body["external_id"], Value::Null);
    }

    #[test]
    fn build_keeps_what_is_not_changed() {
        let now = recorded();
        let body = build(&now, &BuildChange { add_allocation_ids: vec![7], ..BuildChange::default() });
        assert_eq!(body["allocation"], 1);
        assert_eq!(
            body["limits"],
            json!({"memory": 1024, "swap": 0, "disk": 5120, "io": 500, "cpu": 100, "threads": null})
        );
        assert_eq!(body["feature_limits"], json!({"databases": 1, "allocations": 2, "backups": 1}));
        assert_eq!(body["oom_disabled"], true);
        assert_eq!(body["add_allocations"], json!([7]));
    }

    #[test]
    fn startup_sends_the_eggs_variables_and_not_the_panels() {
        let now = recorded();
        let change = StartupChange {
            environment: [("VANILLA_VERSION".to_owned(), "1.21".to_owned())].into(),
            ..StartupChange::default()
        };
        let body = startup(&now, &change);
        assert_eq!(body["environment"], json!({"SERVER_JARFILE": "server.jar", "VANILLA_VERSION": "1.21"}));
        assert_eq!(body["image"], "ghcr.io/pterodactyl/yolks:java_21");
        assert_eq!(body["egg"], 4);
    }
}
