//! Reading and creating servers.

use serde_json::{Value, json};

use super::users::is_same;
use super::{PanelClient, found, gone};
use crate::model::problem::Problem;
use crate::model::server::Server;
use crate::providers::pterodactyl::endpoint::{Endpoint, fits_in_path};
use crate::providers::pterodactyl::types::NewServer;
use crate::providers::pterodactyl::{map, wire};
use crate::providers::transport::Priority;

impl PanelClient {
    /// All servers: ownership undecided, power unknown, no usage; the address through `include=allocations`.
    pub async fn servers(&self, p: Priority) -> Result<Vec<Server>, Problem> {
        let query = [("include", "allocations".to_owned()), ("sort", "id".to_owned())];
        let rows: Vec<wire::Server> = self.list(Endpoint::Servers, &query, p).await?;
        let now = self.now();
        Ok(rows.into_iter().map(|row| map::server(row, self.account(), now)).collect())
    }

    /// One server. `NotFound` when it is gone.
    pub async fn server(&self, id: i64, p: Priority) -> Result<Server, Problem> {
        let row: wire::Server =
            self.ask_for_item(Endpoint::Server { id }, with_allocations(), None, p).await?;
        Ok(self.server_of(row))
    }

    /// The server that carries exactly this external id.
    pub async fn server_by_external_id(
        &self,
        external_id: &str,
        p: Priority,
    ) -> Result<Option<Server>, Problem> {
        if external_id.is_empty() {
            return Ok(None);
        }
        if fits_in_path(external_id) {
            let endpoint = Endpoint::ServerByExternalId { external_id };
            let row = found(self.ask_for_item::<wire::Server>(endpoint, with_allocations(), None, p).await)?;
            return Ok(row
                .filter(|row| is_same(row.external_id.as_deref(), external_id))
                .map(|row| self.server_of(row)));
        }
        // Ids that no path can carry: the filter matches parts and takes a comma for a list, so look for the exact one.
        let mut query = with_allocations();
        query.push(("filter[external_id]", external_id.to_owned()));
        query.push(("sort", "id".to_owned()));
        let rows: Vec<wire::Server> = self.list(Endpoint::Servers, &query, p).await?;
        Ok(rows
            .into_iter()
            .find(|row| is_same(row.external_id.as_deref(), external_id))
            .map(|row| self.server_of(row)))
    }

    /// Makes a server on a chosen allocation. Not repeated here. `Effect::Possible` on 5xx and lost replies: look the
    /// external id up before repeating. `Conflict` when the allocation or the external id was taken by another, which a
    /// race answers with a 500 (then also `Possible`).
    pub async fn create_server(&self, new: &NewServer) -> Result<Server, Problem> {
        let row: wire::Server = self
            .ask_for_item(Endpoint::ServerCreate, with_allocations(), Some(creation(new)), Priority::Run)
            .await?;
        Ok(self.server_of(row))
    }

    /// Deletes a server; one that is gone is fine. Forced, the panel forgets it even when its daemon does not answer, and
    /// its container may stay behind on the node.
    pub async fn delete_server(&self, id: i64, is_forced: bool) -> Result<(), Problem> {
        gone(self.tell(Endpoint::ServerDelete { id, is_forced }, None).await)
    }

    pub(super) fn server_of(&self, row: wire::Server) -> Server {
        map::server(row, self.account(), self.now())
    }
}

/// Includes work on every verb (§2.4).
pub(super) fn with_allocations() -> Vec<(&'static str, String)> {
    vec![("include", "allocations".to_owned())]
}

/// The body of a creation (§3.9). An empty environment must still be an object.
fn creation(new: &NewServer) -> Value {
    let mut allocation = json!({ "default": new.allocation_id });
    if !new.additional_allocation_ids.is_empty() {
        allocation["additional"] = json!(new.additional_allocation_ids);
    }
    json!({
        "external_id": new.external_id,
        "name": new.name,
        "description": new.description,
        "user": new.user_id,
        "egg": new.egg_id,
        "docker_image": new.docker_image,
        "startup": new.startup,
        "environment": new.environment,
        "limits": {
            "memory": new.limits.memory_mib,
            "swap": new.limits.swap_mib,
            "disk": new.limits.disk_mib,
            "io": new.io_weight,
            "cpu": new.limits.cpu_percent,
            "threads": null,
        },
        "feature_limits": {
            "databases": new.feature_limits.databases,
            "allocations": new.feature_limits.allocations,
            "backups": new.feature_limits.backups,
        },
        "allocation": allocation,
        "start_on_completion": new.is_started_on_completion,
    })
}
